// What requester and owner can do when the other one falls silent (docs/protocol.md, section 5), and which grants and
// encrypted books they take at all.
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/played.hpp"
#include "tests/scenarios/refusals.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(going_on_alone)

// Section 5: what each party can do without the other, and when.
BOOST_AUTO_TEST_CASE(a_requester_asks_the_witnesses_first_and_then_claims) {
  Four four(Step::grant);
  auto& network = four.network;
  const auto x = four.x;
  BOOST_TEST(!can_recover(network, four.r, network.draw<ExchangeId>()));
  BOOST_TEST(!can_recover(network, four.r, x));
  network.take(four.r, x, Step::consent);
  network.queue.clear();
  network.kill(four.o);
  BOOST_TEST(can_recover_by<WishClaim>(network, four.r, x));
  network.wish(four.r, WishClaim{x});
  BOOST_TEST(can_recover_by<WishAskAgain>(network, four.r, x));
  require_refused(network, four.r, WishMine{x}, Token::wrong_step,
                  "answers about the id are missing, receive is due at 5002, 5003");
  network.queue.clear();
  network.wish(four.r, WishAskAgain{x});
  network.deliver_until_quiet();
  BOOST_TEST(can_recover_by<WishClaim>(network, four.r, x, true));
  for (const auto witness : {four.w1, four.w2}) BOOST_TEST(!can_recover(network, witness, x));
  network.wish(four.r, WishClaim{x});
  BOOST_TEST(!can_recover(network, four.r, x));
  require_refused(network, four.r, WishCheckKey{x}, Token::wrong_step,
                  "votes are missing, receive is due at the other peers");
  network.run();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::committed));
  BOOST_TEST(!can_recover(network, four.r, x));
  BOOST_TEST(network.home(four.r).books.contains(four.book()));
  network.queue.clear();
  require_done_before(network, four.r, x, WishCheckKey{x});
}

BOOST_AUTO_TEST_CASE(an_owner_asks_again_and_settles_once_the_witnesses_agree) {
  Four four(Step::consent);
  auto& network = four.network;
  const auto x = four.x;
  BOOST_TEST(!can_recover(network, four.o, x));  // check-id is due
  network.take(four.o, x, Step::check_id);
  BOOST_TEST(can_recover_by<WishAskAgain>(network, four.o, x));
  network.deliver_until_quiet();
  BOOST_TEST(!can_recover(network, four.o, x));  // release is due
  network.play(x, Step::release);
  BOOST_TEST(can_recover_by<WishSettle>(network, four.o, x));
  network.wish(four.o, WishSettle{x});
  BOOST_TEST(!can_recover(network, four.o, x));
  network.queue.clear();
  require_done_before(network, four.o, x, WishSettle{x});
  network.wish(four.o, WishAskAgain{x});
  BOOST_TEST(count_queued<NewRound>(network) == 3U);
}

// Section 3, step 3: "comes only if R asks for it".
BOOST_AUTO_TEST_CASE(an_encrypted_book_that_was_spoiled_on_its_way_is_asked_for_again) {
  Four four(Step::request);
  auto& network = four.network;
  const auto x = four.x;
  network.home(four.r).takes_steps = false;
  network.take(four.o, x, Step::grant);
  for (auto& envelope : network.queue) envelope.package.reset();
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::granted));
  BOOST_TEST(!network.record(four.r, x).package_arrived);
  require_refused(network, four.r, WishConsent{x, std::nullopt}, Token::waiting, "the encrypted book has not come");
  for (const auto peer : {four.o, four.w1}) BOOST_TEST(!can_recover(network, peer, x));
  BOOST_TEST(can_recover_by<WishAskAgain>(network, four.r, x));
  network.wish(four.r, WishAskAgain{x});
  network.deliver_until_quiet();
  BOOST_TEST(network.record(four.r, x).package_arrived);
  BOOST_TEST(!can_recover(network, four.r, x));
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_TEST((network.state_of(four.r, x) == ExchangeState::committed));
}

