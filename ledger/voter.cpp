// The voter of section 4: promises, prevotes, precommits. Everything a vote changes is written before
// the vote leaves, in the same Effects.
#include <limits>

#include "ledger/consensus_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

Height voting_height(const Context& context) {
  return Height{chain_head(context.genesis, context.draft).height.value + 1};
}

VoterRecord voter_at(const Context& context, Height height) { return record_at(context, voters, height); }

void keep(Context& context, const VoterRecord& record) { voters.put(context.draft, only_row, record); }

void keep_vote(Context& context, VoterRecord& record) {
  // Counted from the first vote on: who puts a block off with ever new ballots puts off no question.
  // One that lies farther off was set by a clock that was put back since.
  const Time later{context.now.value + silence_us};
  if (record.ask_at == Time{} || later < record.ask_at) record.ask_at = later;
  keep(context, record);
}

void expect_block(Context& context) {
  auto record = voter_at(context, voting_height(context));
  keep_vote(context, record);
}

void ask_after_silence(Context& context) {
  auto voter = voter_at(context, voting_height(context));
  if (voter.ask_at == Time{} || !pause_is_over(voter.ask_at, context.now)) return;
  voter.ask_at = Time{};
  keep(context, voter);
  context.send_to_others(WantBlocks{voter.height});
}

std::string text_of(const Ballot& ballot) {
  return std::to_string(ballot.round.value) + "/" + std::to_string(ballot.port.value);
}

Round highest_in_reach(Time now, Round from) {
  static constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  const auto by_clock = std::min(now.value / 1'000'000, largest / max_round_jump) * max_round_jump;
  const auto by_jump = from.value > largest - max_round_jump ? largest : from.value + max_round_jump;
  return Round{std::max(by_clock, by_jump)};
}

bool may_vote(const State& state, Height height) {
  const auto mute_until = mute_until_fact.get(state);
  return !mute_until || *mute_until < height;
}

Result<void> check_may_vote(const Context& context, Height height) {
  if (may_vote(context.draft, height)) return success();
  return rejected(Token::waiting, "this home was restored and does not vote yet", std::to_string(height.value));
}

namespace {

/// Clocks may differ by this much before it is noticed.
constexpr std::uint64_t borne_difference_us = 60'000'000;
/// Of an answer to a port that interrupts for the second time.
constexpr std::uint64_t first_delay_us = 25'000;

/// Section 4: a round that is out of reach is refused, else one message uses up the numbers. One that a clock a little
/// ahead of this voter's has in reach waits. Gives the microseconds until then.
Result<std::uint64_t> wait_until_in_reach(const Context& context, const VoterRecord& voter, const Ballot& ballot) {
  const auto in_reach = [&](std::uint64_t wait) {
    return ballot.round <= highest_in_reach(Time{context.now.value + wait}, voter.promise.round);
  };
  if (ballot.round.value == 0) {
    return rejected(Token::bad_value, "nobody opens the first ballot of a height", text_of(ballot));
  }
  if (!in_reach(borne_difference_us)) {
    return rejected(Token::bad_value, "a ballot's round is out of reach", text_of(ballot));
  }
  std::uint64_t wait = 0;
  while (!in_reach(wait)) wait += 1'000'000;
  return wait;
}

/// Refuses and tells the promise.
Error refuse_ballot(Context& context, const VoterRecord& voter, const Ballot& ballot) {
  context.draft.send(ballot.port, Promised{voter.height, voter.promise});
  return rejected(Token::stale_ballot, "a later ballot was promised", text_of(ballot));
}

Result<void> check_port(const Ballot& ballot, PeerPort from) {
  if (ballot.port == from) return success();
  return rejected(Token::wrong_sender, "only the port of a ballot may open it", std::to_string(from.value));
}

/// Step 1, again: the promise is given with what this voter is locked on.
void send_answer(Context& context, const VoterRecord& voter) {
  const auto& answer = *voter.answer;
  AnswerMessage message{answer, std::nullopt};
  if (answer.body.lock && voter.lock && voter.lock->vote.block == answer.body.lock->block &&
      voter.lock->vote.ballot == answer.body.lock->ballot) {
    if (auto block = candidates.get(context.draft, answer.body.lock->block)) {
      message.lock = ProvenLock{*voter.lock, std::move(*block)};
    }
  }
  context.draft.send(answer.body.ballot.port, std::move(message));
}

/// Counts an interruption of a running ballot; gives how long the answer is put off, in microseconds. To raise one's
/// own ballot is one, too: it keeps the others out as well. The delay doubles like the patience of proposers, which is
/// longer by far at the same count: so one that retries for good reason is answered before it tries again.
std::uint64_t count_interruption(VoterRecord& voter, PeerPort port) {
  if (voter.promise.port == PeerPort{}) return 0;
  auto [of_port, is_new] = add_by_signer(voter.interruptions, Interruption{port, 1});
  if (is_new) return 0;
  ++of_port.count;
  return first_delay_us << std::min(of_port.count - 2, most_doublings_of_patience);
}

}  // namespace

