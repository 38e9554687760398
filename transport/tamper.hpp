// What makes a peer a liar: it changes what leaves.
#pragma once

#include <vector>

#include "ledger/node.hpp"

namespace bookchain::transport {

/// Changes what the rules decided to send, before it is durable: a liar, for lessons and tests.
class Tamper {
 public:
  Tamper() = default;
  Tamper(const Tamper&) = delete;
  Tamper& operator=(const Tamper&) = delete;
  virtual ~Tamper() = default;
  virtual void tamper(const ledger::State& state, std::vector<ledger::Outgoing>& leaving) = 0;
};

}  // namespace bookchain::transport
