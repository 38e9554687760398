#include "ledger/store/row_cache.hpp"

namespace bookchain::ledger {

namespace {

/// Of each of the two halves.
constexpr std::size_t most_bytes = std::size_t{256} << 10U;
/// A block or another large row is not worth the room.
constexpr std::size_t largest_row = 16'384;
/// Of an entry in the map beside its key and value, roughly.
constexpr std::size_t entry_bytes = 96;

std::size_t size_of(const std::optional<Bytes>& value) { return value ? value->capacity() : 0; }

}  // namespace

void RowCache::forget() noexcept {
  for (auto& rows : young_) rows.clear();
  for (auto& rows : old_) rows.clear();
  young_bytes_ = 0;
}

/// Nothing if it is not known how that row is.
const std::optional<Bytes>* RowCache::find(Table table, ByteView key) const {
  const auto i = static_cast<std::size_t>(table);
  if (const auto known = young_[i].find(key); known != young_[i].end()) return &known->second;
  const auto before = old_[i].find(key);
  if (before == old_[i].end()) return nullptr;
  auto row = old_[i].extract(before);
  return &remember(table, std::move(row.key()), std::move(row.mapped()));
}

/// Precondition: neither half has it.
const std::optional<Bytes>& RowCache::remember(Table table, Bytes key, std::optional<Bytes> value) const {
  if (young_bytes_ > most_bytes) {
    for (auto& rows : old_) rows.clear();
    std::swap(young_, old_);
    young_bytes_ = 0;
  }
  young_bytes_ += entry_bytes + key.size() + size_of(value);
  return young_[static_cast<std::size_t>(table)].emplace(std::move(key), std::move(value)).first->second;
}

bool RowCache::look_up(Table table, ByteView key, const Look& look) const {
  if (!remembers_) return below_.look_up(table, key, look);
  const auto look_at = [&](const std::optional<Bytes>& value) {
    if (value) look(*value);
    return value.has_value();
  };
  if (const auto* known = find(table, key)) return look_at(*known);
  auto value = below_.get(table, key);
  if (size_of(value) > largest_row) return look_at(value);
  return look_at(remember(table, Bytes(key.begin(), key.end()), std::move(value)));
}

bool RowCache::is_known(const Write& write) const {
  const auto* known = find(write.table, write.key);
  return known != nullptr && *known == write.value;
}

void RowCache::changed(std::vector<Write> writes) {
  for (auto& write : writes) {
    const auto i = static_cast<std::size_t>(write.table);
    const bool has_room = size_of(write.value) <= largest_row;
    const auto known = young_[i].find(write.key);
    if (known == young_[i].end()) {
      old_[i].erase(write.key);
      if (has_room) remember(write.table, std::move(write.key), std::move(write.value));
      continue;
    }
    young_bytes_ -= size_of(known->second);
    if (has_room) {
      young_bytes_ += size_of(write.value);
      known->second = std::move(write.value);
    } else {
      young_bytes_ -= entry_bytes + write.key.size();
      young_[i].erase(known);
    }
  }
}

}  // namespace bookchain::ledger
