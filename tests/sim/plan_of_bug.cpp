// The plans that are made for planted bugs: with what each needs to show.
#include <algorithm>

#include "tests/sim/plan.hpp"

namespace bookchain::sim {

namespace {

struct Needs {
  std::optional<Attack> attack;
  std::optional<Fault> fault;
};

Needs needs_of(Bug bug) {
  switch (bug) {
    case Bug::quorum_one_less: return {Attack::two_blocks, std::nullopt};
    case Bug::prevote_quorum_one_less: return {Attack::withheld_votes, std::nullopt};
    case Bug::batch_not_checked:
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
    case Bug::first_ballot_of_anybody:
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
    case Bug::evidence_not_examined:
    case Bug::evidence_unsigned:
    case Bug::conflict_believed: return {Attack::false_evidence, std::nullopt};
    case Bug::leaf_not_compared: return {Attack::wrong_book, std::nullopt};
    case Bug::receipt_of_anybody: return {Attack::garbage, std::nullopt};
    // Any liar that is an owner, and that does not record the transfer itself.
    case Bug::acks_dropped_with_key: return {Attack::replayed_note, std::nullopt};
    case Bug::lock_ignored:
    case Bug::records_left_unsigned:
    case Bug::sent_before_commit:
    case Bug::vote_before_commit:
    case Bug::epoch_before_commit:
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
    case Bug::journal_left:
    case Bug::removal_not_journalled:
    case Bug::number_given_again:
    case Bug::small_row_left:
    case Bug::row_end_not_journalled:
    case Bug::granted_id_listed:
    case Bug::committed_voted_again:
    case Bug::requests_refused:
    case Bug::first_ballot_taken:
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
  if (bug == Bug::requests_refused) plan.make_calm();
  if (needs.fault) plan.faults.set(static_cast<std::size_t>(*needs.fault));
  if (bug == Bug::message_never_again || bug == Bug::spoiled_book_borne) {
    // Where there are liars, users ask again by hand.
    plan.villains = 0;
    plan.attacks.reset();
    plan.forbid_restores();
  }
  if (bug == Bug::spoiled_book_borne) plan.harshness = 300;
  // The transfer must be recorded before the requester finds the book false: it claims, and gets the key from shares.
  if (bug == Bug::leaf_not_compared) plan.attacks.set(static_cast<std::size_t>(Attack::never_releasing));
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

}  // namespace bookchain::sim
