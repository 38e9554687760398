// Evidence for people and scripts: what it says in a line and in JSON. Used by the commands about evidence and by
// `status`.
#pragma once

#include "cli/command.hpp"
#include "ledger/evidence.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

/// {id, kind, fault, accused, role, exchange, book, height}; null for what it is not about.
[[nodiscard]] Json evidence_value(const ledger::Genesis& genesis, const ledger::Evidence& evidence);

/// The fault in words: "granted one book to two requesters in one turn".
[[nodiscard]] std::string_view fault_in_words(const ledger::Evidence& evidence);

/// "exchange 0123456789ab", "height 7".
[[nodiscard]] std::string about_text(const ledger::Accusation& about);

}  // namespace bookchain::cli
