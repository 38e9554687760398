// Where an assertion or a damaged home ends the process, or nothing ends a plan, the plan that did it must still be
// known.
#pragma once

#include <csignal>
#include <ctime>
#include <functional>
#include <limits>
#include <optional>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

/// How a plan that has no end ends the process.
inline constexpr int signal_of_no_end = SIGALRM;

/// What a thread ran when a signal ended its process.
struct Death {
  Plan plan;
  std::uint64_t step{};
  int signal{};
};

/// How a child ended: what it gave, or 128 and the signal, with the plan that ran if one did.
struct Ending {
  int status{};
  std::optional<Death> death;
};

/// Runs it in a child, so that what ends the process ends only that. Forks: no other thread may run.
[[nodiscard]] Ending run_in_child(const std::function<int()>& work);

/// A plan that takes more than so many seconds of a processor has no end.
void set_patience(std::uint64_t seconds);

inline constexpr auto no_step = std::numeric_limits<std::uint64_t>::max();

/// The plan that this thread runs, for as long as it does. How long that is is measured by the time that the thread has
/// of a processor: a machine that is busy with other things, or asleep, is waited for.
class RunningPlan {
 public:
  /// The step `end` is not taken: there EndOfStory is thrown.
  explicit RunningPlan(const Plan& plan, std::uint64_t end = no_step);
  ~RunningPlan();
  RunningPlan(const RunningPlan&) = delete;
  RunningPlan& operator=(const RunningPlan&) = delete;
  RunningPlan(RunningPlan&&) = delete;
  RunningPlan& operator=(RunningPlan&&) = delete;

 private:
  timer_t timer_{};
};
struct EndOfStory {};
void set_running_step(std::uint64_t step);

}  // namespace bookchain::sim
