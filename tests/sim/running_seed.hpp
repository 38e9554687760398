// Where an assertion or a damaged home ends the process, the seed that did it must still be known.
#pragma once

#include <cstdint>

namespace bookchain::sim {

/// Remembers the seed that this thread runs; a signal that ends the process prints it.
void set_running_seed(std::uint64_t seed);
void print_seed_when_killed();

}  // namespace bookchain::sim
