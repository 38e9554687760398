// Ends of an exchange with one of three witnesses dead (docs/protocol.md, section 6, claim 8).
#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/four.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// The requester has opened what is not the book.
Cheated found_out(std::size_t peers, std::uint64_t seed) {
  Cheated c(Step::release, peers, seed);
  c.network.home(c.o).takes_steps = c.network.home(c.r).takes_steps = false;
  (void)c.network.take_step(c.r, {c.x, Step::open});
  BOOST_REQUIRE((c.network.node(c.r).due_step(c.network.state(c.r), c.x) == Step::dispute));
  return c;
}

void require_marked(const Cheated& c) {
  for (const auto& peer : c.network.genesis().peers()) {
    if (!c.network.home(peer.port).alive) continue;
    BOOST_TEST(marks.all(c.network.state(peer.port)).size() == 1U, peer.port.value);
    BOOST_TEST((c.network.owner_of_book(peer.port, c.book) == c.o), peer.port.value);
  }
}

}  // namespace

// "With five peers and one witness dead … every path still ends": those that paths_test.cpp does not take.
BOOST_AUTO_TEST_SUITE(ends_without_a_witness)

BOOST_AUTO_TEST_CASE(an_exchange_is_given_up_before_the_consent) {
  Four four(Step::grant, 5);
  four.network.kill(four.w1);
  four.network.wish(four.r, WishAbort{four.x, {}});
  four.network.deliver_until_quiet();
  for (const auto peer : {four.r, four.o}) BOOST_TEST(is_over(four.network.state_of(peer, four.x)));
}

BOOST_AUTO_TEST_CASE(an_abort_after_the_consent_is_committed) {
  Four four(Step::consent, 5);
  four.network.kill(four.w1);
  four.network.home(four.o).takes_steps = false;
  four.network.wish(four.o, WishAbort{four.x, {}});
  four.network.run();
  four.network.require_equal_chains(1);
  for (const auto peer : {four.r, four.o, four.w2}) {
    BOOST_TEST((four.network.state_of(peer, four.x) == ExchangeState::aborted));
  }
}

BOOST_AUTO_TEST_CASE(a_false_book_is_disputed_before_and_after_the_transfer) {
  for (const bool settled : {false, true}) {
    BOOST_TEST_CONTEXT((settled ? "after" : "before")) {
      auto c = found_out(5, 1);
      c.network.kill(c.network.port(2));
      if (settled) {
        c.network.wish(c.o, WishSettle{c.x});
        c.network.run();
        BOOST_TEST((c.network.owner_of_book(c.r, c.book) == c.r));
      }
      c.network.take(c.r, c.x, Step::dispute);
      c.network.run();
      c.network.require_equal_chains(settled ? 2 : 1);
      BOOST_TEST((c.network.state_of(c.r, c.x) == ExchangeState::invalid));
      require_marked(c);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
