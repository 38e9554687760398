// Peers that were away, and homes put back from a backup (docs/protocol.md, section 4).
#include "tests/scenarios/restoring.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

std::optional<Height> mute_until(const Network& network, PeerPort peer) {
  return mute_until_fact.get(network.state(peer));
}

/// One more block: an exchange from start to end among those alive.
void one_block(Network& network, std::size_t requester, std::size_t owner) {
  const auto height = network.head(network.port(requester)).height.value;
  (void)network.start(network.port(requester), network.port(owner), std::to_string(height % 10), Step::grant);
  network.run();
  BOOST_REQUIRE(network.head(network.port(requester)).height.value == height + 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catching_up)

// Section 4: "about a committed height it sends block and certificate": a peer that was away for 200 blocks.
BOOST_AUTO_TEST_CASE(a_peer_that_was_away_for_two_hundred_blocks_catches_up) {
  Network network(5);
  const auto away = network.port(4);
  network.kill(away);
  // One book goes to and fro among the four others: every witness majority of three is at hand.
  const auto book = network.add_book(network.port(0), "1");
  network.deliver_until_quiet();
  for (std::size_t i = 0; i < 200; ++i) {
    (void)network.request(network.port((i + 1) % 4), network.port(i % 4), book);
    network.run();
  }
  network.require_equal_chains(200);
  network.revive(away);
  const auto next = network.add_book(network.port(1), "2");
  network.deliver_until_quiet();
  (void)network.request(network.port(0), network.port(1), next);
  network.run();
  network.require_equal_chains(201);
  BOOST_TEST(network.owner_of_book(away, book).value == network.port(0).value);
}

// Section 4: a proposer whose NEWROUND finds its voters a block behind: they fetch the block and answer.
BOOST_AUTO_TEST_CASE(voters_that_are_behind_fetch_the_block_and_answer) {
  Network network(4);
  const auto first = network.start(network.port(0), network.port(1), "1", Step::check_key);
  const auto second = network.start(network.port(0), network.port(2), "2", Step::check_key);
  // The commit of the first block reaches nobody but its proposer.
  network.filter = [](const Envelope& envelope) { return !tells_of_a_block(envelope.message); };
  network.take(network.port(0), first, Step::mine);
  network.deliver_until_quiet();
  BOOST_TEST(network.head(network.port(0)).height.value == 1U);
  BOOST_TEST(network.head(network.port(3)).height.value == 0U);
  network.filter = nullptr;
  network.take(network.port(0), second, Step::mine);
  network.run();
  network.require_equal_chains(2);
}

// One that claims great heights and never answers must not keep a peer from asking the others.
BOOST_AUTO_TEST_CASE(a_liar_about_heights_does_not_keep_a_voter_from_catching_up) {
  Network network(4);
  const auto liar = network.port(2);
  const auto voter = network.port(3);
  const auto first = network.start(network.port(0), network.port(1), "1", Step::check_key);
  const auto second = network.start(network.port(0), network.port(1), "2", Step::check_key);
  network.filter = [&](const Envelope& envelope) {
    return !std::holds_alternative<CommitMessage>(envelope.message) || envelope.to != voter;
  };
  network.take(network.port(0), first, Step::mine);
  network.deliver_until_quiet();
  network.kill(liar);
  network.give(liar, voter, NewRound{Height{1000}, Ballot{Round{1}, liar}});
  network.take(network.port(0), second, Step::mine);
  network.filter = nullptr;
  network.run();
  BOOST_TEST(network.head(voter).height.value == 2U);
}

// Section 2: messages overtake each other: of two ballots for a height not reached the later one is kept.
BOOST_AUTO_TEST_CASE(of_two_new_rounds_for_a_later_height_the_later_ballot_is_kept) {
  Network network(4);
  const auto x = network.start(network.port(0), network.port(1), "1", Step::check_key);
  const auto voter = network.port(3);
  const auto sender = network.port(2);
  network.give(sender, voter, NewRound{Height{2}, Ballot{Round{5}, sender}});
  network.give(sender, voter, NewRound{Height{2}, Ballot{Round{1}, sender}});
  network.take(network.port(0), x, Step::mine);
  network.run();
  const auto votes = voters.get(network.state(voter), 0);
  BOOST_REQUIRE(votes.has_value());
  BOOST_TEST((votes->promise == Ballot{Round{5}, sender}));
}

// Section 3, step 3: R checks "version and turn against its chain"; a requester with a stale view waits for its chain.
BOOST_AUTO_TEST_CASE(a_requester_with_a_stale_view_consents_only_when_its_chain_has_come_up) {
  Network network(4);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto x = network.start(r, o, "1", Step::grant);
  // The owner ends the turn; R does not hear of it, and asks again.
  network.filter = [&](const Envelope& envelope) { return envelope.to != r || !tells_of_a_block(envelope.message); };
  network.home(r).takes_steps = false;
  network.wish(o, WishAbort{x, {}});
  network.run();
  BOOST_TEST(network.head(r).height.value == 0U);
  const auto again = network.request(r, o, network.record(r, x).request.body.book);
  network.run();
  BOOST_TEST(network.record(r, again).grant->body.turn.value == 1U);
  BOOST_TEST((network.refused_wish(r, WishConsent{again, std::nullopt}) == Token::waiting));
  network.filter = nullptr;
  network.give(o, r, CommitMessage{network.chain(o).front()});
  BOOST_TEST((network.state_of(r, x) == ExchangeState::aborted));
  network.home(r).takes_steps = true;
  network.run();
  BOOST_TEST((network.state_of(r, again) == ExchangeState::committed));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(restored_homes)

// Section 4: "takes q answers, and does not vote up to and including the height after the highest one proven".
BOOST_AUTO_TEST_CASE(a_restored_home_is_mute_until_the_height_after_the_highest_proven_and_then_votes) {
  Network network(5);
  const auto restored = network.port(4);
  auto old = network.backup(restored);
  one_block(network, 0, 1);
  one_block(network, 0, 2);
  network.restore(restored, std::move(old));
  declare_restore(network, restored);
  BOOST_TEST((network.give(network.port(0), restored, NewRound{Height{1}, Ballot{Round{1}, network.port(0)}}) ==
              Token::waiting));
  network.run();
  network.require_equal_chains(2);
  BOOST_REQUIRE(mute_until(network, restored).has_value());
  BOOST_TEST(mute_until(network, restored)->value == 3U);
  // The height after the highest proven one: the others decide it.
  one_block(network, 0, 1);
  const auto chain = network.chain(restored);
  for (const auto& vote : chain.back().certificate.votes) BOOST_TEST(vote.signer.value != restored.value);
  BOOST_TEST(!voters.get(network.state(restored), 0).has_value());
  // Then it votes again: with another peer gone, its vote is needed.
  network.kill(network.port(3));
  one_block(network, 0, 1);
  BOOST_TEST(voters.get(network.state(restored), 0).has_value());
}

// Section 4: "Each restore draws a question anew, which the answers repeat". A copy of a machine may hold the files
// that were on their way, and may be put back twice.
BOOST_AUTO_TEST_CASE(answers_to_an_earlier_restore_of_the_same_copy_count_for_nothing) {
  Network network(4);
  const auto restored = network.port(3);
  auto copy = network.backup(restored);
  auto same_copy = network.backup(restored);
  std::vector<Envelope> answers;
  network.filter = [&](const Envelope& envelope) {
    const bool answers_it =
        std::holds_alternative<VotesMessage>(envelope.message) || std::holds_alternative<OwnMessage>(envelope.message);
    if (answers_it && envelope.to == restored) answers.push_back(envelope);
    return true;
  };
  network.restore(restored, std::move(copy));
  declare_restore(network, restored, 1);
  network.run();
  network.filter = nullptr;
  BOOST_TEST(answers.size() == 6U);
  BOOST_TEST(mute_until(network, restored)->value == 1U);
  one_block(network, 0, 1);
  network.restore(restored, std::move(same_copy));
  declare_restore(network, restored, 2);
  for (const auto& answer : answers) BOOST_TEST(!network.give(answer.from, restored, answer.message));
  BOOST_TEST(restore_fact.get(network.state(restored))->proven.empty());
  BOOST_TEST(recall_fact.get(network.state(restored))->answered.empty());
  network.run();
  BOOST_TEST(mute_until(network, restored)->value == 2U);
}

// A liar that goes on sending certificates does not silence a restored home for ever.
BOOST_AUTO_TEST_CASE(after_q_answers_later_ones_do_not_silence_a_restored_home_again) {
  Network network(4);
  const auto restored = network.port(3);
  declare_restore(network, restored);
  network.run();
  BOOST_TEST(mute_until(network, restored)->value == 1U);
  one_block(network, 0, 1);
  network.give(network.port(2), restored,
               VotesMessage{Height{1}, network.chain(network.port(0)).back().certificate, {}, asked});
  BOOST_TEST(mute_until(network, restored)->value == 1U);
}

// Section 4: "Restoring is declared, or noticed when a peer is shown its own signature on what it does not hold."
// Section 6: "an undeclared restore whose votes only a liar holds".
BOOST_AUTO_TEST_CASE(a_home_that_is_shown_a_precommit_it_forgot_falls_silent) {
  Network network(4);
  const auto restored = network.port(3);
  const auto x = network.start(network.port(0), network.port(1), "1", Step::check_key);
  auto old = network.backup(restored);
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<CommitMessage>(envelope.message); };
  network.kill(network.port(2));  // so that the vote of the restored home is needed
  network.take(network.port(0), x, Step::mine);
  network.deliver_until_quiet();
  network.revive(network.port(2));
  network.filter = nullptr;
  const auto committed = network.chain(network.port(0)).front();
  network.restore(restored, std::move(old));
  BOOST_TEST(!mute_until(network, restored).has_value());
  network.give(network.port(0), restored, CommitMessage{committed});
  BOOST_TEST(network.head(restored).height.value == 1U);
  BOOST_REQUIRE(mute_until(network, restored).has_value());
  network.give(network.port(0), network.port(2), CommitMessage{committed});
  network.give(network.port(0), network.port(1), CommitMessage{committed});
  network.run();
  BOOST_TEST(mute_until(network, restored)->value == 2U);
  one_block(network, 0, 1);
  const auto chain = network.chain(restored);
  for (const auto& vote : chain.back().certificate.votes) BOOST_TEST(vote.signer.value != restored.value);
}

// The same for a prevote: the certificate that holds it gets no precommit of a peer that forgot it.
BOOST_AUTO_TEST_CASE(a_home_that_is_shown_a_prevote_it_forgot_gives_no_vote) {
  Network network(4);
  const auto restored = network.port(3);
  const auto x = network.start(network.port(0), network.port(1), "1", Step::check_key);
  auto old = network.backup(restored);
  std::optional<PrevotesMessage> prevotes;
  network.kill(network.port(2));
  network.filter = [&](const Envelope& envelope) {
    if (const auto* held = std::get_if<PrevotesMessage>(&envelope.message)) prevotes = *held;
    return !prevotes.has_value();
  };
  network.take(network.port(0), x, Step::mine);
  network.deliver_until_quiet();
  BOOST_REQUIRE(prevotes.has_value());
  network.filter = nullptr;
  network.restore(restored, std::move(old));
  BOOST_TEST((network.give(network.port(0), restored, *prevotes) == Token::waiting));
  BOOST_TEST(mute_until(network, restored).has_value());
  BOOST_TEST(!voters.get(network.state(restored), 0).has_value());
  BOOST_TEST((network.give(network.port(0), restored, NewRound{Height{1}, Ballot{Round{9}, network.port(0)}}) ==
              Token::waiting));
}

// Section 6, "forgetting a vote across a restart": what a vote changes is durable with it, so a new process
// over the same store gives the same vote again and no other.
BOOST_AUTO_TEST_CASE(a_restart_forgets_no_vote) {
  Network network(4);
  const auto voter = network.port(3);
  const auto x = network.start(network.port(0), network.port(1), "1", Step::check_key);
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<PrevoteMessage>(envelope.message); };
  network.take(network.port(0), x, Step::mine);
  network.deliver_until_quiet();
  const auto before = voters.get(network.state(voter), 0);
  BOOST_REQUIRE((before && before->prevote));
  network.restore(voter, network.backup(voter));
  const auto ballot = before->prevote->body.ballot;
  BOOST_TEST((network.give(network.port(2), voter, NewRound{Height{1}, Ballot{Round{0}, network.port(2)}}) ==
              Token::stale_ballot));
  network.queue.clear();
  network.give(network.port(0), voter, NewRound{Height{1}, ballot});
  const auto* answer = std::get_if<AnswerMessage>(&network.queue.back().message);
  BOOST_REQUIRE(answer != nullptr);
  BOOST_TEST((answer->answer == before->answer));
}

BOOST_AUTO_TEST_SUITE_END()
