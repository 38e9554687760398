// Lies of voters and proposers.
#include <algorithm>

#include "cli/lies.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

// ---- voter ----

void withhold_votes(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (!is_any<AnswerMessage, PrevoteMessage, PrecommitMessage>(one)) leave(leaving, std::move(one));
}

void answer_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  const auto* message = as<AnswerMessage>(one);
  leave(leaving, one);
  if (message == nullptr) return;
  auto body = message->answer.body;
  body.lock = Lock{Ballot{Round{0}, liar.identity.port}, liar.genesis.id_of(message->answer)};
  leave(leaving, one.to, AnswerMessage{liar.sign(body), std::nullopt});
}

/// A vote for a block that nobody proposed, before the vote that was asked for.
template <class Kind>
void vote_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (const auto* message = as<Kind>(one)) {
    auto body = message->vote.body;
    falsify(body.block);
    leave(leaving, one.to, Kind{liar.sign(body)});
  }
  leave(leaving, std::move(one));
}

void hide_lock(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* message = as<AnswerMessage>(one); message != nullptr && message->answer.body.lock) {
    auto body = message->answer.body;
    body.lock.reset();
    *message = AnswerMessage{liar.sign(body), std::nullopt};
  }
  leave(leaving, std::move(one));
}

/// A lock that nobody made, and so nobody can prove.
void invent_lock(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* message = as<AnswerMessage>(one); message != nullptr && !message->answer.body.lock) {
    auto body = message->answer.body;
    body.lock = Lock{Ballot{Round{0}, liar.identity.port}, liar.genesis.id_of(message->answer)};
    message->answer = liar.sign(body);
  }
  leave(leaving, std::move(one));
}

/// With each of its votes, ballots of heights to come.
void flood_far_heights(const Liar& liar, Outgoing one, Leaving& leaving) {
  static constexpr std::uint64_t heights = 64;
  if (const auto* answer = as<AnswerMessage>(one)) {
    const auto height = answer->answer.body.height.value;
    for (std::uint64_t above = 1; above <= heights; ++above) {
      leave(leaving, one.to, NewRound{Height{height + above * above}, Ballot{Round{1}, liar.identity.port}});
    }
  }
  leave(leaving, std::move(one));
}

Result<void> forget_votes(Home& home) {
  return change_memory(home, [&](Draft& draft) {
    if (voters.get(draft, only_row)) voters.erase(draft, only_row);
  });
}

// ---- proposer ----

void propose_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  leave(leaving, one);
  const auto* message = as<ProposeMessage>(one);
  if (message == nullptr || message->highest_lock) return;
  leave(leaving, one.to, proposal_of(liar, *message, message->block.transactions));
}

void ask_for_largest_round(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* asked = as<NewRound>(one)) asked->ballot.round.value = ~std::uint64_t{0};
  leave(leaving, std::move(one));
}

void raise_ballot(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  const auto* message = as<ProposeMessage>(one);
  if (message == nullptr) return leave(leaving, std::move(one));
  const auto& body = message->propose.body;
  leave(leaving, one.to, NewRound{body.height, Ballot{Round{body.ballot.round.value + 1}, body.ballot.port}});
}

void certify_falsely(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* message = as<PrevotesMessage>(one)) message->certificate.votes.pop_back();
  leave(leaving, std::move(one));
}

/// The answers of one ballot beside a proposal in the next.
void borrow_answers(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* message = as<ProposeMessage>(one)) {
    auto body = message->propose.body;
    ++body.ballot.round.value;
    message->propose = liar.sign(body);
  }
  leave(leaving, std::move(one));
}

}  // namespace

/// Another block in the same ballot, on the same head.
ProposeMessage proposal_of(const Liar& liar, ProposeMessage like, std::vector<Transaction> transactions) {
  const auto& header = like.block.header.body;
  const Head below{Height{header.height.value - 1}, header.previous, {}};
  like.block = mine_block(liar.genesis, liar.identity, below, Time{header.time.value + 1}, std::move(transactions));
  auto body = like.propose.body;
  body.block = liar.genesis.block_hash(like.block);
  like.propose = liar.sign(body);
  return like;
}

std::vector<Misbehaviour::Act> lies_of_the_chain() {
  return {
      {{"withheld-votes", "voter: does not vote"}, withhold_votes},
      {{"two-answers", "voter: answers twice in one ballot"}, answer_twice},
      {{"two-prevotes", "voter: gives two prevotes in one ballot"}, vote_twice<PrevoteMessage>},
      {{"two-precommits", "voter: gives two precommits in one ballot"}, vote_twice<PrecommitMessage>},
      {{"unproven-lock", "voter: names a lock that nobody made"}, invent_lock},
      {{"hidden-lock", "voter: hides its lock from later ballots"}, hide_lock},
      {{"forgotten-votes", "voter: forgets what it promised and voted"}, tell_the_truth, forget_votes},
      {{"far-heights", "voter: floods the others with ballots of heights to come"}, flood_far_heights},
      {{"two-proposals", "proposer: proposes two blocks in one ballot"}, propose_twice},
      {{"largest-round", "proposer: asks for the largest round there is"}, ask_for_largest_round},
      {{"endless-ballots", "proposer: opens the next ballot in the place of each proposal"}, raise_ballot},
      {{"borrowed-answers", "proposer: proposes with the answers of another ballot"}, borrow_answers},
      {{"false-certificate", "proposer: sends a certificate that lacks a vote"}, certify_falsely},
  };
}

}  // namespace bookchain::cli
