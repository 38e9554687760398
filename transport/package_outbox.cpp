#include "transport/package_outbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

void PackageOutbox::offer(const ExchangeId& exchange, boost::filesystem::path file, Bytes envelope) {
  held_bytes_ += envelope.size();
  close(exchange);
  offered_[exchange] = Offered{std::move(file), std::move(envelope), false, 0, 0};
}

void PackageOutbox::want(const PackageWant& want) {
  const auto found = offered_.find(want.exchange);
  if (found == offered_.end()) return;
  close(want.exchange);
  found->second.wanted = true;
  found->second.offset = want.offset;
}

const Descriptor* PackageOutbox::open(const ExchangeId& exchange, const Offered& offered) {
  if (open_ && open_->exchange == exchange) return &open_->file;
  open_.reset();
  auto file = open_file(offered.file, O_RDONLY | O_NOFOLLOW);
  if (!file || ::lseek(file.value().get(), static_cast<off_t>(offered.offset), SEEK_SET) < 0) return nullptr;
  return &open_.emplace(OpenFile{exchange, std::move(file).value()}).file;
}

void PackageOutbox::close(const ExchangeId& exchange) {
  if (open_ && open_->exchange == exchange) open_.reset();
}

std::optional<std::uint64_t> PackageOutbox::put_next_part(Bytes& out) {
  // Once around, from the one after the last.
  auto next = last_sent_ ? offered_.upper_bound(*last_sent_) : offered_.begin();
  for (auto left = offered_.size(); left > 0; --left) {
    if (next == offered_.end()) next = offered_.begin();
    const auto place = next++;
    const auto exchange = place->first;
    auto& offered = place->second;
    if (!offered.wanted) continue;
    const auto* file = open(exchange, offered);
    if (file == nullptr) {
      (void)finish(exchange);
      continue;
    }
    Bytes part(max_part_bytes);
    const auto got = read_up_to(file->get(), part, offered.file);
    if (!got || got.value() < part.size()) {
      offered.wanted = false;
      close(exchange);
    }
    if (!got || got.value() == 0) continue;
    put_part(out, PackagePart{exchange, offered.offset, ByteView(part).first(got.value())});
    offered.offset += got.value();
    last_sent_ = exchange;
    const auto before = offered.reached;
    offered.reached = std::max(before, offered.offset);
    return offered.reached - before;
  }
  return std::nullopt;
}

std::optional<Bytes> PackageOutbox::finish(const ExchangeId& exchange) {
  const auto found = offered_.find(exchange);
  if (found == offered_.end()) return std::nullopt;
  auto envelope = std::move(found->second.envelope);
  held_bytes_ -= envelope.size();
  close(exchange);
  offered_.erase(found);
  return envelope;
}

}  // namespace bookchain::transport
