// Blocks end committed whoever dies on the way (docs/protocol.md, section 4), while q peers answer.
#include "tests/scenarios/network.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// Two exchanges of two books, both ready to be mined: by port(0) and by port(1).
struct TwoMiners {
  explicit TwoMiners(std::size_t peers, std::uint64_t seed = 1) : network(peers, seed) {
    const auto last = network.port(peers - 1);
    books = {network.add_book(last, "1"), network.add_book(last, "2")};
    network.deliver_until_quiet();
    for (std::size_t i = 0; i < 2; ++i) {
      all.push_back(network.request(network.port(i), last, books[i]));
      network.play(all[i], Step::check_key);
      BOOST_REQUIRE((network.state_of(network.port(i), all[i]) == ExchangeState::key_checked));
    }
  }

  Network network;
  std::vector<BookId> books;
  std::vector<ExchangeId> all;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(proposers_that_die)

// Section 4: "A proposer finishes a locked block first, so a requester that died halfway is completed."
BOOST_AUTO_TEST_CASE(a_proposer_that_died_after_some_precommits_is_finished_by_the_next_requester) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    for (std::size_t precommits = 1; precommits <= 3; ++precommits) {
      BOOST_TEST_CONTEXT("peers " << peers << ", precommits " << precommits) {
        TwoMiners two(peers);
        auto& network = two.network;
        const auto dead = network.port(0);
        network.home(network.port(1)).takes_steps = false;
        // The proposer locks itself; the others it reaches lock too, until it dies.
        std::size_t reached = 1;
        network.filter = [&](const Envelope& envelope) {
          if (std::holds_alternative<PrevotesMessage>(envelope.message)) return reached++ < precommits;
          return !std::holds_alternative<PrecommitMessage>(envelope.message);
        };
        network.take(dead, two.all[0], Step::mine);
        network.run();
        network.filter = nullptr;
        network.kill(dead);
        BOOST_REQUIRE(network.head(network.port(1)).height.value == 0U);
        network.home(network.port(1)).takes_steps = true;
        network.run();
        network.require_no_fork();
        BOOST_REQUIRE((network.state_of(network.port(1), two.all[1]) == ExchangeState::committed));
        network.revive(dead);
        // Its own block is in the chain already, or it mines it now.
        network.give(network.port(1), dead, CommitMessage{network.chain(network.port(1)).back()});
        network.run();
        network.require_equal_chains(2);
        BOOST_TEST(network.owner_of_book(network.port(2), two.books[0]).value == dead.value);
        BOOST_TEST(network.owner_of_book(network.port(2), two.books[1]).value == network.port(1).value);
        BOOST_TEST((network.state_of(dead, two.all[0]) == ExchangeState::committed));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
