// A store that keeps whole tables of few rows in memory, below the journals (journals.hpp): what a peer has under way.
// Most of what is asked of them is whether there is anything at all, or what lies there from before the journal's
// time, and a question that reaches SQLite costs some ten times as much. A table with more rows than it keeps is asked
// below. Of two large tables it knows what they lack, since that is what is mostly asked for there: of the turns of
// books, those behind the last of each book (last_keys.hpp); of the numbers of exchanges, most of those that have none
// (key_filter.hpp). True for as long as nobody else writes below, which it looks after at the begin of each transaction
// and Reading.
#pragma once

#include <map>

#include "ledger/store/key_filter.hpp"
#include "ledger/store/last_keys.hpp"
#include "ledger/store/store.hpp"

namespace bookchain::ledger {

class SmallTables final : public Store {
 public:
  /// Keeps a reference: `below` outlives this store, and nobody else writes through it meanwhile.
  SmallTables(Store& below, TableSet tables) : below_(below), tables_(tables) {}

  /// Of the owner and the book with which the key of a turn begins.
  static constexpr std::size_t bytes_of_turn_group = sizeof(PeerPort) + BookId::size;

  /// From now on it keeps tables that take so many bytes at most, roughly. 0, as at the beginning: none.
  void keep(std::size_t most_bytes);

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::uint64_t foreign_commits() const override {
    return is_of_one_moment() ? foreign_commits_ : below_.foreign_commits();
  }
  [[nodiscard]] Result<void> status() const override { return below_.status(); }

 private:
  /// Which tables are kept shows only when they are read.
  enum class Kind : std::uint8_t { unread, kept, too_large };
  struct Kept {
    Kind kind = Kind::unread;
    std::map<Bytes, Bytes, ByBytes> rows;
    std::size_t bytes = 0;
  };

  void begin_reading() const override;
  void end_reading() const override;
  [[nodiscard]] bool is_of_one_moment() const { return open_ || readings_ > 0; }
  void forget_if_changed() const;
  void forget() const noexcept;
  /// Null if that table is not kept.
  [[nodiscard]] const Kept* find(Table table) const;
  void read(Table table, Kept& kept) const;
  void note(const Write& write, Kept& kept) const;
  /// Whether it is known without a look that there is no such row.
  [[nodiscard]] bool is_surely_absent(Table table, ByteView key) const;
  [[nodiscard]] bool is_behind_all_turns(ByteView key) const;

  Store& below_;
  TableSet tables_;
  std::size_t most_bytes_ = 0;
  bool open_ = false;
  bool changed_ = false;  ///< by the open transaction
  mutable std::optional<Reading> reading_;
  mutable unsigned readings_ = 0;  ///< that live, one within another
  mutable std::uint64_t foreign_commits_ = 0;
  mutable std::array<Kept, table_count> kept_;
  mutable LastKeys turns_{bytes_of_turn_group};
  mutable KeyFilter numbers_{Table::exchange_numbers};
};

}  // namespace bookchain::ledger
