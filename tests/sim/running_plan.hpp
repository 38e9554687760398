// Where an assertion or a damaged home ends the process, the plan that did it must still be known.
#pragma once

#include <string>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

/// A signal that ends the process prints from here on which plan the dying thread runs, how far it came, and the
/// command that repeats it.
void print_plan_when_killed(const std::string& program);
/// Remembers the plan that this thread runs.
void set_running_plan(const Plan& plan);
void set_running_step(std::uint64_t step);

}  // namespace bookchain::sim
