// Attacks on the agreement: two blocks, votes for everything, answers of another ballot, certificates
// that are none, rounds that use up the numbers.
#include <algorithm>
#include <limits>

#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"
#include "ledger/records.hpp"
#include "tests/sim/checked_signature.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

/// Answers, prevotes and precommits whatever it is asked, with no lock and no promise in mind.
void Villain::vote_for_everything(PeerPort from, const Message& message) {
  if (const auto* round = std::get_if<NewRound>(&message); round != nullptr && round->ballot.port == from) {
    if (does(Attack::double_votes, 800)) {
      send(from, AnswerMessage{sign(Answer{round->height, round->ballot, std::nullopt}), std::nullopt});
    }
  }
  if (const auto* proposal = std::get_if<ProposeMessage>(&message)) {
    const auto& body = proposal->propose.body;
    if (does(Attack::double_votes, 800))
      send(from, PrevoteMessage{sign(Prevote{body.height, body.ballot, body.block})});
  }
  if (const auto* prevotes = std::get_if<PrevotesMessage>(&message)) {
    const auto& vote = prevotes->certificate.vote;
    if (does(Attack::double_votes, 800))
      send(from, PrecommitMessage{sign(Precommit{vote.height, vote.ballot, vote.block})});
  }
}

/// Votes for something else where it votes, too: the proposer sees both, and so may somebody else.
void Villain::vote_again(PeerPort from, const Message& message) {
  if (!world_.plan_.has(Attack::second_votes)) return;
  const auto another = chance_.pick(world_.honest_);
  const auto tell = [&](const Message& vote) {
    send(from, vote);
    if (another != from) send(another, vote);
  };
  if (const auto* proposal = std::get_if<ProposeMessage>(&message)) {
    const auto& body = proposal->propose.body;
    if (does(Attack::second_votes, 700))
      tell(PrevoteMessage{sign(Prevote{body.height, body.ballot, chance_.draw<Hash>()})});
  }
  if (const auto* prevotes = std::get_if<PrevotesMessage>(&message)) {
    const auto& vote = prevotes->certificate.vote;
    if (does(Attack::second_votes, 700))
      tell(PrecommitMessage{sign(Precommit{vote.height, vote.ballot, chance_.draw<Hash>()})});
  }
}

/// Its votes are gone, and its own node gives them anew to whoever asks again, and to some that asked before.
void Villain::forget_votes() {
  if (!voters.get(store_, 0) || !wants(Attack::forgotten_votes, 150) || !store_.begin()) return;
  Draft draft(store_);
  voters.erase(draft, 0);
  store_.apply(draft.take_effects().writes);
  (void)store_.commit();
  forgotten_votes_.merge(voted_);
  voted_.clear();
  const auto asked = heard_;
  for (const auto& [from, message] : asked) {
    const bool asks = std::holds_alternative<NewRound>(message) || std::holds_alternative<ProposeMessage>(message) ||
                      std::holds_alternative<PrevotesMessage>(message);
    if (asks && chance_.chance(300)) (void)decide(Received{from, message, std::nullopt});
  }
}

/// Its votes, or all that came since an old copy, are gone. As a home does that was put back, it sends what it has
/// anew.
void Villain::lose_memory() {
  forget_votes();
  if (!old_copy_) {
    if (wants(Attack::old_copy, 60)) old_copy_ = store_.image();
  } else if (does(Attack::old_copy, 40)) {
    store_.put_back(std::move(*old_copy_));
    old_copy_.reset();
    epoch_ = chance_.draw<Epoch>();
    numbers_.clear();
  }
}

/// A second block in the same ballot, with the same answers: each half of the peers is told of one.
void Villain::propose_two(const ProposeMessage& message) {
  const auto& body = message.propose.body;
  if (message.highest_lock || message.block.header.signer != self()) return;
  if (!own_blocks_.empty() && own_blocks_.begin()->second.block.header.body.height != body.height) own_blocks_.clear();
  if (own_blocks_.contains(body.block)) return;
  keep_secret(own_blocks_[body.block] = OwnBlock{message.block, body.ballot});
  prove_falsely(message);
  const bool halves = does(Attack::split_vote, 800);
  if (!halves && !does(Attack::two_blocks, 600)) return;
  const auto block = mine_block(genesis_, identity_, chain_head(genesis_, store_),
                                Time{message.block.header.body.time.value + 1}, message.block.transactions);
  const auto hash = genesis_.block_hash(block);
  own_blocks_[hash] = OwnBlock{block, body.ballot};
  const ProposeMessage second{sign(Propose{body.height, body.ballot, hash}), message.answers, std::nullopt, block};
  // The others are told first; what the node itself sends follows to all.
  auto told = world_.honest_;
  if (halves) {
    chance_.shuffle(told);
    told.resize(told.size() / 2);
    other_half_[body.block] = std::set<PeerPort>(told.begin(), told.end());
  }
  for (const auto port : told) {
    if (halves || chance_.chance(500)) send(port, second);
  }
  for (const auto& [port, villain] : world_.villains_) {
    if (port != self()) send(port, second);
  }
}

