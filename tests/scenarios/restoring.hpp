// What the tests of restored homes share.
#pragma once

#include "ledger/consensus.hpp"
#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// The question of a restore, which those who answer repeat.
inline constexpr std::uint64_t asked = 7;

/// Declares a restore at a peer: what the command does, as far as the rules go.
inline void declare_restore(Network& network, PeerPort peer, std::uint64_t question = asked) {
  Draft draft(network.state(peer));
  Context context{network.genesis(), network.home(peer).identity, draft, network.now(), question};
  begin_restore(context);
  auto effects = draft.take_effects();
  auto& store = *network.home(peer).store;
  BOOST_REQUIRE(store.begin().has_value());
  store.apply(effects.writes);
  BOOST_REQUIRE(store.commit().has_value());
  for (auto& leaving : effects.outgoing) {
    network.queue.push_back(Envelope{peer, leaving.to, std::move(leaving.message), std::nullopt});
  }
}

}  // namespace bookchain::scenarios