// A TRANSFER that turns out to be invalid is dropped (an older home made it): each goes back to where it stood.
BOOST_AUTO_TEST_CASE(an_exchange_whose_transfer_is_dropped_stands_where_it_stood_before) {
  struct Case {
    Step last;
    TransferForm form;
    ExchangeState before;
  };
  for (const auto& [last, form, before] : {Case{Step::check_id, TransferForm::settled, ExchangeState::id_checked},
                                           Case{Step::release, TransferForm::settled, ExchangeState::released},
                                           Case{Step::consent, TransferForm::claimed, ExchangeState::consented},
                                           Case{Step::check_id, TransferForm::claimed, ExchangeState::id_checked},
                                           Case{Step::release, TransferForm::claimed, ExchangeState::released},
                                           Case{Step::open, TransferForm::claimed, ExchangeState::opened},
                                           Case{Step::check_key, TransferForm::claimed, ExchangeState::key_checked}}) {
    Four four(last);
    auto& network = four.network;
    network.home(four.r).takes_steps = network.home(four.o).takes_steps = false;
    const auto peer = form == TransferForm::settled ? four.o : four.r;
    auto record = network.record(peer, four.x);
    BOOST_REQUIRE((record.state == before));
    const Transfer without_acks{form, *record.book, record.request, *record.grant, *record.consent, {}, {}, {}};
    record.state = ExchangeState::mined;
    network.edit(peer, [&](Draft& draft) {
      exchanges.put(draft, four.x, record);
      pending.put(draft, 1, network.sign(peer, without_acks));
    });
    network.tick(peer);
    network.run();
    BOOST_TEST((network.state_of(peer, four.x) == before), name(before));
    BOOST_TEST(network.record(peer, four.x).token == "no-quorum");
    BOOST_TEST(pending.all(network.state(peer)).empty());
  }
}

// Witnesses may answer about the key before they are asked: what is due then is the block.
BOOST_AUTO_TEST_CASE(answers_about_the_key_that_nobody_asked_for_count_and_make_mine_due) {
  for (const bool claims : {false, true}) {
    Four four(Step::consent);
    auto& network = four.network;
    if (claims) network.wish(four.r, WishClaim{four.x});
    network.play(four.x, Step::open);
    const auto grant = *network.record(four.r, four.x).grant;
    const KeyAnswer answer{four.x, network.genesis().id_of(grant), grant.body.key_commitment};
    for (const auto witness : {four.w1, four.w2}) {
      BOOST_TEST(!network.give(witness, four.r, KeyAnswerMessage{network.sign(witness, answer)}));
    }
    require_refused(network, four.r, WishCheckKey{four.x}, Token::wrong_step, "mine is due at 5000");
    network.run();
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  }
}

// Section 5: an owner that settled may give the key all the same; the requester need not wait for the shares.
BOOST_AUTO_TEST_CASE(a_key_released_after_the_settlement_opens_the_book) {
  Played p(4, Step::check_id);
  auto& network = p.network;
  network.home(p.r).takes_steps = network.home(p.o).takes_steps = false;
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ShareMessage>(envelope.message); };
  network.wish(p.o, WishSettle{p.x});
  network.run();
  network.require_equal_chains(1);
  require_refused(network, p.r, WishOpen{p.x, {}}, Token::waiting, "neither the key nor enough shares of it have come");
  network.wish(p.o, WishRelease{p.x, {}});
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(p.o, p.x) == ExchangeState::committed));
  BOOST_TEST((network.state_of(p.r, p.x) == ExchangeState::committed));
  network.home(p.r).takes_steps = true;
  network.run();
  BOOST_TEST(network.home(p.r).books.contains(p.book));
}

BOOST_AUTO_TEST_CASE(a_key_that_comes_while_the_claim_is_voted_on_does_not_send_the_exchange_back) {
  Played p(4, Step::check_id);
  auto& network = p.network;
  network.home(p.r).takes_steps = network.home(p.o).takes_steps = false;
  network.wish(p.r, WishClaim{p.x});
  network.wish(p.o, WishRelease{p.x, {}});
  network.deliver_all<ReleaseMessage>();
  BOOST_TEST((network.state_of(p.r, p.x) == ExchangeState::mined));
  BOOST_TEST(network.record(p.r, p.x).key.has_value());
  network.home(p.r).takes_steps = true;
  network.run();
  BOOST_TEST((p.form() == TransferForm::claimed));
  BOOST_TEST(network.home(p.r).books.contains(p.book));
}

