// What others tell a restored owner of its own grants (docs/protocol.md, section 4): what is told, what of it is taken,
// and what an owner can do that has forgotten the key. Who grants what afterwards is in restored_owners_test.cpp.
#include "tests/scenarios/forgetful.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(restored_owners)

// Section 4: what others hold of its own signatures binds a restored owner; what was made up, or is of another exchange
// or grant, does not.
BOOST_AUTO_TEST_CASE(each_statement_told_with_an_own_grant_must_be_about_that_grant) {
  Forgetful world(Step::release);
  auto& four = world.four;
  auto& network = world.network;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  const auto grant = network.genesis().id_of(*held.grant);
  const auto consent = network.genesis().id_of(*held.consent);
  const auto tell = [&](const std::function<void(OwnGrant&)>& add) {
    auto told = bare_grant(held);
    add(told);
    BOOST_TEST(!network.give(four.w1, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
    return network.record(four.o, four.x);
  };
  const auto forged = [](auto statement) {
    statement.signature.bytes[5] ^= 1U;
    return statement;
  };
  const auto other = network.draw<ExchangeId>();
  const auto nothing = network.draw<Hash>();
  for (const auto& ack : {network.sign(four.o, Ack{four.x, grant}), network.sign(four.w1, Ack{other, grant}),
                          network.sign(four.w1, Ack{four.x, nothing}), forged(held.acks.front())}) {
    BOOST_TEST(tell([&](OwnGrant& told) { told.acks = {ack}; }).acks.empty());
  }
  for (const auto& false_consent :
       {network.sign(four.w1, held.consent->body), network.sign(four.r, Consent{other, grant}),
        network.sign(four.r, Consent{four.x, nothing}), forged(*held.consent)}) {
    BOOST_TEST(!tell([&](OwnGrant& told) { told.consent = false_consent; }).consent.has_value());
  }
  for (const auto& release : {network.sign(four.r, held.release->body), network.sign(four.o, Release{other, grant}),
                              network.sign(four.o, Release{four.x, nothing}), forged(*held.release)}) {
    BOOST_TEST(!tell([&](OwnGrant& told) { told.release = release; }).release.has_value());
  }
  for (const auto& answer :
       {network.sign(four.o, IdAnswer{four.x, consent, true}), network.sign(four.w1, IdAnswer{other, consent, true}),
        network.sign(four.w1, IdAnswer{four.x, nothing, true}), forged(held.id_answers.front())}) {
    const auto taken = tell([&](OwnGrant& told) {
      told.consent = held.consent;
      told.id_answers = {answer};
    });
    BOOST_TEST((taken.consent == held.consent));
    BOOST_TEST(taken.id_answers.empty());
  }
  // A second grant of the exchange takes the place of none, and what followed it is not what followed the first.
  const auto before = encode(network.record(four.o, four.x));
  const auto second = four.other_grant(held.request).first;
  (void)tell([&](OwnGrant& told) {
    told.grant = second;
    told.release = network.sign(four.o, Release{four.x, network.genesis().id_of(second)});
  });
  BOOST_TEST((encode(network.record(four.o, four.x)) == before));
  const auto taken = tell([&](OwnGrant& told) {
    told.acks = held.acks;
    told.id_answers = held.id_answers;
    told.release = held.release;
  });
  BOOST_TEST((taken.acks == held.acks));
  BOOST_TEST((taken.id_answers == held.id_answers));
  BOOST_TEST((taken.release == held.release));
  BOOST_TEST((network.refused_wish(four.o, WishAbort{four.x, {}}) == Token::too_late));
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  require_no_evidence(network);
}

BOOST_AUTO_TEST_CASE(a_grant_of_another_peer_told_to_a_restored_home_is_refused) {
  Four four(Step::grant);
  auto& network = four.network;
  declare_restore(network, four.r);
  const auto held = network.record(four.r, four.x);
  const OwnGrant of_owner{held.request, *held.grant, held.book, {}, std::nullopt, {}, std::nullopt};
  BOOST_TEST((network.give(four.w1, four.r, OwnMessage{{of_owner}, std::nullopt, asked}) == Token::wrong_sender));
}

// A grant without its book could be neither settled nor ended by an ABORT, which both carry it.
BOOST_AUTO_TEST_CASE(an_owner_that_forgot_the_book_too_takes_it_from_who_tells_of_the_grant) {
  Forgetful world(Step::grant, true);
  auto& four = world.four;
  auto& network = world.network;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  network.edit(four.o, [&](Draft& draft) { catalogue.erase(draft, four.book()); });
  auto told = bare_grant(held);
  told.book.reset();
  const auto knows_when_told = [&] {
    BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
    return network.knows(four.o, four.x);
  };
  BOOST_TEST(!knows_when_told());
  told.book = held.book;
  told.book->signature.bytes[5] ^= 1U;
  BOOST_TEST(!knows_when_told());
  ++told.book->body.serial;
  told.book = network.sign(four.o, told.book->body);
  BOOST_TEST(!knows_when_told());
  told.book = held.book;
  BOOST_TEST(knows_when_told());
  BOOST_TEST((network.record(four.o, four.x).book == held.book));
}

BOOST_AUTO_TEST_CASE(of_turns_that_the_chain_has_ended_nothing_is_told_and_nothing_is_taken) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto held = network.record(four.r, four.x);
  network.home(four.o).takes_steps = false;
  network.wish(four.o, WishAbort{four.x, {}});
  network.run();
  for (const auto peer : {four.r, four.w1}) {
    BOOST_TEST(!network.give(four.o, peer, WantOwn{}));
    BOOST_REQUIRE(queued<OwnMessage>(network, four.o) != nullptr);
    BOOST_TEST(queued<OwnMessage>(network, four.o)->grants.empty());
    network.queue.clear();
  }
  const auto next = network.request(four.r, four.o, four.book());
  network.play(next, Step::grant);
  BOOST_TEST(!network.give(four.o, four.r, WantOwn{}));
  const auto of_next = queued<OwnMessage>(network, four.o)->grants;
  network.queue.clear();
  BOOST_REQUIRE(of_next.size() == 1U);
  BOOST_TEST((of_next.front().grant.body.exchange == next));
  declare_restore(network, four.o);
  const auto before = encode(network.record(four.o, four.x));
  const OwnGrant told{held.request, *held.grant, held.book, held.acks, held.consent, held.id_answers, std::nullopt};
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
  BOOST_TEST((encode(network.record(four.o, four.x)) == before));
}

// Of the grants of one turn those matter that were consented to; where none was, one shows to whom the turn belongs.
BOOST_AUTO_TEST_CASE(an_owner_is_told_of_the_grants_that_were_consented_to_or_else_of_one) {
  Four four(Step::grant);
  auto& network = four.network;
  network.home(four.o).takes_steps = network.home(four.r).takes_steps = false;
  std::vector<ExchangeId> all{four.x};
  for (int i = 0; i < 2; ++i) {
    all.push_back(network.request(four.r, four.o, four.book()));
    network.play(all.back(), Step::grant);
  }
  const auto told = [&] {
    BOOST_TEST(!network.give(four.o, four.r, WantOwn{}));
    std::vector<ExchangeId> exchanges_told;
    for (const auto& grant : queued<OwnMessage>(network, four.o)->grants) {
      exchanges_told.push_back(grant.grant.body.exchange);
    }
    network.queue.clear();
    return exchanges_told;
  };
  BOOST_TEST((told() == std::vector{all[0]}));
  network.take(four.r, all[1], Step::consent);
  network.deliver_until_quiet();
  BOOST_TEST((told() == std::vector{all[1]}));
  network.take(four.r, all[2], Step::consent);
  network.deliver_until_quiet();
  BOOST_TEST((told() == std::vector{all[1], all[2]}));
}

// Section 2: a message has a largest size; an owner of very many grants, or of much that followed them, is told of them
// all the same.
BOOST_AUTO_TEST_CASE(very_many_grants_are_told_in_several_messages) {
  for (const bool with_statements : {false, true}) {
    Four four(Step::check_id);
    auto& network = four.network;
    auto held = network.record(four.w1, four.x);
    // As many as a witness of the largest network can hold; it checked them when they came.
    for (std::uint16_t port = 6000; with_statements && held.acks.size() < max_witnesses; ++port) {
      held.acks.push_back(held.acks.front());
      held.id_answers.push_back(held.id_answers.front());
      held.acks.back().signer = held.id_answers.back().signer = PeerPort{port};
    }
    const std::size_t more = max_own_grants + 10;
    network.edit(four.w1, [&](Draft& draft) {
      for (std::size_t i = 0; i < more; ++i) {
        auto record = held;
        record.request.body.book = network.draw<BookId>();
        record.grant->body.exchange = network.draw<ExchangeId>();
        exchanges.put(draft, record.grant->body.exchange, record);
        turns.put(draft, TurnKey{four.o, record.request.body.book, {}, {}},
                  TurnRecord{.requester = four.r, .exchanges = {record.grant->body.exchange}});
      }
    });
    std::set<ExchangeId> told;
    std::size_t messages = 0;
    for (std::optional<TurnPlace> from = TurnPlace{}; from; ++messages) {
      BOOST_TEST(!network.give(four.o, four.w1, WantOwn{*from}));
      const auto answer = *queued<OwnMessage>(network, four.o);
      network.queue.clear();
      BOOST_TEST(encode(Message{answer}).size() <= network.genesis().fields().limits.message_bytes);
      for (const auto& grant : answer.grants) BOOST_TEST(told.insert(grant.grant.body.exchange).second);
      from = answer.next;
    }
    BOOST_TEST(told.size() == more + 1);
    BOOST_TEST(messages > (with_statements ? 2U : 1U));
  }
}

// Section 4: "settles what it can and aborts the rest".
BOOST_AUTO_TEST_CASE(a_forgotten_grant_with_a_consent_and_no_answers_is_aborted) {
  Forgetful world(Step::consent);
  auto& four = world.four;
  auto& network = world.network;
  network.home(four.o).takes_steps = false;
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::aborted));
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::consented));
  // Without the key there is nothing to go on with, whatever the requester sends.
  const auto held = network.record(four.r, four.x);
  BOOST_TEST((network.give(four.r, four.o, ConsentMessage{*held.request_id, *held.consent, held.acks}) ==
              Token::exchange_over));
  network.home(four.o).takes_steps = true;
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::aborted));
  require_no_evidence(network);
}

