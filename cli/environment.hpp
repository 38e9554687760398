// Clock and randomness of a process: the two things that the rules may not have by themselves. On a
// test network made from a seed both can be repeated: randomness comes from the home's own seed, and
// BOOKCHAIN_CLOCK may fix the time.
#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "cli/files.hpp"
#include "ledger/crypto.hpp"
#include "transport/courier.hpp"

namespace bookchain::cli {

/// Nothing can be drawn, and nothing that this program does is safe without. Tokens: those of files, and `io`.
class NoRandomness final : public ledger::Abandoned {
 public:
  using Abandoned::Abandoned;
};

/// Fills `out` from the operating system. Throws NoRandomness.
void draw_random(std::span<std::uint8_t> out);

/// The same, of which small pieces are drawn a few hundred bytes at a time: a peer that serves needs some dozens for
/// each exchange, most for times to draw back. A secret has 32 bytes and more, and never waits here.
class DrawnAhead {
 public:
  static constexpr std::size_t largest_piece = 16;

  DrawnAhead() = default;
  DrawnAhead(const DrawnAhead&) = delete;  // what is given twice is not random
  DrawnAhead& operator=(const DrawnAhead&) = delete;
  ~DrawnAhead() = default;

  /// Throws NoRandomness.
  void fill(std::span<std::uint8_t> out);

 private:
  std::array<std::uint8_t, 256> bytes_{};
  std::size_t left_ = 0;  ///< at the end of bytes_
};

template <class Fixed>
[[nodiscard]] Fixed random_bytes() {
  Fixed value;
  draw_random(value.bytes);
  return value;
}

/// What a seed gives for a named purpose: 32 bytes of HKDF-SHA-256.
[[nodiscard]] ledger::Hash derive(ledger::ByteView seed, std::string_view purpose);

/// The time that BOOKCHAIN_CLOCK fixes ("2026-01-31T12:00:00Z", or seconds since 1970), or nothing.
/// Token `bad-value`.
[[nodiscard]] Result<std::optional<ledger::Time>> fixed_clock();

/// A time as people read it: "2026-01-31 12:00:00.000000" in UTC.
[[nodiscard]] std::string write_time(ledger::Time time);

/// The same as programs read it: "2026-01-31T12:00:00.000000Z".
[[nodiscard]] std::string write_iso_time(ledger::Time time);

/// Seconds and microseconds since 1970 by the system's clock.
[[nodiscard]] ledger::Time system_time();

class ProcessEnvironment final : public transport::Environment {
 public:
  /// `seed` is the home's on a test network; `counter` the file that counts its uses; `fixed` the time.
  ProcessEnvironment(std::optional<ledger::Hash> seed, path counter, std::optional<ledger::Time> fixed);

  [[nodiscard]] ledger::Time now() override;
  /// Throws NoRandomness: with a seed, where the count of its uses cannot be kept.
  void random(std::span<std::uint8_t> out) override;

  /// To be called whenever the lock of the home was taken: another process may have drawn from the seed.
  void begin_turn() { turn_key_.reset(); }
  /// Puts a fixed clock forward, no other: `serve` does by as long as it rests, so that its back-offs end.
  void put_forward(std::chrono::microseconds duration);

 private:
  void start_turn();

  std::optional<ledger::Hash> seed_;
  path counter_;
  std::optional<ledger::Time> fixed_;
  DrawnAhead system_;
  std::optional<ledger::Hash> turn_key_;
  std::uint64_t drawn_ = 0;
};

}  // namespace bookchain::cli
