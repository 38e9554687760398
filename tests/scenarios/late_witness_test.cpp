// Witnesses that hear of an exchange late, or never of its GRANT (docs/protocol.md, section 3).
#include "ledger/open_exchanges.hpp"
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(late_witnesses)

// What a witness keeps of an exchange that it only has the id of goes with the end that the chain records.
BOOST_AUTO_TEST_CASE(a_witness_that_no_grant_reached_forgets_the_id_when_the_book_has_moved) {
  Four four(Step::request, 5);
  auto& network = four.network;
  network.filter = [&](const Envelope& envelope) {
    const bool about_the_grant = std::holds_alternative<WitnessShare>(envelope.message) ||
                                 std::holds_alternative<CheckId>(envelope.message) ||
                                 std::holds_alternative<CheckKey>(envelope.message);
    return !(about_the_grant && envelope.to == four.w1);
  };
  network.deliver_until_quiet();
  BOOST_TEST(witness_ids.all(network.state(four.w1)).size() == 1U);
  BOOST_TEST(given_ids.all(network.state(four.w1)).size() == 1U);
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(!network.knows(four.w1, four.x));
  BOOST_TEST(witness_ids.all(network.state(four.w1)).empty());
  BOOST_TEST(given_ids.all(network.state(four.w1)).empty());
}

// Section 3: a witness is no part of the end. Whatever it hears of the exchange after the chain has ended it, in any
// order, it has ended here, too, and it signs nothing more about it.
BOOST_AUTO_TEST_CASE(a_witness_that_hears_of_an_exchange_after_its_end_has_it_as_ended) {
  for (const bool share_first : {true, false}) {
    for (const bool given_up : {false, true}) {
      BOOST_TEST_CONTEXT((share_first ? "the share first" : "CHECK-ID first") << (given_up ? ", an ABORT" : "")) {
        Four four(Step::request, 5);
        auto& network = four.network;
        std::vector<Envelope> late;
        network.filter = [&](const Envelope& envelope) {
          const bool held_back = envelope.to == four.w1 && (std::holds_alternative<WitnessShare>(envelope.message) ||
                                                            std::holds_alternative<CheckId>(envelope.message));
          if (held_back) late.push_back(envelope);
          return !held_back;
        };
        network.play(four.x, given_up ? Step::check_id : Step::consent);
        if (given_up) {
          network.home(four.o).takes_steps = false;
          network.wish(four.o, WishAbort{four.x, {}});
        }
        network.run();
        network.require_equal_chains(1);
        network.filter = nullptr;
        BOOST_TEST(late.size() >= 2U);
        if (!share_first) std::ranges::reverse(late);
        for (const auto& envelope : late) (void)network.give(envelope.from, four.w1, envelope.message);
        if (!given_up) {
          const WitnessId again{four.x, network.record(four.r, four.x).request_id.value()};
          BOOST_TEST(!network.give(four.r, four.w1, again));
        }
        // It asks the requester whether its share is of use, and signs nothing.
        BOOST_TEST(network.queue.size() == (given_up ? 0U : 1U));
        BOOST_TEST(count_queued<SendAgain>(network) == network.queue.size());
        BOOST_TEST(witness_ids.all(network.state(four.w1)).empty());
        BOOST_TEST(given_ids.all(network.state(four.w1)).empty());
        BOOST_TEST(network.knows(four.w1, four.x) == !given_up);
        if (!given_up) BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::committed));
        BOOST_TEST(open_exchanges(network.state(four.w1), four.book()).empty());
      }
    }
  }
}

// Section 2: "Order, repetition and delay are normal." Step 7: "One that has R's id and knows no
// GRANT yet ... answers when it has come."
BOOST_AUTO_TEST_CASE(a_question_about_the_key_that_overtakes_the_grant_is_answered_when_that_comes) {
  for (const bool share_first : {true, false}) {
    BOOST_TEST_CONTEXT((share_first ? "the share first" : "CHECK-ID first")) {
      Four four(Step::request, 5);
      auto& network = four.network;
      std::vector<Envelope> late;
      network.filter = [&](const Envelope& envelope) {
        const bool slow = envelope.from == four.o && envelope.to == four.w1;
        if (slow) late.push_back(envelope);
        // Without the answer of the slow one there is no majority.
        return !slow && !(envelope.from == four.w2 && std::holds_alternative<KeyAnswerMessage>(envelope.message));
      };
      network.play(four.x, Step::check_key);
      BOOST_TEST(!network.knows(four.w1, four.x));
      BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::opened));
      BOOST_REQUIRE(late.size() == 2U);
      if (!share_first) std::ranges::reverse(late);
      BOOST_TEST(!network.give(late.front().from, four.w1, late.front().message));
      BOOST_TEST(count_queued<KeyAnswerMessage>(network) == 1U);
      network.deliver_until_quiet();
      BOOST_TEST((network.state_of(four.r, four.x) == ExchangeState::key_checked));
      BOOST_TEST(!network.give(late.back().from, four.w1, late.back().message));
      BOOST_TEST(count_queued<KeyAnswerMessage>(network) == 0U);
      BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::key_checked));
      network.filter = nullptr;
      network.run();
      network.require_equal_chains(1);
      BOOST_TEST((transfer_in(network.chain(four.w1).front()).form == TransferForm::mined));
    }
  }
}

