// The rows of a journal, in both kinds of maps, and a journal that keeps many.
#include "ledger/store/held_rows.hpp"

#include <map>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// Of eight bytes and more, some of which begin alike.
Bytes key_of(std::uint64_t number) {
  auto key = scrambled(40, number / 4);
  key.push_back(static_cast<std::uint8_t>(number % 4));
  return key;
}

/// Puts, changes and removals, by chance, in one of the maps and in a simple one.
template <class Kind>
struct ComparedRows {
  Kind rows;
  std::map<Bytes, std::optional<Bytes>> expected;

  void change(std::mt19937_64& generator) {
    const auto key = key_of(generator() % 500);
    const auto [row, was_known] = find_or_add(rows, key);
    BOOST_TEST(was_known == expected.contains(key));
    BOOST_TEST((was_known || !row->second));
    if (was_known && generator() % 3 == 0) {
      rows.erase(row);
      expected.erase(key);
      return;
    }
    const auto value = generator() % 4 == 0 ? std::nullopt : std::optional(encode(std::uint64_t{generator()}));
    row->second = value;
    expected[key] = value;
  }

  void compare() {
    BOOST_TEST(rows.size() == expected.size());
    BOOST_TEST(rows.empty() == expected.empty());
    auto next = expected.begin();
    for (const auto& [key, value] : in_order(rows)) {
      BOOST_REQUIRE((next != expected.end()));
      BOOST_TEST((std::ranges::equal(ByteView(key), next->first) && value == next->second));
      ++next;
    }
    BOOST_TEST((next == expected.end()));
    for (std::uint64_t number = 0; number < 500; number += 7) {
      const auto key = key_of(number);
      const auto found = rows.find(ByteView(key));
      const auto there = expected.find(key);
      BOOST_TEST((found == rows.end()) == (there == expected.end()));
      if (found != rows.end()) BOOST_TEST((found->second == there->second));
      auto& all = in_order(rows);
      BOOST_TEST(all.contains(ByteView(key)) == expected.contains(key));
      const auto after = all.lower_bound(ByteView(key));
      const auto expected_after = expected.lower_bound(key);
      BOOST_TEST((after == all.end()) == (expected_after == expected.end()));
      if (after != all.end()) BOOST_TEST(std::ranges::equal(ByteView(after->first), expected_after->first));
    }
  }
};

template <class Kind>
void check_all() {
  std::mt19937_64 generator(5);
  ComparedRows<Kind> both;
  both.compare();
  for (int round = 0; round < 60; ++round) {
    // One change alone as well: what was put in order before must not be used again.
    for (int i = round % 3 == 0 ? 1 : 40; i > 0; --i) both.change(generator);
    both.compare();
  }
  both.rows.clear();
  both.expected.clear();
  both.compare();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(held_rows)

BOOST_AUTO_TEST_CASE(both_kinds_say_what_a_map_says) {
  check_all<OrderedRows>();
  check_all<HashedRows>();
}

BOOST_AUTO_TEST_CASE(a_journal_of_many_rows_by_hash_says_what_a_map_says) {
  MemoryStore memory;
  CountingStore below(memory);
  HashedJournalStore store(below);
  store.keep_journal(1'000'000);
  std::map<Bytes, Bytes> rows;
  constexpr std::uint64_t many = 3'000;
  for (std::uint64_t first = 0; first < many; first += 100) {
    std::vector<Write> writes;
    for (auto number = first; number < first + 100; ++number) {
      writes.push_back(put(key_of(number), encode(number)));
      rows[key_of(number)] = encode(number);
    }
    for (auto number = first / 2; number < first / 2 + 20; ++number) {
      const bool goes = number % 3 == 0;
      writes.push_back(Write{Table::facts, key_of(number), goes ? std::nullopt : std::optional(Bytes{7})});
      goes ? (void)rows.erase(key_of(number)) : (void)(rows[key_of(number)] = Bytes{7});
    }
    commit(store, writes);
  }
  const auto compare = [&](const State& state) {
    for (std::uint64_t number = 0; number < many + 500; ++number) {
      const auto row = rows.find(key_of(number));
      const auto expected = row == rows.end() ? std::nullopt : std::optional(row->second);
      BOOST_TEST((state.get(Table::facts, key_of(number)) == expected), number);
    }
    BOOST_TEST((scan(state, Table::facts, {}, {}) == Rows(rows.begin(), rows.end())));
    BOOST_TEST(
        (scan(state, Table::facts, {}, key_of(many / 2)) == Rows(rows.lower_bound(key_of(many / 2)), rows.end())));
    BOOST_TEST((state.last(Table::facts, {}) == std::optional(std::pair<Bytes, Bytes>(*rows.rbegin()))));
  };
  compare(store);
  // What is in the journal is asked nowhere else, and what is not is asked below.
  const auto before = below.reads;
  (void)store.get(Table::facts, key_of(many - 1));
  BOOST_TEST(below.reads == before);
  (void)store.get(Table::facts, key_of(many));
  BOOST_TEST(below.reads == before + 1);
  const HashedJournalStore next(below);
  compare(next);
  require_success(store.settle());
  compare(memory);
  commit(store, {put(key_of(0), {1})});
  rows[key_of(0)] = {1};
  compare(store);
}

BOOST_AUTO_TEST_SUITE_END()
