// Requests that come to a running serve as lines: each is made or refused by itself, and each is told.
#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>

#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// The events of one kind, by the value of `key`.
std::map<std::string, Json> events_of(const std::string& out, const std::string& kind, const std::string& key) {
  std::map<std::string, Json> events;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    const auto event = Json::parse(line);
    if (event["event"] == kind) events[event[key].is_string() ? std::string(event[key]) : event[key].dump()] = event;
  }
  return events;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(serve_requests)

BOOST_AUTO_TEST_CASE(each_line_is_a_request_of_its_own_and_a_bad_one_stops_no_other) {
  for (const std::string transport : {"spool", "socket"}) {
    BOOST_TEST_CONTEXT(transport) {
      const Network network({"--transport", transport});
      Served served(network, {5001, 5002, 5003});
      const auto first = network.book_of(5001);
      const auto second = network.book_of(5002);
      const auto file = network.scratch("requests");
      write_file(file, "5001 " + first + "\nnonsense\n5000 1\n5003 no such title\n\n5002 " + second);
      const auto ended = network.at(5000, {"serve", "--requests", file.string(), "--until-idle=3"});
      BOOST_TEST(ended.exit_code == 0, ended.err);
      const auto requests = events_of(ended.out, "request", "line");
      BOOST_REQUIRE(requests.size() == 5U);
      BOOST_TEST(requests.at("2")["token"] == "usage");
      BOOST_TEST(requests.at("3")["token"].is_string());
      BOOST_TEST(requests.at("4")["token"] == "unknown-book");
      for (const auto* line : {"2", "3", "4"}) BOOST_TEST(requests.at(line)["exchange"].is_null());
      const auto committed = events_of(ended.out, "committed", "exchange");
      for (const auto* line : {"1", "6"}) BOOST_TEST(committed.contains(requests.at(line)["exchange"]), line);
      served.stop();
      BOOST_TEST(network.on_shelf(5000, first));
      BOOST_TEST(network.on_shelf(5000, second));
      network.refused(5000, {"serve", "--requests", network.scratch("none").string()}, 4, "no-such-file");
    }
  }
}

// A read error is no end: else a list of requests would be given up without a word.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told_and_ends_in_an_error) {
  const Network network;
  network.refused(5000, {"serve", "--requests", network.folder().string(), "--until-idle=0.1"}, 6, "bad-file");
  // Its first bytes belong to no memory of the process.
  const auto ended = network.at(5000, {"serve", "--requests", "/proc/self/mem", "--until-idle=0.1"});
  BOOST_TEST(ended.exit_code == 1, ended.err);
  BOOST_TEST(ended.token() == "io");
  BOOST_TEST(events_of(ended.out, "request", "line").at("1")["token"] == "io");
}

BOOST_AUTO_TEST_CASE(lines_may_end_in_carriage_return_and_line_feed) {
  const Network network;
  const auto file = network.scratch("requests");
  write_file(file, "5001 " + network.book_of(5001) + "\r\n\r\n5002 " + network.value_of(5002) + "\r\n");
  const auto ended = network.at(5000, {"serve", "--requests", file.string(), "--until-idle=0.1"});
  const auto requests = events_of(ended.out, "request", "line");
  BOOST_REQUIRE(requests.size() == 2U);
  for (const auto* line : {"1", "3"}) BOOST_TEST(requests.at(line)["exchange"].is_string(), requests.at(line).dump());
}

BOOST_AUTO_TEST_SUITE_END()
