// What can be disputed, when, and what a DISPUTE in the chain is to each peer (docs/protocol.md, section 5). What
// proves a dispute is in vanishing_test.cpp, races with other ends in racing_test.cpp.
#include "ledger/evidence.hpp"
#include "ledger/exchange_parts.hpp"
#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/contended.hpp"
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/refusals.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The requester has opened what is not the book; the owner does nothing by itself any more.
struct Found : Cheated {
  explicit Found(std::size_t peers = 4) : Cheated(Step::release, peers) {
    network.home(o).takes_steps = network.home(r).takes_steps = false;
    (void)network.take_step(r, {x, Step::open});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(disputes)

BOOST_AUTO_TEST_CASE(before_anything_is_found_false_there_is_nothing_to_dispute) {
  for (const auto last : {Step::request, Step::grant, Step::release}) {
    Four four(last);
    const auto error = refusal(four.network, four.r, WishDispute{four.x});
    BOOST_TEST((error.token == Token::unexpected));
    BOOST_TEST(error.hint == "show-exchange " + to_hex(four.x).substr(0, 12));
  }
}

BOOST_AUTO_TEST_CASE(a_book_found_false_is_not_opened_again_and_disputed_once) {
  Found c;
  auto& network = c.network;
  BOOST_TEST((refusal(network, c.r, WishOpen{c.x, std::nullopt}).token == Token::wrong_book));
  BOOST_TEST((network.node(c.r).due_step(network.state(c.r), c.x) == Step::dispute));
  network.wish(c.r, WishDispute{c.x});
  BOOST_TEST(pending.all(network.state(c.r)).size() == 1U);
  const auto begun = std::exchange(network.queue, {});
  network.wish(c.r, WishDispute{c.x});
  BOOST_TEST(network.queue.empty());
  BOOST_TEST(pending.all(network.state(c.r)).size() == 1U);
  BOOST_TEST(!network.node(c.r).due_step(network.state(c.r), c.x).has_value());
  BOOST_TEST(!network.node(c.r).recovery(network.state(c.r), c.x).has_value());
  // What was lost is asked for again: the voters are part of that.
  network.wish(c.r, WishAskAgain{c.x});
  BOOST_TEST(count_queued<NewRound>(network) == 3U);
  for (const auto& envelope : begun) network.queue.push_back(envelope);
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST((network.state_of(c.r, c.x) == ExchangeState::invalid));
  network.wish(c.r, WishDispute{c.x});
  BOOST_TEST(network.queue.empty());
}

// "DISPUTE … a mark against O", at every peer, with the proof where none was told of it before.
BOOST_AUTO_TEST_CASE(a_dispute_in_the_chain_is_a_mark_and_evidence_at_every_peer) {
  for (const bool settled : {false, true}) {
    Found c;
    auto& network = c.network;
    network.queue.clear();  // with what the requester told of its evidence
    if (settled) {
      network.wish(c.o, WishSettle{c.x});
      network.run();
    }
    for (const auto& peer : network.genesis().peers()) {
      BOOST_TEST(!is_marked(network.state(peer.port), c.x, network.record(peer.port, c.x)));
    }
    network.take(c.r, c.x, Step::dispute);
    network.filter = [](const Envelope& envelope) {
      return !std::holds_alternative<EvidenceMessage>(envelope.message);
    };
    network.run();
    for (const auto& peer : network.genesis().peers()) {
      BOOST_TEST_CONTEXT("at " << peer.port.value) {
        BOOST_TEST(is_marked(network.state(peer.port), c.x, network.record(peer.port, c.x)));
        const auto found = evidence_rows.all(network.state(peer.port), encode(c.o));
        BOOST_REQUIRE(found.size() == 1U);
        BOOST_TEST(fault(found.front().second.evidence) == "bad-chunk");
      }
    }
  }
}

// "in the turn of that GRANT it ends the turn": once another grant of it is recorded, the proof is evidence and no
// more.
BOOST_AUTO_TEST_CASE(a_false_grant_whose_sibling_was_recorded_is_disputed_no_more_and_proven_all_the_same) {
  Contended c(4, 1, granted_twice_and_falsely);
  auto& network = c.network;
  mine(c);
  network.run();
  BOOST_REQUIRE((network.state_of(c.r, c.x) == ExchangeState::committed));
  BOOST_TEST((network.state_of(c.r, c.y) == ExchangeState::invalid));
  const auto error = refusal(network, c.r, WishDispute{c.y});
  BOOST_TEST((error.token == Token::exchange_over));
  BOOST_TEST(error.what.ends_with("; the proof against the owner is kept"), error.what);
  BOOST_TEST(error.hint == "evidence list");
}

// "after its TRANSFER, while R holds the book at that version": not after it came back from somebody else.
BOOST_AUTO_TEST_CASE(a_false_book_that_was_sold_on_and_bought_back_is_disputed_no_more) {
  Contended c(4, 1, sold_on);
  auto& network = c.network;
  BOOST_TEST((network.node(c.r).due_step(network.state(c.r), c.x) == Step::dispute));
  mine_sale(c);
  network.run();
  BOOST_REQUIRE((network.owner_of_book(c.r, c.book) == c.s));
  BOOST_TEST((refusal(network, c.r, WishDispute{c.x}).token == Token::unexpected));
  const auto back = network.request(c.r, c.s, c.book);
  network.play(back, Step::mine);
  network.run();
  BOOST_REQUIRE((network.owner_of_book(c.s, c.book) == c.r));
  const auto error = refusal(network, c.r, WishDispute{c.x});
  BOOST_TEST((error.token == Token::unexpected));
  BOOST_TEST(error.what.ends_with("; the proof against the owner is kept"), error.what);
  BOOST_TEST(error.hint == "evidence list");
}

// A TRANSFER that turns out to be invalid is dropped (an older home made it): what was found stays found.
BOOST_AUTO_TEST_CASE(a_book_found_false_stays_so_when_the_claim_of_it_is_dropped) {
  Found c;
  auto& network = c.network;
  auto record = network.record(c.r, c.x);
  const Transfer without_acks{
      TransferForm::claimed, *record.book, record.request, *record.grant, *record.consent, {}, {}, {}};
  record.state = ExchangeState::mined;
  network.edit(c.r, [&](Draft& draft) {
    exchanges.put(draft, c.x, record);
    pending.put(draft, 1, network.sign(c.r, without_acks));
  });
  network.tick(c.r);
  network.run();
  BOOST_TEST((network.state_of(c.r, c.x) == ExchangeState::released));
  BOOST_TEST(network.record(c.r, c.x).token == "wrong-book");
  BOOST_TEST((network.node(c.r).due_step(network.state(c.r), c.x) == Step::dispute));
}

// What could not be read proves nothing against the owner, and changes nothing.
BOOST_AUTO_TEST_CASE(a_package_that_cannot_be_read_is_no_proof_and_is_tried_again) {
  Four four(Step::release);
  auto& network = four.network;
  const Error unreadable{Token::bad_file, "the package ends too early", {}, {}};
  BOOST_TEST((refusal(network, four.r, WishOpen{four.x, unreadable, std::nullopt}).token == Token::bad_file));
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::released));
  network.run();
  BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::committed));
}

