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
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(!network.knows(four.w1, four.x));
  BOOST_TEST(witness_ids.all(network.state(four.w1)).empty());
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
        BOOST_TEST(network.queue.empty());
        BOOST_TEST(witness_ids.all(network.state(four.w1)).empty());
        BOOST_TEST(network.knows(four.w1, four.x) == !given_up);
        if (!given_up) BOOST_TEST((network.state_of(four.w1, four.x) == ExchangeState::committed));
        BOOST_TEST(open_exchanges(network.state(four.w1), four.book()).empty());
      }
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
