// The rows of one table that wait in a journal (journal_store.hpp), by their keys; no value: the row is gone. Either in
// the order of their keys, since most tables are read in it in every turn; or by hash, where they are tens of thousands
// and nothing that is under way reads them in order. There a row is found with two looks at memory that nothing else
// uses, where a tree takes a dozen.
#pragma once

#include <boost/iterator/indirect_iterator.hpp>
#include <map>
#include <unordered_map>
#include <vector>

#include "ledger/store/key_hash.hpp"
#include "ledger/store/row_key.hpp"

namespace bookchain::ledger {

using OrderedRows = std::map<RowKey, std::optional<Bytes>, RowKey::Less>;

class HashedRows {
  using Map = std::unordered_map<RowKey, std::optional<Bytes>, KeyHash, KeyEqual>;

 public:
  using iterator = Map::iterator;

  /// All of them by key, as a map that is read: what overlay.hpp asks for. Its rows are those of the HashedRows, so it
  /// ends with the next that comes or goes there.
  class InOrder {
   public:
    using iterator = boost::indirect_iterator<std::vector<Map::value_type*>::const_iterator>;

    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] iterator begin() const { return iterator(rows_.begin()); }
    [[nodiscard]] iterator end() const { return iterator(rows_.end()); }
    [[nodiscard]] iterator lower_bound(ByteView key) const;
    [[nodiscard]] bool contains(ByteView key) const;

   private:
    friend class HashedRows;
    std::vector<Map::value_type*> rows_;
  };

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] iterator begin() { return rows_.begin(); }
  [[nodiscard]] iterator end() { return rows_.end(); }
  [[nodiscard]] Map::const_iterator end() const { return rows_.end(); }
  [[nodiscard]] iterator find(ByteView key) { return rows_.find(key); }
  [[nodiscard]] Map::const_iterator find(ByteView key) const { return rows_.find(key); }
  /// The row of that key, and whether there was one: else it is a new one, without a value.
  [[nodiscard]] std::pair<iterator, bool> find_or_add(ByteView key);
  void erase(iterator row);
  void clear() noexcept;
  /// Sorts them, if that was not done since one came or went.
  [[nodiscard]] const InOrder& in_order();

 private:
  Map rows_;
  InOrder in_order_;  ///< empty: not sorted
};

// What both kinds have in common, beside what they have as maps:

[[nodiscard]] inline std::pair<OrderedRows::iterator, bool> find_or_add(OrderedRows& rows, ByteView key) {
  const auto row = rows.lower_bound(key);
  if (row != rows.end() && std::ranges::equal(ByteView(row->first), key)) return {row, true};
  return {rows.emplace_hint(row, key, std::nullopt), false};
}
[[nodiscard]] inline std::pair<HashedRows::iterator, bool> find_or_add(HashedRows& rows, ByteView key) {
  return rows.find_or_add(key);
}
[[nodiscard]] inline OrderedRows& in_order(OrderedRows& rows) { return rows; }
[[nodiscard]] inline const HashedRows::InOrder& in_order(HashedRows& rows) { return rows.in_order(); }

}  // namespace bookchain::ledger
