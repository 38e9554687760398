// What a peer can do alone where the others of an exchange are silent (docs/protocol.md, section 5).
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::ledger {

namespace {

/// A requester has the TRANSFER claimed; the witnesses whose answers it lacks are asked first.
Recovery recovery_of_requester(const Genesis& genesis, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (!record.claiming) return {WishClaim{exchange}, false};
  if (lacks_yes(genesis, record)) return {WishAskAgain{exchange}, false};
  return {WishClaim{exchange}, true};
}

/// An owner has it settled once the witnesses have agreed about the id; before that it can only ask them again.
std::optional<Recovery> recovery_of_owner(const State& state, const ExchangeId& exchange,
                                          const ExchangeRecord& record) {
  const auto turn = turns.get(state, turn_of(record));
  if (record.abort_sent || (turn && turn->abort_signed)) return std::nullopt;
  if (record.state < ExchangeState::id_checked) return Recovery{WishAskAgain{exchange}, false};
  return Recovery{WishSettle{exchange}, false};
}

}  // namespace

std::optional<Recovery> Node::recovery(const State& state, const ExchangeId& exchange) const {
  const auto record = exchanges.get(state, exchange);
  // Before the consent nobody goes on alone. But the GRANT is acknowledged, so its owner does not send it again by
  // itself.
  if (record && lacks_package(*record)) return Recovery{WishAskAgain{exchange}, false};
  if (!record || !record->consent || !record->grant || record->disputed || has_ended(record->state) ||
      record->state == ExchangeState::mined || due_step(state, exchange)) {
    return std::nullopt;
  }
  switch (record->role) {
    case Role::requester: return recovery_of_requester(genesis_, exchange, *record);
    case Role::owner: return recovery_of_owner(state, exchange, *record);
    case Role::witness: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace bookchain::ledger
