// Requesters that cheat or vanish during an exchange (docs/protocol.md, sections 3 and
// 5), and what honest peers then do. Attacks are made with the very keys of the cheating peer.
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(cheating_requesters)

// Section 3, step 1: "W keeps the first id of each (sender, X)."
BOOST_AUTO_TEST_CASE(a_second_id_for_one_exchange_is_refused_and_the_first_one_stays) {
  Four four(Step::request);
  BOOST_TEST(
      (four.network.give(four.r, four.w1, WitnessId{four.x, four.network.draw<RequestId>()}) == Token::equivocation));
  four.network.run();
  BOOST_TEST((four.network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 3, step 1: "W keeps the first id of each (sender, X)": nobody can spoil the id of another.
BOOST_AUTO_TEST_CASE(an_id_sent_by_a_stranger_does_not_displace_the_requesters) {
  Four four(Step::request);
  BOOST_TEST(!four.network.give(four.w2, four.w1, WitnessId{four.x, four.network.draw<RequestId>()}));
  four.network.run();
  BOOST_TEST((four.network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 3, step 2: "W signs ACK … once the id it has from R fits REQUEST". R equivocates towards the witnesses.
BOOST_AUTO_TEST_CASE(a_witness_with_another_id_gives_no_ack_so_the_exchange_stands_still) {
  Four four(Step::request);
  auto& network = four.network;
  const auto book = network.add_book(four.o, "8");
  network.deliver_until_quiet();
  const auto x = network.request(four.r, four.o, book);
  for (auto& envelope : network.queue) {
    auto* id = std::get_if<WitnessId>(&envelope.message);
    if (id != nullptr && envelope.to == four.w1) id->request_id = network.draw<RequestId>();
  }
  network.play(x, Step::grant);
  const auto record = network.record(four.r, x);
  BOOST_REQUIRE(record.acks.size() == 1U);
  BOOST_TEST(record.acks.front().signer.value == four.w2.value);
  BOOST_TEST((network.refused_wish(four.r, WishConsent{x, std::nullopt}) == Token::waiting));
  // Section 5: R gives up before its consent; the owner frees the turn.
  network.wish(four.r, WishAbort{x, {}});
  network.run();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::aborted));
  BOOST_TEST((network.state_of(four.o, x) == ExchangeState::aborted));
}

// Section 3, step 4: "If the id fits REQUEST, W signs ID-ANSWER"; a guessed id gets no answer at all.
BOOST_AUTO_TEST_CASE(a_guessed_id_is_told_nothing) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto owner = network.record(four.o, four.x);
  CheckId guess{network.draw<RequestId>(), owner.request, *owner.grant, *owner.consent};
  BOOST_TEST((network.give(four.o, four.w1, guess) == Token::wrong_id));
  BOOST_TEST(network.queue.empty());
}

// Section 3, step 4, and section 7, "a guessed id": asked first, it spoils nothing for the right one.
BOOST_AUTO_TEST_CASE(a_wrong_id_asked_first_does_not_spoil_the_right_one) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto owner = network.record(four.o, four.x);
  for (const auto witness : {four.w1, four.w2}) {
    CheckId wrong{network.draw<RequestId>(), owner.request, *owner.grant, *owner.consent};
    BOOST_TEST((network.give(four.o, witness, wrong) == Token::wrong_id));
  }
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// Section 3, step 4: "A yes-majority out of reach: O aborts (section 5)." Here: the id that came with CONSENT
// does not fit, so the owner aborts the turn, and a new request works.
BOOST_AUTO_TEST_CASE(a_wrong_id_with_the_consent_ends_in_an_abort_and_a_new_request_works) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    for (const bool same_requester : {true, false}) {
      Four four(Step::grant, peers);
      auto& network = four.network;
      network.wish(four.r, WishConsent{four.x, network.draw<RequestId>()});
      network.run();
      network.require_equal_chains(1);
      for (const auto& peer : network.genesis().peers()) {
        BOOST_TEST((network.state_of(peer.port, four.x) == ExchangeState::aborted));
      }
      BOOST_TEST(network.record(four.o, four.x).token == "wrong-id");
      const auto next = same_requester ? four.r : four.w1;
      const auto again = network.request(next, four.o, four.book());
      network.run();
      network.require_equal_chains(2);
      BOOST_TEST((network.state_of(next, again) == ExchangeState::committed));
      BOOST_TEST(network.record(next, again).grant->body.turn.value == 1U);
      BOOST_TEST(network.home(next).books.contains(four.book()));
    }
  }
}

// Section 3, step 3: a CONSENT without the ACKs of A witnesses binds nobody.
BOOST_AUTO_TEST_CASE(a_consent_with_too_few_acks_is_refused) {
  Four four(Step::grant);
  auto& network = four.network;
  network.filter = [&](const Envelope& envelope) { return !std::holds_alternative<ConsentMessage>(envelope.message); };
  network.take(four.r, four.x, Step::consent);
  auto message = *queued<ConsentMessage>(network, four.o);
  network.deliver_until_quiet();
  network.filter = nullptr;
  // An owner that has no ACKs itself counts those that come beside the CONSENT.
  const auto acks = message.acks;
  message.acks.resize(1);
  network.edit(four.o, [&](Draft& draft) {
    auto row = network.record(four.o, four.x);
    row.acks.clear();
    exchanges.put(draft, four.x, row);
  });
  BOOST_TEST((network.give(four.r, four.o, message) == Token::no_quorum));
  // One witness twice is no quorum either.
  message.acks = {acks[0], acks[0]};
  BOOST_TEST((network.give(four.r, four.o, message) == Token::no_quorum));
  message.acks = acks;
  BOOST_TEST(!network.give(four.r, four.o, message));
}

// Section 6, "statement of one type passed off as another": the type is inside what is signed.
BOOST_AUTO_TEST_CASE(an_ack_passed_off_as_a_consent_is_a_bad_signature) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  const auto ack = network.sign(four.r, Ack{four.x, network.genesis().id_of(*record.grant)});
  ConsentMessage message{*record.request_id,
                         Signed<Consent>{four.r, {ack.body.exchange, ack.body.grant}, ack.signature}, record.acks};
  BOOST_TEST((network.give(four.r, four.o, message) == Token::bad_signature));
}

