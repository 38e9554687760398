// The state of a peer, however it is kept: in memory, in SQLite, or as a Draft on top of either, and what transactions
// promise. Each is held against a std::map in state_model_test.cpp.
#include <boost/filesystem/operations.hpp>
#include <memory>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(state)

BOOST_AUTO_TEST_CASE(a_draft_on_a_draft_sees_both) {
  MemoryStore store;
  commit(store, {put({1}, {1}), put({2}, {2}), put({3}, {3})});
  Draft lower(store);
  lower.erase(Table::facts, {3});
  lower.put(Table::facts, {2}, {22});
  Draft upper(static_cast<const State&>(lower));
  upper.erase(Table::facts, {2});
  BOOST_TEST((scan(upper, Table::facts, {}, {}) == Rows{{{1}, {1}}}));
  BOOST_TEST((upper.last(Table::facts, {}) == std::optional(std::pair<Bytes, Bytes>({1}, {1}))));
  BOOST_TEST((lower.last(Table::facts, {}) == std::optional(std::pair<Bytes, Bytes>({2}, {22}))));
}

BOOST_AUTO_TEST_CASE(effects_hold_the_last_write_of_each_row_and_leave_the_draft_empty) {
  MemoryStore store;
  Draft draft(store);
  draft.put(Table::trace, {1}, {1});
  draft.put(Table::trace, {1}, {2});
  draft.erase(Table::facts, {7});
  draft.send(PeerPort{5001}, WantVotes{});
  draft.send(PeerPort{5002}, WantBlocks{Height{1}}, true);
  draft.note(Event{"told", std::nullopt, "why"});
  BOOST_TEST(draft.take_outgoing_to(PeerPort{5001}).size() == 1U);
  const auto effects = draft.take_effects();
  BOOST_REQUIRE(effects.writes.size() == 2U);
  BOOST_TEST((effects.writes[0].table == Table::facts && !effects.writes[0].value));
  BOOST_TEST((effects.writes[1].table == Table::trace && effects.writes[1].value == Bytes{2}));
  BOOST_REQUIRE(effects.outgoing.size() == 1U);
  BOOST_TEST(effects.outgoing[0].to.value == 5002);
  BOOST_TEST(effects.outgoing[0].with_package);
  BOOST_TEST(effects.events.size() == 1U);
  const auto none = draft.take_effects();
  BOOST_TEST((none.writes.empty() && none.outgoing.empty() && none.events.empty()));
}

BOOST_AUTO_TEST_CASE(a_transaction_rolled_back_never_was) {
  Stores stores;
  for (const auto& store : stores.all) {
    commit(*store, {put(a_key, a_value)});
    require_success(store->begin());
    store->apply({put(a_key, {9}), put({9}, {9})});
    BOOST_TEST((store->get(Table::facts, a_key) == Bytes{9}));
    store->rollback();
    store->rollback();  // nothing is open: no harm
    BOOST_TEST((store->get(Table::facts, a_key) == a_value));
    BOOST_TEST(!store->get(Table::facts, Bytes{9}));
  }
}

BOOST_AUTO_TEST_CASE(a_gathering_store_writes_nothing_before_its_commit_and_each_row_once) {
  MemoryStore below;
  GatheringStore store(below);
  require_success(store.begin());
  store.apply({put(a_key, {1})});
  store.apply({put(a_key, a_value), put({9}, {9})});
  store.apply({Write{Table::facts, {9}, std::nullopt}});
  BOOST_TEST((store.get(Table::facts, a_key) == a_value));
  BOOST_TEST(!below.get(Table::facts, a_key));
  below.fail_next_commit(Error{Token::disk_full, "no space", {}, {}});
  BOOST_TEST(token_of(store.commit()) == "disk-full");
  BOOST_TEST(!store.get(Table::facts, a_key));
  commit(store, {put(a_key, a_value)});
  BOOST_TEST((below.get(Table::facts, a_key) == a_value));
  BOOST_TEST(!below.get(Table::facts, Bytes{9}));
}

BOOST_AUTO_TEST_CASE(a_commit_that_fails_leaves_the_state_as_it_was) {
  MemoryStore store;
  commit(store, {put(a_key, a_value)});
  require_success(store.begin());
  store.apply({put(a_key, {9}), Write{Table::trace, {1}, Bytes{1}}});
  store.fail_next_commit(Error{Token::disk_full, "no space", {}, {}});
  BOOST_TEST(token_of(store.commit()) == "disk-full");
  BOOST_TEST((store.get(Table::facts, a_key) == a_value));
  BOOST_TEST(!store.get(Table::trace, Bytes{1}));
  commit(store, {put(a_key, {9})});
  BOOST_TEST((store.get(Table::facts, a_key) == Bytes{9}));
}

BOOST_AUTO_TEST_CASE(rows_may_be_read_while_the_same_table_is_scanned) {
  Stores stores;
  for (const auto& store : stores.all) {
    commit(*store, {put({1}, {1}), put({2}, {2}), put({3}, {3})});
    Rows inner;
    store->scan(Table::facts, {}, {}, [&](ByteView key, ByteView) {
      for (auto& row : scan(*store, Table::facts, Bytes(key.begin(), key.end()), {})) inner.push_back(std::move(row));
      BOOST_TEST((store->get(Table::facts, Bytes{2}) == Bytes{2}));
      BOOST_TEST((store->last(Table::facts, {})->first == Bytes{3}));
      return true;
    });
    BOOST_TEST((inner == Rows{{{1}, {1}}, {{2}, {2}}, {{3}, {3}}}));
  }
}

