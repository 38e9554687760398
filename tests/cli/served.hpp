// serve at several peers of a network beside the test, and what tests wait for meanwhile.
#pragma once

#include <functional>
#include <memory>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

/// Looks again and again; false if it has not come true in that time.
[[nodiscard]] bool becomes_true(int seconds, const std::function<bool()>& condition);

/// The words of a command at one peer, with JSON output.
[[nodiscard]] Words command_at(const Network& network, int port, const Words& words);

/// serve at some peers, until the end of the test.
class Served {
 public:
  Served(const Network& network, const std::vector<int>& ports, const Words& options = {});

  /// A request that waits for its end beside the serve of the same home.
  [[nodiscard]] std::unique_ptr<Background> request(int requester, int owner, const std::string& book) const;
  [[nodiscard]] bool all_reach(std::uint64_t height, int seconds) const;
  /// Ends all of them; fails the test unless each ends well and without a word on stderr.
  void stop();
  /// Ends one with a signal that it does not survive, and begins it again.
  void kill_and_restart(std::size_t place);
  [[nodiscard]] const Background& process(std::size_t place) const { return *processes_[place]; }

 private:
  [[nodiscard]] std::unique_ptr<Background> start(int port) const;

  const Network& network_;
  std::vector<int> ports_;
  Words options_;
  std::vector<std::unique_ptr<Background>> processes_;
};

/// Bytes of a book of that size: no two of its chunks are equal.
[[nodiscard]] std::string content_of(std::size_t size);
void check_nothing_is_open(const Network& network);

}  // namespace bookchain::tests
