// The journal of a state: what a commit changed is in it, and read from there, until many go to their tables
// together. That such a store says what a map says is tested in state_model_test.cpp.
#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::size_t plenty = 100'000;

/// A store that keeps a journal, over one that can be looked at and told to fail.
struct Journalled {
  MemoryStore below;
  JournalStore store{below};
  Journalled() { store.keep_journal(plenty); }
};

/// Two processes that use one state in turn, the first of which keeps a journal.
struct SharedFile {
  TemporaryFolder folder;
  std::unique_ptr<Store> file = open_sqlite(folder / "state.sqlite");
  std::unique_ptr<Store> other_file = open_sqlite(folder / "state.sqlite");
  JournalStore store{*file};
  JournalStore other{*other_file};
  SharedFile() { store.keep_journal(plenty); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(journal_store)

BOOST_AUTO_TEST_CASE(a_commit_is_in_the_journal_until_that_is_full) {
  Journalled state;
  commit(state.store, {put(a_key, {1}), put(another_key, {1})});
  commit(state.store, {put(a_key, {2})});
  BOOST_TEST(!is_empty(state.below, Table::journal));
  // Both in its first row.
  const auto second = state.below.get(Table::journal, encode(std::uint64_t{2}));
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST((*second == Bytes(Strip::row_bytes, 0)));
  BOOST_TEST(rows_of(state.below, Table::facts) == 0U);
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{2}));
  // With this one it would hold too much.
  commit(state.store, {put(another_key, Bytes(plenty, 7))});
  BOOST_TEST(is_empty(state.below, Table::journal));
  BOOST_TEST((state.below.get(Table::facts, a_key) == Bytes{2}));
  BOOST_TEST((state.below.get(Table::facts, another_key) == Bytes(plenty, 7)));
  commit(state.store, {put(a_key, {3})});
  BOOST_TEST(!is_empty(state.below, Table::journal));
}

BOOST_AUTO_TEST_CASE(a_commit_that_changes_nothing_leaves_nothing) {
  Journalled state;
  commit(state.store, {});
  BOOST_TEST(is_empty(state.below, Table::journal));
}