BOOST_AUTO_TEST_CASE(an_owner_that_forgot_the_key_is_told_that_it_can_settle_or_abort) {
  Forgetful world(Step::check_id);
  auto& four = world.four;
  auto& network = world.network;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  auto told = bare_grant(held);
  told.consent = held.consent;
  const auto tell = [&] {
    BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
    network.queue.clear();
  };
  tell();
  BOOST_TEST((network.refused_wish(four.o, WishCheckId{four.x}) == Token::exchange_over));
  BOOST_TEST((network.refused_wish(four.o, WishRelease{four.x, {}}) == Token::waiting));
  // The consent itself is good, and is no step back.
  BOOST_TEST(!network.give(four.r, four.o, ConsentMessage{*held.request_id, *held.consent, held.acks}));
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::consented));
  told.acks = held.acks;
  told.id_answers = held.id_answers;
  tell();
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::id_checked));
  const auto outcome = network.input(four.o, Wish{WishRelease{four.x, {}}});
  BOOST_REQUIRE(!outcome.has_value());
  BOOST_TEST((outcome.error().token == Token::exchange_over));
  BOOST_TEST(outcome.error().hint == "mine --settle " + to_hex(four.x).substr(0, 12));
  BOOST_TEST(!network.node(four.o).due_step(network.state(four.o), four.x).has_value());
  network.wish(four.o, WishSettle{four.x});
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// What was released to a requester it tells itself: until then none of its grants is ended, and what is settled stays
// so.
BOOST_AUTO_TEST_CASE(a_forgotten_grant_waits_for_what_its_requester_tells) {
  for (const bool agreed : {false, true}) {
    Forgetful world(Step::check_id);
    auto& four = world.four;
    auto& network = world.network;
    network.queue.clear();
    const auto held = network.record(four.r, four.x);
    auto told = bare_grant(held);
    BOOST_TEST(!network.give(four.w1, four.o, OwnMessage{{told}, std::nullopt, asked}));
    BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::granted));
    if (agreed)
      told = OwnGrant{held.request, *held.grant, held.book, held.acks, held.consent, held.id_answers, std::nullopt};
    const auto expected = agreed ? ExchangeState::mined : ExchangeState::aborted;
    for (int again = 0; again < 2; ++again) {
      BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, std::nullopt, asked}));
      BOOST_TEST((network.state_of(four.o, four.x) == expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_owner_that_forgot_what_led_to_the_end_has_nothing_to_release_after_it) {
  Forgetful world(Step::release);
  auto& four = world.four;
  auto& network = world.network;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  const auto told = bare_grant(held);
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
  network.queue.clear();
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_REQUIRE((network.state_of(four.o, four.x) == ExchangeState::committed));
  BOOST_TEST((network.refused_wish(four.o, WishRelease{four.x, {}}) == Token::wrong_step));
  BOOST_TEST((network.refused_wish(four.o, WishCheckId{four.x}) == Token::exchange_over));
}

// Section 5: "O never signs both RELEASE and ABORT in one turn", nor a TRANSFER after an ABORT.
BOOST_AUTO_TEST_CASE(a_forgotten_grant_is_not_settled_once_an_abort_of_its_turn_was_signed) {
  Four four(Step::grant, 7);
  auto& network = four.network;
  network.home(four.o).takes_steps = network.home(four.r).takes_steps = false;
  auto old = network.backup(four.o);
  const auto forgotten = network.request(four.r, four.o, four.book());
  network.play(forgotten, Step::check_id);
  network.restore(four.o, std::move(old));
  declare_restore(network, four.o);
  std::vector<Envelope> of_requester;
  network.filter = [&](const Envelope& envelope) {
    const bool holds_back = envelope.from == four.r && std::holds_alternative<OwnMessage>(envelope.message);
    if (holds_back) of_requester.push_back(envelope);
    return !holds_back;
  };
  network.deliver_until_quiet();
  network.filter = nullptr;
  BOOST_TEST((network.state_of(four.o, forgotten) == ExchangeState::id_checked));
  network.wish(four.o, WishAbort{four.x, {}});
  for (const auto& envelope : of_requester) BOOST_TEST(!network.give(four.r, four.o, envelope.message));
  BOOST_TEST((network.state_of(four.o, forgotten) == ExchangeState::aborted));
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(four.r, forgotten) == ExchangeState::aborted));
  require_no_evidence(network);
}

