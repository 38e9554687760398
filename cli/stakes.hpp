// What is at stake in an exchange, in plain words: what is guaranteed as it stands, who could still gain or lose what,
// and what nobody promises. Says what docs/protocol.md, section 6, claims; decides nothing.
#pragma once

#include "cli/exchange_view.hpp"

namespace bookchain::cli {

struct Stakes {
  std::vector<std::string> guaranteed;
  std::vector<std::string> at_stake;
  std::vector<std::string> not_guaranteed;
};

/// As far as this peer can know. Empty if the view has no record.
[[nodiscard]] Stakes stakes_of(const Reader& reader, const ExchangeView& view);

}  // namespace bookchain::cli
