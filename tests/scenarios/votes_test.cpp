// Attacks on the votes about one height (docs/protocol.md, section 4), played at one voter or one proposer
// with the keys of the cheating peers.
#include "tests/scenarios/votes.hpp"

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(voting_rules)

// Section 4: "only that port opens b and proposes in it."
BOOST_AUTO_TEST_CASE(only_the_port_of_a_ballot_may_open_it) {
  Votes v;
  const Ballot others{Round{1}, v.owner};
  BOOST_TEST((v.give(NewRound{Height{1}, others}) == Token::wrong_sender));
  BOOST_TEST((v.give(v.proposal(others, v.block(1))) == Token::wrong_sender));
  BOOST_TEST((v.give(PrevotesMessage{v.certificate<Prevote>(others, v.hash(v.block(1)))}) == Token::wrong_sender));
  BOOST_TEST((v.votes_of(v.voter).promise == Ballot{}));
}

// Section 4, step 1: "asked again, the same ANSWER. Else it refuses and tells its promise."
BOOST_AUTO_TEST_CASE(asked_again_a_voter_gives_the_same_answer_and_for_less_tells_its_promise) {
  Votes v;
  BOOST_TEST(!v.give(NewRound{Height{1}, v.ballot(5)}));
  const auto first = last_queued<AnswerMessage>(v.network);
  BOOST_TEST(!v.give(NewRound{Height{1}, v.ballot(5)}));
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST((last_queued<AnswerMessage>(v.network)->answer == first->answer));
  BOOST_TEST((v.give(NewRound{Height{1}, v.ballot(4)}) == Token::stale_ballot));
  BOOST_TEST((last_queued<Promised>(v.network)->promise == v.ballot(5)));
}

// Section 4, step 3: "no other prevote was given in b": a proposer with two blocks.
BOOST_AUTO_TEST_CASE(a_second_block_in_one_ballot_gets_no_prevote) {
  Votes v;
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), v.block(1))));
  const auto prevote = v.votes_of(v.voter).prevote;
  BOOST_TEST((v.give(v.proposal(v.ballot(1), v.block(2))) == Token::equivocation));
  BOOST_TEST((v.votes_of(v.voter).prevote == prevote));
}

// Section 4, step 4: "no other precommit in b".
BOOST_AUTO_TEST_CASE(a_second_certificate_in_one_ballot_gets_no_precommit) {
  Votes v;
  const auto first = v.block(1);
  const auto second = v.block(2);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), first)));
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(first))}));
  const auto precommit = v.votes_of(v.voter).precommit;
  BOOST_REQUIRE(precommit.has_value());
  BOOST_TEST((v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(second))}) == Token::equivocation));
  BOOST_TEST((v.votes_of(v.voter).precommit == precommit));
}

// Section 4, step 3: "PREVOTE if b ≥ promise".
BOOST_AUTO_TEST_CASE(a_proposal_below_the_promise_gets_no_prevote) {
  Votes v;
  v.network.give(v.owner, v.voter, NewRound{Height{1}, Ballot{Round{2}, v.owner}});
  BOOST_TEST((v.give(v.proposal(v.ballot(1), v.block(1))) == Token::stale_ballot));
  BOOST_TEST(!v.votes_of(v.voter).prevote.has_value());
}

// Section 4, step 4: "with the block at hand, b ≥ promise".
BOOST_AUTO_TEST_CASE(a_certificate_below_the_promise_gets_no_precommit_and_no_lock) {
  Votes v;
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), v.block(1))));
  v.network.give(v.owner, v.voter, NewRound{Height{1}, Ballot{Round{2}, v.owner}});
  BOOST_TEST((v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(v.block(1)))}) == Token::stale_ballot));
  BOOST_TEST(!v.votes_of(v.voter).precommit.has_value());
  BOOST_TEST(!v.votes_of(v.voter).lock.has_value());
}

// Section 4, step 4: "with the block at hand": a certificate that overtook its proposal waits for it.
BOOST_AUTO_TEST_CASE(a_certificate_waits_for_its_block) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(block))}));
  BOOST_TEST(!v.votes_of(v.voter).precommit.has_value());
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  BOOST_TEST(v.votes_of(v.voter).precommit.has_value());
}