// ---- step 1: NEWROUND ----

Result<void> answer_new_round(Context& context, const NewRound& message) {
  auto voter = voter_at(context, message.height);
  if (message.ballot <= voter.promise) return refuse_ballot(context, voter, message.ballot);
  voter.promise = message.ballot;
  std::optional<Lock> lock;
  if (voter.lock) lock = Lock{voter.lock->vote.ballot, voter.lock->vote.block};
  voter.answer = context.sign(Answer{message.height, message.ballot, lock});
  keep_vote(context, voter);
  send_answer(context, voter);
  return success();
}

Result<void> on_new_round(Context& context, PeerPort from, const NewRound& message) {
  BOOKCHAIN_CHECK(check_port(message.ballot, from));
  if (place_in_time(context, from, message.height, DeferredKind::new_round, message) != Relevance::now) {
    return success();
  }
  BOOKCHAIN_CHECK(check_may_vote(context, message.height));
  auto voter = voter_at(context, message.height);
  if (voter.answer && voter.answer->body.ballot == message.ballot && voter.promise == message.ballot) {
    send_answer(context, voter);
    return success();
  }
  if (message.ballot <= voter.promise) return refuse_ballot(context, voter, message.ballot);
  const auto wait = wait_until_in_reach(context, voter, message.ballot);
  if (!wait) {
    // Told where this voter stands, an honest proposer leads it up in steps.
    context.draft.send(from, Promised{voter.height, voter.promise});
    return wait.error();
  }
  // The same NEWROUND again is no further interruption.
  const DeferredKey put_off{from, DeferredKind::put_off};
  if (const auto waiting = deferred.get(context.draft, put_off); waiting && waiting->height == message.height) {
    const auto* round = std::get_if<NewRound>(&waiting->message);
    if (round != nullptr && message.ballot <= round->ballot) return success();
  }
  const auto delay = std::max(count_interruption(voter, from), wait.value());
  if (delay > 0) {
    keep(context, voter);
    deferred.put(context.draft, put_off, DeferredRecord{message, message.height, Time{context.now.value + delay}});
    return success();
  }
  keep(context, voter);
  return answer_new_round(context, message);
}

void handle_put_off(Context& context) {
  for (const auto& peer : context.genesis.peers()) {
    const DeferredKey key{peer.port, DeferredKind::put_off};
    const auto record = deferred.get(context.draft, key);
    if (!record || !pause_is_over(record->not_before, context.now)) continue;
    deferred.erase(context.draft, key);
    const auto* message = std::get_if<NewRound>(&record->message);
    if (message == nullptr || message->height != voting_height(context)) continue;
    if (!check_may_vote(context, message->height)) continue;
    (void)answer_new_round(context, *message);
  }
}

// ---- step 3: PROPOSE ----

