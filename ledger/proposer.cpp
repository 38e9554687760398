// The proposer of section 4: opens ballots, collects answers and votes, sends the certificates round,
// finishes a locked block before its own, and backs off where others are ahead.
#include <limits>
#include <utility>

#include "ledger/consensus_parts.hpp"
#include "ledger/exchange.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// A back-off that is over whatever the clock says: the next Tick proposes all that is pending by then, or asks for a
/// ballot if the first one is lost.
constexpr Time at_end_of_turn{1};
constexpr std::uint64_t first_backoff_us = 100'000;
constexpr std::uint64_t longest_backoff_us = 2'000'000;
constexpr std::uint64_t random_rounds_after_restore = 1U << 16U;
/// What each peer before this one has to come with its NEWROUND, when several wait for the next height.
constexpr std::uint64_t turn_us = 15'000;

std::uint64_t next_pending_number(const Context& context) {
  const auto last = pending.last(context.draft);
  return last ? last->first + 1 : 1;
}

CommitCertificate precommits_of(const ProposerRecord& record) {
  return CommitCertificate{Precommit{record.height, record.ballot, record.block}, record.precommits};
}

/// How many peers come after the last miner and before that one, which opens its ballot when they had their time. The
/// miner itself comes last.
std::size_t place_after_miner(const Genesis& genesis, PeerPort miner, PeerPort port) {
  const auto& peers = genesis.peers();
  const auto place = [&](PeerPort each) {
    return static_cast<std::size_t>(std::ranges::find(peers, each, &Peer::port) - peers.begin());
  };
  return (place(port) + peers.size() - place(miner) + peers.size() - 1) % peers.size();
}

/// Whether this peer has opened no ballot at that height, and promised none.
bool is_untouched(const Context& context, const ProposerRecord& record) {
  return record.ballot == Ballot{} && voter_at(context, record.height).promise == Ballot{};
}

/// Whether this peer may propose in the first ballot of the height. Not where a ballot was opened meanwhile, nor where
/// a restored home may have proposed in it before. By hand every ballot is asked for, so that it can be looked at.
bool has_first_ballot(const Context& context, const ProposerRecord& record) {
  return context.patient && context.goes_first && is_untouched(context, record) &&
         may_vote(context.draft, record.height) &&
         first_proposer(context.genesis, chain_head(context.genesis, context.draft)) == context.self();
}

void open_ballot(Context& context, ProposerRecord& record, std::optional<PeerPort> last = std::nullopt) {
  const auto voter = voter_at(context, record.height);
  auto round = std::max({voter.promise.round, record.highest_seen.round, record.ballot.round}).value;
  if (round == std::numeric_limits<std::uint64_t>::max()) return;
  ++round;
  // Those who precommitted in the ballot that is given up may not hide it later.
  if (!record.precommits.empty()) {
    see_precommits(context, precommits_of(record));
  }
  // A restored home may have opened ballots it forgot: it skips rounds at random.
  if (mute_until_fact.get(context.draft)) round += context.random % random_rounds_after_restore;
  record.ballot = Ballot{Round{round}, context.self()};
  record.phase = ProposerPhase::asking;
  record.answers.clear();
  record.highest_lock.reset();
  record.prevotes.clear();
  record.precommits.clear();
  record.refusals.clear();
  record.retry_at = Time{};
  record.unasked = last ? std::optional(Unasked{*last, Time{}}) : std::nullopt;
  keep(context, record);
  send_to_asked(context, record, NewRound{record.height, record.ballot});
}

/// Where this peer has promised another proposer's ballot, a patient one gives it the time of a back-off to come to
/// its end: its own would interrupt it. Each ballot gets it once.
bool lets_pass(Context& context, ProposerRecord& record) {
  const auto promise = voter_at(context, record.height).promise;
  const bool is_of_another = promise != Ballot{} && promise.port != context.self() && promise != record.let_pass;
  if (!context.patient || !is_of_another) return false;
  record.let_pass = promise;
  record.retry_at = Time{context.now.value + first_backoff_us + context.random % first_backoff_us};
  keep(context, record);
  return true;
}

/// The ballot got through one phase: refusals that did not stop it are forgotten.
void enter(const Context& context, ProposerRecord& record, ProposerPhase phase) {
  record.phase = phase;
  record.refusals.clear();
  record.retry_at = Time{};
  if (record.unasked) record.unasked->lacking_since = context.now;
}

