#include "tests/sim/campaigns.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "tests/sim/checked_signature.hpp"
#include "tests/sim/planted.hpp"

namespace bookchain::sim {

namespace {

/// With every switch off the copies must behave as the rules: else a bug is found that nobody planted.
bool copies_are_clean() {
  planted::switch_on(std::nullopt);
  static constexpr std::uint64_t seeds = 20;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto result = run_plan(plan_of(seed));
    if (!result.violation) continue;
    std::cout << "bug=none found=yes by=\"" << result.violation->invariant << "\"" << std::endl;
    return false;
  }
  std::cout << "bug=none found=no seeds=" << seeds << std::endl;
  return true;
}

/// One of the bugs shows only when two runs are compared, and one ends the process.
std::optional<Violation> broken_by(Bug bug, const Plan& plan) {
  if (bug == Bug::assertion_fails) return death_of(plan);
  return (bug == Bug::chance_from_outside ? run_twice(plan) : run_plan(plan)).violation;
}

/// Runs seeds until the bug shows by what it breaks itself; gives whether it did.
bool find_bug(Bug bug, std::uint64_t most, const std::string& program) {
  planted::switch_on(bug);
  std::map<std::string, std::uint64_t> other_signs;
  std::optional<Violation> found;
  std::uint64_t seeds = 0;
  while (seeds < most && !found) {
    const auto violation = broken_by(bug, plan_of(++seeds, bug));
    if (!violation) continue;
    if (planted::is_proof_of(bug, violation->invariant, violation->detail)) {
      found = violation;
    } else {
      ++other_signs[violation->invariant];
    }
  }
  planted::switch_on(std::nullopt);
  std::cout << "bug=" << name(bug) << " found=" << (found ? "yes" : "no") << " seeds=" << seeds;
  if (found) std::cout << " by=\"" << found->invariant << "\"";
  for (const auto& [invariant, times] : other_signs) std::cout << " also=\"" << invariant << "\":" << times;
  if (!found) std::cout << " replay=\"" << program << " --bug " << name(bug) << " --seed 1\"";
  std::cout << std::endl;
  return found.has_value();
}

}  // namespace

int run_each_bug(std::uint64_t most, std::optional<Bug> only, const std::string& program) {
  int failed = copies_are_clean() ? 0 : 1;
  for (std::size_t i = 0; i < bug_count; ++i) {
    if (only && *only != static_cast<Bug>(i)) continue;
    // In a thread of its own: the rules remember by thread which signatures were good, and one of the bugs takes
    // others.
    std::thread([&] {
      if (!find_bug(static_cast<Bug>(i), most, program)) failed = 1;
    }).join();
  }
  return failed;
}

namespace {

/// The first seed up to `most` that shows the bug although its plan was drawn for no bug, and what it breaks.
std::optional<std::pair<std::uint64_t, std::string>> first_ordinary_seed(Bug bug, std::uint64_t most, unsigned jobs) {
  std::optional<std::pair<std::uint64_t, std::string>> first;
  std::atomic<std::uint64_t> next = 1;
  std::mutex mutex;
  const auto is_before_first = [&](std::uint64_t seed) {
    const std::lock_guard lock(mutex);
    return !first || seed < first->first;
  };
  const auto work = [&] {
    // Seeds are given out in their order: when one shows it, all before it are taken and will be looked at.
    for (auto seed = next++; seed <= most && is_before_first(seed); seed = next++) {
      auto plan = plan_of(seed);
      plan.bug = bug;
      const auto violation = broken_by(bug, plan);
      if (!violation || !planted::is_proof_of(bug, violation->invariant, violation->detail)) continue;
      const std::lock_guard lock(mutex);
      if (!first || seed < first->first) first.emplace(seed, violation->invariant);
    }
  };
  // New threads for each bug: the rules remember by thread which signatures were good. One, where it forks.
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < (bug == Bug::assertion_fails ? 1 : std::max(1U, jobs)); ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  return first;
}

}  // namespace

int run_each_bug_in_ordinary_plans(std::uint64_t most, std::optional<Bug> only, unsigned jobs) {
  // What takes several rare things at once, which an ordinary plan seldom has, may be missed; of those below none.
  static constexpr std::size_t most_missed = bug_count / 8;
  static constexpr auto never_missed = {Bug::vote_not_stored,      Bug::lock_ignored,       Bug::quorum_one_less,
                                        Bug::dedupe_dropped,       Bug::malleable_accepted, Bug::sent_before_commit,
                                        Bug::counted_by_signature, Bug::votes_after_restore};
  std::size_t looked_for = 0;
  std::size_t missed = 0;
  bool all_that_must = true;
  for (std::size_t i = 0; i < bug_count; ++i) {
    const auto bug = static_cast<Bug>(i);
    if (only && *only != bug) continue;
    planted::switch_on(bug);
    const auto first = first_ordinary_seed(bug, most, jobs);
    planted::switch_on(std::nullopt);
    ++looked_for;
    missed += first ? 0 : 1;
    if (!first && std::ranges::find(never_missed, bug) != never_missed.end()) all_that_must = false;
    std::cout << "bug=" << name(bug) << " plans=ordinary found=" << (first ? "yes" : "no")
              << " seeds=" << (first ? first->first : most);
    if (first) std::cout << " by=\"" << first->second << "\"";
    std::cout << std::endl;
  }
  std::cout << "bugs=" << looked_for << " plans=ordinary missed=" << missed << std::endl;
  return !all_that_must || missed > most_missed || missed == looked_for ? 1 : 0;
}

