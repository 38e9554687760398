// What faults, attacks and planted bugs are called on the command line and in what is printed.
#include "tests/sim/plan.hpp"

namespace bookchain::sim {

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::loss: return "loss";
    case Fault::duplication: return "duplication";
    case Fault::reordering: return "reordering";
    case Fault::delay: return "delay";
    case Fault::partition: return "partition";
    case Fault::old_file: return "old-file";
    case Fault::bad_bytes: return "bad-bytes";
    case Fault::lost_package: return "lost-package";
    case Fault::send_error: return "send-error";
    case Fault::crash: return "crash";
    case Fault::crash_in_commit: return "crash-in-commit";
    case Fault::lost_bookkeeping: return "lost-bookkeeping";
    case Fault::read_error: return "read-error";
    case Fault::io_error: return "io-error";
    case Fault::disk_full: return "disk-full";
    case Fault::shelf_error: return "shelf-error";
    case Fault::torn_package: return "torn-package";
    case Fault::restore: return "restore";
    case Fault::undeclared_restore: return "undeclared-restore";
    case Fault::clock_skew: return "clock-skew";
    case Fault::clock_jump: return "clock-jump";
    case Fault::pause: return "pause";
    case Fault::link_error: return "link-error";
    case Fault::error_in_log: return "error-in-log";
    case Fault::begin_error: return "begin-error";
    case Fault::idle_read_error: return "idle-read-error";
    case Fault::full_disk: return "full-disk";
    case Fault::late_send_error: return "late-send-error";
  }
  return "";
}

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
    case Attack::false_evidence: return "false-evidence";
  }
  return "";
}

std::string_view name(Bug bug) {
  switch (bug) {
    case Bug::vote_not_stored: return "vote-not-stored";
    case Bug::lock_ignored: return "lock-ignored";
    case Bug::quorum_one_less: return "quorum-one-less";
    case Bug::prevote_quorum_one_less: return "prevote-quorum-one-less";
    case Bug::dedupe_dropped: return "dedupe-dropped";
    case Bug::malleable_accepted: return "malleable-accepted";
    case Bug::batch_not_checked: return "batch-not-checked";
    case Bug::records_left_unsigned: return "records-left-unsigned";
    case Bug::sent_before_commit: return "sent-before-commit";
    case Bug::vote_before_commit: return "vote-before-commit";
    case Bug::epoch_before_commit: return "epoch-before-commit";
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
    case Bug::receipt_of_anybody: return "receipt-of-anybody";
    case Bug::first_ballot_of_anybody: return "first-ballot-of-anybody";
    case Bug::first_ballot_taken: return "first-ballot-taken";
    case Bug::old_answers_taken: return "old-answers-taken";
    case Bug::old_answers_recalled: return "old-answers-recalled";
    case Bug::silence_borne: return "silence-borne";
    case Bug::spoiled_book_borne: return "spoiled-book-borne";
    case Bug::committed_voted_again: return "committed-voted-again";
    case Bug::requests_refused: return "requests-refused";
    case Bug::key_not_kept: return "key-not-kept";
    case Bug::share_dropped_with_block: return "share-dropped-with-block";
    case Bug::evidence_replaced: return "evidence-replaced";
    case Bug::evidence_not_examined: return "evidence-not-examined";
    case Bug::evidence_unsigned: return "evidence-unsigned";
    case Bug::conflict_believed: return "conflict-believed";
    case Bug::leaf_not_compared: return "leaf-not-compared";
    case Bug::journal_left: return "journal-left";
    case Bug::removal_not_journalled: return "removal-not-journalled";
    case Bug::number_given_again: return "number-given-again";
    case Bug::small_row_left: return "small-row-left";
    case Bug::row_end_not_journalled: return "row-end-not-journalled";
    case Bug::granted_id_listed: return "granted-id-listed";
  }
  return "";
}

}  // namespace bookchain::sim
