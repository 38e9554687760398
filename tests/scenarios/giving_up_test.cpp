// Who gives an exchange up, with what reason, and what is left to do afterwards (docs/protocol.md, section 5): before
// CONSENT a message ends it, after it the chain alone.
#include "ledger/open_exchanges.hpp"
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/refusals.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The owner acts by hand, so that nothing but what the test does frees its book.
struct ByHand : Four {
  explicit ByHand(Step last) : Four(last) { network.home(o).takes_steps = network.home(r).takes_steps = false; }

  /// Another grant of the same turn to the same requester.
  ExchangeId another(Step last) {
    const auto exchange = network.request(r, o, book());
    network.play(exchange, last);
    return exchange;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(giving_up)

// Section 5: "ABORT, in a block, ends every GRANT of the turn." Why the owner wanted it is in no message.
BOOST_AUTO_TEST_CASE(the_reason_of_an_abort_stays_with_its_owner) {
  ByHand four(Step::check_id);
  auto& network = four.network;
  const auto sibling = four.another(Step::grant);
  network.wish(four.o, WishAbort{four.x, "promised to a friend"});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.record(four.o, four.x).reason == "promised to a friend");
  const std::string told = "the owner ended its turn with an ABORT in block 1";
  for (const auto peer : {four.r, four.w1}) BOOST_TEST(network.record(peer, four.x).reason == told);
  BOOST_TEST(network.record(four.o, sibling).reason == told);
  // The ABORT of the one was that of the other.
  BOOST_TEST((network.state_of(four.o, sibling) == ExchangeState::aborted));
  require_done_before(network, four.o, sibling, WishAbort{sibling, "promised to a friend"});
}

BOOST_AUTO_TEST_CASE(an_owner_that_frees_its_book_after_the_requester_gave_up_keeps_the_requesters_reason) {
  ByHand four(Step::grant);
  auto& network = four.network;
  network.wish(four.r, WishAbort{four.x, "changed my mind"});
  network.deliver_until_quiet();
  network.wish(four.o, WishAbort{four.x, "then it is free"});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.record(four.o, four.x).reason == "changed my mind");
}

// Section 3: "granted --> aborted: R gives up", and "granted --> invalid: R - a check fails". A witness may hear that
// before it has its share: it comes to the same, signs no ACK, and has nothing open.
BOOST_AUTO_TEST_CASE(an_exchange_is_over_at_a_witness_whether_its_share_or_the_end_comes_first) {
  for (const auto& [token, state] : {std::pair("", ExchangeState::aborted), {"wrong-book", ExchangeState::invalid}}) {
    for (const bool share_first : {true, false}) {
      ByHand four(Step::request);
      auto& network = four.network;
      network.take(four.o, four.x, Step::grant);
      const bool is_on_its_way = queued<WitnessShare>(network, four.w1) != nullptr;
      BOOST_REQUIRE(is_on_its_way);
      if (share_first) network.deliver_until_quiet();
      BOOST_TEST(!network.give(four.r, four.w1, Over{four.x, token, "changed my mind"}));
      network.deliver_until_quiet();
      const auto record = network.record(four.w1, four.x);
      BOOST_TEST((record.state == state));
      BOOST_TEST(record.token == token);
      BOOST_TEST(record.reason == "changed my mind");
      BOOST_TEST(record.acks.size() == (share_first ? 1U : 0U));
      BOOST_TEST(open_exchanges(network.state(four.w1)).empty());
    }
  }
}

// Section 3: "aborted --> consented: O, W - CONSENT, while the turn lasts". The witness that never acknowledged says
// neither yes nor no: a yes without an ACK is of use to nobody but one that wants the key for nothing.
BOOST_AUTO_TEST_CASE(a_witness_that_was_told_of_the_end_takes_a_consent_and_answers_nothing) {
  ByHand four(Step::request);
  auto& network = four.network;
  const auto id = *network.record(four.r, four.x).request_id;
  network.take(four.o, four.x, Step::grant);
  BOOST_TEST(!network.give(four.r, four.w1, Over{four.x, "", "changed my mind"}));
  network.deliver_until_quiet();
  const auto held = network.record(four.o, four.x);
  const auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*held.grant)});
  BOOST_TEST(!network.give(four.o, four.w1, CheckId{id, held.request, *held.grant, consent}));
  const auto record = network.record(four.w1, four.x);
  BOOST_TEST((record.state == ExchangeState::consented));
  BOOST_TEST((record.token.empty() && record.reason.empty()));
  BOOST_TEST((record.acks.empty() && record.id_answers.empty()));
}

// A witness may have lost the id, and with it that the exchange was given up: who sends the id again says both.
BOOST_AUTO_TEST_CASE(an_id_that_is_sent_again_comes_with_the_end_of_its_exchange) {
  ByHand four(Step::grant);
  auto& network = four.network;
  network.wish(four.r, WishAbort{four.x, "changed my mind"});
  network.queue.clear();
  BOOST_TEST(!network.give(four.w1, four.r, SendAgain{four.x}));
  BOOST_TEST((queued<WitnessId>(network, four.w1) != nullptr));
  const auto* over = queued<Over>(network, four.w1);
  BOOST_REQUIRE((over != nullptr));
  BOOST_TEST(over->reason == "changed my mind");
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::aborted));
}

