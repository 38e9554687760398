#include "transport/framing.hpp"

#include <algorithm>

#include "transport/channel.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

constexpr std::size_t length_bytes = sizeof(std::uint32_t);  ///< of a frame, or of the package beside a message
/// An exchange and a number: PackageOffer, PackageWant, and what stands before the bytes of a part.
constexpr std::size_t place_size = ExchangeId::size + sizeof PackageWant::offset;

struct Bounds {
  std::size_t least;
  std::size_t most;
};

/// How long the body of a frame can be; nothing for a kind that there is not.
std::optional<Bounds> bounds_of(std::uint8_t kind, std::size_t max_envelope_bytes) {
  constexpr auto packaged_head = ExchangeId::size + length_bytes;
  switch (static_cast<FrameKind>(kind)) {
    case FrameKind::message: return Bounds{seal_overhead, max_envelope_bytes};
    case FrameKind::packaged:
      return Bounds{packaged_head + seal_overhead, packaged_head + max_small_package + max_envelope_bytes};
    case FrameKind::offer:
    case FrameKind::want: return Bounds{place_size, place_size};
    case FrameKind::part: return Bounds{place_size + 1, place_size + max_part_bytes};
    case FrameKind::no_further: return Bounds{ExchangeId::size, ExchangeId::size};
    case FrameKind::all_sent:
    case FrameKind::all_answered: return Bounds{sizeof Mark::number, sizeof Mark::number};
  }
  return std::nullopt;
}

std::size_t read_length(ByteView bytes) {
  std::size_t length = 0;
  for (const auto byte : bytes.first(length_bytes)) length = (length << 8U) | byte;
  return length;
}

}  // namespace

void put_frame(Bytes& out, FrameKind kind, std::initializer_list<ByteView> parts) {
  std::size_t size = 1;
  for (const auto part : parts) size += part.size();
  const auto length = encode(static_cast<std::uint32_t>(size));
  out.insert(out.end(), length.begin(), length.end());
  out.push_back(static_cast<std::uint8_t>(kind));
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
}

void put_packaged(Bytes& out, const PackagedMessage& message) {
  const auto length = encode(static_cast<std::uint32_t>(message.package.size()));
  put_frame(out, FrameKind::packaged, {message.exchange.view(), length, message.package, message.envelope});
}

Result<PackagedMessage> read_packaged(ByteView body) {
  PackagedMessage message;
  BOOKCHAIN_TRY(message.exchange, decode<ExchangeId>(body.first(ExchangeId::size)));
  const auto rest = body.subspan(ExchangeId::size);
  const auto length = read_length(rest);
  if (length > max_small_package || length > rest.size() - length_bytes) {
    return Error{Token::bad_message, "a package beside a message has a wrong length", std::to_string(length), {}};
  }
  message.package = rest.subspan(length_bytes, length);
  message.envelope = rest.subspan(length_bytes + length);
  return message;
}

void put_part(Bytes& out, const PackagePart& part) {
  const auto place = encode(PackageWant{part.exchange, part.offset});
  put_frame(out, FrameKind::part, {place, part.bytes});
}

PackagePart read_part(ByteView body) {
  const auto place = decode<PackageWant>(body.first(place_size)).value();
  return PackagePart{place.exchange, place.offset, body.subspan(place_size)};
}

Result<void> FrameReader::begin_body() {
  const auto length = read_length(head_);
  const auto bounds = bounds_of(head_[4], max_envelope_bytes_);
  if (!bounds) return Error{Token::bad_message, "a frame is of an unknown kind", std::to_string(head_[4]), {}};
  if (length < bounds->least + 1 || length > bounds->most + 1) {
    return Error{Token::bad_message, "a frame has a length that its kind cannot have", std::to_string(length), {}};
  }
  frame_.kind = static_cast<FrameKind>(head_[4]);
  body_size_ = length - 1;
  return success();
}

Result<std::optional<Frame>> FrameReader::take(ByteView& bytes) {
  if (head_size_ < head_.size()) {
    const auto got = std::min(bytes.size(), head_.size() - head_size_);
    std::copy_n(bytes.begin(), got, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
    head_size_ += got;
    bytes = bytes.subspan(got);
    if (head_size_ < head_.size()) return std::optional<Frame>{};
    BOOKCHAIN_CHECK(begin_body());
  }
  const auto got = std::min(bytes.size(), body_size_ - frame_.body.size());
  frame_.body.insert(frame_.body.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got));
  bytes = bytes.subspan(got);
  if (frame_.body.size() < body_size_) return std::optional<Frame>{};
  head_size_ = 0;
  return std::optional(std::exchange(frame_, Frame{}));
}

}  // namespace bookchain::transport
