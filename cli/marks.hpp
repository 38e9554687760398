// Marks against owners whose grants were disputed, as commands show them.
#pragma once

#include "cli/report.hpp"
#include "ledger/records.hpp"

namespace bookchain::cli {

/// {port, height, exchange, kind}
[[nodiscard]] inline Json mark_value(const ledger::MarkKey& key, const ledger::Mark& mark) {
  return {{"port", key.port.value},
          {"height", key.height.value},
          {"exchange", ledger::to_hex(key.exchange)},
          {"kind", name(mark.kind)}};
}

[[nodiscard]] inline std::string mark_text(const ledger::MarkKey& key, const ledger::Mark& mark) {
  return std::to_string(key.port.value) + " cheated in exchange " + short_id(key.exchange) + ": " +
         std::string(name(mark.kind)) + ", proof in block " + std::to_string(key.height.value);
}

}  // namespace bookchain::cli
