// Environment: the two things the rules may not have by themselves. A process has the system's clock and
// entropy (cli/environment.hpp), the simulator its own.
#pragma once

#include <span>

#include "ledger/types.hpp"

namespace bookchain::transport {

class Environment {
 public:
  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  virtual ~Environment() = default;

  [[nodiscard]] virtual ledger::Time now() = 0;
  /// Fresh randomness. Throws what ends the command (ledger::Abandoned) if there is none.
  virtual void random(std::span<std::uint8_t> out) = 0;

  template <class Fixed>
  [[nodiscard]] Fixed draw() {
    Fixed value;
    random(value.bytes);
    return value;
  }
};

}  // namespace bookchain::transport