// It waits beside the id of its requester: that bounds how many wait, and nobody can ask or end anything in the name of
// another.
BOOST_AUTO_TEST_CASE(what_comes_before_the_grant_waits_for_the_requester_and_its_grant_alone) {
  Four four(Step::request, 5);
  auto& network = four.network;
  const CheckKey of_no_grant{four.x, network.draw<Hash>()};
  BOOST_TEST((network.give(four.w2, four.w1, of_no_grant) == Token::unknown_exchange));
  BOOST_TEST(!network.give(four.r, four.w1, of_no_grant));
  network.take(four.o, four.x, Step::grant);
  // Another peer may give an id for any exchange, and ask: it waits beside its own.
  BOOST_TEST(!network.give(four.w2, four.w1, WitnessId{four.x, network.draw<RequestId>()}));
  const auto grant = network.genesis().id_of(*network.record(four.o, four.x).grant);
  BOOST_TEST(!network.give(four.w2, four.w1, CheckKey{four.x, grant}));
  BOOST_TEST((network.give(four.w2, four.w1, WantShare{four.x}) == Token::waiting));
  BOOST_TEST(!network.give(four.w2, four.w1, ReceiptMessage{network.sign(four.w2, Receipt{{four.x}})}));
  BOOST_TEST(!network.give(four.w2, four.w1, Over{four.x, "", "never mind"}));
  network.deliver_until_quiet();
  const auto record = network.record(four.w1, four.x);
  BOOST_TEST((record.state == ExchangeState::granted));
  BOOST_TEST(record.acks.size() == 1U);
  BOOST_TEST(record.key_answers.empty());
  BOOST_TEST(record.shares.size() == 1U);
  BOOST_TEST((!record.share_wanted && !record.share_done));
}

// Section 3: what the requester gave up stays over, whatever it asked before.
BOOST_AUTO_TEST_CASE(a_question_about_the_key_of_what_was_given_up_revives_nothing) {
  Four four(Step::request, 5);
  auto& network = four.network;
  network.take(four.o, four.x, Step::grant);
  const auto grant = network.genesis().id_of(*network.record(four.o, four.x).grant);
  BOOST_TEST(!network.give(four.r, four.w1, CheckKey{four.x, grant}));
  BOOST_TEST(!network.give(four.r, four.w1, Over{four.x, "", "never mind"}));
  network.deliver_until_quiet();
  BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::aborted));
  BOOST_TEST(network.record(four.w1, four.x).acks.empty());
  BOOST_TEST(network.record(four.w1, four.x).key_answers.empty());
}

namespace {

/// What reaches a witness late, and in which order: two of five peers are slow on their way to it.
struct Lateness {
  bool check_id;     ///< CHECK-ID comes after the end, as the share does
  bool share_first;  ///< and after the share
  bool block;        ///< so does the block

