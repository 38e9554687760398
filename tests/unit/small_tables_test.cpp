// Whole tables in memory: only where they are small, never older than what others wrote. That such a store says what a
// map says is tested in state_model_test.cpp.
#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::size_t most = 1'000;

/// A file, and the store over it that keeps one of its tables; `other` writes the same file.
struct Small {
  TemporaryFolder folder;
  std::unique_ptr<Store> file = open_sqlite(folder / "state.sqlite");
  std::unique_ptr<Store> other = open_sqlite(folder / "state.sqlite");
  CountingStore below{*file};
  SmallTables store{below, tables_of({Table::facts})};
  Small() { store.keep(most); }

  /// What a reading of its own finds in a table.
  [[nodiscard]] Rows rows(Table table = Table::facts) const {
    const Reading reading(store);
    return scan(store, table, {}, {});
  }
};

Write put_other(const Bytes& key, const Bytes& value) { return Write{Table::history, key, value}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(small_tables)

BOOST_AUTO_TEST_CASE(a_small_table_is_read_once_and_then_asked_in_memory) {
  Small state;
  commit(*state.other, {put(a_key, a_value), put(another_key, {6})});
  const Reading reading(state.store);
  BOOST_TEST((state.store.get(Table::facts, a_key) == a_value));
  BOOST_TEST(!state.store.get(Table::facts, Bytes{9}));
  BOOST_TEST((scan(state.store, Table::facts, {4}, {}) == Rows{{another_key, {6}}}));
  BOOST_TEST((state.store.last(Table::facts, {})->first == another_key));
  BOOST_TEST(!state.store.last(Table::facts, Bytes{9}));
  BOOST_TEST(state.below.reads == 0);
  BOOST_TEST(state.below.scans == 1);
}

BOOST_AUTO_TEST_CASE(it_asks_below_for_tables_that_are_not_among_its_own_and_where_it_keeps_none) {
  Small state;
  commit(state.store, {put_other(a_key, a_value), put(a_key, a_value)});
  const auto reads_of = [&](Table table) {
    const Reading reading(state.store);
    const auto before = state.below.reads;
    BOOST_TEST((state.store.get(table, a_key) == a_value));
    return state.below.reads - before;
  };
  BOOST_TEST(reads_of(Table::history) == 1);
  BOOST_TEST(reads_of(Table::facts) == 0);
  state.store.keep(0);
  BOOST_TEST(reads_of(Table::facts) == 1);
}

BOOST_AUTO_TEST_CASE(a_transaction_that_wrote_nothing_and_was_given_up_leaves_what_is_kept) {
  Small state;
  commit(state.store, {put(a_key, {1})});
  BOOST_TEST((state.rows() == Rows{{a_key, {1}}}));
  const auto scans = state.below.scans;
  require_success(state.store.begin());
  state.store.rollback();
  BOOST_TEST((state.rows() == Rows{{a_key, {1}}}));
  BOOST_TEST(state.below.scans == scans);
}

BOOST_AUTO_TEST_CASE(what_it_wrote_is_there_and_what_it_took_back_is_not) {
  Small state;
  commit(state.store, {put(a_key, {1})});
  BOOST_TEST((state.rows() == Rows{{a_key, {1}}}));
  const auto scans = state.below.scans;
  commit(state.store, {put(a_key, {2}), put(another_key, {3})});
  commit(state.store, {Write{Table::facts, another_key, std::nullopt}});
  BOOST_TEST((state.rows() == Rows{{a_key, {2}}}));
  BOOST_TEST(state.below.scans == scans);
  require_success(state.store.begin());
  state.store.apply({put(a_key, {4})});
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{4}));
  state.store.rollback();
  BOOST_TEST((state.rows() == Rows{{a_key, {2}}}));
  require_success(state.store.begin());
  state.store.apply({put(a_key, {5})});
  state.below.next_commit_fails = true;
  BOOST_TEST(token_of(state.store.commit()) == "io");
  BOOST_TEST((state.rows() == Rows{{a_key, {2}}}));
}

BOOST_AUTO_TEST_CASE(what_another_process_wrote_is_seen_at_the_next_begin_and_at_no_other_moment) {
  Small state;
  commit(state.store, {put(a_key, {1})});
  {
    const Reading reading(state.store);
    BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{1}));
    commit(*state.other, {put(a_key, {2})});
    BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{1}));
  }
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{2}));  // by itself: it is asked below
  BOOST_TEST((state.rows() == Rows{{a_key, {2}}}));
  commit(*state.other, {put(a_key, {3})});
  require_success(state.store.begin());
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{3}));
  require_success(state.store.commit());
}

BOOST_AUTO_TEST_CASE(a_table_that_is_too_large_is_asked_below_until_rows_went) {
  Small state;
  const auto reads = [&] {
    const auto before = state.below.reads;
    const Reading reading(state.store);
    (void)state.store.get(Table::facts, a_key);
    return state.below.reads - before;
  };
  commit(state.store, {put(a_key, {1}), put(another_key, Bytes(most, 7))});
  BOOST_TEST(reads() == 1);
  BOOST_TEST(reads() == 1);
  BOOST_TEST(state.rows().size() == 2U);
  commit(state.store, {Write{Table::facts, another_key, std::nullopt}});
  BOOST_TEST(reads() == 0);
  // It grows while it is kept.
  commit(state.store, {put(another_key, Bytes(most, 7))});
  BOOST_TEST(reads() == 1);
  BOOST_TEST(state.rows().size() == 2U);
}

