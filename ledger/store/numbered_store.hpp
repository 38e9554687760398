// A store that keeps the rows of an exchange under a number, in the order in which exchanges came to this peer. The id
// of an exchange is random: with it as key, each row of an exchange would lie in a page of its own, among those of all
// that are over, and each such page is read and written whole for it. With numbers, the rows of exchanges that run at
// the same time share a few pages, whatever lies behind them; the ids alone are in random order, in one table.
//
// Above, a state reads as if there were no numbers. A number is given for good, and is this peer's alone.
#pragma once

#include <list>
#include <map>

#include "ledger/store/store.hpp"

namespace bookchain::ledger {

class NumberedStore final : public Store {
 public:
  /// Keeps a reference: `below` outlives this store, and nobody else writes through it meanwhile.
  explicit NumberedStore(Store& below) : below_(below) {}

  /// Whether the rows of that table are kept under numbers: its keys begin with the id of an exchange, and its rows
  /// stay for ever.
  [[nodiscard]] static bool numbers(Table table);

  // Keys of the tables with numbers are whole: they have the id of their exchange. A prefix may be shorter.
  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::uint64_t foreign_commits() const override { return below_.foreign_commits(); }
  [[nodiscard]] Result<void> status() const override { return below_.status(); }

 private:
  class Numbering;
  void begin_reading() const override;
  void end_reading() const override;
  /// The number of an exchange, as it stands in the keys of its rows; nothing if it has none.
  [[nodiscard]] std::optional<Bytes> number_of(ByteView exchange) const;
  /// Visits the rows of one exchange; whether to go on.
  bool scan_exchange(Table table, ByteView exchange, ByteView number, ByteView prefix, ByteView from,
                     const Visit& visit) const;

  Store& below_;
  /// What is asked for while nobody else can write is remembered as long as nobody else has written.
  [[nodiscard]] bool is_of_one_moment() const { return open_ || !readings_.empty(); }
  void forget_if_changed() const;

  bool open_ = false;
  bool gave_numbers_ = false;            ///< in the open transaction
  mutable std::list<Reading> readings_;  ///< of what lies below, one for each that lives here
  mutable std::uint64_t foreign_commits_ = 0;
  /// Numbers of exchanges, and which have none: of a new exchange that is asked for each of its tables.
  mutable std::map<Bytes, std::optional<Bytes>, ByBytes> asked_;
};

}  // namespace bookchain::ledger
