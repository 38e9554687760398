// A book that its requester has opened: what follows is its ballot.
#pragma once

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// One exchange up to `open`, of a book of the last peer for the first one; proposers are patient from then on.
struct OpenedBook {
  explicit OpenedBook(std::size_t peers = 4) : network(peers) {
    exchange = network.start(requester(), network.port(peers - 1), "1", Step::open);
    network.patient = true;
  }
  [[nodiscard]] PeerPort requester() const { return network.port(0); }

  template <class Kind>
  [[nodiscard]] std::size_t queued() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        network.queue, [](const Envelope& each) { return std::holds_alternative<Kind>(each.message); }));
  }
  /// Whether a NEWROUND to that peer is under way.
  [[nodiscard]] bool asks(PeerPort voter) const {
    return std::ranges::any_of(network.queue, [&](const Envelope& each) {
      return each.to == voter && std::holds_alternative<NewRound>(each.message);
    });
  }
  [[nodiscard]] PeerPort owner() const { return network.genesis().peers().back().port; }
  /// Messages of that kind to the owner that are under way.
  template <class Kind>
  [[nodiscard]] std::size_t to_owner() const {
    return static_cast<std::size_t>(std::ranges::count_if(network.queue, [&](const Envelope& each) {
      return each.to == owner() && std::holds_alternative<Kind>(each.message);
    }));
  }
  /// The witnesses answer about the key, and of `lost` nothing of that kind arrives.
  template <class Kind>
  void answer_without(PeerPort lost) {
    network.filter = [lost](const Envelope& each) {
      return each.from != lost || !std::holds_alternative<Kind>(each.message);
    };
    network.take(requester(), exchange, Step::check_key);
    network.deliver_until_quiet();
  }
  /// And the requester proposes.
  template <class Kind>
  void propose_without(PeerPort lost) {
    answer_without<Kind>(lost);
    network.take(requester(), exchange, Step::mine);
    network.deliver_until_quiet();
    BOOST_REQUIRE((network.head(requester()).height == Height{0}));
  }
  /// That witness says that it promised the next round.
  void refuse(PeerPort witness) { network.give(witness, requester(), Promised{Height{1}, Ballot{Round{2}, witness}}); }
  void require_committed_in_the_first_round() {
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((network.chain(owner()).front().certificate.vote.ballot == Ballot{Round{1}, requester()}));
  }
  [[nodiscard]] std::optional<ProposerRecord> ballot() const {
    return proposers.get(network.state(requester()), only_row);
  }

  Network network;
  ExchangeId exchange;
};

}  // namespace bookchain::scenarios
