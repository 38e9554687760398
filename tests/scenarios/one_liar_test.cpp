// One peer that cheats takes nothing from the others in an exchange (docs/protocol.md, sections 3, 5 and 7): each
// test is one message that used to end, block or empty an exchange of honest peers.
#include "ledger/exchange_parts.hpp"
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

bool holds_book(const Network& network, PeerPort peer, const BookId& book) {
  return shelf.get(network.state(peer), book).has_value() && network.home(peer).books.contains(book);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(one_liar)

// Section 5: "Before CONSENT a failed check ends the request; after it only the chain does." An owner that grants
// again with another BOOK, signed or not, takes neither package nor plaintext from the requester.
BOOST_AUTO_TEST_CASE(a_grant_of_another_book_after_consent_takes_nothing_from_the_requester) {
  for (const auto last : {Step::consent, Step::open, Step::check_key}) {
    Four four(last);
    auto& network = four.network;
    const auto record = network.record(four.o, four.x);
    const auto before = network.record(four.r, four.x);
    auto other = *record.book;
    ++other.body.serial;
    for (const auto& book : {other, network.sign(four.o, other.body)}) {
      const auto token = network.give(four.o, four.r, GrantMessage{record.request, *record.grant, book});
      BOOST_TEST((token == Token::wrong_book || token == Token::bad_signature));
    }
    BOOST_TEST((network.state_of(four.r, four.x) == before.state));
    BOOST_TEST(network.home(four.r).packages.contains(four.x));
    BOOST_TEST(network.home(four.r).plaintexts.contains(four.x) == before.plaintext_ready);
    network.play(four.x, Step::check_id);
    network.wish(four.o, WishSettle{four.x});
    network.run();
    BOOST_TEST(network.owner_of_book(four.w1, four.book()).value == four.r.value);
    BOOST_TEST(holds_book(network, four.r, four.book()));
  }
}

// Section 3, step 2: what fits the GRANT has come; one that does not fit is refused and ends nothing.
BOOST_AUTO_TEST_CASE(a_grant_of_another_book_after_the_package_ends_nothing) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto record = network.record(four.o, four.x);
  auto other = *record.book;
  ++other.body.serial;
  other = network.sign(four.o, other.body);
  BOOST_TEST((network.give(four.o, four.r, GrantMessage{record.request, *record.grant, other}) == Token::wrong_book));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(holds_book(network, four.r, four.book()));
}

// What an exchange held is dropped when it ends, and it is not said to hold it any more: nothing without content
// comes to a shelf.
BOOST_AUTO_TEST_CASE(an_exchange_that_ended_holds_neither_package_nor_plaintext) {
  Four four(Step::check_key);
  auto& network = four.network;
  const auto sibling = network.request(four.r, four.o, four.book());
  network.play(sibling, Step::check_key);
  network.run();
  for (const auto& x : {four.x, sibling}) {
    const auto record = network.record(four.r, x);
    if (record.state == ExchangeState::committed) continue;
    BOOST_TEST(!record.package_arrived);
    BOOST_TEST(!record.plaintext_ready);
    BOOST_TEST(!network.home(four.r).plaintexts.contains(x));
  }
}

// Section 3, step 5, and section 7, "a witness tells O and R different things": what it told R is no reason to drop the
// key of an honest owner.
BOOST_AUTO_TEST_CASE(a_witness_that_says_no_to_the_requester_and_yes_to_the_owner_does_not_keep_the_key_away) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto consent = network.genesis().id_of(*network.record(four.r, four.x).consent);
  const auto no = network.sign(four.w2, IdAnswer{four.x, consent, false});
  BOOST_TEST(!network.give(four.w2, four.r, IdAnswerMessage{no}));
  network.filter = [&](const Envelope& envelope) {
    return envelope.from != four.w2 || envelope.to != four.r ||
           !std::holds_alternative<IdAnswerMessage>(envelope.message);
  };
  network.play(four.x, Step::release);
  const auto record = network.record(four.r, four.x);
  BOOST_TEST(record.key.has_value());
  // Its signed yes counts, whatever else it signed.
  BOOST_TEST(yes_answers(record) == 2U);
  network.filter = nullptr;
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(holds_book(network, four.r, four.book()));
}

