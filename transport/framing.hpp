// Frames: what travels on a connection once both ends are proven (docs/formats.md, "The socket"). Each has
// its length and kind in front; both are checked against what this network allows before anything is
// allocated, and memory grows only with the bytes that came. Pure bytes: no socket here.
#pragma once

#include <initializer_list>

#include "ledger/codec.hpp"

namespace bookchain::transport {

enum class FrameKind : std::uint8_t {
  message = 1,       ///< a sealed message
  packaged = 2,      ///< a sealed message with its package, where that is small
  offer = 3,         ///< PackageOffer: the message stays behind until its package is taken or declined
  want = 4,          ///< PackageWant
  part = 5,          ///< exchange, offset, then bytes of its package from there on
  no_further = 6,    ///< exchange: its package is here or not wanted; the message may come
  all_sent = 7,      ///< Mark: asks to be told when all before it was decided and answered
  all_answered = 8,  ///< Mark: the answer
};

/// A package up to this size goes beside its message in one frame.
inline constexpr std::size_t max_small_package = std::size_t{64} << 10U;
/// Bytes of a package in one frame at most.
inline constexpr std::size_t max_part_bytes = std::size_t{256} << 10U;
/// Length (4 bytes, of all that follows) and kind.
inline constexpr std::size_t frame_head_bytes = 5;

struct PackageOffer {
  ledger::ExchangeId exchange;
  std::uint64_t size{};

  friend bool operator==(const PackageOffer&, const PackageOffer&) = default;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("size", self.size);
  }
};

/// The receiver has the package up to `offset` and wants the rest.
struct PackageWant {
  ledger::ExchangeId exchange;
  std::uint64_t offset{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("offset", self.offset);
  }
};

struct Mark {
  std::uint64_t number{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("number", self.number);
  }
};

struct Frame {
  FrameKind kind{};
  ledger::Bytes body;
};

/// Appends a frame whose body is the parts, one after another.
void put_frame(ledger::Bytes& out, FrameKind kind, std::initializer_list<ledger::ByteView> parts);
template <class Body>
void put_frame(ledger::Bytes& out, FrameKind kind, const Body& body) {
  const auto bytes = ledger::encode(body);
  put_frame(out, kind, {ledger::ByteView(bytes)});
}

/// The body of a `packaged` frame: exchange, length and bytes of the package, sealed message.
struct PackagedMessage {
  ledger::ExchangeId exchange;
  ledger::ByteView package;
  ledger::ByteView envelope;
};
void put_packaged(ledger::Bytes& out, const PackagedMessage& message);
/// Views into `body`. Token `bad-message`.
[[nodiscard]] ledger::Result<PackagedMessage> read_packaged(ledger::ByteView body);

/// The body of a `part` frame.
struct PackagePart {
  ledger::ExchangeId exchange;
  std::uint64_t offset{};
  ledger::ByteView bytes;
};
void put_part(ledger::Bytes& out, const PackagePart& part);
/// A view into `body`, which is at least as long as a part can be.
[[nodiscard]] PackagePart read_part(ledger::ByteView body);

/// Puts frames together from bytes as they come.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_envelope_bytes) : max_envelope_bytes_(max_envelope_bytes) {}

  /// Takes bytes off the front of `bytes`, all or up to the end of a frame; gives that frame. Token
  /// `bad-message` for a kind or length that cannot be: nothing after it can be read.
  [[nodiscard]] ledger::Result<std::optional<Frame>> take(ledger::ByteView& bytes);
  /// Whether a frame has begun and not ended.
  [[nodiscard]] bool within_frame() const { return head_size_ > 0; }

 private:
  [[nodiscard]] ledger::Result<void> begin_body();

  std::size_t max_envelope_bytes_;
  std::array<std::uint8_t, frame_head_bytes> head_{};
  std::size_t head_size_ = 0;
  std::size_t body_size_ = 0;
  Frame frame_;
};

}  // namespace bookchain::transport
