// When the messages that pass are written down: docs/architecture.md, "How a message flows".
#include "transport/trace.hpp"

#include <boost/test/unit_test.hpp>

#include "ledger/records.hpp"
#include "ledger/store/memory_store.hpp"
#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

namespace {

ExchangeId exchange_named(std::uint8_t name) {
  ExchangeId id;
  id.bytes.fill(name);
  return id;
}

struct TracingPeer {
  MemoryStore store;
  TraceBook book;
  std::uint64_t now = 1'000'000'000;
  const ExchangeId first = exchange_named(1);
  const ExchangeId second = exchange_named(2);

  TracingPeer() {
    BOOST_REQUIRE(store.begin().has_value());
    Draft draft(store);
    for (const auto& each : {first, second}) witness_ids.put(draft, WitnessIdKey{PeerPort{5001}, each}, {});
    store.hand_over(draft.take_effects().writes);
    BOOST_REQUIRE(store.commit().has_value());
  }

  void pass(const ExchangeId& exchange) {
    TraceRecord record;
    record.from = PeerPort{5001};
    record.time = Time{++now};
    book.passed(Traced{{exchange}, record});
  }
  void end_turn(bool may_wait, const std::vector<ExchangeId>& ended = {}, bool commits = true) {
    BOOST_REQUIRE(store.begin().has_value());
    Draft draft(store);
    book.write_down(draft, Time{now}, may_wait, ended);
    store.hand_over(draft.take_effects().writes);
    if (commits) {
      BOOST_REQUIRE(store.commit().has_value());
      book.committed(Time{now});
    } else {
      store.rollback();
      book.rolled_back();
    }
  }
  /// Parts of that exchange's trace, by how many messages they have.
  [[nodiscard]] std::vector<std::size_t> parts(const ExchangeId& exchange) const {
    std::vector<std::size_t> sizes;
    trace_parts.each(store, encode(exchange), [&](const TraceKey&, const TracePart& part) {
      sizes.push_back(part.messages.size());
      return true;
    });
    return sizes;
  }
};

/// That all which passed is there once, in its order.
std::vector<std::uint64_t> times(const TracingPeer& peer, const ExchangeId& exchange) {
  std::vector<std::uint64_t> all;
  trace_parts.each(peer.store, encode(exchange), [&](const TraceKey&, const TracePart& part) {
    for (const auto& message : part.messages) all.push_back(message.time.value);
    return true;
  });
  return all;
}

using Sizes = std::vector<std::size_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(trace)

BOOST_FIXTURE_TEST_CASE(who_does_not_wait_writes_down_each_turn, TracingPeer) {
  pass(first);
  end_turn(false);
  pass(first);
  pass(first);
  end_turn(false);
  BOOST_TEST((parts(first) == Sizes{1, 2}));
  BOOST_TEST((times(*this, first) == std::vector{now - 2, now - 1, now}));
  BOOST_TEST(book.empty());
  BOOST_TEST(!book.due_at().has_value());
}

BOOST_FIXTURE_TEST_CASE(who_serves_writes_down_an_exchange_that_ends_and_the_others_a_little_later, TracingPeer) {
  pass(first);
  pass(second);
  end_turn(true);
  BOOST_TEST(parts(first).empty());
  BOOST_TEST(book.due_at()->value == now + TraceBook::delay_us);
  const auto began = now;
  now += 1000;
  pass(first);
  end_turn(true, {first});
  BOOST_TEST((parts(first) == Sizes{2}));
  BOOST_TEST((times(*this, first) == std::vector{began - 1, now}));
  BOOST_TEST(parts(second).empty());
  BOOST_TEST(!book.empty());
  now += TraceBook::delay_us;
  end_turn(true);
  BOOST_TEST((parts(second) == Sizes{1}));
  BOOST_TEST(book.empty());
}

BOOST_FIXTURE_TEST_CASE(what_waits_is_bounded, TracingPeer) {
  for (int i = 0; i < 5000; ++i) pass(i % 2 == 0 ? first : second);
  end_turn(true);
  BOOST_TEST(!book.empty());
  end_turn(true);
  BOOST_TEST(book.empty());
  // What was written down counts no more, and what an exchange that ended had neither.
  for (int i = 0; i < 3000; ++i) pass(first);
  end_turn(true);
  end_turn(true, {first});
  BOOST_TEST(book.empty());
  for (int i = 0; i < 3000; ++i) pass(second);
  end_turn(true);
  end_turn(true);
  BOOST_TEST(!book.empty());
}

// Its messages come again, and are traced then.
BOOST_FIXTURE_TEST_CASE(a_turn_that_came_to_nothing_is_in_no_trace, TracingPeer) {
  pass(first);
  end_turn(true);
  pass(first);
  pass(second);
  end_turn(false, {}, false);
  BOOST_TEST(parts(first).empty());
  end_turn(false);
  BOOST_TEST((parts(first) == Sizes{1}));
  BOOST_TEST(parts(second).empty());
}

// Anybody can name exchanges without end, and one exchange in messages without end.
BOOST_AUTO_TEST_CASE(messages_are_traced_of_own_exchanges_only_and_so_many_of_each) {
  const auto world = make_world();
  MemoryStore store;
  BOOST_REQUIRE(store.begin());
  Draft draft(store);
  const auto own = exchange_named(1);
  const auto foreign = exchange_named(2);
  const Header header{protocol_version, {}, PeerPort{5001}, PeerPort{5000}, {}, {}};
  const auto length = [&] {
    std::size_t messages = 0;
    for (const auto& [key, part] : trace_parts.all(draft)) messages += part.messages.size();
    return messages;
  };
  const auto arrive = [&](const ExchangeId& exchange, std::size_t times = 1) {
    const auto before = length();
    const auto traced = trace_of(world.genesis, SendAgain{exchange}, header, {}, Time{1}, 10);
    Passed passed;
    collect_passed(draft, std::vector<Traced>(times, traced), passed);
    for (auto& [of, messages] : passed) add_to_trace(draft, of, std::move(messages));
    return length() - before;
  };
  witness_ids.put(draft, WitnessIdKey{PeerPort{5001}, own}, WitnessIdRecord{});
  BOOST_TEST(arrive(foreign) == 0U);
  BOOST_TEST(arrive(own) == 1U);
  BOOST_TEST(arrive(own, 2) == 2U);
  BOOST_TEST(arrive(own, max_traced_messages) == max_traced_messages - 3);
  BOOST_TEST(arrive(own) == 0U);
  std::vector<std::uint64_t> orders;
  for (const auto& [key, part] : trace_parts.all(draft)) orders.push_back(key.order);
  BOOST_TEST((orders == std::vector<std::uint64_t>{1, 2, 4}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
