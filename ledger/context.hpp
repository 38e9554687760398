// What a handler of the rules works with during one step: the network, who acts, the Draft that
// collects its writes and messages, and the time and randomness that came with the input.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "ledger/records.hpp"

namespace bookchain::ledger {

struct Context {
  const Genesis& genesis;
  const Identity& identity;
  Draft& draft;
  Time now;
  std::uint64_t random;
  bool patient = false;  ///< see Input

  [[nodiscard]] PeerPort self() const { return identity.port; }

  template <class Body>
  [[nodiscard]] Signed<Body> sign(Body body) const {
    return genesis.sign(identity.port, identity.signing_key, std::move(body));
  }
  /// To every peer but this one.
  void send_to_others(const Message& message) const {
    for (const auto& peer : genesis.peers()) {
      if (peer.port != self()) draft.send(peer.port, message);
    }
  }
  /// To every peer, this one included: its own copy is handled within the same step.
  void send_to_all(const Message& message) const {
    for (const auto& peer : genesis.peers()) draft.send(peer.port, message);
  }
};

/// What a handler refuses: the fault of whoever sent or wished it.
[[nodiscard]] inline Error rejected(Token token, std::string what, std::string subject = {}, std::string hint = {}) {
  return Error{token, std::move(what), std::move(subject), std::move(hint)};
}

}  // namespace bookchain::ledger
