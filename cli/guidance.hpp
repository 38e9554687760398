// What goes on next in an exchange, as one peer can know it: the commands and the peers at which they are
// to be run, and who is awaited. For people and scripts; the rules decide nothing by it.
#pragma once

#include "ledger/node.hpp"
#include "ledger/records.hpp"

namespace bookchain::cli {

/// One command at one peer; `words` is what follows the global options, "grant 3f2a90c1d0e4" say.
struct CommandAt {
  ledger::PeerPort port;
  std::string words;
};

struct Guidance {
  std::vector<CommandAt> commands;            ///< in this order; empty if nothing goes on
  std::vector<ledger::PeerPort> waiting_for;  ///< peers whose doing is missing; empty if it is this peer's turn
  std::optional<ledger::Step> due;            ///< at this peer
  bool repeat = false;                        ///< the commands are to be run again until it is committed
};

/// Precondition: the peer knows the exchange.
[[nodiscard]] Guidance guide(const ledger::Node& node, const ledger::State& state, const ledger::ExchangeId& exchange);

}  // namespace bookchain::cli
