#include "tests/sim/planted.hpp"

#include <algorithm>

#include "ledger/chain.hpp"
#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim::planted {

namespace {

std::optional<Bug> present;

/// An invariant that a bug breaks itself, and what stands in the detail where the name says too little.
struct Proof {
  std::string_view invariant;
  std::string_view detail = {};
};

/// That nothing goes on in a network, or that two chains differ, may come of nearly any bug; it is no sign that the
/// simulator looks at the right place.
std::vector<Proof> proofs_of(Bug bug) {
  static constexpr std::string_view valid = "agreement and validity";
  static constexpr std::string_view justified = "a prevote stands on a justified proposal";
  static constexpr std::string_view chosen = "a chosen block is never voted against";
  static constexpr std::string_view blamed = "honest peers are never blamed";
  static constexpr std::string_view lock = "a lock is never forgotten";
  static constexpr std::string_view signed_two =
      "no honest key signs two different statements of one kind about one thing";
  switch (bug) {
    case Bug::vote_not_stored:
    case Bug::old_answers_taken:
    case Bug::committed_voted_again:
    case Bug::votes_after_restore: return {{lock}, {signed_two}, {chosen}};
    case Bug::vote_not_kept: return {{"what a peer signs is durable before it is sent"}};
    case Bug::lock_ignored: return {{lock}, {chosen}};
    case Bug::counted_by_signature: return {{valid, "breaks rule Q2"}};
    // With an answer less, too, a proposer goes on.
    case Bug::quorum_one_less: return {{valid, "breaks rule Q2"}, {justified}};
    case Bug::dedupe_dropped: return {{"a message is taken once"}};
    // Each of the rules that a signature is good, as it is in any of them.
    case Bug::malleable_accepted:
      return {{valid, "breaks rule K1"}, {valid, "breaks rule G1"}, {valid, "breaks rule T3"},
              {valid, "breaks rule T4"}, {valid, "breaks rule T5"}, {valid, "breaks rule T6"},
              {valid, "breaks rule X2"}, {valid, "breaks rule B7"}, {valid, "breaks rule Q2"}};
    // Of those that may be signed in batches.
    case Bug::batch_not_checked:
      return {{valid, "breaks rule G1"}, {valid, "breaks rule T3"}, {valid, "breaks rule T4"},
              {valid, "breaks rule T5"}, {valid, "breaks rule T6"}, {valid, "breaks rule X2"}};
    case Bug::records_left_unsigned: return {{"what a peer signs is durable before it is sent"}};
    case Bug::sent_before_commit:
    case Bug::vote_before_commit:
    case Bug::epoch_before_commit: return {{"nothing is sent that is not durable"}};
    case Bug::note_before_commit: return {{"acknowledged is durable"}, {"nothing is sent that is not durable"}};
    case Bug::answers_not_bound: return {{valid, "breaks rule T5"}};
    case Bug::title_not_checked: return {{valid, "breaks rule C3"}};
    case Bug::version_not_checked: return {{valid, "breaks rule V2"}};
    // The same checks decide about evidence.
    case Bug::paths_not_checked: return {{valid, "breaks rule D4"}, {blamed}};
    case Bug::true_chunk_disputed: return {{valid, "breaks rule D5"}, {blamed}};
    case Bug::undealt_shares_taken: return {{valid, "breaks rule D6"}, {blamed}};
    case Bug::second_block: return {{valid, "two blocks of height"}};
    case Bug::first_ballot_of_anybody: return {{justified}};
    case Bug::first_ballot_taken: return {{"a first ballot is of the peer after the last miner"}};
    case Bug::justification_of_other_ballot: return {{justified}, {valid, "two blocks of height"}, {chosen}};
    case Bug::two_prevotes: return {{signed_two}};
    case Bug::release_after_abort: return {{"RELEASE and ABORT are never both signed in one turn"}};
    case Bug::book_not_removed: return {{"a book lies on its owner's shelf alone"}};
    case Bug::small_row_left:
      return {{"tables and journals say together what was written"}, {"nothing is sent that is not durable"}};
    case Bug::journal_left:
    case Bug::row_end_not_journalled:
    case Bug::number_given_again:
    case Bug::removal_not_journalled: return {{"tables and journals say together what was written"}};
    case Bug::granted_id_listed: return {{"a witness lists the ids that wait for a GRANT, and no others"}};
    case Bug::share_not_kept:
    case Bug::share_not_checked: return {{"an ACK says that a fitting share is durable"}};
    case Bug::grant_not_remembered: return {{signed_two}};
    case Bug::share_before_transfer: return {{"a requester that lies has no key before the transfer"}};
    case Bug::ended_request_forgotten: return {{"acknowledged is never lost"}};
    case Bug::message_never_again: return {{"everything ends"}};
    case Bug::other_signer_accused:
    case Bug::torn_package_trusted: return {{blamed}};
    case Bug::ownership_too_far: return {{"exactly one owner of a book and version"}};
    case Bug::block_falsified: return {{"all chains are equal byte for byte"}};
    case Bug::chance_from_outside: return {{"one seed gives one trace"}};
    case Bug::assertion_fails: return {{"the process died of signal 6"}};
    case Bug::torn_text_trusted: return {{"an honest requester reads the book"}, {"an owner has the registered bytes"}};
    case Bug::consent_dropped_at_release: return {{"acknowledged is never lost"}};
    case Bug::acks_dropped_with_key: return {{"an honest requester that has key and RELEASE can have it recorded"}};
    case Bug::claim_not_answered: return {{"an exchange that was consented to ends, or there is evidence"}};
    case Bug::state_forgotten: return {{"acknowledged is never lost"}};
    case Bug::end_misnamed: return {{"an exchange is committed exactly if the chain holds it"}};
    case Bug::block_not_kept: return {{"a chain has no holes"}};
    case Bug::fork_imagined: return {{"no fork is seen"}};
    case Bug::threshold_one_less: return {{"shares below the threshold give no key"}};
    case Bug::disk_stays_broken: return {{"a healed peer works"}};
    case Bug::locked_block_unchecked: return {{"everything ends"}};
    case Bug::silence_borne: return {{"everything ends", "lacks blocks"}};
    case Bug::spoiled_book_borne: return {{"everything ends", " is granted at "}};
    case Bug::lock_passed_over:
    case Bug::lock_certificate_unchecked: return {{justified}, {chosen}};
    case Bug::prevote_quorum_one_less:
    case Bug::prevotes_unchecked: return {{"a precommit stands on a quorum of prevotes"}};
    case Bug::late_precommit: return {{lock}};
    case Bug::type_not_checked: return {{valid, "breaks rule Q2"}};
    case Bug::deal_gives_key: return {{valid, "breaks rule D7"}, {blamed}};
    case Bug::removed_too_early: return {{"a book lies on its owner's shelf alone", " lost "}};
    case Bug::owners_end_misnamed: return {{"an exchange is committed exactly if the chain holds it", "its owner"}};
    case Bug::requests_refused: return {{"an exchange that nothing disturbs is committed"}};
    case Bug::key_not_kept: return {{"what a peer signs is durable before it is sent"}};
    case Bug::receipt_of_anybody:
    case Bug::share_dropped_with_block: return {{"a witness keeps the share that it acknowledged"}};
    case Bug::evidence_replaced: return {{"evidence is never lost"}};
    case Bug::recall_skipped: return {{"a restored owner grants and releases nothing before it has asked"}};
    case Bug::old_answers_recalled:
    case Bug::recall_ignored: return {{"a restored owner remembers what those that answered it hold"}};
    case Bug::evidence_not_examined:
    case Bug::evidence_unsigned:
    case Bug::conflict_believed: return {{blamed}};
    case Bug::leaf_not_compared: return {{"an honest requester has the book or evidence"}};
  }
  return {};
}

}  // namespace

