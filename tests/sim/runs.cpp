#include "tests/sim/runs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

#include "tests/sim/checked_signature.hpp"
#include "tests/sim/commit.hpp"
#include "tests/sim/failure_kind.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/running_plan.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

RunResult run_world(const Plan& plan, bool tells_anyway, std::uint64_t end = no_step) {
  RunResult result;
  const RunningPlan running(plan, end);
  std::unique_ptr<World> world;
  try {
    world = std::make_unique<World>(plan);
    world->run();
  } catch (const EndOfStory&) {  // as was asked for
  } catch (const Violation& violation) {
    result.violation = violation;
  } catch (const std::exception& error) {
    result.violation = Violation{"nothing is thrown", error.what()};
  }
  if (!world) return result;  // it broke in its first moment
  if (result.violation || tells_anyway) result.story = world->story().mermaid();
  if (result.violation) {
    const auto exchange = world->story().mermaid_of_exchange(result.violation->detail);
    if (!exchange.empty()) result.story += "\nof the exchange that is named:\n" + exchange;
  }
  result.counts = world->counts();
  result.trace_hash = world->trace_hash();
  result.steps = world->step();
  return result;
}

constexpr std::string_view one_trace = "one seed gives one trace";

}  // namespace

RunResult run_plan(const Plan& plan) { return run_world(plan, false); }

RunResult run_twice(const Plan& plan) {
  auto result = run_world(plan, true);
  if (!result.violation && run_plan(plan).trace_hash != result.trace_hash)
    result.violation = Violation{std::string(one_trace), "two runs differ"};
  return result;
}

namespace {

std::string death_in(const Ending& ending) {
  if (ending.signal != 0) return "the process died of signal " + std::to_string(ending.signal);
  return "the process ended with " + std::to_string(ending.status);
}

/// What came of a plan in a process of its own.
struct Verdict {
  bool same = false;  ///< it broke the invariant that was asked about
  std::uint64_t steps = no_step;
};

Verdict run_apart(const Plan& plan, const Violation& broken) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {};
  const auto ending = run_in_child([&] {
    const int quiet = ::open("/dev/null", O_WRONLY);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (quiet >= 0) ::dup2(quiet, STDERR_FILENO);
    planted::switch_on(plan.bug);
    const auto result = broken.invariant == one_trace ? run_twice(plan) : run_plan(plan);
    const bool same = result.violation && result.violation->invariant == broken.invariant &&
                      rule_in(result.violation->detail) == rule_in(broken.detail);
    const Verdict verdict{same, result.steps};
    return ::write(ends[1], &verdict, sizeof verdict) == sizeof verdict ? 0 : 1;
  });
  ::close(ends[1]);
  Verdict verdict;
  if (::read(ends[0], &verdict, sizeof verdict) != sizeof verdict) verdict = {};
  ::close(ends[0]);
  if (ending.running.empty()) return verdict;
  return {broken.invariant == death_in(ending), ending.running.front().step};
}

}  // namespace

Plan shrink(const Plan& plan, const Violation& broken) {
  auto smallest = plan;
  const auto still_fails = [&](const Plan& candidate) {
    const auto verdict = run_apart(candidate, broken);
    if (!verdict.same) return false;
    smallest = candidate;
    smallest.steps = std::max<std::size_t>(1, std::min<std::size_t>(candidate.steps, verdict.steps));
    return true;
  };
  (void)still_fails(plan);  // no more steps than it takes
  for (bool smaller = true; smaller;) {
    smaller = false;
    if (auto milder = smallest; smallest.faults.any() && smallest.harshness > 1) {
      milder.harshness /= 2;
      smaller = still_fails(milder);
    }
    for (std::size_t i = 0; i < fault_count; ++i) {
      auto candidate = smallest;
      if (!candidate.faults.test(i)) continue;
      candidate.faults.reset(i);
      smaller = still_fails(candidate) || smaller;
    }
    for (std::size_t i = 0; i < attack_count; ++i) {
      auto candidate = smallest;
      if (!candidate.attacks.test(i)) continue;
      candidate.attacks.reset(i);
      smaller = still_fails(candidate) || smaller;
    }
    for (auto member : {&Plan::exchanges, &Plan::books, &Plan::villains, &Plan::peers, &Plan::steps}) {
      const std::size_t least = member == &Plan::peers ? 4 : member == &Plan::villains ? 0 : 1;
      const auto now = smallest.*member;
      // Half of it at once where that still fails, else an eighth less.
      for (const auto fewer : {std::max(least, now / 2), now - std::max<std::size_t>(1, now / 8)}) {
        auto candidate = smallest;
        candidate.*member = fewer;
        if (now <= least || fewer >= now) continue;
        // More liars than are borne make no plan smaller that has not as many anyway.
        if (candidate.villains > candidate.faults_borne() && smallest.villains <= smallest.faults_borne()) continue;
        if (!still_fails(candidate)) continue;
        smaller = true;
        break;
      }
    }
  }
  return smallest;
}