// Section 6, "S+L and other malleable signatures": strict verification refuses the second form.
BOOST_AUTO_TEST_CASE(a_consent_signed_with_s_plus_l_is_refused) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto record = network.record(four.r, four.x);
  auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*record.grant)});
  static constexpr std::array<std::uint8_t, 32> order = {
      0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
      0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = consent.signature.bytes[32 + i] + order[i] + carry;
    consent.signature.bytes[32 + i] = static_cast<std::uint8_t>(sum & 0xffU);
    carry = sum >> 8U;
  }
  BOOST_TEST(
      (network.give(four.r, four.o, ConsentMessage{*record.request_id, consent, record.acks}) == Token::bad_signature));
}

// Section 3, step 1: "O refuses: not the owner, unknown book, R = O, a book granted to another R in this turn."
BOOST_AUTO_TEST_CASE(requests_that_cannot_be_granted_are_refused_and_leave_nothing_behind) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto ask = [&](PeerPort from, PeerPort to, const BookId& book) {
    return network.sign(from, Request{from, to, book, network.draw<Hash>()});
  };
  const auto refused = [&](PeerPort from, PeerPort to, const Signed<Request>& request) {
    const auto token = network.give(from, to, RequestMessage{request});
    BOOST_TEST(!network.knows(to, network.genesis().exchange_of(request)));
    return token;
  };
  BOOST_TEST((refused(four.r, four.w1, ask(four.r, four.w1, four.book())) == Token::not_owner));
  BOOST_TEST((refused(four.r, four.o, ask(four.r, four.o, network.draw<BookId>())) == Token::unknown_book));
  BOOST_TEST((refused(four.w1, four.o, ask(four.w1, four.o, four.book())) == Token::book_busy));
  BOOST_TEST((refused(four.o, four.o, ask(four.o, four.o, four.book())) == Token::self_exchange));
  BOOST_TEST((refused(four.r, four.o, ask(four.r, four.w1, four.book())) == Token::wrong_recipient));
  BOOST_TEST((refused(four.w1, four.o, ask(four.r, four.o, four.book())) == Token::wrong_sender));
  auto posing = ask(four.w1, four.o, four.book());
  posing.body.sender_port = four.r;
  posing = network.sign(four.w1, posing.body);
  BOOST_TEST((refused(four.w1, four.o, posing) == Token::wrong_sender));
  BOOST_TEST((network.refused_wish(four.o, WishRequest{four.o, four.book(), network.draw<RequestId>()}) ==
              Token::self_exchange));
  BOOST_TEST(
      (network.refused_wish(four.r, WishRequest{four.w1, four.book(), network.draw<RequestId>()}) == Token::not_owner));
}

