// A store that writes what a transaction changes into a journal, which has a table of its own (strip.hpp), and puts the
// rows of many transactions into their tables together. The rows of one turn lie in a page each, and many of them
// change again in the next turns: a peer that serves writes one or two pages a commit so, where it would write dozens.
// Both happen in transactions of the store below, so a state is whole at every moment, and what is durable, and when,
// is its matter.
//
// Whoever reads such a state reads it through this class: tables alone may be behind. Whoever commits leaves the
// journal empty, unless told to keep one. What it says of a row is in journal_entry.hpp.
#pragma once

#include "ledger/overlay.hpp"
#include "ledger/store/held_rows.hpp"
#include "ledger/store/journal_entry.hpp"
#include "ledger/store/store.hpp"
#include "ledger/store/strip.hpp"

namespace bookchain::ledger {

/// Rows are OrderedRows or HashedRows.
template <class Rows>
class BasicJournalStore final : public Store {
 public:
  /// Keeps a reference: `below` outlives this store, and nobody else writes through it meanwhile. Rows of tables that
  /// are not among `held` go below at once.
  explicit BasicJournalStore(Store& below, Table place = Table::journal,
                             TableSet held = ~tables_of({Table::journal, Table::late}))
      : below_(below), place_(place), held_(held), strip_(place) {}

  /// From now on commits go to the journal; the one with which it would hold more than so many bytes puts all into the
  /// tables instead. 0, as at the beginning: each commit does.
  void keep_journal(std::size_t most_bytes) { most_bytes_ = most_bytes; }
  /// Puts what the journal holds into the tables, in a transaction of its own. Precondition: none is open.
  [[nodiscard]] Result<void> settle();

  // What is read outside of a transaction and of a Reading is a Reading by itself.
  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override { hand_over(std::vector<Write>(writes)); }
  void hand_over(std::vector<Write>&& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::uint64_t foreign_commits() const override {
    return open_ || readings_ > 0 ? foreign_commits_ : below_.foreign_commits();  // within them it stays as it is
  }
  [[nodiscard]] Result<void> status() const override { return below_.status(); }

 private:
  void begin_reading() const override;
  void end_reading() const override;
  template <class Read>
  auto at_one_moment(const Read& read) const;
  [[nodiscard]] Rows& rows(Table table) const { return rows_[static_cast<std::size_t>(table)]; }
  void read_journal() const;
  void read_journal_if_changed() const;
  void add(ByteView entry) const;
  /// A row among those that are not in their tables yet.
  struct Place {
    Table table;
    Rows& rows;
    typename Rows::iterator row;
    bool is_known = false;  ///< whether it was there, or is a new one
    /// Null: none is known.
    [[nodiscard]] const Bytes* value() const { return is_known && row->second ? &*row->second : nullptr; }
  };
  [[nodiscard]] Place find_or_add(Table table, ByteView key) const;
  [[nodiscard]] const Bytes* known_value(Table table, ByteView key) const;
  /// How the journal says it, in few bytes.
  [[nodiscard]] RowChange change_to(const Write& write, const Place& place) const;
  void set(const Place& place, std::optional<Bytes>&& value) const;
  void forget() const noexcept;
  [[nodiscard]] Result<void> commit_to_tables();
  [[nodiscard]] Result<void> commit_to_journal();

  Store& below_;
  Table place_;
  TableSet held_;
  std::size_t most_bytes_ = 0;
  mutable std::optional<Reading> reading_;
  mutable unsigned readings_ = 0;  ///< that live, one within another
  bool open_ = false;
  bool changed_ = false;  ///< by the open transaction
  Bytes fresh_;           ///< what the open transaction adds to the journal
  // The journal below, as far as it is known:
  mutable bool is_known_ = false;
  mutable std::uint64_t foreign_commits_ = 0;
  mutable Strip strip_;
  mutable std::size_t bytes_ = 0;
  /// What is not in its table yet.
  mutable std::array<Rows, table_count> rows_;
};

using JournalStore = BasicJournalStore<OrderedRows>;
using HashedJournalStore = BasicJournalStore<HashedRows>;
extern template class BasicJournalStore<OrderedRows>;
extern template class BasicJournalStore<HashedRows>;

}  // namespace bookchain::ledger
