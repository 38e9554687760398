// What witnesses are given that does not fit, and what any peer sends again (docs/protocol.md, section 3).
#include "ledger/evidence.hpp"
#include "tests/scenarios/strays.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(strays_at_witnesses)

// ---- what witnesses are given ----

BOOST_AUTO_TEST_CASE(a_share_for_another_part_in_the_exchange_or_from_another_is_refused) {
  Strays s(Step::request);
  auto& network = s.network;
  network.take(s.o, s.x, Step::grant);
  const auto share = *queued<WitnessShare>(network, s.w1);
  s.refused(s.o, s.r, share, Token::wrong_recipient);
  s.refused(s.w2, s.w1, share, Token::wrong_sender);
  s.require_committed();
}

// A requester can give ids without end; the one of an exchange whose GRANT is here is not pushed out by them.
BOOST_AUTO_TEST_CASE(an_id_whose_grant_is_here_is_kept_however_many_others_follow) {
  Strays s(Step::grant);
  auto& network = s.network;
  BOOST_TEST(given_ids.all(network.state(s.w1)).empty());
  for (std::uint64_t i = 0; i <= max_given_ids; ++i) {
    BOOST_TEST(!network.give(s.r, s.w1, WitnessId{network.draw<ExchangeId>(), network.draw<RequestId>()}));
  }
  BOOST_TEST(witness_ids.get(network.state(s.w1), WitnessIdKey{s.r, s.x}).has_value());
  s.require_committed();
}

BOOST_AUTO_TEST_CASE(an_id_that_comes_after_its_grant_is_not_among_those_that_wait) {
  Network network(4);
  const auto r = network.port(0);
  const auto w1 = network.port(2);
  std::optional<WitnessId> id;
  network.filter = [&](const Envelope& envelope) {
    const auto* given = std::get_if<WitnessId>(&envelope.message);
    if (given == nullptr || envelope.to != w1) return true;
    id = *given;
    return false;
  };
  const auto x = network.start(r, network.port(1), "7", Step::grant);
  network.deliver_until_quiet();
  BOOST_REQUIRE(id.has_value());
  BOOST_REQUIRE(network.knows(w1, x));
  BOOST_TEST(witness_ids.all(network.state(w1)).empty());
  network.filter = nullptr;
  BOOST_TEST(!network.give(r, w1, *id));
  BOOST_TEST(witness_ids.get(network.state(w1), WitnessIdKey{r, x}).has_value());
  BOOST_TEST(given_ids.all(network.state(w1)).empty());
  network.run();
  BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
}

// Ids are counted by the order in which they wait, and that of the newest is free once its GRANT is here.
BOOST_AUTO_TEST_CASE(an_exchange_that_ends_takes_no_id_from_the_list_but_its_own) {
  Strays s(Step::request);
  auto& network = s.network;
  network.deliver_until_quiet();
  const auto waiting = [&] { return given_ids.all(network.state(s.w1)); };
  BOOST_TEST(waiting().size() == 1U);
  network.play(s.x, Step::grant);
  BOOST_TEST(waiting().empty());
  const auto next = network.draw<ExchangeId>();
  BOOST_TEST(!network.give(s.r, s.w1, WitnessId{next, network.draw<RequestId>()}));
  s.require_committed();
  BOOST_TEST(!witness_ids.get(network.state(s.w1), WitnessIdKey{s.r, s.x}).has_value());
  BOOST_REQUIRE(waiting().size() == 1U);
  BOOST_TEST((waiting().front().second == next));
  BOOST_TEST(witness_ids.get(network.state(s.w1), WitnessIdKey{s.r, next}).has_value());
}

