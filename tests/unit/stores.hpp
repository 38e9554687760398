// What the tests of stores share: a store in a file, and a row that is put and committed.
#pragma once

#include "ledger/store/gathering_store.hpp"
#include "ledger/store/journals.hpp"
#include "ledger/store/memory_store.hpp"
#include "ledger/store/numbered_store.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "tests/unit/support.hpp"

namespace bookchain::unit {

inline std::unique_ptr<Store> open_sqlite(const path& file) {
  return value_of(SqliteStore::open(file, SqliteStore::Mode::create));
}

inline const Bytes a_key{1, 2};
inline const Bytes a_value{3};
inline Write put(const Bytes& key, const Bytes& value) { return Write{Table::facts, key, value}; }
/// Rows of a table as they lie in that store.
inline std::size_t rows_of(const State& state, Table table) {
  std::size_t count = 0;
  state.scan(table, {}, {}, [&](ByteView, ByteView) { return ++count > 0; });
  return count;
}
inline void commit(Store& store, const std::vector<Write>& writes) {
  require_success(store.begin());
  store.apply(writes);
  require_success(store.commit());
}

}  // namespace bookchain::unit
