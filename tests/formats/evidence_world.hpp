// Evidence of every kind, and what looks like evidence and proves nothing, as bytes that can be made again at any time.
#pragma once

#include "ledger/evidence.hpp"
#include "tests/formats/golden_world.hpp"

namespace bookchain::golden {

struct NamedEvidence {
  std::string name;
  Evidence evidence;
  std::string token;  ///< of what does not hold; empty: it holds
};

/// One of each kind, in the order of the variant.
[[nodiscard]] std::vector<NamedEvidence> good_evidence(const World& world, const Content& content);
/// What a peer that keeps the rules may sign, and what nobody signed, put together as if it were evidence: at least one
/// for every check of every kind.
[[nodiscard]] std::vector<NamedEvidence> empty_evidence(const World& world, const Content& content);

}  // namespace bookchain::golden
