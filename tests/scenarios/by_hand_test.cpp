// Steps taken by hand, in any order: one that was done before succeeds and sends nothing, one that is not due is
// refused and says what is due, and at whom (docs/protocol.md, section 3). Nobody is led on by a step that changed
// nothing.
#include "ledger/exchange_wish.hpp"
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/refusals.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// What each of the two parties can wish for in an exchange that is under way.
std::vector<Wish> wishes_of_requester(const ExchangeId& x) {
  return {WishConsent{x, std::nullopt}, WishOpen{x, std::nullopt}, WishCheckKey{x}, WishMine{x}, WishClaim{x}};
}
std::vector<Wish> wishes_of_owner(Network& network, const ExchangeId& x) {
  return {some_grant(network, x), WishCheckId{x}, WishRelease{x, std::nullopt}, WishSettle{x}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steps_by_hand)

// Section 3: the steps in their order. What is missing is named with the peer that has it.
BOOST_AUTO_TEST_CASE(a_step_that_is_not_due_says_what_is_due_and_at_whom) {
  Four four(Step::request);
  auto& network = four.network;
  const auto x = four.x;
  const auto wrong = [&](PeerPort peer, Wish wish, std::string_view due) {
    require_refused(network, peer, std::move(wish), Token::wrong_step, due);
  };
  for (const auto& wish : wishes_of_requester(x)) wrong(four.r, wish, "grant is due at 5001");
  for (const Wish& wish : {Wish{WishCheckId{x}}, Wish{WishRelease{x, {}}}, Wish{WishSettle{x}}}) {
    wrong(four.o, wish, "grant is due at 5001");
  }
  network.play(x, Step::grant);
  for (const Wish& wish : {Wish{WishOpen{x, {}}}, Wish{WishCheckKey{x}}, Wish{WishMine{x}}, Wish{WishClaim{x}}}) {
    wrong(four.r, wish, "consent is due at 5000");
  }
  for (const Wish& wish : {Wish{WishCheckId{x}}, Wish{WishRelease{x, {}}}, Wish{WishSettle{x}}}) {
    wrong(four.o, wish, "consent is due at 5000");
  }
  network.play(x, Step::consent);
  for (const Wish& wish : {Wish{WishOpen{x, {}}}, Wish{WishCheckKey{x}}, Wish{WishMine{x}}}) {
    wrong(four.r, wish, "check-id is due at 5001");
  }
  wrong(four.o, WishRelease{x, {}}, "check-id is due at 5001");
  network.play(x, Step::check_id);
  for (const Wish& wish : {Wish{WishOpen{x, {}}}, Wish{WishCheckKey{x}}, Wish{WishMine{x}}}) {
    wrong(four.r, wish, "release is due at 5001");
  }
  network.play(x, Step::release);
  for (const Wish& wish : {Wish{WishCheckKey{x}}, Wish{WishMine{x}}}) wrong(four.r, wish, "open is due at 5000");
  network.play(x, Step::open);
  wrong(four.r, WishMine{x}, "check-key is due at 5000");
  network.run();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::committed));
}

// Where others have not answered, the step waits for them by name; with four peers every witness must answer
// (section 1: "With four peers … both must answer; the program says so where it matters").
BOOST_AUTO_TEST_CASE(a_step_that_waits_names_the_witnesses_that_it_waits_for) {
  for (const std::size_t peers : {4U, 5U}) {
    Four four(Step::request, peers);
    auto& network = four.network;
    const auto waits = [&](PeerPort peer, Wish wish, const std::string& what) {
      const auto error = refusal(network, peer, std::move(wish));
      BOOST_TEST(name(error.token) == name(Token::waiting));
      BOOST_TEST(error.what.find(what) != std::string::npos, error.what);
      return error.what;
    };
    const auto require_every_witness = [&](const std::string& what) {
      const bool says_so = what.find("; with 4 peers every witness must answer") != std::string::npos;
      BOOST_TEST(says_so == (peers == 4), what);
    };
    // One share does not arrive.
    network.filter = [&](const Envelope& envelope) {
      return envelope.to != four.w1 || !std::holds_alternative<WitnessShare>(envelope.message);
    };
    if (peers == 5) network.kill(network.port(4));
    network.play(four.x, Step::grant);
    const std::string no_ack = "ACKs of witnesses are missing, receive is due at 5002";
    require_every_witness(waits(four.r, WishConsent{four.x, {}}, no_ack));
    // At the owner nothing but the consent is missing for its own step.
    require_refused(network, four.o, WishCheckId{four.x}, Token::wrong_step, no_ack);
    BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), four.x).has_value());
    network.filter = nullptr;
    if (peers == 5) network.revive(network.port(4));
    network.wish(four.o, WishAskAgain{four.x});
    network.deliver_until_quiet();
    network.play(four.x, Step::consent);
    network.take(four.o, four.x, Step::check_id);
    const std::string no_answer = "answers about the id are missing, receive is due at 5002, 5003";
    require_every_witness(waits(four.o, WishRelease{four.x, {}}, no_answer));
    require_every_witness(waits(four.o, WishSettle{four.x}, no_answer));
    network.deliver_all<CheckId>();
    // The witnesses themselves wait for nobody.
    BOOST_TEST(silent_witness_hint(network.genesis(), four.x, network.record(four.w1, four.x)).empty());
    network.deliver_until_quiet();
    network.play(four.x, Step::open);
    network.take(four.r, four.x, Step::check_key);
    const auto what =
        waits(four.r, WishMine{four.x}, "answers about the key are missing, receive is due at 5002, 5003");
    BOOST_TEST(what.ends_with("; go on without the answer: mine --without-owner " + to_hex(four.x).substr(0, 12)));
    network.run();
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  }
}

