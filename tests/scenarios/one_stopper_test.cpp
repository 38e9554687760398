// One peer that tries to stop the chain (docs/protocol.md, section 4): "a proposer alone with q honest peers, itself
// one, always finishes".
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// Time passes in steps of 10 ms, in which every message takes one step, until the exchange is committed at R.
/// Gives the milliseconds, or nothing if `most` of them were not enough.
std::optional<std::uint64_t> time_to_commit(Four& four, std::uint64_t most, const std::function<void()>& meanwhile) {
  auto& network = four.network;
  network.filter = [&](const Envelope& envelope) { return envelope.to != four.w2; };
  for (std::uint64_t passed = 0; passed < most; passed += 10) {
    if (network.state_of(four.r, four.x) == ExchangeState::committed) return passed;
    meanwhile();
    const auto under_way = network.queue.size();
    for (std::size_t i = 0; i < under_way; ++i) network.deliver();
    network.pass(10'000);
    for (const auto peer : {four.r, four.o, four.w1}) {
      const auto wakes = network.node(peer).next_tick(network.state(peer), network.now());
      if (wakes && *wakes <= network.now()) network.tick(peer);
    }
  }
  return std::nullopt;
}

std::uint64_t promised(const Network& network, PeerPort peer) {
  const auto voter = voters.get(network.state(peer), 0);
  return voter ? voter->promise.round.value : 0;
}

constexpr std::uint64_t minute = 60'000;  // milliseconds

}  // namespace

BOOST_AUTO_TEST_SUITE(one_stopper)

