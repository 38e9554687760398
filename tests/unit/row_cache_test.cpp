// The rows that a store keeps in memory: never older than what others wrote, never more than their bound.
#include "ledger/store/row_cache.hpp"

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// One file that two processes write: `store` is what the one reads and writes it by, `other` the other's.
struct SharedCache {
  TemporaryFolder folder;
  std::unique_ptr<Store> file = open_sqlite(folder / "state.sqlite");
  std::unique_ptr<Store> other = open_sqlite(folder / "state.sqlite");
  CountingStore below{*file};
  GatheringStore store{below};
};

std::optional<Bytes> read_in_transaction(Store& store, const Bytes& key) {
  require_success(store.begin());
  auto value = store.get(Table::facts, key);
  require_success(store.commit());
  return value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(row_cache)

BOOST_AUTO_TEST_CASE(a_gathering_store_reads_a_row_once_and_again_when_somebody_else_wrote) {
  SharedCache shared;
  auto& store = shared.store;
  const auto in_transaction = [&](const Bytes& key) { return read_in_transaction(store, key); };
  BOOST_TEST(!in_transaction(a_key));
  commit(*shared.other, {put(a_key, {1})});
  BOOST_TEST((in_transaction(a_key) == Bytes{1}));
  const auto reads = shared.below.reads;
  BOOST_TEST((in_transaction(a_key) == Bytes{1}));
  BOOST_TEST(shared.below.reads == reads);
  commit(*shared.other, {put(a_key, {2})});
  BOOST_TEST((store.get(Table::facts, a_key) == Bytes{2}));  // between transactions nothing is remembered
  BOOST_TEST((in_transaction(a_key) == Bytes{2}));
  commit(store, {put(a_key, {3})});
  BOOST_TEST((in_transaction(a_key) == Bytes{3}));
  commit(store, {Write{Table::facts, a_key, std::nullopt}});
  BOOST_TEST(!in_transaction(a_key));
}

BOOST_AUTO_TEST_CASE(a_cache_of_rows_remembers_what_was_read_and_no_more_than_its_bound) {
  MemoryStore store;
  commit(store, {put(a_key, a_value), Write{Table::blocks, {1}, Bytes(20'000, 1)}});
  const CountingStore below(store);
  RowCache cache(below);
  const auto reads_of = [&](Table table, const Bytes& key) {
    const auto before = below.reads;
    (void)cache.get(table, key);
    return below.reads - before;
  };
  BOOST_TEST(reads_of(Table::facts, a_key) == 1);  // not started
  BOOST_TEST(reads_of(Table::facts, a_key) == 1);
  cache.start();
  BOOST_TEST(reads_of(Table::facts, a_key) == 1);
  BOOST_TEST(reads_of(Table::facts, a_key) == 0);
  BOOST_TEST(reads_of(Table::facts, {9}) == 1);  // that it is not there
  BOOST_TEST(reads_of(Table::facts, {9}) == 0);
  BOOST_TEST(reads_of(Table::shelf, a_key) == 1);  // another table
  BOOST_TEST(reads_of(Table::blocks, {1}) == 1);   // too large
  BOOST_TEST(reads_of(Table::blocks, {1}) == 1);
  cache.changed({put(a_key, {7}), put({8}, {8})});
  BOOST_TEST((cache.get(Table::facts, a_key) == Bytes{7}));
  BOOST_TEST(reads_of(Table::facts, {8}) == 0);  // written, and not read before
  // A row that is known not to be there, and is written, is not remembered where it is too large.
  BOOST_TEST(reads_of(Table::blocks, {2}) == 1);
  cache.changed({Write{Table::blocks, {2}, Bytes(20'000, 1)}});
  BOOST_TEST(reads_of(Table::blocks, {2}) == 1);
  cache.forget();
  BOOST_TEST((cache.get(Table::facts, a_key) == a_value));
  // What is above the bound is read again, but for what is in use.
  const Bytes in_use{8};
  (void)cache.get(Table::facts, in_use);
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    (void)cache.get(Table::seen, encode(i));
    if (i % 1000 == 0) (void)cache.get(Table::facts, in_use);
  }
  BOOST_TEST(reads_of(Table::facts, a_key) == 1);
  BOOST_TEST(reads_of(Table::facts, {8}) == 0);
}

BOOST_AUTO_TEST_CASE(a_gathering_store_hands_down_no_row_that_is_as_before) {
  MemoryStore file;
  CountingStore below(file);
  GatheringStore store(below);
  const auto writes_of = [&](const Write& write) {
    const auto before = below.writes;
    commit(store, {write});
    return below.writes - before;
  };
  const Write gone{Table::facts, a_key, std::nullopt};
  BOOST_TEST(writes_of(put(a_key, {1})) == 1U);
  BOOST_TEST(writes_of(put(a_key, {1})) == 0U);
  BOOST_TEST(writes_of(put(a_key, {2})) == 1U);
  BOOST_TEST(writes_of(gone) == 1U);
  BOOST_TEST(writes_of(gone) == 0U);
  BOOST_TEST(writes_of(put(a_key, {2})) == 1U);
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{2}));
}

BOOST_AUTO_TEST_CASE(what_is_read_within_one_reading_is_remembered_until_somebody_else_writes) {
  SharedCache shared;
  auto& store = shared.store;
  commit(*shared.other, {put(a_key, {1})});
  const auto read = [&] {
    const Reading reading(store);
    const auto before = shared.below.reads;
    auto value = store.get(Table::facts, a_key);
    return std::make_pair(std::move(value), shared.below.reads - before);
  };
  const auto value_and_reads = [](std::uint8_t value, int reads) {
    return std::make_pair(std::optional<Bytes>(Bytes{value}), reads);
  };
  BOOST_TEST((read() == value_and_reads(1, 1)));
  BOOST_TEST((read() == value_and_reads(1, 0)));
  commit(*shared.other, {put(a_key, {2})});
  BOOST_TEST((read() == value_and_reads(2, 1)));
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{2}));
  commit(store, {put(a_key, {3})});
  BOOST_TEST((read() == value_and_reads(3, 0)));
  commit(*shared.other, {put(a_key, {4})});
  shared.below.next_read_fails = true;
  BOOST_TEST(!read().first);
  BOOST_TEST((read().first == Bytes{4}));  // nothing is concluded from a read that failed
}

// What a transaction wrote that came to nothing is not remembered, and what it saw is, if the read was good.
BOOST_AUTO_TEST_CASE(what_a_transaction_read_before_it_was_given_up_is_not_read_again) {
  MemoryStore file;
  commit(file, {put(a_key, {1}), put(another_key, {2})});
  CountingStore below(file);
  GatheringStore store(below);
  require_success(store.begin());
  BOOST_TEST((store.get(Table::facts, a_key) == Bytes{1}));
  store.apply({put(a_key, {3})});
  store.rollback();
  const auto reads = below.reads;
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{1}));
  BOOST_TEST(below.reads == reads);

  require_success(store.begin());
  below.next_read_fails = true;
  BOOST_TEST(!store.get(Table::facts, another_key));
  store.rollback();
  BOOST_TEST((read_in_transaction(store, another_key) == Bytes{2}));
}

BOOST_AUTO_TEST_CASE(
    after_a_read_or_a_commit_that_failed_the_rows_are_read_again_and_what_was_rolled_back_is_not_there) {
  MemoryStore file;
  commit(file, {put(a_key, {1})});
  CountingStore below(file);
  GatheringStore store(below);

  require_success(store.begin());
  below.next_read_fails = true;
  BOOST_TEST(!store.get(Table::facts, a_key));
  BOOST_TEST(!store.commit());
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{1}));

  require_success(store.begin());
  store.apply({put(a_key, {2})});
  BOOST_TEST((store.get(Table::facts, a_key) == Bytes{2}));
  below.next_commit_fails = true;
  BOOST_TEST(!store.commit());
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{1}));

  require_success(store.begin());
  store.apply({put(a_key, {3})});
  store.rollback();
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{1}));
  commit(store, {put(a_key, {4})});
  BOOST_TEST((read_in_transaction(store, a_key) == Bytes{4}));
}

BOOST_AUTO_TEST_SUITE_END()
