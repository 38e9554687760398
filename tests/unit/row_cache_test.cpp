// The rows that a store keeps in memory: never older than what others wrote, never more than their bound.
#include "ledger/store/row_cache.hpp"

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// Counts what is read of it.
class CountingState final : public State {
 public:
  explicit CountingState(const State& below) : below_(below) {}
  [[nodiscard]] std::optional<Bytes> get(Table table, ByteView key) const override {
    ++reads;
    return below_.get(table, key);
  }
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    below_.scan(table, prefix, from, visit);
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    return below_.last(table, prefix);
  }
  mutable int reads = 0;

 private:
  const State& below_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(row_cache)

BOOST_AUTO_TEST_CASE(a_gathering_store_reads_a_row_once_and_again_when_somebody_else_wrote) {
  TemporaryFolder folder;
  const auto below = open_sqlite(folder / "state.sqlite");
  const auto other = open_sqlite(folder / "state.sqlite");
  GatheringStore store(*below);
  const auto in_transaction = [&](const Bytes& key) {
    require_success(store.begin());
    auto value = store.get(Table::facts, key);
    require_success(store.commit());
    return value;
  };
  BOOST_TEST(!in_transaction(a_key));
  commit(*other, {put(a_key, {1})});
  BOOST_TEST((in_transaction(a_key) == Bytes{1}));
  BOOST_TEST((in_transaction(a_key) == Bytes{1}));
  commit(*other, {put(a_key, {2})});
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
  const CountingState below(store);
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
  BOOST_TEST(reads_of(Table::facts, {8}) == 1);  // written, and not read before
  cache.forget();
  BOOST_TEST((cache.get(Table::facts, a_key) == a_value));
  // What is above the bound is read again.
  for (std::uint32_t i = 0; i < 60'000; ++i) (void)cache.get(Table::seen, encode(i));
  BOOST_TEST(reads_of(Table::facts, a_key) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
