// Owners whose homes were put back from a backup (docs/protocol.md, section 4): a restored home "asks for its own
// statements of open turns, settles what it can and aborts the rest before it grants". Else an honest owner sells a
// book twice, and the evidence names it.
#include "ledger/evidence.hpp"
#include "tests/scenarios/forgetful.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

std::string join_ports(const std::vector<PeerPort>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port.value);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(restored_owners)

BOOST_AUTO_TEST_CASE(a_forgotten_grant_is_ended_before_the_book_is_granted_to_another) {
  for (const bool forgets_request : {false, true}) {
    Forgetful world(Step::grant, forgets_request);
    auto& [four, network, second] = world;
    world.ask_for_it_too();
    const auto waits = network.node(four.o).may_grant(network.state(four.o), second);
    BOOST_REQUIRE(!waits);
    BOOST_TEST((waits.error().token == Token::waiting));
    network.deliver_until_quiet();
    BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::aborted));
    const auto busy = network.node(four.o).may_grant(network.state(four.o), second);
    BOOST_REQUIRE(!busy);
    BOOST_TEST((busy.error().token == Token::book_busy));
    network.run();
    BOOST_TEST((network.state_of(four.w1, second) == ExchangeState::committed));
    BOOST_TEST(network.record(four.w1, second).grant->body.turn.value == 1U);
    BOOST_TEST(!recall_fact.get(network.state(four.o)).has_value());
    network.require_equal_chains(2);
    require_no_evidence(network);
  }
}

BOOST_AUTO_TEST_CASE(until_q_others_have_told_what_they_hold_a_restored_owner_grants_nothing) {
  Forgetful world(Step::grant);
  auto& [four, network, second] = world;
  network.kill(four.w2);
  const auto fifth = network.port(4);
  network.kill(fifth);
  world.ask_for_it_too();
  network.run();
  auto waits = network.node(four.o).may_grant(network.state(four.o), second);
  BOOST_REQUIRE(!waits);
  BOOST_TEST((waits.error().token == Token::waiting));
  // With five peers q is four: all others. Catching up, which takes as many, is not what it still waits for.
  network.edit(four.o, [](Draft& draft) {
    mute_until_fact.put(draft, Height{0});
    restore_fact.erase(draft);
  });
  waits = network.node(four.o).may_grant(network.state(four.o), second);
  BOOST_REQUIRE(!waits);
  BOOST_TEST(waits.error().subject == join_ports({four.w2, fifth}));
  BOOST_TEST((network.refused_wish(four.o, WishAbort{four.x, {}}) == Token::waiting));
}

BOOST_AUTO_TEST_CASE(a_forgotten_grant_with_consent_and_answers_is_settled) {
  Forgetful world(Step::check_id);
  auto& [four, network, second] = world;
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::requested));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  BOOST_TEST((transfer_in(network.chain(four.r).front()).form == TransferForm::settled));
  // The key comes from the witnesses: its owner has forgotten it.
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_TEST(network.home(four.r).books.contains(four.book()));
  require_no_evidence(network);
}

BOOST_AUTO_TEST_CASE(a_forgotten_release_is_never_followed_by_an_abort) {
  Forgetful world(Step::release);
  auto& [four, network, second] = world;
  // What it could settle by is kept from it: the release alone is told.
  network.filter = [&](const Envelope& envelope) {
    const auto* own = std::get_if<OwnMessage>(&envelope.message);
    return own == nullptr || own->grants.empty();
  };
  world.ask_for_it_too();
  network.run();
  network.filter = nullptr;
  const auto held = network.record(four.r, four.x);
  for (const auto witness : {four.w1, four.w2, network.port(4)}) {
    (void)network.give(witness, four.o, OwnMessage{{}, std::nullopt, asked});
  }
  const OwnGrant told{held.request, *held.grant, held.book, {}, std::nullopt, {}, held.release};
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, std::nullopt, asked}));
  network.run();
  BOOST_TEST((network.refused_wish(four.o, WishAbort{four.x, {}}) == Token::too_late));
  BOOST_TEST((network.state_of(four.w1, second) != ExchangeState::granted));
  network.home(four.r).takes_steps = true;
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  require_no_evidence(network);
}

BOOST_AUTO_TEST_CASE(what_is_told_of_own_grants_is_checked) {
  Forgetful world(Step::release);
  auto& [four, network, second] = world;
  network.queue.clear();
  const auto held = network.record(four.r, four.x);
  auto forged = OwnGrant{held.request, *held.grant, held.book, {}, std::nullopt, {}, held.release};
  forged.grant.signature.bytes[5] ^= 1U;
  BOOST_TEST((network.give(four.w1, four.o, OwnMessage{{forged}, std::nullopt, asked}) == Token::bad_signature));
  // A release that the owner did not sign, a consent of somebody else, an answer of no witness.
  auto told = OwnGrant{held.request, *held.grant, held.book, {}, held.consent, held.id_answers, held.release};
  told.release->signature.bytes[5] ^= 1U;
  told.consent = network.sign(four.w1, held.consent->body);
  told.id_answers = {network.sign(four.o, held.id_answers.front().body)};
  BOOST_TEST(!network.give(four.w1, four.o, OwnMessage{{told}, std::nullopt, asked}));
  const auto taken = network.record(four.o, four.x);
  BOOST_TEST((taken.state == ExchangeState::granted));
  BOOST_TEST(!taken.release.has_value());
  BOOST_TEST(!taken.consent.has_value());
  BOOST_TEST(taken.id_answers.empty());
  // Nobody is asked who did not restore its home.
  BOOST_TEST(!network.give(four.r, four.w2, OwnMessage{{told}, std::nullopt, asked}));
  BOOST_TEST((network.record(four.w2, four.x).role == Role::witness));
}

