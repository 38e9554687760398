// What the program was built from; its source is written at each build (commit.cmake).
#pragma once

namespace bookchain::sim {

/// The commit as git described it when the program was built, or "unknown".
[[nodiscard]] const char* built_commit();

}  // namespace bookchain::sim
