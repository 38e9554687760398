// Who is awaited in the exchanges of a peer, told to those who just wait: by errors and commands that end, and by
// `serve` and `request --wait` while they go on.
#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "cli/guidance.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// An exchange that waits for others.
struct Waiting {
  ledger::ExchangeId exchange;
  std::vector<ledger::PeerPort> ports;
  std::string hint;  ///< what it means that they do not answer; may be empty

  friend bool operator==(const Waiting&, const Waiting&) = default;
};

/// Open exchanges of which this peer is requester or owner and in which others are awaited. Looks at the first 1,024
/// open exchanges and of these at 64 of its own: a person reads no more, and looking costs time.
[[nodiscard]] std::vector<Waiting> waits(const ledger::Node& node, const ledger::State& state);
/// "3f2a90c1d0e4 waits for 5003; HINT".
[[nodiscard]] std::string wait_text(const Waiting& wait);
/// A line for each of a few, with what follows from their silence; empty if nothing waits.
[[nodiscard]] std::string waits_text(const std::vector<Waiting>& waits);

/// Who is awaited in an exchange, for an error that says that it has not ended.
struct Awaited {
  std::string what;  ///< ", waiting for 5002, 5003; and what their silence means"; empty if nobody is
  std::string hint;  ///< a command: what goes on in it, else what shows it
};
[[nodiscard]] Awaited awaited(const Session& session, Home& home, const ledger::ExchangeId& exchange);

/// Tells of each exchange once for whom it has waited two seconds, and again when it is others.
class WaitTeller {
 public:
  /// `tell` is false if nobody hears it.
  WaitTeller(Home& home, std::function<bool(const Waiting&)> tell) : home_(home), tell_(std::move(tell)) {}

  /// Called after each turn, under the lock; looks about once a second.
  [[nodiscard]] bool look();

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    Waiting wait;
    Clock::time_point since;
    bool told = false;
  };

  Home& home_;
  std::function<bool(const Waiting&)> tell_;
  std::map<ledger::ExchangeId, Seen> seen_;
  Clock::time_point look_again_;
};

/// The event of `serve`.
[[nodiscard]] bool tell_wait_event(const Report& report, const Waiting& wait);

}  // namespace bookchain::cli
