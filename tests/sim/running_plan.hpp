// Where an assertion or a damaged home ends the process, or nothing ends a plan, the plan that did it must still be
// known.
#pragma once

#include <csignal>
#include <ctime>
#include <string>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

/// A signal that ends the process prints from here on which plan the dying thread runs, how far it came, and the
/// command that repeats it. So does a plan that takes more than so many seconds of a processor: it has no end.
void print_plan_when_killed(const std::string& program);
void set_patience(std::uint64_t seconds);
/// How a plan that has no end ends the process.
inline constexpr int signal_of_no_end = SIGALRM;

/// The plan that this thread runs, for as long as it does. How long that is is measured by the time that the thread has
/// of a processor: a machine that is busy with other things, or asleep, is waited for.
class RunningPlan {
 public:
  explicit RunningPlan(const Plan& plan);
  ~RunningPlan();
  RunningPlan(const RunningPlan&) = delete;
  RunningPlan& operator=(const RunningPlan&) = delete;
  RunningPlan(RunningPlan&&) = delete;
  RunningPlan& operator=(RunningPlan&&) = delete;

 private:
  timer_t timer_{};
};
void set_running_step(std::uint64_t step);

}  // namespace bookchain::sim
