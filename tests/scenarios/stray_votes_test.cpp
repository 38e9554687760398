// Votes, answers and blocks that do not fit the height, the ballot or the block that they come with (docs/protocol.md,
// section 4): no vote follows from them, nobody is accused by what nobody signed, and the block at hand is committed.
#include "ledger/consensus_parts.hpp"
#include "ledger/evidence.hpp"
#include "ledger/sightings.hpp"
#include "tests/scenarios/restoring.hpp"
#include "tests/scenarios/votes.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

std::size_t evidence_at(const Network& network, PeerPort peer) { return evidence_rows.all(network.state(peer)).size(); }

/// A proposer that has asked for answers in its first ballot.
struct Asking : Votes {
  Asking() {
    network.wish(liar, WishMine{x});
    asked = last_queued<NewRound>(network).value().ballot;
  }
  Ballot asked;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(stray_votes)

// Step 2: PROPOSE is "signed" by the port of its ballot, and names the block that it brings.
BOOST_AUTO_TEST_CASE(a_proposal_signed_by_another_or_beside_another_block_gets_no_prevote) {
  Votes v;
  auto of_another = v.proposal(v.ballot(1), v.block(1));
  of_another.propose = v.network.sign(v.owner, of_another.propose.body);
  BOOST_TEST((v.give(of_another) == Token::wrong_sender));
  auto other_block = v.proposal(v.ballot(1), v.block(1));
  other_block.block = v.block(2);
  BOOST_TEST((v.give(other_block) == Token::bad_statement));
  auto forged = v.proposal(v.ballot(1), v.block(1));
  forged.propose.signature.bytes[3] ^= 1U;
  BOOST_TEST((v.give(forged) == Token::bad_signature));
  BOOST_TEST(!v.votes_of(v.voter).prevote.has_value());
  v.network.run();
  v.network.require_equal_chains(1);
}

// Step 2: the certificate of the lock is of this height.
BOOST_AUTO_TEST_CASE(a_lock_of_another_height_justifies_nothing) {
  Votes v;
  const auto locked = v.block(1);
  const Ballot second{Round{2}, v.owner};
  auto proposal = v.proposal(second, locked);
  proposal.answers[1] = v.answer(1, second, Lock{v.ballot(1), v.hash(locked)});
  proposal.highest_lock = v.certificate<Prevote>(v.ballot(1), v.hash(locked), Height{2});
  BOOST_TEST((v.network.give(v.owner, v.voter, proposal) == Token::bad_statement));
  BOOST_TEST(!v.votes_of(v.voter).prevote.has_value());
}

// Step 1: "asked again, the same ANSWER": one that was given before a later lock names the earlier one, which this
// voter cannot prove any more.
BOOST_AUTO_TEST_CASE(an_answer_given_again_after_a_later_lock_brings_no_proof_of_another_lock) {
  for (const bool same_block : {true, false}) {
    Votes v;
    const auto first = v.block(1);
    const auto second = same_block ? first : v.block(2);
    BOOST_TEST(!v.give(v.proposal(v.ballot(1), first)));
    BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(first))}));
    BOOST_TEST(!v.give(NewRound{Height{1}, v.ballot(2)}));
    const auto before = last_queued<AnswerMessage>(v.network);
    BOOST_REQUIRE((before && before->lock));
    BOOST_TEST(!v.give(v.proposal(v.ballot(2), second)));
    BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(2), v.hash(second))}));
    BOOST_TEST(!v.give(NewRound{Height{1}, v.ballot(2)}));
    const auto again = last_queued<AnswerMessage>(v.network);
    BOOST_TEST((again->answer == before->answer));
    BOOST_TEST(!again->lock.has_value());
  }
}

