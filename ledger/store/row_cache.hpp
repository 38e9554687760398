// The rows that were read from a state lately, kept in memory: a peer reads the record of an exchange a hundred times
// while a dozen messages change it. True for as long as nobody else writes below; whoever owns it says what changed.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ledger/state.hpp"

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
  /// These rows are below now. Those that nobody read are not remembered for it.
  void changed(const std::vector<Write>& writes);

  [[nodiscard]] std::optional<Bytes> get(Table table, ByteView key) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    below_.scan(table, prefix, from, visit);
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    return below_.last(table, prefix);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  /// A row that is not there is remembered as well.
  using Rows = std::unordered_map<std::string, std::optional<Bytes>, Hash, std::equal_to<>>;

  const State& below_;
  bool remembers_ = false;
  mutable std::array<Rows, table_count> rows_;
  mutable std::size_t bytes_ = 0;
};

}  // namespace bookchain::ledger