void print_failure(const Plan& plan, const RunResult& result, const std::string& program) {
  const auto& violation = *result.violation;
  std::fprintf(stderr, "\nseed %llu, commit %s, step %llu, signatures %s\nbroken: %s\n  %s\n\n%s\nreplay: %s %s\n",
               static_cast<unsigned long long>(plan.seed), built_commit(),
               static_cast<unsigned long long>(result.steps), signature_kind().data(), violation.invariant.c_str(),
               violation.detail.c_str(), result.story.c_str(), program.c_str(), plan.options().c_str());
}

void print_further(const Plan& plan, const Violation& violation, const std::string& program) {
  std::fprintf(stderr, "also: %s: %s\n  replay: %s %s\n", violation.invariant.c_str(), violation.detail.c_str(),
               program.c_str(), plan.options().c_str());
}

void print_smallest(const Plan& plan, const Violation& broken, const std::string& program) {
  const auto smallest = shrink(plan, broken);
  std::fprintf(stderr, "smallest: %s %s\n", program.c_str(), smallest.options().c_str());
}

namespace {

/// Whether it did that itself. A signal from outside, as where memory runs out, says little of the plan.
bool comes_of_itself(const Ending& ending) {
  static constexpr auto all = {0, SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGTRAP, SIGSYS};
  return std::ranges::find(all, ending.signal) != all.end();
}

/// The plan of which the process died: the only one that ran, or the first that does the same alone, too.
std::optional<LastStep> culprit_of(const Ending& ending) {
  if (!comes_of_itself(ending)) return std::nullopt;
  if (ending.running.size() == 1) return ending.running.front();
  for (const auto& [plan, step] : ending.running) {
    const auto alone = run_apart(plan, Violation{death_in(ending), {}});
    if (alone.same) return LastStep{plan, alone.steps};
  }
  return std::nullopt;
}

RunResult result_of_death(const Ending& ending, std::uint64_t step) {
  RunResult result;
  result.steps = step;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs
  result.violation = Violation{death_in(ending), ending.signal != 0 ? ::strsignal(ending.signal) : "within a plan"};
  return result;
}

void tell_culprit(const Ending& ending, const LastStep& culprit, const std::string& program) {
  const auto& plan = culprit.plan;
  auto result = result_of_death(ending, culprit.step);
  const auto told = run_in_child([&] {
    planted::switch_on(plan.bug);
    result.story = run_world(plan, true, culprit.step).story;
    print_failure(plan, result, program);
    return 0;
  });
  if (told.status != 0) print_failure(plan, result, program);
  print_smallest(plan, *result.violation, program);
}

/// Without its story and a smaller one, each of which would have to be waited for as long, or may well live.
void tell_in_short(const Ending& ending, const LastStep& last, const std::string& program) {
  if (ending.signal == signal_of_no_end) {
    std::fprintf(stderr, "\nthe plan comes to no end: it was in step %llu, commit %s\nreplay: %s %s\n",
                 static_cast<unsigned long long>(last.step), built_commit(), program.c_str(),
                 last.plan.options().c_str());
    return;
  }
  auto result = result_of_death(ending, last.step);
  if (ending.running.size() > 1)
    result.violation->detail += ", while " + std::to_string(ending.running.size()) + " plans ran";
  print_failure(last.plan, result, program);
}

}  // namespace

void tell_death(const Ending& ending, const std::string& program) {
  if (const auto culprit = culprit_of(ending)) return tell_culprit(ending, *culprit, program);
  for (const auto& last : ending.running) tell_in_short(ending, last, program);
  if (ending.running.empty())
    std::fprintf(stderr, "sim: %s, commit %s, and no plan ran\n", death_in(ending).c_str(), built_commit());
}

