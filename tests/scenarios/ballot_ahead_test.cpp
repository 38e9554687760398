// A ballot that a requester asks for while it still checks the key (docs/protocol.md, section 4, "Progress").
#include "tests/scenarios/opened_book.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(ballots_that_are_opened_ahead)

// Section 4: "A requester that checks the key asks for a ballot at the same time, [...] so that the answers to both
// come together."
BOOST_AUTO_TEST_CASE(a_requester_alone_asks_for_the_key_and_its_ballot_at_once) {
  for (const std::size_t peers : {4U, 5U, 6U, 7U}) {
    OpenedBook opened(peers);
    auto& network = opened.network;
    network.take(opened.requester(), opened.exchange, Step::check_key);
    BOOST_TEST(opened.queued<CheckKey>() == peers - 2);
    // Two and three of those who answer about the key are enough for a quorum of 3 and 4.
    const bool are_enough = peers == 4 || peers == 6;
    BOOST_TEST(opened.queued<NewRound>() == (are_enough ? peers - 2 : peers - 1));
    BOOST_TEST(opened.asks(network.port(peers - 1)) != are_enough);
    network.deliver_until_quiet();
    BOOST_REQUIRE((network.state_of(opened.requester(), opened.exchange) == ExchangeState::key_checked));
    // A proposal brings q ANSWERs, however many came.
    BOOST_REQUIRE((opened.ballot()->phase == ProposerPhase::asking));
    BOOST_TEST(opened.ballot()->answers.size() == network.genesis().vote_quorum());
    network.take(opened.requester(), opened.exchange, Step::mine);
    BOOST_TEST(opened.queued<NewRound>() == 0U);
    BOOST_TEST(opened.queued<ProposeMessage>() == (are_enough ? peers - 2 : peers - 1));
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST(
        (network.chain(opened.requester()).front().certificate.vote.ballot == Ballot{Round{1}, network.port(0)}));
  }
}

// The KEY-ANSWERs may come first, too.
BOOST_AUTO_TEST_CASE(a_transaction_that_is_there_before_the_answers_is_proposed_with_the_last_of_them) {
  OpenedBook opened;
  auto& network = opened.network;
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.deliver_all<CheckKey>();
  network.deliver_all<KeyAnswerMessage>();
  network.take(opened.requester(), opened.exchange, Step::mine);
  BOOST_TEST(opened.queued<ProposeMessage>() == 0U);
  network.deliver_all<NewRound>();
  network.deliver_all<AnswerMessage>();
  BOOST_TEST(opened.queued<ProposeMessage>() == 3U);
  network.run();
  network.require_equal_chains(1);
}

// The owner "is asked only when there is something to propose and answers lack": here that of a witness.
BOOST_AUTO_TEST_CASE(the_owner_is_asked_once_there_is_something_to_propose_and_answers_lack) {
  OpenedBook opened;
  auto& network = opened.network;
  const auto owner = network.port(3);
  network.filter = [&](const Envelope& envelope) {
    return envelope.from != network.port(1) || !std::holds_alternative<AnswerMessage>(envelope.message);
  };
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.deliver_until_quiet();
  BOOST_REQUIRE((network.state_of(opened.requester(), opened.exchange) == ExchangeState::key_checked));
  BOOST_REQUIRE((opened.ballot()->phase == ProposerPhase::asking));
  network.tick(opened.requester());
  BOOST_TEST(!opened.asks(owner));
  network.take(opened.requester(), opened.exchange, Step::mine);
  BOOST_TEST(opened.asks(owner));
  BOOST_TEST(opened.queued<NewRound>() == 1U);
  // Once: should it be lost, it is sent again like any other message.
  network.tick(opened.requester());
  BOOST_TEST(opened.queued<NewRound>() == 1U);
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.chain(owner).front().certificate.vote.ballot == Ballot{Round{1}, opened.requester()}));
}

// "Where the requester and a witnesses are enough for a ballot": with five peers, one of them a witness that is silent,
// the owner has answered when there is something to propose.
BOOST_AUTO_TEST_CASE(where_witnesses_may_be_too_few_for_a_ballot_the_owner_is_asked_at_once) {
  OpenedBook opened(5);
  auto& network = opened.network;
  network.kill(network.port(1));
  network.take(opened.requester(), opened.exchange, Step::check_key);
  BOOST_TEST(opened.asks(network.port(4)));
  network.deliver_until_quiet();
  network.take(opened.requester(), opened.exchange, Step::mine);
  BOOST_TEST(opened.queued<ProposeMessage>() == 4U);
}

// "Step by step" means it: by hand a ballot is opened by `mine`.
BOOST_AUTO_TEST_CASE(by_hand_no_ballot_is_opened_before_mine) {
  OpenedBook opened;
  opened.network.patient = false;
  opened.network.take(opened.requester(), opened.exchange, Step::check_key);
  BOOST_TEST(opened.queued<NewRound>() == 0U);
  BOOST_TEST(!opened.ballot().has_value());
}

// "[...] unless another exchange moves": its requester may be about to mine, and would be interrupted.
BOOST_AUTO_TEST_CASE(none_is_opened_ahead_while_another_exchange_moves) {
  for (const bool moves : {true, false}) {
    OpenedBook opened;
    auto& network = opened.network;
    (void)network.start(network.port(1), network.port(2), "2", Step::consent);
    if (!moves) network.pass(11'000'000);
    network.take(opened.requester(), opened.exchange, Step::check_key);
    BOOST_TEST(opened.queued<NewRound>() == (moves ? 0U : 2U));
  }
}

