// What a journal of many rows does not look for: keys that it cannot have.
#include "ledger/store/key_filter.hpp"

#include <map>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Bytes key_of(std::uint64_t number) { return scrambled(40, number); }

std::size_t count_those_it_may_have(const KeyFilter& filter, Table table, std::uint64_t from, std::uint64_t to) {
  std::size_t count = 0;
  for (auto number = from; number < to; ++number) count += filter.may_have(table, key_of(number)) ? 1 : 0;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_filter)

BOOST_AUTO_TEST_CASE(it_knows_all_that_was_added_and_takes_few_others_for_it) {
  constexpr std::uint64_t many = 30'000;
  KeyFilter filter;
  BOOST_TEST(count_those_it_may_have(filter, Table::turns, 0, 100) == 0U);
  for (std::uint64_t number = 0; number < many; ++number) filter.add(Table::turns, key_of(number));
  BOOST_TEST(count_those_it_may_have(filter, Table::turns, 0, many) == many);
  BOOST_TEST(count_those_it_may_have(filter, Table::turns, many, 2 * many) < many / 50);
  BOOST_TEST(count_those_it_may_have(filter, Table::history, 0, many) < many / 50);
  filter.clear();
  BOOST_TEST(count_those_it_may_have(filter, Table::turns, 0, many) == 0U);
}

// More rows than those that are found by a walk through all: puts, changes and removals, in tables of both sizes.
BOOST_AUTO_TEST_CASE(a_journal_of_many_rows_says_what_a_map_says) {
  MemoryStore memory;
  CountingStore below(memory);
  JournalStore store(below);
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
    BOOST_TEST(rows_of(state, Table::facts) == rows.size());
  };
  compare(store);
  // What is in the journal is asked nowhere else, and what is not is asked below.
  const auto before = below.reads;
  (void)store.get(Table::facts, key_of(many - 1));
  BOOST_TEST(below.reads == before);
  (void)store.get(Table::facts, key_of(many));
  BOOST_TEST(below.reads == before + 1);
  const JournalStore next(below);
  compare(next);
  require_success(store.settle());
  compare(memory);
  commit(store, {put(key_of(0), {1})});
  rows[key_of(0)] = {1};
  compare(store);
}

BOOST_AUTO_TEST_SUITE_END()