// Section 4, step 4: "promise = b": the promise raised by a precommit.
BOOST_AUTO_TEST_CASE(a_precommit_raises_the_promise) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  // The block is at hand from the first ballot; the proposal of the third one has not come yet.
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(3), v.hash(block))}));
  BOOST_REQUIRE(v.votes_of(v.voter).precommit.has_value());
  BOOST_TEST((v.votes_of(v.voter).promise == v.ballot(3)));
  BOOST_TEST((v.network.give(v.owner, v.voter, NewRound{Height{1}, Ballot{Round{2}, v.owner}}) == Token::stale_ballot));
}

// Section 4, step 1: the ANSWER names "ballot and hash of its lock", "the lock's certificate and block beside it".
BOOST_AUTO_TEST_CASE(a_locked_voter_answers_with_its_lock_and_its_proof) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(block))}));
  v.network.give(v.owner, v.voter, NewRound{Height{1}, Ballot{Round{2}, v.owner}});
  const auto answer = last_queued<AnswerMessage>(v.network);
  BOOST_REQUIRE(answer.has_value());
  BOOST_REQUIRE(answer->lock.has_value());
  BOOST_TEST((answer->answer.body.lock == Lock{v.ballot(1), v.hash(block)}));
  BOOST_TEST((answer->lock->block == block));
}

// Section 4: "A voter's own lock does not stop it": q ANSWERs that name none free the block.
BOOST_AUTO_TEST_CASE(a_locked_voter_prevotes_another_block_that_is_justified) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(block))}));
  auto next = v.proposal(v.ballot(2), v.block(2));
  BOOST_TEST(!v.give(next));
  BOOST_TEST((v.votes_of(v.voter).prevote->body.block == v.hash(v.block(2))));
  // The lock itself stands until a later certificate.
  BOOST_TEST((v.votes_of(v.voter).lock->vote.ballot == v.ballot(1)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(justifications)

// Section 4: "ANSWERs bound to their very (h, b)": a promise or justification from another ballot.
BOOST_AUTO_TEST_CASE(answers_of_another_ballot_or_height_justify_nothing) {
  Votes v;
  auto other_ballot = v.proposal(v.ballot(2), v.block(1));
  other_ballot.answers = v.answers(v.ballot(1));
  BOOST_TEST((v.give(other_ballot) == Token::bad_statement));
  auto other_height = v.proposal(v.ballot(2), v.block(1));
  other_height.answers[1] = v.answer(1, v.ballot(2), std::nullopt, Height{2});
  BOOST_TEST((v.give(other_height) == Token::bad_statement));
  BOOST_TEST(!v.votes_of(v.voter).prevote.has_value());
}

// Section 4, step 2: "carries q ANSWERs", of distinct voters.
BOOST_AUTO_TEST_CASE(too_few_answers_or_one_voter_twice_are_no_quorum) {
  Votes v;
  auto few = v.proposal(v.ballot(1), v.block(1));
  few.answers.pop_back();
  BOOST_TEST((v.give(few) == Token::no_quorum));
  auto twice = v.proposal(v.ballot(1), v.block(1));
  twice.answers[1] = twice.answers[0];
  BOOST_TEST((v.give(twice) == Token::no_quorum));
  auto forged = v.proposal(v.ballot(1), v.block(1));
  forged.answers[1].signature.bytes[0] ^= 1U;
  BOOST_TEST((v.give(forged) == Token::bad_signature));
}

// Section 4, step 2: "the certificate of the highest lock they name, whose block it must be, whoever mined it".
BOOST_AUTO_TEST_CASE(a_proposal_must_be_the_block_of_the_highest_lock_named) {
  Votes v;
  const auto locked = v.block(1);
  const auto other = v.block(2);
  const Lock lock{v.ballot(1), v.hash(locked)};
  const Ballot second{Round{2}, v.owner};
  const auto proposal = [&](const Block& block) {
    auto made = v.proposal(second, block);
    made.answers[1] = v.answer(1, second, lock);
    return made;
  };
  const auto give = [&](const ProposeMessage& message) { return v.network.give(v.owner, v.voter, message); };
  // No certificate; the certificate and another block; a certificate of another block; too few votes in it.
  BOOST_TEST((give(proposal(locked)) == Token::bad_statement));
  auto wrong = proposal(other);
  wrong.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(locked));
  BOOST_TEST((give(wrong) == Token::bad_statement));
  wrong.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(other));
  BOOST_TEST((give(wrong) == Token::bad_statement));
  auto thin = proposal(locked);
  thin.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(locked));
  thin.highest_lock->votes.pop_back();
  BOOST_TEST((give(thin) == Token::no_quorum));
  // The lower of two locks.
  auto lower = proposal(locked);
  lower.answers[0] = v.answer(0, second, Lock{Ballot{Round{1}, v.voter}, v.hash(other)});
  lower.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(locked));
  BOOST_TEST((give(lower) == Token::bad_statement));
  BOOST_TEST(!v.votes_of(v.voter).prevote.has_value());
  // And as it must be: mined by another than the proposer.
  auto good = proposal(locked);
  good.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(locked));
  BOOST_TEST(!give(good));
  BOOST_TEST((v.votes_of(v.voter).prevote->body.block == v.hash(locked)));
}