// Section 3, step 8: the TRANSFER carries the ID-ANSWERs. A key that came without them is mined once they are here.
BOOST_AUTO_TEST_CASE(a_key_without_the_answers_about_the_id_waits_for_them_before_it_is_mined) {
  for (const std::size_t peers : {4U, 5U}) {
    Played p(peers, Step::consent);
    auto& network = p.network;
    network.home(p.r).takes_steps = false;
    network.filter = [&](const Envelope& envelope) {
      return envelope.to != p.r || !std::holds_alternative<IdAnswerMessage>(envelope.message);
    };
    network.play(p.x, Step::check_id);
    network.take(p.o, p.x, Step::release);
    for (auto& envelope : network.queue) {
      if (auto* release = std::get_if<ReleaseMessage>(&envelope.message)) release->id_answers.clear();
    }
    network.play(p.x, Step::check_key);
    BOOST_REQUIRE((network.state_of(p.r, p.x) == ExchangeState::key_checked));
    network.wish(p.r, WishMine{p.x});
    const auto error = refusal(network, p.r, WishMine{p.x});
    BOOST_TEST(name(error.token) == name(Token::waiting));
    BOOST_TEST(error.what.find("answers about the id are missing") != std::string::npos, error.what);
    const bool needs_all = error.what.find("; with 4 peers every witness must answer") != std::string::npos;
    BOOST_TEST(needs_all == (peers == 4), error.what);
    BOOST_TEST(!network.node(p.r).due_step(network.state(p.r), p.x).has_value());
    BOOST_TEST(can_recover_by<WishAskAgain>(network, p.r, p.x));
    network.filter = nullptr;
    network.deliver_until_quiet();
    network.home(p.r).takes_steps = true;
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((p.form() == TransferForm::mined));
  }
}

// The book is a buyer's with the block, but it can grant it only once it can read it.
BOOST_AUTO_TEST_CASE(a_book_that_is_owned_and_not_opened_is_granted_only_when_it_is) {
  Played p(4, Step::check_id);
  auto& network = p.network;
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ShareMessage>(envelope.message); };
  network.home(p.o).takes_steps = false;
  network.wish(p.o, WishSettle{p.x});
  network.run();
  const auto sale = network.request(p.w, p.r, p.book);
  network.run();
  require_refused(network, p.r, some_grant(network, sale), Token::waiting);
  BOOST_TEST((network.state_of(p.r, sale) == ExchangeState::requested));
  network.filter = nullptr;
  BOOST_TEST(!network.give(p.r, p.network.port(3), WantShare{p.x}));
  BOOST_TEST(!network.give(p.r, p.w, WantShare{p.x}));
  network.run();
  network.require_equal_chains(2);
  BOOST_TEST(network.home(p.w).books.contains(p.book));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(grants_and_the_chain)

// Section 3, step 3: "R checks … O, version and turn against its chain". A grant ahead of the chain can catch up with
// it after the book went to another.
BOOST_AUTO_TEST_CASE(a_grant_that_ran_ahead_of_the_chain_is_not_consented_to_once_the_book_is_anothers) {
  Four four(Step::request, 5);
  auto& network = four.network;
  const auto book = four.book();
  // The owner lies: it grants what will be the next version, which it will not own.
  network.edit(four.o, [&](Draft& draft) { ownership.put(draft, book, Ownership{four.o, Version{1}, {}, {}, {}}); });
  network.take(four.o, four.x, Step::grant);
  network.edit(four.o, [&](Draft& draft) { ownership.erase(draft, book); });
  network.deliver_until_quiet();
  BOOST_TEST(network.record(four.r, four.x).acks.size() >= network.genesis().ack_quorum());
  require_refused(network, four.r, WishConsent{four.x, {}}, Token::waiting);
  BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), four.x).has_value());
  const auto sale = network.request(four.w1, four.o, book);
  network.run();
  network.require_equal_chains(1);
  BOOST_REQUIRE((network.state_of(four.w1, sale) == ExchangeState::committed));
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::granted));
  require_refused(network, four.r, WishConsent{four.x, {}}, Token::stale_version);
  BOOST_TEST(!network.node(four.r).due_step(network.state(four.r), four.x).has_value());
}

