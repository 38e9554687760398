#include "ledger/store/held_rows.hpp"

#include <algorithm>

namespace bookchain::ledger {

HashedRows::InOrder::iterator HashedRows::InOrder::lower_bound(ByteView key) const {
  return std::lower_bound(begin(), end(), key,
                          [](const auto& row, ByteView other) { return RowKey::Less{}(row.first, other); });
}

bool HashedRows::InOrder::contains(ByteView key) const {
  const auto row = lower_bound(key);
  return row != end() && std::ranges::equal(ByteView(row->first), key);
}

std::pair<HashedRows::iterator, bool> HashedRows::find_or_add(ByteView key) {
  if (const auto known = rows_.find(key); known != rows_.end()) return {known, true};
  in_order_.rows_.clear();
  return {rows_.emplace(key, std::nullopt).first, false};
}

void HashedRows::erase(iterator row) {
  in_order_.rows_.clear();
  rows_.erase(row);
}

void HashedRows::clear() noexcept {
  in_order_.rows_.clear();
  rows_.clear();
}

const HashedRows::InOrder& HashedRows::in_order() {
  auto& sorted = in_order_.rows_;
  if (!sorted.empty()) return in_order_;
  sorted.reserve(rows_.size());
  for (auto& row : rows_) sorted.push_back(&row);
  std::ranges::sort(sorted, RowKey::Less{}, [](const auto* row) -> const RowKey& { return row->first; });
  return in_order_;
}

}  // namespace bookchain::ledger