/// The pending transactions that are valid one after another and fit in a block.
std::vector<Transaction> choose_transactions(const Context& context, Height height) {
  std::vector<Transaction> chosen;
  Draft scratch(static_cast<const State&>(context.draft));
  std::size_t bytes = 1024;  // header, signature and counts
  pending.each(context.draft, {}, [&](std::uint64_t, Transaction transaction) {
    const auto size = encoded_size(transaction) + max_place_bytes;
    if (bytes + size > context.genesis.fields().limits.block_bytes || chosen.size() == max_block_transactions) {
      return false;
    }
    if (!check_unsigned_transaction(context.genesis, scratch, transaction, context.self())) return true;
    apply_transaction(context.genesis, scratch, transaction, height);
    bytes += size;
    chosen.push_back(std::move(transaction));
    return true;
  });
  return chosen;
}

/// Step 2.
void propose(Context& context, ProposerRecord& record) {
  std::optional<Block> block;
  if (record.highest_lock) {
    block = candidates.get(context.draft, record.highest_lock->vote.block);
  } else {
    auto transactions = choose_transactions(context, record.height);
    if (!transactions.empty()) {
      block = mine_block(context.genesis, context.identity, chain_head(context.genesis, context.draft), context.now,
                         std::move(transactions));
    }
  }
  if (!block) {
    // Nothing that is pending can be mined on this head: it never will be, and must not open ballots for ever.
    drop_pending(context, [](const Result<void>&) { return true; });
    record.phase = ProposerPhase::idle;
    return keep(context, record);
  }
  record.block = context.genesis.block_hash(*block);
  enter(context, record, ProposerPhase::prevoting);
  candidates.put(context.draft, record.block, *block);
  keep(context, record);
  send_to_asked(context, record, proposal_of(context, record, std::move(*block)));
}

bool has_quorum(const Context& context, const ProposerRecord& record) {
  return record.answers.size() >= context.genesis.vote_quorum();
}

/// A ballot that was opened ahead, and above which this peer has promised another since. What others say that they
/// promised may be a lie.
bool is_overtaken(const Context& context, const ProposerRecord& record) {
  return record.phase == ProposerPhase::asking && has_quorum(context, record) &&
         record.ballot < voter_at(context, record.height).promise;
}

/// A transaction, or the block of a lock. A ballot that was opened ahead waits for it.
bool has_something_to_propose(const Context& context, const ProposerRecord& record) {
  return record.highest_lock || pending.last(context.draft);
}

/// Step 2, once q have answered.
bool propose_if_ready(Context& context, ProposerRecord& record) {
  if (record.phase != ProposerPhase::asking || !has_quorum(context, record)) return false;
  if (!has_something_to_propose(context, record)) return false;
  propose(context, record);
  return true;
}

/// Step 2 without step 1. Whom this peer expected to do without, it does not ask.
void propose_first(Context& context, ProposerRecord& record) {
  record.ballot = first_ballot(context.self());
  record.retry_at = Time{};
  propose(context, record);
}

/// The present ballot of this peer, if a vote for (height, ballot) is for it and the phase is right, or a later one.
std::optional<ProposerRecord> running(const Context& context, Height height, const Ballot& ballot,
                                      ProposerPhase phase) {
  if (height != voting_height(context)) return std::nullopt;
  auto record = proposer_at(context, height);
  if (record.ballot != ballot || record.phase < phase) return std::nullopt;
  return record;
}

/// A vote in this peer's ballot for a block that it did not propose there; `taken` are the votes for the right one.
template <class Vote>
Error refuse_stray(Context& context, const ProposerRecord& record, const std::vector<VoteSignature>& taken,
                   const Signed<Vote>& vote) {
  const auto first = std::ranges::find(taken, vote.signer, &VoteSignature::signer);
  if (first != taken.end()) {
    notice(context, Signed<Vote>{vote.signer, Vote{record.height, record.ballot, record.block}, first->signature});
  }
  notice(context, vote);
  return rejected(Token::bad_statement, "a vote is for another block", text_of(record.ballot));
}

}  // namespace

ProposerRecord proposer_at(const Context& context, Height height) { return record_at(context, proposers, height); }

std::optional<PeerPort> first_proposer(const Genesis& genesis, const Head& head) {
  if (head.miner == PeerPort{}) return std::nullopt;
  for (const auto& peer : genesis.peers()) {
    if (place_after_miner(genesis, head.miner, peer.port) == 0) return peer.port;
  }
  return std::nullopt;
}