/// Collects what comes in for blocks of its own, and uses it as soon as it is enough.
void Villain::count_votes(const Message& message) {
  const auto use = [&](const auto& vote, bool prevote) {
    const auto found = own_blocks_.find(vote.body.block);
    if (found == own_blocks_.end() || vote.body.ballot != found->second.ballot || !genesis_.check(vote)) return;
    auto& own = found->second;
    (prevote ? own.prevotes : own.precommits)[vote.signer] = vote.signature;
    const auto& body = vote.body;
    auto& votes = prevote ? own.prevotes : own.precommits;
    if (prevote) {
      votes[self()] = sign(Prevote{body.height, body.ballot, body.block}).signature;
    } else {
      votes[self()] = sign(Precommit{body.height, body.ballot, body.block}).signature;
    }
    auto& sent = prevote ? own.prevotes_sent : own.commit_sent;
    if (votes.size() < genesis_.vote_quorum() || sent) return;
    sent = true;
    const auto signatures = signatures_of(votes);
    if (prevote) {
      const PrevotesMessage certificate{{Prevote{body.height, body.ballot, body.block}, signatures}};
      for (const auto port : world_.honest_) {
        if (!is_left_out(port, certificate)) send(port, certificate);
      }
      pass_off_prevotes(own, certificate.certificate.vote);
    } else if (own.kept_secret) {
      open_above(own);
    } else {
      send_to_honest(CommitMessage{{own.block, {Precommit{body.height, body.ballot, body.block}, signatures}}});
    }
  };
  if (const auto* vote = std::get_if<PrevoteMessage>(&message)) use(vote->vote, true);
  if (const auto* vote = std::get_if<PrecommitMessage>(&message)) use(vote->vote, false);
}

/// Proposes in a ballot that nobody answered, with answers that were given in another one.
void Villain::propose_unjustified() {
  const auto height = voting_height();
  std::map<PeerPort, Signed<Answer>> kept;
  Ballot highest;
  for (const auto& answer : answers_) {
    if (answer.body.height != height || answer.body.lock) continue;
    kept.try_emplace(answer.signer, answer);
    highest = std::max(highest, answer.body.ballot);
  }
  // Or without answers, where mostly another peer may do that.
  const bool asks_nobody = chance_.chance(300);
  const Ballot ballot{Round{asks_nobody ? 0 : highest.round.value + chance_.between(1, 3)}, self()};
  kept.insert_or_assign(self(), sign(Answer{height, ballot, std::nullopt}));
  if (asks_nobody) kept.clear();
  if (!asks_nobody && kept.size() < genesis_.vote_quorum()) return;
  const auto transactions = one_transaction();
  if (transactions.empty()) return;
  const auto block =
      mine_block(genesis_, identity_, chain_head(genesis_, store_), Time{chance_.next() >> 8U}, transactions);
  const auto hash = genesis_.block_hash(block);
  own_blocks_[hash] = OwnBlock{block, ballot};
  std::vector<Signed<Answer>> answers;
  for (const auto& [signer, answer] : kept) answers.push_back(answer);
  send_to_honest(ProposeMessage{sign(Propose{height, ballot, hash}), answers, std::nullopt, block});
  const bool may_ask_nobody = first_proposer(genesis_, chain_head(genesis_, store_)) == self();
  if (!asks_nobody || !may_ask_nobody) made(Attack::foreign_justification);
}

void Villain::attack_rounds() {
  const auto height = voting_height();
  const auto most = std::numeric_limits<std::uint64_t>::max();
  if (does(Attack::interrupting, 100)) {
    const auto voter = voters.get(store_, 0);
    const auto round = voter ? voter->promise.round.value + 1 : 1;
    send_to_honest(NewRound{height, Ballot{Round{round}, self()}});
  }
  if (does(Attack::largest_round, 60)) {
    send_to_honest(NewRound{height, Ballot{Round{most}, self()}});
    send_to_honest(NewRound{height, Ballot{Round{max_round_jump}, self()}});
    send_to_honest(Promised{height, Ballot{Round{most}, self()}});
    send_to_honest(NewRound{height, Ballot{Round{0}, self()}});
  }
  race_ballots();
  lead_far();
  if (wants(Attack::foreign_justification, 300)) propose_unjustified();
  if (wants(Attack::false_certificate, 100)) false_certificates();
  if (does(Attack::edge_numbers, 60)) send_edge_numbers();
  speak_of_the_past();
  if (does(Attack::far_future, 60)) {
    for (const std::uint64_t far : {height.value + 1, height.value + 1000, most / 2}) {
      for (std::uint64_t round = 1; round < 4; ++round) {
        send_to_honest(NewRound{Height{far}, Ballot{Round{round}, self()}});
      }
      send_to_honest(PrevotesMessage{{Prevote{Height{far}, Ballot{Round{1}, self()}, {}}, {}}});
      send(any_other(), WantBlocks{Height{far}});
      send(any_other(), BlocksMessage{Height{far}, {}});
    }
  }
}