// Step 1: a lock that an ANSWER names is proven by the certificate and the block beside it, and by no others.
BOOST_AUTO_TEST_CASE(a_lock_beside_a_certificate_of_something_else_is_no_answer) {
  Asking v;
  const auto locked = v.block(1);
  const Ballot below{Round{1}, PeerPort{1}};
  const Lock lock{below, v.hash(locked)};
  const auto give = [&](const PrevoteCertificate& certificate, const Block& block) {
    return v.network.give(v.owner, v.liar, AnswerMessage{v.answer(1, v.asked, lock), ProvenLock{certificate, block}});
  };
  BOOST_TEST((give(v.certificate<Prevote>(below, v.hash(locked), Height{2}), locked) == Token::bad_statement));
  BOOST_TEST((give(v.certificate<Prevote>(v.asked, v.hash(locked)), locked) == Token::bad_statement));
  BOOST_TEST((give(v.certificate<Prevote>(below, v.hash(v.block(2))), locked) == Token::bad_statement));
  BOOST_TEST((give(v.certificate<Prevote>(below, v.hash(locked)), v.block(2)) == Token::bad_statement));
  auto thin = v.certificate<Prevote>(below, v.hash(locked));
  thin.votes.pop_back();
  BOOST_TEST((give(thin, locked) == Token::no_quorum));
  v.network.run();
  v.network.require_equal_chains(1);
}

// What nobody signed accuses nobody.
BOOST_AUTO_TEST_CASE(a_second_vote_or_answer_with_a_bad_signature_is_no_evidence) {
  Asking v;
  const Lock lock{Ballot{Round{1}, PeerPort{1}}, v.network.draw<Hash>()};
  BOOST_TEST(!v.network.give(v.owner, v.liar, AnswerMessage{v.answer(1, v.asked), std::nullopt}));
  auto second = v.answer(1, v.asked, lock);
  second.signature.bytes[3] ^= 1U;
  BOOST_TEST(!v.network.give(v.owner, v.liar, AnswerMessage{second, std::nullopt}));
  BOOST_TEST(
      (v.network.give(v.voter, v.liar, AnswerMessage{v.answer(1, v.asked), std::nullopt}) == Token::wrong_sender));
  v.network.deliver_all<NewRound>();
  v.network.deliver_all<AnswerMessage>();
  auto stray = v.network.sign(v.voter, Prevote{Height{1}, v.asked, v.network.draw<Hash>()});
  stray.signature.bytes[3] ^= 1U;
  BOOST_TEST((v.network.give(v.voter, v.liar, PrevoteMessage{stray}) == Token::bad_statement));
  auto late = v.answer(2, v.asked, lock);
  late.signature.bytes[3] ^= 1U;
  BOOST_TEST(!v.network.give(v.voter, v.liar, AnswerMessage{late, std::nullopt}));
  v.network.run();
  v.network.require_equal_chains(1);
  BOOST_TEST(evidence_at(v.network, v.liar) == 0U);
}

BOOST_AUTO_TEST_CASE(a_second_certificate_in_one_ballot_with_too_few_votes_is_no_evidence) {
  Votes v;
  const auto first = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), first)));
  BOOST_TEST(!v.give(PrevotesMessage{v.certificate<Prevote>(v.ballot(1), v.hash(first))}));
  auto second = v.certificate<Prevote>(v.ballot(1), v.hash(v.block(2)));
  second.votes.pop_back();
  BOOST_TEST((v.give(PrevotesMessage{second}) == Token::equivocation));
  BOOST_TEST(evidence_at(v.network, v.voter) == 0U);
}

// Section 5, EQUIVOCATION: PRECOMMITs for two blocks in one (h, b). Two certificates of one height name those who
// signed both; of two ballots they name nobody.
BOOST_AUTO_TEST_CASE(two_commit_certificates_of_one_ballot_name_those_who_signed_both) {
  Votes v;
  const auto other = v.block(99);
  v.network.run();
  const auto committed = v.network.chain(v.voter).front().certificate;
  const auto show = [&](Ballot ballot) {
    const CommittedBlock second{other, v.certificate<Precommit>(ballot, v.hash(other))};
    BOOST_TEST((v.give(CommitMessage{second}) == Token::bad_chain));
    return evidence_at(v.network, v.voter);
  };
  BOOST_TEST(show(v.ballot(committed.vote.ballot.round.value + 7)) == 0U);
  std::size_t both = 0;
  for (const auto i : v.quorum) {
    both += holds_from(committed.votes, v.network.port(i)) ? 1U : 0U;
  }
  BOOST_TEST(both > 0U);
  BOOST_TEST(show(committed.vote.ballot) == both);
  for (const auto& [key, row] : evidence_rows.all(v.network.state(v.voter))) {
    BOOST_TEST(fault(row.evidence) == "two-precommits");
  }
}

