#include "tests/sim/plan.hpp"

#include <algorithm>

namespace bookchain::sim {

namespace {

std::string joined(const std::string& list, std::string_view item) {
  return list.empty() ? std::string(item) : list + "," + std::string(item);
}

}  // namespace

std::string Plan::options() const {
  std::string fault_names;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (faults.test(i)) fault_names = joined(fault_names, name(static_cast<Fault>(i)));
  }
  std::string attack_names;
  for (std::size_t i = 0; i < attack_count; ++i) {
    if (attacks.test(i)) attack_names = joined(attack_names, name(static_cast<Attack>(i)));
  }
  auto text = "--seed " + std::to_string(seed) + " --peers " + std::to_string(peers) + " --villains " +
              std::to_string(villains) + " --exchanges " + std::to_string(exchanges) + " --books " +
              std::to_string(books) + " --steps " + std::to_string(steps) + " --harshness " +
              std::to_string(harshness) + " --faults " + (fault_names.empty() ? "none" : fault_names) + " --attacks " +
              (attack_names.empty() ? "none" : attack_names);
  if (bug) text += " --bug " + std::string(name(*bug));
  return text;
}

Plan plan_of(std::uint64_t seed) {
  Random chance(seed, "plan");
  Plan plan;
  plan.seed = seed;
  // Small networks are the tight ones, and the cheap ones: most seeds are of them.
  static constexpr std::array<std::size_t, 16> sizes{4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 7, 8, 9};
  plan.peers = sizes[chance.below(sizes.size())];
  plan.exchanges = chance.between(8, 15);  // so that users make over ten requests a seed, on the average
  plan.books = chance.between(1, 3);
  plan.steps = (250 + plan.exchanges * 48) * (plan.peers + 4) / 8;
  // Where much is lost little is agreed on: some seeds get far, others are hit hard.
  static constexpr std::array<std::size_t, 4> harshness{10, 25, 50, 100};
  plan.harshness = harshness[chance.below(harshness.size())];
  // A quarter of the seeds is calm, a quarter has everything, the others have some of it.
  const auto mix = chance.below(4);
  const auto draw = [&](Random& from, std::size_t fault) {
    plan.faults.set(fault, mix == 0 ? from.chance(100) : mix == 1 || from.chance(450));
  };
  static constexpr auto link_error = static_cast<std::size_t>(Fault::link_error);
  for (std::size_t i = 0; i < link_error; ++i) draw(chance, i);
  if (chance.chance(600)) plan.villains = chance.between(1, plan.faults_borne());
  if (plan.may_restore() && plan.villains == plan.faults_borne()) {
    if (chance.chance(500)) {
      --plan.villains;
    } else {
      plan.forbid_restores();
    }
  }
  std::uint64_t dense = 0;
  const auto draw_attacks = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i) plan.attacks.set(i, chance.chance(dense == 0 ? 60 : dense * 250));
  };
  // What was added later is drawn last: the plans that seeds had before stay what they were.
  static constexpr auto first_added = static_cast<std::size_t>(Attack::ignored_lock);
  if (plan.villains > 0) {
    dense = chance.below(3);
    draw_attacks(0, first_added);
  }
  draw(chance, link_error);
  if (plan.villains > 0) draw_attacks(first_added, attack_count);
  Random later(seed, "faults that came later");
  for (auto i = link_error + 1; i < fault_count; ++i) draw(later, i);
  // Some seeds go on for long, so that chains grow and books move on again while things still go wrong.
  if (Random(seed, "long").below(16) == 0) {
    plan.steps *= 4;
    plan.exchanges *= 2;
  }
  // In some nothing goes wrong at all: what nobody disturbs must be recorded there.
  if (Random(seed, "calm").below(32) == 0) plan.make_calm();
  return plan;
}

Plan plan_of(std::uint64_t seed, Attack attack, bool alone) {
  auto plan = plan_of(seed);
  if (plan.villains == 0) {
    plan.villains = 1;
    plan.attacks.reset();
    if (plan.faults_borne() == 1) plan.forbid_restores();
  }
  if (alone) plan.attacks.reset();
  plan.attacks.set(static_cast<std::size_t>(attack));
  if (attack == Attack::hidden_votes) {
    // Somebody must be restored, beside the liar.
    plan.peers = std::max<std::size_t>(plan.peers, 7);
    plan.villains = 1;
    plan.faults.set(static_cast<std::size_t>(seed % 2 == 0 ? Fault::restore : Fault::undeclared_restore));
  }
  return plan;
}

