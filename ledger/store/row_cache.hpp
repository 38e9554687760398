// The rows that were read or written lately, kept in memory: a peer reads the record of an exchange a hundred times
// while a dozen messages change it. True for as long as nobody else writes below; whoever owns it says what changed.
#pragma once

#include <array>
#include <unordered_map>

#include "ledger/store/key_hash.hpp"

namespace bookchain::ledger {

class RowCache final : public State {
 public:
  /// Keeps a reference; `below` outlives the cache.
  explicit RowCache(const State& below) : below_(below) {}

  /// Begins to remember, until stop(): what lies below changes through changed() alone.
  void start() { remembers_ = true; }
  /// Reads go below, and leave no trace; what was remembered stays.
  void stop() { remembers_ = false; }
  /// Forgets all.
  void forget() noexcept;
  /// These rows are below now, and remembered.
  void changed(std::vector<Write> writes);
  /// Whether that write would change nothing, as far as is remembered.
  [[nodiscard]] bool is_known(const Write& write) const;

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    below_.scan(table, prefix, from, visit);
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    return below_.last(table, prefix);
  }

 private:
  /// A row that is not there is remembered as well.
  using Rows = std::unordered_map<Bytes, std::optional<Bytes>, KeyHash, KeyEqual>;
  using Tables = std::array<Rows, table_count>;

  [[nodiscard]] const std::optional<Bytes>* find(Table table, ByteView key) const;
  const std::optional<Bytes>& remember(Table table, Bytes key, std::optional<Bytes> value) const;

  const State& below_;
  bool remembers_ = false;
  /// What was used since the last half was full, and what was used in the half before: that goes first.
  mutable Tables young_;
  mutable Tables old_;
  mutable std::size_t young_bytes_ = 0;
};

}  // namespace bookchain::ledger
