#include "tests/sim/plan.hpp"

#include <algorithm>

namespace bookchain::sim {

std::string_view name(Attack attack) {
  switch (attack) {
    case Attack::two_blocks: return "two-blocks";
    case Attack::double_votes: return "double-votes";
    case Attack::unproven_lock: return "unproven-lock";
    case Attack::foreign_justification: return "foreign-justification";
    case Attack::interrupting: return "interrupting";
    case Attack::largest_round: return "largest-round";
    case Attack::false_certificate: return "false-certificate";
    case Attack::partial_commit: return "partial-commit";
    case Attack::withheld_votes: return "withheld-votes";
    case Attack::silence: return "silence";
    case Attack::grants_to_two: return "grants-to-two";
    case Attack::two_grants: return "two-grants";
    case Attack::wrong_key: return "wrong-key";
    case Attack::wrong_book: return "wrong-book";
    case Attack::bad_share: return "bad-share";
    case Attack::lying_answers: return "lying-answers";
    case Attack::different_answers: return "different-answers";
    case Attack::release_and_abort: return "release-and-abort";
    case Attack::two_exchange_owners: return "two-exchange-owners";
    case Attack::guessed_id: return "guessed-id";
    case Attack::wrong_id_first: return "wrong-id-first";
    case Attack::borrowed_answers: return "borrowed-answers";
    case Attack::stale_transaction: return "stale-transaction";
    case Attack::claim_and_settle: return "claim-and-settle";
    case Attack::malleable: return "malleable";
    case Attack::resealed: return "resealed";
    case Attack::replay: return "replay";
    case Attack::garbage: return "garbage";
    case Attack::far_future: return "far-future";
    case Attack::false_notes: return "false-notes";
    case Attack::book_of_one: return "book-of-one";
    case Attack::never_mining: return "never-mining";
    case Attack::never_releasing: return "never-releasing";
    case Attack::self_exchange: return "self-exchange";
    case Attack::not_owner: return "not-owner";
    case Attack::witness_uses_id: return "witness-uses-id";
    case Attack::pooled_shares: return "pooled-shares";
    case Attack::few_shares: return "few-shares";
    case Attack::two_paths: return "two-paths";
    case Attack::false_salt: return "false-salt";
    case Attack::false_deal: return "false-deal";
    case Attack::stale_view: return "stale-view";
    case Attack::split_vote: return "split-vote";
    case Attack::hostile_title: return "hostile-title";
    case Attack::oversized: return "oversized";
    case Attack::old_version: return "old-version";
    case Attack::wrong_type: return "wrong-type";
    case Attack::non_canonical: return "non-canonical";
    case Attack::edge_numbers: return "edge-numbers";
    case Attack::other_network: return "other-network";
    case Attack::replayed_note: return "replayed-note";
    case Attack::racing_ballots: return "racing-ballots";
    case Attack::leading_far: return "leading-far";
    case Attack::promise_lies: return "promise-lies";
    case Attack::second_votes: return "second-votes";
    case Attack::forgotten_votes: return "forgotten-votes";
    case Attack::old_copy: return "old-copy";
    case Attack::two_consents: return "two-consents";
    case Attack::spoiled_block: return "spoiled-block";
    case Attack::ignored_lock: return "ignored-lock";
    case Attack::hidden_votes: return "hidden-votes";
  }
  return "";
}

std::string_view name(Bug bug) {
  switch (bug) {
    case Bug::vote_not_stored: return "vote-not-stored";
    case Bug::lock_ignored: return "lock-ignored";
    case Bug::quorum_one_less: return "quorum-one-less";
    case Bug::dedupe_dropped: return "dedupe-dropped";
    case Bug::malleable_accepted: return "malleable-accepted";
    case Bug::sent_before_commit: return "sent-before-commit";
    case Bug::answers_not_bound: return "answers-not-bound";
    case Bug::version_not_checked: return "version-not-checked";
    case Bug::counted_by_signature: return "counted-by-signature";
    case Bug::votes_after_restore: return "votes-after-restore";
    case Bug::justification_of_other_ballot: return "justification-of-other-ballot";
    case Bug::two_prevotes: return "two-prevotes";
    case Bug::release_after_abort: return "release-after-abort";
    case Bug::note_before_commit: return "note-before-commit";
    case Bug::book_not_removed: return "book-not-removed";
    case Bug::share_not_checked: return "share-not-checked";
    case Bug::grant_not_remembered: return "grant-not-remembered";
    case Bug::share_before_transfer: return "share-before-transfer";
    case Bug::ended_request_forgotten: return "ended-request-forgotten";
    case Bug::message_never_again: return "message-never-again";
    case Bug::other_signer_accused: return "other-signer-accused";
    case Bug::ownership_too_far: return "ownership-too-far";
    case Bug::block_falsified: return "block-falsified";
    case Bug::chance_from_outside: return "chance-from-outside";
    case Bug::torn_package_trusted: return "torn-package-trusted";
    case Bug::torn_text_trusted: return "torn-text-trusted";
    case Bug::consent_dropped_at_release: return "consent-dropped-at-release";
    case Bug::acks_dropped_with_key: return "acks-dropped-with-key";
    case Bug::claim_not_answered: return "claim-not-answered";
    case Bug::paths_not_checked: return "paths-not-checked";
    case Bug::true_chunk_disputed: return "true-chunk-disputed";
    case Bug::undealt_shares_taken: return "undealt-shares-taken";
    case Bug::second_block: return "second-block";
    case Bug::state_forgotten: return "state-forgotten";
    case Bug::end_misnamed: return "end-misnamed";
    case Bug::block_not_kept: return "block-not-kept";
    case Bug::fork_imagined: return "fork-imagined";
    case Bug::threshold_one_less: return "threshold-one-less";
    case Bug::disk_stays_broken: return "disk-stays-broken";
    case Bug::title_not_checked: return "title-not-checked";
    case Bug::locked_block_unchecked: return "locked-block-unchecked";
    case Bug::vote_not_kept: return "vote-not-kept";
    case Bug::assertion_fails: return "assertion-fails";
    case Bug::lock_passed_over: return "lock-passed-over";
    case Bug::lock_certificate_unchecked: return "lock-certificate-unchecked";
    case Bug::prevotes_unchecked: return "prevotes-unchecked";
    case Bug::late_precommit: return "late-precommit";
    case Bug::type_not_checked: return "type-not-checked";
    case Bug::deal_gives_key: return "deal-gives-key";
    case Bug::removed_too_early: return "removed-too-early";
    case Bug::owners_end_misnamed: return "owners-end-misnamed";
    case Bug::recall_skipped: return "recall-skipped";
    case Bug::recall_ignored: return "recall-ignored";
    case Bug::share_not_kept: return "share-not-kept";
    case Bug::old_answers_taken: return "old-answers-taken";
    case Bug::old_answers_recalled: return "old-answers-recalled";
    case Bug::silence_borne: return "silence-borne";
    case Bug::spoiled_book_borne: return "spoiled-book-borne";
    case Bug::committed_voted_again: return "committed-voted-again";
    case Bug::requests_refused: return "requests-refused";
  }
  return "";
}

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
