#include "transport/mail_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "ledger/codec.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

Result<std::vector<Bytes>> parse_mail(ByteView file, std::size_t max_envelope_bytes) {
  const auto fault = [](std::string what) { return Error{Token::bad_file, std::move(what), {}, {}}; };
  if (file.size() < mail_magic.size() || !std::equal(mail_magic.begin(), mail_magic.end(), file.begin())) {
    return fault("a delivery does not begin as one");
  }
  auto left = file.subspan(mail_magic.size());
  std::vector<Bytes> envelopes;
  while (!left.empty()) {
    if (left.size() < mail_frame_bytes) return fault("a delivery is cut short");
    std::size_t size = 0;
    for (const auto byte : left.first(mail_frame_bytes)) size = (size << 8U) | byte;
    left = left.subspan(mail_frame_bytes);
    // So that what is made of a file stays in proportion to it.
    if (size < seal_overhead) return fault("a message in a delivery is too short to be sealed");
    if (envelopes.size() == max_mail_messages) return fault("a delivery holds more messages than fit into one");
    if (size > max_envelope_bytes) return fault("a message in a delivery is larger than this network allows");
    if (size > left.size()) return fault("a delivery is cut short");
    envelopes.emplace_back(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(size));
    left = left.subspan(size);
  }
  if (envelopes.empty()) return fault("a delivery is empty");
  return envelopes;
}

namespace {

Result<std::vector<Bytes>> read_mail_at(int folder, const std::string& name, const fs::path& shown,
                                        std::size_t max_envelope_bytes) {
  BOOKCHAIN_TRY(const auto bytes, read_foreign(folder, name, shown, max_mail_bytes(max_envelope_bytes)));
  auto envelopes = parse_mail(bytes, max_envelope_bytes);
  if (!envelopes) return Error{Token::bad_file, envelopes.error().what, shown.string(), {}};
  return envelopes;
}

}  // namespace

Result<std::vector<Bytes>> read_mail(const fs::path& file, std::size_t max_envelope_bytes) {
  return read_mail_at(AT_FDCWD, file.string(), file, max_envelope_bytes);
}

Result<std::vector<Bytes>> read_mail(const SpoolFolder& folder, const std::string& name,
                                     std::size_t max_envelope_bytes) {
  return read_mail_at(folder.get(), name, folder / name, max_envelope_bytes);
}

std::optional<Header> first_header(const SpoolFolder& folder, const std::string& name) {
  const auto file = open_foreign(folder.get(), name, folder / name);
  if (!file) return std::nullopt;
  std::array<std::uint8_t, mail_magic.size() + mail_frame_bytes + header_size> begin{};
  const auto size = read_up_to(file.value().get(), begin, folder / name);
  if (!size || size.value() < begin.size() || !std::equal(mail_magic.begin(), mail_magic.end(), begin.begin())) {
    return std::nullopt;
  }
  auto header = decode<Header>(ByteView(begin).last(header_size));
  return header ? std::optional(std::move(header).value()) : std::nullopt;
}

}  // namespace bookchain::transport