// Section 3, step 3: "With all that durable": the encrypted book is part of it.
BOOST_AUTO_TEST_CASE(a_grant_without_its_encrypted_book_is_not_consented_to_until_the_book_has_come) {
  Four four(Step::request);
  auto& network = four.network;
  network.take(four.o, four.x, Step::grant);
  for (auto& envelope : network.queue) envelope.package.reset();
  network.deliver_until_quiet();
  const auto error = refusal(network, four.r, WishConsent{four.x, {}});
  BOOST_TEST(name(error.token) == name(Token::waiting));
  BOOST_TEST(error.what.ends_with("the encrypted book has not come, which belongs beside the grant of 5001"));
  BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), four.x).has_value());
  network.wish(four.r, WishAskAgain{four.x});
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

BOOST_AUTO_TEST_CASE(a_step_that_was_done_before_succeeds_and_sends_nothing) {
  Four four(Step::request);
  auto& network = four.network;
  const auto x = four.x;
  const auto played = [&](Step step) {
    network.play(x, step);
    BOOST_REQUIRE(network.queue.empty());
  };
  played(Step::grant);
  require_done_before(network, four.o, x, some_grant(network, x));
  played(Step::consent);
  require_done_before(network, four.r, x, WishConsent{x, {}});
  played(Step::check_id);
  require_done_before(network, four.o, x, WishCheckId{x});
  played(Step::release);
  require_done_before(network, four.o, x, WishRelease{x, {}});
  played(Step::open);
  require_done_before(network, four.r, x, WishOpen{x, {}});
  played(Step::check_key);
  require_done_before(network, four.r, x, WishCheckKey{x});
  network.take(four.r, x, Step::mine);
  const auto asked = std::exchange(network.queue, {});
  require_done_before(network, four.r, x, WishMine{x});
  require_done_before(network, four.r, x, WishClaim{x});
  for (const auto& envelope : asked) network.queue.push_back(envelope);
  network.run();
  network.require_equal_chains(1);
  for (const auto& wish : wishes_of_requester(x)) require_done_before(network, four.r, x, wish);
  for (const auto& wish : wishes_of_owner(network, x)) require_done_before(network, four.o, x, wish);
}

// "If any case fails, the request is invalid for good, and a new one must be made."
BOOST_AUTO_TEST_CASE(of_an_exchange_that_is_over_no_step_is_taken_and_a_new_request_is_advised) {
  Four four(Step::grant);
  auto& network = four.network;
  network.wish(four.r, WishAbort{four.x, "changed my mind"});
  network.deliver_until_quiet();
  auto of_requester = wishes_of_requester(four.x);
  of_requester.emplace_back(WishDispute{four.x});
  for (const auto& wish : of_requester) {
    const auto error = refusal(network, four.r, wish);
    BOOST_TEST(name(error.token) == name(Token::exchange_over));
    BOOST_TEST(error.what == "the exchange is over (aborted)");
    BOOST_TEST(error.hint == "request --from 5001 --book " + to_hex(four.book()).substr(0, 12));
  }
  auto of_owner = wishes_of_owner(network, four.x);
  of_owner.emplace_back(WishRefuse{four.x, {}});
  for (const auto& wish : of_owner) require_refused(network, four.o, wish, Token::exchange_over, "(aborted)");
  BOOST_TEST(network.node(four.r).due(network.state(four.r)).empty());
  // To give it up again is no fault; the owner frees its turn.
  require_done_before(network, four.r, four.x, WishAbort{four.x, {}});
  network.run();
  network.require_equal_chains(1);
  require_done_before(network, four.o, four.x, WishAbort{four.x, {}});
  BOOST_TEST(network.node(four.o).due_among(network.state(four.o), {four.x, network.draw<ExchangeId>()}).empty());
}

