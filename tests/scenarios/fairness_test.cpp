// Where fairness ends (docs/protocol.md, sections 2 and 6): R and f − 1 lying witnesses are one share short of the key;
// one liar more, and R reads the book before any transfer. And O with f − 1 liars leaves t honest shares.
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The key that the first `count` witnesses could give R by laying their shares together, whatever comes of them.
std::optional<BookKey> pooled(const Four& four, std::size_t count) {
  const auto& genesis = four.network.genesis();
  const auto record = four.network.record(four.o, four.x);
  std::vector<NumberedShare> shares;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto witness = genesis.witnesses(four.r, four.o)[i];
    shares.push_back({i, four.network.record(witness, four.x).shares.front().share});
  }
  const auto key = combine(shares);
  if (key_commitment(four.x, key) != record.grant->body.key_commitment) return std::nullopt;
  return key;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fairness)

BOOST_AUTO_TEST_CASE(a_requester_and_all_liars_that_are_borne_have_no_key_and_one_liar_more_gives_it) {
  for (const std::size_t peers : {7U, 10U, 13U}) {
    Four four(Step::grant, peers);
    const auto borne = four.network.genesis().faults_borne();
    // R is one of the liars.
    BOOST_TEST(!pooled(four, borne - 1).has_value());
    BOOST_TEST(pooled(four, borne).has_value());
  }
}

// With four to six peers R is the only liar that is borne: a single lying witness gives it nothing yet.
BOOST_AUTO_TEST_CASE(in_small_networks_one_lying_witness_still_gives_no_key) {
  for (const std::size_t peers : {4U, 5U, 6U}) {
    Four four(Step::grant, peers);
    BOOST_TEST(four.network.genesis().faults_borne() == 1U);
    BOOST_TEST(!pooled(four, 1).has_value());
    BOOST_TEST(pooled(four, four.network.genesis().share_threshold()).has_value());
  }
}

// "O and f − 1 lying witnesses leave t honest shares": of the A witnesses that acknowledged.
BOOST_AUTO_TEST_CASE(an_owner_and_the_liars_that_are_borne_leave_enough_honest_shares) {
  for (std::size_t peers = min_peers; peers <= max_peers; ++peers) {
    const Network network(peers);
    const auto& genesis = network.genesis();
    BOOST_TEST(genesis.ack_quorum() - (genesis.faults_borne() - 1) >= genesis.share_threshold());
    BOOST_TEST(genesis.faults_borne() - 1 < genesis.share_threshold());
  }
}

BOOST_AUTO_TEST_SUITE_END()
