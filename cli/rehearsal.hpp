// Rehearsals: what a cheating owner would do in step 2, for lessons and tests. The rules allow them on test networks
// alone.
#pragma once

#include "cli/home.hpp"

namespace bookchain::cli {

enum class GrantCheat : std::uint8_t {
  bad_chunk,   ///< the first chunk of the encrypted book is another one
  bad_shares,  ///< the witnesses are dealt shares of another key
  swapped,     ///< the first two chunks of the encrypted book stand in each other's place
  cut,         ///< the encrypted book lacks its last chunk; the GRANT is about the rest
};

/// The package is written, that of a value book with the next commit of the home's store; what is left is the wish to
/// grant. Tokens: `not-a-test-network`, those of granting.
[[nodiscard]] Result<ledger::WishGrant> rehearse_grant(Home& home, const ledger::ExchangeId& exchange,
                                                       GrantCheat cheat);

}  // namespace bookchain::cli