// Section 4: "a round more than 2^20 above the promise is refused": one peer raises the promise of one voter by such
// jumps, as far as it gets, and falls silent. The voter is needed, and is won.
BOOST_AUTO_TEST_CASE(a_voter_whose_promise_was_raised_far_is_won_at_once) {
  for (const std::uint64_t seconds : {0U, 60U, 3600U}) {
    Four four(Step::check_key);
    auto& network = four.network;
    for (std::uint64_t k = 1; k <= 100; ++k) {
      const Ballot ballot{Round{promised(network, four.w1) + (std::uint64_t{1} << 20U)}, four.w2};
      network.give(four.w2, four.w1, NewRound{Height{1}, ballot});
      network.pass(seconds * 10'000);
      network.tick(four.w1);
    }
    network.queue.clear();
    network.take(four.r, four.x, Step::mine);
    const auto taken = time_to_commit(four, minute, [] {});
    BOOST_TEST_REQUIRE(taken.has_value());
  }
}

// The same in one message, as far as the clock of the voter lets it. The next round is in reach a second later.
BOOST_AUTO_TEST_CASE(a_voter_whose_promise_was_raised_to_the_limit_is_won_at_once) {
  Four four(Step::check_key);
  auto& network = four.network;
  const Ballot highest{Round{(network.now().value / 1'000'000) << 20U}, four.w2};
  network.give(four.w2, four.w1, NewRound{Height{1}, highest});
  BOOST_REQUIRE(promised(network, four.w1) == highest.round.value);
  network.queue.clear();
  network.take(four.r, four.x, Step::mine);
  const auto taken = time_to_commit(four, minute, [] {});
  BOOST_TEST_REQUIRE(taken.has_value());
  BOOST_TEST(network.chain(four.r).front().certificate.vote.ballot.round.value > highest.round.value);
}

// Section 4: "one that keeps interrupting is answered later each time": it raises its own ballot every 10 ms at
// everybody, by one, by a little, by as much as it may, and never proposes.
BOOST_AUTO_TEST_CASE(a_peer_that_raises_its_own_ballot_without_end_stops_nobody) {
  for (const std::uint64_t jump : {2U, 1000U, 1U << 20U}) {
    Four four(Step::check_key);
    auto& network = four.network;
    std::uint64_t round = 1;
    const auto raise = [&] {
      for (const auto peer : {four.r, four.o, four.w1}) round = std::max(round, promised(network, peer));
      round += jump;
      for (const auto peer : {four.r, four.o, four.w1}) {
        (void)network.give(four.w2, peer, NewRound{Height{1}, Ballot{Round{round}, four.w2}});
      }
    };
    raise();
    network.take(four.r, four.x, Step::mine);
    const auto taken = time_to_commit(four, 10 * minute, raise);
    BOOST_TEST_REQUIRE(taken.has_value());
    BOOST_TEST_MESSAGE("jump " << jump << ": committed after " << *taken << " ms");
  }
}

// Section 4: "a proposer alone with q honest peers … always finishes": a liar tells it of ever higher promises, within
// what it can believe, and asks the voters on the way.
BOOST_AUTO_TEST_CASE(a_liar_that_tells_of_higher_and_higher_promises_stops_nobody) {
  for (const std::uint64_t above : {std::uint64_t{1}, std::uint64_t{1} << 20U, std::uint64_t{1} << 40U}) {
    Four four(Step::check_key);
    auto& network = four.network;
    const auto lie = [&] {
      const auto running = proposers.get(network.state(four.r), 0);
      if (!running || running->height != Height{1}) return;
      const Ballot told{Round{running->ballot.round.value + above}, four.w2};
      (void)network.give(four.w2, four.r, Promised{Height{1}, told});
      (void)network.give(four.w2, four.w1, NewRound{Height{1}, Ballot{Round{1}, four.w2}});
    };
    network.take(four.r, four.x, Step::mine);
    const auto taken = time_to_commit(four, 10 * minute, lie);
    BOOST_TEST_REQUIRE(taken.has_value());
    BOOST_TEST_MESSAGE("claims " << above << " above: committed after " << *taken << " ms");
  }
}

// Section 4: "Safety needs no clock"; progress needs none that was never put back: a pause that ends farther off than
// any pause lasts is over.
BOOST_AUTO_TEST_CASE(a_clock_that_is_put_back_stalls_neither_proposer_nor_voter) {
  Four four(Step::check_key);
  auto& network = four.network;
  // A year ahead, a ballot is refused and backs off, and another's is put off.
  network.pass(std::uint64_t{31'536'000'000'000});
  for (const std::uint64_t round : {20U, 21U, 22U}) {
    (void)network.give(four.w2, four.w1, NewRound{Height{1}, Ballot{Round{round}, four.w2}});
  }
  BOOST_REQUIRE(network.node(four.w1).next_tick(network.state(four.w1)).has_value());
  network.kill(four.w2);
  network.take(four.r, four.x, Step::mine);
  network.deliver_until_quiet();
  BOOST_REQUIRE(network.node(four.r).next_tick(network.state(four.r)).has_value());
  network.pass(std::uint64_t{0} - std::uint64_t{31'536'000'000'000});
  const auto taken = time_to_commit(four, minute, [] {});
  BOOST_TEST_REQUIRE(taken.has_value());
}

// Section 4: "The precommit certificate commits": a block that nobody voted for is refused before it is checked, which
// would cost the signatures of all that stands in it.
BOOST_AUTO_TEST_CASE(a_block_without_votes_is_refused_before_it_is_looked_at) {
  Four four(Step::check_key);
  auto& network = four.network;
  Block block{network.sign(four.w2, BlockHeader{Height{1}, {}, {}, Time{1}, 0}), {}};
  const Precommit vote{Height{1}, Ballot{Round{1}, four.w2}, network.genesis().block_hash(block)};
  const CommittedBlock forged{block, CommitCertificate{vote, {}}};
  BOOST_TEST((network.give(four.w2, four.w1, CommitMessage{forged}) == Token::no_quorum));
  BOOST_TEST((network.give(four.w2, four.w1, BlocksMessage{Height{1}, {forged}}) == Token::no_quorum));
}

BOOST_AUTO_TEST_SUITE_END()