namespace {

/// What liars do together, the promise that holds while they are at most f, and from how many of them on it does not.
struct Edge {
  Attack attack;
  std::string_view promise;
  std::size_t peers;
  std::size_t liars;
};

/// The numbers of section 2 of the protocol: with four or five peers a requester and f liars more are still one share
/// short, with seven they are not; an owner needs one witness more than is borne in each.
std::vector<Edge> edges() {
  static constexpr std::string_view early = "a requester that lies has no key before the transfer";
  static constexpr std::string_view unread = "an honest requester has the book or evidence";
  return {{Attack::pooled_shares, early, 4, 3}, {Attack::pooled_shares, early, 5, 3},
          {Attack::pooled_shares, early, 7, 3}, {Attack::few_shares, unread, 4, 2},
          {Attack::few_shares, unread, 5, 2},   {Attack::few_shares, unread, 7, 3}};
}

bool run_edge(const Edge& edge, std::uint64_t most, std::optional<Bug> bug, const std::string& program) {
  static constexpr std::uint64_t seeds_more = 5;
  const auto plan_with = [&](std::uint64_t seed, std::size_t liars) {
    auto plan = plan_of_liars(seed, edge.attack, edge.peers, liars);
    plan.bug = bug;
    return plan;
  };
  const auto borne = plan_with(1, edge.liars).faults_borne();
  std::uint64_t seeds = 0;
  bool found = false;
  while (seeds < most && !found) {
    const auto violation = run_plan(plan_with(++seeds, edge.liars)).violation;
    found = violation && violation->invariant == edge.promise;
  }
  std::vector<Plan> within;
  for (std::uint64_t seed = 1; seed <= seeds + seeds_more; ++seed) within.push_back(plan_with(seed, borne));
  const auto summary = run_all(within, {}, program);
  const auto times = summary.counts.attacks[static_cast<std::size_t>(edge.attack)];
  std::cout << "attack=" << name(edge.attack) << " peers=" << edge.peers << " liars=" << edge.liars
            << " found=" << (found ? "yes" : "no") << " seeds=" << seeds << " by=\"" << edge.promise
            << "\" borne=" << borne << " times=" << times << " seeds=" << summary.seeds
            << " violations=" << summary.violations << std::endl;
  return found && times > 0 && summary.violations == 0;
}

/// Evidence names nobody who kept the rules, however many others do not. Whatever else breaks is not promised here.
/// Of so many liars, a requester and its helpers are one share short of a key: the runs do not end with that.
bool run_blame(std::size_t peers, std::size_t liars, std::uint64_t seeds, std::optional<Bug> bug,
               const std::string& program) {
  static constexpr std::string_view promise = "honest peers are never blamed";
  Counts counts;
  std::uint64_t runs = 0;
  std::uint64_t broken = 0;
  std::uint64_t blamed = 0;
  std::optional<Plan> first;
  for (std::size_t attack = 0; attack < attack_count; ++attack) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      auto plan = plan_of_liars(seed, static_cast<Attack>(attack), peers, liars);
      plan.bug = bug;
      const auto result = run_plan(plan);
      ++runs;
      counts.add(result.counts);
      if (!result.violation) continue;
      ++broken;
      if (result.violation->invariant != promise) continue;
      if (++blamed > 1) {
        print_further(plan, *result.violation, program);
      } else {
        print_failure(plan, result, program);
        first = plan;
      }
    }
  }
  if (first) print_smallest(*first, Violation{std::string(promise), {}}, program);
  std::cout << "peers=" << peers << " liars=" << liars << " runs=" << runs << " broken=" << broken
            << " evidence=" << evidence_by_kind(counts) << " by=\"" << promise << "\" violations=" << blamed
            << std::endl;
  return blamed == 0 && broken < runs && evidence_by_kind(counts) != "none";
}

}  // namespace

int run_beyond(std::uint64_t most, std::optional<Bug> bug, const std::string& program) {
  planted::switch_on(bug);
  int failed = run_blame(4, 2, 1, bug, program) && run_blame(5, 2, 1, bug, program) ? 0 : 1;
  for (const auto& edge : edges()) {
    if (!run_edge(edge, most, bug, program)) failed = 1;
  }
  return failed;
}

}  // namespace bookchain::sim