// Section 3, step 5: a home that has the key of a grant and forgot what came after it releases on CONSENT, A ACKs and a
// yeses, as any other. A requester that gave the exchange up at the witnesses got no ACK, so nothing could be recorded
// of a key that it is given.
BOOST_AUTO_TEST_CASE(an_owner_put_back_gives_no_key_away_without_acks_and_frees_the_book) {
  Four four(Step::request);
  auto& network = four.network;
  for (const auto witness : {four.w1, four.w2}) BOOST_TEST(!network.give(four.r, witness, Over{four.x, "", ""}));
  network.play(four.x, Step::grant);
  const auto record = network.record(four.o, four.x);
  BOOST_TEST(record.acks.empty());
  const auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*record.grant)});
  std::vector<Signed<IdAnswer>> answers;
  for (const auto witness : {four.w1, four.w2}) {
    answers.push_back(network.sign(witness, IdAnswer{four.x, network.genesis().id_of(consent), true}));
  }
  declare_restore(network, four.o);
  const OwnGrant told{record.request, *record.grant, record.book, {}, consent, answers, std::nullopt};
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{told}, std::nullopt, asked}));
  network.run();
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::consented));
  BOOST_TEST((network.refused_wish(four.o, WishRelease{four.x, std::nullopt}) == Token::waiting));
  BOOST_TEST((network.refused_wish(four.o, WishSettle{four.x}) == Token::waiting));
  BOOST_TEST(!network.record(four.r, four.x).key.has_value());
  network.wish(four.o, WishAbort{four.x, {}});
  network.run();
  network.require_equal_chains(1);
  const auto next = network.request(four.w1, four.o, four.book());
  network.run();
  BOOST_TEST((network.state_of(four.w1, next) == ExchangeState::committed));
}

BOOST_AUTO_TEST_CASE(a_witness_answers_nothing_about_the_id_of_an_exchange_that_was_given_up_before_its_ack) {
  Four four(Step::request);
  auto& network = four.network;
  BOOST_TEST(!network.give(four.r, four.w1, Over{four.x, "", ""}));
  network.play(four.x, Step::grant);
  const auto record = network.record(four.o, four.x);
  const auto id = *network.record(four.r, four.x).request_id;
  const auto consent = network.sign(four.r, Consent{four.x, network.genesis().id_of(*record.grant)});
  for (const auto witness : {four.w1, four.w2}) {
    BOOST_TEST(!network.give(four.r, witness, CheckId{id, record.request, *record.grant, consent}));
  }
  BOOST_TEST(network.record(four.w1, four.x).id_answers.empty());
  // The other one was told nothing of that, and acknowledged the share.
  BOOST_TEST(network.record(four.w2, four.x).id_answers.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_owner_put_back_with_the_key_of_its_grant_goes_on_with_it) {
  for (const auto last : {Step::grant, Step::consent, Step::check_id, Step::release}) {
    Four four(Step::request);
    auto& network = four.network;
    network.deliver_until_quiet();
    network.take(four.o, four.x, Step::grant);
    auto old = network.backup(four.o);
    network.play(four.x, last);
    network.restore(four.o, std::move(old));
    BOOST_TEST(network.record(four.o, four.x).acks.empty());
    declare_restore(network, four.o);
    network.run();
    BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed), name(last));
    network.require_equal_chains(1);
    require_no_evidence(network);
  }
}

// Who tells of a consent need not tell of the ACKs: they are asked for when it comes to light.
BOOST_AUTO_TEST_CASE(an_owner_put_back_asks_for_the_acks_it_lacks) {
  Four four(Step::request);
  auto& network = four.network;
  network.deliver_until_quiet();
  network.take(four.o, four.x, Step::grant);
  auto old = network.backup(four.o);
  network.play(four.x, Step::check_id);
  const auto held = network.record(four.r, four.x);
  network.restore(four.o, std::move(old));
  declare_restore(network, four.o);
  network.filter = [](const Envelope& envelope) { return !std::holds_alternative<OwnMessage>(envelope.message); };
  network.deliver_until_quiet();
  for (const auto witness : {four.w1, four.w2})
    BOOST_TEST(!network.give(witness, four.o, OwnMessage{{}, std::nullopt, asked}));
  const OwnGrant told{held.request, *held.grant, held.book, {}, held.consent, held.id_answers, std::nullopt};
  const auto own = OwnMessage{{told}, TurnPlace{four.book(), {}, {}}, asked};
  for (int i = 0; i < 5; ++i) BOOST_TEST(!network.give(four.r, four.o, own));
  BOOST_TEST((network.state_of(four.o, four.x) == ExchangeState::consented));
  BOOST_TEST(count_queued<SendAgain>(network) == 3U, "told again, it asks nobody again");
  BOOST_TEST(!network.give(four.r, four.o, OwnMessage{{}, std::nullopt, asked}));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
  network.require_equal_chains(1);
}

BOOST_AUTO_TEST_SUITE_END()
