#include "cli/new_peer.hpp"

#include "cli/environment.hpp"
#include "ledger/records.hpp"
#include "ledger/store/sqlite_store.hpp"

namespace bookchain::cli {

using namespace ledger;

PeerKeys make_peer_keys(PeerPort port, const std::optional<std::string>& seed) {
  const auto bytes = seed ? view_of(*seed) : ByteView();
  const auto derived = [&](const char* purpose) { return derive(bytes, std::to_string(port.value) + " " + purpose); };
  const auto key = [&]<class Key>(const char* purpose) {
    return seed ? rename<Key>(derived(purpose)) : random_bytes<Key>();
  };
  PeerKeys keys{{port, key.operator()<SigningKey>("signing key"), key.operator()<AgreementKey>("agreement key")},
                std::nullopt};
  if (seed) keys.seed = derived("randomness");
  return keys;
}

Result<void> make_state(const path& file, const Genesis& genesis, const std::vector<Signed<Book>>& catalogue_books,
                        const std::vector<ValueBook>& own) {
  BOOKCHAIN_TRY(const auto store, SqliteStore::open(file, SqliteStore::Mode::create));
  BOOKCHAIN_CHECK(store->begin());
  Draft draft(*store);
  for (const auto& book : catalogue_books) catalogue.put(draft, genesis.book_of(book), book);
  std::uint64_t order = 1;
  for (const auto& [book, text] : own) {
    const auto id = genesis.book_of(book);
    shelf.put(draft, id, ShelfRecord{order++});
    value_books.put(draft, id, text);
  }
  next_order_fact.put(draft, order);
  next_serial_fact.put(draft, order);
  store->apply(draft.take_effects().writes);
  return store->commit();
}

Result<bool> is_new_state(const path& file) {
  BOOKCHAIN_TRY(const auto store, SqliteStore::open(file, SqliteStore::Mode::read_only));
  bool is_new = true;
  for (std::size_t table = 0; table < table_count; ++table) {
    if (static_cast<Table>(table) == Table::facts) continue;
    store->scan(static_cast<Table>(table), {}, {}, [&](ByteView, ByteView) { return is_new = false; });
  }
  BOOKCHAIN_CHECK(store->status());
  return is_new && next_serial_fact.get(*store) == 1U && next_order_fact.get(*store) == 1U && !head_fact.get(*store) &&
         !mute_until_fact.get(*store);
}

Result<void> make_spool(const path& spool, const Genesis& genesis, PeerPort self) {
  for (const auto& other : genesis.peers()) {
    if (other.port == self) continue;
    for (const auto* part : {"tmp", "new", "cur", "bad"}) {
      BOOKCHAIN_CHECK(make_directory(spool / std::to_string(other.port.value) / part));
    }
  }
  return success();
}

}  // namespace bookchain::cli
