// The lock that serialises all writers of a home: a long-running `serve` takes it for each batch and
// one-off commands in between. Fair: whoever waits holds the turnstile, so that a busy `serve` cannot
// take the lock again before the one who waits has had it.
#pragma once

#include <chrono>
#include <functional>

#include "cli/files.hpp"

namespace bookchain::cli {

class HomeLock {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds patience{10'000};

  /// Opens the lock files of a home, making them if missing. Tokens: `io`, `permission`.
  [[nodiscard]] static Result<HomeLock> open(const path& home);

  /// Asked again and again while something is waited for: true ends the waiting.
  using Stop = std::function<bool()>;

  /// Waits at most 10 s. Tokens: `locked`, `interrupted` (`stop` said so), `io`.
  [[nodiscard]] Result<void> take(const Stop& stop = {});
  /// Without waiting; false if another process holds it, or waits for it.
  [[nodiscard]] bool take_at_once();
  void release();
  [[nodiscard]] bool held() const { return held_; }
  /// Changes the times of the lock file: whoever watches it has a look.
  void touch() const;

 private:
  HomeLock(path home, ledger::Descriptor lock, ledger::Descriptor turnstile)
      : home_(std::move(home)), lock_(std::move(lock)), turnstile_(std::move(turnstile)) {}

  [[nodiscard]] Result<void> take_until(Clock::time_point deadline, const Stop& stop);

  path home_;
  ledger::Descriptor lock_;
  ledger::Descriptor turnstile_;
  bool held_ = false;
};

}  // namespace bookchain::cli
