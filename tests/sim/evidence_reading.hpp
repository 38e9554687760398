// A second reading of evidence, from docs/formats.md alone (rules P3 to P9): like that of the chain, it shares nothing
// with the rules but hash and signature primitives.
#pragma once

#include "tests/sim/chain_checker.hpp"

namespace bookchain::sim {

struct ReadEvidence {
  std::uint16_t accused{};
  std::optional<std::string> wrong;  ///< the rule that it breaks: then it proves nothing
};

/// Reads evidence in its canonical form, without the head of a file.
[[nodiscard]] ReadEvidence read_evidence_again(const CheckedNetwork& network, ByteView evidence);

}  // namespace bookchain::sim
