// Two ends of one exchange on their way to the chain at once (docs/protocol.md, section 5): the first committed
// stands, at every peer. And the ends that need no witness, with one of three witnesses dead.
#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/four.hpp"
#include "tests/scenarios/played.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t seeds = 60;

/// Every peer that took part sees the exchange end so.
void require_state_everywhere(const Network& network, const ExchangeId& exchange, ExchangeState state) {
  for (const auto& peer : network.genesis().peers()) {
    BOOST_TEST((network.state_of(peer.port, exchange) == state), peer.port.value);
    BOOST_TEST(pending.all(network.state(peer.port)).empty(), peer.port.value);
  }
}

/// One of two that race has a start, of some deliveries: of two ballots that begin together always the one of the
/// higher port would win.
void head_start(Network& network, std::uint64_t seed) {
  for (auto left = seed % 32; left > 0 && !network.queue.empty(); --left) network.deliver();
}

/// The requester claims and the owner aborts: both have all they need, and neither knows of the other.
Played claim_and_abort(std::size_t peers, std::uint64_t seed) {
  Played p(peers, Step::consent, seed);
  p.network.home(p.o).takes_steps = p.network.home(p.r).takes_steps = false;
  p.network.wish(p.r, WishClaim{p.x});
  p.network.deliver_until_quiet();
  p.network.wish(p.r, WishClaim{p.x});
  head_start(p.network, seed);
  (void)p.network.input(p.o, Wish{WishAbort{p.x, {}}});  // refused where the claim is there already
  p.network.run_shuffled(10);
  p.network.home(p.o).takes_steps = p.network.home(p.r).takes_steps = true;
  p.network.run();
  return p;
}

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

BOOST_AUTO_TEST_SUITE(racing_ends)

BOOST_AUTO_TEST_CASE(of_a_claim_and_an_abort_that_race_the_first_committed_stands_at_every_peer) {
  std::size_t claimed = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      const auto p = claim_and_abort(seed % 2 == 0 ? 4 : 5, seed);
      p.network.require_equal_chains(1);
      const bool moved = p.network.owner_of_book(p.w, p.book) == p.r;
      claimed += moved ? 1U : 0U;
      require_state_everywhere(p.network, p.x, moved ? ExchangeState::committed : ExchangeState::aborted);
      BOOST_TEST(p.network.home(p.r).books.contains(p.book) == moved);
      BOOST_TEST(p.network.home(p.o).books.contains(p.book) == !moved);
    }
  }
  BOOST_TEST(claimed > 0U);
  BOOST_TEST(claimed < seeds);
}

BOOST_AUTO_TEST_CASE(a_dispute_and_a_settlement_that_race_end_with_the_book_given_back_and_the_owner_marked) {
  std::size_t settled_first = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto c = found_out(seed % 2 == 0 ? 4 : 5, seed);
      c.network.take(c.r, c.x, Step::dispute);
      head_start(c.network, seed);
      (void)c.network.input(c.o, Wish{WishSettle{c.x}});  // refused where the dispute is there already
      c.network.run_shuffled(10);
      c.network.home(c.o).takes_steps = c.network.home(c.r).takes_steps = true;
      c.network.run();
      const auto height = c.network.head(c.r).height.value;
      BOOST_TEST((height == 1 || height == 2), height);
      settled_first += height == 2 ? 1U : 0U;
      c.network.require_equal_chains(height);
      require_state_everywhere(c.network, c.x, ExchangeState::invalid);
      require_marked(c);
    }
  }
  BOOST_TEST(settled_first > 0U);
  BOOST_TEST(settled_first < seeds);
}

BOOST_AUTO_TEST_SUITE_END()

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
