// What tests of abuse share: the folders into which others deliver, and bounds that hold whatever lies there.
#pragma once

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>

#include "cli/printable.hpp"
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
  return {"-c", "ulimit -n " + std::to_string(most_descriptors) + " && exec \"$@\" " + command,
          "sh", program_under_test(),
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

/// What was told as refused, by the thing that each line names; twice if it was told twice.
using Names = std::multiset<std::string>;

/// The name stands in quotes at the end of a reason.
inline std::string named_in(const Json& refused) {
  const std::string reason = refused["reason"];
  const auto begin = reason.find(": \"");
  if (begin == std::string::npos) return reason;
  return reason.substr(begin + 3, reason.size() - begin - 4);
}

inline Names names_refused_in(const Json& received) {
  Names names;
  for (const auto& each : received) {
    if (each["result"] == "refused") names.insert(named_in(each));
  }
  return names;
}

inline std::size_t accepted_in(const Json& received) {
  return static_cast<std::size_t>(
      std::ranges::count_if(received, [](const auto& each) { return each["result"] == "accepted"; }));
}

/// What lies in a folder, but for what is hidden, as it is told.
inline Names names_in(const path& folder) {
  Names names;
  for (const auto& entry : boost::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with('.')) names.insert(cli::printable(name));
  }
  return names;
}

/// Fails the test with the first few names that are in one of them alone.
inline void check_names(const Names& told, const Names& expected) {
  const auto without = [](const Names& all, const Names& others) {
    Names rest;
    std::ranges::set_difference(all, others, std::inserter(rest, rest.end()));
    return rest;
  };
  const auto text = [](const Names& names) {
    std::string line = std::to_string(names.size()) + ":";
    for (const auto& each : names) {
      if (line.size() > 500) break;
      line += " " + each;
    }
    return line;
  };
  const auto untold = without(expected, told);
  const auto too_much = without(told, expected);
  BOOST_TEST(untold.empty(), "not told: " << text(untold));
  BOOST_TEST(too_much.empty(), "told and not there, or twice: " << text(too_much));
}

/// What the events of a server tell.
struct ToldByServer {
  Names refused;            ///< by name
  std::size_t counted = 0;  ///< refused as well, of which only the number is told
  std::size_t accepted = 0;
};

inline ToldByServer told_in_events(const std::string& out) {
  std::istringstream lines(out);
  ToldByServer told;
  for (std::string line; std::getline(lines, line);) {
    const auto event = Json::parse(line, nullptr, false);
    BOOST_REQUIRE_MESSAGE(event.is_object(), line);
    if (event["event"] == "refused") told.counted += event["count"].get<std::size_t>();
    if (event["event"] != "received") continue;
    if (event["result"] == "refused") told.refused.insert(named_in(event));
    if (event["result"] == "accepted") ++told.accepted;
  }
  return told;
}

/// Of a flood a few are told by name, each once, and of the others the number.
inline void check_told_of(const ToldByServer& told, const Names& expected) {
  BOOST_TEST(told.refused.size() + told.counted == expected.size());
  BOOST_TEST(!told.refused.empty());
  for (const auto& each : told.refused) {
    BOOST_TEST(expected.contains(each), each);
    BOOST_TEST(told.refused.count(each) == 1U, each << " is told more than once");
  }
}

/// A server at a peer, within the bounds.
inline Ended served_within_bounds(Background& server) {
  auto ended = server.wait();
  BOOST_TEST(is_ascii(ended.out));
  BOOST_TEST(ended.peak_kib < most_kib, "serve held " << ended.peak_kib << " KiB");
  BOOST_TEST_MESSAGE("serve held " << ended.peak_kib << " KiB");
  return ended;
}

}  // namespace bookchain::tests
