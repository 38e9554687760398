// init: what it makes, and that it can be repeated, with the same options or others, and after a crash.
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <set>
#include <sstream>
#include <thread>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

Ended init(const path& folder, Words more = {}, const RunOptions& options = {}) {
  more.insert(more.begin(), {"-o", "json", "init", folder.string()});
  return run(more, options);
}

Ended at(const path& folder, int port, Words words) {
  words.insert(words.begin(), {"-n", folder.string(), "-p", std::to_string(port), "-o", "json"});
  return run(words);
}

std::vector<std::string> values_of(const path& folder, int port) {
  const auto books = at(folder, port, {"list-books"}).json()["books"];
  std::vector<std::string> values;
  for (const auto& book : books) values.push_back(book["value"]);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(init_makes)

BOOST_AUTO_TEST_CASE(without_options_four_peers_with_three_books_each_and_nothing_waiting) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "deep" / "library";
  const auto made = init(folder).json();
  BOOST_TEST(made["schema"] == 1);
  BOOST_TEST(made["network"].get<std::string>().size() == 64);
  BOOST_TEST(made["dir"] == folder.string());
  BOOST_REQUIRE(made["peers"].size() == 4);
  for (int i = 0; i < 4; ++i) {
    const int port = 5000 + i;
    BOOST_TEST(made["peers"][static_cast<std::size_t>(i)]["port"] == port);
    BOOST_TEST(made["peers"][static_cast<std::size_t>(i)]["home"] == (folder / std::to_string(port)).string());
    const auto values = values_of(folder, port);
    BOOST_TEST(values.size() == 3);
    BOOST_TEST((std::set<std::string>(values.begin(), values.end()).size()) == 3);
    for (const auto& value : values) BOOST_TEST((value.size() == 1 && value[0] >= '0' && value[0] <= '9'));
    BOOST_TEST(at(folder, port, {"list-books", "--all"}).json()["books"].size() == 12);
    const auto status = at(folder, port, {"status"}).json();
    BOOST_TEST(status["inbox"] == 0);
    BOOST_TEST(status["outbox"] == 0);
    BOOST_TEST(status["height"] == 0);
    BOOST_TEST(status["network"] == made["network"]);
    BOOST_TEST(at(folder, port, {"receive"}).json()["received"].empty());
  }
}

