// What a user of the host can do to what is another's: every way to read, change, move or remove it, tried as that
// user.
#pragma once

#include <vector>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

/// A way that stood open.
struct Opening {
  std::string verb;
  path target;
};

/// The names of all verbs, those for folders and sockets among them.
[[nodiscard]] std::vector<std::string> thief_verbs();

/// Tries every verb on each of `targets`, whatever they are, with the rights of `user` and of the group of that number
/// alone. `den` is a folder of that user's. What a verb makes is removed again; what it breaks stays broken.
/// Only root can. `only`: that verb alone.
[[nodiscard]] std::vector<Opening> try_all_verbs(uid_t user, const std::vector<path>& targets, const path& den,
                                                 const std::string& only = {});

/// `folder` and everything below it, whatever it is.
[[nodiscard]] std::vector<path> everything_in(const path& folder);

}  // namespace bookchain::tests