// Section 3, step 6: only a key that "does not fit kc is no key": an answer beside it that fits nothing is left out.
BOOST_AUTO_TEST_CASE(answers_that_fit_nothing_do_not_veto_the_key_beside_them) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto record = network.record(four.o, four.x);
  const auto stray = network.sign(four.w1, IdAnswer{four.x, network.draw<Hash>(), true});
  auto forged = network.sign(four.w2, IdAnswer{four.x, network.genesis().id_of(*record.consent), true});
  forged.signature.bytes[0] ^= 1U;
  const auto release = network.sign(four.o, Release{four.x, network.genesis().id_of(*record.grant)});
  BOOST_TEST(!network.give(four.o, four.r, ReleaseMessage{*record.key, {stray, forged}, release}));
  BOOST_TEST(network.record(four.r, four.x).key.has_value());
  BOOST_TEST(network.record(four.r, four.x).id_answers.empty());
}

// Section 5: "O, with all that release needs, proposes the TRANSFER as settled": an ACK that a witness made up before
// there was a GRANT does not stand in it.
BOOST_AUTO_TEST_CASE(an_ack_made_up_before_the_grant_does_not_stop_the_owner_from_settling) {
  for (const std::size_t peers : {4U, 7U}) {
    for (const bool in_an_old_home : {false, true}) {
      Network network(peers);
      const auto r = network.port(0);
      const auto o = network.port(1);
      const auto w = network.port(3);
      const auto book = network.add_book(o, "7");
      network.deliver_until_quiet();
      const auto x = network.request(r, o, book);
      network.deliver_until_quiet();
      const auto bogus = network.sign(w, Ack{x, network.draw<Hash>()});
      BOOST_TEST((network.give(w, o, AckMessage{bogus}) == Token::unexpected));
      if (in_an_old_home) {
        network.edit(o, [&](Draft& draft) {
          auto record = network.record(o, x);
          record.acks = {bogus};
          exchanges.put(draft, x, record);
        });
      }
      network.play(x, Step::release);
      BOOST_TEST((network.state_of(o, x) == ExchangeState::released));
      network.kill(r);
      network.wish(o, WishSettle{x});
      network.run();
      BOOST_TEST((network.state_of(o, x) == ExchangeState::committed));
      BOOST_TEST(network.owner_of_book(w, book).value == r.value);
    }
  }
}

// Section 6: "an honest R with k and RELEASE can record it too": without the ID-ANSWERs that belong beside the key it
// collects them itself, and says so.
BOOST_AUTO_TEST_CASE(a_release_without_answers_about_the_id_does_not_lead_the_requester_into_a_dead_end) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    Four four(Step::consent, peers);
    auto& network = four.network;
    const auto record = network.record(four.o, four.x);
    const auto release = network.sign(four.o, Release{four.x, network.genesis().id_of(*record.grant)});
    BOOST_TEST(!network.give(four.o, four.r, ReleaseMessage{*record.key, {}, release}));
    network.kill(four.o);
    network.take(four.r, four.x, Step::open);
    network.take(four.r, four.x, Step::check_key);
    network.deliver_until_quiet();
    BOOST_REQUIRE((network.state_of(four.r, four.x) == ExchangeState::key_checked));
    network.wish(four.r, WishMine{four.x});
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::key_checked));
    BOOST_TEST((network.refused_wish(four.r, WishMine{four.x}) == Token::waiting));
    network.wish(four.r, WishClaim{four.x});  // asks for the same answers, and changes nothing
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::key_checked));
    BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), four.x).has_value());
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((transfer_in(network.chain(four.r).front()).form == TransferForm::mined));
    BOOST_TEST(holds_book(network, four.r, four.book()));
  }
}