// "a PRECOMMIT in b and an ANSWER above b that names no lock of b or higher": a lower lock hides it as well as none.
BOOST_AUTO_TEST_CASE(an_answer_that_names_a_lower_lock_than_was_precommitted_is_held_against_its_signer) {
  Votes v;
  const auto block = v.hash(v.block(1));
  Draft draft(v.network.state(v.voter));
  Context context{v.network.genesis(), v.network.home(v.voter).identity, draft, v.network.now(), 7};
  see_precommits(context, v.certificate<Precommit>(v.ballot(2), block));
  auto proposal = v.proposal(v.ballot(3), v.block(1));
  proposal.answers = {v.answer(0, v.ballot(3), Lock{v.ballot(2), block}),
                      v.answer(1, v.ballot(3), Lock{v.ballot(1), block}), v.answer(3, v.ballot(3))};
  see_proposal(context, proposal);
  BOOST_TEST(evidence_rows.all(draft, encode(v.network.port(0))).empty());
  for (const std::size_t i : {1U, 3U}) {
    const auto found = evidence_rows.all(draft, encode(v.network.port(i)));
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST(fault(found.front().second.evidence) == "hidden-lock");
  }
}

// A proposer can open ballots without end: of one height a bounded number is remembered, the highest.
BOOST_AUTO_TEST_CASE(what_is_seen_of_a_height_stays_bounded) {
  Votes v;
  const auto block = v.block(1);
  for (std::uint64_t round = 1; round <= 40; ++round) {
    BOOST_TEST(!v.give(v.proposal(v.ballot(round), block)));
    v.network.queue.clear();
  }
  const auto seen = seen_votes.all(v.network.state(v.voter));
  BOOST_TEST(seen.size() == max_seen_ballots);
  BOOST_TEST((seen.back().first == v.ballot(40)));
}

// … so the second proposal of a ballot that was driven out by higher ones is refused like any, and proves nothing here.
BOOST_AUTO_TEST_CASE(a_second_block_in_a_ballot_that_higher_ones_drove_out_gets_no_prevote) {
  Votes v;
  const auto first = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), first)));
  for (std::uint64_t round = 2; round < 2 + max_seen_ballots; ++round) {
    auto beside_another_block = v.proposal(v.ballot(round), first);
    beside_another_block.block = v.block(2);
    BOOST_TEST((v.give(beside_another_block) == Token::bad_statement));
  }
  BOOST_TEST((v.give(v.proposal(v.ballot(1), v.block(2))) == Token::equivocation));
  BOOST_TEST((v.votes_of(v.voter).prevote->body.block == v.hash(first)));
  BOOST_TEST(!seen_votes.get(v.network.state(v.voter), v.ballot(1)).has_value());
  BOOST_TEST(evidence_at(v.network, v.voter) == 0U);
  v.network.run();
  v.network.require_equal_chains(1);
}

// ---- heights ----

// Below the first height there is nothing to differ from, and above the last one no block.
BOOST_AUTO_TEST_CASE(a_block_of_height_0_or_above_the_last_height_is_none) {
  Votes v;
  auto block = v.block(1);
  block.header.body.height = Height{0};
  const auto of_first = v.certificate<Precommit>(v.ballot(1), v.hash(block));
  BOOST_TEST((v.give(CommitMessage{CommittedBlock{block, of_first}}) == Token::bad_chain));
  const auto of_none = v.certificate<Precommit>(v.ballot(1), v.hash(block), Height{0});
  BOOST_TEST(!v.give(CommitMessage{CommittedBlock{block, of_none}}));
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
  BOOST_TEST((check_block(v.network.genesis(), v.network.state(v.voter), block).error().token == Token::bad_chain));
  static constexpr Height last{~std::uint64_t{0}};
  Draft draft(v.network.state(v.voter));
  head_fact.put(draft, Head{last, block.header.body.previous, {}});
  for (const auto height : {Height{0}, Height{1}, last}) {
    block.header.body.height = height;
    const auto checked = check_block(v.network.genesis(), draft, block);
    BOOST_REQUIRE(!checked.has_value());
    BOOST_TEST((checked.error().token == Token::bad_chain));
  }
}

