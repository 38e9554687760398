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

BOOST_AUTO_TEST_SUITE(proposers_that_wait)

// Section 5: "while at most f peers are faulty (gone for good counts)": a peer opened a later ballot at one voter and
// died. That voter is needed, refuses, and is not outvoted: the proposer must go on with a later ballot.
BOOST_AUTO_TEST_CASE(a_needed_voter_that_promised_a_dead_proposer_is_won_with_a_later_ballot) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    TwoMiners two(peers);
    auto& network = two.network;
    // As many are gone for good as may be: every voter that is left is needed, and one of them refuses.
    const auto dead = network.port(1);
    network.kill(dead);
    network.home(dead).takes_steps = false;
    for (std::size_t i = 1; i < network.genesis().faults_borne(); ++i) network.kill(network.port(peers - i));
    network.give(dead, network.port(2), NewRound{Height{1}, Ballot{Round{60}, dead}});
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((network.state_of(network.port(0), two.all[0]) == ExchangeState::committed));
  }
}

// Section 4: "A proposer alone with q honest peers, itself one, always finishes": a liar that refuses every ballot
// does not stop it, and does not make it give up a ballot whose answers lie waiting.
BOOST_AUTO_TEST_CASE(a_liar_that_refuses_every_ballot_stops_nobody) {
  for (const std::size_t peers : {4U, 7U}) {
    TwoMiners two(peers);
    auto& network = two.network;
    const auto liar = network.port(1);
    network.home(liar).takes_steps = false;
    std::uint64_t lies = 0;
    network.filter = [&](const Envelope& envelope) {
      if (envelope.to != liar) return true;
      if (const auto* round = std::get_if<NewRound>(&envelope.message)) {
        ++lies;
        network.queue.push_front(Envelope{
            liar, envelope.from, Promised{round->height, Ballot{Round{round->ballot.round.value + 1000}, liar}}, {}});
      }
      return tells_of_a_block(envelope.message);
    };
    network.run();
    BOOST_TEST(lies > 0U);
    network.require_equal_chains(1);
    BOOST_TEST((network.state_of(network.port(0), two.all[0]) == ExchangeState::committed));
  }
}

// By hand, days may lie between two steps: a back-off that ran out meanwhile does not undo a ballot whose answers lie
// waiting. Section 4: "so stepping by hand works".
BOOST_AUTO_TEST_CASE(answers_that_lie_waiting_are_taken_before_a_ballot_is_given_up) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto miner = network.port(0);
  network.home(network.port(1)).takes_steps = false;
  network.take(miner, two.all[0], Step::mine);
  const auto ballot = std::get<NewRound>(network.queue.front().message).ballot;
  network.kill(network.port(1));
  network.give(network.port(1), miner, Promised{Height{1}, Ballot{Round{9}, network.port(1)}});
  BOOST_REQUIRE(network.node(miner).is_backing_off(network.state(miner)));
  network.pass(std::uint64_t{3'600'000'000});
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  BOOST_TEST((network.chain(miner).front().certificate.vote.ballot == ballot));
}

// Section 4: a liar may raise the rounds in steps of 2^20 at those that are there; a voter that was away meanwhile is
// led up to the ballot in steps, too, and is not lost for the height.
BOOST_AUTO_TEST_CASE(a_voter_that_was_away_while_rounds_were_raised_still_votes) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto liar = network.port(1);
  const auto away = network.port(2);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    network.give(liar, network.port(3), NewRound{Height{1}, Ballot{Round{i << 20U}, liar}});
    network.give(liar, network.port(0), NewRound{Height{1}, Ballot{Round{i << 20U}, liar}});
    // It is answered later each time.
    network.pass(1'000'000);
    for (const std::size_t raised : {0U, 3U}) network.tick(network.port(raised));
  }
  network.kill(liar);
  BOOST_TEST(!voters.get(network.state(away), 0).has_value());
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.chain(away).front().certificate.vote.ballot.round.value > std::uint64_t{5} << 20U);
}

// An ANSWER of one voter counts once: a second one that names a lock must not leave the proposer with a lock that no
// ANSWER of its justification names.
BOOST_AUTO_TEST_CASE(a_second_answer_with_a_lock_does_not_spoil_the_justification) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto proposer = network.port(0);
  const auto liar = network.port(1);
  network.take(proposer, two.all[0], Step::mine);
  const auto record = network.record(liar, two.all[1]);
  const auto transfer =
      network.sign(liar, Transfer{TransferForm::mined, *record.book, record.request, *record.grant, *record.consent,
                                  record.acks, record.id_answers, record.key_answers});
  const auto block =
      mine_block(network.genesis(), network.home(liar).identity, network.head(liar), Time{1}, {transfer});
  const auto ballot = std::get<NewRound>(network.queue.front().message).ballot;
  ProvenLock proof{{Prevote{Height{1}, Ballot{Round{1}, PeerPort{1}}, network.genesis().block_hash(block)}, {}}, block};
  for (std::size_t i = 1; i < 4; ++i) {
    proof.certificate.votes.push_back(
        {network.port(i), network.sign(network.port(i), proof.certificate.vote).signature});
  }
  const Lock lock{proof.certificate.vote.ballot, proof.certificate.vote.block};
  const auto free = network.sign(liar, Answer{Height{1}, ballot, std::nullopt});
  const auto locked = network.sign(liar, Answer{Height{1}, ballot, lock});
  BOOST_TEST(!network.give(liar, proposer, AnswerMessage{free, std::nullopt}));
  BOOST_TEST(!network.give(liar, proposer, AnswerMessage{locked, proof}));
  network.kill(liar);
  network.run();
  network.require_equal_chains(1);
}

