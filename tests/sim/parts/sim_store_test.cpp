// What the simulated disk keeps. SQLite does the same with the project's settings: a COMMIT whose sync fails is rolled
// back, its frames stay in the log, and whoever opens the state after a crash finds them.
#include "tests/sim/sim_store.hpp"

#include <boost/test/unit_test.hpp>

#include "ledger/store/gathering_store.hpp"

namespace {

using namespace bookchain::sim;  // NOLINT(google-build-using-namespace)

const Bytes first{1};
const Bytes second{2};
const Bytes old_value{10};
const Bytes new_value{11};

Write put(const Bytes& key, const Bytes& value) { return {Table::facts, key, value}; }

/// True if the commit succeeded.
bool write(SimStore& store, const std::vector<Write>& writes, Durability durability = Durability::full) {
  BOOST_TEST(store.begin(durability).has_value());
  store.apply(writes);
  return store.commit().has_value();
}

void fail_in_log(SimStore& store, const std::vector<Write>& writes) {
  store.fate = [](Durability) { return CommitFate::error_in_log; };
  BOOST_TEST(!write(store, writes));
  store.fate = nullptr;
}

void commit_and_fail(SimStore& store) {
  BOOST_TEST(write(store, {put(first, old_value)}));
  fail_in_log(store, {put(first, new_value), put(second, new_value)});
}

struct Fixture {
  SimStore store;
  Fixture() { commit_and_fail(store); }
  void expect_old() const {
    BOOST_TEST((store.get(Table::facts, first) == old_value));
    BOOST_TEST(!store.get(Table::facts, second).has_value());
  }
  void expect_new() const {
    BOOST_TEST((store.get(Table::facts, first) == new_value));
    BOOST_TEST((store.get(Table::facts, second) == new_value));
  }
};

/// What came of the store in many losses of power, each after the same.
std::vector<SimStore::Loss> losses(const std::function<void(SimStore&)>& before,
                                   const std::function<void(const SimStore&, SimStore::Loss)>& look) {
  Random chance(1, "power");
  std::vector<SimStore::Loss> all;
  for (int i = 0; i < 100; ++i) {
    SimStore store;
    before(store);
    all.push_back(store.lose_power(&chance));
    look(store, all.back());
  }
  return all;
}

bool may_surface_when_power_goes(const std::function<void(SimStore&)>& before) {
  return std::ranges::any_of(losses(before, [](const SimStore&, SimStore::Loss) {}), &SimStore::Loss::surfaced);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(disk_of_the_simulator)

BOOST_FIXTURE_TEST_CASE(a_commit_that_failed_in_the_log_is_found_after_a_crash_once, Fixture) {
  expect_old();
  BOOST_TEST(store.may_surface());
  BOOST_TEST(store.lose_power(nullptr).surfaced);
  expect_new();
  BOOST_TEST(!store.lose_power(nullptr).surfaced);
}

BOOST_FIXTURE_TEST_CASE(what_is_found_is_told_as_changed, Fixture) {
  fail_in_log(store, {Write{Table::ownership, first, new_value}});
  (void)store.take_changed();
  BOOST_TEST(store.lose_power(nullptr).surfaced);
  BOOST_TEST((store.take_changed() == SimStore::Changed{{Table::ownership, first}}));
}

BOOST_FIXTURE_TEST_CASE(a_later_full_commit_is_written_over_it, Fixture) {
  BOOST_TEST(write(store, {put(first, old_value)}));
  BOOST_TEST(!store.may_surface());
  BOOST_TEST(!store.lose_power(nullptr).surfaced);
  expect_old();
  BOOST_TEST(may_surface_when_power_goes(commit_and_fail));
  BOOST_TEST(!may_surface_when_power_goes([](SimStore& each) {
    commit_and_fail(each);
    BOOST_TEST(write(each, {put(first, old_value)}));
  }));
}

BOOST_FIXTURE_TEST_CASE(a_commit_that_writes_nothing_is_written_over_nothing, Fixture) {
  BOOST_TEST(write(store, {}));
  BOOST_TEST(write(store, {Write{Table::facts, second, std::nullopt}}));
  BOOST_TEST(store.lose_power(nullptr).surfaced);
  expect_new();
}

BOOST_FIXTURE_TEST_CASE(nor_is_one_that_fails_before_it_writes, Fixture) {
  store.fate = [](Durability) { return CommitFate::io_error; };
  BOOST_TEST(!write(store, {put(second, old_value)}));
  BOOST_TEST(store.lose_power(nullptr).surfaced);
  expect_new();
}

BOOST_FIXTURE_TEST_CASE(a_later_one_that_is_synced_soon_hides_it_until_the_power_takes_that, Fixture) {
  BOOST_TEST(write(store, {put(second, old_value)}, Durability::soon));
  BOOST_TEST(!store.may_surface());
  BOOST_TEST(may_surface_when_power_goes([](SimStore& each) {
    commit_and_fail(each);
    BOOST_TEST(write(each, {put(second, old_value)}, Durability::soon));
  }));
  BOOST_TEST(!store.lose_power(nullptr).surfaced);
  BOOST_TEST((store.get(Table::facts, second) == old_value));
}

BOOST_AUTO_TEST_CASE(it_follows_what_was_committed_before_and_goes_with_it) {
  const auto before = [](SimStore& store) {
    BOOST_TEST(write(store, {put(first, old_value)}, Durability::soon));
    fail_in_log(store, {put(second, new_value)});
  };
  const auto all = losses(before, [](const SimStore& store, SimStore::Loss loss) {
    BOOST_TEST(!(loss.lost && loss.surfaced));
    BOOST_TEST(store.get(Table::facts, first).has_value() != loss.lost);
    BOOST_TEST(store.get(Table::facts, second).has_value() == loss.surfaced);
  });
  BOOST_TEST(std::ranges::any_of(all, &SimStore::Loss::lost));
  BOOST_TEST(std::ranges::any_of(all, &SimStore::Loss::surfaced));
}

BOOST_AUTO_TEST_CASE(a_disk_without_room_takes_no_commit_but_an_empty_one) {
  SimStore store;
  store.is_full = [] { return true; };
  BOOST_TEST(!write(store, {put(first, old_value)}));
  BOOST_TEST(!store.get(Table::facts, first).has_value());
  BOOST_TEST(write(store, {}));
}

BOOST_AUTO_TEST_CASE(a_transaction_that_cannot_be_opened_is_none) {
  SimStore store;
  store.begin_fails = [] { return true; };
  BOOST_TEST(!store.begin().has_value());
  BOOST_TEST(!store.in_transaction());
  store.begin_fails = nullptr;
  BOOST_TEST(write(store, {put(first, old_value)}));
}

BOOST_AUTO_TEST_CASE(a_read_that_fails_in_no_transaction_is_told_until_the_next_one) {
  SimStore store;
  BOOST_TEST(write(store, {put(first, old_value)}));
  BOOST_TEST(store.status().has_value());
  store.idle_read_fails = [] { return true; };
  BOOST_TEST(!store.get(Table::facts, first).has_value());
  store.idle_read_fails = nullptr;
  BOOST_TEST(!store.status().has_value());
  BOOST_TEST((store.get(Table::facts, first) == old_value));
  BOOST_TEST(write(store, {put(second, old_value)}));
  BOOST_TEST(store.status().has_value());
}

/// What the program reads between two transactions of the simulated disk fails, too, and this is why it may.
BOOST_AUTO_TEST_CASE(a_read_that_failed_is_not_remembered_above) {
  SimStore store;
  BOOST_TEST(write(store, {put(first, old_value)}));
  GatheringStore above(store);
  for (const bool fails : {true, false}) {
    store.idle_read_fails = [fails] { return fails; };
    const Reading reading(above);
    BOOST_TEST(above.get(Table::facts, first).has_value() == !fails);
  }
  BOOST_TEST(above.begin().has_value());
  BOOST_TEST((above.get(Table::facts, first) == old_value));
  above.rollback();
}

BOOST_AUTO_TEST_SUITE_END()