// Section 4, step 1: "the lock's certificate and block beside it": the hash of a block covers the body of its header
// alone, so under a true lock a liar can show another text, with a broken signature or other transactions.
BOOST_AUTO_TEST_CASE(an_answer_with_a_spoiled_block_spoils_no_block_and_no_ballot) {
  for (const bool at_hand : {true, false}) {
    for (const bool signature : {true, false}) {
      Votes v;
      v.network.wish(v.liar, WishMine{v.x});
      v.network.deliver_all<NewRound>();
      v.network.deliver_all<AnswerMessage>();
      v.network.filter = [&](const Envelope& envelope) {
        return at_hand || envelope.to != v.owner || !std::holds_alternative<ProposeMessage>(envelope.message);
      };
      v.network.deliver_all<ProposeMessage>();
      v.network.filter = nullptr;
      v.network.deliver_all<PrevoteMessage>();
      const auto certified = last_queued<PrevotesMessage>(v.network);
      BOOST_REQUIRE(certified.has_value());
      const auto locked = candidates.get(v.network.state(v.liar), certified->certificate.vote.block).value();
      auto spoiled = locked;
      if (signature) {
        spoiled.header.signature.bytes[0] ^= 1U;
      } else {
        spoiled.transactions.push_back(spoiled.transactions.front());
      }
      BOOST_REQUIRE((v.hash(spoiled) == v.hash(locked)));
      v.network.queue.clear();
      // The owner settles, opens a ballot of its own, and is answered by the liar.
      v.network.wish(v.owner, WishSettle{v.x});
      const auto asked = last_queued<NewRound>(v.network);
      BOOST_REQUIRE(asked.has_value());
      const auto& vote = certified->certificate.vote;
      const AnswerMessage lie{v.answer(0, asked->ballot, Lock{vote.ballot, vote.block}),
                              ProvenLock{certified->certificate, spoiled}};
      const auto token = v.network.give(v.liar, v.owner, lie);
      BOOST_TEST(token.has_value() != at_hand);
      const auto kept = candidates.get(v.network.state(v.owner), v.hash(locked));
      BOOST_TEST(kept.has_value() == at_hand);
      if (kept) BOOST_TEST((*kept == locked));
      v.network.run();
      v.network.require_equal_chains(1);
    }
  }
}

// Section 4, step 2: "No lock named: the block is free, its miner the port of b."
BOOST_AUTO_TEST_CASE(a_free_block_of_another_miner_is_refused) {
  Votes v;
  const Ballot second{Round{1}, v.owner};
  BOOST_TEST((v.network.give(v.owner, v.voter, v.proposal(second, v.block(1))) == Token::bad_statement));
  auto unnamed = v.proposal(v.ballot(1), v.block(1));
  unnamed.highest_lock = v.certificate<Prevote>(Ballot{Round{1}, PeerPort{1}}, v.hash(v.block(1)));
  BOOST_TEST((v.give(unnamed) == Token::bad_statement));
}

