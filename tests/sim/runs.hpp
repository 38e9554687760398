// Running plans, and what is said about a failure: seed, commit, step, invariant, a diagram of the last
// events, the command that repeats it, and the smallest plan that still fails.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "tests/sim/running_plan.hpp"
#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

struct RunResult {
  Counts counts;
  std::uint64_t trace_hash{};
  std::uint64_t steps{};
  std::optional<Violation> violation;
  std::string story;
};

[[nodiscard]] RunResult run_plan(const Plan& plan);
/// Runs it a second time where the first broke nothing: both must end with the same hash.
[[nodiscard]] RunResult run_twice(const Plan& plan);

/// Drops faults, attacks, exchanges and peers, and makes faults rarer, as long as the same invariant still breaks, by
/// the same rule where it stands for many. Forks: no other thread may run.
[[nodiscard]] Plan shrink(const Plan& plan, const Violation& broken);

/// Prints all of a failure to stderr but the smallest plan.
void print_failure(const Plan& plan, const RunResult& result, const std::string& program);
/// Prints in short that another plan failed, too.
void print_further(const Plan& plan, const Violation& violation, const std::string& program);
/// Prints the smallest plan that still breaks the invariant. Forks.
void print_smallest(const Plan& plan, const Violation& broken, const std::string& program);
/// The same of a child that died, and of the plan that it ran: what happened up to the step before, and the smallest
/// plan that dies as it did. Where several ran and none dies alone, and where the signal came from outside or the plan
/// has no end, only where each was. Forks.
void tell_death(const Ending& ending, const std::string& program);
/// Runs one plan in a child; all of its failure is printed, also where it kills the process, or what `tell` says of it.
/// Gives whether nothing failed.
bool run_and_tell(const Plan& plan, const std::string& program, const std::function<void(const RunResult&)>& tell);
/// How the process that runs the plan dies, as what it breaks; nothing if it does not. Forks.
[[nodiscard]] std::optional<Violation> death_of(const Plan& plan);

struct Summary {
  std::uint64_t seeds{};
  std::uint64_t repeated{};  ///< run twice, and compared
  std::uint64_t violations{};
  std::uint64_t traces{};  ///< the hashes of all runs, by exclusive or: in whatever order they ran
  Counts counts;

  void add(const Summary& other);
};

/// How runs are made: on `jobs` threads, one in `repeat_each` twice (0: none), and no new one after `seconds`. `see` is
/// shown each that has ended, one at a time.
struct Effort {
  unsigned jobs = 1;
  std::uint64_t repeat_each = 0;
  double seconds = std::numeric_limits<double>::infinity();
  std::function<void(const RunResult&)> see = {};
};

/// Runs all plans, or as many as there is time for. The first failure is printed whole.
[[nodiscard]] Summary run_all(const std::vector<Plan>& plans, const Effort& effort, const std::string& program);
/// One line of JSON.
[[nodiscard]] std::string json_line(const Summary& summary, double seconds);

}  // namespace bookchain::sim
