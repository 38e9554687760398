// What is known of the keys of a large table: nothing until all were learned, and then never that one is lacking which
// is there. Asked through the store that keeps it for the numbers of exchanges.
#include "ledger/store/key_filter.hpp"

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Bytes exchange(std::uint64_t number) { return scrambled(ExchangeId::size, number); }
Write numbered(std::uint64_t number) { return Write{Table::exchange_numbers, exchange(number), encode(number)}; }
std::vector<Write> numbered_all(std::uint64_t from, std::uint64_t to) {
  std::vector<Write> writes;
  for (auto number = from; number < to; ++number) writes.push_back(numbered(number));
  return writes;
}

/// A file, and the store over it; `other` writes the same file.
struct Numbers {
  TemporaryFolder folder;
  std::unique_ptr<Store> file = open_sqlite(folder / "state.sqlite");
  std::unique_ptr<Store> other = open_sqlite(folder / "state.sqlite");
  CountingStore below{*file};
  SmallTables store{below, {}};
  Numbers() { store.keep(1'000); }

  /// Commits that many times, with which all of so many keys are learned.
  void learn(std::uint64_t keys) {
    for (std::uint64_t learned = 0; learned <= keys; learned += KeyFilter::keys_a_step) commit(store, {});
  }
  /// How often it is asked below for some that are there, which are all found, and for some that are not.
  struct Asked {
    int there = 0;
    int lacking = 0;
  };
  [[nodiscard]] Asked look(std::uint64_t from, std::uint64_t to) const {
    const Reading reading(store);
    Asked asked;
    for (auto number = from; number < to; ++number) {
      auto before = below.reads;
      BOOST_TEST((store.get(Table::exchange_numbers, exchange(number)) == encode(number)), number);
      asked.there += below.reads - before;
      before = below.reads;
      BOOST_TEST(!store.get(Table::exchange_numbers, exchange(number + absent)));
      asked.lacking += below.reads - before;
    }
    return asked;
  }
  static constexpr std::uint64_t absent = 1'000'000;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(key_filter)

BOOST_FIXTURE_TEST_CASE(nothing_is_known_to_be_lacking_until_all_keys_were_learned, Numbers) {
  constexpr auto many = 2 * KeyFilter::keys_a_step + 1;
  commit(*other, numbered_all(0, many));
  for (int transactions = 0; transactions < 2; ++transactions) {
    commit(store, {});
    BOOST_TEST(look(0, many).lacking == static_cast<int>(many));
  }
  commit(store, {});
  const auto asked = look(0, many);
  BOOST_TEST(asked.there == static_cast<int>(many));
  BOOST_TEST(asked.lacking < static_cast<int>(many) / 20);
  BOOST_TEST(below.scans == 3, "it is asked for no more when it knows all");
  commit(store, {});
  BOOST_TEST(below.scans == 3);
}

BOOST_FIXTURE_TEST_CASE(an_empty_table_is_known_at_once_and_what_comes_then_is_found, Numbers) {
  commit(store, {});
  BOOST_TEST(look(0, 0).lacking == 0);
  {
    const Reading reading(store);
    const auto before = below.reads;
    BOOST_TEST(!store.get(Table::exchange_numbers, exchange(1)));
    BOOST_TEST(below.reads == before);
  }
  commit(store, numbered_all(0, 50));
  BOOST_TEST(look(0, 50).there == 50);
  // Also within the transaction in which it came.
  require_success(store.begin());
  store.apply({numbered(50)});
  BOOST_TEST((store.get(Table::exchange_numbers, exchange(50)) == encode(std::uint64_t{50})));
  require_success(store.commit());
  commit(store, {Write{Table::exchange_numbers, exchange(50), std::nullopt}});
  const Reading reading(store);
  BOOST_TEST(!store.get(Table::exchange_numbers, exchange(50)));
}

// Keys come in random order: before the place to which it has learned, and behind it.
BOOST_FIXTURE_TEST_CASE(keys_that_come_while_it_learns_are_found, Numbers) {
  constexpr std::uint64_t many = 5 * KeyFilter::keys_a_step;
  commit(*other, numbered_all(0, many));
  for (std::uint64_t come = 0; come < 8; ++come) {
    commit(store, numbered_all(many + come * 10, many + come * 10 + 10));
    (void)look(0, many + come * 10 + 10);
  }
  BOOST_TEST(look(0, many + 80).lacking < static_cast<int>(many) / 20);
}

BOOST_FIXTURE_TEST_CASE(with_more_keys_it_grows_and_learns_them_anew, Numbers) {
  constexpr std::uint64_t many = 30'000;
  for (std::uint64_t first = 0; first < many; first += 1'000) commit(store, numbered_all(first, first + 1'000));
  (void)look(0, many);
  learn(2 * many);  // and once more what was learned before it grew
  const auto asked = look(0, many);
  BOOST_TEST(asked.there == static_cast<int>(many));
  BOOST_TEST(asked.lacking < static_cast<int>(many) / 20);
}

BOOST_FIXTURE_TEST_CASE(numbers_that_another_process_gave_are_found, Numbers) {
  learn(0);
  commit(*other, {numbered(1)});
  BOOST_TEST(look(1, 2).there == 1);
  learn(1);
  BOOST_TEST(look(1, 2).lacking == 0);
  commit(*other, {numbered(2)});
  require_success(store.begin());
  BOOST_TEST((store.get(Table::exchange_numbers, exchange(2)) == encode(std::uint64_t{2})));
  store.rollback();
  BOOST_TEST(look(1, 3).there == 2);
}

BOOST_FIXTURE_TEST_CASE(keys_that_could_not_be_read_are_learned_later, Numbers) {
  commit(*other, numbered_all(0, 100));
  below.next_scan_gives = 10;
  require_success(store.begin());
  BOOST_TEST(token_of(store.commit()) == "io");
  (void)look(0, 100);
  learn(100);
  BOOST_TEST(look(0, 100).lacking < 5);
}

BOOST_FIXTURE_TEST_CASE(what_a_transaction_added_that_is_given_up_is_as_it_was, Numbers) {
  commit(*other, numbered_all(0, 10));
  learn(10);
  for (const bool fails : {false, true}) {
    require_success(store.begin());
    store.apply({numbered(10)});
    if (fails) {
      below.next_commit_fails = true;
      BOOST_TEST(token_of(store.commit()) == "io");
    } else {
      store.rollback();
    }
    (void)look(0, 10);
    const Reading reading(store);
    BOOST_TEST(!store.get(Table::exchange_numbers, exchange(10)));
  }
  commit(store, {numbered(10)});
  BOOST_TEST(look(0, 11).there == 11);
}

BOOST_FIXTURE_TEST_CASE(by_itself_and_where_nothing_is_kept_it_is_asked_below, Numbers) {
  learn(0);
  auto reads = below.reads;
  BOOST_TEST(!store.get(Table::exchange_numbers, exchange(1)));
  BOOST_TEST(below.reads == ++reads);
  store.keep(0);
  const auto scans = below.scans;
  commit(store, {});
  BOOST_TEST(below.scans == scans);
  const Reading reading(store);
  BOOST_TEST(!store.get(Table::exchange_numbers, exchange(1)));
  BOOST_TEST(below.reads == ++reads);
}

BOOST_AUTO_TEST_SUITE_END()