// Section 4: an ANSWER without the lock's "certificate and block beside it" is none: nobody could follow it.
BOOST_AUTO_TEST_CASE(an_answer_that_does_not_prove_its_lock_is_no_answer) {
  TwoMiners two(4);
  auto& network = two.network;
  network.take(network.port(0), two.all[0], Step::mine);
  const auto ballot = std::get<NewRound>(network.queue.front().message).ballot;
  const auto liar = network.port(1);
  const auto locked = network.sign(liar, Answer{Height{1}, ballot, Lock{Ballot{Round{1}, liar}, network.draw<Hash>()}});
  BOOST_TEST((network.give(liar, network.port(0), AnswerMessage{locked, std::nullopt}) == Token::bad_statement));
  network.kill(liar);
  network.run();
  network.require_equal_chains(1);
}

// Section 4, double vote: a second prevote of the same peer is not a second vote.
BOOST_AUTO_TEST_CASE(one_peers_votes_taken_twice_are_one_vote) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto proposer = network.port(0);
  network.kill(network.port(1));
  network.filter = [&](const Envelope& envelope) { return !std::holds_alternative<PrevoteMessage>(envelope.message); };
  network.take(proposer, two.all[0], Step::mine);
  std::optional<ProposeMessage> proposal;
  network.watch = [&](const Envelope& envelope, const std::optional<Error>&) {
    if (const auto* message = std::get_if<ProposeMessage>(&envelope.message)) proposal = *message;
  };
  network.deliver_until_quiet();
  BOOST_REQUIRE(proposal.has_value());
  const auto& body = proposal->propose.body;
  const auto vote = network.sign(network.port(2), Prevote{body.height, body.ballot, body.block});
  for (int i = 0; i < 3; ++i) BOOST_TEST(!network.give(network.port(2), proposer, PrevoteMessage{vote}));
  const auto record = proposers.get(network.state(proposer), 0);
  BOOST_TEST((record->phase == ProposerPhase::prevoting));
  BOOST_TEST(record->prevotes.size() == 2U);
  // A vote for another block, and one passed on by somebody else, count for nothing.
  const auto other = network.sign(network.port(3), Prevote{body.height, body.ballot, network.draw<Hash>()});
  BOOST_TEST((network.give(network.port(3), proposer, PrevoteMessage{other}) == Token::bad_statement));
  BOOST_TEST((network.give(network.port(3), proposer, PrevoteMessage{vote}) == Token::wrong_sender));
  const auto later = network.sign(network.port(2), Precommit{vote.body.height, vote.body.ballot, vote.body.block});
  BOOST_TEST((network.give(network.port(3), proposer, PrecommitMessage{later}) == Token::wrong_sender));
}

// Withheld votes: with n = 4 one peer may keep silent for ever.
BOOST_AUTO_TEST_CASE(a_block_is_committed_without_the_votes_of_f_peers) {
  for (const std::size_t peers : {4U, 5U, 7U, 13U}) {
    TwoMiners two(peers);
    auto& network = two.network;
    for (std::size_t i = 0; i < network.genesis().faults_borne(); ++i) network.kill(network.port(peers - 1 - i));
    network.run();
    network.require_equal_chains(2);
  }
}

// A committed height wakes nobody: a back-off that was running when another's block came has nothing to wait for.
BOOST_AUTO_TEST_CASE(a_back_off_of_a_committed_height_does_not_wake_a_peer) {
  TwoMiners two(4);
  auto& network = two.network;
  network.take(network.port(0), two.all[0], Step::mine);
  network.give(network.port(2), network.port(0), Promised{Height{1}, Ballot{Round{9}, network.port(2)}});
  BOOST_REQUIRE(network.node(network.port(0)).is_backing_off(network.state(network.port(0))));
  network.run();
  BOOST_TEST(!network.node(network.port(0)).next_tick(network.state(network.port(0))).has_value());
  network.require_equal_chains(2);
}

// A pending transaction that no block can hold any more must not open ballots for ever.
BOOST_AUTO_TEST_CASE(a_pending_transaction_that_is_invalid_opens_one_ballot_and_is_dropped) {
  TwoMiners two(4);
  auto& network = two.network;
  network.home(network.port(0)).takes_steps = network.home(network.port(1)).takes_steps = false;
  const auto peer = network.port(2);
  network.edit(peer, [&](Draft& draft) {
    const auto book = *network.record(network.port(0), two.all[0]).book;
    pending.put(draft, 1, Transaction{network.sign(peer, Abort{book, Version{7}, Turn{}})});
  });
  network.tick(peer);
  network.run();
  BOOST_TEST(pending.all(network.state(peer)).empty());
  BOOST_TEST(network.head(peer).height.value == 0U);
}

