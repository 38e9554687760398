// Making a whole network on one machine: keys, homes, first books, network file. Either all of it is there
// afterwards or, at the next try, what was begun is removed and made anew.
#pragma once

#include "cli/environment.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

struct NetworkPlan {
  std::vector<ledger::PeerPort> ports;  ///< in order
  std::string transport = "spool";
  std::uint64_t auto_books = 3;  ///< value books each peer starts with
  std::uint8_t work_bits = 8;
  std::optional<std::string> seed;  ///< of a test network
};

struct MadeNetwork {
  ledger::NetworkId id;
  std::vector<ledger::PeerPort> ports;
  bool made = false;                        ///< false: it was there already, made with the same plan
  std::vector<ledger::PeerPort> elsewhere;  ///< whose homes are not here any more
};

/// Tokens: `home-exists` (something else is there), `home-missing` (it was made, and a part of it is gone), `io`,
/// `permission`, `disk-full`, `bad-value`.
[[nodiscard]] Result<MadeNetwork> make_network(const path& folder, const NetworkPlan& plan);

}  // namespace bookchain::cli
