// Owners and witnesses that cheat or vanish during an exchange (docs/protocol.md, sections 3 and
// 5), and what honest peers then do. Attacks are made with the very keys of the cheating peer.
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(cheating_owners)

// Section 3, step 2: W signs ACK if "it knows no other GRANT of this X"; "if it does, it sends R both as evidence".
BOOST_AUTO_TEST_CASE(two_grants_of_one_exchange_end_it_with_evidence) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto record = network.record(four.o, four.x);
  const auto [grant, shares] = four.other_grant(record.request);
  BOOST_TEST((network.give(four.o, four.w1, WitnessShare{record.request, grant, shares[0]}) == Token::equivocation));
  BOOST_REQUIRE(queued<GrantConflict>(network, four.r) != nullptr);
  BOOST_TEST((queued<GrantConflict>(network, four.r)->second == grant));
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::invalid));
  BOOST_TEST(network.record(four.r, four.x).token == "equivocation");
}

// Section 3, step 2: "and none of this turn to another R".
BOOST_AUTO_TEST_CASE(grants_of_one_turn_to_two_requesters_get_no_second_ack_and_tell_both) {
  Four four(Step::grant, 5);
  auto& network = four.network;
  const auto other = four.w1;
  const auto id = network.draw<RequestId>();
  const auto request = network.sign(other, Request{other, four.o, four.book(), request_id_hash(id)});
  const auto x = network.genesis().exchange_of(request);
  const auto [grant, shares] = four.other_grant(request);
  const auto index = network.genesis().witness_index(other, four.o, four.w2);
  network.give(other, four.w2, WitnessId{x, id});
  BOOST_TEST((network.give(four.o, four.w2, WitnessShare{request, grant, shares[*index]}) == Token::equivocation));
  BOOST_TEST(queued<AckMessage>(network, other) == nullptr);
  BOOST_TEST(queued<GrantConflict>(network, other) != nullptr);
  BOOST_TEST(queued<GrantConflict>(network, four.r) != nullptr);
}

// What a witness sends to others on a message of the owner, the owner could have it send without end.
BOOST_AUTO_TEST_CASE(a_share_that_conflicts_is_told_of_once_to_each_requester_however_often_it_comes) {
  Four four(Step::grant, 5);
  auto& network = four.network;
  const auto sell = [&](PeerPort to) {
    const auto request = network.sign(to, Request{to, four.o, four.book(), network.draw<Hash>()});
    const auto [grant, shares] = four.other_grant(request);
    const auto index = network.genesis().witness_index(to, four.o, four.w2);
    const WitnessShare share{request, grant, shares[*index]};
    for (int i = 0; i < 50; ++i) BOOST_TEST((network.give(four.o, four.w2, share) == Token::equivocation));
  };
  sell(four.w1);
  sell(four.w1);
  BOOST_TEST(count_queued<GrantConflict>(network) == 2U);
  BOOST_TEST(queued<GrantConflict>(network, four.r) != nullptr);
  // Another that is sold the book in this turn is told, too.
  const auto third = network.port(4);
  sell(third);
  BOOST_TEST(count_queued<GrantConflict>(network) == 3U);
  BOOST_TEST(queued<GrantConflict>(network, third) != nullptr);
}

// Section 6: "R or O equivocating towards W": grants of one owner to each half of the witnesses cannot both get
// A ACKs, for any number of peers.
BOOST_AUTO_TEST_CASE(an_owner_that_gives_each_half_of_the_witnesses_another_grant_gets_no_consent) {
  for (const std::size_t peers : {4U, 5U, 7U, 10U}) {
    Network network(peers);
    const auto r = network.port(0);
    const auto o = network.port(1);
    const auto book = network.add_book(o, "7");
    network.deliver_until_quiet();
    const auto x = network.request(r, o, book);
    network.deliver_until_quiet();
    network.take(o, x, Step::grant);
    const auto request = network.record(o, x).request;
    const auto key = network.draw<BookKey>();
    const auto& genesis = network.genesis();
    const auto shares =
        split(key, genesis.share_threshold(), genesis.witness_count(), Bytes(32 * (genesis.share_threshold() - 1), 3));
    Grant body{x, {}, {}, network.draw<Hash>(), key_commitment(x, key), {}};
    for (std::uint32_t i = 0; i < shares.size(); ++i)
      body.share_commitments.push_back(share_commitment(x, i, shares[i]));
    const auto second = network.sign(o, body);
    std::uint32_t index = 0;
    for (auto& envelope : network.queue) {
      if (!std::holds_alternative<WitnessShare>(envelope.message)) continue;
      // The first half keeps the grant that R has, the other half gets the second one.
      if (index >= genesis.witness_count() - genesis.ack_quorum() + 1 || index >= genesis.ack_quorum() - 1) {
        envelope.message = WitnessShare{request, second, shares[index]};
      }
      ++index;
    }
    network.deliver_until_quiet();
    BOOST_TEST(network.record(r, x).acks.size() < genesis.ack_quorum());
    BOOST_TEST((network.refused_wish(r, WishConsent{x, std::nullopt}) == Token::waiting));
  }
}

