// Which part a peer has in an exchange, and where that stands at it.
#pragma once

#include "ledger/codec.hpp"

namespace bookchain::ledger {

enum class Role : std::uint8_t { requester = 0, owner = 1, witness = 2 };
template <>
struct EnumBounds<Role> {
  static constexpr auto last = Role::witness;
};
[[nodiscard]] std::string_view name(Role role);

/// Where an exchange stands at one peer. The diagram is in docs/protocol.md, section 3.
enum class ExchangeState : std::uint8_t {
  requested = 0,
  granted,
  consented,
  id_checked,
  released,
  opened,
  key_checked,
  mined,
  committed,
  refused,
  invalid,
  aborted,
};
template <>
struct EnumBounds<ExchangeState> {
  static constexpr auto last = ExchangeState::aborted;
};
[[nodiscard]] std::string_view name(ExchangeState state);
/// True for refused, invalid and aborted: a new request is needed.
[[nodiscard]] bool is_over(ExchangeState state);
/// True for the above and committed.
[[nodiscard]] bool has_ended(ExchangeState state);

}  // namespace bookchain::ledger
