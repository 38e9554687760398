// The parts of a new home that `init` and the ceremony of separate owners share.
#pragma once

#include "cli/book_making.hpp"
#include "cli/peer_files.hpp"

namespace bookchain::cli {

/// Keys from a seed, of a test network, or from the operating system.
[[nodiscard]] PeerKeys make_peer_keys(ledger::PeerPort port, const std::optional<std::string>& seed);

/// The state of a peer that has done nothing yet: it knows the books of `catalogue`, and `own` are on its shelf.
/// Whole, with nothing beside it, when it returns. Tokens: `io`, `permission`, `disk-full`.
[[nodiscard]] Result<void> make_state(const path& file, const ledger::Genesis& genesis,
                                      const std::vector<ledger::Signed<ledger::Book>>& catalogue,
                                      const std::vector<ValueBook>& own);

/// Whether the state is as make_state made it, without books: nobody has worked with it. Tokens: those of opening it.
[[nodiscard]] Result<bool> is_new_state(const path& file);

/// SENDER/{tmp,new,cur,bad} for every other peer.
[[nodiscard]] Result<void> make_spool(const path& spool, const ledger::Genesis& genesis, ledger::PeerPort self);

}  // namespace bookchain::cli