// Section 3, step 2: "the share fits C_i"; the ACK waits for a share that does.
BOOST_AUTO_TEST_CASE(a_share_that_does_not_fit_its_commitment_gets_no_ack) {
  Four four(Step::request);
  auto& network = four.network;
  network.take(four.o, four.x, Step::grant);
  for (auto& envelope : network.queue) {
    auto* share = std::get_if<WitnessShare>(&envelope.message);
    if (share != nullptr && envelope.to == four.w1) share->share.bytes[5] ^= 1U;
  }
  network.deliver_until_quiet();
  BOOST_TEST(network.record(four.r, four.x).acks.size() == 1U);
  BOOST_TEST(!network.knows(four.w1, four.x));
}

// Section 3, step 2, and section 7, "one X for two owners or books": X names its owner, so nobody else can grant it.
BOOST_AUTO_TEST_CASE(a_grant_by_a_peer_that_the_request_does_not_name_is_refused) {
  Four four(Step::request);
  auto& network = four.network;
  const auto request = network.record(four.r, four.x).request;
  auto [grant, shares] = four.other_grant(request);
  grant = network.sign(four.w2, grant.body);
  BOOST_TEST((network.give(four.w2, four.w1, WitnessShare{request, grant, shares[0]}) == Token::bad_statement));
  BOOST_TEST((network.give(four.w2, four.r, GrantMessage{request, grant, *network.record(four.r, four.x).book}) ==
              Token::bad_statement));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 3, step 3: "R checks … ciphertext root, number and lengths of chunks, leaf list against BOOK": wrong book.
BOOST_AUTO_TEST_CASE(a_package_that_is_not_the_granted_book_ends_the_exchange) {
  for (const int fault : {0, 1, 2, 3}) {
    Network network(4);
    const auto r = network.port(0);
    const auto o = network.port(1);
    const auto book = network.add_text(o, "Two chunks", Bytes(1500, 'a'));
    network.deliver_until_quiet();
    const auto x = network.request(r, o, book);
    network.deliver_until_quiet();
    network.take(o, x, Step::grant);
    for (auto& envelope : network.queue) {
      if (!envelope.package) continue;
      auto& package = *envelope.package;
      if (fault == 0) package.chunks[0][3] ^= 1U;                       // altered
      if (fault == 1) package.chunks.pop_back();                        // truncated
      if (fault == 2) std::swap(package.chunks[0], package.chunks[1]);  // swapped
      if (fault == 3) package.leaves[1] = package.leaves[0];            // repeated
    }
    network.deliver_until_quiet();
    const auto record = network.record(r, x);
    BOOST_TEST((record.state == ExchangeState::invalid));
    BOOST_TEST(record.token == "wrong-book");
    // The owner frees its turn.
    network.run();
    BOOST_TEST((network.state_of(o, x) == ExchangeState::invalid));
    network.require_equal_chains(1);
  }
}

// Section 3, step 6: "A key that does not fit kc is no key: R asks again, or claims".
BOOST_AUTO_TEST_CASE(a_wrong_key_is_no_key_and_the_right_one_goes_on) {
  Four four(Step::check_id);
  auto& network = four.network;
  network.wish(four.o, WishRelease{four.x, network.draw<BookKey>()});
  network.deliver_until_quiet();
  const auto record = network.record(four.r, four.x);
  BOOST_TEST(record.wrong_key_seen);
  BOOST_TEST(!record.key.has_value());
  BOOST_TEST(record.release.has_value());
  BOOST_TEST((network.take_step(four.r, Due{four.x, Step::open}).error().token == Token::wrong_key));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 5: "O never signs both RELEASE and ABORT in one turn", in either order and for any grant of the turn.
BOOST_AUTO_TEST_CASE(release_and_abort_in_one_turn_exclude_each_other) {
  Four released(Step::release);
  BOOST_TEST((released.network.refused_wish(released.o, WishAbort{released.x, {}}) == Token::too_late));

  Four aborted(Step::check_id);
  aborted.network.wish(aborted.o, WishAbort{aborted.x, {}});
  BOOST_TEST((aborted.network.refused_wish(aborted.o, WishRelease{aborted.x, std::nullopt}) == Token::too_late));
  BOOST_TEST((aborted.network.refused_wish(aborted.o, WishSettle{aborted.x}) == Token::too_late));
}

// Section 5: an ABORT ends "every GRANT of the turn": signed for one grant it excludes RELEASE and settlement of
// another one of the same turn.
BOOST_AUTO_TEST_CASE(an_abort_for_one_grant_excludes_release_and_settlement_of_its_sibling) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto sibling = network.request(four.r, four.o, four.book());
  network.play(sibling, Step::check_id);
  network.wish(four.o, WishAbort{four.x, {}});
  BOOST_TEST((network.refused_wish(four.o, WishRelease{sibling, std::nullopt}) == Token::too_late));
  BOOST_TEST((network.refused_wish(four.o, WishSettle{sibling}) == Token::too_late));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::aborted));
  BOOST_TEST((network.state_of(four.r, sibling) == ExchangeState::aborted));
}

