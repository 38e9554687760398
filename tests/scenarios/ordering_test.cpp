// Order, duplication and delay are normal (docs/protocol.md, section 2, Delivery): whole exchanges in random
// orders of their messages.
#include <sstream>

#include "tests/scenarios/network.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

ExchangeId play(Network& network) {
  const auto book = network.add_book(network.port(1), "7");
  network.deliver_until_quiet();
  const auto exchange = network.request(network.port(0), network.port(1), book);
  network.run_shuffled(20);
  network.require_equal_chains(1);
  for (const auto& peer : network.genesis().peers()) {
    BOOST_REQUIRE((network.state_of(peer.port, exchange) == ExchangeState::committed));
  }
  BOOST_REQUIRE(network.home(network.port(0)).books.contains(book));
  BOOST_REQUIRE(!network.home(network.port(1)).books.contains(book));
  return exchange;
}

void play(std::size_t peers, std::uint64_t seed) {
  BOOST_TEST_CONTEXT("peers " << peers << ", seed " << seed) {
    Network network(peers, seed);
    (void)play(network);
  }
}

}  // namespace

// Section 2: "every message is harmless when taken twice. Order, duplication and delay are normal." A thousand
// orders, in four suites that run beside each other.
BOOST_AUTO_TEST_SUITE(ordering_of_one_exchange_1)
BOOST_AUTO_TEST_CASE(a_thousand_orders_of_one_exchange_all_end_committed) {
  for (std::uint64_t seed = 1; seed <= 250; ++seed) play(4, seed);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ordering_of_one_exchange_2)
BOOST_AUTO_TEST_CASE(more_orders_of_one_exchange_all_end_committed) {
  for (std::uint64_t seed = 251; seed <= 500; ++seed) play(4, seed);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ordering_of_one_exchange_3)
BOOST_AUTO_TEST_CASE(more_orders_of_one_exchange_all_end_committed) {
  for (std::uint64_t seed = 501; seed <= 750; ++seed) play(4, seed);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ordering_of_one_exchange_4)
BOOST_AUTO_TEST_CASE(more_orders_of_one_exchange_all_end_committed) {
  for (std::uint64_t seed = 751; seed <= 1000; ++seed) play(4, seed);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ordering_among_more_peers)

BOOST_AUTO_TEST_CASE(orders_among_five_and_seven_peers_all_end_committed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) play(5, seed);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) play(7, seed);
}

// A message that is refused is gone: its sender was told that it came, and does not send it again.
BOOST_AUTO_TEST_CASE(no_step_of_an_honest_peer_is_refused_or_share_kept_because_another_peer_is_slower) {
  for (const std::size_t peers : {4U, 5U, 6U, 7U}) {
    std::mt19937_64 random(peers);
    // Each way alone, then several.
    for (std::size_t run = 0; run < peers * peers + 50; ++run) {
      Network network(peers, run + 1);
      network.keeps_directions = true;
      std::ostringstream ways;
      for (std::size_t way = 0; way < peers * peers; ++way) {
        const bool is_slow = run < peers * peers ? way == run : random() % 4 == 0;
        if (!is_slow) continue;
        const std::pair ends(network.port(way / peers), network.port(way % peers));
        network.slow.insert(ends);
        ways << ' ' << ends.first.value << "-" << ends.second.value;
      }
      BOOST_TEST_CONTEXT("peers " << peers << ", slow:" << ways.str()) {
        network.watch = [](const Envelope& envelope, const std::optional<Error>& refused) {
          if (!refused || step_of(envelope.message) == 0) return;
          BOOST_ERROR(name(envelope.message) << " from " << envelope.from.value << " to " << envelope.to.value << ": "
                                             << name(refused->token) << ", " << refused->what);
        };
        const auto exchange = play(network);
        // Section 5: the requester can read, so no witness keeps its share.
        for (std::size_t i = 2; i < peers; ++i) BOOST_TEST(network.record(network.port(i), exchange).shares.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ordering_of_contending_exchanges)

// Section 4: "Contending proposers back off by a random time"; nothing hangs, chains never differ.
BOOST_AUTO_TEST_CASE(three_contending_miners_all_end_in_the_chain_in_any_order) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      BOOST_TEST_CONTEXT("peers " << peers << ", seed " << seed) {
        Network network(peers, seed);
        std::vector<std::pair<BookId, PeerPort>> wanted;
        std::vector<ExchangeId> all;
        for (std::size_t i = 0; i < 3; ++i) {
          const auto book = network.add_book(network.port(i), std::to_string(i));
          network.deliver_until_quiet();
          wanted.emplace_back(book, network.port((i + 1) % 3));
        }
        for (std::size_t i = 0; i < 3; ++i)
          all.push_back(network.request(wanted[i].second, network.port(i), wanted[i].first));
        network.run_shuffled(15);
        network.require_equal_chains(network.head(network.port(0)).height.value);
        for (const auto& [book, requester] : wanted) {
          BOOST_REQUIRE(network.owner_of_book(network.port(3), book) == requester);
          BOOST_REQUIRE(network.home(requester).books.contains(book));
        }
      }
    }
  }
}

/// Four peers with two exchanges each to bring into the chain, all ready at once; gives how many ballots were opened.
std::size_t ballots_under_load(bool patient, std::uint64_t seed) {
  Network network(4, seed);
  std::vector<ExchangeId> all;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto owner = network.port(i % 4);
    all.push_back(network.start(network.port((i + 1 + i / 4) % 4), owner, std::to_string(i), Step::check_key));
  }
  network.patient = patient;
  std::set<std::pair<Height, Ballot>> opened;
  network.watch = [&](const Envelope& envelope, const std::optional<Error>&) {
    if (const auto* round = std::get_if<NewRound>(&envelope.message)) opened.emplace(round->height, round->ballot);
  };
  network.run_shuffled(0);
  network.require_equal_chains(network.chain(network.port(0)).size());
  for (const auto& exchange : all) {
    BOOST_REQUIRE((network.state_of(network.port(3), exchange) == ExchangeState::committed));
  }
  return opened.size();
}

// Section 4, "Contending proposers back off": those that are patient take turns and do not interrupt each other; with
// impatient ones all ends as well.
BOOST_AUTO_TEST_CASE(patient_proposers_take_turns_and_open_fewer_ballots) {
  std::size_t with_patience = 0;
  std::size_t without = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      with_patience += ballots_under_load(true, seed);
      without += ballots_under_load(false, seed);
    }
  }
  BOOST_TEST(with_patience < without);
}

// Section 3, step 1: O refuses "a book granted to another R in this turn".
BOOST_AUTO_TEST_CASE(two_requesters_for_one_book_end_one_committed_and_one_over_with_a_reason) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      BOOST_TEST_CONTEXT("peers " << peers << ", seed " << seed) {
        Network network(peers, seed);
        const auto owner = network.port(2);
        const auto book = network.add_book(owner, "3");
        network.deliver_until_quiet();
        const auto first = network.request(network.port(0), owner, book);
        const auto second = network.request(network.port(1), owner, book);
        network.run_shuffled(15);
        network.require_equal_chains(1);
        const auto ours = network.record(network.port(0), first);
        const auto theirs = network.record(network.port(1), second);
        const bool first_won = ours.state == ExchangeState::committed;
        const auto& lost = first_won ? theirs : ours;
        BOOST_REQUIRE(((first_won ? ours : theirs).state == ExchangeState::committed));
        BOOST_REQUIRE(is_over(lost.state));
        BOOST_REQUIRE((!lost.token.empty() && !lost.reason.empty()));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
