// What goes on next in an exchange, as one peer can know it: the commands and the peers at which they are
// to be run, and who is awaited. For people and scripts; the rules decide nothing by it.
#pragma once

#include "cli/home.hpp"
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
  bool repeat = false;          ///< the commands from that place on are to be run again until it is committed
  std::size_t repeat_from = 0;  ///< that place
  std::size_t rounds = 0;       ///< how often, until all have the block, if no other ballot comes between; 0: not known
  bool spreading = false;       ///< it is committed here, and the commands bring the block to the others
  std::vector<ledger::PeerPort> unheard;  ///< nobody listens there, and it needs at least one of them
  /// Takes in what lies in the spool of this peer, before all else: it may change the rest, or be the end of it.
  std::optional<CommandAt> first;
  /// What this peer can do without those it waits for, if the commands lead to nothing.
  std::optional<CommandAt> alone;
  std::optional<CommandAt> give_up;  ///< ends it, as long as this peer may
  std::string hint;                  ///< what it means that those it waits for do not answer; may be empty
};

/// Of a witness that was given no more than the id of the exchange: to hear what became of it.
[[nodiscard]] Guidance guide(const ledger::Node& node, const ledger::State& state, const ledger::ExchangeId& exchange);
/// The same with what only the home can tell: what was delivered and not taken in, and who of those that have to act
/// does not listen.
[[nodiscard]] Guidance guide(Home& home, const ledger::ExchangeId& exchange);
[[nodiscard]] Guidance guide(const Reader& reader, const ledger::ExchangeId& exchange);
/// How the newest block comes to those who have not acknowledged it; empty if this peer sent it to nobody.
[[nodiscard]] Guidance guide_newest_block(Home& home);

}  // namespace bookchain::cli