// What lies about for long is looked at up to a bound only: where more is open, each waits for its turn.
BOOST_AUTO_TEST_CASE(none_is_opened_ahead_where_many_exchanges_are_open) {
  OpenedBook opened;
  auto& network = opened.network;
  for (int i = 0; i < 17; ++i) {
    (void)network.start(network.port(1), network.port(2), std::to_string(i), Step::grant);
  }
  network.pass(11'000'000);
  network.take(opened.requester(), opened.exchange, Step::check_key);
  BOOST_TEST(opened.queued<NewRound>() == 0U);
}

// "[...] unless [...] somebody has opened a ballot of this height".
BOOST_AUTO_TEST_CASE(none_is_opened_ahead_of_another_proposer) {
  OpenedBook opened;
  auto& network = opened.network;
  network.give(network.port(2), opened.requester(), NewRound{Height{1}, Ballot{Round{1}, network.port(2)}});
  network.queue.clear();
  network.take(opened.requester(), opened.exchange, Step::check_key);
  BOOST_TEST(opened.queued<NewRound>() == 0U);
  network.run();
  network.require_equal_chains(1);
}

// Section 4: "A ballot that is not used stops nobody": the requester dies, or finds no majority for its key.
BOOST_AUTO_TEST_CASE(a_ballot_that_nothing_comes_of_stops_nobody) {
  for (const bool dies : {true, false}) {
    OpenedBook opened;
    auto& network = opened.network;
    network.patient = false;
    const auto other = network.start(network.port(1), network.port(2), "2", Step::check_key);
    network.patient = true;
    network.pass(11'000'000);
    network.take(opened.requester(), opened.exchange, Step::check_key);
    BOOST_REQUIRE(opened.queued<NewRound>() == 2U);
    network.deliver_until_quiet();
    network.home(opened.requester()).takes_steps = false;
    if (dies) network.kill(opened.requester());
    network.run();
    BOOST_REQUIRE((network.state_of(network.port(1), other) == ExchangeState::committed));
    network.revive(opened.requester());
    network.home(opened.requester()).takes_steps = true;
    network.give(network.port(1), opened.requester(), CommitMessage{network.chain(network.port(1)).back()});
    network.run();
    network.require_equal_chains(2);
  }
}

// Nobody would vote for what is proposed in a ballot below one that is promised: the others' ballot is let pass first.
BOOST_AUTO_TEST_CASE(nothing_is_proposed_in_a_ballot_that_another_has_overtaken) {
  OpenedBook opened;
  auto& network = opened.network;
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.deliver_until_quiet();
  network.give(network.port(2), opened.requester(), NewRound{Height{1}, Ballot{Round{2}, network.port(2)}});
  network.queue.clear();
  network.take(opened.requester(), opened.exchange, Step::mine);
  BOOST_TEST(opened.queued<ProposeMessage>() == 0U);
  BOOST_TEST(opened.queued<NewRound>() == 0U);
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.chain(opened.requester()).front().certificate.vote.ballot.round.value == 3U);
}

// A refusal of a ballot that was opened ahead: the back-off ends with nothing to propose, and is forgotten.
BOOST_AUTO_TEST_CASE(a_refused_ballot_without_a_transaction_is_given_up) {
  OpenedBook opened;
  auto& network = opened.network;
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.give(network.port(2), opened.requester(), Promised{Height{1}, Ballot{Round{9}, network.port(2)}});
  network.home(opened.requester()).takes_steps = false;
  BOOST_REQUIRE(network.node(opened.requester()).is_backing_off(network.state(opened.requester())));
  network.pass(10'000'000);
  network.tick(opened.requester());
  BOOST_TEST((opened.ballot()->phase == ProposerPhase::idle));
  BOOST_TEST(!network.node(opened.requester()).is_backing_off(network.state(opened.requester())));
}

// Section 4: "A proposer finishes a locked block before its own", also one that has none of its own yet.
// With four peers it learns of the lock by one answer, and asks the owner for the third.
BOOST_AUTO_TEST_CASE(a_ballot_opened_ahead_finishes_a_block_that_somebody_is_locked_on) {
  for (const std::size_t peers : {4U, 5U}) {
    Network network(peers);
    const auto dead = network.port(0);
    const auto next = network.port(1);
    const auto owner = network.port(peers - 1);
    const auto first = network.start(dead, owner, "1", Step::check_key);
    const auto second = network.start(next, owner, "2", Step::open);
    // The next requester hears nothing of the ballot, in which all others lock.
    network.filter = [&](const Envelope& envelope) {
      return envelope.to != next && !std::holds_alternative<PrecommitMessage>(envelope.message);
    };
    network.take(dead, first, Step::mine);
    network.deliver_until_quiet();
    BOOST_REQUIRE(voters.get(network.state(network.port(2)), only_row)->lock.has_value());
    network.filter = nullptr;
    network.kill(dead);
    network.patient = true;
    network.pass(11'000'000);
    network.take(next, second, Step::check_key);
    network.deliver_until_quiet();
    BOOST_REQUIRE(network.head(next).height.value == 1U);
    BOOST_TEST((network.chain(next).front().block.header.signer == dead));
    BOOST_TEST((network.state_of(next, second) == (peers == 4 ? ExchangeState::opened : ExchangeState::key_checked)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
