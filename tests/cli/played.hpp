// Four peers, and an exchange between the first two up to a step that everybody has heard of.
#pragma once

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace bookchain::tests {

struct Played {
  Network network;
  std::string book = network.book_of(owner);
  std::string id;

  Played(const std::string& seed, int last) : network({"--seed", seed}) {
    id = network.exchange(requester, owner, book, last);
    network.receive_until_quiet();
  }
};

}  // namespace bookchain::tests