// A request is given up by either side; what the other one ended is over and needs a new request.
BOOST_AUTO_TEST_CASE(what_was_given_up_is_given_up_again_by_the_same_peer_alone) {
  for (const bool by_owner : {true, false}) {
    ByHand four(Step::request);
    auto& network = four.network;
    const auto one = by_owner ? four.o : four.r;
    network.wish(one, WishAbort{four.x, {}});
    network.deliver_until_quiet();
    BOOST_TEST((network.state_of(four.r, four.x) == (by_owner ? ExchangeState::refused : ExchangeState::aborted)));
    require_done_before(network, one, four.x, WishAbort{four.x, {}});
    require_refused(network, by_owner ? four.r : four.o, WishAbort{four.x, {}}, Token::exchange_over);
    BOOST_TEST(network.head(four.o).height.value == 0U);
  }
  ByHand ended(Step::check_id);
  ended.network.wish(ended.o, WishAbort{ended.x, {}});
  ended.network.run();
  require_refused(ended.network, ended.r, WishAbort{ended.x, {}}, Token::exchange_over, "(aborted)");
}

// Section 3: "aborted --> consented: O, W - CONSENT, while the turn lasts". A signed consent is worth more than a word
// that nobody signed: the owner can have the exchange recorded, also at the requester that took it for over.
BOOST_AUTO_TEST_CASE(a_requester_that_gives_up_and_consents_all_the_same_is_taken_at_its_signed_word) {
  ByHand four(Step::grant);
  auto& network = four.network;
  const auto held = network.record(four.r, four.x);
  network.wish(four.r, WishAbort{four.x, "changed my mind"});
  network.deliver_until_quiet();
  BOOST_REQUIRE((network.state_of(four.o, four.x) == ExchangeState::aborted));
  const auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*held.grant)});
  BOOST_TEST(!network.give(four.r, four.o, ConsentMessage{*held.request_id, consent, held.acks}));
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::consented));
  BOOST_TEST(network.record(four.o, four.x).reason.empty());
  network.take(four.o, four.x, Step::check_id);
  network.deliver_until_quiet();
  network.wish(four.o, WishSettle{four.x});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(network.owner_of_book(four.w1, held.request.body.book).value == four.r.value);
}

// Section 3, step 3: a block that moved the book on ended the other exchange of the turn; its consent comes too late.
BOOST_AUTO_TEST_CASE(a_consent_that_comes_after_the_block_that_moved_the_book_is_refused) {
  ByHand four(Step::grant);
  auto& network = four.network;
  const auto held = network.record(four.r, four.x);
  const auto sibling = four.another(Step::consent);
  for (const auto step : {Step::check_id, Step::release}) {
    network.take(four.o, sibling, step);
    network.deliver_until_quiet();
  }
  for (const auto step : {Step::open, Step::check_key, Step::mine}) {
    network.take(four.r, sibling, step);
    network.deliver_until_quiet();
  }
  network.require_equal_chains(1);
  BOOST_REQUIRE(network.record(four.o, four.x).height.has_value());
  const auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*held.grant)});
  const ConsentMessage late{*held.request_id, consent, held.acks};
  BOOST_TEST((network.give(four.r, four.o, late) == Token::exchange_over));
}

// Section 5: "It has not signed an ABORT in this turn and will not": after one no id is checked any more.
BOOST_AUTO_TEST_CASE(no_id_is_checked_after_an_abort_of_the_turn) {
  ByHand four(Step::consent);
  auto& network = four.network;
  const auto sibling = four.another(Step::consent);
  network.wish(four.o, WishAbort{four.x, {}});
  for (const auto& exchange : {four.x, sibling}) {
    require_refused(network, four.o, WishCheckId{exchange}, Token::too_late, "signed an ABORT of the turn");
  }
  network.run();
  network.require_equal_chains(1);
  for (const auto& exchange : {four.x, sibling}) {
    BOOST_TEST((network.state_of(four.r, exchange) == ExchangeState::aborted));
  }
}

// Section 3, step 4: "If so many say no that a yeses cannot come any more, O ends the turn with an ABORT."
BOOST_AUTO_TEST_CASE(an_id_that_was_checked_and_outvoted_is_not_checked_again) {
  ByHand four(Step::consent);
  auto& network = four.network;
  network.take(four.o, four.x, Step::check_id);
  network.queue.clear();
  const auto consent = network.genesis().id_of(*network.record(four.o, four.x).consent);
  const auto no = network.sign(four.w1, IdAnswer{four.x, consent, false});
  BOOST_TEST(!network.give(four.w1, four.o, IdAnswerMessage{no}));
  require_refused(network, four.o, WishCheckId{four.x}, Token::no_consensus);
  BOOST_TEST((network.node(four.o).due_step(network.state(four.o), four.x) == Step::abort));
}

BOOST_AUTO_TEST_SUITE_END()
