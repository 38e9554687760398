// Requests that come to a running serve as lines: each is made or refused by itself, and each is told.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
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

// A line waits a moment for a vote of others, and is told also where serve ends meanwhile: of few lines, what nobody is
// told of was not read.
BOOST_AUTO_TEST_CASE(each_line_that_was_read_is_told_once_whenever_serve_ends) {
  const Network network({"--transport", "socket", "--auto-books", "20"});
  Served served(network, {5001, 5002, 5003});
  std::vector<std::string> wanted;
  for (const int owner : {5001, 5002, 5003}) {
    const auto books = network.ok(owner, {"list-books"})["books"];
    for (const auto& book : books) {
      wanted.push_back(std::to_string(owner) + " " + std::string(book["book"]) + "\n");
    }
  }
  BOOST_REQUIRE(wanted.size() == 60U);
  const auto pipe = network.scratch("pipe");
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int end = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  BOOST_REQUIRE(end >= 0);
  std::size_t next = 0;
  std::size_t interrupted = 0;
  const auto write_line = [&] {
    const auto& line = wanted[next++ % wanted.size()];
    BOOST_REQUIRE(::write(end, line.data(), line.size()) == std::ssize(line));
  };
  for (int round = 0; round < 6; ++round) {
    const Words words{"serve", "--requests", pipe.string()};
    Background serving(command_at(network, 5000, words));
    const auto count = [&](const std::string& part) {
      return std::ranges::count_if(lines_of(serving.out_so_far()),
                                   [&](const auto& line) { return mentions(line, part); });
    };
    const auto wait_for = [&](const std::string& part, std::ptrdiff_t times) {
      for (int look = 0; count(part) < times && look < 5'000; ++look) ::usleep(100);
    };
    wait_for("started", 1);
    write_line();
    // Two voters stop: there is no block, and a vote of the third for each ballot that is opened.
    wait_for("\"mine\"", 1);
    for (const std::size_t voter : {1U, 2U}) served.process(voter).signal(SIGSTOP);
    wait_for("\"answer\"", count("\"answer\"") + 1);
    write_line();
    int unread = 1;
    for (int look = 0; unread > 0 && look < 100'000; ++look) {
      BOOST_REQUIRE(::ioctl(end, FIONREAD, &unread) == 0);
    }
    serving.signal(SIGTERM);
    for (const std::size_t voter : {1U, 2U}) served.process(voter).signal(SIGCONT);
    const auto ended = serving.wait();
    BOOST_TEST(ended.exit_code == 0, ended.err);
    std::string left(1U << 16U, ' ');
    const auto bytes = ::read(end, left.data(), left.size());
    left.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    std::size_t told = 0;
    for (const auto& line : lines_of(ended.out)) told += mentions(line, "\"event\":\"request\"") ? 1 : 0;
    BOOST_TEST(told == events_of(ended.out, "request", "line").size());
    BOOST_TEST(told + lines_of(left).size() == 2U);
    for (const auto& [line, event] : events_of(ended.out, "request", "line")) {
      interrupted += event.contains("token") && event["token"] == "interrupted" ? 1 : 0;
    }
  }
  ::close(end);
  BOOST_TEST_MESSAGE(interrupted << " lines waited when serve ended");
  served.stop();
}

BOOST_AUTO_TEST_SUITE_END()