void switch_on(std::optional<Bug> bug) {
  present = bug;
  accept_malleable(is_on(Bug::malleable_accepted));
}

bool is_on(Bug bug) { return present == bug; }

bool forgets(const ledger::ShelfTask& task) {
  return is_on(Bug::book_not_removed) && task.action == ledger::ShelfAction::remove_book;
}

namespace {

/// The promise and the answer are there, what was voted for is not.
void forget_vote(SimStore& store) {
  auto voter = ledger::voters.get(store, 0);
  if (!voter) return;
  voter->prevote.reset();
  voter->precommit.reset();
  voter->lock.reset();
  store.falsify(ledger::Table::voter, ledger::encode(std::uint8_t{0}), ledger::encode(*voter));
}

/// An exchange is as it was before the consent.
void forget_consent(SimStore& store) {
  for (auto& [exchange, record] : ledger::exchanges.all(store)) {
    if (record.role != ledger::Role::requester || !record.consent || ledger::has_ended(record.state)) continue;
    record.state = ledger::ExchangeState::granted;
    record.consent.reset();
    return store.falsify(ledger::Table::exchanges, ledger::encode(exchange), ledger::encode(record));
  }
}

}  // namespace

void after_a_crash(SimStore& store) {
  if (is_on(Bug::vote_not_stored)) forget_vote(store);
  if (is_on(Bug::state_forgotten)) forget_consent(store);
}

void at_the_end(SimStore& store) {
  if (!is_on(Bug::block_falsified)) return;
  auto last = store.last(ledger::Table::blocks, {});
  if (!last) return;
  last->second[last->second.size() / 2] ^= 1U;
  store.falsify(ledger::Table::blocks, last->first, std::move(last->second));
}

void before_it_is_looked_at(SimStore& store, const Genesis& genesis, const std::map<PeerPort, Identity>& identities,
                            Height known) {
  const auto head = head_fact.get(store);
  if (!is_on(Bug::second_block) || !head || head->height != known) return;
  const auto row = blocks.get(store, known);
  if (!row) return;
  const auto& header = row->block.header;
  const Head before{Height{known.value - 1}, header.body.previous, {}};
  CommittedBlock other;
  other.block = mine_block(genesis, identities.at(header.signer), before, Time{header.body.time.value + 1},
                           row->block.transactions);
  other.certificate.vote = row->certificate.vote;
  other.certificate.vote.block = genesis.block_hash(other.block);
  for (const auto& [port, identity] : identities) {
    const auto vote = sign_statement(genesis.id(), port, identity.signing_key, other.certificate.vote);
    other.certificate.votes.push_back({port, vote.signature});
  }
  store.falsify(Table::blocks, encode(known), encode(other));
}

bool is_proof_of(Bug bug, std::string_view invariant, std::string_view detail) {
  return std::ranges::any_of(proofs_of(bug), [&](const Proof& proof) {
    return proof.invariant == invariant && detail.find(proof.detail) != std::string_view::npos;
  });
}

}  // namespace bookchain::sim::planted
