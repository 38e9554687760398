// What an owner did wrong, by what it signed and sent (docs/protocol.md, section 5): a chunk that is not the registered
// one, shares that do not give the key. Pure functions, shared by the chain (DISPUTE) and by evidence.
#pragma once

#include "ledger/genesis.hpp"

namespace bookchain::ledger {

/// What must hold of a REQUEST by its words (docs/protocol.md, section 3, step 1). Tokens: `wrong-sender`,
/// `self-exchange`, `unknown-peer`.
[[nodiscard]] Result<void> check_request_form(const Genesis& genesis, const Signed<Request>& request);

/// REQUEST and GRANT, each good and signed by whom it must be, the GRANT for this very X and with a share commitment
/// for each witness (docs/formats.md, G1, G2, G4). Gives X. Tokens: `bad-statement`, `bad-signature`, `unknown-peer`.
[[nodiscard]] Result<ExchangeId> check_request_and_grant(const Genesis& genesis, const Signed<Request>& request,
                                                         const Signed<Grant>& grant);

/// The same of that BOOK (G3), which the caller has checked.
[[nodiscard]] Result<ExchangeId> check_grant_of(const Genesis& genesis, const Signed<Book>& book,
                                                const Signed<Request>& request, const Signed<Grant>& grant);

/// The same with the BOOK itself (K1 to K6). Tokens: those of check_book, too.
[[nodiscard]] Result<ExchangeId> check_granted(const Genesis& genesis, const Signed<Book>& book,
                                               const Signed<Request>& request, const Signed<Grant>& grant);

// BAD-CHUNK, in three parts: D3, D4, D5.
/// Token `wrong-key`.
[[nodiscard]] Result<void> check_key_of_proof(const ExchangeId& exchange, const Grant& grant, const BookKey& key);
/// Token `bad-statement`.
[[nodiscard]] Result<void> check_paths_of_proof(const Book& book, const Grant& grant, const BadChunk& proof);
/// Token `bad-statement` if the chunk decrypts to what was registered.
[[nodiscard]] Result<void> check_chunk_is_false(const ExchangeId& exchange, const Book& book, const BadChunk& proof);
/// All three.
[[nodiscard]] Result<void> check_bad_chunk(const ExchangeId& exchange, const Book& book, const Grant& grant,
                                           const BadChunk& proof);

// BAD-DEAL, in two parts: D6, D7.
/// t shares of distinct witnesses, each fitting its commitment; gives the key that they give. Token `bad-statement`.
[[nodiscard]] Result<BookKey> key_of_shares(const Genesis& genesis, const ExchangeId& exchange, const Request& request,
                                            const Grant& grant, const BadDeal& proof);
/// Both. Token `bad-statement`.
[[nodiscard]] Result<void> check_bad_deal(const Genesis& genesis, const ExchangeId& exchange, const Request& request,
                                          const Grant& grant, const BadDeal& proof);

}  // namespace bookchain::ledger
