// A store that gathers the writes of a transaction in memory and hands them down at its commit: a row that a hundred
// messages of one turn change is written once, one that is as before is not, and the rows of a table go down in the
// order of their keys. Reads see what was gathered; within a transaction, and while a Reading lives, rows that were
// read or written lately come from memory, unless somebody else has written since. What is applied between two
// transactions goes down with the next one. What is durable, and when, is the matter of the store below.
#pragma once

#include "ledger/store/row_cache.hpp"
#include "ledger/store/store.hpp"

namespace bookchain::ledger {

class GatheringStore final : public Store {
 public:
  /// Keeps a reference: `below` outlives this store, and nobody else writes through it meanwhile.
  explicit GatheringStore(Store& below) : below_(below), read_(below), gathered_(read_) {}

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override {
    return gathered_.look_up(table, key, look);
  }
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    gathered_.scan(table, prefix, from, visit);
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    return gathered_.last(table, prefix);
  }

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override { hand_over(std::vector<Write>(writes)); }
  void hand_over(std::vector<Write>&& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::uint64_t foreign_commits() const override { return below_.foreign_commits(); }
  [[nodiscard]] Result<void> status() const override { return below_.status(); }

 private:
  void begin_reading() const override;
  void end_reading() const override;
  void start_to_remember() const;

  Store& below_;
  mutable std::optional<Reading> reading_;
  mutable unsigned readings_ = 0;  ///< that live, one within another
  mutable RowCache read_;
  Draft gathered_;
  mutable std::uint64_t foreign_commits_ = 0;
};

}  // namespace bookchain::ledger