BOOST_AUTO_TEST_CASE(empty_values_and_large_ones_are_kept) {
  Stores stores;
  const auto large = scrambled(std::size_t{1} << 20U, 1);
  for (const auto& store : stores.all) {
    commit(*store, {put({}, {}), put({1}, large)});
    BOOST_TEST((store->get(Table::facts, {}) == Bytes{}));
    BOOST_TEST((store->get(Table::facts, Bytes{1}) == large));
    BOOST_TEST((scan(*store, Table::facts, {}, {}) == Rows{{{}, {}}, {{1}, large}}));
  }
}

BOOST_AUTO_TEST_CASE(what_was_committed_is_there_when_the_file_is_opened_again) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  {
    const auto store = open_sqlite(file);
    commit(*store, {put(a_key, a_value)});
    require_success(store->begin());
    store->apply({put({9}, {9})});  // and is never committed
  }
  const auto store = open_sqlite(file);
  BOOST_TEST((scan(*store, Table::facts, {}, {}) == Rows{{a_key, a_value}}));
}

BOOST_AUTO_TEST_CASE(every_table_is_there_and_none_is_another) {
  Stores stores;
  for (const auto& store : stores.all) {
    std::vector<Write> writes;
    for (std::size_t i = 0; i < table_count; ++i) {
      const auto table = static_cast<Table>(i);
      // Of JournalStore alone, and of NumberedStore.
      if (table == Table::journal || table == Table::late || table == Table::exchange_numbers) continue;
      writes.push_back(Write{table, Bytes(sizeof(ExchangeId), 1), Bytes{static_cast<std::uint8_t>(i)}});
    }
    commit(*store, writes);
    for (const auto& write : writes) {
      BOOST_TEST((store->get(write.table, write.key) == write.value));
      BOOST_TEST(!name(write.table).empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_reader_beside_a_writer_sees_one_moment) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  const auto writer = open_sqlite(file);
  commit(*writer, {put(a_key, a_value)});
  const auto reader = value_of(SqliteStore::open(file, SqliteStore::Mode::read_only));
  BOOST_TEST((reader->get(Table::facts, a_key) == a_value));
  commit(*writer, {put(a_key, {9}), put({9}, {9})});
  BOOST_TEST((scan(*reader, Table::facts, {}, {}) == Rows{{a_key, a_value}}));
  const auto later = value_of(SqliteStore::open(file, SqliteStore::Mode::read_only));
  BOOST_TEST((later->get(Table::facts, a_key) == Bytes{9}));
  require_success(reader->status());
}

BOOST_AUTO_TEST_CASE(a_reader_does_not_see_what_is_not_committed) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  const auto writer = open_sqlite(file);
  require_success(writer->begin());
  writer->apply({put(a_key, a_value)});
  const auto reader = value_of(SqliteStore::open(file, SqliteStore::Mode::read_only));
  BOOST_TEST(!reader->get(Table::facts, a_key));
  require_success(writer->commit());
}

BOOST_AUTO_TEST_CASE(a_reader_makes_no_file) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  BOOST_TEST(token_of(SqliteStore::open(file, SqliteStore::Mode::read_only)) == "home-missing");
  BOOST_TEST(!boost::filesystem::exists(file));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_an_error_of_the_environment) {
  TemporaryFolder folder;
  const auto opened = SqliteStore::open(folder / "none/state.sqlite", SqliteStore::Mode::create);
  BOOST_TEST(token_of(opened) == "no-such-file");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_state_is_refused_and_left_alone) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  const auto text = bytes_of(std::string(5000, 'x'));
  write_file(file, text);
  for (const auto mode : {SqliteStore::Mode::read_only, SqliteStore::Mode::read_write}) {
    BOOST_TEST(token_of(SqliteStore::open(file, mode)) == "bad-file");
  }
  BOOST_TEST((read_file(file) == text));
}

// Bytes 60 and 68 of an SQLite file hold user_version and application_id.
BOOST_AUTO_TEST_CASE(a_state_of_another_version_or_program_is_refused) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  open_sqlite(file).reset();
  const auto good = read_file(file);
  for (const std::size_t at : {63U, 71U}) {
    auto changed = good;
    changed[at] ^= 0x40U;
    write_file(file, changed);
    for (const auto mode : {SqliteStore::Mode::read_only, SqliteStore::Mode::read_write}) {
      BOOST_TEST(token_of(SqliteStore::open(file, mode)) == "bad-file");
    }
  }
}

// "An implementation that cannot read gives nothing, remembers the failure, and refuses to commit."
BOOST_AUTO_TEST_CASE(a_damaged_file_gives_nothing_and_refuses_to_commit) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  {
    const auto store = open_sqlite(file);
    for (std::uint8_t i = 0; i < 100; ++i) commit(*store, {put({i}, scrambled(2000, i))});
  }
  auto bytes = read_file(file);
  std::fill(bytes.begin() + 8192, bytes.end(), 0xeeU);  // all but the first page
  write_file(file, bytes);
  const auto store = open_sqlite(file);
  require_success(store->begin());
  BOOST_TEST(!store->get(Table::facts, Bytes{50}));
  BOOST_TEST(token_of(store->status()) == "bad-file");
  store->apply({Write{Table::trace, {1}, Bytes{1}}});
  BOOST_TEST(token_of(store->commit()) == "bad-file");
}

BOOST_AUTO_TEST_SUITE_END()
