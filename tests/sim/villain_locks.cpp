// Attacks on what a block must bring before anybody votes for it, on which agreement rests (docs/protocol.md,
// section 4): blocks over answers that name a lock, locks that nobody made, prevotes that come when their ballot is
// over, votes of one phase passed off as those of another.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

/// When the faults have stopped liars go on, and seldom: with new ballots and evidence all the time nothing ends.
bool Villain::is_wild() { return !world_.misfortune_.healed() || chance_.chance(100); }

/// A block of its own becomes chosen, and nobody is told: its node does not see the votes for it.
void Villain::keep_secret(OwnBlock& own) {
  if (!wants(Attack::ignored_lock, 500) || !is_wild()) return;
  own.kept_secret = true;
  own.left_out = chance_.pick(world_.honest_);
}

bool Villain::is_kept_secret(const Message& message) const {
  const auto* vote = std::get_if<PrecommitMessage>(&message);
  if (vote == nullptr || world_.misfortune_.healed()) return false;
  const auto own = own_blocks_.find(vote->vote.body.block);
  return own != own_blocks_.end() && own->second.kept_secret;
}

/// One voter hears of no prevotes, and locks on nothing.
bool Villain::is_left_out(PeerPort to, const Message& message) const {
  const auto* prevotes = std::get_if<PrevotesMessage>(&message);
  if (prevotes == nullptr || world_.misfortune_.healed()) return false;
  const auto own = own_blocks_.find(prevotes->certificate.vote.block);
  return own != own_blocks_.end() && own->second.kept_secret && own->second.left_out == to;
}

/// Enough have precommitted in secret: a ballot above, in which they answer with their lock.
void Villain::open_above(const OwnBlock& own) {
  send_to_honest(NewRound{own.block.header.body.height, Ballot{Round{own.ballot.round.value + 1}, self()}});
}

std::vector<Transaction> Villain::one_transaction() {
  for (const auto& transaction : transactions_) {
    if (check_transaction(genesis_, store_, transaction, self())) return {transaction};
  }
  for (const auto& [id, book] : catalogue.all(store_)) {
    const auto stand = standing(genesis_, store_, book);
    if (stand.owner == self()) return {sign(Abort{book, stand.version, stand.turn})};
  }
  return {};
}

PrevoteCertificate Villain::invent_lock(const Prevote& vote) {
  PrevoteCertificate certificate{vote, {}};
  const auto signature = sign(vote).signature;
  for (const auto& peer : genesis_.peers()) certificate.votes.push_back({peer.port, signature});
  return certificate;
}

/// One voter gets another block than all others, with prevotes that nobody gave.
void Villain::prove_falsely(const ProposeMessage& message) {
  if (!wants(Attack::ignored_lock, 500) || !is_wild()) return;
  made(Attack::ignored_lock);
  const auto& body = message.propose.body;
  const auto block = mine_block(genesis_, identity_, chain_head(genesis_, store_),
                                Time{message.block.header.body.time.value + 2}, message.block.transactions);
  const auto hash = genesis_.block_hash(block);
  const auto to = chance_.pick(world_.honest_);
  send(to, ProposeMessage{sign(Propose{body.height, body.ballot, hash}), message.answers, std::nullopt, block});
  send(to, PrevotesMessage{invent_lock(Prevote{body.height, body.ballot, hash})});
}

/// q voters have answered in a ballot of its own, some of them with a lock, and it proposes a block of its own all the
/// same: over the answers as they are, with the lock of the other block, or with one that it made up.
void Villain::ignore_locks(const Message& message) {
  const auto* came = std::get_if<AnswerMessage>(&message);
  if (came == nullptr || !world_.plan_.has(Attack::ignored_lock)) return;
  const auto height = came->answer.body.height;
  const auto ballot = came->answer.body.ballot;
  if (ballot.port != self() || height != voting_height() || ballot == locks_ignored_in_) return;
  std::map<PeerPort, Signed<Answer>> given;
  std::optional<Lock> highest;
  for (const auto& answer : answers_) {
    const auto& body = answer.body;
    if (body.height != height || body.ballot != ballot) continue;
    given.try_emplace(answer.signer, answer);
    if (body.lock && (!highest || highest->ballot < body.lock->ballot)) highest = body.lock;
  }
  if (came->lock) known_lock_ = came->lock->certificate;
  if (!highest || given.size() + 1 < genesis_.vote_quorum() || !wants(Attack::ignored_lock, 800) || !is_wild()) return;
  const auto transactions = one_transaction();
  if (transactions.empty()) return;
  made(Attack::ignored_lock);
  locks_ignored_in_ = ballot;
  send_late_prevotes(height, ballot);
  const auto block =
      mine_block(genesis_, identity_, chain_head(genesis_, store_), Time{chance_.next() >> 8U}, transactions);
  const auto hash = genesis_.block_hash(block);
  own_blocks_[hash] = OwnBlock{block, ballot};
  std::optional<Lock> named;
  std::optional<PrevoteCertificate> brought;
  switch (chance_.below(4)) {
    case 0: break;
    case 1: brought = known_lock_; break;
    case 2: named = Lock{highest->ballot, hash}; break;
    default: {
      const Ballot between{Round{ballot.round.value - 1}, genesis_.peers().back().port};
      named = Lock{std::max(highest->ballot, between), hash};
      break;
    }
  }
  if (named) brought = invent_lock(Prevote{height, named->ballot, hash});
  given.insert_or_assign(self(), sign(Answer{height, ballot, named}));
  std::vector<Signed<Answer>> answers;
  for (const auto& [signer, answer] : given) answers.push_back(answer);
  send_to_honest(ProposeMessage{sign(Propose{height, ballot, hash}), answers, brought, block});
  send(chance_.pick(world_.honest_), PrevotesMessage{invent_lock(Prevote{height, ballot, hash})});
}

/// The prevotes of a ballot that is over, to the one that was left out of it.
void Villain::send_late_prevotes(Height height, const Ballot& now) {
  for (const auto& [hash, own] : own_blocks_) {
    const bool late = own.kept_secret && own.block.header.body.height == height && own.ballot < now;
    if (!late || own.prevotes.size() < genesis_.vote_quorum()) continue;
    send(own.left_out, PrevotesMessage{{Prevote{height, own.ballot, hash}, signatures_of(own.prevotes)}});
  }
}

std::vector<VoteSignature> Villain::signatures_of(const std::map<PeerPort, Signature>& votes) {
  std::vector<VoteSignature> signatures;
  for (const auto& [signer, signature] : votes) signatures.push_back({signer, signature});
  return signatures;
}

/// The prevotes for a block of its own as if they were precommits.
void Villain::pass_off_prevotes(const OwnBlock& own, const Prevote& vote) {
  if (!does(Attack::wrong_type, 700)) return;
  send_to_honest(
      CommitMessage{{own.block, {Precommit{vote.height, vote.ballot, vote.block}, signatures_of(own.prevotes)}}});
}

/// To a proposer that waits for precommits, a prevote for the same.
void Villain::pass_off_vote(PeerPort from, const Message& message) {
  const auto* prevotes = std::get_if<PrevotesMessage>(&message);
  if (prevotes == nullptr || !does(Attack::wrong_type, 700)) return;
  const auto& vote = prevotes->certificate.vote;
  send(from, PrecommitMessage{Signed<Precommit>{self(), Precommit{vote.height, vote.ballot, vote.block},
                                                sign(Prevote(vote)).signature}});
}

}  // namespace bookchain::sim
