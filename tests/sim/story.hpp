// The last things that happened in a simulated network, for the diagram of a failure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "ledger/types.hpp"

namespace bookchain::sim {

using ledger::PeerPort;

class Story {
 public:
  void message(PeerPort from, PeerPort to, std::string text);
  void note(PeerPort at, std::string text);
  void set_step(std::uint64_t step) { step_ = step; }
  [[nodiscard]] std::string mermaid() const;

 private:
  void add(std::string line);
  std::deque<std::string> lines_;
  std::uint64_t step_ = 0;
};

}  // namespace bookchain::sim
