// The public card of a peer as a file: what `keygen` writes, its owner hands out, and `init --cards` reads.
#pragma once

#include "cli/files.hpp"
#include "ledger/card.hpp"

namespace bookchain::cli {

inline constexpr std::string_view card_file_name = "card.yaml";

[[nodiscard]] std::string write_card(const ledger::Signed<ledger::Card>& card);

/// Reads strictly and checks the signature; `file` is what errors name. Tokens: those of strict reading and of
/// check_card.
[[nodiscard]] Result<ledger::Signed<ledger::Card>> read_card(const std::string& file, const std::string& text);
/// The same of a file. Tokens as well: `no-such-file`, `io`, `permission`, `bad-file`.
[[nodiscard]] Result<ledger::Signed<ledger::Card>> load_card(const path& file);

}  // namespace bookchain::cli
