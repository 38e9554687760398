// Messages that do not fit what their receiver holds of an exchange (docs/protocol.md, section 3): of another exchange,
// of another grant, from a peer that has no part in it, too early or too late. Each is refused with its reason, what it
// was about stays as it was, and the exchange goes on to its end.
#include "ledger/evidence.hpp"
#include "tests/scenarios/strays.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(stray_messages)

// Step 2: "W signs ACK … to R and O".
BOOST_AUTO_TEST_CASE(an_ack_counts_where_it_is_needed_and_of_the_grant_that_is_held) {
  Strays s(Step::request);
  auto& network = s.network;
  const auto ack = [&](PeerPort by, const Hash& grant) { return AckMessage{network.sign(by, Ack{s.x, grant})}; };
  // Nobody can acknowledge what the owner has not granted.
  s.refused(s.w1, s.o, ack(s.w1, network.draw<Hash>()), Token::unexpected);
  network.play(s.x, Step::grant);
  for (const auto peer : {s.r, s.o}) s.refused(s.w1, peer, ack(s.w1, network.draw<Hash>()), Token::bad_statement);
  s.refused(s.o, s.r, ack(s.o, s.grant_id()), Token::unexpected);
  s.refused(s.w1, s.w2, ack(s.w1, s.grant_id()), Token::unexpected);
  s.refused(s.w1, s.r, ack(s.w2, s.grant_id()), Token::wrong_sender);
  const AckMessage of_nothing{network.sign(s.w1, Ack{network.draw<ExchangeId>(), s.grant_id()})};
  s.refused(s.w1, s.r, of_nothing, Token::unknown_exchange);
  s.require_committed();
}

// An ACK may overtake its GRANT; one of another grant is then no ACK.
BOOST_AUTO_TEST_CASE(an_ack_that_came_before_its_grant_is_held_against_it) {
  Strays s(Step::request);
  auto& network = s.network;
  BOOST_TEST(!network.give(s.w1, s.r, AckMessage{network.sign(s.w1, Ack{s.x, network.draw<Hash>()})}));
  BOOST_TEST(network.record(s.r, s.x).acks.size() == 1U);
  network.take(s.o, s.x, Step::grant);
  network.deliver_all<GrantMessage>();
  BOOST_TEST(network.record(s.r, s.x).acks.empty());
  s.require_committed();
}

// Step 3: "ACKs of that GRANT from A witnesses".
BOOST_AUTO_TEST_CASE(a_consent_with_a_misfitting_ack_or_to_another_grant_is_refused) {
  Strays s(Step::request);
  auto& network = s.network;
  const auto consent_to = [&](const Hash& grant) { return network.sign(s.r, Consent{s.x, grant}); };
  const auto id = *network.record(s.r, s.x).request_id;
  s.refused(s.r, s.o, ConsentMessage{id, consent_to(network.draw<Hash>()), {}}, Token::bad_statement);
  network.play(s.x, Step::grant);
  s.refused(s.r, s.o, ConsentMessage{id, consent_to(network.draw<Hash>()), {}}, Token::bad_statement);
  const auto grant = s.grant_id();
  for (const auto& ack : {network.sign(s.r, Ack{s.x, grant}), network.sign(s.w1, Ack{s.x, network.draw<Hash>()}),
                          network.sign(s.w1, Ack{network.draw<ExchangeId>(), grant})}) {
    s.refused(s.r, s.o, ConsentMessage{id, consent_to(grant), {ack}}, Token::bad_statement);
  }
  auto forged = network.record(s.r, s.x).acks.front();
  forged.signature.bytes[7] ^= 1U;
  s.refused(s.r, s.o, ConsentMessage{id, consent_to(grant), {forged}}, Token::bad_signature);
  s.require_committed();
}