namespace {

/// The lowest ballot of a height needs no answers: no lock can lie below it. So nothing but the proposer's own block
/// can be proposed in it, and by one peer alone.
Result<void> check_first_ballot(const Context& context, const ProposeMessage& message) {
  const auto& ballot = message.propose.body.ballot;
  if (first_proposer(context.genesis, chain_head(context.genesis, context.draft)) != ballot.port) {
    return rejected(Token::wrong_sender, "the first ballot of a height is of the peer after the last miner",
                    text_of(ballot));
  }
  if (!message.answers.empty() || message.highest_lock) {
    return rejected(Token::bad_statement, "a proposal in a ballot that nobody opens brings answers, or a lock",
                    text_of(ballot));
  }
  if (message.block.header.signer == ballot.port) return success();
  return rejected(Token::bad_statement, "a free block is not the proposer's own", text_of(ballot));
}

/// Step 2: q ANSWERs of distinct voters for this very height and ballot, and the certificate of the
/// highest lock they name, whose block it must be; no lock named: the block is the proposer's own.
Result<void> check_justification(const Context& context, const ProposeMessage& message) {
  const auto& body = message.propose.body;
  if (body.ballot == first_ballot(body.ballot.port)) return check_first_ballot(context, message);
  if (message.answers.size() < context.genesis.vote_quorum()) {
    return rejected(Token::no_quorum, "a proposal brings answers of too few voters", text_of(body.ballot));
  }
  std::optional<Ballot> highest;
  PeerPort last{};
  for (const auto& answer : message.answers) {
    if (!(last < answer.signer)) {
      return rejected(Token::no_quorum, "the answers of a proposal are not of distinct voters");
    }
    last = answer.signer;
    if (answer.body.height != body.height || answer.body.ballot != body.ballot) {
      return rejected(Token::bad_statement, "an answer belongs to another ballot", text_of(answer.body.ballot));
    }
    BOOKCHAIN_CHECK(context.genesis.check(answer));
    if (answer.body.lock && (!highest || *highest < answer.body.lock->ballot)) highest = answer.body.lock->ballot;
  }
  if (!highest) {
    if (message.highest_lock) return rejected(Token::bad_statement, "a proposal brings a lock that no answer names");
    if (message.block.header.signer == body.ballot.port) return success();
    return rejected(Token::bad_statement, "a free block is not the proposer's own", text_of(body.ballot));
  }
  const bool proven =
      message.highest_lock && message.highest_lock->vote.height == body.height &&
      message.highest_lock->vote.ballot == *highest && message.highest_lock->vote.block == body.block &&
      std::ranges::any_of(message.answers, [&](const auto& answer) {
        return answer.body.lock && answer.body.lock->ballot == *highest && answer.body.lock->block == body.block;
      });
  if (!proven) {
    return rejected(Token::bad_statement, "a proposal is not the block of the highest lock", text_of(body.ballot));
  }
  return context.genesis.check_certificate(*message.highest_lock);
}

}  // namespace