void keep(Context& context, const ProposerRecord& record) { proposers.put(context.draft, only_row, record); }

Result<void> submit(Context& context, const Transaction& transaction) {
  BOOKCHAIN_CHECK(check_unsigned_transaction(context.genesis, context.draft, transaction, context.self()));
  pending.put(context.draft, next_pending_number(context), transaction);
  return success();
}

void drop_pending(Context& context, const std::function<bool(const Result<void>&)>& dropped) {
  for (const auto& [number, transaction] : pending.all(context.draft)) {
    const auto checked = check_unsigned_transaction(context.genesis, context.draft, transaction, context.self());
    if (!dropped(checked)) continue;
    pending.erase(context.draft, number);
    on_transaction_dropped(context, transaction,
                           checked ? rejected(Token::bad_statement, "no block can hold it") : checked.error());
  }
}

void wait_for_turn(Context& context, PeerPort miner) {
  if (!context.patient || !pending.last(context.draft)) return;
  const auto before = place_after_miner(context.genesis, miner, context.self());
  if (before == 0) return;
  auto record = proposer_at(context, voting_height(context));
  record.retry_at = Time{context.now.value + before * turn_us};
  keep(context, record);
}

void let_time_pass(Context& context) {
  handle_put_off(context);
  ask_after_silence(context);
  auto record = proposer_at(context, voting_height(context));
  if (is_last_due(record, context.now)) ask_the_last(context, record);
  if (record.retry_at == Time{} || !pause_is_over(record.retry_at, context.now)) return;
  if (!pending.last(context.draft)) {
    record.retry_at = Time{};
    record.phase = ProposerPhase::idle;
    return keep(context, record);
  }
  if (has_first_ballot(context, record)) return propose_first(context, record);
  if (lets_pass(context, record)) return;
  if (record.phase != ProposerPhase::idle) ++record.attempts;
  open_ballot(context, record);
}

void open_ballot_ahead(Context& context, std::optional<PeerPort> last) {
  auto record = proposer_at(context, voting_height(context));
  if (!context.patient || !is_untouched(context, record) || pending.last(context.draft)) return;
  if (!has_first_ballot(context, record)) return open_ballot(context, record, last);
  if (!last || record.unasked) return;
  record.unasked = Unasked{*last, Time{}};
  keep(context, record);
}

void advance_proposer(Context& context) {
  auto record = proposer_at(context, voting_height(context));
  if (is_overtaken(context, record)) record.phase = ProposerPhase::idle;
  if (propose_if_ready(context, record)) return;
  const bool waits_for_answers = record.phase == ProposerPhase::asking && has_something_to_propose(context, record);
  if (record.unasked && waits_for_answers) ask_the_last(context, record);
  if (record.phase != ProposerPhase::idle || record.retry_at != Time{} || !pending.last(context.draft)) return;
  if (has_first_ballot(context, record)) {
    record.retry_at = at_end_of_turn;
    return keep(context, record);
  }
  if (!lets_pass(context, record)) open_ballot(context, record);
}

Result<void> on_promised(Context& context, PeerPort from, const Promised& message) {
  if (message.height != voting_height(context)) return success();
  auto record = proposer_at(context, message.height);
  if (record.phase == ProposerPhase::idle) return success();
  if (message.promise <= record.ballot) {
    if (record.phase == ProposerPhase::asking) lead_up(context, from, message.promise.round, record.ballot);
    return success();
  }
  // A voter that lies about its promise costs this proposer a round, never the numbers; one whose promise was raised
  // far by a liar is reached in one round.
  if (message.promise.round <= highest_in_reach(context.now, record.ballot.round)) {
    record.highest_seen = std::max(record.highest_seen, message.promise);
    // The back-off below gives that ballot its time.
    if (message.promise == voter_at(context, message.height).promise) record.let_pass = message.promise;
  }
  if (std::ranges::find(record.refusals, from) == record.refusals.end()) record.refusals.push_back(from);
  if (record.unasked && record.phase > ProposerPhase::asking) ask_the_last(context, record);
  // With q refused the ballot is lost. With fewer it may be, if those that are silent are gone for good; but the
  // refusal may be a lie, too: so the patience grows until it outlasts the slowest honest answer.
  const bool out_of_reach = context.genesis.peer_count() - record.refusals.size() < context.genesis.vote_quorum();
  auto base = first_backoff_us << std::min(record.attempts, most_doublings_of_patience);
  if (out_of_reach) base = std::min(base, longest_backoff_us);
  const Time retry{context.now.value + base + context.random % base};
  if (record.retry_at == Time{} || retry < record.retry_at) record.retry_at = retry;
  keep(context, record);
  return success();
}