BOOST_AUTO_TEST_CASE(ports_are_as_named_in_any_order) {
  const TemporaryDirectory scratch;
  const auto made = init(scratch / "n", {"--ports", "7003,7001,65535,1,7002"}).json();
  std::vector<int> ports;
  for (const auto& peer : made["peers"]) ports.push_back(peer["port"]);
  BOOST_TEST((ports == std::vector{1, 7001, 7002, 7003, 65535}));
  BOOST_TEST(at(scratch / "n", 65535, {"status"}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(auto_books_are_distinct_while_there_are_digits) {
  const TemporaryDirectory scratch;
  for (const std::size_t count : {0U, 1U, 10U, 25U}) {
    const auto folder = scratch / std::to_string(count);
    init(folder, {"--auto-books", std::to_string(count)});
    const auto values = values_of(folder, 5002);
    BOOST_TEST(values.size() == count);
    std::map<std::string, std::size_t> times;
    for (const auto& value : values) ++times[value];
    BOOST_TEST(times.size() == std::min<std::size_t>(count, 10));
    for (const auto& [value, number] : times) BOOST_TEST(number <= (count + 9) / 10, value);
  }
}

BOOST_AUTO_TEST_CASE(networks_without_a_seed_share_nothing) {
  const TemporaryDirectory scratch;
  const auto first = init(scratch / "a").json();
  const auto second = init(scratch / "b").json();
  BOOST_TEST(first["network"] != second["network"]);
  BOOST_TEST(mentions(read_file(scratch / "a" / "network.yaml"), "test_network: false"));
  // 64 values drawn from ten: all the same would be a broken draw.
  init(scratch / "c", {"--auto-books", "10"});
  std::set<std::vector<std::string>> orders;
  for (const int port : {5000, 5001, 5002, 5003}) orders.insert(values_of(scratch / "c", port));
  BOOST_TEST(orders.size() > 1);
}

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_keys_books_and_ids_and_says_what_it_is) {
  const TemporaryDirectory scratch;
  RunOptions clock;
  clock.environment["BOOKCHAIN_CLOCK"] = "2026-01-31T12:00:00Z";
  std::vector<std::string> networks;
  std::vector<std::string> catalogues;
  std::vector<std::string> exchanges;
  std::vector<std::string> files;
  for (const auto& [name, seed] : {std::pair{"a", "moby"}, {"b", "moby"}, {"c", "dick"}}) {
    const auto folder = scratch / name;
    networks.push_back(init(folder, {"--seed", seed}, clock).json()["network"]);
    catalogues.push_back(at(folder, 5000, {"list-books", "--all"}).out);
    const auto book = at(folder, 5001, {"list-books"}).json()["books"][0]["book"].get<std::string>();
    const auto made =
        run({"-n", folder.string(), "-p", "5000", "-o", "json", "request", "--from", "5001", "--book", book}, clock);
    exchanges.push_back(made.json()["exchange"]);
    files.push_back(read_file(folder / "network.yaml"));
    BOOST_TEST(mentions(files.back(), "test_network: true"));
    BOOST_TEST(mentions(files.back(), "TEST NETWORK"));
    BOOST_TEST(mentions(read_file(folder / "5000" / "keys.yaml"), "TEST NETWORK"));
    BOOST_TEST(at(folder, 5000, {"status"}).json()["test_network"] == true);
  }
  BOOST_TEST(networks[0] == networks[1]);
  BOOST_TEST(catalogues[0] == catalogues[1]);
  BOOST_TEST(exchanges[0] == exchanges[1]);
  BOOST_TEST(files[0] == files[1]);
  BOOST_TEST(networks[0] != networks[2]);
  BOOST_TEST(catalogues[0] != catalogues[2]);
  BOOST_TEST(exchanges[0] != exchanges[2]);
  const auto told = run({"init", (scratch / "d").string(), "--seed", "moby"});
  BOOST_TEST(mentions(told.out, "a test network"));
}

BOOST_AUTO_TEST_CASE(what_is_secret_is_readable_by_its_owner_alone_and_printed_nowhere) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "n";
  const auto old_mask = ::umask(0);
  const auto made = init(folder);
  ::umask(old_mask);
  BOOST_REQUIRE(made.exit_code == 0);
  for (const int port : {5000, 5001, 5002, 5003}) {
    const auto home = folder / std::to_string(port);
    BOOST_TEST(mode_of(home / "keys.yaml") == 0600U);
    // Nobody else gets at what is in it, whatever the modes there.
    BOOST_TEST(mode_of(home) == 0700U);
    std::istringstream lines(read_file(home / "keys.yaml"));
    int keys = 0;
    for (std::string line; std::getline(lines, line);) {
      const auto quote = line.find('"');
      if (quote == std::string::npos) continue;
      const auto secret = line.substr(quote + 1, 64);
      ++keys;
      BOOST_TEST(!mentions(made.out + made.err, secret));
      BOOST_TEST(!mentions(read_file(folder / "network.yaml"), secret));
      BOOST_TEST(!mentions(at(folder, port, {"status", "-v"}).out, secret));
    }
    BOOST_TEST(keys == 2);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(init_again)

BOOST_AUTO_TEST_CASE(with_the_same_options_nothing_changes) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "n";
  for (const auto& options : {Words{"--seed", "x", "--auto-books", "2"}, Words{"--seed", "x", "--auto-books", "2"},
                              Words{"--auto-books", "2", "--seed", "x", "--ports", "5003,5001,5002,5000"}}) {
    static std::map<std::string, std::string> before;
    static std::string answer;
    const auto ended = init(folder, options);
    BOOST_TEST(ended.exit_code == 0);
    if (before.empty()) {
      before = snapshot(folder);
      answer = ended.out;
    }
    BOOST_TEST((snapshot(folder) == before));
    BOOST_TEST(ended.out == answer);
  }
}

/// A home may have gone to another machine. A file that is gone from a home is gone.
BOOST_AUTO_TEST_CASE(what_is_not_there_any_more_is_told) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "library";
  BOOST_REQUIRE(init(folder).exit_code == 0);
  fs::rename(folder / "5002", scratch / "elsewhere");
  const auto again = init(folder).json();
  for (const auto& peer : again["peers"]) BOOST_TEST(peer["here"] == (peer["port"] != 5002));
  BOOST_TEST(mentions(run({"init", folder.string()}).out, "not here 5002"));
  for (const auto* file : {"5001/config.yaml", "5001/keys.yaml", "5001/state.sqlite", "network.yaml"}) {
    fs::rename(folder / file, scratch / "gone");
    const auto broken = init(folder);
    BOOST_TEST(broken.exit_code == 4, broken.err);
    BOOST_TEST(broken.token() == "home-missing", broken.err);
    BOOST_TEST(mentions(broken.err, (folder / file).string()), broken.err);
    fs::rename(scratch / "gone", folder / file);
  }
}

BOOST_AUTO_TEST_CASE(what_comes_next_is_for_a_peer_whose_home_is_there) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "library";
  const auto next = [&] { return run({"init", folder.string()}).out; };
  const auto at = "  bookchain -n " + folder.string() + " ";
  BOOST_TEST(mentions(next(), at + "-p 5000 request --from 5001 --book VALUE\n"));
  fs::rename(folder / "5000", scratch / "5000");
  BOOST_TEST(mentions(next(), at + "-p 5001 request --from 5002 --book VALUE\n"));
  fs::rename(folder / "5002", scratch / "5002");
  BOOST_TEST(mentions(next(), at + "-p 5001 request --from 5003 --book VALUE\n"));
  fs::rename(folder / "5001", scratch / "5001");
  BOOST_TEST(next().ends_with("next:\n" + at + "list-books --all\n"));
  fs::rename(folder / "5003", scratch / "5003");
  BOOST_TEST(!mentions(next(), "next:"));
}

