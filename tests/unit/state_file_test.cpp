// The file of a peer's state: who may read it, that nothing stands in for it when it is lost, and what is damaged in
// it.
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>

#include "ledger/store/memory_store.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

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

BOOST_AUTO_TEST_SUITE_END()
