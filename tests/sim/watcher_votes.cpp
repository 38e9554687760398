// What the watcher holds against votes: that they stand on what the rule asks for, and never against a block that may
// be chosen.
#include <algorithm>

#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

void Watcher::voted(StatementType phase, PeerPort signer, Height height, const Ballot& ballot, const Hash& block) {
  const bool prevote = phase == StatementType::prevote;
  says(ledger::name(phase), signer, encode_all(height, ballot), encode(block));
  auto& votes = votes_[height];
  if (prevote) {
    votes.prevotes[{ballot, block}].insert(signer);
    if (is_honest(signer)) {
      if (!votes.justified.contains({ballot, block})) {
        throw Violation{"a prevote stands on a justified proposal",
                        at_port(signer) + " at height " + std::to_string(height.value)};
      }
      votes.honest_prevotes.emplace(signer, ballot, block);
    }
  } else {
    votes.precommits[{ballot, block}].insert(signer);
    if (is_honest(signer)) {
      check_precommit(height, signer, ballot, block);
      votes.honest_precommits[signer].insert(ballot);
      for (const auto& [above, lock] : votes.honest_answers[signer]) {
        if (ballot < above && lock < ballot) {
          throw Violation{"a lock is never forgotten", at_port(signer) + " at height " + std::to_string(height.value)};
        }
      }
    }
  }
  look_for_second_choice(height);
}

/// What a proposal must bring (docs/protocol.md, section 4, step 2), read once more.
bool Watcher::is_justified(const ProposeMessage& message) const {
  const auto& body = message.propose.body;
  if (genesis_.block_hash(message.block) != body.block) return false;
  if (body.ballot.round == Round{0}) {
    const auto proposer = body.ballot.port;
    return message.answers.empty() && !message.highest_lock && message.block.header.signer == proposer &&
           has_first_ballot(proposer, message.block.header.body.previous);
  }
  std::set<PeerPort> voters;
  std::map<Ballot, std::set<Hash>> locks;
  for (const auto& answer : message.answers) {
    const bool fits = answer.body.height == body.height && answer.body.ballot == body.ballot;
    if (!fits || !genesis_.check(answer) || !voters.insert(answer.signer).second) return false;
    if (answer.body.lock) locks[answer.body.lock->ballot].insert(answer.body.lock->block);
  }
  if (voters.size() < quorum()) return false;
  if (locks.empty()) return message.block.header.signer == body.ballot.port;
  const auto& [ballot, blocks] = *locks.rbegin();
  if (!message.highest_lock || !blocks.contains(body.block)) return false;
  const auto& vote = message.highest_lock->vote;
  if (vote.height != body.height || vote.ballot != ballot || vote.block != body.block) return false;
  std::set<PeerPort> locked;
  for (const auto& one : message.highest_lock->votes) {
    if (genesis_.check(Signed<Prevote>{one.signer, vote, one.signature})) locked.insert(one.signer);
  }
  return locked.size() >= quorum();
}

/// Section 4, "First ballots": the next port after that of the miner below, and after the highest the lowest.
bool Watcher::has_first_ballot(PeerPort proposer, const Hash& below) const {
  const auto miner = miners_.find(below);
  if (miner == miners_.end()) return false;
  std::set<PeerPort> ports;
  for (const auto& peer : genesis_.peers()) ports.insert(peer.port);
  const auto next = ports.upper_bound(miner->second);
  return proposer == (next == ports.end() ? *ports.begin() : *next);
}

/// Whoever precommits has seen q prevotes for the same, which were sent, and read here, before: those of liars, too.
void Watcher::check_precommit(Height height, PeerPort signer, const Ballot& ballot, const Hash& block) const {
  const auto& prevotes = votes_.at(height).prevotes;
  const auto given = prevotes.find({ballot, block});
  if (given != prevotes.end() && given->second.size() >= quorum()) return;
  throw Violation{"a precommit stands on a quorum of prevotes",
                  at_port(signer) + " at height " + std::to_string(height.value)};
}

void Watcher::opened_ballot(Height height, PeerPort proposer) {
  if (!is_honest(proposer)) return;
  auto& proposers = votes_[height].honest_proposers;
  if (!proposers.insert(proposer).second || proposers.size() == 1) return;
  counts_.add(Work::contending_miners, proposers.size() == 2 ? 2 : 1);
}

void Watcher::proposed_unasked(Height height, PeerPort proposer, bool justified) {
  opened_ballot(height, proposer);
  if (!is_honest(proposer)) return;
  if (!justified) {
    throw Violation{"a first ballot is of the peer after the last miner",
                    at_port(proposer) + " at height " + std::to_string(height.value)};
  }
  counts_.add(Work::first_ballots, 1);
}

/// Once q peers have precommitted a block, nobody honest prevotes another one in a later ballot: what
/// agreement rests on, and broken long before two chains differ.
void Watcher::look_for_second_choice(Height height) {
  const auto& votes = votes_[height];
  for (const auto& [choice, signers] : votes.precommits) {
    std::size_t count = signers.size();
    for (const auto villain : villains_) count += signers.contains(villain) ? 0 : 1;
    if (count < quorum()) continue;
    for (const auto& [voter, ballot, block] : votes.honest_prevotes) {
      if (choice.first < ballot && block != choice.second) {
        throw Violation{"a chosen block is never voted against",
                        at_port(voter) + " at height " + std::to_string(height.value)};
      }
    }
  }
}

void Watcher::answered(const Signed<Answer>& answer) {
  const auto& body = answer.body;
  says("answer", answer.signer, encode_all(body.height, body.ballot), encode(body));
  if (!is_honest(answer.signer)) return;
  const auto lock = body.lock ? body.lock->ballot : Ballot{};
  auto& votes = votes_[body.height];
  votes.honest_answers[answer.signer][body.ballot] = lock;
  for (const auto& precommit : votes.honest_precommits[answer.signer]) {
    if (precommit < body.ballot && lock < precommit) {
      throw Violation{"a lock is never forgotten",
                      at_port(answer.signer) + " at height " + std::to_string(body.height.value)};
    }
  }
}

}  // namespace bookchain::sim
