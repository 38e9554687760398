// The lock that serialises all writers of a home: a long-running `serve` takes it for each batch and
// one-off commands in between. Fair: whoever waits holds the turnstile, so that a busy `serve` cannot
// take the lock again before the one who waits has had it.
#pragma once

#include <chrono>

#include "cli/files.hpp"

namespace bookchain::cli {

class HomeLock {
 public:
  static constexpr std::chrono::milliseconds patience{10'000};

  /// Opens the lock files of a home, making them if missing. Tokens: `io`, `permission`.
  [[nodiscard]] static Result<HomeLock> open(const path& home);

  /// Waits at most 10 s. Tokens: `locked`, `io`.
  [[nodiscard]] Result<void> take();
  void release();
  [[nodiscard]] bool held() const { return held_; }
  /// Changes the times of the lock file: whoever watches it has a look.
  void touch() const;

 private:
  HomeLock(path home, ledger::Descriptor lock, ledger::Descriptor turnstile)
      : home_(std::move(home)), lock_(std::move(lock)), turnstile_(std::move(turnstile)) {}

  path home_;
  ledger::Descriptor lock_;
  ledger::Descriptor turnstile_;
  bool held_ = false;
};

}  // namespace bookchain::cli
