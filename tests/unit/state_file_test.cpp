// The file of a peer's state: who may read it, that nothing stands in for it when it is lost, what is damaged in it,
// and its log.
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// A state, and what a process leaves of it that is killed.
struct StateWithLog {
  [[nodiscard]] path file() const { return folder / "state.sqlite"; }
  [[nodiscard]] path log() const { return folder / "state.sqlite-wal"; }
  [[nodiscard]] std::unique_ptr<Store> after_a_kill() const {
    boost::filesystem::create_directory(folder / "killed");
    for (const auto& each : {file(), log()}) {
      boost::filesystem::copy_file(each, folder / "killed" / each.filename(),
                                   boost::filesystem::copy_options::overwrite_existing);
    }
    return value_of(SqliteStore::open(folder / "killed/state.sqlite", SqliteStore::Mode::read_write));
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store = value_of(SqliteStore::open(file(), SqliteStore::Mode::create));
};

constexpr std::uintmax_t pages_of_a_log = 1000;

}  // namespace

BOOST_AUTO_TEST_SUITE(state_file)

// A new one in its place would have forgotten what the peer voted.
BOOST_AUTO_TEST_CASE(a_state_that_is_lost_is_not_made_anew) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  const auto refused = SqliteStore::open(file, SqliteStore::Mode::read_write);
  BOOST_TEST(token_of(refused) == "home-missing");
  BOOST_TEST(refused.error().hint.find("backup") != std::string::npos);
  BOOST_TEST(!boost::filesystem::exists(file));
  write_file(file, Bytes{});
  BOOST_TEST(token_of(SqliteStore::open(file, SqliteStore::Mode::read_write)) == "bad-file");
}

BOOST_AUTO_TEST_CASE(nobody_else_can_read_a_state_whatever_the_umask) {
  TemporaryFolder folder;
  const auto before = ::umask(0);
  const auto store = value_of(SqliteStore::open(folder / "state.sqlite", SqliteStore::Mode::create));
  require_success(store->begin());
  store->apply({Write{Table::facts, {1}, Bytes{2}}});
  require_success(store->commit());
  ::umask(before);
  for (const auto* name : {"state.sqlite", "state.sqlite-wal"}) {
    BOOST_TEST((boost::filesystem::status(folder / name).permissions() & 077) == 0, name);
  }
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_is_thrown_to_whoever_ends_the_command) {
  MemoryStore store;
  require_success(store.begin());
  store.apply({Write{Table::facts, {1, 2}, Bytes{7, 7, 7}}});
  require_success(store.commit());
  const TypedTable<std::uint8_t, std::uint64_t> table{Table::facts};
  try {
    (void)table.all(store);
    BOOST_FAIL("it was read");
  } catch (const DamagedState& damaged) {
    BOOST_TEST((damaged.error().token == Token::bad_file));
    BOOST_TEST(damaged.error().subject.find("facts") == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_log_that_was_made_longer_holds_what_it_held_and_what_comes_after) {
  StateWithLog state;
  commit(*state.store, {put(a_key, a_value)});
  state.store->lengthen_log();
  const auto length = boost::filesystem::file_size(state.log());
  BOOST_TEST(length > pages_of_a_log * 8192);
  BOOST_TEST((state.after_a_kill()->get(Table::facts, a_key) == a_value));
  for (std::uint8_t i = 0; i < 200; ++i) commit(*state.store, {put({i}, Bytes(3000, i))});
  BOOST_TEST(boost::filesystem::file_size(state.log()) == length);
  const auto killed = state.after_a_kill();
  BOOST_TEST((killed->get(Table::facts, a_key) == a_value));
  for (std::uint8_t i = 0; i < 200; ++i) BOOST_TEST((killed->get(Table::facts, Bytes{i}) == Bytes(3000, i)));
}

BOOST_AUTO_TEST_CASE(a_log_of_zeros_alone_is_an_empty_one) {
  StateWithLog state;
  commit(*state.store, {put(a_key, a_value)});
  state.store.reset();
  BOOST_TEST(!boost::filesystem::exists(state.log()));
  state.store = value_of(SqliteStore::open(state.file(), SqliteStore::Mode::read_write));
  state.store->lengthen_log();
  BOOST_TEST((read_file(state.log()) == Bytes(boost::filesystem::file_size(state.log()))));
  BOOST_TEST((state.after_a_kill()->get(Table::facts, a_key) == a_value));
  commit(*state.store, {put(a_key, {9})});
  BOOST_TEST((state.after_a_kill()->get(Table::facts, a_key) == Bytes{9}));
}

// Where another process writes meanwhile, its rows are not what is written over.
BOOST_AUTO_TEST_CASE(a_log_is_made_longer_behind_the_rows_of_others) {
  StateWithLog state;
  const auto other = value_of(SqliteStore::open(state.file(), SqliteStore::Mode::read_write));
  commit(*other, {put(a_key, a_value)});
  state.store->lengthen_log();
  commit(*other, {put({7}, {7})});
  state.store->lengthen_log();
  BOOST_TEST((state.store->get(Table::facts, a_key) == a_value));
  BOOST_TEST((state.after_a_kill()->get(Table::facts, Bytes{7}) == Bytes{7}));
}

BOOST_AUTO_TEST_SUITE_END()