Result<void> on_answer(Context& context, PeerPort from, const AnswerMessage& message) {
  const auto& body = message.answer.body;
  if (message.answer.signer != from) return rejected(Token::wrong_sender, "an answer is signed by another peer");
  auto record = running(context, body.height, body.ballot, ProposerPhase::asking);
  if (!record || record->phase != ProposerPhase::asking || has_quorum(context, *record)) {
    if (record) notice(context, message.answer);
    lead_on(context, from, body);
    return success();
  }
  // The first ANSWER of a voter counts: a lock of another one stands in no justification.
  const auto first = std::ranges::find(record->answers, from, &Signed<Answer>::signer);
  if (first != record->answers.end()) {
    if (first->body != body && context.genesis.check(message.answer)) {
      accuse(context, contradiction(context.genesis.id(), *first, message.answer));
    }
    return success();
  }
  BOOKCHAIN_CHECK(context.genesis.check(message.answer));
  if (body.lock) {
    // A lock that is not proven is no answer: else a liar could name one nobody can follow.
    const bool fits = message.lock && message.lock->certificate.vote.height == body.height &&
                      message.lock->certificate.vote.ballot == body.lock->ballot &&
                      message.lock->certificate.vote.block == body.lock->block &&
                      context.genesis.block_hash(message.lock->block) == body.lock->block;
    if (!fits) {
      return rejected(Token::bad_statement, "an answer names a lock that it does not prove", text_of(body.ballot));
    }
    BOOKCHAIN_CHECK(context.genesis.check_certificate(message.lock->certificate));
    // A block's hash says nothing of its signature, nor that its transactions are those of its header: under a true
    // lock a liar can send another text. What this peer has is good already, and what it has not is looked at.
    if (!candidates.get(context.draft, body.lock->block)) {
      BOOKCHAIN_CHECK(check_block(context.genesis, context.draft, message.lock->block));
      candidates.put(context.draft, body.lock->block, message.lock->block);
    }
    if (!record->highest_lock || record->highest_lock->vote.ballot < body.lock->ballot) {
      record->highest_lock = message.lock->certificate;
    }
  }
  add_by_signer(record->answers, message.answer);
  if (!propose_if_ready(context, *record)) keep(context, *record);
  return success();
}

Result<void> on_prevote(Context& context, PeerPort from, const PrevoteMessage& message) {
  const auto& body = message.vote.body;
  if (message.vote.signer != from) return rejected(Token::wrong_sender, "a vote is signed by another peer");
  auto record = running(context, body.height, body.ballot, ProposerPhase::prevoting);
  if (!record) return success();
  if (body.block != record->block) return refuse_stray(context, *record, record->prevotes, message.vote);
  notice_second(context, message.vote);
  if (record->phase != ProposerPhase::prevoting) return success();
  BOOKCHAIN_CHECK(context.genesis.check(message.vote));
  add_by_signer(record->prevotes, VoteSignature{from, message.vote.signature});
  const bool enough = record->prevotes.size() >= context.genesis.vote_quorum();
  if (enough) enter(context, *record, ProposerPhase::precommitting);
  keep(context, *record);
  if (enough) send_to_asked(context, *record, PrevotesMessage{prevotes_of(*record)});
  return success();
}

Result<void> on_precommit(Context& context, PeerPort from, const PrecommitMessage& message) {
  const auto& body = message.vote.body;
  if (message.vote.signer != from) return rejected(Token::wrong_sender, "a vote is signed by another peer");
  auto record = running(context, body.height, body.ballot, ProposerPhase::precommitting);
  if (!record) return success();
  if (body.block != record->block) return refuse_stray(context, *record, record->precommits, message.vote);
  notice_second(context, message.vote);
  BOOKCHAIN_CHECK(context.genesis.check(message.vote));
  add_by_signer(record->precommits, VoteSignature{from, message.vote.signature});
  keep(context, *record);
  if (record->precommits.size() < context.genesis.vote_quorum()) return success();
  CommitMessage commit{precommits_of(*record)};
  send_to_asked(context, *record, commit);
  if (!record->unasked) return success();
  // It has not seen the block.
  commit.block = candidates.get(context.draft, record->block);
  context.draft.send(record->unasked->peer, std::move(commit));
  return success();
}

}  // namespace bookchain::ledger