// Step 4: an ID-ANSWER is a witness's, to the CONSENT of this exchange, and for owner and requester.
BOOST_AUTO_TEST_CASE(an_answer_about_the_id_that_does_not_fit_the_consent_is_refused) {
  Strays s(Step::grant);
  auto& network = s.network;
  const auto answer = [&](PeerPort by, const Hash& consent) {
    return IdAnswerMessage{network.sign(by, IdAnswer{s.x, consent, true})};
  };
  for (const auto peer : {s.r, s.o}) s.refused(s.w1, peer, answer(s.w1, network.draw<Hash>()), Token::bad_statement);
  network.play(s.x, Step::consent);
  for (const auto peer : {s.r, s.o}) s.refused(s.w1, peer, answer(s.w1, network.draw<Hash>()), Token::bad_statement);
  s.refused(s.o, s.r, answer(s.o, s.consent_id()), Token::bad_statement);
  s.refused(s.w1, s.r, answer(s.w2, s.consent_id()), Token::wrong_sender);
  s.refused(s.w1, s.w2, answer(s.w1, s.consent_id()), Token::unexpected);
  auto forged = answer(s.w1, s.consent_id());
  forged.answer.signature.bytes[7] ^= 1U;
  s.refused(s.w1, s.r, forged, Token::bad_signature);
  const IdAnswerMessage of_nothing{network.sign(s.w1, IdAnswer{network.draw<ExchangeId>(), s.consent_id(), true})};
  s.refused(s.w1, s.r, of_nothing, Token::unknown_exchange);
  s.require_committed();
}

// Step 5: the answers beside the key are judged one by one; one that is refused takes neither the others nor the key.
BOOST_AUTO_TEST_CASE(answers_beside_the_key_that_do_not_fit_are_left_out) {
  Strays s(Step::consent);
  auto& network = s.network;
  network.filter = [&](const Envelope& envelope) {
    return envelope.to != s.r || !std::holds_alternative<IdAnswerMessage>(envelope.message);
  };
  network.play(s.x, Step::check_id);
  network.filter = nullptr;
  const auto owner = network.record(s.o, s.x);
  const auto consent = s.consent_id();
  std::vector<Signed<IdAnswer>> answers{network.sign(s.o, IdAnswer{s.x, consent, true}),
                                        network.sign(s.w1, IdAnswer{network.draw<ExchangeId>(), consent, true}),
                                        network.sign(s.w1, IdAnswer{s.x, network.draw<Hash>(), true})};
  answers.push_back(owner.id_answers.back());
  const auto release = network.sign(s.o, Release{s.x, s.grant_id()});
  BOOST_TEST(!network.give(s.o, s.r, ReleaseMessage{*owner.key, answers, release}));
  const auto record = network.record(s.r, s.x);
  BOOST_TEST(record.key.has_value());
  BOOST_REQUIRE(record.id_answers.size() == 1U);
  BOOST_TEST((record.id_answers.front() == owner.id_answers.back()));
  // Given again, the same key is no other.
  BOOST_TEST(!network.give(s.o, s.r, ReleaseMessage{*owner.key, answers, release}));
  s.require_committed();
}

BOOST_AUTO_TEST_CASE(a_release_that_does_not_fit_the_exchange_is_refused) {
  Strays s(Step::request);
  auto& network = s.network;
  const auto release = [&](PeerPort by, const Hash& grant) {
    return ReleaseMessage{network.draw<BookKey>(), {}, network.sign(by, Release{s.x, grant})};
  };
  s.refused(s.o, s.r, release(s.o, network.draw<Hash>()), Token::bad_statement);
  network.play(s.x, Step::grant);
  s.refused(s.o, s.r, release(s.o, s.grant_id()), Token::bad_statement);  // nobody has consented
  network.play(s.x, Step::check_id);
  s.refused(s.o, s.r, release(s.o, network.draw<Hash>()), Token::bad_statement);
  s.refused(s.w1, s.r, release(s.w1, s.grant_id()), Token::bad_statement);
  s.refused(s.w1, s.r, release(s.o, s.grant_id()), Token::wrong_sender);
  s.refused(s.o, s.w1, release(s.o, s.grant_id()), Token::unexpected);
  s.require_committed();
}

