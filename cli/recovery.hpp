// Recovery: `serve` goes on alone where the other side of an exchange was silent for a while after the consent, and
// asks again for what did not come (docs/protocol.md, section 5). It completes exchanges and ends none.
#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "cli/home.hpp"

namespace bookchain::cli {

/// Nothing has changed in an exchange for that long before `serve` goes on alone. Long beside what a peer that is there
/// needs for any step, short beside what people wait for.
inline constexpr std::chrono::microseconds default_recovery{std::chrono::minutes{10}};

class Recovery {
 public:
  explicit Recovery(std::chrono::microseconds after) : after_(after) {}

  /// Takes what is to be taken now; `took` is shown what each did, `failed` why one did not. Looks at most once a
  /// second.
  void go_on(Home& home, const std::function<void(const transport::Report&)>& took,
             const std::function<void(const Error&)>& failed);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  /// Of an exchange in which others were asked again: while it stays where it is not before `next`, and then after
  /// twice the pause. Asked each second, those that are gone would find thousands of messages when they come back.
  struct Asked {
    ledger::ExchangeState state;
    Moment next;
    std::chrono::microseconds pause;
  };
  [[nodiscard]] bool may_ask(const ledger::ExchangeId& exchange, ledger::ExchangeState state, Moment now) const;
  void note_asked(const ledger::ExchangeId& exchange, ledger::ExchangeState state, Moment now);

  std::chrono::microseconds after_;
  Moment look_again_;
  std::map<ledger::ExchangeId, Asked> asked_;
};

}  // namespace bookchain::cli
