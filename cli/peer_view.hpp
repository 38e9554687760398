// What this peer knows of the others: their cards, how far they are where that can be seen, and whether they
// answer. Reads only; silence is no evidence of anything, so nothing but a person acts on it.
#pragma once

#include "cli/home.hpp"
#include "cli/session.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

struct PeerLine {
  ledger::PeerPort port;
  ledger::Hash card;                               ///< id of its card
  std::optional<ledger::Head> head;                ///< of its chain, where its home can be read from here
  std::uint64_t unanswered = 0;                    ///< messages to it that it has not acknowledged
  std::optional<ledger::Time> unanswered_since;    ///< when the oldest of them was made
  std::optional<ledger::NetworkId> other_network;  ///< came in its name after it was heard last, or instead
  bool only_called = false;                        ///< it came over a socket, where anybody may give that name
  bool heard = false;                              ///< it has sent or acknowledged something, ever
  std::optional<ledger::Time> heard_at;            ///< when last, where that was noted
};

/// All peers of the network in port order, this one among them.
[[nodiscard]] std::vector<PeerLine> view_peers(const Session& session, const Reader& self);

/// [{port, height, head, fingerprint, unanswered, unanswered_since, heard, heard_at, heard_time, other_network,
/// other_network_by}]
[[nodiscard]] Json peers_value(const std::vector<PeerLine>& peers, ledger::PeerPort self);
/// A table, and under it a line for each peer that does not answer or in whose name another network comes.
[[nodiscard]] std::string peers_text(const Report& report, const std::vector<PeerLine>& peers, ledger::PeerPort self,
                                     ledger::Time now);

}  // namespace bookchain::cli