// Section 5: "O may grant to the same R again in the same turn (only one can be recorded)".
BOOST_AUTO_TEST_CASE(of_two_grants_to_one_requester_in_one_turn_one_is_recorded) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto sibling = network.request(four.r, four.o, four.book());
  network.run();
  network.require_equal_chains(1);
  const bool first = network.state_of(four.r, four.x) == ExchangeState::committed;
  BOOST_TEST((network.state_of(four.r, first ? sibling : four.x) == ExchangeState::invalid));
  BOOST_TEST((network.state_of(four.r, first ? four.x : sibling) == ExchangeState::committed));
  BOOST_TEST(network.record(four.r, first ? sibling : four.x).token == "stale-version");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cheating_witnesses)

// Section 5, EQUIVOCATION: "answers to one CONSENT". A witness tells O and R different things.
BOOST_AUTO_TEST_CASE(a_witness_that_answers_twice_is_seen_and_its_first_answer_stays) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto consent = network.genesis().id_of(*network.record(four.r, four.x).consent);
  const auto no = network.sign(four.w1, IdAnswer{four.x, consent, false});
  BOOST_TEST((network.give(four.w1, four.r, IdAnswerMessage{no}) == Token::equivocation));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 1: "Agree means strictly more than half of the witnesses": a 2-2 vote is no agreement.
BOOST_AUTO_TEST_CASE(two_against_two_is_no_agreement_and_ends_in_an_abort) {
  Network network(6);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto x = network.start(r, o, "7", Step::consent);
  network.take(o, x, Step::check_id);
  network.filter = [&](const Envelope& envelope) { return !std::holds_alternative<CheckId>(envelope.message); };
  network.deliver_until_quiet();
  network.filter = nullptr;
  const auto consent = network.genesis().id_of(*network.record(r, x).consent);
  for (std::size_t i = 2; i < 6; ++i) {
    const auto answer = network.sign(network.port(i), IdAnswer{x, consent, i < 4});
    network.give(network.port(i), o, IdAnswerMessage{answer});
    network.give(network.port(i), r, IdAnswerMessage{answer});
    if (i == 4) BOOST_TEST((network.state_of(o, x) == ExchangeState::consented));
  }
  BOOST_TEST((network.refused_wish(o, WishRelease{x, std::nullopt}) == Token::waiting));
  network.run();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::aborted));
  BOOST_TEST(network.record(o, x).token == "no-consensus");
}

// Section 6, "lying minority": with seven peers two of five witnesses may say no.
BOOST_AUTO_TEST_CASE(a_lying_minority_does_not_stop_an_exchange) {
  Network network(7);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto x = network.start(r, o, "7", Step::consent);
  const auto consent = network.genesis().id_of(*network.record(r, x).consent);
  for (std::size_t i = 2; i < 4; ++i) {
    const auto no = network.sign(network.port(i), IdAnswer{x, consent, false});
    network.give(network.port(i), o, IdAnswerMessage{no});
    network.give(network.port(i), r, IdAnswerMessage{no});
  }
  network.run();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
  // "It names … say yes": no answer that says no stands in the TRANSFER.
  const auto chain = network.chain(r);
  for (const auto& answer : transfer_in(chain.front()).id_answers) BOOST_TEST(answer.body.yes);
}

