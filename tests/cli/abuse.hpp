// What tests of abuse share: the folders into which others deliver, and bounds that hold whatever lies there.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

inline bool is_ascii(const std::string& text) {
  for (const char c : text) {
    if (c != '\n' && (c < 32 || c >= 127)) return false;
  }
  return true;
}

/// Where `from` delivers to `to`.
inline path spool_of(const Network& network, int to, int from) {
  return network.home(to) / "spool" / std::to_string(from) / "new";
}

// What is asked of the program whatever lies there; the sanitizer alone needs many times that.
inline constexpr long most_kib = one_in == 1 ? 64L * 1024 : 1024L * 1024;
inline constexpr int most_descriptors = 32;

/// The words of a shell that runs the program at a peer with few descriptors to open files with.
inline Words with_few_descriptors(const Network& network, int port, const std::string& command) {
  const char* program = std::getenv("BOOKCHAIN_PROGRAM");
  BOOST_REQUIRE(program != nullptr);
  return {"-c", "ulimit -n " + std::to_string(most_descriptors) + " && exec \"$@\" " + command,
          "sh", program,
          "-n", network.folder().string(),
          "-p", std::to_string(port),
          "-o", "json"};
}

inline RunOptions in_a_shell() {
  RunOptions shell;
  shell.program = "/bin/sh";
  return shell;
}

/// A command at a peer, within the bounds.
inline Ended run_within_bounds(const Network& network, int port, const std::string& command) {
  auto ended = run(with_few_descriptors(network, port, command), in_a_shell());
  BOOST_TEST(is_ascii(ended.out));
  BOOST_TEST(ended.peak_kib < most_kib, command << " held " << ended.peak_kib << " KiB");
  BOOST_TEST_MESSAGE(command << " held " << ended.peak_kib << " KiB");
  return ended;
}

/// receive at a peer within the bounds; what it takes in.
inline Json receive_within_bounds(const Network& network, int port, const std::string& options = {}) {
  const auto ended = run_within_bounds(network, port, "receive " + options);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  return ended.json()["received"];
}

inline std::size_t refused_in(const Json& received) {
  std::size_t count = 0;
  for (const auto& each : received) count += each["result"] == "refused" ? 1U : 0U;
  return count;
}

}  // namespace bookchain::tests
