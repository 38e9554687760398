// A height of which a voter hears nothing more (docs/protocol.md, section 4): it asks, and is told when the block
// comes.
#include <limits>

#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// Four peers that all voted for the block of an exchange. Its proposer, the requester, has committed it, and of what
/// it sends about that only what `passes` lets through comes to anybody.
struct Withheld : Four {
  Withheld() : Four(Step::check_key) {
    network.filter = [this](const Envelope& envelope) {
      const bool tells = tells_of_a_block(envelope.message);
      return envelope.from != r || envelope.to == r || !tells || passes(envelope);
    };
    network.take(r, x, Step::mine);
    network.deliver_until_quiet();
    BOOST_REQUIRE(network.head(r).height.value == 1U);
    BOOST_REQUIRE(heights() == 0U);
  }

  std::function<bool(const Envelope&)> passes = [](const Envelope&) { return false; };
  /// The committed heights of the three others, added up.
  [[nodiscard]] std::uint64_t heights() const {
    std::uint64_t sum = 0;
    for (const auto peer : {o, w1, w2}) sum += network.head(peer).height.value;
    return sum;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(silence)

// "asks all others a minute after it voted (WANT-BLOCKS) … Who has the block sends it".
BOOST_AUTO_TEST_CASE(a_block_told_to_one_voter_comes_to_all_that_voted) {
  Withheld withheld;
  auto& network = withheld.network;
  BOOST_TEST(!network.give(withheld.r, withheld.w1, CommitMessage{network.chain(withheld.r).front()}));
  network.queue.clear();
  network.kill(withheld.r);
  const auto before = network.now().value;
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.now().value - before >= 59'000'000U);
  BOOST_TEST(network.now().value - before <= 61'000'000U);
}

// "who does not remembers the question and says so when it comes."
BOOST_AUTO_TEST_CASE(who_asked_before_anybody_had_the_block_is_told_when_there_is_one) {
  Withheld withheld;
  auto& network = withheld.network;
  network.run();  // all ask all, and nobody that answers has it
  BOOST_TEST(withheld.heights() == 0U);
  BOOST_TEST(!network.give(withheld.r, withheld.w1, CommitMessage{network.chain(withheld.r).front()}));
  // Who has the block by now needs no copy of it.
  for (const auto& envelope : network.queue) {
    const auto* told = std::get_if<BlocksMessage>(&envelope.message);
    BOOST_TEST((told == nullptr || told->blocks.empty()));
  }
  network.kill(withheld.r);
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  BOOST_TEST(!waiters_fact.get(network.state(withheld.w1)).has_value());
}

// The same where the one that is asked is itself a block behind: it learns that from the question, and tells later.
BOOST_AUTO_TEST_CASE(a_question_from_above_is_remembered_and_tells_a_peer_that_it_is_behind) {
  Withheld withheld;
  auto& network = withheld.network;
  BOOST_TEST(!network.give(withheld.w2, withheld.w1, WantBlocks{Height{2}}));
  BOOST_TEST(queued<WantBlocks>(network, withheld.w2) != nullptr);
  network.queue.clear();
  BOOST_TEST(!network.give(withheld.r, withheld.w1, CommitMessage{network.chain(withheld.r).front()}));
  // It is told of the block below as well: it may have been put back since.
  const auto* told = queued<BlocksMessage>(network, withheld.w2);
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST(told->blocks.empty());
  const auto waiters = waiters_fact.get(network.state(withheld.w1));
  BOOST_REQUIRE(waiters.has_value());
  BOOST_TEST(waiters->all.front().height.value == 2U);
}

// Asked once: where nothing comes of it, no more is sent, and nothing is left that would wake the peer.
BOOST_AUTO_TEST_CASE(a_voter_asks_once_a_minute_after_its_first_vote) {
  Withheld withheld;
  auto& network = withheld.network;
  BOOST_TEST(network.node(withheld.w1).next_tick(network.state(withheld.w1)).has_value());
  BOOST_TEST(!network.node(withheld.w1).is_backing_off(network.state(withheld.w1)));
  std::size_t asked = 0;
  network.watch = [&](const Envelope& envelope, const std::optional<Error>&) {
    if (envelope.from == withheld.w1 && std::holds_alternative<WantBlocks>(envelope.message)) ++asked;
  };
  // A later ballot puts nothing off.
  network.pass(59'000'000);
  BOOST_TEST(!network.give(withheld.w2, withheld.w1, NewRound{Height{1}, Ballot{Round{7}, withheld.w2}}));
  network.deliver_until_quiet();
  BOOST_TEST(asked == 0U);
  network.pass(1'000'000);
  network.tick(withheld.w1);
  network.deliver_until_quiet();
  BOOST_TEST(asked == 3U);
  network.pass(3'600'000'000);
  network.tick(withheld.w1);
  network.deliver_until_quiet();
  BOOST_TEST(asked == 3U);
  BOOST_TEST(!network.node(withheld.w1).next_tick(network.state(withheld.w1)).has_value());
}

// Each height has its own question: who asked for the block of the next one is told of that, and a voter that hears
// nothing more of that one asks again, a minute after its vote there.
BOOST_AUTO_TEST_CASE(at_the_next_height_who_asked_before_is_told_and_a_voter_asks_again) {
  Withheld withheld;
  auto& network = withheld.network;
  BOOST_TEST(!network.give(withheld.w2, withheld.w1, WantBlocks{Height{2}}));
  withheld.passes = [](const Envelope&) { return true; };
  network.run();
  network.require_equal_chains(1);
  withheld.passes = [](const Envelope&) { return false; };
  const auto next = network.start(withheld.r, withheld.o, "8", Step::check_key);
  network.take(withheld.r, next, Step::mine);
  network.deliver_until_quiet();
  BOOST_REQUIRE(network.head(withheld.r).height.value == 2U);
  BOOST_REQUIRE(withheld.heights() == 3U);
  BOOST_REQUIRE(waiters_fact.get(network.state(withheld.w1)).has_value());
  BOOST_TEST(!network.give(withheld.r, withheld.w1, CommitMessage{network.chain(withheld.r).back()}));
  const auto* told = queued<BlocksMessage>(network, withheld.w2);
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST(told->head.value == 2U);
  BOOST_TEST(!waiters_fact.get(network.state(withheld.w1)).has_value());
  network.kill(withheld.r);
  const auto before = network.now().value;
  network.deliver_until_quiet();
  BOOST_TEST(network.head(withheld.w2).height.value == 2U);
  BOOST_TEST(network.head(withheld.o).height.value == 1U);
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST(network.now().value - before >= 59'000'000U);
}

// The same peer asks as often as it likes and is remembered once, by the highest question: a late one may be an old
// one.
BOOST_AUTO_TEST_CASE(questions_for_blocks_that_nobody_has_take_no_room) {
  Withheld withheld;
  auto& network = withheld.network;
  for (const std::uint64_t height : {1U, 1U, 9U, 2U, 0U}) {
    BOOST_TEST(!network.give(withheld.w2, withheld.w1, WantBlocks{Height{height}}));
  }
  const auto waiters = waiters_fact.get(network.state(withheld.w1));
  BOOST_REQUIRE(waiters.has_value());
  BOOST_REQUIRE(waiters->all.size() == 1U);
  BOOST_TEST(waiters->all.front().height.value == 9U);
}

// Who claims great heights is asked for them once in a while, and no answer brings another question.
BOOST_AUTO_TEST_CASE(claims_of_great_heights_are_asked_about_once) {
  Withheld withheld;
  auto& network = withheld.network;
  constexpr Height largest{std::numeric_limits<std::uint64_t>::max()};
  network.queue.clear();
  for (int again = 0; again < 5; ++again) {
    BOOST_TEST(!network.give(withheld.w2, withheld.w1, BlocksMessage{largest, {}}));
    BOOST_TEST(!network.give(withheld.w2, withheld.w1, WantBlocks{largest}));
  }
  BOOST_TEST(count_queued<WantBlocks>(network) == 1U);
}

// "A RECEIPT of an exchange whose TRANSFER a peer does not have makes it ask the one that signed it", also a peer that
// was told nothing of the exchange.
BOOST_AUTO_TEST_CASE(a_receipt_before_the_block_makes_a_peer_ask_for_it) {
  Withheld withheld;
  auto& network = withheld.network;
  network.edit(withheld.w2, [&](Draft& draft) {
    exchanges.erase(draft, withheld.x);
    witness_ids.erase(draft, WitnessIdKey{withheld.r, withheld.x});
  });
  withheld.passes = [&](const Envelope& envelope) { return std::holds_alternative<BlocksMessage>(envelope.message); };
  for (const auto peer : {withheld.o, withheld.w1, withheld.w2}) {
    const auto refused =
        network.give(withheld.r, peer, ReceiptMessage{network.sign(withheld.r, Receipt{{withheld.x}})});
    BOOST_TEST(refused.has_value() == (peer == withheld.w2));
  }
  network.deliver_until_quiet();
  network.require_equal_chains(1);
}

BOOST_AUTO_TEST_SUITE_END()
