#include "transport/package_outbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

void PackageOutbox::offer(const ExchangeId& exchange, boost::filesystem::path file, Bytes envelope) {
  held_bytes_ += envelope.size();
  offered_[exchange] = Offered{std::move(file), std::move(envelope), Descriptor(), 0, 0};
}

void PackageOutbox::want(const PackageWant& want) {
  const auto found = offered_.find(want.exchange);
  if (found == offered_.end()) return;
  auto& offered = found->second;
  auto file = open_file(offered.file, O_RDONLY | O_NOFOLLOW);
  if (!file || ::lseek(file.value().get(), static_cast<off_t>(want.offset), SEEK_SET) < 0) {
    (void)finish(want.exchange);
    return;
  }
  offered.open = std::move(file).value();
  offered.offset = want.offset;
}

std::optional<std::uint64_t> PackageOutbox::put_next_part(Bytes& out) {
  // Once around, from the one after the last.
  auto place = last_sent_ ? offered_.upper_bound(*last_sent_) : offered_.begin();
  for (std::size_t tried = 0; tried < offered_.size(); ++tried, ++place) {
    if (place == offered_.end()) place = offered_.begin();
    auto& offered = place->second;
    if (!offered.open) continue;
    Bytes part(max_part_bytes);
    const auto got = read_up_to(offered.open.get(), part, offered.file);
    if (!got || got.value() < part.size()) offered.open = Descriptor();
    if (!got || got.value() == 0) continue;
    put_part(out, PackagePart{place->first, offered.offset, ByteView(part).first(got.value())});
    offered.offset += got.value();
    last_sent_ = place->first;
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
  offered_.erase(found);
  return envelope;
}

}  // namespace bookchain::transport