// Who names the exchange of another has no GRANT of it, and its ids are bounded like all others.
BOOST_AUTO_TEST_CASE(an_id_for_the_exchange_of_another_requester_goes_like_those_without_a_grant) {
  Strays s(Step::grant);
  auto& network = s.network;
  const WitnessIdKey foreign{s.w2, s.x};
  BOOST_TEST(!network.give(s.w2, s.w1, WitnessId{s.x, network.draw<RequestId>()}));
  BOOST_TEST(witness_ids.get(network.state(s.w1), foreign).has_value());
  for (std::uint64_t i = 0; i < max_given_ids; ++i) {
    BOOST_TEST(!network.give(s.w2, s.w1, WitnessId{network.draw<ExchangeId>(), network.draw<RequestId>()}));
  }
  BOOST_TEST(!witness_ids.get(network.state(s.w1), foreign).has_value());
  BOOST_TEST(witness_ids.get(network.state(s.w1), WitnessIdKey{s.r, s.x}).has_value());
  BOOST_TEST(witness_ids.all(network.state(s.w1), encode(s.w2)).size() == max_given_ids);
  s.require_committed();
}

// Step 4: "O sends each W the id, GRANT and CONSENT", which name each other.
BOOST_AUTO_TEST_CASE(a_question_about_an_id_whose_parts_do_not_name_each_other_is_not_answered) {
  Strays s(Step::grant);
  auto& network = s.network;
  const auto record = network.record(s.r, s.x);
  const auto ask = [&](PeerPort from, PeerPort to, const Signed<Consent>& consent, Token token) {
    s.refused(from, to, CheckId{*record.request_id, record.request, *record.grant, consent}, token);
  };
  const auto grant = s.grant_id();
  ask(s.o, s.w1, network.sign(s.w2, Consent{s.x, grant}), Token::bad_statement);
  ask(s.o, s.w1, network.sign(s.r, Consent{network.draw<ExchangeId>(), grant}), Token::bad_statement);
  ask(s.o, s.w1, network.sign(s.r, Consent{s.x, network.draw<Hash>()}), Token::bad_statement);
  auto forged = network.sign(s.r, Consent{s.x, grant});
  ask(s.r, s.o, forged, Token::wrong_recipient);
  ask(s.o, s.r, forged, Token::wrong_recipient);
  forged.signature.bytes[7] ^= 1U;
  ask(s.o, s.w1, forged, Token::bad_signature);
  BOOST_TEST(network.queue.empty());
  s.require_committed();
}

// Section 5, EQUIVOCATION: who shows a witness a second GRANT of one X, or of one turn, has itself named; a requester
// that consented to both is named, too.
BOOST_AUTO_TEST_CASE(a_question_about_an_id_under_a_second_grant_is_evidence_and_gets_no_answer) {
  for (const bool was_asked : {false, true}) {
    Strays s(was_asked ? Step::check_id : Step::grant);
    auto& network = s.network;
    const auto record = network.record(s.r, s.x);
    const auto second = s.other_grant(record.request).first;
    const auto consent = network.sign(s.r, Consent{s.x, s.genesis().id_of(second)});
    s.refused(s.r, s.w1, CheckId{*record.request_id, record.request, second, consent}, Token::equivocation);
    BOOST_TEST(evidence_rows.all(network.state(s.w1), encode(s.o)).size() == 1U);
    BOOST_TEST(evidence_rows.all(network.state(s.w1), encode(s.r)).size() == (was_asked ? 1U : 0U));
    s.require_committed();
  }
}

BOOST_AUTO_TEST_CASE(a_question_about_an_id_under_a_grant_to_another_names_the_owner_alone) {
  Strays s(Step::check_id, 5);
  auto& network = s.network;
  const auto id = network.draw<RequestId>();
  const auto request = network.sign(s.w1, Request{s.w1, s.o, s.book(), request_id_hash(id)});
  const auto y = s.genesis().exchange_of(request);
  const auto sold = s.other_grant(request).first;
  const auto consent = network.sign(s.w1, Consent{y, s.genesis().id_of(sold)});
  s.refused(s.w1, s.w2, CheckId{id, request, sold, consent}, Token::equivocation);
  BOOST_TEST(!network.knows(s.w2, y));
  const auto found = evidence_rows.all(network.state(s.w2));
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(fault(found.front().second.evidence) == "double-sale");
}

// ---- what was lost is sent again ----

