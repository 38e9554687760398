// A home that lost its state, or holds a record that cannot be read, and places where none can be made: each
// ends in an error of the table, and nothing is decided or sent.
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

}  // namespace

BOOST_AUTO_TEST_SUITE(damaged_homes)

BOOST_AUTO_TEST_CASE(a_lost_state_is_not_replaced_by_an_empty_one) {
  const Network network;
  const auto state = network.home(5001) / "state.sqlite";
  const auto content = read_file(state);
  for (const auto* name : {"state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}) {
    fs::remove(network.home(5001) / name);
  }
  for (const auto& words : {Words{"receive"}, Words{"status"}, Words{"request", "--from", "5000", "--book", "1"}}) {
    const auto ended = network.at(5001, words);
    BOOST_TEST(ended.exit_code == 4, words.front());
    BOOST_TEST(ended.token() == "home-missing", words.front());
    BOOST_TEST(mentions(ended.err, "backup"));
  }
  BOOST_TEST(!fs::exists(state));
  write_file(state, content);
  network.ok(5001, {"receive"});
}

/// To open a pipe is to wait for whoever writes into it.
BOOST_AUTO_TEST_CASE(a_pipe_in_the_place_of_the_state_holds_no_command_up) {
  const Network network;
  network.receive_until_quiet();
  const auto aside = network.scratch("aside");
  const auto timed = [&](int port, const std::string& command) {
    return network.shell("timeout 60 bookchain -o json -n " + network.folder().string() + " -p " +
                         std::to_string(port) + " " + command);
  };
  for (const auto* name : {"state.sqlite", "state.sqlite-wal", "state.sqlite-journal"}) {
    const auto place = network.home(5001) / name;
    const bool is_state = place.extension() == ".sqlite";
    if (is_state) fs::rename(place, aside);
    fs::remove(place);
    BOOST_REQUIRE(::mkfifo(place.c_str(), 0600) == 0);
    for (const auto* command : {"status", "list-books", "inbox", "show-chain", "verify-chain", "receive"}) {
      const auto ended = timed(5001, command);
      BOOST_TEST(ended.exit_code == 6, name << " " << command << ": " << ended.exit_code << ended.err);
      BOOST_TEST(ended.token() == "bad-file", name << " " << command);
    }
    BOOST_TEST(timed(5000, "status").exit_code == 0, name);
    fs::remove(place);
    if (is_state) fs::rename(aside, place);
  }
  network.ok(5001, {"receive"});
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_ends_in_an_error_and_sends_nothing) {
  const Network network;
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  network.ok(5001, {"receive"});
  const auto state = (network.home(5001) / "state.sqlite").string();
  const auto spoiled = network.shell("python3 -c \"import sqlite3; d = sqlite3.connect('" + state +
                                     "'); d.execute(\\\"update exchanges set value = x'0102'\\\"); d.commit()\"");
  BOOST_REQUIRE_MESSAGE(spoiled.exit_code == 0, spoiled.err);
  const auto spools = snapshot(network.home(5000) / "spool");
  for (const auto& words : {Words{"receive"}, Words{"grant", id}, Words{"show-exchange", id}, Words{"step"}}) {
    const auto ended = network.at(5001, words);
    BOOST_TEST(ended.exit_code == 6, words.front() << ended.err);
    BOOST_TEST(ended.token() == "bad-file", words.front());
    BOOST_TEST(ended.out.empty());
    BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
  const auto text = run({"-n", network.folder().string(), "-p", "5001", "receive"});
  BOOST_TEST(text.exit_code == 6);
  BOOST_TEST(mentions(text.err, "bookchain: error: "));
  BOOST_TEST(mentions(text.err, "[bad-file]"));
  BOOST_TEST((snapshot(network.home(5000) / "spool") == spools));
}

// A test network counts in a file how often it drew from its seed. A command that comes after a turn of its own, a
// server, and one that has taken in something all end in the same way.
BOOST_AUTO_TEST_CASE(where_nothing_can_be_drawn_the_command_ends_in_an_error_and_sends_nothing) {
  const Network network({"--seed", "drawn"});
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  const auto count = network.home(5001) / "draws";
  fs::rename(count, network.scratch("count"));
  fs::create_directory(count);
  const auto spools = [&] {
    std::vector<std::map<std::string, std::string>> all;
    for (const int port : {5000, 5002, 5003}) all.push_back(snapshot(network.home(port) / "spool"));
    return all;
  };
  const auto before = spools();
  const auto request = Words{"request", "--from", "5000", "--book", network.book_of(5000)};
  for (const auto& words : {Words{"receive"}, request, Words{"step"}, Words{"serve", "--until-idle"}}) {
    const auto ended = network.at(5001, words);
    BOOST_TEST(ended.exit_code == 1, words.front() << ended.err);
    BOOST_TEST(ended.token() == "io", words.front() << ended.err);
    const bool serves = words.front() == "serve";
    BOOST_TEST((serves || ended.out.empty()), words.front() << ended.out);
    BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1, words.front() << ended.err);
  }
  BOOST_TEST((spools() == before));
  fs::remove(count);
  fs::rename(network.scratch("count"), count);
  network.ok(5001, {"receive"});
  network.ok(5001, {"grant", id});
}

// What is missing is named, and a server that can only fail at it comes to its end.
BOOST_AUTO_TEST_CASE(a_book_whose_file_is_gone_is_not_waited_for) {
  const Network network;
  write_file(network.scratch("tale"), std::string(5000, 't'));
  const std::string book = network.ok(5001, {"add-book", network.scratch("tale").string(), "--title", "Tale"})["book"];
  network.receive_until_quiet();
  const auto kept = network.home(5001) / "books" / book;
  fs::rename(kept, network.scratch("kept"));
  const auto got = network.at(5001, {"get-book", "Tale", "--to", network.scratch("got").string()});
  BOOST_TEST(got.exit_code == 4, got.err);
  BOOST_TEST(got.token() == "no-such-file", got.err);
  BOOST_TEST(mentions(got.err, "backup"), got.err);
  const auto id = network.exchange(5000, 5001, book, 1);
  network.ok(5001, {"receive"});
  network.refused(5001, {"grant", id}, 4, "no-such-file");
  const auto served =
      network.shell("timeout 60 bookchain -o json -n " + network.folder().string() + " -p 5001 serve --until-idle=0.5");
  BOOST_TEST(served.exit_code == 5, served.err);
  BOOST_TEST(mentions(served.out, "is gone from the shelf of this peer"), served.out);
  fs::rename(network.scratch("kept"), kept);
  network.ok(5001, {"grant", id});
}

/// Whatever the command, and however the home is named: what is gone, and not that there never was a peer.
BOOST_AUTO_TEST_CASE(a_home_without_its_config_is_told_as_that_by_every_command) {
  const Network network;
  const auto home = network.home(5001);
  fs::rename(home / "config.yaml", network.scratch("config"));
  for (const auto& words : {Words{"-n", network.folder().string(), "-p", "5001", "status"},
                            Words{"--home", home.string(), "status"}, Words{"--home", home.string(), "receive"},
                            Words{"-n", network.folder().string(), "-p", "5001", "add-book", "x"},
                            Words{"--home", home.string(), "join", (network.folder() / "network.yaml").string()}}) {
    auto all = words;
    all.insert(all.begin(), {"-o", "json"});
    const auto ended = run(all);
    BOOST_TEST(mentions(ended.err, "has the state of a peer, but no config.yaml"), ended.err);
    BOOST_TEST(mentions(ended.err, "backup"), ended.err);
    BOOST_TEST(ended.exit_code == (words[2] == "join" ? 3 : 4), ended.err);
  }
}

BOOST_AUTO_TEST_CASE(a_home_without_its_keys_or_its_network_says_what_brings_them_back) {
  const Network network;
  const auto keys = network.home(5001) / "keys.yaml";
  fs::rename(keys, network.scratch("keys"));
  const auto keyless = network.at(5001, {"receive"});
  BOOST_TEST(keyless.exit_code == 4);
  BOOST_TEST(keyless.token() == "no-such-file");
  BOOST_TEST(mentions(keyless.err, "keys.yaml back from a backup"), keyless.err);
  const auto moved = network.scratch("moved");
  fs::rename(network.home(5002), moved);
  const auto lost = run({"--home", moved.string(), "-o", "json", "status"});
  BOOST_TEST(lost.exit_code == 4);
  BOOST_TEST(lost.token() == "home-missing");
  BOOST_TEST(mentions(lost.err, (moved / "config.yaml").string()), lost.err);
  auto config = read_file(moved / "config.yaml");
  const auto place = config.find("network: ");
  config.replace(place, config.find('\n', place) - place,
                 "network: \"" + (network.folder() / "network.yaml").string() + "\"");
  write_file(moved / "config.yaml", config);
  BOOST_TEST(run({"--home", moved.string(), "-o", "json", "status"}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(init_where_no_directory_can_be_made_ends_in_an_error) {
  const Network network;
  const auto folder = network.scratch("").string();
  for (const auto* lines :
       {"mkdir gone; cd gone; rmdir ../gone; exec bookchain -o json init ./x", "exec bookchain -o json init /proc/x",
        "echo x > file; exec bookchain -o json init file/net"}) {
    const auto ended = network.shell("cd " + folder + "; " + lines);
    BOOST_TEST(ended.exit_code == 1, lines << ended.err);
    BOOST_TEST(ended.token() == "io", lines << ended.err);
  }
}

BOOST_AUTO_TEST_SUITE_END()