// A peer that was away asks whoever tells of a greater height, and again when no answer comes; a clock that is put back
// must not keep it from that.
BOOST_AUTO_TEST_CASE(blocks_that_did_not_come_are_asked_for_again) {
  Votes v;
  const auto asks = [&] {
    v.network.queue.clear();
    BOOST_TEST(!v.give(NewRound{Height{9}, v.ballot(1)}));
    return last_queued<WantBlocks>(v.network).has_value();
  };
  static constexpr std::uint64_t an_hour_us = 3'600'000'000;
  BOOST_TEST(asks());
  BOOST_TEST(!asks());
  v.network.pass(an_hour_us);
  BOOST_TEST(asks());
  BOOST_TEST(!asks());
  v.network.pass(-an_hour_us);
  BOOST_TEST(asks());
}

// Section 4: "a proposer alone … finishes": what does not fit in one block is recorded in the next ones.
BOOST_AUTO_TEST_CASE(more_transactions_than_a_block_holds_are_recorded_in_several) {
  Network network(4);
  const auto owner = network.port(1);
  network.edit(owner, [&](Draft& draft) {
    for (std::uint64_t i = 1; i <= max_block_transactions + 3; ++i) {
      const Book book{i, std::to_string(i), "text/plain", 1, network.genesis().fields().chunk_size, {}};
      pending.put(draft, i, Transaction{network.sign(owner, Abort{network.sign(owner, book), {}, {}})});
    }
  });
  network.tick(owner);
  network.run();
  network.require_equal_chains(2);
  const auto chain = network.chain(owner);
  BOOST_TEST(chain.front().block.transactions.size() == max_block_transactions);
  BOOST_TEST(chain.back().block.transactions.size() == 3U);
  BOOST_TEST(pending.all(network.state(owner)).empty());
}

// Section 2: a message has a largest size. Blocks that do not fit in one together come in several.
BOOST_AUTO_TEST_CASE(blocks_that_do_not_fit_in_one_message_are_sent_in_several) {
  Votes v;
  v.network.run();
  const auto held = v.network.record(v.liar, v.x);
  const auto& limits = v.network.genesis().fields().limits;
  auto large = v.network.chain(v.voter).front();
  const BadChunk chunk{{}, 0, Bytes(max_chunk_bytes), {}, {}, {}};
  const auto dispute = v.network.sign(v.liar, Dispute{*held.book, held.request, *held.grant, chunk});
  large.block.transactions.assign(limits.block_bytes / max_chunk_bytes - 1, dispute);
  v.network.edit(v.voter, [&](Draft& draft) {
    for (std::uint64_t height = 2; height <= 4; ++height) {
      large.block.header.body.height = Height{height};
      blocks.put(draft, Height{height}, large);
    }
  });
  std::size_t messages = 0;
  for (Height next{1}; next <= Height{4}; ++messages) {
    v.network.queue.clear();
    BOOST_TEST(!v.give(WantBlocks{next}));
    const Message sent = last_queued<BlocksMessage>(v.network).value();
    BOOST_TEST(encode(sent).size() <= limits.message_bytes);
    for (const auto& committed : std::get<BlocksMessage>(sent).blocks) {
      BOOST_TEST((committed.block.header.body.height == next));
      ++next.value;
    }
  }
  BOOST_TEST(messages == 2U);
}

