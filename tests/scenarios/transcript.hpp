// A run of a network as text: one line a message, `from -> to kind fields`, ids shortened, so that a change of
// the protocol shows as a difference that a person can read.
#pragma once

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// One message on one line. Statements stand as kind@signer and the fields of their body; blocks, certificates and
/// transactions by what they are about.
[[nodiscard]] std::string line_of(const Genesis& genesis, const Message& message);

/// Writes down all that a network delivers, and remarks between.
class Transcript {
 public:
  explicit Transcript(Network& network);
  /// A line of its own: what a person did.
  void remark(const std::string& text) { text_ += "# " + text + "\n"; }
  /// Where each peer stands: height, and the state of an exchange.
  void standing_of(const ExchangeId& exchange);

  /// Compares with tests/scenarios/golden/NAME.txt; with BOOKCHAIN_REGENERATE=1 writes it anew.
  void require_golden(const std::string& name) const;

 private:
  Network& network_;
  std::string text_;
};

}  // namespace bookchain::scenarios