// What was sent is lost for good (the homes of the voters were put back): mine again, after a while, asks again;
// at once it sends nothing.
BOOST_AUTO_TEST_CASE(mine_again_asks_the_voters_whose_messages_were_lost) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto miner = network.port(0);
  network.home(network.port(1)).takes_steps = false;
  const auto lose = [&](auto kind) {
    network.filter = [](const Envelope& envelope) { return !std::holds_alternative<decltype(kind)>(envelope.message); };
  };
  const auto again = [&] {
    network.filter = nullptr;
    network.wish(miner, WishMine{two.all[0]});
    BOOST_TEST(network.queue.empty());
    network.pass(5'000'000);
    network.wish(miner, WishMine{two.all[0]});
    BOOST_TEST(!network.queue.empty());
  };
  lose(NewRound{});
  network.take(miner, two.all[0], Step::mine);
  network.deliver_until_quiet();
  again();
  lose(ProposeMessage{});
  network.deliver_until_quiet();
  again();
  lose(PrevotesMessage{});
  network.deliver_until_quiet();
  again();
  network.deliver_until_quiet();
  network.require_equal_chains(1);
}

// Section 4: "one that keeps interrupting is answered later each time": no two interruptions in a row are free.
BOOST_AUTO_TEST_CASE(a_peer_that_keeps_interrupting_is_answered_later_each_time) {
  TwoMiners two(4);
  auto& network = two.network;
  const auto voter = network.port(3);
  const auto one = network.port(0);
  const auto other = network.port(1);
  const DeferredKey key{one, DeferredKind::put_off};
  std::vector<std::uint64_t> delays;
  for (std::uint64_t round = 1; round <= 12; round += 2) {
    const NewRound message{Height{1}, Ballot{Round{round}, one}};
    network.give(one, voter, message);
    const auto put_off = deferred.get(network.state(voter), key);
    delays.push_back(put_off ? put_off->not_before.value - network.now().value : 0);
    if (put_off) {
      // The same NEWROUND again is no further interruption, and waits no longer.
      network.give(one, voter, message);
      BOOST_TEST(deferred.get(network.state(voter), key)->not_before.value == put_off->not_before.value);
    }
    network.edit(voter, [&](Draft& draft) {
      // The other one's ballot is promised at once, so that each ballot of the first is an interruption.
      auto row = *voters.get(network.state(voter), 0);
      row.promise = Ballot{Round{round + 1}, other};
      voters.put(draft, 0, row);
      deferred.erase(draft, key);
    });
  }
  BOOST_TEST(delays.front() == 0U);
  for (std::size_t i = 3; i < delays.size(); ++i) BOOST_TEST(delays[i] > delays[i - 1]);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(books_and_catalogues)

// Section 3: "Every transaction carries the BOOK it is about; one new to the chain is its registrar's": a BOOK that
// only requester and owner know is recorded, and known to all afterwards.
BOOST_AUTO_TEST_CASE(a_book_known_to_few_is_recorded_and_then_known_to_all) {
  for (const std::size_t peers : {4U, 7U}) {
    Network network(peers);
    const auto requester = network.port(0);
    network.filter = [&](const Envelope& envelope) {
      return envelope.to == requester || !std::holds_alternative<Announce>(envelope.message);
    };
    const auto book = network.add_book(network.port(1), "7");
    network.deliver_until_quiet();
    BOOST_TEST(!catalogue.get(network.state(network.port(2)), book).has_value());
    (void)network.request(requester, network.port(1), book);
    network.run();
    network.require_equal_chains(1);
    for (const auto& peer : network.genesis().peers()) {
      BOOST_TEST(network.owner_of_book(peer.port, book).value == requester.value);
    }
  }
}

// Section 2: "Nobody else can register the same id": a BOOK is announced by its registrar alone.
BOOST_AUTO_TEST_CASE(a_book_announced_by_another_is_refused) {
  Network network(4);
  const auto book = network.add_book(network.port(1), "7");
  const auto signed_book = *catalogue.get(network.state(network.port(1)), book);
  BOOST_TEST((network.give(network.port(2), network.port(0), Announce{signed_book}) == Token::wrong_sender));
  auto stolen = signed_book;
  stolen.signer = network.port(2);
  BOOST_TEST((network.give(network.port(2), network.port(0), Announce{stolen}) == Token::bad_signature));
}

// Section 2: "Two equal files registered twice are two copies."
BOOST_AUTO_TEST_CASE(two_equal_books_are_two_copies_with_owners_of_their_own) {
  Network network(4);
  const auto first = network.add_book(network.port(1), "7");
  const auto second = network.add_book(network.port(1), "7");
  network.deliver_until_quiet();
  BOOST_TEST((first != second));
  (void)network.request(network.port(0), network.port(1), first);
  network.run();
  BOOST_TEST(network.owner_of_book(network.port(3), first).value == network.port(0).value);
  BOOST_TEST(network.owner_of_book(network.port(3), second).value == network.port(1).value);
}

BOOST_AUTO_TEST_SUITE_END()
