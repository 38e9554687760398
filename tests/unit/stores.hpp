// What the tests of stores share: a store in a file, a row that is put and committed, and all stores there are.
#pragma once

#include "ledger/store/gathering_store.hpp"
#include "ledger/store/journals.hpp"
#include "ledger/store/memory_store.hpp"
#include "ledger/store/numbered_store.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "tests/unit/support.hpp"

namespace bookchain::unit {

inline std::unique_ptr<Store> open_sqlite(const path& file) {
  return value_of(SqliteStore::open(file, SqliteStore::Mode::create));
}

inline const Bytes a_key{1, 2};
inline const Bytes another_key{4, 5};
inline const Bytes a_value{3};
inline Write put(const Bytes& key, const Bytes& value) { return Write{Table::facts, key, value}; }
/// Rows of a table as they lie in that store.
inline std::size_t rows_of(const State& state, Table table) {
  std::size_t count = 0;
  state.scan(table, {}, {}, [&](ByteView, ByteView) { return ++count > 0; });
  return count;
}
inline void commit(Store& store, const std::vector<Write>& writes) {
  require_success(store.begin());
  store.apply(writes);
  require_success(store.commit());
}

/// Whether there is nothing in the journal that lies in that table.
inline bool is_empty(const State& state, Table place) { return Strip(place).read(state).empty(); }

/// Puts an entry where a journal has its own.
inline void add_entry(Store& below, Table place, const Bytes& entry) {
  Strip strip(place);
  (void)strip.read(below);
  std::vector<Write> writes;
  strip.append(entry, writes);
  commit(below, writes);
}

/// A store that counts what is read of it and what is written. Like a disk, it may fail a read: then it gives
/// nothing, or the first rows of a scan, and refuses the commit.
class CountingStore final : public Store {
 public:
  explicit CountingStore(Store& below) : below_(below) {}
  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override {
    ++reads;
    if (!std::exchange(next_read_fails, false)) return below_.look_up(table, key, look);
    read_failed_ = true;
    return false;
  }
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    ++scans;
    auto left = std::exchange(next_scan_gives, std::numeric_limits<std::size_t>::max());
    below_.scan(table, prefix, from, [&](ByteView key, ByteView value) {
      if (left == 0) read_failed_ = true;
      return left-- > 0 && visit(key, value);
    });
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    ++lasts;
    if (!std::exchange(next_last_fails, false)) return below_.last(table, prefix);
    read_failed_ = true;
    return std::nullopt;
  }
  [[nodiscard]] Result<void> begin(Durability durability) override { return below_.begin(durability); }
  void apply(const std::vector<Write>& rows) override {
    writes += rows.size();
    below_.apply(rows);
  }
  [[nodiscard]] Result<void> commit() override {
    if (std::exchange(next_commit_throws, false)) damaged(Table::facts, Error{Token::bad_file, "damaged", {}, {}});
    if (!std::exchange(read_failed_, false) && !std::exchange(next_commit_fails, false)) return below_.commit();
    below_.rollback();
    return Error{Token::io, "the disk failed", {}, {}};
  }
  void rollback() noexcept override {
    read_failed_ = false;
    below_.rollback();
  }
  [[nodiscard]] std::uint64_t foreign_commits() const override { return below_.foreign_commits(); }
  [[nodiscard]] Result<void> status() const override {
    if (read_failed_) return Error{Token::io, "the disk failed", {}, {}};
    return below_.status();
  }

  mutable int reads = 0;  ///< by key
  mutable int scans = 0;
  mutable int lasts = 0;
  std::size_t writes = 0;
  mutable bool next_read_fails = false;
  mutable bool next_last_fails = false;
  mutable std::size_t next_scan_gives = std::numeric_limits<std::size_t>::max();  ///< rows, before it fails
  bool next_commit_fails = false;
  bool next_commit_throws = false;  ///< as of a state that turns out to be damaged

 private:
  Store& below_;
  mutable bool read_failed_ = false;
};

using Rows = std::vector<std::pair<Bytes, Bytes>>;

inline Rows scan(const State& state, Table table, const Bytes& prefix, const Bytes& from,
                 std::size_t most = std::numeric_limits<std::size_t>::max()) {
  Rows found;
  state.scan(table, prefix, from, [&](ByteView key, ByteView value) {
    found.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return found.size() < most;
  });
  return found;
}

/// The stores, each new and empty.
struct Stores {
  TemporaryFolder folder;
  std::unique_ptr<Store> below = open_sqlite(folder / "below.sqlite");
  std::unique_ptr<Store> below_journal = open_sqlite(folder / "journal.sqlite");
  std::unique_ptr<Store> below_hashed = open_sqlite(folder / "hashed.sqlite");
  std::unique_ptr<Store> below_journals = open_sqlite(folder / "journals.sqlite");
  std::unique_ptr<Store> below_numbers = open_sqlite(folder / "numbers.sqlite");
  std::unique_ptr<Store> below_small = open_sqlite(folder / "small.sqlite");
  MemoryStore below_through;
  Journals journals{*below_journals};
  NumberedStore numbered{journals.store()};
  std::vector<std::unique_ptr<Store>> all;
  Stores() {
    all.push_back(std::make_unique<MemoryStore>());
    all.push_back(open_sqlite(folder / "state.sqlite"));
    all.push_back(std::make_unique<GatheringStore>(*below));
    auto journal = std::make_unique<JournalStore>(*below_journal);
    journal->keep_journal(20'000);  // some transactions of these tests
    all.push_back(std::move(journal));
    auto by_hash = std::make_unique<HashedJournalStore>(*below_hashed);
    by_hash->keep_journal(20'000);
    all.push_back(std::move(by_hash));
    all.push_back(std::make_unique<JournalStore>(below_through));
    auto small = std::make_unique<SmallTables>(*below_small, tables_of({Table::facts, Table::trace}));
    small->keep(8'000);  // what these tests put into a table is at times more
    all.push_back(std::move(small));
    journals.keep({.first = 12'000, .second = 6'000});
    all.push_back(std::make_unique<NumberedStore>(*below_numbers));
    all.push_back(std::make_unique<GatheringStore>(numbered));  // as a home has it
  }
};

}  // namespace bookchain::unit