// Section 4: "A certificate is q votes of distinct peers for one (h, b, block hash)": a double vote.
BOOST_AUTO_TEST_CASE(one_peer_twice_in_a_certificate_is_no_quorum) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  auto certificate = v.certificate<Prevote>(v.ballot(1), v.hash(block));
  certificate.votes[2] = certificate.votes[1];
  BOOST_TEST((v.give(PrevotesMessage{certificate}) == Token::no_quorum));
  auto commit = v.certificate<Precommit>(v.ballot(1), v.hash(block));
  commit.votes[2] = commit.votes[1];
  BOOST_TEST((v.give(CommitMessage{CommittedBlock{block, commit}}) == Token::no_quorum));
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
}

// Section 2: "What a peer states about exchanges in one turn it signs together": what becomes part of a transaction in
// the same turn is signed before.
BOOST_AUTO_TEST_CASE(a_transfer_holds_no_statement_that_is_still_to_be_signed) {
  Votes v;
  v.network.edit(v.liar, [&](Draft& draft) {
    auto record = exchanges.get(draft, v.x).value();
    record.consent->signature = {};
    record.request.signature = {};
    exchanges.put(draft, v.x, record);
  });
  v.network.wish(v.liar, WishMine{v.x});
  v.network.run();
  v.network.require_equal_chains(1);
}

// Section 2: "Signed over canonical bytes with a tag for its type": a prevote passed off as a precommit.
BOOST_AUTO_TEST_CASE(prevotes_passed_off_as_precommits_commit_nothing) {
  Votes v;
  const auto block = v.block(1);
  const auto prevotes = v.certificate<Prevote>(v.ballot(1), v.hash(block));
  const CommitCertificate posing{Precommit{Height{1}, v.ballot(1), v.hash(block)}, prevotes.votes};
  BOOST_TEST((v.give(CommitMessage{CommittedBlock{block, posing}}) == Token::bad_signature));
}

// Section 4: a certificate is for one (h, b, block): another ballot's votes, or another height's, commit nothing.
BOOST_AUTO_TEST_CASE(a_certificate_of_another_block_or_height_commits_nothing) {
  Votes v;
  const auto block = v.block(1);
  const auto other = v.certificate<Precommit>(v.ballot(1), v.hash(v.block(2)));
  BOOST_TEST((v.give(CommitMessage{CommittedBlock{block, other}}) == Token::bad_chain));
  // Of a later height the blocks between are asked for.
  BOOST_TEST(!v.give(CommitMessage{{block, v.certificate<Precommit>(v.ballot(1), v.hash(block), Height{2})}}));
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
}

