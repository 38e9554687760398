// The events of `serve`: what each turn did, and what other commands on the same home made of the chain and of its
// exchanges meanwhile, each told once.
#pragma once

#include <set>

#include "cli/home.hpp"
#include "cli/refusal_limit.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

class EventTeller {
 public:
  /// What the home knows already is no event. Both outlive the teller.
  EventTeller(const Session& session, Home& home);

  /// Tells what a turn did; called under the lock after each. False if stdout takes no more.
  [[nodiscard]] bool tell(const transport::Report& report);
  /// At the end: how many refusals and faults were not told by themselves.
  [[nodiscard]] bool tell_rest() {
    const bool heard = tell_untold(refusals_.take_all_untold());
    return tell_untold(blames_.take_all_untold()) && heard;
  }

 private:
  void follow(const ledger::ExchangeId& exchange);
  void follow_open_exchanges();
  [[nodiscard]] std::vector<ledger::Event> missed(const std::vector<ledger::Event>& told);
  [[nodiscard]] bool tell_event(const ledger::Event& event, RefusalLimit::Time now);
  [[nodiscard]] bool tell_received(const transport::ReceivedReport& received, RefusalLimit::Time now);
  [[nodiscard]] bool tell_step(const transport::StepReport& step);
  [[nodiscard]] bool tell_untold(const std::vector<RefusalLimit::Untold>& untold);
  [[nodiscard]] bool tell_untold(const std::vector<BlameLimit::Untold>& untold);

  const Session& session_;
  Home& home_;
  std::uint64_t foreign_commits_;         ///< when other processes' work was looked at last
  ledger::Height height_;                 ///< up to which blocks are told
  std::set<ledger::ExchangeId> running_;  ///< exchanges whose end is not told yet
  RefusalLimit refusals_;
  BlameLimit blames_;
};

}  // namespace bookchain::cli