// Step 7.
BOOST_AUTO_TEST_CASE(a_key_is_checked_for_the_requester_and_of_the_grant_that_is_held) {
  Strays s(Step::request);
  auto& network = s.network;
  const auto answer = [&](PeerPort by, const Hash& grant) {
    return KeyAnswerMessage{network.sign(by, KeyAnswer{s.x, grant, network.draw<Hash>()})};
  };
  s.refused(s.w1, s.r, answer(s.w1, network.draw<Hash>()), Token::bad_statement);
  s.refused(s.r, s.w1, CheckKey{network.draw<ExchangeId>(), network.draw<Hash>()}, Token::unknown_exchange);
  network.play(s.x, Step::open);
  s.refused(s.r, s.w1, CheckKey{s.x, network.draw<Hash>()}, Token::bad_statement);
  s.refused(s.o, s.w1, CheckKey{s.x, s.grant_id()}, Token::wrong_sender);
  s.refused(s.r, s.o, CheckKey{s.x, s.grant_id()}, Token::unexpected);
  s.refused(s.w1, s.r, answer(s.w1, network.draw<Hash>()), Token::bad_statement);
  s.refused(s.o, s.r, answer(s.o, s.grant_id()), Token::bad_statement);
  s.require_committed();
  // Asked again after the end a witness says the same, and nothing is checked or written anew.
  const auto held = encode(network.record(s.w1, s.x));
  network.pass(1);
  BOOST_TEST(!network.give(s.r, s.w1, CheckKey{s.x, s.grant_id()}));
  BOOST_TEST((encode(network.record(s.w1, s.x)) == held));
  BOOST_REQUIRE(queued<KeyAnswerMessage>(network, s.r) != nullptr);
  BOOST_TEST((queued<KeyAnswerMessage>(network, s.r)->answer == network.record(s.w1, s.x).key_answers.front()));
  BOOST_TEST((network.state_of(s.w1, s.x) == ExchangeState::committed));
}

// Section 5: claimed without the steps 5 to 7, an exchange may have its key checked after its end: it stays ended.
BOOST_AUTO_TEST_CASE(a_witness_that_is_first_asked_about_the_key_after_the_end_answers_and_stays_at_the_end) {
  Strays s(Step::check_id);
  auto& network = s.network;
  network.home(s.o).takes_steps = false;
  network.wish(s.o, WishSettle{s.x});
  s.require_committed();
  BOOST_TEST(network.record(s.w1, s.x).key_answers.empty());
  BOOST_TEST(!network.give(s.r, s.w1, CheckKey{s.x, s.grant_id()}));
  BOOST_TEST(network.record(s.w1, s.x).key_answers.size() == 1U);
  BOOST_TEST((network.state_of(s.w1, s.x) == ExchangeState::committed));
}

// Step 2: "To R: GRANT, BOOK, ciphertext", from the owner alone; what is known is told by nobody else.
BOOST_AUTO_TEST_CASE(a_grant_forwarded_by_another_or_after_the_end_is_refused) {
  Strays s(Step::request);
  auto& network = s.network;
  network.take(s.o, s.x, Step::grant);
  const auto message = *queued<GrantMessage>(network, s.r);
  s.refused(s.w1, s.r, message, Token::wrong_sender);
  s.require_committed();
  s.refused(s.o, s.r, message, Token::exchange_over);
  BOOST_TEST(network.queue.empty());
}

// Step 3: "R checks … the book".
BOOST_AUTO_TEST_CASE(a_grant_beside_another_book_ends_the_request_before_consent_and_is_refused_after_it) {
  for (const bool consented : {false, true}) {
    Strays s(Step::request);
    auto& network = s.network;
    network.take(s.o, s.x, Step::grant);
    auto message = *queued<GrantMessage>(network, s.r);
    ++message.book.body.serial;
    message.book = network.sign(s.o, message.book.body);
    if (consented) {
      network.play(s.x, Step::consent);
      s.refused(s.o, s.r, message, Token::wrong_book);
      s.require_committed();
      continue;
    }
    BOOST_TEST((network.give(s.o, s.r, message) == Token::wrong_book));
    BOOST_TEST((network.state_of(s.r, s.x) == ExchangeState::invalid));
    network.run();
    BOOST_TEST((network.state_of(s.o, s.x) == ExchangeState::invalid));
    network.require_equal_chains(1);  // the ABORT
  }
}