// A block has a largest size. What does not fit beside the others is recorded in the next one, and none is left out.
BOOST_AUTO_TEST_CASE(disputes_that_do_not_fit_in_one_block_are_recorded_in_two) {
  static constexpr std::uint32_t chunk_bytes = 100'000;
  static constexpr std::uint32_t block_bytes = std::uint32_t{1} << 18U;
  Network network(4, 1, [](GenesisFields& fields) {
    fields.chunk_size = chunk_bytes;
    fields.limits.block_bytes = block_bytes;
  });
  const auto r = network.port(0);
  const auto o = network.port(1);
  std::vector<ExchangeId> all;
  network.home(r).takes_steps = network.home(o).takes_steps = false;
  for (const std::string_view title : {"First", "Second", "Third"}) {
    const auto book = network.add_text(o, std::string(title), Bytes(std::size_t{2} * chunk_bytes, 'a'));
    network.deliver_until_quiet();
    all.push_back(network.request(r, o, book));
    network.deliver_until_quiet();
    (void)grant_another_book(network, o, all.back(), book);
    network.play(all.back(), Step::release);
    (void)network.take_step(r, {all.back(), Step::open});
    network.deliver_until_quiet();
  }
  for (const auto& exchange : all) network.wish(r, WishDispute{exchange});
  network.run();
  network.require_equal_chains(2);
  const auto chain = network.chain(o);
  BOOST_TEST(chain.front().block.transactions.size() == 2U);
  BOOST_TEST(chain.back().block.transactions.size() == 1U);
  for (const auto& committed : chain) BOOST_TEST(encode(committed.block).size() <= block_bytes);
  for (const auto& exchange : all) BOOST_TEST((network.state_of(o, exchange) == ExchangeState::invalid));
  BOOST_TEST(marks.all(network.state(o)).size() == 3U);
}

// ---- witnesses that hear of it late ----

BOOST_AUTO_TEST_CASE(a_witness_that_no_grant_reached_forgets_the_id_when_the_exchange_was_disputed) {
  Cheated c(Step::request, 5);
  auto& network = c.network;
  const auto late = network.port(4);
  const auto y = network.request(c.r, c.o, c.book);
  network.deliver_until_quiet();
  std::vector<Envelope> shares;
  network.filter = [&](const Envelope& envelope) {
    const bool about_the_grant = std::holds_alternative<WitnessShare>(envelope.message) ||
                                 std::holds_alternative<CheckId>(envelope.message) ||
                                 std::holds_alternative<CheckKey>(envelope.message);
    if (about_the_grant && envelope.to == late) shares.push_back(envelope);
    return !about_the_grant || envelope.to != late;
  };
  (void)grant_another_book(network, c.o, y, c.book);
  network.play(y, Step::release);
  BOOST_TEST(witness_ids.get(network.state(late), WitnessIdKey{c.r, y}).has_value());
  network.home(c.o).takes_steps = false;
  network.wish(c.o, WishSettle{y});
  network.run();
  BOOST_REQUIRE(!marks.all(network.state(late)).empty());
  BOOST_TEST(!network.knows(late, y));
  BOOST_TEST(!witness_ids.get(network.state(late), WitnessIdKey{c.r, y}).has_value());
  // Moved, and given back: nothing may be asked of the witness any more.
  network.filter = nullptr;
  BOOST_REQUIRE(!shares.empty());
  for (const auto& envelope : shares) {
    BOOST_TEST((network.give(envelope.from, late, envelope.message) == Token::stale_version));
  }
  BOOST_TEST(!network.knows(late, y));
}