BOOST_AUTO_TEST_CASE(with_other_options_it_is_refused_and_nothing_changes) {
  const TemporaryDirectory scratch;
  const auto folder = scratch / "n";
  init(folder);
  const auto before = snapshot(folder);
  for (const auto& options : {Words{"--auto-books", "2"}, Words{"--work-bits", "9"}, Words{"--seed", "x"},
                              Words{"--ports", "5000,5001,5002,5004"}, Words{"--ports", "5000,5001,5002,5003,5004"}}) {
    const auto ended = init(folder, options);
    BOOST_TEST(ended.exit_code == 3);
    BOOST_TEST(ended.token() == "home-exists");
    BOOST_TEST((snapshot(folder) == before));
  }
}

BOOST_AUTO_TEST_CASE(what_others_put_there_is_left_alone) {
  const TemporaryDirectory scratch;
  for (const auto* name : {"5001", "network.yaml"}) {
    const auto folder = scratch / ("with-" + std::string(name));
    fs::create_directory(folder);
    write_file(folder / name, "mine");
    write_file(folder / "letter.txt", "also mine");
    const auto before = snapshot(folder);
    const auto ended = init(folder);
    BOOST_TEST(ended.exit_code == 3);
    BOOST_TEST(ended.token() == "home-exists");
    BOOST_TEST((snapshot(folder) == before));
  }
  // Files of other names are in nobody's way.
  const auto folder = scratch / "shared";
  fs::create_directory(folder);
  write_file(folder / "letter.txt", "mine");
  BOOST_TEST(init(folder).exit_code == 0);
  BOOST_TEST(read_file(folder / "letter.txt") == "mine");
}

BOOST_AUTO_TEST_CASE(a_network_whose_making_was_killed_can_be_made_again) {
  int kills = 0;
  for (int delay = 0; delay < 12; ++delay) {
    const TemporaryDirectory scratch;
    const auto folder = scratch / "n";
    {
      Background making({"init", folder.string(), "--auto-books", "30", "--ports", "1,2,3,4,5,6,7,8,9,10"});
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * delay * delay));
      making.signal(SIGKILL);
      if (making.wait().exit_code == killed) ++kills;
    }
    const auto again = init(folder, {"--auto-books", "30", "--ports", "1,2,3,4,5,6,7,8,9,10"});
    BOOST_TEST(again.exit_code == 0, again.err);
    for (const int port : {1, 10}) {
      BOOST_TEST(at(folder, port, {"list-books", "--all"}).json()["books"].size() == 300);
    }
  }
  BOOST_TEST(kills > 0, "no process was killed in time");
}

BOOST_AUTO_TEST_CASE(options_out_of_range_make_nothing) {
  const TemporaryDirectory scratch;
  std::string many;
  for (int port = 1; port <= 65; ++port) many += (many.empty() ? "" : ",") + std::to_string(port);
  for (const auto& options :
       {Words{"--ports", "5000,5001,5002"}, Words{"--ports", many}, Words{"--ports", "5000,5001,5002,5002"},
        Words{"--ports", "0,1,2,3"}, Words{"--ports", "1,2,3,65536"}, Words{"--ports", "1,2,3,x"},
        Words{"--ports", "1,2,3,4,"}, Words{"--ports", ""}, Words{"--work-bits", "25"}, Words{"--work-bits", "-1"},
        Words{"--auto-books", "1001"}, Words{"--auto-books", "two"}, Words{"--transport", "pigeon"},
        Words{"--seed", ""}}) {
    const auto ended = init(scratch / "n", options);
    BOOST_TEST(ended.exit_code == 2, options[0] << " " << options[1]);
    BOOST_TEST(ended.token() == "usage");
    BOOST_TEST(!fs::exists(scratch / "n"));
  }
  write_file(scratch / "file", "");
  BOOST_TEST(init(scratch / "file" / "n").exit_code != 0);
  BOOST_TEST(init("").exit_code == 2);
}

BOOST_AUTO_TEST_SUITE_END()
