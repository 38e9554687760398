// What a peer has sent and others have not taken yet: to whom nothing can be given because nobody listens there or lets
// this user connect, and who has yet to take in the newest block.
#pragma once

#include "cli/home.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// Peers reached by a socket for whom something waits in the outbox while nobody listens there, in port order.
[[nodiscard]] std::vector<ledger::PeerPort> unheard_peers(const PeerFiles& files, const ledger::State& state);
/// These, those whose socket is closed to this user, and those whose spool takes no more or is gone. Right after a
/// turn, which has put into each spool what it takes.
[[nodiscard]] std::vector<ledger::PeerPort> unreached_peers(const PeerFiles& files, const ledger::State& state);

/// Peers to which this one sent the block of `height` and that have not acknowledged it, in port order.
[[nodiscard]] std::vector<ledger::PeerPort> peers_without_block(const ledger::State& state, ledger::Height height);

/// Tells people for whom something waits because nobody listens or the socket is closed; nothing where all is on its
/// way.
void note_unheard(const Session& session, Home& home);

}  // namespace bookchain::cli
