// What two people read to each other to see that they have the same: the first 160 bits of an id, in groups.
// So many that nobody can make two cards, or two networks, that have them in common.
#pragma once

#include <optional>

#include "cli/report.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

/// "4456 faf6 7905 ...": ten groups of four hex digits.
template <class Fixed>
[[nodiscard]] std::string fingerprint(const Fixed& id) {
  static_assert(Fixed::size == 32);
  constexpr std::size_t digits = 40;
  constexpr std::size_t group = 4;
  const auto text = ledger::to_hex(id);
  std::string groups;
  for (std::size_t i = 0; i < digits; i += group) groups += (i == 0 ? "" : " ") + text.substr(i, group);
  return groups;
}

/// The peers of a network with the fingerprints of their cards: [{port, home, fingerprint, address}]. Where the
/// homes of others lie is not known.
[[nodiscard]] Json fingerprint_list(const ledger::Genesis& genesis);
/// The same as a table, with a star at `self`.
[[nodiscard]] std::string fingerprint_table(const Report& report, const ledger::Genesis& genesis,
                                            std::optional<ledger::PeerPort> self);

}  // namespace bookchain::cli
