// The two journals of a state, one over the other. The first has all rows of the last transactions. The second has, of
// those that left the first, the rows of tables with many rows whose keys are hashes: each lies in a page of its own
// there, which is written whole for it, so they wait until many lie in one page. They wait by hash, since these tables
// are hardly ever read in order: by commands, and after a restore. Below both, a peer that keeps journals keeps tables
// of few rows in memory.
#pragma once

#include "ledger/store/journal_store.hpp"
#include "ledger/store/small_tables.hpp"

namespace bookchain::ledger {

class Journals {
 public:
  /// What either may hold before it is put into the tables.
  struct Room {
    std::size_t first = 0;   ///< bytes; 0: each commit goes to the tables
    std::size_t second = 0;  ///< bytes
  };
  /// Keeps a reference, as JournalStore does.
  explicit Journals(Store& below)
      : small_(below, small_tables()),
        late_(small_, Table::late,
              tables_of({Table::exchange_numbers, Table::history, Table::ownership, Table::turns})),
        first_(late_, Table::journal) {}

  [[nodiscard]] Store& store() { return first_; }
  [[nodiscard]] const Store& store() const { return first_; }
  void keep(Room room) {
    small_.keep(room.first > 0 ? most_bytes_of_a_table : 0);
    first_.keep_journal(room.first);
    late_.keep_journal(room.second);
  }
  /// Puts what both hold into the tables. Precondition: no transaction is open.
  [[nodiscard]] Result<void> settle() {
    BOOKCHAIN_CHECK(first_.settle());
    return late_.settle();
  }

 private:
  static constexpr std::size_t most_bytes_of_a_table = std::size_t{256} << 10U;
  /// What is under way, and what there is of each book.
  [[nodiscard]] static TableSet small_tables() {
    return tables_of({Table::facts, Table::catalogue, Table::shelf, Table::ownership, Table::open_exchanges,
                      Table::witness_ids, Table::voter, Table::proposer, Table::pending, Table::deferred,
                      Table::shelf_tasks, Table::outbox, Table::outgoing, Table::incoming, Table::seen_votes,
                      Table::given_ids, Table::announced, Table::value_books, Table::value_packages});
  }

  SmallTables small_;
  HashedJournalStore late_;
  JournalStore first_;
};

}  // namespace bookchain::ledger