// The record of an exchange changes a dozen times, and each time in little of it.
BOOST_AUTO_TEST_CASE(of_a_row_that_changes_the_journal_takes_what_changed) {
  Journalled state;
  const auto size = [&] { return Strip(Table::journal).read(state.below).size(); };
  Bytes value(3'000, 7);
  commit(state.store, {put(a_key, value)});
  const auto before = size();
  BOOST_TEST(before > 3'000U);
  value[1'500] = 8;
  commit(state.store, {put(a_key, value)});
  BOOST_TEST(size() < before + 50);
  value.insert(value.begin() + 20, 100, 9);
  commit(state.store, {put(a_key, value)});
  BOOST_TEST(size() < before + 200);
  BOOST_TEST((state.store.get(Table::facts, a_key) == value));
  const JournalStore next(state.below);
  BOOST_TEST((next.get(Table::facts, a_key) == value));
  // One that went and comes again is whole.
  commit(state.store, {Write{Table::facts, a_key, std::nullopt}});
  commit(state.store, {put(a_key, value)});
  BOOST_TEST(size() > before + 3'000);
  const JournalStore last(state.below);
  BOOST_TEST((last.get(Table::facts, a_key) == value));
}

// A block is checked, sent to some peers, and put into the chain.
BOOST_AUTO_TEST_CASE(of_a_row_that_has_a_block_in_it_the_journal_takes_what_is_beside_the_block) {
  Journalled state;
  const auto size = [&] { return Strip(Table::journal).read(state.below).size(); };
  const auto around = [](const Bytes& block, std::uint8_t letter) {
    Bytes value(100, letter);
    value.insert(value.end(), block.begin(), block.end());
    value.resize(value.size() + 200, letter);
    return value;
  };
  const auto both_say = [&](Table table, const Bytes& key, const Bytes& value) {
    BOOST_TEST((state.store.get(table, key) == value));
    const JournalStore next(state.below);
    BOOST_TEST((next.get(table, key) == value));
  };
  const auto block = scrambled(20'000, 1);
  const auto another_block = scrambled(20'000, 2);
  commit(state.store,
         {Write{Table::candidates, a_key, block}, Write{Table::candidates, another_key, another_block},
          Write{Table::outbox, a_key, around(block, 1)}, Write{Table::outbox, another_key, around(another_block, 2)}});
  BOOST_TEST(size() < 2 * 20'000U + 1'000);
  both_say(Table::outbox, a_key, around(block, 1));
  both_say(Table::outbox, another_key, around(another_block, 2));
  commit(state.store, {Write{Table::blocks, a_key, around(block, 3)}, Write{Table::candidates, a_key, std::nullopt}});
  BOOST_TEST(size() < 2 * 20'000U + 1'500);
  both_say(Table::blocks, a_key, around(block, 3));
  both_say(Table::outbox, a_key, around(block, 1));
  // One that is gone, and one that only begins like it, help nobody.
  commit(state.store, {Write{Table::blocks, another_key, around(block, 4)}});
  both_say(Table::blocks, another_key, around(block, 4));
  auto other_end = around(another_block, 5);
  other_end[19'000] ^= 1U;
  commit(state.store, {Write{Table::blocks, Bytes{9}, other_end}});
  both_say(Table::blocks, Bytes{9}, other_end);
  auto cut = another_block;
  cut.resize(1'000);
  commit(state.store, {Write{Table::blocks, Bytes{10}, cut}});
  both_say(Table::blocks, Bytes{10}, cut);
  BOOST_TEST(size() > 4 * 20'000U);
  // Of two that begin alike, each is found in its row; one that stands behind what only begins like it is not.
  auto alike = another_block;
  alike[100] ^= 1U;
  auto alike_first = alike;
  alike_first.insert(alike_first.end(), another_block.begin(), another_block.end());
  const auto before = size();
  commit(state.store, {Write{Table::candidates, Bytes{11}, alike}});
  commit(state.store, {Write{Table::blocks, Bytes{12}, around(alike, 7)},
                       Write{Table::blocks, Bytes{13}, around(another_block, 8)}});
  BOOST_TEST(size() < before + 20'000U + 1'500);
  both_say(Table::blocks, Bytes{12}, around(alike, 7));
  both_say(Table::blocks, Bytes{13}, around(another_block, 8));
  commit(state.store,
         {Write{Table::candidates, Bytes{11}, std::nullopt}, Write{Table::blocks, Bytes{14}, around(alike_first, 9)}});
  both_say(Table::blocks, Bytes{14}, around(alike_first, 9));
  // One that is in its table alone helps nobody either.
  require_success(state.store.settle());
  BOOST_TEST((state.below.get(Table::outbox, a_key) == around(block, 1)));
  commit(state.store, {Write{Table::outbox, a_key, around(another_block, 6)}});
  BOOST_TEST(size() > 20'000U);
  both_say(Table::outbox, a_key, around(another_block, 6));
}

// Messages that were seen go long after they came.
BOOST_AUTO_TEST_CASE(a_row_that_goes_and_did_not_come_since_is_not_looked_for_below) {
  MemoryStore memory;
  CountingStore below(memory);
  commit(memory, {put(a_key, a_value)});
  JournalStore store(below);
  store.keep_journal(plenty);
  const auto reads = below.reads;
  commit(store, {Write{Table::facts, a_key, std::nullopt}, Write{Table::facts, another_key, std::nullopt}});
  BOOST_TEST(below.reads <= reads + 1);  // whether there is a journal
  BOOST_TEST(!store.get(Table::facts, a_key));
  BOOST_TEST(!store.get(Table::facts, another_key));
  BOOST_TEST(rows_of(store, Table::facts) == 0U);
  require_success(store.settle());
  BOOST_TEST(rows_of(memory, Table::facts) == 0U);
}

BOOST_AUTO_TEST_CASE(a_journal_is_settled_when_asked_and_what_is_gone_is_gone_in_its_table) {
  Journalled state;
  commit(state.below, {put(another_key, {9})});
  commit(state.store, {put(a_key, {1}), Write{Table::facts, another_key, std::nullopt}});
  BOOST_TEST((state.below.get(Table::facts, another_key) == Bytes{9}));
  BOOST_TEST(!state.store.get(Table::facts, another_key));
  require_success(state.store.settle());
  BOOST_TEST((state.below.get(Table::facts, a_key) == Bytes{1}));
  BOOST_TEST(!state.below.get(Table::facts, another_key));
  BOOST_TEST(is_empty(state.below, Table::journal));
  require_success(state.store.settle());  // nothing is left to be done
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{1}));
}

BOOST_AUTO_TEST_CASE(who_keeps_no_journal_puts_what_it_finds_in_one_into_the_tables) {
  Journalled state;
  commit(state.store, {put(a_key, {1})});
  JournalStore next(state.below);
  BOOST_TEST((next.get(Table::facts, a_key) == Bytes{1}));
  BOOST_TEST(!is_empty(state.below, Table::journal));
  commit(next, {put(another_key, {2})});
  BOOST_TEST(is_empty(state.below, Table::journal));
  BOOST_TEST((state.below.get(Table::facts, a_key) == Bytes{1}));
  BOOST_TEST((state.below.get(Table::facts, another_key) == Bytes{2}));
}

BOOST_AUTO_TEST_CASE(a_commit_that_fails_leaves_tables_and_journal_as_they_were) {
  Journalled state;
  commit(state.store, {put(a_key, {1})});
  const auto fails = [&](const Write& write) {
    require_success(state.store.begin());
    state.store.apply({write});
    state.below.fail_next_commit(Error{Token::disk_full, "no space", {}, {}});
    BOOST_TEST(token_of(state.store.commit()) == "disk-full");
    BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{1}));
    BOOST_TEST(!state.store.get(Table::facts, another_key));
    BOOST_TEST(!is_empty(state.below, Table::journal));
    BOOST_TEST(rows_of(state.below, Table::facts) == 0U);
  };
  fails(put(a_key, {2}));                     // to the journal
  fails(put(another_key, Bytes(plenty, 7)));  // to the tables
  state.below.fail_next_commit(Error{Token::io, "no disk", {}, {}});
  BOOST_TEST(token_of(state.store.settle()) == "io");
  BOOST_TEST(!is_empty(state.below, Table::journal));
  commit(state.store, {put(a_key, {3})});
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{3}));
  require_success(state.store.begin());
  state.store.apply({put(a_key, {4})});
  state.store.rollback();
  BOOST_TEST((state.store.get(Table::facts, a_key) == Bytes{3}));
  require_success(state.store.settle());
  BOOST_TEST((state.below.get(Table::facts, a_key) == Bytes{3}));
}

BOOST_AUTO_TEST_CASE(what_another_process_commits_is_seen_whether_in_a_journal_or_not) {
  SharedFile shared;
  const auto both_say = [&](const Bytes& key, const std::optional<Bytes>& value) {
    BOOST_TEST((shared.store.get(Table::facts, key) == value));
    BOOST_TEST((shared.other.get(Table::facts, key) == value));
  };
  commit(shared.store, {put(a_key, {1})});
  both_say(a_key, Bytes{1});
  // It settles what the first one had in its journal.
  commit(shared.other, {put(another_key, {2})});
  both_say(a_key, Bytes{1});
  both_say(another_key, Bytes{2});
  BOOST_TEST(is_empty(*shared.file, Table::journal));
  commit(shared.store, {put(a_key, {3}), Write{Table::facts, another_key, std::nullopt}});
  both_say(a_key, Bytes{3});
  both_say(another_key, std::nullopt);
  {
    const Reading reading(shared.other);
    BOOST_TEST((shared.other.get(Table::facts, a_key) == Bytes{3}));
    commit(shared.store, {put(a_key, {4})});
    BOOST_TEST((shared.other.get(Table::facts, a_key) == Bytes{3}));  // of one moment
  }
  both_say(a_key, Bytes{4});
}

// Each goes on from what the other wrote: with a part, behind a cleared journal, and with one of its own.
BOOST_AUTO_TEST_CASE(a_row_that_two_processes_change_in_part_is_the_same_to_both) {
  SharedFile shared;
  Bytes value(3'000, 7);
  std::uint8_t next = 0;
  const auto change = [&](JournalStore& by) {
    value[value.size() / 2] = ++next;
    value.insert(value.begin() + 10, next);
    commit(by, {put(a_key, value)});
    BOOST_TEST((shared.store.get(Table::facts, a_key) == value));
    BOOST_TEST((shared.other.get(Table::facts, a_key) == value));
  };
  for (int i = 0; i < 3; ++i) change(shared.store);
  BOOST_TEST(!is_empty(*shared.file, Table::journal));
  change(shared.other);  // settles
  BOOST_TEST(is_empty(*shared.file, Table::journal));
  for (int i = 0; i < 20; ++i) change(shared.store);
  shared.other.keep_journal(plenty);
  for (int i = 0; i < 3; ++i) {
    change(shared.other);
    change(shared.store);
  }
  require_success(shared.other.settle());
  BOOST_TEST((shared.file->get(Table::facts, a_key) == value));
  change(shared.store);
}

// A disk that fails is no damaged state: nothing must be put back from a backup for it.
BOOST_AUTO_TEST_CASE(a_journal_of_which_a_part_cannot_be_read_just_now_is_neither_damaged_nor_empty) {
  MemoryStore file;
  CountingStore below(file);
  JournalStore writer(file);
  writer.keep_journal(plenty);
  const Bytes value(20'000, 7);  // in several rows
  commit(writer, {put(a_key, value)});
  for (std::size_t rows = 0; rows < 3; ++rows) {
    JournalStore store(below);
    store.keep_journal(plenty);
    below.next_scan_gives = rows;
    require_success(store.begin());
    store.apply({put(another_key, {1})});
    BOOST_TEST(token_of(store.commit()) == "io");
    BOOST_TEST((store.get(Table::facts, a_key) == value));
    BOOST_TEST(!store.get(Table::facts, another_key));
  }
}

BOOST_AUTO_TEST_CASE(a_reading_within_another_is_a_part_of_it) {
  SharedFile shared;
  GatheringStore store(shared.store);
  commit(*shared.other_file, {put(a_key, {1})});
  {
    const Reading outer(store);
    BOOST_TEST((store.get(Table::facts, a_key) == Bytes{1}));
    {
      const Reading inner(store);
      BOOST_TEST((store.get(Table::facts, a_key) == Bytes{1}));
    }
    commit(shared.other, {put(a_key, {2}), put(another_key, {2})});
    BOOST_TEST((store.get(Table::facts, a_key) == Bytes{1}));
    BOOST_TEST(!store.get(Table::facts, another_key));
  }
  BOOST_TEST((store.get(Table::facts, a_key) == Bytes{2}));
  commit(store, {put(a_key, {3})});
  BOOST_TEST((shared.other.get(Table::facts, a_key) == Bytes{3}));
}

// Rows that are remembered above do not outlive what another process does with the journal below.
BOOST_AUTO_TEST_CASE(who_remembers_rows_above_a_journal_sees_what_another_process_did) {
  SharedFile shared;
  GatheringStore store(shared.store);
  commit(store, {put(a_key, {1})});
  commit(store, {put(a_key, {2})});
  commit(shared.other, {Write{Table::facts, a_key, std::nullopt}, put(another_key, {5})});
  require_success(store.begin());
  BOOST_TEST(!store.get(Table::facts, a_key));
  BOOST_TEST((store.get(Table::facts, another_key) == Bytes{5}));
  store.apply({put(a_key, {6})});
  require_success(store.commit());
  BOOST_TEST((shared.other.get(Table::facts, a_key) == Bytes{6}));
}

// The first process is killed, and the state is opened again.
BOOST_AUTO_TEST_CASE(a_journal_is_found_when_the_state_is_opened_again) {
  TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  {
    const auto below = open_sqlite(file);
    JournalStore store(*below);
    store.keep_journal(plenty);
    for (std::uint8_t i = 0; i < 20; ++i) commit(store, {put(a_key, {i}), put({i}, {i})});
  }
  const auto reader = value_of(SqliteStore::open(file, SqliteStore::Mode::read_only));
  const JournalStore read(*reader);
  BOOST_TEST((read.get(Table::facts, a_key) == Bytes{19}));
  BOOST_TEST(rows_of(read, Table::facts) == 21U);
  BOOST_TEST(rows_of(*reader, Table::facts) == 0U);
  const auto below = value_of(SqliteStore::open(file, SqliteStore::Mode::read_write));
  JournalStore store(*below);
  store.keep_journal(plenty);
  commit(store, {put(a_key, {20})});  // follows what is there
  BOOST_TEST(!is_empty(*below, Table::journal));
  require_success(store.settle());
  BOOST_TEST((below->get(Table::facts, a_key) == Bytes{20}));
  BOOST_TEST(rows_of(*below, Table::facts) == 21U);
}

BOOST_AUTO_TEST_CASE(a_journal_that_cannot_be_read_is_a_damaged_state) {
  MemoryStore below;
  commit(below, {Write{Table::journal, encode(std::uint64_t{1}), Bytes{1, 2, 3}}});
  JournalStore store(below);
  const auto names_it = [](const DamagedState& damage) {
    return damage.error().token == Token::bad_file && damage.error().subject.starts_with("journal: ");
  };
  BOOST_CHECK_EXCEPTION((void)store.get(Table::facts, a_key), DamagedState, names_it);
  BOOST_CHECK_EXCEPTION((void)store.begin(), DamagedState, names_it);
  store.rollback();
  // One that is about the journal: its table, an empty key, and that it is gone.
  const auto about_itself = Bytes{static_cast<std::uint8_t>(Table::journal), 0, 0, 0, 0, 0};
  const Write nothing{Table::journal, encode(std::uint64_t{1}), std::nullopt};
  commit(below, {nothing});
  add_entry(below, Table::journal, about_itself);
  BOOST_CHECK_EXCEPTION((void)store.get(Table::facts, a_key), DamagedState, names_it);
  commit(below, {nothing});
  // One that is about a part of a row of which nothing is known: table, key, kind, what stays of it, nothing between.
  const auto about_a_part =
      Bytes{static_cast<std::uint8_t>(Table::facts), 0, 0, 0, 1, 5, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  add_entry(below, Table::journal, about_a_part);
  BOOST_CHECK_EXCEPTION((void)store.get(Table::facts, a_key), DamagedState, names_it);
  commit(below, {nothing});
  // One that is about a row with a block in it that is not there.
  const std::optional<Bytes> block(Bytes(2'000, 7));
  Bytes about_another;
  append_change(
      about_another,
      change_around(change_of(Table::facts, a_key, block, nullptr), Table::candidates, a_key, *block).value());
  add_entry(below, Table::journal, about_another);
  BOOST_CHECK_EXCEPTION((void)store.get(Table::facts, a_key), DamagedState, names_it);
  commit(below, {nothing});
  commit(store, {put(a_key, a_value)});
  BOOST_TEST((below.get(Table::facts, a_key) == a_value));
}

BOOST_AUTO_TEST_SUITE_END()