  [[nodiscard]] bool has(const Message& message) const {
    if (std::holds_alternative<CheckId>(message)) return check_id;
    if (std::holds_alternative<CommitMessage>(message) || std::holds_alternative<BlocksMessage>(message)) return block;
    return std::holds_alternative<WitnessShare>(message);
  }
};
std::ostream& operator<<(std::ostream& out, const Lateness& late) {
  return out << "late: the share" << (late.check_id ? ", CHECK-ID" : "") << (late.block ? ", the block" : "")
             << (late.share_first ? "; the share first" : "");
}

const std::vector<Lateness> all_ways_to_be_late{{false, true, false}, {true, true, false}, {true, false, false},
                                                {false, true, true},  {true, true, true},  {true, false, true}};

/// Holds back what is late until the others are done, which `play` has them be, and delivers it then, the block last.
void play_late(Four& four, const Lateness& lateness, const std::function<void()>& play) {
  auto& network = four.network;
  std::vector<Envelope> late;
  std::vector<Envelope> last;
  const auto before = network.filter;
  network.filter = [&](const Envelope& envelope) {
    const bool is_late = envelope.to == four.w1 && lateness.has(envelope.message);
    if (is_late) (tells_of_a_block(envelope.message) ? last : late).push_back(envelope);
    return !is_late && (!before || before(envelope));
  };
  play();
  network.filter = nullptr;
  if (!lateness.share_first) std::ranges::reverse(late);
  for (const auto& envelope : late) BOOST_TEST(!network.give(envelope.from, four.w1, envelope.message));
  for (const auto& envelope : last) (void)network.give(envelope.from, four.w1, envelope.message);
  network.run();
  network.require_equal_chains(1);
}

}  // namespace

// Section 5: a share is kept until the requester signs that it can read, which it may have done before the share came.
BOOST_AUTO_TEST_CASE(a_share_that_comes_after_the_receipt_is_not_kept) {
  for (const auto& lateness : all_ways_to_be_late) {
    BOOST_TEST_CONTEXT(lateness) {
      Four four(Step::request, 5);
      auto& network = four.network;
      std::optional<WitnessShare> share;
      network.watch = [&](const Envelope& envelope, const std::optional<Error>&) {
        const auto* seen = std::get_if<WitnessShare>(&envelope.message);
        if (seen != nullptr && envelope.to == four.w1) share = *seen;
      };
      play_late(four, lateness, [&] { network.run(); });
      BOOST_TEST(network.record(four.w1, four.x).shares.empty());
      BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::committed));
      BOOST_REQUIRE(share.has_value());
      // Nor is the requester asked again, by a witness that has forgotten ids of it either.
      for (std::uint64_t i = 0; i <= max_given_ids; ++i) {
        BOOST_REQUIRE(!network.give(four.r, four.w1, WitnessId{network.draw<ExchangeId>(), network.draw<RequestId>()}));
      }
      BOOST_TEST(!network.give(four.o, four.w1, *share));
      BOOST_TEST(network.record(four.w1, four.x).shares.empty());
      BOOST_TEST(network.queue.empty());
    }
  }
}

// Section 5, O vanishes: a requester that claimed is given the share of a witness that its question came too early for.
BOOST_AUTO_TEST_CASE(a_share_that_comes_after_the_requester_asked_for_it_is_handed_out) {
  for (const auto& lateness : all_ways_to_be_late) {
    BOOST_TEST_CONTEXT(lateness) {
      Four four(Step::request, 5);
      auto& network = four.network;
      // The other witnesses fall silent when the TRANSFER is recorded.
      network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ShareMessage>(envelope.message); };
      play_late(four, lateness, [&] {
        network.play(four.x, Step::consent);
        network.home(four.o).takes_steps = false;
        for (int again = 0; again < 2; ++again) {
          network.wish(four.r, WishClaim{four.x});
          network.deliver_until_quiet();
        }
        network.run();
        BOOST_TEST(!network.record(four.r, four.x).key.has_value());
      });
      const auto shares = network.record(four.r, four.x).shares;
      BOOST_REQUIRE(shares.size() == 1U);
      BOOST_TEST((shares.front().signer == four.w1));
    }
  }
}

// Section 3: an exchange that the chain holds has ended. A second GRANT of it, for the turn that the book is in since,
// begins nothing at a witness that the first one never reached.
BOOST_AUTO_TEST_CASE(a_later_grant_of_an_exchange_that_the_chain_holds_is_refused) {
  Four four(Step::request, 5);
  auto& network = four.network;
  std::optional<WitnessShare> first;
  network.filter = [&](const Envelope& envelope) {
    const auto* share = std::get_if<WitnessShare>(&envelope.message);
    if (share != nullptr && envelope.to == four.w1) first = *share;
    return envelope.to != four.w1 || (share == nullptr && !std::holds_alternative<CheckId>(envelope.message));
  };
  network.run();
  network.filter = nullptr;
  network.require_equal_chains(1);
  BOOST_REQUIRE(first.has_value());
  auto later = *first;
  ++later.grant.body.version.value;
  later.grant = network.sign(four.o, later.grant.body);
  BOOST_TEST((network.give(four.o, four.w1, later) == Token::stale_version));
  BOOST_TEST(!network.knows(four.w1, four.x));
  BOOST_TEST(open_exchanges(network.state(four.w1), four.book()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
