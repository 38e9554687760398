// Rows that stand over those of a State: what changed since, by key, nothing where a row is gone. How a Draft reads,
// and whatever else holds changes that lie below only later (ledger/store/journal_store.hpp).
#pragma once

#include <algorithm>

#include "ledger/state.hpp"

namespace bookchain::ledger::overlay {

// Own is a map from keys, which are or become a ByteView, to std::optional<Bytes>, in the order of ByBytes.

/// As State::look_up, of one table.
template <class Own>
[[nodiscard]] bool look_up(const Own& own, const State& base, Table table, ByteView key, const State::Look& look) {
  if (!own.empty()) {
    if (const auto found = own.find(key); found != own.end()) {
      if (found->second) look(*found->second);
      return found->second.has_value();
    }
  }
  return base.look_up(table, key, look);
}

/// As State::scan, of one table.
template <class Own>
void scan(const Own& own, const State& base, Table table, ByteView prefix, ByteView from, const State::Visit& visit) {
  if (own.empty()) return base.scan(table, prefix, from, visit);
  const ByBytes less;
  auto next = own.lower_bound(less(from, prefix) ? prefix : from);
  bool stopped = false;
  // Visits the own rows below `bound` (all of them if there is none).
  const auto catch_up = [&](std::optional<ByteView> bound) {
    for (; next != own.end() && has_prefix(next->first, prefix); ++next) {
      if (bound && !less(next->first, *bound)) return;
      if (next->second && !visit(next->first, *next->second)) {
        stopped = true;
        return;
      }
    }
  };
  base.scan(table, prefix, from, [&](ByteView key, ByteView value) {
    catch_up(key);
    if (stopped) return false;
    const bool replaced = next != own.end() && std::ranges::equal(ByteView(next->first), key);
    if (replaced) return true;  // visited by the next catch_up, with its new value
    if (visit(key, value)) return true;
    stopped = true;
    return false;
  });
  if (!stopped) catch_up(std::nullopt);
}

/// As State::last, of one table.
template <class Own>
[[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(const Own& own, const State& base, Table table,
                                                          ByteView prefix) {
  if (own.empty()) return base.last(table, prefix);
  const ByBytes less;
  const auto whole = [](ByteView key, ByteView value) {
    return std::make_pair(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
  };
  auto below = base.last(table, prefix);
  const auto after = key_after(prefix);
  // The last own row that stands is the answer unless the base has a later one that stands.
  const auto end = std::make_reverse_iterator(own.begin());
  for (auto row = std::make_reverse_iterator(after ? own.lower_bound(ByteView(*after)) : own.end()); row != end;
       ++row) {
    if (!has_prefix(row->first, prefix)) break;
    if (!row->second) continue;
    if (below && less(row->first, below->first) && !own.contains(ByteView(below->first))) return below;
    if (!below || !less(row->first, below->first)) return whole(row->first, *row->second);
    break;
  }
  if (!below || !own.contains(ByteView(below->first))) return below;
  // The base's last row is replaced or gone here: the slow path sees them all.
  std::optional<std::pair<Bytes, Bytes>> found;
  scan(own, base, table, prefix, {}, [&](ByteView key, ByteView value) {
    found = whole(key, value);
    return true;
  });
  return found;
}

}  // namespace bookchain::ledger::overlay
