#include "ledger/store/row_cache.hpp"

namespace bookchain::ledger {

namespace {

/// When so much is remembered, all is forgotten: what is still needed is read again.
constexpr std::size_t most_bytes = std::size_t{4} << 20U;
/// A block or another large row is not worth the room.
constexpr std::size_t largest_row = 16'384;
/// Of an entry in the map beside its key and value, roughly.
constexpr std::size_t entry_bytes = 96;

std::string_view text(ByteView key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

std::size_t size_of(const std::optional<Bytes>& value) { return value ? value->size() : 0; }

}  // namespace

void RowCache::forget() noexcept {
  for (auto& rows : rows_) rows.clear();
  bytes_ = 0;
}

std::optional<Bytes> RowCache::get(Table table, ByteView key) const {
  if (!remembers_) return below_.get(table, key);
  auto& rows = rows_[static_cast<std::size_t>(table)];
  if (const auto known = rows.find(text(key)); known != rows.end()) return known->second;
  auto value = below_.get(table, key);
  if (size_of(value) > largest_row) return value;
  if (bytes_ > most_bytes) {
    for (auto& each : rows_) each.clear();
    bytes_ = 0;
  }
  bytes_ += entry_bytes + key.size() + size_of(value);
  rows.emplace(text(key), value);
  return value;
}

void RowCache::changed(const std::vector<Write>& writes) {
  for (const auto& write : writes) {
    auto& rows = rows_[static_cast<std::size_t>(write.table)];
    const auto known = rows.find(text(write.key));
    if (known == rows.end()) continue;
    bytes_ -= size_of(known->second);
    if (size_of(write.value) > largest_row) {
      bytes_ -= entry_bytes + write.key.size();
      rows.erase(known);
      continue;
    }
    known->second = write.value;
    bytes_ += size_of(known->second);
  }
}

}  // namespace bookchain::ledger
