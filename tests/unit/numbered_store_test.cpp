// The rows of exchanges under numbers: in which order they lie, and what damage of the numbers does. That such a store
// says what a map says is tested in state_model_test.cpp.
#include <set>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Bytes id_of(std::uint8_t letter) { return Bytes(sizeof(ExchangeId), letter); }
Bytes part_of(std::uint8_t letter, std::uint8_t order) {
  auto key = id_of(letter);
  key.push_back(order);
  return key;
}
Write row(Table table, Bytes key, std::uint8_t value) { return Write{table, std::move(key), Bytes{value}}; }

struct Numbered {
  MemoryStore below;
  NumberedStore store{below};
};

std::vector<std::uint8_t> values_of(const State& state, Table table) {
  std::vector<std::uint8_t> values;
  state.scan(table, {}, {}, [&](ByteView, ByteView value) {
    values.push_back(value.front());
    return true;
  });
  return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(numbered_store)

BOOST_FIXTURE_TEST_CASE(rows_lie_in_the_order_in_which_their_exchanges_came, Numbered) {
  commit(store, {row(Table::exchanges, id_of(9), 1), row(Table::trace, part_of(9, 1), 1)});
  commit(store, {row(Table::exchanges, id_of(3), 2), row(Table::exchanges, id_of(5), 3)});
  commit(store, {row(Table::trace, part_of(9, 2), 4), row(Table::trace, part_of(3, 1), 5)});
  BOOST_TEST((values_of(below, Table::exchanges) == std::vector<std::uint8_t>{1, 2, 3}));
  BOOST_TEST((values_of(below, Table::trace) == std::vector<std::uint8_t>{1, 4, 5}));
  // Above they are in the order of their keys.
  BOOST_TEST((values_of(store, Table::exchanges) == std::vector<std::uint8_t>{2, 3, 1}));
  BOOST_TEST((values_of(store, Table::trace) == std::vector<std::uint8_t>{5, 1, 4}));
  // One number for an exchange, whatever rows it has, and one row for the next number.
  BOOST_TEST(rows_of(below, Table::exchange_numbers) == 4U);
}

BOOST_FIXTURE_TEST_CASE(an_exchange_keeps_its_number_and_a_row_that_never_was_takes_none, Numbered) {
  commit(store, {row(Table::exchanges, id_of(9), 1)});
  const auto first = below.get(Table::exchange_numbers, id_of(9));
  commit(store, {Write{Table::exchanges, id_of(9), std::nullopt}, Write{Table::moved, id_of(8), std::nullopt}});
  BOOST_TEST(!store.get(Table::exchanges, id_of(9)));
  BOOST_TEST(!below.get(Table::exchange_numbers, id_of(8)));
  commit(store, {row(Table::exchanges, id_of(9), 2)});
  BOOST_TEST((below.get(Table::exchange_numbers, id_of(9)) == first));
  BOOST_TEST((store.get(Table::exchanges, id_of(9)) == Bytes{2}));
}

BOOST_FIXTURE_TEST_CASE(a_number_of_a_transaction_that_was_rolled_back_is_given_again, Numbered) {
  require_success(store.begin());
  store.apply({row(Table::exchanges, id_of(9), 1)});
  store.rollback();
  commit(store, {row(Table::exchanges, id_of(3), 2)});
  BOOST_TEST((below.get(Table::exchange_numbers, id_of(3)) == encode(std::uint64_t{0})));
  BOOST_TEST(!store.get(Table::exchanges, id_of(9)));
}

BOOST_FIXTURE_TEST_CASE(other_tables_lie_as_they_are, Numbered) {
  commit(store, {put(a_key, a_value), row(Table::witness_ids, part_of(1, 2), 3)});
  BOOST_TEST((below.get(Table::facts, a_key) == a_value));
  BOOST_TEST((below.get(Table::witness_ids, part_of(1, 2)) == Bytes{3}));
  BOOST_TEST(rows_of(below, Table::exchange_numbers) == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_number_that_is_none_is_a_damaged_state, Numbered) {
  commit(below, {Write{Table::exchange_numbers, id_of(9), Bytes{1, 2, 3}}});
  const auto names_it = [](const DamagedState& damage) {
    return damage.error().token == Token::bad_file && damage.error().subject.starts_with("exchange_numbers: ");
  };
  BOOST_CHECK_EXCEPTION((void)store.get(Table::exchanges, id_of(9)), DamagedState, names_it);
  BOOST_CHECK_EXCEPTION((void)values_of(store, Table::trace), DamagedState, names_it);
  require_success(store.begin());
  BOOST_CHECK_EXCEPTION(store.apply({row(Table::moved, id_of(9), 1)}), DamagedState, names_it);
  store.rollback();
}

BOOST_FIXTURE_TEST_CASE(a_next_number_that_is_gone_is_a_damaged_state, Numbered) {
  commit(store, {row(Table::exchanges, id_of(9), 1)});
  commit(below, {Write{Table::exchange_numbers, {}, std::nullopt}});
  NumberedStore next(below);
  require_success(next.begin());
  BOOST_CHECK_THROW(next.apply({row(Table::exchanges, id_of(3), 1)}), DamagedState);
  next.rollback();
}

// Of a new exchange each table is asked, and that it has no number is known after the first.
BOOST_AUTO_TEST_CASE(the_number_of_an_exchange_is_asked_once_as_long_as_nobody_else_writes) {
  const TemporaryFolder folder;
  const auto file = open_sqlite(folder / "state.sqlite");
  const auto other_file = open_sqlite(folder / "state.sqlite");
  CountingStore below(*file);
  NumberedStore store(below);
  NumberedStore other(*other_file);
  auto reads = [&, before = 0]() mutable { return below.reads - std::exchange(before, below.reads); };
  const auto look = [&] {
    BOOST_TEST(!store.get(Table::exchanges, id_of(9)));
    BOOST_TEST(!store.get(Table::moved, id_of(9)));
    BOOST_TEST(!store.last(Table::trace, id_of(9)));
  };
  look();
  BOOST_TEST(reads() == 3, "each of another moment");
  {
    const Reading reading(store);
    look();
    BOOST_TEST(reads() == 1);
    const Reading within(store);
    look();
    BOOST_TEST(reads() == 0);
  }
  require_success(store.begin());
  look();
  BOOST_TEST(reads() == 0);
  store.apply({row(Table::exchanges, id_of(9), 1)});
  BOOST_TEST((store.get(Table::exchanges, id_of(9)) == Bytes{1}));
  store.rollback();
  (void)reads();
  {
    const Reading reading(store);
    look();
    BOOST_TEST(reads() == 1, "what was taken back is not remembered");
  }
  commit(other, {row(Table::exchanges, id_of(9), 2), row(Table::exchanges, id_of(8), 2)});
  require_success(store.begin());
  BOOST_TEST((store.get(Table::exchanges, id_of(9)) == Bytes{2}));
  store.apply({row(Table::exchanges, id_of(7), 3)});
  below.next_commit_fails = true;
  BOOST_TEST(token_of(store.commit()) == "io");
  for (const auto letter : {std::uint8_t{7}, std::uint8_t{6}})
    commit(store, {row(Table::exchanges, id_of(letter), letter)});
  const auto number_of = [&](std::uint8_t letter) { return file->get(Table::exchange_numbers, id_of(letter)); };
  BOOST_TEST((number_of(7) == encode(std::uint64_t{2})));
  BOOST_TEST((number_of(6) == encode(std::uint64_t{3})));
  BOOST_TEST((store.get(Table::exchanges, id_of(7)) == Bytes{7}));
}

BOOST_FIXTURE_TEST_CASE(a_read_that_failed_says_nothing_about_a_number, Numbered) {
  commit(store, {row(Table::exchanges, id_of(9), 1)});
  CountingStore failing(below);
  NumberedStore over(failing);
  require_success(over.begin());
  failing.next_read_fails = true;
  BOOST_TEST(!over.get(Table::exchanges, id_of(9)));
  BOOST_TEST((over.get(Table::exchanges, id_of(9)) == Bytes{1}));
  over.rollback();
}

BOOST_FIXTURE_TEST_CASE(a_number_of_a_commit_that_ended_in_an_exception_is_given_anew, Numbered) {
  CountingStore damaged(below);
  NumberedStore over(damaged);
  require_success(over.begin());
  over.apply({row(Table::exchanges, id_of(9), 1)});
  damaged.next_commit_throws = true;
  BOOST_CHECK_THROW((void)over.commit(), DamagedState);
  over.rollback();
  commit(over, {row(Table::exchanges, id_of(9), 2)});
  BOOST_TEST((below.get(Table::exchange_numbers, id_of(9)) == encode(std::uint64_t{0})));
  BOOST_TEST((over.get(Table::exchanges, id_of(9)) == Bytes{2}));
}

// Of a thousand it is remembered, and not of all that were ever asked for.
BOOST_AUTO_TEST_CASE(of_many_exchanges_the_number_is_asked_for_again) {
  MemoryStore memory;
  CountingStore below(memory);
  NumberedStore store(below);
  const auto look = [&](std::uint64_t exchange) {
    const Reading reading(store);
    BOOST_TEST(!store.get(Table::exchanges, scrambled(sizeof(ExchangeId), exchange)));
  };
  for (std::uint64_t exchange = 0; exchange < 1'000; ++exchange) look(exchange);
  look(0);
  BOOST_TEST(below.reads == 1'000);
  for (std::uint64_t exchange = 1'000; exchange < 1'100; ++exchange) look(exchange);
  look(0);
  BOOST_TEST(below.reads == 1'101);
  // In one reading as well.
  const Reading reading(store);
  for (std::uint64_t exchange = 2'000; exchange < 3'500; ++exchange) look(exchange);
  look(2'000);
  BOOST_TEST(below.reads == 2'602);
}

// A server and the commands of its home, one of which finds numbers in the journals of the other.
BOOST_AUTO_TEST_CASE(no_number_is_given_twice_by_processes_that_take_turns) {
  struct Process {
    explicit Process(const path& file) : sqlite(open_sqlite(file)) {}
    std::unique_ptr<Store> sqlite;
    Journals journals{*sqlite};
    NumberedStore numbered{journals.store()};
    GatheringStore store{numbered};
  };
  const TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  Process server(file);
  server.journals.keep({.first = 600, .second = 900});
  std::optional<Process> command(file);
  std::uint8_t letter = 0;
  for (int turn = 0; turn < 60; ++turn) {
    auto& store = turn % 5 == 4 ? command->store : server.store;
    ++letter;
    if (turn % 7 == 3) {
      require_success(store.begin());
      store.apply({row(Table::exchanges, id_of(letter), letter)});
      store.rollback();
    }
    commit(store, {row(Table::exchanges, id_of(letter), letter), row(Table::moved, id_of(letter), letter)});
    if (turn % 20 == 19) command.emplace(file);
  }
  require_success(server.journals.settle());
  std::set<Bytes> numbers;
  server.sqlite->scan(Table::exchange_numbers, {}, {}, [&](ByteView exchange, ByteView number) {
    if (!exchange.empty()) numbers.emplace(number.begin(), number.end());
    return true;
  });
  BOOST_TEST(numbers.size() == 60U);
  for (std::uint8_t each = 1; each <= letter; ++each) {
    for (auto* store : {&server.store, &command->store}) {
      BOOST_TEST((store->get(Table::exchanges, id_of(each)) == Bytes{each}));
      BOOST_TEST((store->get(Table::moved, id_of(each)) == Bytes{each}));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
