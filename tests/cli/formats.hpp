// One command in all three formats of output: what is said in JSON must be said in YAML as well, and the
// text for people holds no control characters.
#pragma once

#include "tests/cli/process.hpp"

namespace bookchain::tests {

struct Shown {
  Json json;
  std::string text;
};

/// Runs a reading command at `port` (none: without a peer) as text, JSON and YAML; fails the test unless all
/// three end with `exit_code` and agree.
[[nodiscard]] Shown in_all_formats(const Network& network, std::optional<int> port, const Words& words,
                                   int exit_code = 0);

/// The text output of a command at one peer, whatever its exit code.
[[nodiscard]] Ended in_text(const Network& network, std::optional<int> port, const Words& words);

}  // namespace bookchain::tests
