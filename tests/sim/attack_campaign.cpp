// Every attack by itself: that it was made, and left the evidence that it must leave.
#include <algorithm>
#include <iostream>
#include <stdexcept>

#include "tests/sim/campaigns.hpp"
#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

namespace {

/// Evidence that honest peers must come to hold where an attack is made by itself: in how many percent of the runs in
/// which it was made, and how many pieces, in all their homes, for each hundred times. About a third and a fifth of
/// what there is: chance seldom gets so low, and rules that keep one such fault in ten do.
struct Expected {
  std::string_view fault;
  std::uint64_t runs;
  std::uint64_t pieces;
};

/// Empty where an attack may leave none, for the reason beside it.
std::vector<Expected> expected_evidence(Attack attack) {
  switch (attack) {
    // Its own node proposes the locked block in the same ballot.
    case Attack::ignored_lock: return {{"two-proposals", 20, 10}};
    case Attack::two_blocks: return {{"two-proposals", 40, 80}};
    case Attack::double_votes: return {{"two-answers", 8, 1}, {"hidden-lock", 30, 4}};
    case Attack::grants_to_two: return {{"double-sale", 40, 60}};
    case Attack::two_grants: return {{"two-grants", 20, 25}};
    case Attack::wrong_book: return {{"bad-chunk", 15, 30}};
    case Attack::bad_share: return {{"bad-deal", 12, 12}};
    case Attack::lying_answers: return {{"two-id-answers", 20, 25}};
    case Attack::different_answers: return {{"two-id-answers", 12, 15}};
    case Attack::release_and_abort: return {{"release-and-abort", 20, 6}};
    case Attack::second_votes: return {{"two-prevotes", 30, 30}, {"two-precommits", 25, 20}};
    case Attack::two_consents: return {{"two-consents", 30, 15}};
    // What it forgot it may sign again as it was; that it signs something else is up to what comes.
    case Attack::forgotten_votes:
    case Attack::old_copy: return {};
    // Each half is shown one proposal of the two, and votes go to the liar alone.
    case Attack::split_vote: return {};
    // What is false in these is refused where it comes in; no second statement of the same peer contradicts it.
    case Attack::unproven_lock:
    case Attack::spoiled_block:
    case Attack::foreign_justification:
    case Attack::false_certificate:
    case Attack::wrong_key:
    case Attack::two_exchange_owners:
    case Attack::guessed_id:
    case Attack::wrong_id_first:
    case Attack::borrowed_answers:
    case Attack::stale_transaction:
    case Attack::claim_and_settle:
    case Attack::malleable:
    case Attack::self_exchange:
    case Attack::not_owner:
    case Attack::witness_uses_id:
    case Attack::two_paths:
    case Attack::false_salt:
    case Attack::false_deal:
    case Attack::stale_view:
    case Attack::wrong_type:
    case Attack::edge_numbers:
    case Attack::book_of_one:
    case Attack::hostile_title:
    case Attack::oversized:
    case Attack::false_evidence: return {};
    // What these send is not signed, or was signed by somebody else, or in another network.
    case Attack::interrupting:
    case Attack::largest_round:
    case Attack::racing_ballots:
    case Attack::leading_far:
    case Attack::promise_lies:
    case Attack::far_future:
    case Attack::resealed:
    case Attack::replay:
    case Attack::replayed_note:
    case Attack::false_notes:
    case Attack::garbage:
    case Attack::old_version:
    case Attack::non_canonical:
    case Attack::other_network: return {};
    // Nobody can prove that somebody said nothing, or kept what it was told.
    case Attack::silence:
    case Attack::withheld_votes:
    case Attack::partial_commit:
    case Attack::never_mining:
    case Attack::never_releasing:
    case Attack::hidden_votes:
    case Attack::pooled_shares:
    case Attack::few_shares: return {};
  }
  return {};
}

std::size_t place_of(std::string_view fault) {
  for (std::size_t place = 0; place < evidence_count; ++place) {
    if (evidence_name(place) == fault) return place;
  }
  throw std::logic_error("no such evidence");
}

/// The runs with one attack and no other: so the evidence is of this attack.
struct Alone {
  Summary summary;
  std::uint64_t made{};                               ///< runs in which it was made
  std::array<std::uint64_t, evidence_count> shown{};  ///< of those, with evidence of this kind