// Section 4: a block is valid or it is not: what no block can hold is not submitted, and nothing is said to be mined.
BOOST_AUTO_TEST_CASE(a_transfer_that_no_block_can_hold_is_refused_when_it_is_mined) {
  Four four(Step::check_key);
  auto& network = four.network;
  network.edit(four.r, [&](Draft& draft) {
    auto record = network.record(four.r, four.x);
    record.key_answers.front().signature.bytes[0] ^= 1U;
    exchanges.put(draft, four.x, record);
  });
  BOOST_TEST((network.refused_wish(four.r, WishMine{four.x}) == Token::bad_signature));
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::key_checked));
  BOOST_TEST(pending.all(network.state(four.r)).empty());
}

// A transaction of an older home that turns out to be invalid is dropped, and its exchange says so.
BOOST_AUTO_TEST_CASE(an_exchange_whose_transfer_is_dropped_is_not_mined_any_more) {
  Four four(Step::check_key);
  auto& network = four.network;
  const auto good = network.record(four.r, four.x);
  network.edit(four.r, [&](Draft& draft) {
    auto record = good;
    record.state = ExchangeState::mined;
    exchanges.put(draft, four.x, record);
    pending.put(draft, 1,
                network.sign(four.r, Transfer{TransferForm::mined,
                                              *good.book,
                                              good.request,
                                              *good.grant,
                                              *good.consent,
                                              good.acks,
                                              {},
                                              good.key_answers}));
  });
  network.home(four.r).takes_steps = false;
  network.tick(four.r);
  network.run();
  const auto record = network.record(four.r, four.x);
  BOOST_TEST((record.state == ExchangeState::key_checked));
  BOOST_TEST(record.token == "no-quorum");
  BOOST_TEST(pending.all(network.state(four.r)).empty());
  // Mined again, with what it holds, it is recorded.
  network.wish(four.r, WishMine{four.x});
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(network.record(four.r, four.x).token.empty());
}

// Section 5: "O may grant to the same R again in the same turn": but a requester that asks without end costs the owner
// one waiting request and one encrypted copy.
BOOST_AUTO_TEST_CASE(a_newer_request_takes_the_place_of_one_that_waits_for_its_grant) {
  Four four(Step::request);
  auto& network = four.network;
  const auto other = network.request(four.w1, four.o, four.book());
  network.deliver_until_quiet();
  std::vector<ExchangeId> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(network.request(four.r, four.o, four.book()));
    network.deliver_until_quiet();
  }
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::refused));
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::refused));
  BOOST_TEST((network.state_of(four.o, all[18]) == ExchangeState::refused));
  BOOST_TEST((network.state_of(four.o, all[19]) == ExchangeState::requested));
  // Another requester's is none of its business.
  BOOST_TEST((network.state_of(four.o, other) == ExchangeState::requested));
  network.take(four.o, all[19], Step::grant);
  network.run();
  BOOST_TEST((network.state_of(four.r, all[19]) == ExchangeState::committed));
  BOOST_TEST((network.state_of(four.w1, other) == ExchangeState::refused));
}

BOOST_AUTO_TEST_CASE(of_the_grants_of_a_turn_the_owner_keeps_one_encrypted_copy) {
  Four four(Step::grant);
  auto& network = four.network;
  for (int i = 0; i < 3; ++i) {
    network.play(network.request(four.r, four.o, four.book()), Step::grant);
    BOOST_TEST(network.home(four.o).packages.size() == 1U);
  }
  // The requester has what it needs to go on with the first.
  network.play(four.x, Step::mine);
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(holds_book(network, four.r, four.book()));
}

