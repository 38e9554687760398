// What must hold of a whole network, whatever was played.
#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

std::vector<CommittedBlock> Network::chain(PeerPort peer) const {
  std::vector<CommittedBlock> found;
  for (auto& [height, committed] : blocks.all(state(peer))) found.push_back(std::move(committed));
  return found;
}

void Network::require_equal_chains(std::uint64_t height) const {
  std::optional<Head> first;
  for (const auto& [peer, at] : homes_) {
    if (!at.alive) continue;
    const auto top = head(peer);
    BOOST_REQUIRE_MESSAGE(top.height.value == height,
                          "peer " << peer.value << " stands at height " << top.height.value << ", not " << height);
    if (!first) {
      first = top;
      MemoryStore fresh;
      Draft draft(fresh);
      for (const auto& committed : chain(peer)) {
        BOOST_REQUIRE(verify_and_append(*genesis_, draft, committed, false).has_value());
      }
      BOOST_REQUIRE(chain_head(*genesis_, draft).hash == top.hash);
    }
    BOOST_REQUIRE_MESSAGE(top.hash == first->hash, "the chain of peer " << peer.value << " differs");
  }
}

void Network::require_no_fork() const {
  std::map<Height, Hash> known;
  for (const auto& [peer, at] : homes_) {
    for (const auto& committed : chain(peer)) {
      const auto hash = genesis_->block_hash(committed.block);
      const auto [place, added] = known.emplace(committed.block.header.body.height, hash);
      BOOST_REQUIRE_MESSAGE(added || place->second == hash, "two blocks of one height are committed");
    }
  }
}

}  // namespace bookchain::scenarios
