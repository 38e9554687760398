// The chain as a file of JSON lines (docs/formats.md, "The exported chain"), and the check of a whole chain:
// of such a file or of a peer's own store. A chain of any length is read block by block; what is kept of it
// while it is checked is the ownership of the books alone.
#pragma once

#include <functional>

#include "cli/chain_check.hpp"
#include "cli/files.hpp"
#include "ledger/chain.hpp"
#include "ledger/store/package_store.hpp"

namespace bookchain::cli {

/// The first line of the file, and the line of one block; with their line feeds.
[[nodiscard]] std::string chain_header_line(const ledger::NetworkId& network);
[[nodiscard]] std::string chain_block_line(const ledger::Genesis& genesis, const ledger::CommittedBlock& committed);

/// Visits the stored blocks from `from` on, ascending; a failure of `visit` ends it. Token `bad-chain` if a row
/// is no block or a height is missing.
using VisitBlock = std::function<Result<void>(const ledger::CommittedBlock& committed)>;
[[nodiscard]] Result<void> each_block(const ledger::State& state, ledger::Height from, const VisitBlock& visit);

/// Writes the chain in `state` to an open file; gives its head.
[[nodiscard]] Result<ledger::Head> write_chain(const ledger::Genesis& genesis, const ledger::State& state,
                                               int descriptor, const path& name);

/// Checks an exported chain; "-" is stdin. The verdict's failure has a token of exit code 3 for wrong content
/// (`bad-chain` or the finer one) and `bad-file` for what is not byte for byte such a file. Tokens of the
/// call itself: `no-such-file`, `permission`, `io`, `bad-file` (a directory), `interrupted`. `progress` is told bytes
/// of the file.
[[nodiscard]] Result<ChainVerdict> verify_chain_file(const ledger::Genesis& genesis, const path& file,
                                                     ledger::Progress* progress = nullptr);

/// Checks the chain of a peer's store, and that the head and the owners that are stored beside the blocks are
/// those that follow from them. `progress` is told blocks. Token `interrupted`.
[[nodiscard]] Result<ChainVerdict> verify_stored_chain(const ledger::Genesis& genesis, const ledger::State& state,
                                                       ledger::Progress* progress = nullptr);

}  // namespace bookchain::cli
