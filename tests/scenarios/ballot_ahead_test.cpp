// A ballot that a requester asks for while it still checks the key (docs/protocol.md, section 4, "Progress").
#include "tests/scenarios/network.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

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

// "If it was not, it gets no proposal either, but the block with its COMMIT".
BOOST_AUTO_TEST_CASE(where_the_witnesses_are_enough_the_owner_is_given_the_block_with_its_certificate) {
  for (const std::size_t peers : {4U, 6U}) {
    OpenedBook opened(peers);
    auto& network = opened.network;
    std::vector<std::string_view> told;
    bool with_block = false;
    network.watch = [&](const Envelope& each, const std::optional<Error>& /*refusal*/) {
      if (each.to != opened.owner() || each.from != opened.requester()) return;
      told.push_back(name(each.message));
      if (const auto* commit = std::get_if<CommitMessage>(&each.message)) with_block = commit->block.has_value();
    };
    network.take(opened.requester(), opened.exchange, Step::check_key);
    network.deliver_until_quiet();
    network.take(opened.requester(), opened.exchange, Step::mine);
    network.deliver_until_quiet();
    network.require_equal_chains(1);
    BOOST_TEST((told == std::vector<std::string_view>{"commit", "receipt"}));
    BOOST_TEST(with_block);
    const auto chain = network.chain(opened.requester());
    const auto& votes = chain.front().certificate.votes;
    BOOST_TEST((std::ranges::find(votes, opened.owner(), &VoteSignature::signer) == votes.end()));
  }
}

