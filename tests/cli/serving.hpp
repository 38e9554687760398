// Peers of a test's network that serve in the background.
#pragma once

#include "tests/cli/process.hpp"

namespace bookchain::tests {

/// `serve` at one peer, with its events as JSON.
inline std::unique_ptr<Background> serve_in_background(const Network& network, int port, const Words& options) {
  Words words{"-n", network.folder().string(), "-p", std::to_string(port), "-o", "json", "serve"};
  words.insert(words.end(), options.begin(), options.end());
  return std::make_unique<Background>(words);
}

}  // namespace bookchain::tests