// A NEWROUND that was put off is not answered once its height is committed, nor by a home that was restored meanwhile.
BOOST_AUTO_TEST_CASE(a_new_round_put_off_is_not_answered_by_who_may_not_vote_any_more) {
  for (const bool restored : {false, true}) {
    Votes v;
    const DeferredKey put_off{v.owner, DeferredKind::put_off};
    const NewRound late{Height{1}, Ballot{Round{50}, v.owner}};
    v.network.edit(v.voter, [&](Draft& draft) {
      deferred.put(draft, put_off, DeferredRecord{late, Height{1}, Time{v.network.now().value + 1}});
    });
    if (restored) {
      declare_restore(v.network, v.voter);
    } else {
      v.network.run();
      v.network.edit(v.voter, [&](Draft& draft) { deferred.put(draft, put_off, DeferredRecord{late, Height{1}, {}}); });
    }
    v.network.queue.clear();
    v.network.pass(10);
    v.network.tick(v.voter);
    BOOST_TEST(!deferred.get(v.network.state(v.voter), put_off).has_value());
    BOOST_TEST(!last_queued<AnswerMessage>(v.network).has_value());
  }
}

// ---- TRANSFER and DISPUTE ----

// Section 3: "A TRANSFER is valid if its statements … name each other … come from A, a and a distinct witnesses".
BOOST_AUTO_TEST_CASE(a_transfer_whose_witnesses_stand_twice_or_answer_about_another_grant_is_invalid) {
  Votes v;
  const auto good = std::get<Signed<Transfer>>(v.transfer()).body;
  const auto check = [&](const std::function<void(Transfer&)>& spoil) {
    auto body = good;
    spoil(body);
    const auto checked =
        check_transaction(v.network.genesis(), v.network.state(v.voter), v.network.sign(v.liar, body), v.liar);
    return checked ? std::string("valid") : std::string(name(checked.error().token));
  };
  BOOST_TEST(check([](Transfer&) {}) == "valid");
  BOOST_TEST(check([](Transfer& body) { body.acks[1] = body.acks[0]; }) == "bad-statement");
  BOOST_TEST(check([](Transfer& body) { body.acks = {body.acks[1], body.acks[0]}; }) == "bad-statement");
  const auto witness = good.key_answers.front().signer;
  const auto answer = good.key_answers.front().body;
  for (const auto& about : {KeyAnswer{v.network.draw<ExchangeId>(), answer.grant, answer.key_commitment},
                            KeyAnswer{answer.exchange, v.network.draw<Hash>(), answer.key_commitment},
                            KeyAnswer{answer.exchange, answer.grant, v.network.draw<Hash>()}}) {
    BOOST_TEST(check([&](Transfer& body) { body.key_answers[0] = v.network.sign(witness, about); }) == "bad-statement");
  }
}

// Section 4: "The precommit certificate commits": what a voter found valid before its prevote is not looked at again
// when it is committed. Everything else is: what the hash of the block does not cover, and any other block. With
// another text the certificate commits what was found valid.
BOOST_AUTO_TEST_CASE(after_a_prevote_nothing_is_committed_unchecked_but_the_transactions_of_that_block) {
  const auto check = [](const std::function<void(Votes&, Block&)>& spoil, std::optional<Token> refused,
                        std::uint64_t height) {
    Votes v;
    const auto block = v.block(1);
    BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
    auto given = block;
    spoil(v, given);
    const CommittedBlock committed{given, v.certificate<Precommit>(v.ballot(1), v.hash(given))};
    BOOST_TEST((v.give(CommitMessage{committed}) == refused));
    BOOST_TEST(v.network.head(v.voter).height.value == height);
    if (height > 0) BOOST_TEST((encode(v.network.chain(v.voter).front().block) == encode(block)));
  };
  check([](Votes&, Block&) {}, std::nullopt, 1);
  check([](Votes&, Block& block) { block.header.signature.bytes[0] ^= 1U; }, Token::bad_signature, 1);
  check([](Votes&, Block& block) { block.transactions.push_back(block.transactions.front()); }, Token::bad_chain, 1);
  check(
      [](Votes& v, Block& block) {
        auto transfer = std::get<Signed<Transfer>>(v.transfer()).body;
        transfer.acks.front().signature.bytes[0] ^= 1U;
        block = mine_block(v.network.genesis(), v.network.home(v.liar).identity, v.network.head(v.voter), Time{2},
                           {v.network.sign(v.liar, transfer)});
      },
      Token::bad_signature, 0);
}

BOOST_AUTO_TEST_SUITE_END()
