// Which homes a reading command looks at: the one that is named, else those of the network that can be read.
#pragma once

#include "cli/home.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// The named peer, or the one of the lowest port whose home and state can be read. Tokens: those of reading the
/// home; where none is named and none can be read, those of the first.
[[nodiscard]] Result<std::unique_ptr<Reader>> any_reader(const Session& session);

/// The named peer alone, or all whose home and state can be read, in port order, at least one. Tokens as above.
[[nodiscard]] Result<std::vector<std::unique_ptr<Reader>>> all_readers(const Session& session);

/// The network file alone, where there is one: to check what anybody may check needs no peer. -n may name the file
/// itself. Tokens: those of reading it; where there is none, those of reading a home.
[[nodiscard]] Result<ledger::Genesis> network_alone(const Session& session);

}  // namespace bookchain::cli