// Section 3, step 7: a witness that names another key commitment is refused, and the others are enough.
BOOST_AUTO_TEST_CASE(a_witness_with_another_key_commitment_is_not_counted) {
  Network network(5);
  const auto r = network.port(0);
  const auto x = network.start(r, network.port(1), "7", Step::open);
  const auto liar = network.port(2);
  const auto grant = network.genesis().id_of(*network.record(r, x).grant);
  const auto false_answer = network.sign(liar, KeyAnswer{x, grant, network.draw<Hash>()});
  network.kill(liar);
  BOOST_TEST((network.give(liar, r, KeyAnswerMessage{false_answer}) == Token::wrong_key));
  network.run();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
}

// Section 6, "witness using the id": it may not consent with it, nor ask others with it.
BOOST_AUTO_TEST_CASE(a_witness_that_uses_the_id_gets_nothing) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  const auto grant = network.genesis().id_of(*record.grant);
  const auto id = *network.record(four.w1, four.x).request_id;
  const auto forged = network.sign(four.w1, Consent{four.x, grant});
  BOOST_TEST((network.give(four.w1, four.o, ConsentMessage{id, forged, record.acks}) == Token::wrong_sender));
  BOOST_TEST(
      (network.give(four.w1, four.w2, CheckId{id, record.request, *record.grant, forged}) == Token::bad_statement));
  const auto real = network.sign(four.r, Consent{four.x, grant});
  BOOST_TEST((network.give(four.w1, four.w2, CheckId{id, record.request, *record.grant, real}) == Token::wrong_sender));
  BOOST_TEST((network.give(four.w1, four.o, ConsentMessage{id, real, record.acks}) == Token::wrong_sender));
}

// Section 2: "t shares rebuild a key": one fewer gives nothing that fits kc, whichever they are.
BOOST_AUTO_TEST_CASE(shares_pooled_below_the_threshold_give_no_key) {
  for (const std::size_t peers : {4U, 5U, 7U, 10U, 13U}) {
    Network network(peers);
    const auto x = network.start(network.port(0), network.port(1), "7", Step::grant);
    const auto record = network.record(network.port(1), x);
    const auto threshold = network.genesis().share_threshold();
    BOOST_REQUIRE(record.shares.size() == network.genesis().witness_count());
    std::vector<NumberedShare> pooled;
    for (std::uint32_t i = 0; i < threshold; ++i) pooled.push_back({i, record.shares[i].share});
    BOOST_TEST((key_commitment(x, combine(pooled)) == record.grant->body.key_commitment));
    pooled.pop_back();
    BOOST_TEST((key_commitment(x, combine(pooled)) != record.grant->body.key_commitment));
  }
}

// A requester can name exchanges without end, and none of them ever gets a GRANT.
BOOST_AUTO_TEST_CASE(a_witness_keeps_a_bounded_number_of_ids_and_asks_for_one_that_went) {
  Four four(Step::request);
  auto& network = four.network;
  network.deliver_until_quiet();
  const auto ids_at_witness = [&] { return witness_ids.all(network.state(four.w1), encode(four.r)).size(); };
  BOOST_TEST(ids_at_witness() == 1U);
  for (std::uint64_t i = 0; i < max_given_ids + 50; ++i) {
    BOOST_TEST(!network.give(four.r, four.w1, WitnessId{network.draw<ExchangeId>(), network.draw<RequestId>()}));
  }
  BOOST_TEST(ids_at_witness() == max_given_ids);
  // With the last one that went.
  BOOST_TEST(given_ids.all(network.state(four.w1)).size() == max_given_ids + 1);
  BOOST_TEST(!witness_ids.get(network.state(four.w1), WitnessIdKey{four.r, four.x}).has_value());
  // Ids of others are theirs; and the one that was pushed out is asked for when its share comes.
  BOOST_TEST(ids_at_witness() == witness_ids.all(network.state(four.w1)).size());
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  network.require_equal_chains(1);
}

BOOST_AUTO_TEST_CASE(a_catalogue_takes_a_bounded_number_of_books_that_only_their_registrar_speaks_of) {
  Four four(Step::request);
  auto& network = four.network;
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  // The one book of the owner is in the chain.
  BOOST_TEST(announced.get(network.state(four.w1), four.o).value_or(9) == 0U);
  network.edit(four.w1, [&](Draft& draft) { announced.put(draft, four.o, max_announced_books - 1); });
  const auto announce = [&](std::uint64_t serial) {
    const auto chunk_size = network.genesis().fields().chunk_size;
    const Book book{serial, "more", "text/plain", 1, chunk_size, network.draw<Hash>()};
    return network.give(four.o, four.w1, Announce{network.sign(four.o, book)});
  };
  BOOST_TEST(!announce(100));
  BOOST_TEST((announce(101) == Token::over_quota));
  BOOST_TEST(catalogue.all(network.state(four.w1)).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
