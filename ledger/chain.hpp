// The chain (docs/protocol.md, section 4): when a block follows from the blocks below it, and what it
// does to the ownership of books. Everything follows from the genesis, the blocks below and the
// block's own bytes; never from a clock, a catalogue or anything else local.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "ledger/records.hpp"

namespace bookchain::ledger {

/// Top of the chain in `state`; height 0 and the network id before the first block.
[[nodiscard]] Head chain_head(const Genesis& genesis, const State& state);

/// Where a book stands by the chain in `state`: its row, or its registrar's at version 0, turn 0.
[[nodiscard]] Ownership standing(const Genesis& genesis, const State& state, const Signed<Book>& book);

/// As check_book, and with the same outcome: the catalogue holds only what was found good, and what it holds just so,
/// signature and all, is not verified again.
[[nodiscard]] Result<void> check_book_unless_known(const Genesis& genesis, const State& state,
                                                   const Signed<Book>& book);

/// Whether a transaction is valid after the blocks in `state`, in a block mined by `miner`: every
/// signature, that the statements name each other, distinct witnesses in sufficient number (never
/// requester or owner), answers that say yes and GRANT's key commitment, owner, version and turn.
/// Tokens: `bad-statement`, `bad-signature`, `unknown-peer`, `no-quorum`, `not-owner`, `stale-version`.
[[nodiscard]] Result<void> check_transaction(const Genesis& genesis, const State& state, const Transaction& transaction,
                                             PeerPort miner);

/// The same but for its own signature, for what this peer has yet to mine.
[[nodiscard]] Result<void> check_unsigned_transaction(const Genesis& genesis, const State& state,
                                                      const Transaction& transaction, PeerPort miner);

/// Moves ownership as one valid transaction says: ownership, history, moved, catalogue.
void apply_transaction(const Genesis& genesis, Draft& draft, const Transaction& transaction, Height height);

/// Whether a block follows: height, previous hash, at least one transaction, transactions hash, work,
/// size, the miner's signature, each transaction after those before it. Tokens: `bad-chain`,
/// `bad-work`, `bad-signature` and those of check_transaction.
[[nodiscard]] Result<void> check_block(const Genesis& genesis, const State& state, const Block& block);

/// The same but for what its transactions say: all that is left to be checked of a block whose hash was found valid on
/// this head before.
[[nodiscard]] Result<void> check_sealed(const Genesis& genesis, const State& state, const Block& block);

/// Whether `certificate` commits the block of that height and hash: q good PRECOMMITs for both, any one ballot.
/// Tokens: `bad-chain`, `no-quorum`, `bad-signature`, `unknown-peer`.
[[nodiscard]] Result<void> check_commit(const Genesis& genesis, Height height, const Hash& block,
                                        const CommitCertificate& certificate);
[[nodiscard]] Result<void> check_commit(const Genesis& genesis, const Block& block,
                                        const CommitCertificate& certificate);

/// Appends a checked block: blocks, head, ownership.
/// With `keep_blocks` false only head and ownership are kept: for verifying a chain of any length.
void append_block(const Genesis& genesis, Draft& draft, const CommittedBlock& committed, bool keep_blocks = true);

/// check_block, check_commit, append_block: for verifying chains from elsewhere.
[[nodiscard]] Result<void> verify_and_append(const Genesis& genesis, Draft& draft, const CommittedBlock& committed,
                                             bool keep_blocks);

/// A block of these transactions on the present head, its nonce searched from 0 up until the hash has the genesis's
/// number of leading zero bits, signed. Transactions that are not signed yet are signed before, together. About
/// 2^work_bits hashes.
[[nodiscard]] Block mine_block(const Genesis& genesis, const Identity& identity, const Head& head, Time time,
                               std::vector<Transaction> transactions);

/// Number of leading zero bits.
[[nodiscard]] unsigned leading_zero_bits(const Hash& hash);

/// The book a transaction is about.
[[nodiscard]] const Signed<Book>& book_of(const Transaction& transaction);

}  // namespace bookchain::ledger