Result<void> on_propose(Context& context, PeerPort from, const ProposeMessage& message) {
  const auto& body = message.propose.body;
  BOOKCHAIN_CHECK(check_port(body.ballot, from));
  if (message.propose.signer != from) return rejected(Token::wrong_sender, "a proposal is signed by another peer");
  // Whatever becomes of the proposal: who had a quicker ballot has seen the ABORT all the same.
  for (const auto& transaction : message.block.transactions) {
    if (const auto* abort = std::get_if<Signed<Abort>>(&transaction)) see_abort(context, *abort);
  }
  if (place_in_time(context, from, body.height, DeferredKind::propose, message) != Relevance::now) return success();
  BOOKCHAIN_CHECK(check_may_vote(context, body.height));
  auto voter = voter_at(context, body.height);
  if (body.ballot < voter.promise) return refuse_ballot(context, voter, body.ballot);
  // No limit on the jump here: q ANSWERs show that the round was reached in steps.
  if (voter.prevote && voter.prevote->body.ballot == body.ballot) {
    if (voter.prevote->body.block != body.block) {
      notice(context, message.propose);
      return rejected(Token::equivocation, "the proposer proposed another block in this ballot", text_of(body.ballot));
    }
    context.draft.send(from, PrevoteMessage{*voter.prevote});
    return success();
  }
  BOOKCHAIN_CHECK(context.genesis.check(message.propose));
  BOOKCHAIN_CHECK(check_justification(context, message));
  see_proposal(context, message);
  const auto own = std::ranges::find(message.answers, context.self(), &Signed<Answer>::signer);
  const bool known =
      own == message.answers.end() ||
      (voter.answer && (own->body.ballot < voter.answer->body.ballot || own->body == voter.answer->body));
  if (!known) return notice_forgotten(context, body.height);
  if (message.highest_lock) {
    BOOKCHAIN_CHECK(notice_forgotten(context, *message.highest_lock, voter.prevote));
  }
  if (context.genesis.block_hash(message.block) != body.block) {
    return rejected(Token::bad_statement, "a proposal names another block", text_of(body.ballot));
  }
  // This peer has checked, one after another, the transactions of which it mined a block for this height.
  const bool is_own = from == context.self() && !message.highest_lock;
  const auto check = is_own ? check_sealed : check_block;
  BOOKCHAIN_CHECK(check(context.genesis, context.draft, message.block));
  voter.promise = body.ballot;
  voter.prevote = context.sign(Prevote{body.height, body.ballot, body.block});
  keep_vote(context, voter);
  candidates.put(context.draft, body.block, message.block);
  context.draft.send(from, PrevoteMessage{*voter.prevote});
  // The certificate may have overtaken the proposal.
  const DeferredKey key{from, DeferredKind::prevotes};
  if (const auto early = deferred.get(context.draft, key)) {
    deferred.erase(context.draft, key);
    if (const auto* prevotes = std::get_if<PrevotesMessage>(&early->message)) {
      return on_prevotes(context, from, *prevotes);
    }
  }
  return success();
}

// ---- step 4: the prevote certificate ----

Result<void> on_prevotes(Context& context, PeerPort from, const PrevotesMessage& message) {
  const auto& vote = message.certificate.vote;
  BOOKCHAIN_CHECK(check_port(vote.ballot, from));
  if (place_in_time(context, from, vote.height, DeferredKind::prevotes, message) != Relevance::now) return success();
  BOOKCHAIN_CHECK(check_may_vote(context, vote.height));
  auto voter = voter_at(context, vote.height);
  if (vote.ballot < voter.promise) return refuse_ballot(context, voter, vote.ballot);
  if (voter.precommit && voter.precommit->body.ballot == vote.ballot) {
    if (voter.precommit->body.block != vote.block) {
      if (context.genesis.check_certificate(message.certificate)) see_prevotes(context, message.certificate);
      return rejected(Token::equivocation, "another block was precommitted in this ballot", text_of(vote.ballot));
    }
    context.draft.send(from, PrecommitMessage{*voter.precommit});
    return success();
  }
  BOOKCHAIN_CHECK(context.genesis.check_certificate(message.certificate));
  see_prevotes(context, message.certificate);
  BOOKCHAIN_CHECK(notice_forgotten(context, message.certificate, voter.prevote));
  if (!candidates.get(context.draft, vote.block)) {
    deferred.put(context.draft, DeferredKey{from, DeferredKind::prevotes}, DeferredRecord{message, vote.height, {}});
    return success();
  }
  voter.promise = vote.ballot;
  voter.lock = message.certificate;
  voter.precommit = context.sign(Precommit{vote.height, vote.ballot, vote.block});
  keep_vote(context, voter);
  context.draft.send(from, PrecommitMessage{*voter.precommit});
  return success();
}

}  // namespace bookchain::ledger
