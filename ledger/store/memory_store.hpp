// A Store that forgets with the process: for tests, the simulator, and verifying chains. Has real
// transactions, and fails on request.
#pragma once

#include "ledger/store/store.hpp"

namespace bookchain::ledger {

class MemoryStore final : public Store {
 public:
  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] Result<void> status() const override { return success(); }

  /// The next commit fails with this error and leaves the state as it was.
  void fail_next_commit(Error error) { next_failure_ = std::move(error); }

 private:
  using Rows = std::map<Bytes, Bytes>;
  struct Undo {
    Table table;
    Bytes key;
    std::optional<Bytes> value;
  };
  [[nodiscard]] const Rows& rows(Table table) const { return rows_[static_cast<std::size_t>(table)]; }

  std::array<Rows, table_count> rows_;
  std::vector<Undo> undo_;  ///< what the open transaction replaced, in order
  std::optional<Error> next_failure_;
  bool open_ = false;
};

}  // namespace bookchain::ledger
