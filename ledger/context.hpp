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
  bool patient = false;      ///< see Input
  bool signs_later = false;  ///< see Input
  bool goes_first = false;   ///< see Input

  [[nodiscard]] PeerPort self() const { return identity.port; }

  /// Signs, or leaves it to the end of the turn where the statement may be of a batch: see Input.
  template <class Body>
  [[nodiscard]] Signed<Body> sign(Body body) const {
    if constexpr (is_signed_in_batches(Body::type)) {
      if (signs_later) return left_unsigned(unsigned_statement(std::move(body)));
    }
    return genesis.sign(identity.port, identity.signing_key, std::move(body));
  }
  /// A transaction: it is signed with the block that it is mined in.
  template <class Body>
  [[nodiscard]] Signed<Body> unsigned_statement(Body body) const {
    return Signed<Body>{identity.port, std::move(body), {}};
  }
  /// Signs alone what was left unsigned in this turn, where it becomes part of another statement.
  template <class Body>
  void complete(Signed<Body>& statement) const {
    if (statement.is_signed()) return;
    statement = genesis.sign(identity.port, identity.signing_key, std::move(statement.body));
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

 private:
  template <class Body>
  [[nodiscard]] Signed<Body> left_unsigned(Signed<Body> statement) const {
    auto bytes = unsigned_bytes(genesis.id(), statement.signer, statement.body);
    if constexpr (std::is_same_v<Body, Request>) {
      const auto exchange = genesis.exchange_of(statement);
      draft.leave_unsigned({exchange, std::move(bytes)});
    } else {
      draft.leave_unsigned({statement.body.exchange, std::move(bytes)});
    }
    return statement;
  }
};

/// What a handler refuses: the fault of whoever sent or wished it.
[[nodiscard]] inline Error rejected(Token token, std::string what, std::string subject = {}, std::string hint = {}) {
  return Error{token, std::move(what), std::move(subject), std::move(hint)};
}

}  // namespace bookchain::ledger