bool run_and_tell(const Plan& plan, const std::string& program, const std::function<void(const RunResult&)>& tell) {
  const auto ending = run_in_child([&] {
    const auto result = run_twice(plan);
    if (result.violation) {
      print_failure(plan, result, program);
      print_smallest(plan, *result.violation, program);
    } else {
      tell(result);
    }
    return result.violation ? 1 : 0;
  });
  if (ending.is_death()) tell_death(ending, program);
  return !ending.is_death() && ending.status == 0;
}

std::optional<Violation> death_of(const Plan& plan) {
  const auto ending = run_in_child([&] {
    (void)run_plan(plan);
    return 0;
  });
  if (!ending.is_death()) return std::nullopt;
  return Violation{death_in(ending), {}};
}

void Summary::add(const Summary& other) {
  seeds += other.seeds;
  repeated += other.repeated;
  violations += other.violations;
  traces ^= other.traces;
  counts.add(other.counts);
}

Summary run_all(const std::vector<Plan>& plans, const Effort& effort, const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  const auto is_late = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > effort.seconds;
  };
  Summary summary;
  std::optional<std::pair<Plan, Violation>> first;
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  const auto work = [&] {
    for (auto place = next++; place < plans.size() && !is_late(); place = next++) {
      const auto& plan = plans[place];
      const bool repeat = effort.repeat_each > 0 && place % effort.repeat_each == 0;
      const auto result = repeat ? run_twice(plan) : run_plan(plan);
      const std::lock_guard lock(mutex);
      ++summary.seeds;
      summary.repeated += repeat ? 1 : 0;
      summary.traces ^= result.trace_hash;
      summary.counts.add(result.counts);
      if (effort.see) effort.see(result);
      if (!result.violation) continue;
      if (++summary.violations == 1) {
        print_failure(plan, result, program);
        first.emplace(plan, *result.violation);
      } else {
        print_further(plan, *result.violation, program);
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < effort.jobs; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  // Candidates run in children, and a process with threads is not to be forked.
  if (first) print_smallest(first->first, first->second, program);
  return summary;
}

std::string json_line(const Summary& summary, double seconds) {
  const auto field = [](std::string_view key, std::uint64_t value) {
    return "\"" + std::string(key) + "\":" + std::to_string(value);
  };
  std::string text = "{\"schema\":3,\"commit\":\"" + std::string(built_commit()) + "\",\"signatures\":\"" +
                     std::string(signature_kind()) + "\",";
  text += field("seeds", summary.seeds) + "," + field("repeated", summary.repeated) + "," +
          field("steps", summary.counts.steps) + "," + field("messages", summary.counts.messages) + "," +
          field("exchanges", summary.counts.exchanges) + "," +
          field("requests_of_liars", summary.counts.requests_of_liars) + "," +
          field("committed", summary.counts.committed) + "," + field("blocks", summary.counts.blocks) + "," +
          field("blocks_under_faults", summary.counts.blocks_under_faults) + "," +
          field("equivocations_seen", summary.counts.equivocations_seen) + "," +
          field("evidence", summary.counts.all_evidence()) + "," + field("violations", summary.violations) + "," +
          field("seconds", static_cast<std::uint64_t>(std::llround(seconds)));
  std::array<char, 17> traces{};
  std::snprintf(traces.data(), traces.size(), "%016llx", static_cast<unsigned long long>(summary.traces));
  text += ",\"traces\":\"" + std::string(traces.data()) + "\"";
  const auto group = [&](std::string_view key, const auto& times, const auto& name_of) {
    text += ",\"" + std::string(key) + "\":{";
    for (std::size_t i = 0; i < times.size(); ++i) text += (i > 0 ? "," : "") + field(name_of(i), times[i]);
    text += "}";
  };
  group("workload", summary.counts.work, [](std::size_t i) { return name(static_cast<Work>(i)); });
  group("deaths", summary.counts.deaths, [](std::size_t i) { return name(static_cast<DeathPlace>(i)); });
  group("evidence_of", summary.counts.evidence, evidence_name);
  group("faults", summary.counts.faults, [](std::size_t i) { return name(static_cast<Fault>(i)); });
  group("attacks", summary.counts.attacks, [](std::size_t i) { return name(static_cast<Attack>(i)); });
  return text + "}";
}

}  // namespace bookchain::sim
