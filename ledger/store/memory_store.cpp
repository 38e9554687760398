#include "ledger/store/memory_store.hpp"

#include <algorithm>
#include <cassert>

namespace bookchain::ledger {

namespace {

Bytes copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

}  // namespace

bool MemoryStore::look_up(Table table, ByteView key, const Look& look) const {
  const auto found = rows(table).find(copy(key));
  if (found == rows(table).end()) return false;
  look(found->second);
  return true;
}

void MemoryStore::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  const auto start = std::max(copy(prefix), copy(from));
  for (auto row = rows(table).lower_bound(start); row != rows(table).end() && has_prefix(row->first, prefix); ++row) {
    if (!visit(row->first, row->second)) return;
  }
}

std::optional<std::pair<Bytes, Bytes>> MemoryStore::last(Table table, ByteView prefix) const {
  for (auto row = rows(table).rbegin(); row != rows(table).rend(); ++row) {
    if (has_prefix(row->first, prefix)) return *row;
  }
  return std::nullopt;
}

Result<void> MemoryStore::begin(Durability /*durability*/) {
  assert(!open_);
  open_ = true;
  undo_.clear();
  return success();
}

void MemoryStore::apply(const std::vector<Write>& writes) {
  assert(open_);
  for (const auto& write : writes) {
    auto& table = rows_[static_cast<std::size_t>(write.table)];
    undo_.push_back(Undo{write.table, write.key, get(write.table, write.key)});
    if (write.value) {
      table[write.key] = *write.value;
    } else {
      table.erase(write.key);
    }
  }
}

Result<void> MemoryStore::commit() {
  assert(open_);
  if (next_failure_) {
    auto error = std::move(*next_failure_);
    next_failure_.reset();
    rollback();
    return error;
  }
  open_ = false;
  undo_.clear();
  return success();
}

void MemoryStore::rollback() noexcept {
  if (!open_) return;
  open_ = false;
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
    auto& table = rows_[static_cast<std::size_t>(undo->table)];
    if (undo->value) {
      table[undo->key] = *undo->value;
    } else {
      table.erase(undo->key);
    }
  }
  undo_.clear();
}

}  // namespace bookchain::ledger
