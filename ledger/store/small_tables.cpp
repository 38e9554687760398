#include "ledger/store/small_tables.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace bookchain::ledger {

namespace {

/// With what the map has beside it, roughly.
std::size_t size_of(ByteView key, ByteView value) {
  constexpr std::size_t beside_a_row = 128;
  return beside_a_row + key.size() + value.size();
}

}  // namespace

void SmallTables::keep(std::size_t most_bytes) {
  most_bytes_ = most_bytes;
  forget();
}

void SmallTables::forget() const noexcept {
  for (auto& kept : kept_) kept = Kept{};
  turns_.forget();
  numbers_.forget();
}

void SmallTables::forget_if_changed() const {
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (before != foreign_commits_) forget();
}

void SmallTables::read(Table table, Kept& kept) const {
  auto kind = Kind::kept;
  below_.scan(table, {}, {}, [&](ByteView key, ByteView value) {
    kept.bytes += size_of(key, value);
    if (kept.bytes > most_bytes_) {
      kind = Kind::too_large;
      return false;
    }
    kept.rows.emplace_hint(kept.rows.end(), Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  });
  // A read that failed gave less than there is.
  if (!below_.status()) kind = Kind::unread;
  if (kind != Kind::kept) kept = Kept{};
  kept.kind = kind;
}

const SmallTables::Kept* SmallTables::find(Table table) const {
  const auto i = static_cast<std::size_t>(table);
  if (most_bytes_ == 0 || !tables_.test(i) || !is_of_one_moment()) return nullptr;
  auto& kept = kept_[i];
  if (kept.kind == Kind::unread) read(table, kept);
  return kept.kind == Kind::kept ? &kept : nullptr;
}

// ---- reading ----

void SmallTables::begin_reading() const {
  if (readings_ == 0 && !open_) {
    reading_.emplace(below_);
    forget_if_changed();
  }
  ++readings_;
}

void SmallTables::end_reading() const {
  if (--readings_ == 0) reading_.reset();
}

bool SmallTables::is_surely_absent(Table table, ByteView key) const {
  if (most_bytes_ == 0 || !is_of_one_moment()) return false;
  if (table == Table::exchange_numbers) return numbers_.lacks(key);
  return table == Table::turns && is_behind_all_turns(key);
}

bool SmallTables::is_behind_all_turns(ByteView key) const {
  if (key.size() <= bytes_of_turn_group) return false;
  if (const auto known = turns_.is_behind_all(key)) return *known;
  const auto group = turns_.group_of(key);
  const auto last = below_.last(Table::turns, group);
  // A read that failed gave less than there is.
  if (!below_.status()) return false;
  turns_.learn(group, last ? ByteView(last->first) : ByteView());
  return !last || ByBytes{}(last->first, key);
}

bool SmallTables::look_up(Table table, ByteView key, const Look& look) const {
  const auto* kept = find(table);
  if (kept == nullptr) return !is_surely_absent(table, key) && below_.look_up(table, key, look);
  const auto row = kept->rows.find(key);
  if (row == kept->rows.end()) return false;
  look(row->second);
  return true;
}

void SmallTables::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  const auto* kept = find(table);
  if (kept == nullptr) return below_.scan(table, prefix, from, visit);
  const ByBytes less;
  for (auto row = kept->rows.lower_bound(less(from, prefix) ? prefix : from); row != kept->rows.end(); ++row) {
    if (!has_prefix(row->first, prefix) || !visit(row->first, row->second)) return;
  }
}

std::optional<std::pair<Bytes, Bytes>> SmallTables::last(Table table, ByteView prefix) const {
  const auto* kept = find(table);
  if (kept == nullptr) return below_.last(table, prefix);
  const auto after = key_after(prefix);
  const auto end = after ? kept->rows.lower_bound(*after) : kept->rows.end();
  if (end == kept->rows.begin()) return std::nullopt;
  const auto row = std::prev(end);
  if (!has_prefix(row->first, prefix)) return std::nullopt;
  return *row;
}

// ---- writing ----

Result<void> SmallTables::begin(Durability durability) {
  assert(!is_of_one_moment());
  BOOKCHAIN_CHECK(below_.begin(durability));
  open_ = true;
  changed_ = false;
  forget_if_changed();
  if (most_bytes_ > 0) numbers_.learn(below_);
  return success();
}

void SmallTables::note(const Write& write, Kept& kept) const {
  // It may have become small.
  if (kept.kind == Kind::too_large && !write.value) kept = Kept{};
  if (kept.kind != Kind::kept) return;
  const auto row = kept.rows.find(write.key);
  if (row != kept.rows.end()) {
    kept.bytes -= size_of(row->first, row->second);
    kept.rows.erase(row);
  }
  if (!write.value) return;
  kept.bytes += size_of(write.key, *write.value);
  kept.rows.emplace(write.key, *write.value);
  if (kept.bytes <= most_bytes_) return;
  kept = Kept{};
  kept.kind = Kind::too_large;
}

void SmallTables::apply(const std::vector<Write>& writes) {
  assert(open_);
  changed_ = true;
  below_.apply(writes);
  for (const auto& write : writes) {
    note(write, kept_[static_cast<std::size_t>(write.table)]);
    if (!write.value) continue;
    if (write.table == Table::turns && write.key.size() > bytes_of_turn_group) turns_.added(write.key);
    if (write.table == Table::exchange_numbers) numbers_.added(write.key);
  }
}

Result<void> SmallTables::commit() {
  open_ = false;
  auto committed = below_.commit();
  if (!committed) forget();
  return committed;
}

void SmallTables::rollback() noexcept {
  open_ = false;
  below_.rollback();
  if (changed_) forget();
}

}  // namespace bookchain::ledger