// Section 2: "What an open exchange needs is kept until it ends": a requester that forgot its exchange, granted or
// consented, asks again and gets the book.
BOOST_AUTO_TEST_CASE(a_requester_put_back_from_a_backup_asks_again_and_gets_the_book) {
  for (const auto last : {Step::request, Step::grant, Step::consent}) {
    Network network(4);
    const auto r = network.port(0);
    const auto o = network.port(1);
    const auto book = network.add_book(o, "7");
    network.deliver_until_quiet();
    auto backup = network.backup(r);
    const auto forgotten = network.request(r, o, book);
    network.play(forgotten, last);
    network.restore(r, std::move(backup));
    const auto x = network.request(r, o, book);
    network.run();
    BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
    BOOST_TEST(holds_book(network, r, book));
  }
}

// The grants of one turn are limited, at the owner and in what a witness remembers; an ABORT begins another turn.
BOOST_AUTO_TEST_CASE(after_64_grants_in_a_turn_the_owner_grants_no_more_until_it_aborts) {
  Four four(Step::grant);
  auto& network = four.network;
  for (std::size_t i = 1; i < max_turn_exchanges; ++i) {
    network.play(network.request(four.r, four.o, four.book()), Step::grant);
  }
  const TurnKey key{four.o, four.book(), Version{}, Turn{}};
  BOOST_TEST(turns.get(network.state(four.o), key)->exchanges.size() == max_turn_exchanges);
  const auto refused = network.request(four.r, four.o, four.book());
  network.play(refused, Step::grant);
  BOOST_TEST((network.state_of(four.r, refused) == ExchangeState::refused));
  BOOST_TEST(network.record(four.r, refused).token == "over-quota");
  // A request that was taken before waits.
  network.edit(four.o, [&](Draft& draft) {
    auto record = network.record(four.o, four.x);
    record = ExchangeRecord{};
    record.role = Role::owner;
    record.request = network.record(four.r, refused).request;
    record.book = network.record(four.r, refused).book;
    exchanges.put(draft, refused, record);
  });
  BOOST_TEST((network.refused_wish(four.o, WishGrant{refused, {}, Bytes(32), {}}) == Token::over_quota));
  // An owner that knows no limit makes no row of a witness grow.
  const auto id = network.draw<RequestId>();
  const auto request = network.sign(four.r, Request{four.r, four.o, four.book(), request_id_hash(id)});
  const auto [grant, shares] = four.other_grant(request);
  BOOST_TEST(!network.give(four.o, four.w1, WitnessShare{request, grant, shares[0]}));
  BOOST_TEST(turns.get(network.state(four.w1), key)->exchanges.size() == max_turn_exchanges);
  network.wish(four.o, WishAbort{four.x, {}});
  network.deliver_until_quiet();
  network.require_equal_chains(1);
  const auto again = network.request(four.r, four.o, four.book());
  network.play(again, Step::mine);
  BOOST_TEST((network.state_of(four.r, again) == ExchangeState::committed));
}

// A requester that asks for each grant of a turn again would have as many copies of the book encrypted and kept.
BOOST_AUTO_TEST_CASE(of_the_grants_of_a_turn_the_last_alone_is_sent_again_with_the_encrypted_book) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto newer = network.request(four.r, four.o, four.book());
  network.play(newer, Step::grant);
  const auto comes_with_package = [&](const ExchangeId& exchange) {
    const auto outcome = network.input(four.o, Received{four.r, SendAgain{exchange}, std::nullopt});
    BOOST_REQUIRE(outcome.has_value());
    BOOST_REQUIRE(outcome.value().effects.outgoing.size() == 1U);
    const auto& leaving = outcome.value().effects.outgoing.front();
    BOOST_TEST(std::holds_alternative<GrantMessage>(leaving.message));
    return leaving.with_package;
  };
  BOOST_TEST(!comes_with_package(four.x));
  BOOST_TEST(comes_with_package(newer));
  // What the courier asks before it encrypts the book anew.
  BOOST_TEST(!network.node(four.o).owes_package(network.state(four.o), four.x));
  BOOST_TEST(network.node(four.o).owes_package(network.state(four.o), newer));
  // The requester has the older one, and may consent to it.
  network.play(four.x, Step::mine);
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST(holds_book(network, four.r, four.book()));
}

BOOST_AUTO_TEST_SUITE_END()
