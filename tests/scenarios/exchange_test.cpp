// Whole exchanges, step by step and by themselves (docs/protocol.md, section 3).
#include "tests/scenarios/network.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(whole_exchange)

// Section 3, steps 1 to 8: "On commit the book is R's at every peer, O's copy leaves O's shelf, R's
// plaintext is on R's shelf."
BOOST_AUTO_TEST_CASE(a_whole_exchange_ends_committed_at_every_peer_of_every_size) {
  for (const std::size_t peers : {4U, 5U, 6U, 7U, 10U, 13U}) {
    Network network(peers);
    const auto requester = network.port(0);
    const auto owner = network.port(1);
    const auto book = network.add_book(owner, "7");
    network.deliver_until_quiet();
    const auto exchange = network.request(requester, owner, book);
    network.run();
    network.require_equal_chains(1);
    for (const auto& peer : network.genesis().peers()) {
      BOOST_TEST(network.owner_of_book(peer.port, book).value == requester.value);
      BOOST_TEST((network.state_of(peer.port, exchange) == ExchangeState::committed));
    }
    BOOST_TEST(!network.home(owner).books.contains(book));
    BOOST_REQUIRE(network.home(requester).books.contains(book));
    BOOST_TEST((network.home(requester).books.at(book).whole() == bytes_of("7")));
    BOOST_TEST(transfer_in(network.chain(owner).front()).acks.size() >= network.genesis().ack_quorum());
  }
}

BOOST_AUTO_TEST_SUITE_END()
