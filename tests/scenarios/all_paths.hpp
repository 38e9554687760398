// Every way in which an exchange can go from its request to its end, each played by peers of which requester and owner
// do what that way says.
#pragma once

#include "tests/scenarios/four.hpp"

namespace bookchain::scenarios {

struct Path {
  const char* name;
  std::function<void(Four&)> take;  ///< plays it with a new exchange, `x` from then on
  ExchangeState end;                ///< as the requester sees it
};

/// Those of the table of costs in docs/protocol.md, in its order.
[[nodiscard]] const std::vector<Path>& all_paths();

}  // namespace bookchain::scenarios