namespace {

struct Needs {
  std::optional<Attack> attack;
  std::optional<Fault> fault;
};

Needs needs_of(Bug bug) {
  switch (bug) {
    case Bug::quorum_one_less: return {Attack::two_blocks, std::nullopt};
    case Bug::malleable_accepted: return {Attack::malleable, std::nullopt};
    case Bug::locked_block_unchecked: return {Attack::spoiled_block, std::nullopt};
    case Bug::lock_passed_over:
    case Bug::lock_certificate_unchecked:
    case Bug::prevotes_unchecked:
    case Bug::late_precommit: return {Attack::ignored_lock, std::nullopt};
    case Bug::type_not_checked: return {Attack::wrong_type, std::nullopt};
    case Bug::silence_borne: return {Attack::partial_commit, std::nullopt};
    case Bug::spoiled_book_borne: return {std::nullopt, Fault::lost_package};
    case Bug::deal_gives_key: return {Attack::false_deal, std::nullopt};
    case Bug::title_not_checked: return {Attack::hostile_title, std::nullopt};
    case Bug::answers_not_bound: return {Attack::borrowed_answers, std::nullopt};
    case Bug::version_not_checked: return {Attack::stale_transaction, std::nullopt};
    case Bug::counted_by_signature: return {Attack::false_certificate, std::nullopt};
    case Bug::justification_of_other_ballot: return {Attack::foreign_justification, std::nullopt};
    case Bug::vote_not_kept:
    case Bug::two_prevotes: return {Attack::two_blocks, std::nullopt};
    case Bug::share_not_checked: return {Attack::bad_share, std::nullopt};
    case Bug::threshold_one_less:
    case Bug::share_before_transfer: return {Attack::pooled_shares, std::nullopt};
    case Bug::recall_skipped:
    case Bug::recall_ignored:
    case Bug::old_answers_taken:
    case Bug::old_answers_recalled:
    case Bug::votes_after_restore: return {std::nullopt, Fault::restore};
    case Bug::dedupe_dropped: return {std::nullopt, Fault::duplication};
    case Bug::vote_not_stored:
    case Bug::state_forgotten: return {std::nullopt, Fault::crash};
    case Bug::message_never_again: return {std::nullopt, Fault::loss};
    case Bug::disk_stays_broken: return {std::nullopt, Fault::io_error};
    case Bug::torn_package_trusted:
    case Bug::torn_text_trusted: return {std::nullopt, Fault::torn_package};
    case Bug::evidence_replaced:
    case Bug::other_signer_accused: return {Attack::grants_to_two, std::nullopt};
    case Bug::consent_dropped_at_release: return {Attack::never_mining, std::nullopt};
    case Bug::claim_not_answered: return {Attack::silence, std::nullopt};
    case Bug::paths_not_checked:
    case Bug::true_chunk_disputed: return {Attack::two_paths, std::nullopt};
    case Bug::undealt_shares_taken: return {Attack::false_deal, std::nullopt};
    // Any liar that is an owner, and that does not record the transfer itself.
    case Bug::acks_dropped_with_key: return {Attack::replayed_note, std::nullopt};
    case Bug::lock_ignored:
    case Bug::sent_before_commit:
    case Bug::release_after_abort:
    case Bug::note_before_commit:
    case Bug::book_not_removed:
    case Bug::grant_not_remembered:
    case Bug::ended_request_forgotten:
    case Bug::ownership_too_far:
    case Bug::block_falsified:
    case Bug::second_block:
    case Bug::end_misnamed:
    case Bug::block_not_kept:
    case Bug::fork_imagined:
    case Bug::assertion_fails:
    case Bug::removed_too_early:
    case Bug::owners_end_misnamed:
    case Bug::share_not_kept:
    case Bug::committed_voted_again:
    case Bug::requests_refused:
    case Bug::key_not_kept:
    case Bug::share_dropped_with_block:
    case Bug::chance_from_outside: return {};
  }
  return {};
}

}  // namespace

Plan plan_of(std::uint64_t seed, Bug bug) {
  auto plan = plan_of(seed);
  plan.bug = bug;
  const auto needs = needs_of(bug);
  if (needs.attack) {
    plan = plan_of(seed, *needs.attack, false);
    plan.bug = bug;
    plan.villains = plan.faults_borne();
    plan.forbid_restores();
    plan.attacks.set(static_cast<std::size_t>(Attack::double_votes));
  }
  if (needs.fault) plan.faults.set(static_cast<std::size_t>(*needs.fault));
  if (bug == Bug::message_never_again || bug == Bug::spoiled_book_borne) {
    // Where there are liars, users ask again by hand.
    plan.villains = 0;
    plan.attacks.reset();
    plan.forbid_restores();
  }
  if (bug == Bug::spoiled_book_borne) plan.harshness = 300;
  if (bug == Bug::requests_refused) plan.make_calm();
  if (needs.fault == Fault::torn_package) {
    // It happens seldom, and what was torn must come to be read.
    plan.villains = 0;
    plan.attacks.reset();
    plan.faults.reset();
    plan.faults.set(static_cast<std::size_t>(Fault::torn_package));
    plan.harshness = 300;
  }
  if (bug == Bug::locked_block_unchecked) {
    // A ballot must end when its proposer alone is locked, and the liar be the one that answers with the lock.
    plan.peers = 4;
    plan.villains = 1;
    plan.attacks.reset();
    plan.attacks.set(static_cast<std::size_t>(Attack::spoiled_block));
    plan.attacks.set(static_cast<std::size_t>(Attack::interrupting));
  }
  if (bug == Bug::recall_skipped || bug == Bug::recall_ignored) {
    // The restored one is an owner of many, and what it signed lies with others that keep the rules.
    plan.villains = 0;
    plan.attacks.reset();
  } else if (needs.fault == Fault::restore) {
    // Somebody must ask for a vote again before the height is over: a liar that interrupts, beside the restored one.
    plan.peers = std::max<std::size_t>(plan.peers, 7);
    plan.villains = 1;
    plan.attacks.reset();
    plan.attacks.set(static_cast<std::size_t>(Attack::interrupting));
    plan.faults.reset();
    plan.faults.set(static_cast<std::size_t>(Fault::delay));
    plan.faults.set(static_cast<std::size_t>(Fault::restore));
  }
  return plan;
}

Plan plan_of_liars(std::uint64_t seed, Attack attack, std::size_t peers, std::size_t liars) {
  auto plan = plan_of(seed);
  plan.peers = peers;
  plan.villains = liars;
  plan.attacks.reset();
  plan.attacks.set(static_cast<std::size_t>(attack));
  plan.forbid_restores();
  return plan;
}

}  // namespace bookchain::sim