// Step 3: "number and lengths of chunks": the owner signs which ciphertext it gives, but not how much of the book it
// is.
BOOST_AUTO_TEST_CASE(a_granted_ciphertext_of_fewer_chunks_than_the_book_has_is_another_book) {
  Network network(4);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto book = network.add_text(o, "Two chunks", Bytes(1500, 'a'));
  network.deliver_until_quiet();
  const auto x = network.request(r, o, book);
  network.deliver_until_quiet();
  const auto& text = network.home(o).books.at(book);
  Package package;
  for (std::size_t i = 0; i < 2; ++i) package.leaves.push_back(chunk_leaf(text.salts[i], text.chunks[i]));
  package.chunks = {Bytes(1100, 'x')};
  const Bytes coefficients(32 * (network.genesis().share_threshold() - 1), 5);
  network.home(o).packages[x] = package;
  network.wish(
      o, WishGrant{x, network.draw<BookKey>(), coefficients, merkle_root(std::vector{leaf_hash(package.chunks[0])})});
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::invalid));
  BOOST_TEST(network.record(r, x).token == "wrong-book");
}

// Step 3: "version and turn against its chain": a grant that was long on its way is of a turn that is over.
BOOST_AUTO_TEST_CASE(a_grant_that_comes_after_its_turn_has_ended_ends_the_request) {
  Strays s(Step::check_id, 5);
  auto& network = s.network;
  const auto late = network.request(s.r, s.o, s.book());
  network.filter = [&](const Envelope& envelope) {
    return envelope.to != s.r || !std::holds_alternative<GrantMessage>(envelope.message);
  };
  network.deliver_until_quiet();
  network.take(s.o, late, Step::grant);
  const auto message = *queued<GrantMessage>(network, s.r);
  network.home(s.o).takes_steps = false;
  network.wish(s.o, WishAbort{s.x, {}});
  network.run();
  network.filter = nullptr;
  BOOST_TEST((network.state_of(s.r, late) == ExchangeState::requested));
  BOOST_TEST((network.give(s.o, s.r, message) == Token::stale_version));
  BOOST_TEST((network.state_of(s.r, late) == ExchangeState::invalid));
  BOOST_TEST(network.record(s.r, late).token == "stale-version");
  // What ended after the consent ended in the chain, which the owner sees by itself.
  const auto held = network.record(s.r, s.x);
  network.queue.clear();
  s.refused(s.o, s.r, GrantMessage{held.request, *held.grant, *held.book}, Token::exchange_over);
  BOOST_TEST(network.queue.empty());
}

// Section 5, EQUIVOCATION: "GRANTs … of one turn to two R". The requester of one is a witness of the other.
BOOST_AUTO_TEST_CASE(a_requester_that_is_witness_of_another_grant_of_the_turn_refuses_its_own) {
  Strays s(Step::grant, 5);
  auto& network = s.network;
  const auto id = network.draw<RequestId>();
  const auto outcome = network.input(s.w1, Wish{WishRequest{s.o, s.book(), id}});
  BOOST_REQUIRE(outcome.has_value());
  const auto request = queued<RequestMessage>(network, s.o)->request;
  const auto y = s.genesis().exchange_of(request);
  network.queue.clear();
  const auto [grant, shares] = s.other_grant(request);
  const auto book = *network.record(s.o, s.x).book;
  BOOST_TEST((network.give(s.o, s.w1, GrantMessage{request, grant, book}) == Token::equivocation));
  BOOST_TEST((network.state_of(s.w1, y) == ExchangeState::invalid));
  const auto found = evidence_rows.all(network.state(s.w1), encode(s.o));
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(fault(found.front().second.evidence) == "double-sale");
}

