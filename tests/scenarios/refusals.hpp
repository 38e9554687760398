// Wishes of a user that change nothing: refused, or done before; and what a peer can do alone.
#pragma once

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// Why a wish is refused; it sends nothing.
inline Error refusal(Network& network, PeerPort peer, Wish wish) {
  const auto waiting = network.queue.size();
  const auto outcome = network.input(peer, std::move(wish));
  BOOST_REQUIRE_MESSAGE(!outcome.has_value(), "a wish succeeds that should not");
  BOOST_TEST(network.queue.size() == waiting);
  return outcome.error();
}

/// It is refused with this token, and the message says this.
inline void require_refused(Network& network, PeerPort peer, Wish wish, Token token, std::string_view what = {}) {
  const auto error = refusal(network, peer, std::move(wish));
  BOOST_TEST(name(error.token) == name(token));
  BOOST_TEST(error.what.find(what) != std::string::npos, error.what << " does not say: " << what);
}

/// The wish succeeds, sends nothing, and leaves the exchange as it was.
inline void require_done_before(Network& network, PeerPort peer, const ExchangeId& exchange, Wish wish) {
  BOOST_REQUIRE(network.queue.empty());
  const auto before = encode(network.record(peer, exchange));
  network.wish(peer, std::move(wish));
  BOOST_TEST(network.queue.empty());
  BOOST_TEST((encode(network.record(peer, exchange)) == before));
}

/// What no owner would sign: the root is of nothing.
inline WishGrant some_grant(Network& network, const ExchangeId& exchange) {
  Bytes coefficients(32 * (network.genesis().share_threshold() - 1), 5);
  return WishGrant{exchange, network.draw<BookKey>(), std::move(coefficients), network.draw<Hash>()};
}

template <class Kind>
bool can_recover_by(const Network& network, PeerPort peer, const ExchangeId& exchange, bool under_way = false) {
  const auto recovery = network.node(peer).recovery(network.state(peer), exchange);
  return recovery && std::holds_alternative<Kind>(recovery->wish) && recovery->under_way == under_way;
}
inline bool can_recover(const Network& network, PeerPort peer, const ExchangeId& exchange) {
  return network.node(peer).recovery(network.state(peer), exchange).has_value();
}

}  // namespace bookchain::scenarios
