// What a peer remembers, copied whole or changed behind its back.
#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

std::unique_ptr<MemoryStore> Network::backup(PeerPort peer) const {
  auto copy = std::make_unique<MemoryStore>();
  BOOST_REQUIRE(copy->begin().has_value());
  for (std::size_t table = 0; table < table_count; ++table) {
    state(peer).scan(static_cast<Table>(table), {}, {}, [&](ByteView key, ByteView value) {
      copy->apply({Write{static_cast<Table>(table), Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())}});
      return true;
    });
  }
  BOOST_REQUIRE(copy->commit().has_value());
  return copy;
}

void Network::edit(PeerPort peer, const std::function<void(Draft&)>& change) {
  Draft draft(state(peer));
  change(draft);
  BOOST_REQUIRE(home(peer).store->begin().has_value());
  home(peer).store->apply(draft.take_effects().writes);
  BOOST_REQUIRE(home(peer).store->commit().has_value());
}

}  // namespace bookchain::scenarios
