#include "ledger/exchange_state.hpp"

namespace bookchain::ledger {

std::string_view name(Role role) {
  switch (role) {
    case Role::requester: return "requester";
    case Role::owner: return "owner";
    case Role::witness: return "witness";
  }
  return "";
}

std::string_view name(ExchangeState state) {
  switch (state) {
    case ExchangeState::requested: return "requested";
    case ExchangeState::granted: return "granted";
    case ExchangeState::consented: return "consented";
    case ExchangeState::id_checked: return "id-checked";
    case ExchangeState::released: return "released";
    case ExchangeState::opened: return "opened";
    case ExchangeState::key_checked: return "key-checked";
    case ExchangeState::mined: return "mined";
    case ExchangeState::committed: return "committed";
    case ExchangeState::refused: return "refused";
    case ExchangeState::invalid: return "invalid";
    case ExchangeState::aborted: return "aborted";
  }
  return "";
}

bool is_over(ExchangeState state) {
  return state == ExchangeState::refused || state == ExchangeState::invalid || state == ExchangeState::aborted;
}

bool has_ended(ExchangeState state) { return state == ExchangeState::committed || is_over(state); }

}  // namespace bookchain::ledger