// What a failed read gave would be taken for all that there is.
BOOST_AUTO_TEST_CASE(a_table_that_could_not_be_read_is_read_again) {
  Small state;
  commit(*state.other, {put(a_key, {1}), put(another_key, {2})});
  require_success(state.store.begin());
  state.below.next_scan_gives = 1;
  (void)state.store.get(Table::facts, another_key);
  BOOST_TEST(token_of(state.store.commit()) == "io");
  BOOST_TEST((state.rows() == Rows{{a_key, {1}}, {another_key, {2}}}));
}

// Turns of a book, of which the last that is there is known.
struct Turns : Small {
  static Bytes turn(std::uint8_t book, std::uint8_t number) {
    Bytes key(SmallTables::bytes_of_turn_group, book);
    key.push_back(number);
    return key;
  }
  static Write granted(std::uint8_t book, std::uint8_t number) {
    return Write{Table::turns, turn(book, number), Bytes{number}};
  }
  /// Whether there is that turn, and by how many look-ups below, as a reading of its own says it.
  using Found = std::pair<bool, int>;
  [[nodiscard]] Found look(std::uint8_t book, std::uint8_t number) const {
    const Reading reading(store);
    const auto before = below.reads;
    const auto row = store.get(Table::turns, turn(book, number));
    if (row) BOOST_TEST((*row == Bytes{number}));
    return {row.has_value(), below.reads - before};
  }
};

BOOST_FIXTURE_TEST_CASE(a_turn_after_the_last_one_of_its_book_is_not_looked_for_below, Turns) {
  commit(*other, {granted(1, 2), granted(1, 5), granted(3, 4)});
  BOOST_TEST((look(1, 6) == Found{false, 0}));
  BOOST_TEST((look(1, 5) == Found{true, 1}));
  BOOST_TEST((look(1, 4) == Found{false, 1}));
  BOOST_TEST((look(2, 1) == Found{false, 0}), "a book between two others has no turn");
  BOOST_TEST((look(3, 5) == Found{false, 0}));
  BOOST_TEST((look(4, 1) == Found{false, 0}));
  BOOST_TEST(below.lasts == 4, "of each book it is asked once");
  commit(store, {granted(1, 7), granted(2, 1)});
  BOOST_TEST((look(1, 7) == Found{true, 1}));
  BOOST_TEST((look(1, 8) == Found{false, 0}));
  BOOST_TEST((look(2, 1) == Found{true, 1}));
  commit(store, {Write{Table::turns, turn(1, 7), std::nullopt}});
  BOOST_TEST((look(1, 7) == Found{false, 1}));
  BOOST_TEST((look(1, 8) == Found{false, 0}));
  BOOST_TEST(below.lasts == 4);
}

BOOST_FIXTURE_TEST_CASE(turns_that_another_process_granted_are_seen, Turns) {
  BOOST_TEST((look(1, 1) == Found{false, 0}));
  commit(*other, {granted(1, 1)});
  BOOST_TEST((look(1, 1) == Found{true, 1}));
  require_success(store.begin());
  store.apply({granted(1, 3)});
  BOOST_TEST((store.get(Table::turns, turn(1, 3)) == Bytes{3}));
  store.rollback();
  BOOST_TEST((look(1, 3) == Found{false, 0}));
  // By itself, where nothing is kept, and with a key that names no turn it is asked below.
  auto reads = below.reads;
  BOOST_TEST(!store.get(Table::turns, turn(1, 9)));
  BOOST_TEST(below.reads == ++reads);
  {
    const Reading reading(store);
    BOOST_TEST(!store.get(Table::turns, a_key));
    BOOST_TEST(below.reads == ++reads);
  }
  store.keep(0);
  BOOST_TEST((look(1, 9) == Found{false, 1}));
}

// What was learned in a transaction that is given up, in which the last turn was gone, is not true after it.
BOOST_FIXTURE_TEST_CASE(a_last_turn_that_is_gone_only_in_a_transaction_is_there_after_it, Turns) {
  commit(*other, {granted(1, 2), granted(1, 5)});
  for (const bool fails : {false, true}) {
    require_success(store.begin());
    store.apply({Write{Table::turns, turn(1, 5), std::nullopt}});
    BOOST_TEST(!store.get(Table::turns, turn(1, 4)));
    if (fails) {
      below.next_commit_fails = true;
      BOOST_TEST(token_of(store.commit()) == "io");
    } else {
      store.rollback();
    }
    BOOST_TEST((look(1, 5) == Found{true, 1}));
  }
}

BOOST_FIXTURE_TEST_CASE(a_last_turn_that_could_not_be_read_is_asked_again, Turns) {
  commit(*other, {granted(1, 1)});
  require_success(store.begin());
  below.next_last_fails = true;
  BOOST_TEST((store.get(Table::turns, turn(1, 1)) == Bytes{1}));
  BOOST_TEST(token_of(store.commit()) == "io");
  BOOST_TEST((look(1, 1) == Found{true, 1}));
}

// So many books that the last turns of all take too much memory.
BOOST_FIXTURE_TEST_CASE(of_more_books_than_are_remembered_it_is_asked_again, Turns) {
  const auto turn_of = [](std::uint64_t book) {
    auto key = scrambled(SmallTables::bytes_of_turn_group, book);
    key.push_back(1);
    return key;
  };
  commit(*other, {Write{Table::turns, turn_of(1), Bytes{1}}});
  const Reading reading(store);
  for (std::uint64_t book = 0; book < 9'000; ++book) {
    BOOST_TEST(store.get(Table::turns, turn_of(book)).has_value() == (book == 1));
  }
  BOOST_TEST(below.lasts == 9'000);
  BOOST_TEST((store.get(Table::turns, turn_of(1)) == Bytes{1}));
  BOOST_TEST(below.lasts == 9'001);
}

BOOST_AUTO_TEST_SUITE_END()
