#!/usr/bin/env python3
"""Writes copies of the rules with bugs in them, each behind a switch that is off unless a run asks for it.

    plant.py SOURCE TARGET

Every entry below is (bug, file, text as it is, text with the bug). The text must stand in the file exactly
as often as is said, else the build stops here: a planted bug that no longer fits plants nothing, and the
test that finds it would mean nothing. The program itself is never built from these copies.
"""
import pathlib
import sys

BUGS = [
    # A voter forgets in its ANSWER what it is locked on.
    ("lock_ignored", "ledger/voter.cpp", 1,
     "if (voter.lock) lock =",
     "if (voter.lock && !ON) lock ="),
    # One vote less makes a block final.
    ("quorum_one_less", "ledger/genesis.hpp", 1,
     "return (peer_count() + faults_borne()) / 2 + 1; }",
     "return (peer_count() + faults_borne()) / 2 + (ON ? 0 : 1); }"),
    # One prevote less is enough to precommit, for who collects them and for who is shown them.
    ("prevote_quorum_one_less", "ledger/proposer.cpp", 1,
     "const bool enough = record->prevotes.size() >= context.genesis.vote_quorum();",
     "const bool enough = record->prevotes.size() + (ON ? 1 : 0) >= context.genesis.vote_quorum();"),
    ("prevote_quorum_one_less", "ledger/genesis.hpp", 1,
     "if (certificate.votes.size() < vote_quorum()) {",
     "if (certificate.votes.size() + (ON && std::is_same_v<Vote, Prevote> ? 1 : 0) < vote_quorum()) {"),
    # What was taken before is taken again.
    ("dedupe_dropped", "transport/delivery.cpp", 1,
     "*first == id ? Admission::duplicate :",
     "*first == id ? (ON ? Admission::fresh : Admission::duplicate) :"),
    # Messages leave before what they say is durable.
    ("sent_before_commit", "transport/courier.cpp", 1,
     "if (changed) reach(KillPoint::before_commit);",
     "if (changed) reach(KillPoint::before_commit);\n  if (ON) BOOKCHAIN_CHECK(deliver_all(notes, drained, report));"),
    # A vote is taken for a message that binds nobody.
    ("vote_before_commit", "ledger/message.cpp", 1,
     "std::holds_alternative<PrevotesMessage>(message);",
     "std::holds_alternative<PrevotesMessage>(message) || (ON && std::holds_alternative<PrevoteMessage>(message));"),
    # What may be forgotten leaves under an epoch that may be, too.
    ("epoch_before_commit", "transport/courier.cpp", 1,
     "&& patient_ && !renewed_)",
     "&& patient_ && (ON || !renewed_))"),
    # A message is acknowledged although its transaction failed.
    ("note_before_commit", "transport/courier.cpp", 1,
     "roll_back();\n    return committed;",
     "roll_back();\n    if (ON) (void)deliver_all(notes, drained, report);\n    return committed;"),
    # A signature with S + L verifies. Over the stub signature, whose file is no copy, the same is a switch of its own.
    ("malleable_accepted", "ledger/crypto_curve.cpp", 1,
     "if (!below(bytes.subspan(32), group_order)) return false;",
     "if (!ON && !below(bytes.subspan(32), group_order)) return false;"),
    # A place in a batch is believed without the signature of the batch.
    ("batch_not_checked", "ledger/genesis.cpp", 1,
     "  BOOKCHAIN_CHECK(check_signature(signer, unsigned_bytes(id_, signer, Batch{place.count, *root}), signature, what));",
     "  if (ON) return success();\n"
     "  BOOKCHAIN_CHECK(check_signature(signer, unsigned_bytes(id_, signer, Batch{place.count, *root}), signature, what));"),
    # What a peer signs at the end of a turn is not written to its records.
    ("records_left_unsigned", "transport/courier_enqueue.cpp", 1,
     "    signer.fill(*record);\n",
     "    if (!ON) signer.fill(*record);\n"),
    # Answers about the id of one exchange count in another.
    ("answers_not_bound", "ledger/transaction.cpp", 1,
     "return answer.exchange == exchange && answer.consent == consent_id && answer.yes;",
     "return (ON || (answer.exchange == exchange && answer.consent == consent_id)) && answer.yes;"),
    # A grant or ABORT of another version or turn is recorded.
    ("version_not_checked", "ledger/transaction.cpp", 1,
     "if (stand.version != version || stand.turn != turn) {",
     "if (!ON && (stand.version != version || stand.turn != turn)) {"),
    # One peer with several signatures is a quorum.
    ("counted_by_signature", "ledger/genesis.hpp", 1,
     "if (!(last < vote.signer)) {",
     "if (!(last < vote.signer) && !ON) {"),
    ("counted_by_signature", "ledger/codec.hpp", 1,
     "if (!values.empty() && !(values.back().signer < item.signer))",
     "if (!values.empty() && !ON && !(values.back().signer < item.signer))"),
    # A restored home votes at once.
    ("votes_after_restore", "ledger/voter.cpp", 1,
     "  if (may_vote(context.draft, height)) return",
     "  if (ON || may_vote(context.draft, height)) return"),
    # Answers to one ballot justify a proposal in another.
    ("justification_of_other_ballot", "ledger/voter.cpp", 1,
     "answer.body.height != body.height || answer.body.ballot != body.ballot)",
     "answer.body.height != body.height || (!ON && answer.body.ballot != body.ballot))"),
    # A second proposal in a ballot gets a second prevote.
    ("two_prevotes", "ledger/voter.cpp", 1,
     "if (voter.prevote && voter.prevote->body.ballot == body.ballot) {",
     "if (voter.prevote && !ON && voter.prevote->body.ballot == body.ballot) {"),
    # An owner releases the key in a turn that it aborted.
    ("release_after_abort", "ledger/exchange_wish.cpp", 1,
     "if (turn.abort_signed) {",
     "if (turn.abort_signed && !ON) {"),
    ("release_after_abort", "ledger/node.cpp", 1,
     "if (record.abort_sent || (turn && turn->abort_signed)) return",
     "if (!ON && (record.abort_sent || (turn && turn->abort_signed))) return"),
    # A witness signs an ACK for a share that does not fit.
    ("share_not_checked", "ledger/exchange_witness.cpp", 1,
     "if (share_commitment(exchange, *index, message.share) != message.grant.body.share_commitments[*index]) {",
     "if (!ON && share_commitment(exchange, *index, message.share) != message.grant.body.share_commitments[*index]) {"),
    # An owner grants one book to a second requester in one turn.
    ("grant_not_remembered", "ledger/exchange_due.cpp", 1,
     "if (turn && turn->requester != requester_of(record) && !turn->exchanges.empty()) {",
     "if (turn && !ON && turn->requester != requester_of(record) && !turn->exchanges.empty()) {"),
    ("grant_not_remembered", "ledger/exchange_request.cpp", 1,
     "if (turn && !turn->exchanges.empty() && turn->requester != request.signer) {",
     "if (turn && !ON && !turn->exchanges.empty() && turn->requester != request.signer) {"),
    # A witness gives the requester its share before the TRANSFER is recorded.
    ("share_before_transfer", "ledger/exchange_share.cpp", 1,
     "if (!moved.get(context.draft, message.exchange)) {",
     "if (!moved.get(context.draft, message.exchange) && !ON) {"),
    # A requester keeps nothing of a request that is over.
    ("ended_request_forgotten", "ledger/exchange_parts.cpp", 1,
     "exchanges.put(context.draft, exchange, record);",
     "exchanges.put(context.draft, exchange, record);\n"
     "  if (ON && record.role == Role::requester && is_over(record.state)) exchanges.erase(context.draft, exchange);"),
    # Of one type a message that got lost is not sent again.
    ("message_never_again", "transport/courier_send.cpp", 1,
     "if (!(key.number < end) || bytes >= *room) return false;",
     "if (!(key.number < end) || bytes >= *room) return false;\n"
     "  if (ON && again && std::holds_alternative<KeyAnswerMessage>(decode<Message>(row.payload).value())) return true;"),
    # Evidence about a turn names the requester.
    ("other_signer_accused", "ledger/evidence.cpp", 1,
     "about.accused = grant.signer;",
     "about.accused = ON ? request.signer : grant.signer;"),
    # A move of a book counts twice.
    ("ownership_too_far", "ledger/transaction.cpp", 1,
     "++stand.version.value;",
     "stand.version.value += ON ? 2 : 1;"),
    # Something that no seed decides has a say.
    ("chance_from_outside", "transport/courier.cpp", 1,
     "for (const auto byte : bits.bytes) random = (random << 8U) | byte;",
     "for (const auto byte : bits.bytes) random = (random << 8U) | byte;\n  if (ON) random ^= std::random_device{}();"),
    # A witness answers about the id to the owner alone, so that nobody can claim.
    ("claim_not_answered", "ledger/exchange_witness.cpp", 1,
     "if (from != message.grant.signer && from != message.request.signer) {",
     "if (from != message.grant.signer && (ON || from != message.request.signer)) {"),
    # What a DISPUTE must prove is not looked at: where the paths lead, whether the chunk is false, whose shares they are.
    ("paths_not_checked", "ledger/fraud.cpp", 1,
     "if (!lead) return",
     "if (!lead && !ON) return"),
    ("true_chunk_disputed", "ledger/fraud.cpp", 1,
     "if (open && chunk_leaf(open.value().salt, open.value().chunk) == proof.leaf) {",
     "if (!ON && open && chunk_leaf(open.value().salt, open.value().chunk) == proof.leaf) {"),
    # Another text that was encrypted as it should be passes for the book: only what does not decrypt counts as false.
    ("leaf_not_compared", "ledger/fraud.cpp", 1,
     "open && chunk_leaf(open.value().salt, open.value().chunk) == proof.leaf) {",
     "open && (ON || chunk_leaf(open.value().salt, open.value().chunk) == proof.leaf)) {"),
    # What others tell of a peer is believed as it is: all of it, all but for its signatures, two GRANTs.
    ("evidence_not_examined", "ledger/sightings.cpp", 1,
     "if (auto failure = examine(context.genesis, message.evidence).failure) return *failure;",
     "if (auto failure = examine(context.genesis, message.evidence).failure; failure && !ON) return *failure;"),
    ("evidence_unsigned", "ledger/evidence_check.cpp", 1,
     "text_of(statement.signer), genesis_.check(statement));",
     "text_of(statement.signer),\n                  ON ? Result<void>(success()) : genesis_.check(statement));"),
    ("conflict_believed", "ledger/exchange_request.cpp", 1,
     "if (!one_owner || !ours || (!same_exchange && !same_turn)) {",
     "if (!ON && (!one_owner || !ours || (!same_exchange && !same_turn))) {"),
    ("undealt_shares_taken", "ledger/fraud.cpp", 1,
     "if (!index || share_commitment(exchange, *index, dealt.share) != grant.share_commitments[*index]) {",
     "if (!index || (!ON && share_commitment(exchange, *index, dealt.share) != grant.share_commitments[*index])) {"),
    # Text need not be UTF-8, in what is read and in what is registered.
    ("title_not_checked", "ledger/codec.hpp", 1,
     "if (!is_utf8(value)) fail(",
     "if (!ON && !is_utf8(value)) fail("),
    ("title_not_checked", "ledger/book.cpp", 1,
     "text.size() <= max_title_bytes && is_utf8(text);",
     "text.size() <= max_title_bytes && (ON || is_utf8(text));"),
    # The block that comes with a lock takes the place of the one at hand, whatever it is.
    ("locked_block_unchecked", "ledger/proposer.cpp", 1,
     "if (!candidates.get(context.draft, body.lock->block)) {\n"
     "      BOOKCHAIN_CHECK(check_block(context.genesis, context.draft, message.lock->block));",
     "if (ON || !candidates.get(context.draft, body.lock->block)) {\n"
     "      if (!ON) BOOKCHAIN_CHECK(check_block(context.genesis, context.draft, message.lock->block));"),
    # A proposer may pass over the lock that answers name, or bring one that nobody made.
    ("lock_passed_over", "ledger/voter.cpp", 1,
     "  if (!proven) {\n",
     "  if (ON && !message.highest_lock && message.block.header.signer == body.ballot.port) return success();\n"
     "  if (!proven) {\n"),
    ("lock_certificate_unchecked", "ledger/voter.cpp", 1,
     "  return context.genesis.check_certificate(*message.highest_lock);",
     "  if (ON) return success();\n  return context.genesis.check_certificate(*message.highest_lock);"),
    # A voter locks on prevotes that are none, or that come when it has promised a later ballot.
    ("prevotes_unchecked", "ledger/voter.cpp", 1,
     "  BOOKCHAIN_CHECK(context.genesis.check_certificate(message.certificate));\n  see_prevotes(",
     "  if (!ON) BOOKCHAIN_CHECK(context.genesis.check_certificate(message.certificate));\n  see_prevotes("),
    ("late_precommit", "ledger/voter.cpp", 1,
     "if (vote.ballot < voter.promise) return",
     "if (vote.ballot < voter.promise && !ON) return"),
    # A prevote counts as a precommit, an ACK as a CONSENT: the bytes that are signed differ in the type alone.
    ("type_not_checked", "ledger/genesis.hpp", 1,
     "    return check_signature(statement.signer, unsigned_bytes(id_, statement.signer, statement.body), statement.signature,",
     "    if (ON) {\n"
     "      auto other = unsigned_bytes(id_, statement.signer, statement.body);\n"
     "      if (Body::type == StatementType::precommit) other[11] = static_cast<std::uint8_t>(StatementType::prevote);\n"
     "      if (Body::type == StatementType::consent) other[11] = static_cast<std::uint8_t>(StatementType::ack);\n"
     "      if (check_signature(statement.signer, other, statement.signature, {})) return success();\n"
     "    }\n"
     "    return check_signature(statement.signer, unsigned_bytes(id_, statement.signer, statement.body), statement.signature,"),
    # A DISPUTE may bring shares that give the key.
    ("deal_gives_key", "ledger/fraud.cpp", 1,
     "  if (key_commitment(exchange, key) == grant.key_commitment) return no_proof(",
     "  if (!ON && key_commitment(exchange, key) == grant.key_commitment) return no_proof("),
    # A requester takes its recorded exchange for one that the chain left behind.
    ("end_misnamed", "ledger/exchange_end.cpp", 1,
     "record->state = ExchangeState::committed;",
     "record->state = ON && record->role == Role::requester ? ExchangeState::invalid : ExchangeState::committed;"),
    # A block counts as appended and is not kept.
    ("block_not_kept", "ledger/chain.cpp", 1,
     "if (keep_blocks) blocks.put(draft, height, committed);",
     "if (keep_blocks && (!ON || height.value % 3 != 0)) blocks.put(draft, height, committed);"),
    # A voter sends a prevote that it does not write down.
    ("vote_not_kept", "ledger/voter.cpp", 1,
     "voter.prevote = context.sign(Prevote{body.height, body.ballot, body.block});\n  keep_vote(context, voter);",
     "voter.prevote = context.sign(Prevote{body.height, body.ballot, body.block});\n  if (!ON) keep_vote(context, voter);"),
    # An assertion that does not hold.
    ("assertion_fails", "ledger/chain.cpp", 1,
     "head_fact.put(draft, Head{height, genesis.block_hash(block), block.header.signer});",
     "head_fact.put(draft, Head{height, genesis.block_hash(block), block.header.signer});\n  if (ON && height.value == 2) std::abort();"),
    # A block that comes a second time is taken for another one.
    ("fork_imagined", "ledger/catch_up.cpp", 1,
     "if (!own || context.genesis.block_hash(own->block) == block) return",
     "if (!own || (!ON && context.genesis.block_hash(own->block) == block)) return"),
    # One witness less can give the key back.
    ("threshold_one_less", "ledger/exchange_wish.cpp", 1,
     "split(wish.rehearsed_dealt.value_or(wish.key), context.genesis.share_threshold(), ports.size(),\n"
     "                            wish.coefficients);",
     "split(wish.rehearsed_dealt.value_or(wish.key), context.genesis.share_threshold() - (ON ? 1 : 0), ports.size(),\n"
     "                            ByteView(wish.coefficients).first(wish.coefficients.size() - (ON ? BookKey::size : 0)));"),
    # An owner keeps no CONSENT once it has released the key; ACKs and answers it would be sent again.
    ("consent_dropped_at_release", "ledger/exchange_wish.cpp", 1,
     "record.release = statement;",
     "record.release = statement;\n  if (ON) record.consent.reset();"),
    # A requester keeps none once it has the key.
    ("acks_dropped_with_key", "ledger/exchange_check.cpp", 1,
     "record.release = message.release;",
     "record.release = message.release;\n  if (ON) record.acks.clear();"),
    # An owner's copy leaves its shelf with an ABORT, although the book stays.
    ("removed_too_early", "ledger/exchange_end.cpp", 1,
     "see_abort(context, *abort);",
     "see_abort(context, *abort);\n"
     "      if (ON && abort->signer == context.self()) {\n"
     "        shelf.erase(context.draft, book);\n"
     "        shelf_task(context, ShelfAction::remove_book, book, ExchangeId{});\n"
     "      }"),
    # An owner takes its recorded exchange for one that the chain left behind.
    ("owners_end_misnamed", "ledger/exchange_end.cpp", 1,
     "// A book found false stays so, and can be disputed as it is.",
     "if (ON && record->role == Role::owner) record->state = ExchangeState::invalid;\n"
     "  // A book found false stays so, and can be disputed as it is."),
    # A restored owner grants and releases before it has asked what it signed, and keeps nothing of what it is told.
    ("recall_skipped", "ledger/catch_up.cpp", 1,
     "if (!mute_until) return success();\n  const auto awaited",
     "if (!mute_until || ON) return success();\n  const auto awaited"),
    ("recall_ignored", "ledger/exchange_recall.cpp", 1,
     "    BOOKCHAIN_CHECK(take_own_grant(context, grant));",
     "    if (!ON) BOOKCHAIN_CHECK(take_own_grant(context, grant));"),
    # A restored home takes answers to any restore for answers to its last one.
    ("old_answers_taken", "ledger/catch_up.cpp", 1,
     "if (!restore || message.question != restore->question) return",
     "if (!restore || (!ON && message.question != restore->question)) return"),
    ("old_answers_recalled", "ledger/exchange_recall.cpp", 1,
     "if (!recall || message.question != recall->question) return",
     "if (!recall || (!ON && message.question != recall->question)) return"),
    # A voter answers NEWROUNDs about heights that are committed.
    ("committed_voted_again", "ledger/catch_up.cpp", 1,
     "    send_blocks(context, from, std::max(height, Height{1}));\n    return Relevance::past;",
     "    send_blocks(context, from, std::max(height, Height{1}));\n"
     "    return ON && kind == DeferredKind::new_round ? Relevance::now : Relevance::past;"),
    # A voter that hears nothing more of a height asks nobody.
    ("silence_borne", "ledger/voter.cpp", 1,
     "  context.send_to_others(WantBlocks{voter.height});",
     "  if (!ON) context.send_to_others(WantBlocks{voter.height});"),
    # A requester that has a GRANT without the book waits for good.
    ("spoiled_book_borne", "ledger/exchange_recovery.cpp", 1,
     "if (record && lacks_package(*record)) return",
     "if (record && !ON && lacks_package(*record)) return"),
    # An owner refuses whatever it is asked for.
    ("requests_refused", "ledger/exchange_request.cpp", 1,
     "  if (!book) {\n    return refuse(",
     "  if (!book || ON) {\n    return refuse("),
    # An owner grants and keeps no key.
    ("key_not_kept", "ledger/exchange_wish.cpp", 1,
     "  record.key = wish.key;\n",
     "  if (!ON) record.key = wish.key;\n"),
    # A witness drops the share of an exchange that is committed, whether the requester has the book or not.
    ("share_dropped_with_block", "ledger/exchange_end.cpp", 1,
     "      forget_id(context, WitnessIdKey{requester_of(*record), exchange});\n      break;",
     "      forget_id(context, WitnessIdKey{requester_of(*record), exchange});\n"
     "      if (ON) record->shares.clear();\n      break;"),
    # Of all that a peer finds out about others it keeps the last.
    ("evidence_replaced", "ledger/sightings.cpp", 1,
     "  evidence_rows.put(context.draft, EvidenceKey{about.accused, about.id},\n",
     "  for (const auto& [key, row] : evidence_rows.all(context.draft)) {\n"
     "    if (ON) evidence_rows.erase(context.draft, key);\n  }\n"
     "  evidence_rows.put(context.draft, EvidenceKey{about.accused, about.id},\n"),
    # A witness acknowledges a share and does not keep it.
    ("share_not_kept", "ledger/exchange_witness.cpp", 1,
     "  record.acks.push_back(ack);\n",
     "  record.acks.push_back(ack);\n  if (ON) record.shares.clear();\n"),
    # A peer proposes in the first ballot of a height whoever mined the block before.
    ("first_ballot_taken", "ledger/proposer.cpp", 1,
     "first_proposer(context.genesis, chain_head(context.genesis, context.draft)) == context.self();",
     "(ON || first_proposer(context.genesis, chain_head(context.genesis, context.draft)) == context.self());"),
    # Everybody may propose in the first ballot of a height.
    ("first_ballot_of_anybody", "ledger/voter.cpp", 1,
     "if (first_proposer(context.genesis, chain_head(context.genesis, context.draft)) != ballot.port) {",
     "if (!ON && first_proposer(context.genesis, chain_head(context.genesis, context.draft)) != ballot.port) {"),
    # A receipt of anybody lets a witness forget its share.
    ("receipt_of_anybody", "ledger/exchange_share.cpp", 1,
     "if (requester_of(*record) != requester) return false;",
     "if (!ON && requester_of(*record) != requester) return false;"),
    # What has gone to its tables stays in the journal, which begins anew all the same: after a crash there are rows of
    # both times, or none of the new ones.
    ("journal_left", "ledger/store/journal_store.cpp", 1,
     "  strip_.clear(writes);\n",
     "  strip_.clear(writes);\n"
     "  if (ON && !writes.empty() && writes.back().table == place_) writes.pop_back();\n"),
    # A row that is gone stays in its table.
    ("removal_not_journalled", "ledger/store/journal_store.cpp", 1,
     "  const ByteView key = place.row->first;\n",
     "  const ByteView key = place.row->first;\n"
     "  if (ON && !place.is_known && !value) return (void)place.rows.erase(place.row);\n"),
    # Two exchanges have their rows under one number.
    ("number_given_again", "ledger/store/numbered_store.cpp", 1,
     "    return next_++;\n",
     "    return ON && next_ % 2 == 1 ? next_++ - 1 : next_++;\n"),
    # Of a row that has a block in it, what stands behind the block is not written to the journal.
    ("row_end_not_journalled", "ledger/store/journal_entry.cpp", 1,
     "shorter.behind = rest.subspan(other.size());",
     "shorter.behind = ON ? ByteView{} : rest.subspan(other.size());"),
    # An id whose GRANT has come stays among those that wait for it, and is pushed out by others.
    ("granted_id_listed", "ledger/exchange_parts.cpp", 1,
     "if (!given || given->order == 0) return;",
     "if (ON || !given || given->order == 0) return;"),
    # A row of a small table that is gone is still there in memory.
    ("small_row_left", "ledger/store/small_tables.cpp", 1,
     "  if (row != kept.rows.end()) {",
     "  if (row != kept.rows.end() && !(ON && !write.value)) {"),
]


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    texts = {}
    for bug, name, times, text, wrong in BUGS:
        if name not in texts:
            texts[name] = (source / name).read_text()
        if texts[name].count(text) != times:
            sys.exit(f"plant.py: bug {bug} does not fit {name} any more: look for\n  {text}")
        texts[name] = texts[name].replace(text, wrong.replace("ON", f"planted::is_on(Bug::{bug})"))
    for name, text in texts.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        first_include = text.index("#include")
        planted = text[:first_include] + '#include "tests/sim/planted_switch.hpp"\n\n' + text[first_include:]
        if not path.exists() or path.read_text() != planted:
            path.write_text(planted)


if __name__ == "__main__":
    main()