// Section 2: "What an open exchange needs is kept until it ends and sent again on request", to those whom it is for.
BOOST_AUTO_TEST_CASE(what_a_peer_sends_again_is_what_the_asking_peer_has_a_part_in) {
  Strays s(Step::check_id);
  auto& network = s.network;
  s.refused(s.w1, s.r, SendAgain{network.draw<ExchangeId>()}, Token::unknown_exchange);
  s.refused(s.w1, s.w2, SendAgain{s.x}, Token::wrong_sender);
  const auto sent_again = [&](PeerPort from, PeerPort to) {
    network.queue.clear();
    BOOST_TEST(!network.give(from, to, SendAgain{s.x}));
    std::vector<std::string> kinds;
    for (const auto& envelope : network.queue) {
      BOOST_TEST((envelope.to == from));
      kinds.emplace_back(name(envelope.message));
    }
    network.queue.clear();
    return kinds;
  };
  using Kinds = std::vector<std::string>;
  BOOST_TEST((sent_again(s.w1, s.r) == Kinds{"witness-id"}));
  BOOST_TEST((sent_again(s.o, s.r) == Kinds{"request", "consent"}));
  BOOST_TEST(sent_again(s.r, s.o).empty());
  BOOST_TEST((sent_again(s.w1, s.o) == Kinds{"witness-share", "check-id"}));
  BOOST_TEST((sent_again(s.r, s.w1) == Kinds{"ack", "id-answer"}));
  BOOST_TEST((sent_again(s.o, s.w1) == Kinds{"ack", "id-answer"}));
  network.play(s.x, Step::check_key);
  BOOST_TEST((sent_again(s.r, s.o) == Kinds{"release"}));
  BOOST_TEST((sent_again(s.w1, s.r) == Kinds{"witness-id", "check-key"}));
  BOOST_TEST((sent_again(s.r, s.w1) == Kinds{"ack", "id-answer", "key-answer"}));
  BOOST_TEST((sent_again(s.o, s.w1) == Kinds{"ack", "id-answer"}));
  // The end is in the chain: the share is the requester's, until it signs that it can read.
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ReceiptMessage>(envelope.message); };
  network.run();
  network.filter = nullptr;
  BOOST_TEST((sent_again(s.r, s.w1) == Kinds{"ack", "id-answer", "key-answer", "share"}));
  BOOST_TEST((sent_again(s.o, s.w1) == Kinds{"ack", "id-answer"}));
  BOOST_TEST((sent_again(s.w1, s.r) == Kinds{"receipt"}));
  BOOST_TEST((sent_again(s.o, s.r) == Kinds{"request", "consent"}));
  BOOST_TEST(!network.give(s.r, s.w1, ReceiptMessage{network.sign(s.r, Receipt{{s.x}})}));
  BOOST_TEST((sent_again(s.r, s.w1) == Kinds{"ack", "id-answer", "key-answer"}));
}

BOOST_AUTO_TEST_CASE(a_peer_that_was_asked_before_a_grant_sends_what_there_is) {
  Strays s(Step::request);
  auto& network = s.network;
  BOOST_TEST(!network.give(s.w1, s.o, SendAgain{s.x}));
  BOOST_TEST(network.queue.empty());
  s.refused(s.r, s.w1, SendAgain{s.x}, Token::unknown_exchange);
  s.require_committed();
}

// Section 5: before its consent the requester gives up, or the owner declines; nobody else can.
BOOST_AUTO_TEST_CASE(an_over_from_a_peer_that_has_no_say_or_for_nothing_is_refused) {
  Strays s(Step::grant);
  auto& network = s.network;
  const Over over{s.x, "", "never mind"};
  for (const auto peer : {s.r, s.o, s.w2}) s.refused(s.w1, peer, over, Token::wrong_sender);
  s.refused(s.o, s.w1, over, Token::wrong_sender);
  s.refused(s.r, s.w1, Over{network.draw<ExchangeId>(), "", ""}, Token::unknown_exchange);
  s.require_committed();
  BOOST_TEST(!network.give(s.o, s.r, over));  // too late, and without harm
  BOOST_TEST((network.state_of(s.r, s.x) == ExchangeState::committed));
}

BOOST_AUTO_TEST_SUITE_END()
