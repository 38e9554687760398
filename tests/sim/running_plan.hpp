// Where an assertion, a damaged home or the system ends the process, or nothing ends a plan, the plan that ran must
// still be known.
#pragma once

#include <csignal>
#include <ctime>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

/// How a plan that has no end ends the process.
inline constexpr int signal_of_no_end = SIGALRM;

/// What a thread ran when its process ended, and the step in which it was.
struct LastStep {
  Plan plan;
  std::uint64_t step{};
};

/// How a child ended: what it gave, or 128 and the signal. `running` is what its threads still ran then; only those of
/// which the signal came, where that could still be said.
struct Ending {
  int status{};
  int signal{};  ///< 0 if none ended it
  std::vector<LastStep> running;

  /// Also of one that left in the middle of a plan, as a sanitizer does.
  [[nodiscard]] bool is_death() const { return signal != 0 || !running.empty(); }
};

/// Runs it in a child, so that what ends the process ends only that. What it runs is written down in memory that it
/// shares with this process: so it is known of every death, also of one that no handler sees. Forks: no other thread
/// may run.
[[nodiscard]] Ending run_in_child(const std::function<int()>& work);

/// A plan that takes more than so many seconds of a processor has no end.
void set_patience(std::uint64_t seconds);

inline constexpr auto no_step = std::numeric_limits<std::uint64_t>::max();
/// So many threads of one process may run a plan.
inline constexpr std::size_t most_plans_at_once = 1024;

/// The plan that this thread runs, for as long as it does; in a child. How long that is is measured by the time that
/// the thread has of a processor: a machine that is busy with other things, or asleep, is waited for.
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
