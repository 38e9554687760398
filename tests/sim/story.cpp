#include "tests/sim/story.hpp"

namespace bookchain::sim {

namespace {

constexpr std::size_t longest_story = 80;

std::string port_of(PeerPort port) { return std::to_string(port.value); }

}  // namespace

void Story::add(std::string line) {
  lines_.push_back(std::move(line));
  if (lines_.size() > longest_story) lines_.pop_front();
}

void Story::message(PeerPort from, PeerPort to, std::string text) {
  add("  " + port_of(from) + "->>" + port_of(to) + ": " + std::to_string(step_) + " " + std::move(text));
}

void Story::note(PeerPort at, std::string text) {
  add("  Note over " + port_of(at) + ": " + std::to_string(step_) + " " + std::move(text));
}

std::string Story::mermaid() const {
  std::string text = "sequenceDiagram\n";
  for (const auto& line : lines_) text += line + "\n";
  return text;
}

}  // namespace bookchain::sim
