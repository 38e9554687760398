// The first ballot of a height, which is of the peer after the last miner and which nobody opens (docs/protocol.md,
// section 4, "First ballots").
#include "tests/scenarios/network.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

constexpr Height second{2};

/// A network whose first block is of the first peer, with an exchange of the second one up to `last`: what it has to
/// mine then comes to height 2, where the first ballot is its own. The owner is the last peer.
struct AfterOne {
  explicit AfterOne(std::size_t peers = 4, Step last = Step::check_key)
      : network(peers), next(network.port(1)), other(network.port(2)), owner(network.port(peers - 1)) {
    (void)network.start(network.port(0), owner, "1", Step::mine);
    network.require_equal_chains(1);
    exchange = network.start(next, owner, "2", last);
    network.patient = true;
  }
  Network network;
  PeerPort next, other, owner;
  ExchangeId exchange;
  const Ballot first{Round{0}, PeerPort{5001}};

  template <class Kind>
  [[nodiscard]] std::vector<Kind> queued() const {
    std::vector<Kind> found;
    for (const auto& envelope : network.queue) {
      if (const auto* kind = std::get_if<Kind>(&envelope.message)) found.push_back(*kind);
    }
    return found;
  }
  /// One more exchange that can be mined, without a ballot on the way.
  [[nodiscard]] ExchangeId start_another(PeerPort requester, PeerPort of) {
    network.patient = false;
    const auto another = network.start(requester, of, "3", Step::check_key);
    network.patient = true;
    return another;
  }
  void mine_at(PeerPort peer, const ExchangeId& x) {
    network.take(peer, x, Step::mine);
    network.tick(peer);
  }
  /// What `next` proposes in its ballot.
  [[nodiscard]] ProposeMessage proposal() {
    mine_at(next, exchange);
    const auto proposals = queued<ProposeMessage>();
    BOOST_REQUIRE(!proposals.empty());
    network.queue.clear();
    return proposals.front();
  }
  /// The same block as the proposal of another ballot, signed by that ballot's port.
  [[nodiscard]] ProposeMessage in_ballot(ProposeMessage message, const Ballot& ballot) const {
    message.propose = network.sign(ballot.port, Propose{second, ballot, message.propose.body.block});
    return message;
  }
  [[nodiscard]] std::optional<VoterRecord> votes_of(PeerPort voter) const {
    auto record = voters.get(network.state(voter), only_row);
    return record && record->height == second ? record : std::nullopt;
  }
  [[nodiscard]] bool has_voted(PeerPort voter) const {
    const auto record = votes_of(voter);
    return record && record->prevote;
  }
  [[nodiscard]] Ballot ballot_of_second() const { return network.chain(next).back().certificate.vote.ballot; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(first_ballots)

// Section 4: "The lowest ballot of a height, of round 0, is of the peer whose port follows that of the last miner; it
// proposes in it without having asked."
BOOST_AUTO_TEST_CASE(the_peer_after_the_last_miner_proposes_without_asking) {
  for (const std::size_t peers : {4U, 5U, 6U, 7U}) {
    AfterOne after(peers);
    auto& network = after.network;
    after.mine_at(after.next, after.exchange);
    BOOST_TEST(after.queued<NewRound>().empty());
    const auto proposals = after.queued<ProposeMessage>();
    BOOST_TEST(proposals.size() == peers - 1);
    BOOST_TEST((proposals.front().propose.body.ballot == after.first));
    BOOST_TEST(proposals.front().answers.empty());
    network.run();
    network.require_equal_chains(2);
    BOOST_TEST((after.ballot_of_second() == after.first));
  }
}

// After the last peer comes the first one again.
BOOST_AUTO_TEST_CASE(the_turn_goes_round) {
  AfterOne after;
  auto& network = after.network;
  for (std::size_t i = 1; i <= 5; ++i) {
    const auto miner = network.port(i % 4);
    const auto x = network.start(miner, network.port((i + 1) % 4), std::to_string(i), Step::check_key);
    after.mine_at(miner, x);
    BOOST_TEST(after.queued<NewRound>().empty());
    network.deliver_until_quiet();
    network.require_equal_chains(1 + i);
    BOOST_TEST((network.chain(miner).back().certificate.vote.ballot == Ballot{Round{0}, miner}));
  }
}

// Section 4: "At height 1 nobody has it."
BOOST_AUTO_TEST_CASE(at_height_one_every_ballot_is_asked_for) {
  Network network(4);
  const auto x = network.start(network.port(0), network.port(1), "1", Step::check_key);
  network.patient = true;
  network.take(network.port(0), x, Step::mine);
  network.tick(network.port(0));
  BOOST_REQUIRE(network.queue.size() == 3U);
  for (const auto& each : network.queue) BOOST_TEST(std::holds_alternative<NewRound>(each.message));
}

// Section 4: "[...] with all that a turn brings": a turn ends with a Tick.
BOOST_AUTO_TEST_CASE(what_comes_in_one_turn_goes_into_one_block) {
  AfterOne after;
  auto& network = after.network;
  const auto another = after.start_another(after.next, after.other);
  network.take(after.next, after.exchange, Step::mine);
  BOOST_TEST(network.queue.empty());
  network.take(after.next, another, Step::mine);
  BOOST_TEST(network.queue.empty());
  const auto tick = network.node(after.next).next_tick(network.state(after.next), network.now());
  BOOST_REQUIRE(tick.has_value());
  BOOST_TEST(tick->value <= network.now().value);
  // Whatever the clock says then.
  BOOST_TEST((network.node(after.next).next_tick(network.state(after.next), Time{2}) == Time{1}));
  network.tick(after.next);
  BOOST_TEST(after.queued<ProposeMessage>().front().block.transactions.size() == 2U);
  network.run();
  network.require_equal_chains(2);
}

// Section 4: "All others open their ballots, [...] and so does everybody by hand".
BOOST_AUTO_TEST_CASE(another_peer_asks_and_so_does_everybody_by_hand) {
  for (const bool by_hand : {true, false}) {
    AfterOne after;
    auto& network = after.network;
    network.patient = false;
    const auto others = network.start(after.other, after.owner, "3", Step::check_key);
    network.patient = !by_hand;
    if (by_hand) {
      network.take(after.next, after.exchange, Step::mine);
    } else {
      after.mine_at(after.other, others);
    }
    BOOST_TEST(after.queued<NewRound>().size() == 3U);
    BOOST_TEST(after.queued<ProposeMessage>().empty());
    network.run();
    BOOST_TEST(
        (network.chain(after.next)[1].certificate.vote.ballot == Ballot{Round{1}, by_hand ? after.next : after.other}));
  }
}

// Section 4: "A voter takes such a proposal of nobody else": whoever else proposes brings q ANSWERs.
BOOST_AUTO_TEST_CASE(a_proposal_without_answers_is_refused_in_every_other_ballot) {
  AfterOne after;
  auto& network = after.network;
  const auto good = after.proposal();
  const auto give = [&](const Ballot& ballot) {
    return network.give(ballot.port, after.owner, after.in_ballot(good, ballot));
  };
  for (const auto port : {network.port(0), after.other}) {
    BOOST_TEST((give(Ballot{Round{0}, port}) == Token::wrong_sender));
    BOOST_TEST((give(Ballot{Round{1}, port}) == Token::no_quorum));
  }
  BOOST_TEST((give(Ballot{Round{1}, after.next}) == Token::no_quorum));
  BOOST_TEST(!after.has_voted(after.owner));
  BOOST_TEST(!give(after.first));
  BOOST_TEST(after.has_voted(after.owner));
}

// Section 4: "[...] a block of its own, and nothing else": below that ballot nobody can be locked.
BOOST_AUTO_TEST_CASE(nothing_but_an_own_block_is_proposed_in_it) {
  AfterOne after;
  auto& network = after.network;
  const auto good = after.proposal();
  auto answered = good;
  answered.answers.push_back(network.sign(after.other, Answer{second, after.first, std::nullopt}));
  BOOST_TEST((network.give(after.next, after.owner, answered) == Token::bad_statement));
  auto locked = good;
  locked.highest_lock = PrevoteCertificate{Prevote{second, after.first, good.propose.body.block}, {}};
  BOOST_TEST((network.give(after.next, after.owner, locked) == Token::bad_statement));
  auto foreign = good;
  foreign.block.header = network.sign(after.other, foreign.block.header.body);
  foreign.propose = network.sign(after.next, Propose{second, after.first, network.genesis().block_hash(foreign.block)});
  BOOST_TEST((network.give(after.next, after.owner, foreign) == Token::bad_statement));
  BOOST_TEST(!after.has_voted(after.owner));
}

// Section 4, step 3: "it has given no prevote in this ballot".
BOOST_AUTO_TEST_CASE(a_second_block_in_it_gets_no_prevote) {
  AfterOne after;
  auto& network = after.network;
  const auto good = after.proposal();
  BOOST_TEST(!network.give(after.next, after.owner, good));
  auto twin = good;
  auto header = twin.block.header.body;
  header.time = Time{header.time.value + 1};
  twin.block.header = network.sign(after.next, header);
  twin.propose = network.sign(after.next, Propose{second, after.first, network.genesis().block_hash(twin.block)});
  BOOST_TEST((network.give(after.next, after.owner, twin) == Token::equivocation));
  BOOST_TEST((after.votes_of(after.owner)->prevote->body.block == good.propose.body.block));
}

// Section 4: a voter "refuses it once it has promised another ballot", and tells its promise.
BOOST_AUTO_TEST_CASE(a_voter_that_promised_another_ballot_refuses_it) {
  AfterOne after;
  auto& network = after.network;
  const auto good = after.proposal();
  const Ballot opened{Round{1}, after.other};
  BOOST_TEST(!network.give(after.other, after.owner, NewRound{second, opened}));
  network.queue.clear();
  BOOST_TEST((network.give(after.next, after.owner, good) == Token::stale_ballot));
  BOOST_REQUIRE(after.queued<Promised>().size() == 1U);
  BOOST_TEST((after.queued<Promised>().front().promise == opened));
  // Its proposer goes on in a ballot that it opens.
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST(after.ballot_of_second().round.value >= 1U);
}

// Section 4: "[...] as long as it knows of no other ballot of the height".
BOOST_AUTO_TEST_CASE(it_is_not_used_once_a_ballot_was_opened) {
  AfterOne after;
  auto& network = after.network;
  network.take(after.next, after.exchange, Step::mine);
  BOOST_TEST(!network.give(after.other, after.next, NewRound{second, Ballot{Round{1}, after.other}}));
  network.queue.clear();
  network.tick(after.next);
  BOOST_TEST(after.queued<ProposeMessage>().empty());
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST(after.ballot_of_second().round.value > 1U);
}

// Section 4: "A proposer finishes a locked block before its own": a lock of the first ballot is carried like any other.
BOOST_AUTO_TEST_CASE(a_later_proposer_finishes_a_block_of_the_first_ballot) {
  AfterOne after;
  auto& network = after.network;
  const auto others = after.start_another(after.other, after.owner);
  network.filter = [](const Envelope& each) { return !std::holds_alternative<PrecommitMessage>(each.message); };
  after.mine_at(after.next, after.exchange);
  network.deliver_until_quiet();
  for (const auto voter : {after.other, after.owner}) {
    BOOST_REQUIRE(after.votes_of(voter)->lock.has_value());
    BOOST_TEST((after.votes_of(voter)->lock->vote.ballot == after.first));
  }
  network.filter = nullptr;
  network.kill(after.next);
  network.take(after.other, others, Step::mine);
  network.run();
  const auto chain = network.chain(after.other);
  BOOST_REQUIRE(chain.size() == 3U);
  BOOST_TEST((chain[1].block.header.signer == after.next));
  BOOST_TEST((chain[1].certificate.vote.ballot.port == after.other));
  BOOST_TEST((chain[2].block.header.signer == after.other));
}

// Section 4: "All others open their ballots": a peer that has the first one and is silent stops nobody.
BOOST_AUTO_TEST_CASE(a_silent_peer_that_has_it_stops_nobody) {
  AfterOne after;
  auto& network = after.network;
  const auto others = after.start_another(after.other, after.owner);
  network.kill(after.next);
  network.take(after.other, others, Step::mine);
  network.run();
  BOOST_TEST((network.head(after.other).height == second));
  BOOST_TEST((network.state_of(after.other, others) == ExchangeState::committed));
}

// Section 4: "A home that may have voted at that height before it was put back does so, too".
BOOST_AUTO_TEST_CASE(a_restored_home_asks_where_it_may_have_voted) {
  for (const std::uint64_t mute_until : {1U, 2U}) {
    AfterOne after;
    auto& network = after.network;
    network.edit(after.next, [&](Draft& draft) { mute_until_fact.put(draft, Height{mute_until}); });
    after.mine_at(after.next, after.exchange);
    BOOST_TEST(after.queued<NewRound>().empty() == (mute_until == 1));
    BOOST_TEST(after.queued<ProposeMessage>().empty() == (mute_until == 2));
    network.run();
    network.require_equal_chains(2);
  }
}

// Section 4: "so does a peer that serves until a ballot of its own has made a block final": a home that was put back
// from a copy, and not told so, is told of the blocks that it forgot before it proposes another one in their place.
BOOST_AUTO_TEST_CASE(an_old_copy_asks_and_is_told_before_it_proposes) {
  AfterOne after;
  auto& network = after.network;
  network.take(after.next, after.exchange, Step::mine);
  auto copy = network.backup(after.next);
  network.run();
  network.require_equal_chains(2);
  network.restore(after.next, std::move(copy));
  network.goes_first = false;
  std::vector<std::string_view> left;
  network.watch = [&](const Envelope& each, const std::optional<Error>& /*refusal*/) {
    if (each.from == after.next) left.push_back(name(each.message));
  };
  network.tick(after.next);
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST((std::ranges::find(left, NewRound::name) != left.end()));
  BOOST_TEST((std::ranges::find(left, ProposeMessage::name) == left.end()));
}

// Section 4, "Ballots ahead": who has the first ballot asks for none while it checks the key, and does without the
// owner where the others are enough.
BOOST_AUTO_TEST_CASE(nothing_is_asked_ahead_of_it_and_the_owner_may_be_left_out) {
  for (const std::size_t peers : {4U, 5U, 6U, 7U}) {
    AfterOne after(peers, Step::open);
    auto& network = after.network;
    network.pass(11'000'000);
    network.take(after.next, after.exchange, Step::check_key);
    BOOST_TEST(after.queued<NewRound>().empty());
    network.deliver_until_quiet();
    after.mine_at(after.next, after.exchange);
    const bool are_enough = peers == 4 || peers == 6;
    BOOST_TEST(after.queued<ProposeMessage>().size() == (are_enough ? peers - 2 : peers - 1));
    network.run();
    network.require_equal_chains(2);
    const auto chain = network.chain(after.owner);
    const auto& votes = chain.back().certificate.votes;
    BOOST_TEST((chain.back().certificate.vote.ballot == after.first));
    if (are_enough) BOOST_TEST((std::ranges::find(votes, after.owner, &VoteSignature::signer) == votes.end()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
