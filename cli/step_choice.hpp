// Which exchange a step that is typed by hand is meant for, and where it has to be typed if not here.
#pragma once

#include "cli/home.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// Whose step it is.
[[nodiscard]] ledger::Role role_of(ledger::Step step);

/// The exchange named; else the only one in which the step is due; else the only one that runs, so that
/// the refusal says what is due there. Tokens: `unknown-exchange`, `ambiguous`, `wrong-step` (its hint says what is
/// due in each exchange).
[[nodiscard]] Result<ledger::ExchangeId> choose_exchange(Home& home, const std::optional<std::string>& named,
                                                         ledger::Step step, ledger::Role role);

/// A step tried at the wrong peer: says whose it is, and the command there; `words` are its name and option.
[[nodiscard]] Error at_the_right_peer(const Session& session, const ledger::State& state,
                                      const std::optional<std::string>& named, const std::string& words,
                                      ledger::Role role, Error error);

/// A step that is not due yet, or that what was signed since excludes: with the command that goes on.
[[nodiscard]] Error with_what_goes_on(const Session& session, Home& home, const ledger::ExchangeId& exchange,
                                      Error error);

}  // namespace bookchain::cli
