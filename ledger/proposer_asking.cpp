// Whom a proposer asks for answers and votes: all, one that is needed only where the others are not enough, those
// that did not answer once more, and those whose promises lie far below its ballot step by step.
#include "ledger/consensus_parts.hpp"

namespace bookchain::ledger {

ProposeMessage proposal_of(const Context& context, const ProposerRecord& record, Block block) {
  return ProposeMessage{context.sign(Propose{record.height, record.ballot, record.block}), record.answers,
                        record.highest_lock, std::move(block)};
}

PrevoteCertificate prevotes_of(const ProposerRecord& record) {
  return PrevoteCertificate{Prevote{record.height, record.ballot, record.block}, record.prevotes};
}

void send_to_asked(const Context& context, const ProposerRecord& record, const Message& message) {
  for (const auto& peer : context.genesis.peers()) {
    if (!record.unasked || record.unasked->peer != peer.port) context.draft.send(peer.port, message);
  }
}

namespace {

/// What a voter is asked for in the present phase, in this order: one that forgot the proposal, or had none, needs it
/// before the certificate.
std::vector<Message> questions_of(const Context& context, const ProposerRecord& record) {
  std::vector<Message> questions;
  if (record.phase == ProposerPhase::asking) questions.emplace_back(NewRound{record.height, record.ballot});
  if (record.phase >= ProposerPhase::prevoting) {
    if (auto block = candidates.get(context.draft, record.block)) {
      questions.emplace_back(proposal_of(context, record, std::move(*block)));
    }
  }
  if (record.phase == ProposerPhase::precommitting) questions.emplace_back(PrevotesMessage{prevotes_of(record)});
  return questions;
}

/// Whether that voter has given what the present phase waits for. Precondition: a ballot runs.
bool has_answered(const ProposerRecord& record, PeerPort voter) {
  if (record.phase == ProposerPhase::asking) return holds_from(record.answers, voter);
  return holds_from(record.phase == ProposerPhase::prevoting ? record.prevotes : record.precommits, voter);
}

}  // namespace

void ask_the_last(Context& context, ProposerRecord& record) {
  for (auto& question : questions_of(context, record)) context.draft.send(record.unasked->peer, std::move(question));
  record.unasked.reset();
  keep(context, record);
}

void ask_voters_again(Context& context) {
  auto record = proposer_at(context, voting_height(context));
  for (const auto& question : questions_of(context, record)) {
    for (const auto& peer : context.genesis.peers()) {
      if (!has_answered(record, peer.port)) context.draft.send(peer.port, question);
    }
  }
  if (!record.unasked) return;
  record.unasked.reset();
  keep(context, record);
}

void lead_up(Context& context, PeerPort voter, Round promised, const Ballot& ballot) {
  if (ballot.round <= promised) return;
  const auto gap = ballot.round.value - promised.value;
  const auto steps = (gap - 1) / max_round_jump;
  if (steps == 0) return;
  const Ballot next{Round{ballot.round.value - steps * max_round_jump}, context.self()};
  context.draft.send(voter, NewRound{voting_height(context), next});
}

void lead_on(Context& context, PeerPort voter, const Answer& answer) {
  const auto height = voting_height(context);
  const auto record = proposer_at(context, height);
  if (answer.height != height || record.phase != ProposerPhase::asking) return;
  if (answer.ballot.port != context.self() || record.ballot.round <= answer.ballot.round) return;
  const auto gap = record.ballot.round.value - answer.ballot.round.value;
  if (gap % max_round_jump != 0) return;
  context.draft.send(voter,
                     NewRound{height, Ballot{Round{answer.ballot.round.value + max_round_jump}, context.self()}});
}

}  // namespace bookchain::ledger