// The key cannot be sent again by a home that has forgotten it.
BOOST_AUTO_TEST_CASE(an_owner_that_forgot_the_key_of_its_release_sends_no_key_again) {
  Forgetful world(Step::release);
  auto& four = world.four;
  auto& network = world.network;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  auto told = bare_grant(held);
  told.release = held.release;
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked}));
  network.queue.clear();
  BOOST_TEST(!network.give(four.r, four.o, SendAgain{four.x}));
  BOOST_TEST(count_queued<ReleaseMessage>(network) == 0U);
}

// A home put back from before it bought a book learns from the chain that it had it, and that it is gone.
BOOST_AUTO_TEST_CASE(a_home_that_forgot_that_it_bought_and_sold_a_book_has_neither_afterwards) {
  Network network(4);
  const auto buyer = network.port(0);
  const auto next = network.port(2);
  const auto book = network.add_book(network.port(1), "7");
  network.deliver_until_quiet();
  auto old = network.backup(buyer);
  (void)network.request(buyer, network.port(1), book);
  network.run();
  (void)network.request(next, buyer, book);
  network.run();
  network.require_equal_chains(2);
  network.restore(buyer, std::move(old));
  declare_restore(network, buyer);
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST(network.owner_of_book(buyer, book).value == next.value);
  BOOST_TEST(!shelf.get(network.state(buyer), book).has_value());
  require_no_evidence(network);
}

BOOST_AUTO_TEST_SUITE_END()
