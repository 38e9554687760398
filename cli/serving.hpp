// Serving: a home at work for a while. Wakes when something comes, takes its turn under the lock, tells
// what happened, and lets other commands on the home have theirs in between. Used by `serve` and by
// `request --wait`.
#pragma once

#include <chrono>
#include <functional>

#include "cli/home.hpp"
#include "cli/recovery.hpp"
#include "cli/request_stream.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// SIGINT and SIGTERM, turned into something that can be waited for. One at a time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /// The signal that came, or 0.
  [[nodiscard]] int caught() const;
  /// Can be read once a signal came.
  [[nodiscard]] int descriptor() const;
};

/// For the long work of a home that serves: it ends when a signal has come.
class StopOnSignal final : public ledger::Progress {
 public:
  explicit StopOnSignal(const StopSignals& signals) : signals_(signals) {}
  bool advanced(std::uint64_t /*done*/, std::uint64_t /*in_all*/) override { return signals_.caught() == 0; }

 private:
  const StopSignals& signals_;
};

struct ServePlan {
  transport::Policy policy{true, true, false, true};
  std::optional<std::chrono::microseconds> until_idle;
  /// Goes on alone where nothing has changed in an exchange for so long; nothing: never.
  std::optional<std::chrono::microseconds> recover_after = default_recovery;
  std::optional<std::chrono::microseconds> at_most;    ///< give up after this time
  RequestStream* requests = nullptr;                   ///< requests of this peer's own; outlives the plan
  std::function<Result<void>()> after_turn;            ///< after each turn, under the lock; may be empty
  std::function<bool()> done;                          ///< asked after each turn, under the lock; may be empty
  std::function<bool(const transport::Report&)> tell;  ///< what each turn did; may be empty; false: nobody hears it
};

enum class ServeEnd : std::uint8_t { interrupted, terminated, idle, done, timed_out, unheard };

/// Precondition: the lock of the home is held; it is held again afterwards. Failures of the environment
/// are told once each and tried again, unless it serves until idle.
[[nodiscard]] Result<ServeEnd> serve_home(const Session& session, Home& home, const StopSignals& signals,
                                          const ServePlan& plan);

}  // namespace bookchain::cli
