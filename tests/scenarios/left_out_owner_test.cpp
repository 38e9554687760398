// An owner that is not asked to vote on the block with its book (docs/protocol.md, section 4, "Progress").
#include <boost/mpl/list.hpp>

#include "tests/scenarios/opened_book.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

using LackingVotes = boost::mpl::list<PrevoteMessage, PrecommitMessage>;

/// Exactly what the others got is under way to the owner where such a vote lacks, and it is enough.
template <class Vote>
void require_asked_for(OpenedBook& opened) {
  constexpr std::size_t certificates = std::is_same_v<Vote, PrecommitMessage> ? 1 : 0;
  BOOST_REQUIRE(
      (opened.ballot()->phase == (certificates > 0 ? ProposerPhase::precommitting : ProposerPhase::prevoting)));
  BOOST_TEST(opened.to_owner<ProposeMessage>() == 1U);
  BOOST_TEST(opened.to_owner<PrevotesMessage>() == certificates);
  BOOST_TEST(opened.network.queue.size() == 1 + certificates);
  opened.require_committed_in_the_first_round();
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

}  // namespace

BOOST_AUTO_TEST_SUITE(owners_that_are_left_out)

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
  opened.propose_without<PrecommitMessage>(opened.network.port(1));
  opened.network.pass(50'000);
  opened.network.tick(opened.requester());
  require_asked_for<PrecommitMessage>(opened);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_owner_is_asked_as_soon_as_a_witness_refuses, Vote, LackingVotes) {
  OpenedBook opened;
  opened.propose_without<Vote>(opened.network.port(1));
  opened.refuse(opened.network.port(1));
  require_asked_for<Vote>(opened);
}

// Whoever asks again asks all whose votes lack.
BOOST_AUTO_TEST_CASE_TEMPLATE(the_owner_is_asked_when_the_requester_asks_again, Vote, LackingVotes) {
  OpenedBook opened;
  opened.propose_without<Vote>(opened.network.port(1));
  opened.network.wish(opened.requester(), WishAskAgain{opened.exchange});
  BOOST_TEST(!opened.ballot()->unasked.has_value());
  BOOST_TEST((opened.to_owner<ProposeMessage>() == 1U));
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

BOOST_AUTO_TEST_SUITE_END()