// Section 3, step 1: a refused requester is told why.
BOOST_AUTO_TEST_CASE(a_refused_requester_is_told_the_reason) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto x = network.request(four.w1, four.o, four.book());
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.w1, x) == ExchangeState::refused));
  BOOST_TEST(network.record(four.w1, x).token == "book-busy");
}

// Section 3, step 3: "From here R cannot go back"; section 5: "R has no abort after its consent."
BOOST_AUTO_TEST_CASE(a_requester_has_no_abort_after_its_consent) {
  Four four(Step::consent);
  BOOST_TEST((four.network.refused_wish(four.r, WishAbort{four.x, {}}) == Token::too_late));
  BOOST_TEST((four.network.give(four.r, four.o, Over{four.x, "", "changed my mind"}) == Token::too_late));
  four.network.run();
  BOOST_TEST((four.network.state_of(four.r, four.x) == ExchangeState::committed));
}

// A requester whose OVER came to the owner before its REQUEST tells it again: else the book stays granted.
BOOST_AUTO_TEST_CASE(an_owner_that_missed_an_over_is_told_again_and_frees_the_turn) {
  Four four(Step::request);
  auto& network = four.network;
  const auto book = network.add_book(four.o, "8");
  network.deliver_until_quiet();
  const auto x = network.request(four.r, four.o, book);
  network.wish(four.r, WishAbort{x, {}});
  std::ranges::reverse(network.queue);
  network.run();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::aborted));
  BOOST_TEST((network.state_of(four.o, x) == ExchangeState::aborted));
  const auto again = network.request(four.w1, four.o, book);
  network.run();
  BOOST_TEST((network.state_of(four.w1, again) == ExchangeState::committed));
}

// What a requester gives as its reason is foreign text: it is no finding, and does not outlive a transfer.
BOOST_AUTO_TEST_CASE(a_reason_that_the_requester_gives_is_no_finding_of_owner_and_witnesses) {
  Four four(Step::grant);
  auto& network = four.network;
  network.home(four.o).takes_steps = false;
  for (const auto peer : {four.o, four.w1, four.w2}) {
    BOOST_TEST(!network.give(four.r, peer, Over{four.x, "wrong-book", "chunk 3 is not the book"}));
    BOOST_TEST(network.record(peer, four.x).token == "wrong-book");
  }
  network.take(four.r, four.x, Step::consent);
  network.wish(four.r, WishClaim{four.x});
  network.deliver_until_quiet();
  network.wish(four.r, WishClaim{four.x});
  network.run();
  network.require_equal_chains(1);
  for (const auto peer : {four.o, four.w1, four.w2}) {
    BOOST_TEST((network.state_of(peer, four.x) == ExchangeState::committed));
    BOOST_TEST(network.record(peer, four.x).token.empty());
    BOOST_TEST(network.record(peer, four.x).reason.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