// A requester may tell a witness that it gives up, and consent all the same.
BOOST_AUTO_TEST_CASE(a_witness_that_was_told_of_another_end_sees_the_mark_all_the_same) {
  Cheated c(Step::grant, 5);
  auto& network = c.network;
  const auto told = network.port(4);
  BOOST_TEST(!network.give(c.r, told, Over{c.x, "", "never mind"}));
  network.filter = [&](const Envelope& envelope) {
    return envelope.to != told || !std::holds_alternative<CheckId>(envelope.message);
  };
  network.play(c.x, Step::release);
  network.home(c.o).takes_steps = false;
  (void)network.take_step(c.r, {c.x, Step::open});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(marks.all(network.state(told)).size() == 1U);
  BOOST_TEST((network.state_of(told, c.x) == ExchangeState::aborted));
}

// ---- RELEASE and ABORT ----

// "RELEASE and ABORT of one turn": an ABORT by another peer, of another turn, or of another book is none of it.
BOOST_AUTO_TEST_CASE(an_abort_that_is_not_of_the_turn_of_the_release_accuses_nobody) {
  Four four(Step::release);
  auto& network = four.network;
  const auto book = *network.record(four.r, four.x).book;
  const auto show = [&](PeerPort miner, const Abort& abort) {
    const auto block = mine_block(network.genesis(), network.home(miner).identity, network.head(four.r), Time{1},
                                  {network.sign(miner, abort)});
    const Ballot ballot{Round{1}, miner};
    const auto hash = network.genesis().block_hash(block);
    // No voter would take it: it has no ANSWERs. Its ABORT is seen all the same.
    const ProposeMessage message{network.sign(miner, Propose{Height{1}, ballot, hash}), {}, std::nullopt, block};
    BOOST_TEST((network.give(miner, four.r, message) == Token::no_quorum));
    return evidence_rows.all(network.state(four.r)).size();
  };
  BOOST_TEST(show(four.w1, Abort{book, {}, {}}) == 0U);
  BOOST_TEST(show(four.o, Abort{book, Version{1}, {}}) == 0U);
  BOOST_TEST(show(four.o, Abort{book, {}, Turn{1}}) == 0U);
  BOOST_TEST(show(four.o, Abort{book, {}, {}}) == 1U);
}

BOOST_AUTO_TEST_CASE(a_late_release_is_held_against_the_abort_of_its_own_turn_alone) {
  Four four(Step::check_id);
  auto& network = four.network;
  const auto other_book = network.add_book(four.o, "8");
  network.deliver_until_quiet();
  const auto y = network.request(four.r, four.o, other_book);
  network.play(y, Step::check_id);
  network.home(four.o).takes_steps = false;
  network.wish(four.o, WishAbort{y, {}});
  network.wish(four.o, WishAbort{four.x, {}});
  network.run();
  network.require_equal_chains(1);
  BOOST_REQUIRE(network.chain(four.r).front().block.transactions.size() == 2U);
  const auto record = network.record(four.o, four.x);
  const auto release = network.sign(four.o, Release{four.x, network.genesis().id_of(*record.grant)});
  BOOST_TEST((network.give(four.o, four.r, ReleaseMessage{*record.key, {}, release}) == Token::exchange_over));
  const auto found = evidence_rows.all(network.state(four.r));
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST((accusation(network.genesis(), found.front().second.evidence).exchange == four.x));
}

// An owner may release two grants of one turn to the same requester: only one of them can be recorded.
BOOST_AUTO_TEST_CASE(a_late_release_of_a_grant_whose_sibling_was_recorded_accuses_nobody) {
  Contended c(4, 1, granted_twice);
  auto& network = c.network;
  network.wish(c.o, WishRelease{c.y, std::nullopt});
  const auto late = *queued<ReleaseMessage>(network, c.r);
  network.queue.clear();
  mine(c);
  network.run();
  BOOST_REQUIRE((network.state_of(c.r, c.x) == ExchangeState::committed));
  BOOST_TEST((network.state_of(c.r, c.y) == ExchangeState::invalid));
  BOOST_TEST((network.give(c.o, c.r, late) == Token::exchange_over));
  BOOST_TEST(!network.record(c.r, c.y).key.has_value());
  for (const auto& peer : network.genesis().peers()) BOOST_TEST(evidence_rows.all(network.state(peer.port)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
