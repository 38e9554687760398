// What a cheating peer can build for the votes about one height.
#pragma once

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// A network in which port(0) may mine an exchange of port(1)'s book, and what a cheating port(0) can build.
struct Votes {
  Votes()
      : network(4),
        liar(network.port(0)),
        owner(network.port(1)),
        voter(network.port(2)),
        x(network.start(liar, owner, "7", Step::check_key)) {}

  Network network;
  PeerPort liar, owner, voter;
  ExchangeId x;
  /// The other three: the voter would know that it never gave the votes forged here.
  const std::array<std::size_t, 3> quorum = {0, 1, 3};

  [[nodiscard]] Transaction transfer() {
    const auto r = network.record(liar, x);
    return network.sign(liar, Transfer{TransferForm::mined, *r.book, r.request, *r.grant, *r.consent, r.acks,
                                       r.id_answers, r.key_answers});
  }
  /// Blocks of different times are different blocks with the same transaction.
  [[nodiscard]] Block block(std::uint64_t time) {
    return mine_block(network.genesis(), network.home(liar).identity, network.head(voter), Time{time}, {transfer()});
  }
  [[nodiscard]] Hash hash(const Block& b) const { return network.genesis().block_hash(b); }
  [[nodiscard]] Signed<Answer> answer(std::size_t peer, Ballot ballot, std::optional<Lock> lock = std::nullopt,
                                      Height height = Height{1}) {
    return network.sign(network.port(peer), Answer{height, ballot, lock});
  }
  [[nodiscard]] std::vector<Signed<Answer>> answers(Ballot ballot) {
    std::vector<Signed<Answer>> all;
    for (const auto i : quorum) all.push_back(answer(i, ballot));
    return all;
  }
  template <class Vote>
  [[nodiscard]] Certificate<Vote> certificate(Ballot ballot, const Hash& block, Height height = Height{1}) {
    Certificate<Vote> made{Vote{height, ballot, block}, {}};
    for (const auto i : quorum) {
      made.votes.push_back({network.port(i), network.sign(network.port(i), made.vote).signature});
    }
    return made;
  }
  [[nodiscard]] ProposeMessage proposal(Ballot ballot, const Block& b) {
    return ProposeMessage{network.sign(ballot.port, Propose{Height{1}, ballot, hash(b)}), answers(ballot), std::nullopt,
                          b};
  }
  [[nodiscard]] VoterRecord votes_of(PeerPort peer) const {
    return voters.get(network.state(peer), 0).value_or(VoterRecord{});
  }
  [[nodiscard]] Ballot ballot(std::uint64_t round) const { return Ballot{Round{round}, liar}; }
  std::optional<Token> give(const Message& message) { return network.give(liar, voter, message); }
};

template <class Kind>
std::optional<Kind> last_queued(const Network& network) {
  std::optional<Kind> found;
  for (const auto& envelope : network.queue) {
    if (const auto* kind = std::get_if<Kind>(&envelope.message)) found = *kind;
  }
  return found;
}

}  // namespace bookchain::scenarios