/// As its own voter and others tell it: no ballot of an honest proposer is left alone for long.
void Villain::race_ballots() {
  if (!does(Attack::racing_ballots, 900)) return;
  const auto height = voting_height();
  const auto voter = voters.get(store_, 0);
  auto round = voter && voter->height == height ? voter->promise.round : Round{0};
  const auto reach = highest_in_reach(Time{world_.time_us_}, round);
  if (highest_told_.height == height && highest_told_.promise.round < reach)
    round = std::max(round, highest_told_.promise.round);
  send_to_honest(NewRound{height, Ballot{Round{round.value + 1}, self()}});
}

/// One voter is needed for a quorum, and far above all others.
void Villain::lead_far() {
  if (!does(Attack::leading_far, 500)) return;
  const auto height = voting_height();
  if (led_.height != height) led_ = Led{height, chance_.pick(world_.honest_), Round{0}};
  led_.round = Round{led_.round.value + max_round_jump};
  send(led_.voter, NewRound{height, Ballot{led_.round, self()}});
}

Message Villain::promise_lie(const AnswerMessage& message) {
  const auto& body = message.answer.body;
  static constexpr std::array<std::uint64_t, 3> jumps{1, max_round_jump, std::uint64_t{1} << 40U};
  const auto round = Round{body.ballot.round.value + jumps[chance_.below(jumps.size())]};
  return Promised{body.height, Ballot{round, chance_.pick(genesis_.peers()).port}};
}

/// Heights and rounds next to where they would wrap around.
void Villain::send_edge_numbers() {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t edge : {most, most - 1, std::uint64_t{0}}) {
    const Ballot ballot{Round{edge}, self()};
    send_to_honest(NewRound{Height{edge}, ballot});
    send(any_other(), PrevoteMessage{sign(Prevote{Height{edge}, ballot, {}})});
    send(any_other(), Promised{Height{edge}, ballot});
    send(any_other(), WantBlocks{Height{edge}});
    send(any_other(), BlocksMessage{Height{edge}, {}});
    for (const auto& [id, book] : catalogue.all(store_)) {
      if (book.signer == self()) transactions_.push_back(sign(Abort{book, Version{edge}, Turn{edge}}));
      break;
    }
  }
  const auto to = any_other();
  const auto payload = encode(Message{WantVotes{}});
  const auto& channel = world_.channels_.at({self(), to});
  send_raw(to, channel.seal(epoch_, MessageNumber{most}, payload, chance_.draw<Hash>()));
  send_raw(to, channel.seal(epoch_, MessageNumber{most - 1}, payload, chance_.draw<Hash>()));
}

/// A block with a certificate of one liar's signatures, repeated and in their second form; and one vote short.
void Villain::false_certificates() {
  const auto transactions = one_transaction();
  if (transactions.empty()) return;
  const auto block =
      mine_block(genesis_, identity_, chain_head(genesis_, store_), Time{chance_.next() >> 8U}, transactions);
  const auto height = voting_height();
  const Precommit vote{height, Ballot{Round{1}, self()}, genesis_.block_hash(block)};
  const auto signature = sign(vote).signature;
  std::vector<VoteSignature> repeated(genesis_.vote_quorum(), {self(), signature});
  for (std::size_t i = 1; i < repeated.size(); i += 2) repeated[i].signature = malleable_twin(signature);
  send_to_honest(CommitMessage{{block, {vote, repeated}}});
  send_to_honest(
      CommitMessage{{block, {vote, std::vector<VoteSignature>(genesis_.vote_quorum(), {self(), signature})}}});
  send_to_honest(CommitMessage{{block, {vote, {{self(), signature}}}}});
  std::vector<VoteSignature> of_all;
  for (const auto& peer : genesis_.peers()) of_all.push_back({peer.port, signature});
  send_to_honest(CommitMessage{{block, {vote, of_all}}});
  const Prevote prevote{height, vote.ballot, vote.block};
  send_to_honest(PrevotesMessage{{prevote, of_all}});
  made(Attack::false_certificate);
}

}  // namespace bookchain::sim