// "[...] if votes lack for 50 ms, or somebody refuses, it gets what the others got."
BOOST_AUTO_TEST_CASE(the_owner_is_asked_for_a_prevote_when_one_lacks_for_a_while) {
  OpenedBook opened;
  auto& network = opened.network;
  opened.propose_without<PrevoteMessage>(network.port(1));
  network.tick(opened.requester());
  BOOST_TEST(network.queue.empty());
  const auto tick = network.node(opened.requester()).next_tick(network.state(opened.requester()), network.now());
  BOOST_REQUIRE(tick.has_value());
  // The clock goes on by 1 us with each input.
  BOOST_TEST(tick->value <= network.now().value + 50'000);
  BOOST_TEST(tick->value > network.now().value + 49'990);
  network.pass(tick->value - network.now().value - 2);
  network.tick(opened.requester());
  BOOST_TEST(network.queue.empty());
  network.tick(opened.requester());
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
  BOOST_TEST(network.queue.size() == 1U);
  // Once, and from then on it is one of those that are asked.
  network.pass(50'000);
  network.tick(opened.requester());
  BOOST_TEST(network.queue.size() == 1U);
  network.deliver_all<ProposeMessage>();
  network.deliver_all<PrevoteMessage>();
  BOOST_TEST(opened.to_owner<PrevotesMessage>() == 1U);
  opened.require_committed_in_the_first_round();
}

BOOST_AUTO_TEST_CASE(the_owner_is_given_proposal_and_prevotes_when_a_precommit_lacks_for_a_while) {
  OpenedBook opened;
  auto& network = opened.network;
  opened.propose_without<PrecommitMessage>(network.port(1));
  BOOST_REQUIRE((opened.ballot()->phase == ProposerPhase::precommitting));
  network.pass(50'000);
  network.tick(opened.requester());
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
  BOOST_TEST(opened.to_owner<PrevotesMessage>() == 1U);
  BOOST_TEST(network.queue.size() == 2U);
  opened.require_committed_in_the_first_round();
}

BOOST_AUTO_TEST_CASE(the_owner_is_asked_as_soon_as_a_witness_refuses) {
  {
    OpenedBook opened;
    auto& network = opened.network;
    opened.propose_without<PrevoteMessage>(network.port(1));
    opened.refuse(network.port(1));
    BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
    BOOST_TEST(network.queue.size() == 1U);
    opened.require_committed_in_the_first_round();
  }
  OpenedBook opened;
  auto& network = opened.network;
  opened.propose_without<PrecommitMessage>(network.port(1));
  opened.refuse(network.port(1));
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
  BOOST_TEST(opened.to_owner<PrevotesMessage>() == 1U);
  BOOST_TEST(network.queue.size() == 2U);
  opened.require_committed_in_the_first_round();
}

// Whoever asks again asks all whose votes lack.
BOOST_AUTO_TEST_CASE(the_owner_is_asked_when_the_requester_asks_again) {
  OpenedBook opened;
  auto& network = opened.network;
  opened.propose_without<PrevoteMessage>(network.port(1));
  network.wish(opened.requester(), WishAskAgain{opened.exchange});
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
  BOOST_TEST(!opened.ballot()->unasked.has_value());
  opened.require_committed_in_the_first_round();
}

// To ask the owner ends no back-off: here it is gone, and a witness that refused votes in the next round.
BOOST_AUTO_TEST_CASE(an_owner_that_is_silent_when_it_is_asked_stops_no_ballot) {
  for (const bool is_proposed : {false, true}) {
    OpenedBook opened;
    auto& network = opened.network;
    if (is_proposed) {
      opened.propose_without<PrevoteMessage>(network.port(1));
    } else {
      opened.answer_without<AnswerMessage>(network.port(1));
    }
    network.kill(opened.owner());
    opened.refuse(network.port(1));
    network.filter = nullptr;
    network.run();
    BOOST_REQUIRE((network.state_of(opened.requester(), opened.exchange) == ExchangeState::committed));
    BOOST_TEST(network.chain(opened.requester()).front().certificate.vote.ballot.round.value > 1U);
  }
}

/// Messages to the owner are lost while the requester mines; then it dies.
void commit_without_telling_the_owner(OpenedBook& opened) {
  auto& network = opened.network;
  const auto height = network.head(opened.owner()).height;
  network.patient = true;
  network.filter = [&opened](const Envelope& each) { return each.to != opened.owner(); };
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.deliver_until_quiet();
  network.take(opened.requester(), opened.exchange, Step::mine);
  network.deliver_until_quiet();
  BOOST_REQUIRE((network.head(network.port(1)).height.value == height.value + 1));
  BOOST_REQUIRE((network.head(opened.owner()).height == height));
  network.filter = nullptr;
  network.kill(opened.requester());
}

// "So an owner asks a minute after it released a key, too": its requester dies with the COMMIT for it.
BOOST_AUTO_TEST_CASE(an_owner_that_hears_of_no_block_asks_the_others) {
  OpenedBook opened;
  auto& network = opened.network;
  commit_without_telling_the_owner(opened);
  network.pass(59'000'000);
  network.tick(opened.owner());
  BOOST_TEST(network.queue.empty());
  network.pass(1'000'000);
  network.tick(opened.owner());
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(opened.owner(), opened.exchange) == ExchangeState::committed));
}

// "[...] and a minute after each block as long as that exchange is not over": that of another exchange came between the
// key and the ballot.
BOOST_AUTO_TEST_CASE(an_owner_asks_whatever_block_came_since_it_released_the_key) {
  OpenedBook opened;
  auto& network = opened.network;
  network.patient = false;
  (void)network.start(network.port(1), network.port(2), "2", Step::mine);
  network.require_equal_chains(1);
  network.pass(11'000'000);
  commit_without_telling_the_owner(opened);
  BOOST_REQUIRE((network.chain(network.port(1)).back().certificate.votes.size() == 3U));
  network.pass(60'000'000);
  network.tick(opened.owner());
  network.deliver_until_quiet();
  network.require_equal_chains(2);
}

// Nobody asks whose key nobody has: another exchange stands where its owner has not released one.
BOOST_AUTO_TEST_CASE(nobody_asks_for_a_block_that_nobody_waits_for) {
  OpenedBook opened;
  auto& network = opened.network;
  const auto other = network.start(network.port(1), network.port(2), "2", Step::grant);
  for (const auto& peer : network.genesis().peers()) network.home(peer.port).takes_steps = false;
  network.take(opened.requester(), opened.exchange, Step::check_key);
  network.deliver_until_quiet();
  network.take(opened.requester(), opened.exchange, Step::mine);
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  BOOST_REQUIRE((network.state_of(network.port(2), other) == ExchangeState::granted));
  network.pass(120'000'000);
  for (const auto& peer : network.genesis().peers()) network.tick(peer.port);
  BOOST_TEST(network.queue.empty());
}

// "(Where more than sixteen are open, nobody looks which they are.)"
BOOST_AUTO_TEST_CASE(where_many_exchanges_are_open_whoever_has_a_part_in_them_asks) {
  for (const int others : {15, 17}) {
    OpenedBook opened;
    auto& network = opened.network;
    network.patient = false;
    for (int i = 0; i < others; ++i) {
      (void)network.start(network.port(1), network.port(2), std::to_string(i), Step::grant);
    }
    network.take(opened.requester(), opened.exchange, Step::check_key);
    network.deliver_until_quiet();
    network.take(opened.requester(), opened.exchange, Step::mine);
    network.deliver_until_quiet();
    network.require_equal_chains(1);
    network.pass(120'000'000);
    network.tick(network.port(1));
    BOOST_TEST(opened.queued<WantBlocks>() == (others > 16 ? 3U : 0U));
  }
}

// "A COMMIT whose block is not that of its certificate is refused, and counts as one without a block."
BOOST_AUTO_TEST_CASE(an_owner_that_is_given_a_false_block_asks_those_who_voted) {
  const auto give_false_block = [](const std::function<void(Block&)>& spoil, std::size_t asked) {
    OpenedBook opened;
    auto& network = opened.network;
    commit_without_telling_the_owner(opened);
    auto committed = network.chain(network.port(1)).front();
    spoil(committed.block);
    BOOST_TEST(network.give(opened.requester(), opened.owner(), CommitMessage{committed}).has_value());
    BOOST_TEST(opened.queued<WantBlocks>() == asked);
    network.deliver_until_quiet();
    network.require_equal_chains(1);
  };
  constexpr std::size_t voters = 3;
  give_false_block([](Block& block) { block.transactions.clear(); }, voters);
  // The height that its header names is the liar's text, too.
  give_false_block([](Block& block) { block.header.body.height = Height{0}; }, voters);
  give_false_block([](Block& block) { block.header.body.height = Height{2}; }, voters);
}

// Of a certificate for another height nothing is asked: it comes from the past.
BOOST_AUTO_TEST_CASE(an_old_certificate_with_a_block_of_now_makes_nobody_ask) {
  OpenedBook opened;
  auto& network = opened.network;
  network.run();
  auto committed = network.chain(opened.owner()).front();
  committed.block.header.body.height = Height{2};
  BOOST_TEST(!network.give(opened.requester(), opened.owner(), CommitMessage{committed}).has_value());
  BOOST_TEST(network.queue.empty());
  BOOST_TEST((network.head(opened.owner()).height == Height{1}));
}

// A clock that was put back must not hold the question back.
BOOST_AUTO_TEST_CASE(the_owner_is_asked_at_once_when_the_clock_was_put_back) {
  OpenedBook opened;
  auto& network = opened.network;
  opened.propose_without<PrevoteMessage>(network.port(1));
  const Time before{network.now().value - 3'600'000'000};
  const auto tick = network.node(opened.requester()).next_tick(network.state(opened.requester()), before);
  BOOST_REQUIRE(tick.has_value());
  BOOST_TEST((*tick <= before));
  network.pass(before.value - network.now().value);  // unsigned: back by an hour
  network.tick(opened.requester());
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
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
