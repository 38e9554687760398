// Peers over Unix sockets: the same exchange as over folders, with serve everywhere or commands by hand beside it,
// with processes that are killed, and in networks where some are reached by folders.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

constexpr std::size_t mib = std::size_t{1} << 20U;

/// Whether all peers hold no message that waits.
bool is_quiet(const Network& network) {
  return std::ranges::all_of(network.ports(), [&](int port) {
    const auto status = network.ok(port, {"status"});
    return status["inbox"] == 0 && status["outbox"] == 0;
  });
}

/// Every home is told that the peers at `ports` are reached by sockets, the others by spools.
void mix(const Network& network, const std::vector<int>& ports) {
  for (const int home : network.ports()) {
    auto config = read_file(network.home(home) / "config.yaml") + "addresses:\n";
    for (const int port : ports) {
      config += "  " + std::to_string(port) + ": \"socket:" + std::to_string(port) + "/socket\"\n";
    }
    write_file(network.home(home) / "config.yaml", config);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(four_processes_hand_over_values_and_a_file) {
  const Network network({"--transport", "socket"});
  Served served(network, network.ports());
  const auto file = network.scratch("book");
  write_file(file, content_of(9 * mib + 1));
  const std::string large = network.ok(5001, {"add-book", file.string()})["book"];
  BOOST_TEST(becomes_true(60, [&] { return network.ok(5000, {"list-books", "--all"})["books"].size() == 13U; }));
  const auto value = network.book_of(5002);
  const auto first = served.request(5000, 5001, large);
  const auto second = served.request(5003, 5002, value);
  const auto third = served.request(5002, 5000, network.book_of(5000));
  for (const auto* request : {&first, &second, &third}) {
    const auto ended = (*request)->wait();
    BOOST_TEST(ended.exit_code == 0, ended.out << ended.err);
    BOOST_TEST(ended.json()["state"] == "committed");
  }
  BOOST_TEST(becomes_true(60, [&] { return is_quiet(network); }));
  served.stop();
  BOOST_TEST(network.equal_chains() > 0);
  check_nothing_is_open(network);
  const auto got = network.scratch("got");
  network.ok(5000, {"get-book", large, "--to", got.string()});
  BOOST_TEST((read_file(got) == read_file(file)));
  BOOST_TEST(network.on_shelf(5003, value));
  for (const int port : network.ports()) {
    const auto incoming = snapshot(network.home(port) / "incoming");
    const auto is_book = [](const auto& each) {
      return each.first.ends_with(".package") || each.first.ends_with(".part");
    };
    BOOST_TEST(std::ranges::none_of(incoming, is_book), port);
  }
}

// The requester serves nothing: each of its commands goes to the peers that listen, and comes back with what they have.
BOOST_AUTO_TEST_CASE(a_requester_that_does_not_listen_takes_its_steps_by_hand) {
  const Network network({"--transport", "socket"});
  Served served(network, {5001, 5002, 5003});
  const auto file = network.scratch("book");
  write_file(file, content_of(3 * mib));
  const std::string book = network.ok(5001, {"add-book", file.string()})["book"];
  const auto known = [&] {
    network.ok(5000, {"receive"});
    return network.ok(5000, {"list-books", "--all"})["books"].size() == 13U;
  };
  BOOST_REQUIRE(becomes_true(60, known));
  const std::string id = network.request(5000, 5001, book);
  const auto due = [&](const std::string& step) {
    return becomes_true(60, [&] {
      network.ok(5000, {"receive"});
      const auto steps = network.ok(5000, {"status"})["due"];
      return !steps.empty() && steps[0]["step"] == step;
    });
  };
  for (const auto* step : {"consent", "open", "check-key", "mine"}) {
    BOOST_REQUIRE_MESSAGE(due(step), step);
    network.ok(5000, {step, id});
  }
  BOOST_TEST(becomes_true(60, [&] {
    network.ok(5000, {"receive"});
    return network.state(5000, id) == "committed";
  }));
  BOOST_TEST(becomes_true(60, [&] {
    network.ok(5000, {"receive"});
    return is_quiet(network);
  }));
  served.stop();
  BOOST_TEST(network.equal_chains() == 1);
  BOOST_TEST(network.on_shelf(5000, book));
}

BOOST_AUTO_TEST_CASE(while_nobody_listens_messages_wait_in_the_outbox) {
  const Network network({"--transport", "socket"});
  const auto book = network.book_of(5001);
  const auto requested = network.ok(5000, {"request", "--from", "5001", "--book", book});
  BOOST_TEST(requested["sent"].size() == 3U);
  auto status = network.ok(5000, {"status"});
  BOOST_TEST(status["outbox"] == 3);
  BOOST_TEST(status["inbox"] == 0);
  BOOST_TEST(status["undelivered"].size() == 3U);
  BOOST_TEST(network.ok(5000, {"receive"})["received"].empty());
  BOOST_TEST(network.ok(5000, {"outbox"})["messages"].size() == 3U);
  Served served(network, network.ports());
  BOOST_TEST(becomes_true(60, [&] { return network.state(5000, requested["exchange"]) == "committed"; }));
  BOOST_TEST(becomes_true(60, [&] { return is_quiet(network); }));
  served.stop();
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(processes_that_are_killed_and_begun_again_lose_nothing) {
  const Network network({"--transport", "socket", "--auto-books", "6"});
  Served served(network, network.ports());
  const auto file = network.scratch("book");
  write_file(file, content_of(20 * mib));
  const std::string large = network.ok(5003, {"add-book", file.string()})["book"];
  BOOST_TEST(becomes_true(60, [&] { return network.ok(5001, {"list-books", "--all"})["books"].size() == 25U; }));
  std::vector<std::string> ids{network.request(5001, 5003, large)};
  // All at first: a book that was handed over meanwhile is not on the shelf any more.
  std::vector<std::string> books;
  for (std::size_t i = 0; i < 6; ++i) books.push_back(network.book_of(5001, i));
  for (std::size_t i = 0; i < books.size(); ++i) {
    ids.push_back(network.request(5000, 5001, books[i]));
    served.kill_and_restart(i % 4);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const int requester = i == 0 ? 5001 : 5000;
    BOOST_TEST(becomes_true(120, [&] { return network.state(requester, ids[i]) == "committed"; }), i);
  }
  BOOST_TEST(becomes_true(60, [&] { return is_quiet(network); }));
  served.stop();
  BOOST_TEST(network.equal_chains() > 0);
  check_nothing_is_open(network);
  const auto got = network.scratch("got");
  network.ok(5001, {"get-book", large, "--to", got.string()});
  BOOST_TEST((read_file(got) == read_file(file)));
}

BOOST_AUTO_TEST_CASE(some_peers_by_sockets_and_some_by_folders_hand_over_books) {
  const Network network;
  mix(network, {5000, 5001});
  Served served(network, network.ports());
  const auto file = network.scratch("book");
  write_file(file, content_of(2 * mib));
  const std::string by_folder = network.ok(5002, {"add-book", file.string()})["book"];
  const std::string by_socket = network.ok(5001, {"add-book", file.string()})["book"];
  BOOST_TEST(becomes_true(60, [&] {
    return std::ranges::all_of(network.ports(), [&](int port) {
      return network.ok(port, {"list-books", "--all"})["books"].size() == 14U;
    });
  }));
  const auto first = served.request(5000, 5002, by_folder);
  const auto second = served.request(5003, 5001, by_socket);
  const auto third = served.request(5001, 5000, network.book_of(5000));
  for (const auto* request : {&first, &second, &third}) {
    const auto ended = (*request)->wait();
    BOOST_TEST(ended.exit_code == 0, ended.out << ended.err);
  }
  BOOST_TEST(becomes_true(60, [&] { return is_quiet(network); }));
  served.stop();
  BOOST_TEST(network.equal_chains() > 0);
  BOOST_TEST(network.on_shelf(5000, by_folder));
  BOOST_TEST(network.on_shelf(5003, by_socket));
}

BOOST_AUTO_TEST_CASE(nobody_else_can_use_the_socket_and_it_goes_with_its_process) {
  const Network network({"--transport", "socket"});
  Served served(network, {5000});
  const auto socket = network.home(5000) / "socket";
  BOOST_REQUIRE(becomes_true(30, [&] { return boost::filesystem::exists(socket); }));
  BOOST_TEST(mode_of(socket) == 0600U);
  BOOST_TEST(mode_of(network.home(5000)) == 0700U);
  BOOST_TEST(mode_of(network.home(5000) / "serving.lock") == 0600U);
  BOOST_TEST(mode_of(network.home(5000) / "incoming") == 0700U);
  // A second one on the same home takes its turns beside it and leaves the socket to it.
  const auto beside = network.at(5000, {"serve", "--until-idle=0.2"});
  BOOST_TEST(beside.exit_code == 0);
  BOOST_TEST(beside.err.find("another process serves 5000") != std::string::npos, beside.err);
  BOOST_TEST(boost::filesystem::exists(socket));
  served.stop();
  BOOST_TEST(!boost::filesystem::exists(socket));
}

/// Connections that say nothing, half a greeting each, while books are handed over.
BOOST_AUTO_TEST_CASE(a_crowd_of_strangers_at_the_sockets_stops_nothing) {
  const Network network({"--transport", "socket"});
  Served served(network, network.ports());
  std::vector<int> crowd;
  for (const int port : network.ports()) {
    const auto socket = (network.home(port) / "socket").string();
    BOOST_REQUIRE(becomes_true(30, [&] { return boost::filesystem::exists(socket); }));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    BOOST_REQUIRE(socket.size() < sizeof address.sun_path);
    std::copy(socket.begin(), socket.end(), address.sun_path);
    for (int i = 0; i < 100; ++i) {
      const int stranger = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      BOOST_REQUIRE(::connect(stranger, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
      (void)!::send(stranger, "bookchain/1", 11, MSG_NOSIGNAL);
      crowd.push_back(stranger);
    }
  }
  const auto ended = served.request(5000, 5001, network.book_of(5001))->wait();
  BOOST_TEST(ended.exit_code == 0, ended.out << ended.err);
  for (const int stranger : crowd) ::close(stranger);
  served.stop();
}

BOOST_AUTO_TEST_SUITE_END()
