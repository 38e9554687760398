// The events of `serve`: what each turn did, and what other commands on the same home made of the chain and of its
// exchanges meanwhile, each told once.
#pragma once

#include <set>

#include "cli/home.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

class EventTeller {
 public:
  /// What the home knows already is no event. Both outlive the teller.
  EventTeller(const Session& session, Home& home);

  /// Tells what a turn did; called under the lock after each. False if stdout takes no more.
  [[nodiscard]] bool tell(const transport::Report& report);

 private:
  void follow(const ledger::ExchangeId& exchange);
  void follow_open_exchanges();
  [[nodiscard]] std::vector<ledger::Event> missed(const std::vector<ledger::Event>& told);
  [[nodiscard]] bool tell_event(const ledger::Event& event);

  const Session& session_;
  Home& home_;
  std::uint64_t foreign_commits_;         ///< when other processes' work was looked at last
  ledger::Height height_;                 ///< up to which blocks are told
  std::set<ledger::ExchangeId> running_;  ///< exchanges whose end is not told yet
};

}  // namespace bookchain::cli