// Section 3, step 2: a witness acknowledges what it is shown; the grant of a peer that does not own the book binds
// nobody.
BOOST_AUTO_TEST_CASE(a_grant_by_a_peer_that_does_not_own_the_book_stands_in_nobodys_way) {
  Network network(5);
  const auto r = network.port(0);
  const auto owner = network.port(1);
  const auto liar = network.port(2);
  const auto other = network.port(3);
  const auto book = network.add_book(owner, "7");
  network.deliver_until_quiet();
  const auto& genesis = network.genesis();
  const auto id = network.draw<RequestId>();
  const auto request = network.sign(r, Request{r, liar, book, request_id_hash(id)});
  const auto y = genesis.exchange_of(request);
  const auto key = network.draw<BookKey>();
  const auto shares =
      split(key, genesis.share_threshold(), genesis.witness_count(), Bytes(32 * (genesis.share_threshold() - 1), 3));
  Grant body{y, {}, {}, network.draw<Hash>(), key_commitment(y, key), {}};
  for (std::uint32_t i = 0; i < shares.size(); ++i) body.share_commitments.push_back(share_commitment(y, i, shares[i]));
  const auto grant = network.sign(liar, body);
  const auto index = genesis.witness_index(r, liar, owner).value();
  BOOST_TEST(!network.give(liar, owner, WitnessShare{request, grant, shares[index]}));
  BOOST_TEST((network.record(owner, y).role == Role::witness));
  const auto x = network.request(other, owner, book);
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(other, x) == ExchangeState::committed));
  BOOST_TEST(network.home(other).books.contains(book));
}

// The encrypted book is a large file: it is kept where it is wanted, and sent where it is owed.
BOOST_AUTO_TEST_CASE(an_encrypted_book_is_taken_from_the_owner_for_an_open_request_and_once) {
  Four four(Step::request);
  auto& network = four.network;
  network.take(four.o, four.x, Step::grant);
  const auto message = *queued<GrantMessage>(network, four.r);
  const auto wanted = [&](PeerPort from, const Message& m) {
    return network.node(four.r).wanted_package(network.state(four.r), from, m).has_value();
  };
  BOOST_TEST(wanted(four.o, message));
  BOOST_TEST(!wanted(four.w1, message));
  BOOST_TEST(!wanted(four.o, Over{four.x, "", ""}));
  auto of_nobody = message;
  of_nobody.request = network.sign(four.r, Request{four.r, four.o, four.book(), network.draw<Hash>()});
  BOOST_TEST(!wanted(four.o, of_nobody));
  auto of_another_owner = message;
  of_another_owner.grant = network.sign(four.w1, message.grant.body);
  BOOST_TEST(!wanted(four.o, of_another_owner));
  auto of_another_exchange = message;
  of_another_exchange.grant.body.exchange = network.draw<ExchangeId>();
  of_another_exchange.grant = network.sign(four.o, of_another_exchange.grant.body);
  BOOST_TEST(!wanted(four.o, of_another_exchange));
  auto forged = message;
  forged.grant.signature.bytes[3] ^= 1U;
  BOOST_TEST(!wanted(four.o, forged));
  auto forged_book = message;
  forged_book.book.signature.bytes[3] ^= 1U;
  BOOST_TEST(!wanted(four.o, forged_book));
  auto other_book = message;
  other_book.book.body.serial = 99;
  other_book.book = network.sign(four.o, other_book.book.body);
  BOOST_TEST(!wanted(four.o, other_book));
  BOOST_TEST(!network.node(four.w1).wanted_package(network.state(four.w1), four.o, message).has_value());

  const auto owes = [&](PeerPort peer, const ExchangeId& exchange) {
    return network.node(peer).owes_package(network.state(peer), exchange);
  };
  BOOST_TEST(owes(four.o, four.x));
  network.deliver_until_quiet();
  BOOST_TEST(!wanted(four.o, message));  // it is here
  BOOST_TEST(!network.node(four.w1).wanted_package(network.state(four.w1), four.o, message).has_value());
  for (const auto peer : {four.r, four.w1}) BOOST_TEST(!owes(peer, four.x));
  BOOST_TEST(!owes(four.o, network.draw<ExchangeId>()));
  const auto again = network.request(four.r, four.o, four.book());
  network.deliver_until_quiet();
  BOOST_TEST(!owes(four.o, again));
  network.play(again, Step::grant);
  BOOST_TEST(owes(four.o, again));
  BOOST_TEST(!owes(four.o, four.x));  // of a turn the last one alone
  network.wish(four.r, WishAbort{again, {}});
  BOOST_TEST(!wanted(
      four.o, GrantMessage{network.record(four.r, again).request, *network.record(four.r, again).grant, message.book}));
  network.run();
  BOOST_TEST(!owes(four.o, four.x));
}

BOOST_AUTO_TEST_SUITE_END()
