// Where an assertion or a damaged home ends the process, the plan that did it must still be known.
#pragma once

#include <string>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

/// The commit that the program was built from, as git describes it now, or "unknown".
[[nodiscard]] const std::string& present_commit();
/// A signal that ends the process prints from here on which plan the dying thread runs, how far it came, and the
/// command that repeats it.
void print_plan_when_killed(const std::string& program);
/// Remembers the plan that this thread runs.
void set_running_plan(const Plan& plan);
void set_running_step(std::uint64_t step);

}  // namespace bookchain::sim
