// The peer whose link is tested.
#pragma once

#include "ledger/types.hpp"

namespace bookchain::transport::tests {

inline constexpr ledger::PeerPort self{5000};

}  // namespace bookchain::transport::tests