// Section 4, step 3: "the block is valid": what cannot be mined gets no vote, whoever justifies it.
BOOST_AUTO_TEST_CASE(an_invalid_block_gets_no_prevote) {
  Votes v;
  auto transaction = std::get<Signed<Transfer>>(v.transfer());
  transaction.body.id_answers[0] = v.network.sign(
      transaction.body.id_answers[0].signer, IdAnswer{v.x, v.network.genesis().id_of(transaction.body.consent), false});
  const auto resigned = v.network.sign(v.liar, transaction.body);
  const auto block =
      mine_block(v.network.genesis(), v.network.home(v.liar).identity, v.network.head(v.voter), Time{1}, {resigned});
  BOOST_TEST((v.give(v.proposal(v.ballot(1), block)) == Token::bad_statement));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(committed_heights)

// Section 4: "about a committed height it sends block and certificate, no vote"; and: "the silence at committed
// heights".
BOOST_AUTO_TEST_CASE(about_a_committed_height_a_peer_sends_blocks_and_no_vote) {
  Votes v;
  const auto block = v.block(1);
  v.network.run();
  v.network.require_equal_chains(1);
  const std::vector<Message> late = {NewRound{Height{1}, v.ballot(9)}, v.proposal(v.ballot(9), block),
                                     PrevotesMessage{v.certificate<Prevote>(v.ballot(9), v.hash(block))},
                                     NewRound{Height{0}, v.ballot(9)}};
  for (const auto& message : late) {
    v.network.queue.clear();
    BOOST_TEST(!v.give(message));
    BOOST_REQUIRE(v.network.queue.size() == 1U);
    const auto* blocks_sent = std::get_if<BlocksMessage>(&v.network.queue.front().message);
    BOOST_REQUIRE(blocks_sent != nullptr);
    BOOST_TEST(blocks_sent->blocks.size() == 1U);
  }
}

// Section 5: "chains never differ": a second certificate for a committed height is refused and told.
BOOST_AUTO_TEST_CASE(a_second_block_of_a_committed_height_is_refused) {
  Votes v;
  const auto other = v.block(99);
  v.network.run();
  const CommittedBlock second{other, v.certificate<Precommit>(v.ballot(9), v.hash(other))};
  BOOST_TEST((v.give(CommitMessage{second}) == Token::bad_chain));
  BOOST_TEST((v.give(BlocksMessage{Height{1}, {second}}) == Token::bad_chain));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(edges_and_floods)

// Section 4: a round out of reach, "more than 2^20 above the promise" and above what the voter's clock allows, "is
// refused, else one message uses up the numbers."
BOOST_AUTO_TEST_CASE(a_new_round_with_the_largest_round_is_refused_and_the_network_goes_on) {
  Votes v;
  static constexpr auto largest = ~std::uint64_t{0};
  // A minute is borne between two clocks.
  const auto beyond = (v.network.now().value / 1'000'000 + 62) << 20U;
  for (const auto round : {largest, largest - 1, beyond, std::uint64_t{0}}) {
    const auto token = v.give(NewRound{Height{1}, v.ballot(round)});
    BOOST_TEST((token == Token::bad_value));
  }
  BOOST_TEST(!v.give(NewRound{Height{1}, v.ballot(std::uint64_t{1} << 20U)}));
  v.network.run();
  v.network.require_equal_chains(1);
}

// The numbers cannot be used up by a lie about a promise either.
BOOST_AUTO_TEST_CASE(a_promise_of_the_largest_round_costs_the_proposer_a_round_and_no_more) {
  Votes v;
  v.network.wish(v.liar, WishMine{v.x});
  v.network.give(v.owner, v.liar, Promised{Height{1}, Ballot{Round{~std::uint64_t{0}}, v.owner}});
  v.network.run();
  v.network.require_equal_chains(1);
  BOOST_TEST(v.network.chain(v.liar).front().certificate.vote.ballot.round.value <= 2U);
}

// Heights at the edge of 64 bits: nothing wraps, and the network goes on.
BOOST_AUTO_TEST_CASE(messages_for_the_last_height_change_nothing) {
  Votes v;
  static constexpr Height last{~std::uint64_t{0}};
  const auto block = v.block(1);
  auto proposal = v.proposal(v.ballot(1), block);
  proposal.propose = v.network.sign(v.liar, Propose{last, v.ballot(1), v.hash(block)});
  auto committed = CommittedBlock{block, v.certificate<Precommit>(v.ballot(1), v.hash(block), last)};
  (void)v.give(NewRound{last, v.ballot(1)});
  (void)v.give(proposal);
  (void)v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(block), last)});
  (void)v.give(CommitMessage{committed});
  committed.block.header.body.height = last;
  (void)v.give(CommitMessage{committed});
  (void)v.give(BlocksMessage{last, {committed}});
  (void)v.give(WantBlocks{last});
  (void)v.give(VotesMessage{last, committed.certificate, std::nullopt});
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
  v.network.run();
  v.network.require_equal_chains(1);
}

// Section 6, "floods of far-future messages": of each sender and kind one message waits.
BOOST_AUTO_TEST_CASE(a_flood_for_far_heights_stays_bounded_and_stops_nobody) {
  Votes v;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    (void)v.give(NewRound{Height{1000 + i * 977}, v.ballot(i + 1)});
    (void)v.give(PrevotesMessage{PrevoteCertificate{Prevote{Height{2000 + i}, v.ballot(i + 1), Hash{}}, {}}});
  }
  BOOST_TEST(deferred.all(v.network.state(v.voter)).size() == 2U);
  v.network.run();
  v.network.require_equal_chains(1);
}

BOOST_AUTO_TEST_SUITE_END()