BOOST_AUTO_TEST_CASE(who_has_another_part_in_an_exchange_or_none_is_told_so) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto unknown = network.draw<ExchangeId>();
  for (const auto& wish : wishes_of_requester(unknown)) {
    require_refused(network, four.r, wish, Token::unknown_exchange);
  }
  for (const Wish& wish : {Wish{WishAbort{unknown, {}}}, Wish{WishAskAgain{unknown}}, Wish{WishDispute{unknown}}}) {
    require_refused(network, four.r, wish, Token::unknown_exchange);
  }
  for (const auto& wish : wishes_of_owner(network, unknown)) {
    require_refused(network, four.o, wish, Token::unknown_exchange);
  }
  for (const auto& wish : wishes_of_requester(four.x)) {
    require_refused(network, four.o, wish, Token::unexpected, "is the owner of the exchange, not its requester");
    require_refused(network, four.w1, wish, Token::unexpected, "is the witness of the exchange, not its requester");
  }
  for (const auto& wish : wishes_of_owner(network, four.x)) {
    require_refused(network, four.r, wish, Token::unexpected, "is the requester of the exchange, not its owner");
  }
  require_refused(network, four.w1, WishAbort{four.x, {}}, Token::unexpected, "a witness cannot give up an exchange");
  BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), unknown).has_value());
  BOOST_TEST(!network.node(four.w1).due_step(network.state(four.w1), four.x).has_value());
}

// Section 3, step 1.
BOOST_AUTO_TEST_CASE(a_request_to_nobody_or_for_nothing_is_refused) {
  Four four(Step::grant);
  auto& network = four.network;
  const PeerPort nobody{4999};
  require_refused(network, four.r, WishRequest{nobody, four.book(), network.draw<RequestId>()}, Token::unknown_peer);
  require_refused(network, four.r, WishRequest{four.o, network.draw<BookId>(), network.draw<RequestId>()},
                  Token::unknown_book);
}

// Section 2, Book: "signed by the registrar … Nobody else can register the same id".
BOOST_AUTO_TEST_CASE(a_book_is_registered_once_and_by_its_registrar) {
  Four four(Step::request);
  auto& network = four.network;
  const auto book = catalogue.get(network.state(four.o), four.book()).value();
  require_refused(network, four.r, WishAddBook{book}, Token::wrong_sender);
  const auto on_shelf = shelf.get(network.state(four.o), four.book()).value().order;
  require_done_before(network, four.o, four.x, WishAddBook{book});
  BOOST_TEST(shelf.get(network.state(four.o), four.book()).value().order == on_shelf);
}

// Keys that come from a seed are for tests; elsewhere nobody can be made to cheat by a switch.
BOOST_AUTO_TEST_CASE(cheats_are_rehearsed_on_test_networks_only) {
  Network network(4, 1, 0, false);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto x = network.start(r, o, "7", Step::request);
  auto false_shares = some_grant(network, x);
  false_shares.rehearsed_dealt = network.draw<BookKey>();
  require_refused(network, o, false_shares, Token::not_a_test_network);
  network.play(x, Step::grant);
  require_refused(network, r, WishConsent{x, network.draw<RequestId>()}, Token::not_a_test_network);
  network.play(x, Step::check_id);
  require_refused(network, o, WishRelease{x, network.draw<BookKey>()}, Token::not_a_test_network);
  network.run();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
}

// A rehearsed wrong key leaves no memory: the right one may follow, and then another wrong one.
BOOST_AUTO_TEST_CASE(a_wrong_key_may_be_rehearsed_after_the_right_one_and_takes_nothing_back) {
  Four four(Step::release);
  auto& network = four.network;
  network.wish(four.o, WishRelease{four.x, network.draw<BookKey>()});
  BOOST_TEST(count_queued<ReleaseMessage>(network) == 1U);
  network.deliver_until_quiet();
  BOOST_TEST(!network.record(four.r, four.x).wrong_key_seen);
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// ---- ends ----

BOOST_AUTO_TEST_CASE(a_request_is_refused_once_and_with_a_reason_that_the_requester_can_read) {
  for (const std::string_view reason : {"", "not this one"}) {
    Four four(Step::request);
    auto& network = four.network;
    network.wish(four.o, WishRefuse{four.x, std::string(reason)});
    network.deliver_until_quiet();
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::refused));
    BOOST_TEST(network.record(four.r, four.x).reason == (reason.empty() ? "the owner declined the request" : reason));
    require_done_before(network, four.o, four.x, WishRefuse{four.x, {}});
    BOOST_TEST(!network.node(four.o).due_step(network.state(four.o), four.x).has_value());
  }
  Four granted(Step::grant);
  require_refused(granted.network, granted.o, WishRefuse{granted.x, {}}, Token::too_late);
}