  void see(const RunResult& result, Attack attack) {
    if (result.counts.attacks[static_cast<std::size_t>(attack)] == 0) return;
    ++made;
    for (std::size_t i = 0; i < evidence_count; ++i) shown[i] += result.counts.evidence[i] > 0 ? 1 : 0;
  }
  [[nodiscard]] bool shows(Attack attack) const {
    const auto times = summary.counts.attacks[static_cast<std::size_t>(attack)];
    return std::ranges::all_of(expected_evidence(attack), [&](const Expected& expected) {
      const auto place = place_of(expected.fault);
      return 100 * shown[place] >= expected.runs * made &&
             100 * summary.counts.evidence[place] >= expected.pieces * times;
    });
  }
};

/// The seeds of one attack: alone first, so that the evidence is of this attack; then with what else they do. More
/// than `runs` only where it takes more until the attack was made: then it is judged, once. How often it leaves its
/// evidence is told from several runs alone: a single one, as over the real curve, is repeated until there is any.
bool run_attack(Attack attack, std::uint64_t runs, unsigned jobs, const std::string& program) {
  static constexpr std::uint64_t most_rounds = 20;
  const auto least_made = expected_evidence(attack).empty() ? 1 : 4 * (runs - 1) + 1;
  Alone alone;
  Summary among_others;
  const auto place = static_cast<std::size_t>(attack);
  const auto is_seen = [&] { return alone.made > 0 && alone.shows(attack); };
  const auto is_enough = [&] { return alone.made >= least_made && (runs > 1 || is_seen()); };
  for (std::uint64_t round = 0; round < most_rounds && !is_enough(); ++round) {
    std::vector<Plan> plans;
    std::vector<Plan> mixed;
    for (std::uint64_t i = 1; i <= runs; ++i) {
      const auto seed = 1000 * (place + 1) + round * runs + i;
      plans.push_back(plan_of(seed, attack, true));
      mixed.push_back(plan_of(seed, attack, false));
    }
    Effort effort{jobs};
    effort.see = [&](const RunResult& result) { alone.see(result, attack); };
    alone.summary.add(run_all(plans, effort, program));
    if (round == 0) among_others.add(run_all(mixed, {jobs}, program));
  }
  const auto violations = alone.summary.violations + among_others.violations;
  std::cout << "attack=" << name(attack) << " signatures=" << signature_kind()
            << " runs=" << alone.summary.seeds + among_others.seeds
            << " times=" << alone.summary.counts.attacks[place] + among_others.counts.attacks[place]
            << " evidence=" << evidence_by_kind(alone.summary.counts);
  for (const auto& [fault, unused, other] : expected_evidence(attack)) {
    std::cout << " " << fault << "=" << alone.shown[place_of(fault)] << "/" << alone.made;
  }
  std::cout << " violations=" << violations << std::endl;
  if (!is_seen()) std::cerr << "sim: " << name(attack) << " was not made, or left too little evidence\n";
  return violations == 0 && is_seen();
}

}  // namespace

std::string evidence_by_kind(const Counts& counts) {
  std::string text;
  for (std::size_t i = 0; i < evidence_count; ++i) {
    if (counts.evidence[i] == 0) continue;
    text += (text.empty() ? "" : ",") + std::string(evidence_name(i)) + ":" + std::to_string(counts.evidence[i]);
  }
  return text.empty() ? "none" : text;
}

int run_each_attack(std::uint64_t runs, unsigned jobs, const std::string& program) {
  int failed = 0;
  for (std::size_t i = 0; i < attack_count; ++i) {
    if (!run_attack(static_cast<Attack>(i), runs, jobs, program)) failed = 1;
  }
  return failed;
}

}  // namespace bookchain::sim