// Step 2: a witness sends R two GRANTs "as evidence": only what excludes each other, and concerns R, is that.
BOOST_AUTO_TEST_CASE(two_grants_that_do_not_exclude_each_other_end_nothing) {
  Strays s(Step::grant, 5);
  auto& network = s.network;
  const auto record = network.record(s.r, s.x);
  const auto& own = *record.grant;
  const auto ask = [&](PeerPort by, PeerPort owner, const BookId& book) {
    return network.sign(by, Request{by, owner, book, network.draw<Hash>()});
  };
  const auto refused = [&](PeerPort from, const Signed<Request>& request, const Signed<Grant>& grant, Token token) {
    s.refused(from, s.r, GrantConflict{s.x, record.request, own, request, grant}, token);
  };
  const auto conflicting = s.other_grant(record.request).first;
  refused(s.o, record.request, conflicting, Token::wrong_sender);
  refused(s.w1, record.request, own, Token::bad_statement);  // twice the same
  const auto again = ask(s.r, s.o, s.book());                // of the same requester
  refused(s.w1, again, s.other_grant(again).first, Token::bad_statement);
  const auto other_book = ask(s.w1, s.o, network.draw<BookId>());
  refused(s.w1, other_book, s.other_grant(other_book).first, Token::bad_statement);
  const auto sold = ask(s.w1, s.o, s.book());
  refused(s.w1, sold, s.other_grant(sold, Version{1}).first, Token::bad_statement);
  refused(s.w1, sold, s.other_grant(sold, {}, Turn{1}).first, Token::bad_statement);
  // Of another owner.
  const auto of_other = ask(s.w1, s.w2, s.book());
  refused(s.w1, of_other, network.sign(s.w2, s.other_grant(of_other).first.body), Token::bad_statement);
  // Both of others' exchanges.
  const auto first = ask(s.w1, s.o, s.book());
  const auto second = ask(s.w2, s.o, s.book());
  const GrantConflict of_others{s.x, first, s.other_grant(first).first, second, s.other_grant(second).first};
  s.refused(s.w1, s.r, of_others, Token::bad_statement);
  const auto of_other_too = ask(s.r, s.w2, s.book());
  const GrantConflict of_another{s.x, of_other, network.sign(s.w2, s.other_grant(of_other).first.body), of_other_too,
                                 network.sign(s.w2, s.other_grant(of_other_too).first.body)};
  s.refused(s.w1, s.r, of_another, Token::bad_statement);
  auto forged = s.other_grant(sold).first;
  forged.signature.bytes[3] ^= 1U;
  refused(s.w1, sold, forged, Token::bad_signature);
  s.refused(s.w2, s.r, GrantConflict{s.x, sold, forged, record.request, own}, Token::bad_signature);
  s.require_committed();
}

// The place of a grant in what the witness shows is of no matter; after consent it is evidence, and ends nothing.
BOOST_AUTO_TEST_CASE(a_double_sale_that_is_shown_ends_a_request_before_consent_and_is_kept_after_it) {
  for (const auto last : {Step::grant, Step::consent}) {
    Strays s(last, 5);
    auto& network = s.network;
    const auto record = network.record(s.r, s.x);
    const auto sold = network.sign(s.w1, Request{s.w1, s.o, s.book(), network.draw<Hash>()});
    const GrantConflict shown{s.x, sold, s.other_grant(sold).first, record.request, *record.grant};
    BOOST_TEST(!network.give(s.w1, s.r, shown));
    const auto expected = last == Step::grant ? ExchangeState::invalid : ExchangeState::consented;
    BOOST_TEST((network.state_of(s.r, s.x) == expected));
    BOOST_TEST(evidence_rows.all(network.state(s.r), encode(s.o)).size() == 1U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
