// Bugs that can be switched on in the simulator, to see whether it finds them. What the rules get wrong is
// written into copies of their files (tests/sim/plant.py), which ask is_on(); what a disk or shelf forgets
// is asked here. The program itself is built from the files as they are.
#pragma once

#include <optional>
#include <string_view>

#include "ledger/node.hpp"
#include "ledger/records.hpp"
#include "tests/sim/planted_switch.hpp"
#include "tests/sim/sim_store.hpp"

namespace bookchain::sim::planted {

void switch_on(std::optional<Bug> bug);
[[nodiscard]] bool forgets(const ledger::ShelfTask& task);
/// What a home finds on its disk after a crash may be less than was written.
void after_a_crash(SimStore& store);
/// When a run has ended, before the chains are compared.
void at_the_end(SimStore& store);
/// Before a peer is looked at that has come to a height which others reached before: its newest block may be another
/// one, signed by as many.
void before_it_is_looked_at(SimStore& store, const ledger::Genesis& genesis,
                            const std::map<ledger::PeerPort, ledger::Identity>& identities, ledger::Height known);
/// Whether this broken invariant is what the bug breaks, and not something that goes wrong later because of it.
[[nodiscard]] bool is_proof_of(Bug bug, std::string_view invariant, std::string_view detail);

}  // namespace bookchain::sim::planted
