// Bugs that can be switched on in the simulator, to see whether it finds them. What the rules get wrong is
// written into copies of their files (tests/sim/plant.py), which ask is_on(); what a disk or shelf forgets
// is asked here. The program itself is built from the files as they are.
#pragma once

#include <optional>

#include "ledger/records.hpp"
#include "tests/sim/planted_switch.hpp"

namespace bookchain::sim::planted {

void switch_on(std::optional<Bug> bug);
[[nodiscard]] bool forgets(const ledger::ShelfTask& task);

}  // namespace bookchain::sim::planted
