// What the planted copies of the rules ask (tests/sim/plant.py). Nothing of the program includes this.
#pragma once

#include <cstdlib>
#include <random>

#include "tests/sim/plan.hpp"

namespace bookchain::sim::planted {

/// Whether the run is one with this bug.
[[nodiscard]] bool is_on(Bug bug);

}  // namespace bookchain::sim::planted

namespace bookchain {
using sim::Bug;  // NOLINT(google-build-using-namespace): the copies name bugs briefly
namespace planted = sim::planted;
}  // namespace bookchain
