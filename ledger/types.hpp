// Strong types for the words of the protocol (docs/protocol.md, section 2), so that a port is never
// passed where a height belongs. Pure values: no behaviour beyond comparison and hex text.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookchain::ledger {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, where they lie.
[[nodiscard]] inline ByteView view_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A fixed number of raw bytes with a meaning given by `Tag`.
template <class Tag, std::size_t Size>
struct FixedBytes {
  static constexpr std::size_t size = Size;
  std::array<std::uint8_t, Size> bytes{};

  [[nodiscard]] ByteView view() const { return bytes; }
  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;
};

using Hash = FixedBytes<struct HashTag, 32>;              ///< any SHA-256 value
using NetworkId = FixedBytes<struct NetworkTag, 32>;      ///< SHA-256 of the canonical genesis
using BookId = FixedBytes<struct BookTag, 32>;            ///< id of a BOOK statement
using ExchangeId = FixedBytes<struct ExchangeTag, 32>;    ///< X: id of a REQUEST statement
using RequestId = FixedBytes<struct RequestTag, 32>;      ///< the secret 256-bit request id of step 1
using BookKey = FixedBytes<struct BookKeyTag, 32>;        ///< k: AES-256 key of one exchange
using KeyShare = FixedBytes<struct KeyShareTag, 32>;      ///< one Shamir share of k
using BookSecret = FixedBytes<struct BookSecretTag, 32>;  ///< from it the salts of a book are derived
using Salt = FixedBytes<struct SaltTag, 16>;
using Signature = FixedBytes<struct SignatureTag, 64>;            ///< Ed25519
using SigningKey = FixedBytes<struct SigningKeyTag, 32>;          ///< Ed25519 seed, secret
using VerifyKey = FixedBytes<struct VerifyKeyTag, 32>;            ///< Ed25519 public key
using AgreementKey = FixedBytes<struct AgreementKeyTag, 32>;      ///< X25519 secret key
using AgreementPoint = FixedBytes<struct AgreementPointTag, 32>;  ///< X25519 public key
using Epoch = FixedBytes<struct EpochTag, 16>;                    ///< drawn at random when a home is made or restored
using MessageId = FixedBytes<struct MessageTag, 32>;

/// A whole number with a meaning given by `Tag`.
template <class Tag, class Integer>
struct StrongInteger {
  using integer = Integer;
  static constexpr std::size_t size = sizeof(Integer);  ///< of its canonical bytes
  Integer value{};
  friend auto operator<=>(const StrongInteger&, const StrongInteger&) = default;
};

using PeerPort = StrongInteger<struct PeerPortTag, std::uint16_t>;  ///< names a peer; 0 is nobody
using Height = StrongInteger<struct HeightTag, std::uint64_t>;      ///< of a block, from 1; 0 is the genesis
using Round = StrongInteger<struct RoundTag, std::uint64_t>;
using Version = StrongInteger<struct VersionTag, std::uint64_t>;  ///< how often the chain has moved a book
using Turn = StrongInteger<struct TurnTag, std::uint64_t>;        ///< how many grants of a version were ended
using Time = StrongInteger<struct TimeTag, std::uint64_t>;        ///< microseconds since 1970, a claim only
using MessageNumber = StrongInteger<struct MessageNumberTag, std::uint64_t>;  ///< from 1 within an epoch

/// Whether so much time has passed. It has, too, where the clock was put back meanwhile: that must not hold back
/// anything for long.
[[nodiscard]] constexpr bool has_passed(Time since, Time now, std::uint64_t microseconds) {
  return now < since || now.value - since.value >= microseconds;
}

/// Ballots are compared by round, then port. The default is below every ballot that can be opened.
struct Ballot {
  Round round;
  PeerPort port;
  friend auto operator<=>(const Ballot&, const Ballot&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("round", self.round);
    visitor("port", self.port);
  }
};

/// A port as it stands in a name or a key: 1 to 65535 in digits without zeros before them; nothing for other text.
[[nodiscard]] std::optional<PeerPort> port_in(std::string_view text);

/// Lower-case hex.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Nothing if the length is odd or a digit is not lower-case hex.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

template <class Tag, std::size_t Size>
[[nodiscard]] std::string to_hex(const FixedBytes<Tag, Size>& value) {
  return to_hex(value.view());
}

/// The same bytes under another name: a statement id that is an exchange id, say.
template <class To, class Tag, std::size_t Size>
[[nodiscard]] To rename(const FixedBytes<Tag, Size>& value) {
  static_assert(To::size == Size);
  return To{value.bytes};
}

/// Nothing if `text` is not exactly the hex of such a value.
template <class Fixed>
[[nodiscard]] std::optional<Fixed> fixed_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != Fixed::size) return std::nullopt;
  Fixed value;
  for (std::size_t i = 0; i < Fixed::size; ++i) value.bytes[i] = (*bytes)[i];
  return value;
}

}  // namespace bookchain::ledger