// A reason is at most 255 bytes of text: what is cut off must not leave half a character in a message.
BOOST_AUTO_TEST_CASE(a_reason_too_long_is_cut_and_what_is_no_text_then_is_left_out) {
  std::string accents;
  for (int i = 0; i < 150; ++i) accents += "\u00e9";
  const std::vector<std::pair<std::string, std::string>> reasons{
      {"", "given up by 5000"}, {std::string(300, 'a'), std::string(255, 'a')}, {accents, ""}};
  for (const auto& [given, kept] : reasons) {
    Four four(Step::grant);
    auto& network = four.network;
    network.wish(four.r, WishAbort{four.x, given});
    network.deliver_until_quiet();
    for (const auto peer : {four.r, four.o}) BOOST_TEST(network.record(peer, four.x).reason == kept);
  }
}

BOOST_AUTO_TEST_CASE(what_is_committed_is_given_up_by_nobody) {
  Four four(Step::grant);
  auto& network = four.network;
  network.run();
  for (const auto peer : {four.r, four.o}) require_refused(network, peer, WishAbort{four.x, {}}, Token::too_late);
  require_refused(network, four.o, WishRefuse{four.x, {}}, Token::too_late);
  const auto error = refusal(network, four.r, WishDispute{four.x});
  BOOST_TEST(name(error.token) == name(Token::unexpected));
  BOOST_TEST(error.hint.empty());
}

// Section 3, step 4, and section 5: an owner whose check failed is told to end the turn, and is not held up by its own
// grant of an exchange that was given up.
BOOST_AUTO_TEST_CASE(an_id_that_failed_its_check_is_not_checked_again) {
  Four wrong(Step::grant);
  wrong.network.wish(wrong.r, WishConsent{wrong.x, wrong.network.draw<RequestId>()});
  wrong.network.deliver_until_quiet();
  require_refused(wrong.network, wrong.o, WishCheckId{wrong.x}, Token::wrong_id);

  Four outvoted(Step::consent);
  auto& network = outvoted.network;
  const auto consent = network.genesis().id_of(*network.record(outvoted.r, outvoted.x).consent);
  const auto no = network.sign(outvoted.w1, IdAnswer{outvoted.x, consent, false});
  BOOST_TEST(!network.give(outvoted.w1, outvoted.o, IdAnswerMessage{no}));
  require_refused(network, outvoted.o, WishCheckId{outvoted.x}, Token::no_consensus);
  BOOST_TEST((network.node(outvoted.o).due_step(network.state(outvoted.o), outvoted.x) == Step::abort));
  network.run();
  BOOST_TEST(network.record(outvoted.o, outvoted.x).token == "no-consensus");
  network.require_equal_chains(1);
}

// Section 5: an ABORT ends "every GRANT of the turn": one is signed, whichever of them it is asked for.
BOOST_AUTO_TEST_CASE(two_grants_of_one_turn_are_aborted_by_one_abort) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto sibling = network.request(four.r, four.o, four.book());
  network.play(sibling, Step::check_id);
  network.home(four.o).takes_steps = false;
  network.wish(four.o, WishAbort{four.x, {}});
  const auto begun = std::exchange(network.queue, {});
  require_done_before(network, four.o, four.x, WishAbort{four.x, {}});
  BOOST_TEST(!can_recover(network, four.o, sibling));
  BOOST_TEST(!can_recover(network, four.o, four.x));
  BOOST_TEST(!network.node(four.o).due_step(network.state(four.o), sibling).has_value());
  network.wish(four.o, WishAbort{sibling, {}});
  BOOST_TEST(network.queue.empty());
  BOOST_TEST(pending.all(network.state(four.o)).size() == 1U);
  network.wish(four.o, WishAskAgain{four.x});
  BOOST_TEST(count_queued<NewRound>(network) == 3U);
  for (const auto& envelope : begun) network.queue.push_back(envelope);
  network.run();
  network.require_equal_chains(1);
  for (const auto& exchange : {four.x, sibling}) {
    BOOST_TEST((network.state_of(four.r, exchange) == ExchangeState::aborted));
  }
}

BOOST_AUTO_TEST_CASE(an_exchange_given_up_whose_turn_is_over_needs_no_abort_any_more) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto sibling = network.request(four.r, four.o, four.book());
  network.play(sibling, Step::grant);
  network.home(four.o).takes_steps = false;
  network.wish(four.r, WishAbort{sibling, {}});
  network.deliver_until_quiet();
  BOOST_TEST((network.node(four.o).due_step(network.state(four.o), sibling) == Step::abort));
  network.wish(four.o, WishSettle{four.x});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(!network.node(four.o).due_step(network.state(four.o), sibling).has_value());
  require_refused(network, four.o, WishAbort{sibling, {}}, Token::exchange_over);
}

BOOST_AUTO_TEST_SUITE_END()
