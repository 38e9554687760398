// init: what it makes, that it can be repeated, and that a home with a broken file is refused with the
// file, the line and the key.
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

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto place = text.find(part);
  BOOST_REQUIRE_MESSAGE(place != std::string::npos, part << " is not in " << text);
  return text.replace(place, part.size(), by);
}

/// Where it stands last: of a key that stands twice the second one is at fault.
std::size_t line_with(const std::string& text, const std::string& part) {
  const auto place = text.rfind(part);
  BOOST_REQUIRE(place != std::string::npos);
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
}

/// A line of a file changed, what is said of it, and what must be named beside the file.
struct Broken {
  std::string part;
  std::string by;
  std::string token;
  std::string key;
};

/// Each change by itself: refused with exit 6, file, line and key; the file as it was works again.
void check_each(const Network& network, const path& file, const std::vector<Broken>& table) {
  const auto good = read_file(file);
  for (const auto& [part, by, token, key] : table) {
    const auto bad = replaced(good, part, by);
    write_file(file, bad);
    const auto ended = network.at(5000, {"status"});
    BOOST_TEST_CONTEXT(part << " -> " << by.substr(0, 60) << ": " << ended.err) {
      BOOST_TEST(ended.exit_code == 6);
      BOOST_TEST(ended.token() == token);
      BOOST_TEST(mentions(ended.err, file.filename().string() + ":"));
      BOOST_TEST(mentions(ended.err, key));
      // The line of what was put there.
      const auto line = line_with(bad, by.substr(by.rfind('\n') == std::string::npos ? 0 : by.rfind('\n') + 1));
      BOOST_TEST(mentions(ended.err, file.filename().string() + ":" + std::to_string(line)));
      BOOST_TEST(ended.out.empty());
    }
  }
  write_file(file, good);
  network.ok(5000, {"status"});
}

mode_t mode_of(const path& file) {
  struct stat facts {};
  BOOST_REQUIRE(::stat(file.c_str(), &facts) == 0);
  return facts.st_mode & 07777U;
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
  int killed = 0;
  for (int delay = 0; delay < 12; ++delay) {
    const TemporaryDirectory scratch;
    const auto folder = scratch / "n";
    {
      Background making({"init", folder.string(), "--auto-books", "30", "--ports", "1,2,3,4,5,6,7,8,9,10"});
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * delay * delay));
      making.signal(SIGKILL);
      if (making.wait().exit_code == 137) ++killed;
    }
    const auto again = init(folder, {"--auto-books", "30", "--ports", "1,2,3,4,5,6,7,8,9,10"});
    BOOST_TEST(again.exit_code == 0, again.err);
    for (const int port : {1, 10}) {
      BOOST_TEST(at(folder, port, {"list-books", "--all"}).json()["books"].size() == 300);
    }
  }
  BOOST_TEST(killed > 0, "no process was killed in time");
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

BOOST_AUTO_TEST_SUITE(init_files)

BOOST_AUTO_TEST_CASE(a_broken_network_file_is_refused_with_its_line_and_key) {
  const Network network;
  check_each(network, network.folder() / "network.yaml",
             {
                 {"chunk_size: 65536", "chunk_size: 65536\ncolour: red", "unknown-key", "colour"},
                 {"chunk_size: 65536", "chunk_size: 65536\nchunk_size: 65537", "repeated-key", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: \"65536\"", "bad-type", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: 0x10000", "bad-type", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: 065536", "bad-type", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: [65536]", "bad-type", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: 1", "bad-value", "chunk_size"},
                 {"chunk_size: 65536", "chunk_size: 99999999999999999999999", "bad-value", "chunk_size"},
                 {"work_bits: 4", "work_bits: 200", "bad-value", "work_bits"},
                 {"work_bits: 4", "work_bits: -4", "bad-type", "work_bits"},
                 {"work_bits: 4", "work_bits: &a 4", "bad-config", "network.yaml"},
                 {"work_bits: 4", "work_bits: !!int 4", "bad-config", "network.yaml"},
                 {"test_network: false", "test_network: no", "bad-type", "test_network"},
                 {"- port: 5001", "- port: 70000", "bad-value", "peers[1].port"},
                 {"- port: 5001", "- port: 5000", "bad-value", "peers[1]"},
                 {"bookchain: 1", "bookchain: 2", "bad-value", "bookchain"},
             });
}

BOOST_AUTO_TEST_CASE(a_network_file_that_lacks_a_key_or_was_changed_is_refused) {
  const Network network;
  const auto file = network.folder() / "network.yaml";
  const auto good = read_file(file);
  const auto check = [&](const std::string& text, int exit_code, const std::string& token, const std::string& named) {
    write_file(file, text);
    const auto ended = network.at(5000, {"status"});
    BOOST_TEST(ended.exit_code == exit_code, ended.err);
    BOOST_TEST(ended.token() == token, ended.err);
    BOOST_TEST(mentions(ended.err, named), ended.err);
  };
  check(replaced(good, "chunk_size: 65536\n", ""), 6, "missing-key", "chunk_size");
  // A value that is good by itself makes another network.
  check(replaced(good, "work_bits: 4", "work_bits: 5"), 3, "wrong-network", "network_id");
  check("", 6, "bad-config", "network.yaml");
  check("peers: [", 6, "bad-config", "network.yaml");
  check("\xff\xfe", 6, "bad-config", "network.yaml");
  check(good + "---\n" + good, 6, "bad-config", "network.yaml");
  check(std::string(100'000, '['), 6, "bad-config", "network.yaml");
  write_file(file, good);
  network.ok(5000, {"status"});
}

BOOST_AUTO_TEST_CASE(a_broken_configuration_is_refused_with_its_line_and_key) {
  const Network network;
  check_each(network, network.home(5000) / "config.yaml",
             {
                 {"port: 5000", "port: 5000\nport: 5001", "repeated-key", "port"},
                 {"port: 5000", "port: 5000\nprot: 5001", "unknown-key", "prot"},
                 {"port: 5000", "port: \"5000\"", "bad-type", "port"},
                 {"port: 5000", "port: 0", "bad-value", "port"},
                 {"port: 5000", "port: 05000", "bad-type", "port"},
                 {"network: \"../network.yaml\"", "network: true", "bad-type", "network"},
                 {"port: 5000", "port: 5000\naddresses: {5001: \"pigeon:x\"}", "bad-value", "addresses.5001"},
                 {"port: 5000", "port: 5000\naddresses: {many: \"spool:x\"}", "bad-type", "addresses.many"},
             });
}

BOOST_AUTO_TEST_CASE(broken_keys_are_refused_with_line_and_key_and_never_printed) {
  const Network network;
  const auto file = network.home(5000) / "keys.yaml";
  const auto good = read_file(file);
  const auto line =
      good.substr(good.find("signing_key:"), good.find('\n', good.find("signing_key:")) - good.find("signing_key:"));
  const auto secret = line.substr(line.find('"') + 1, 64);
  check_each(network, file,
             {
                 {"port: 5000", "port: 5000\nport: 5000", "repeated-key", "port"},
                 {"port: 5000", "port: 5000\nspare_key: 1", "unknown-key", "spare_key"},
                 {line, "signing_key: 12", "bad-value", "signing_key"},
                 {line, line + "\nsigning_key: \"" + secret + "\"", "repeated-key", "signing_key"},
             });
  for (const auto& by : {secret.substr(1), secret + "0", "g" + secret.substr(1)}) {
    write_file(file, replaced(good, secret, by));
    const auto ended = network.at(5000, {"status"});
    BOOST_TEST(ended.exit_code == 6, ended.err);
    BOOST_TEST(mentions(ended.err, "keys.yaml:"));
    BOOST_TEST(mentions(ended.err, "signing_key"));
    BOOST_TEST(!mentions(ended.err, secret.substr(1, 40)));
  }
  write_file(file, replaced(good, "port: 5000", "port: 5001"));
  BOOST_TEST(network.at(5000, {"status"}).token() == "bad-config");
  write_file(file, read_file(network.home(5001) / "keys.yaml"));
  BOOST_TEST(network.at(5000, {"status"}).token() == "bad-config");
}

BOOST_AUTO_TEST_CASE(keys_that_others_can_read_are_refused) {
  const Network network;
  const auto file = network.home(5000) / "keys.yaml";
  for (const unsigned mode : {0644U, 0604U, 0640U, 0660U, 0666U, 0777U}) {
    fs::permissions(file, static_cast<fs::perms>(mode));
    const auto ended = network.at(5000, {"status"});
    BOOST_TEST(ended.exit_code == 1, mode);
    BOOST_TEST(ended.token() == "permission", mode);
    BOOST_TEST(mentions(ended.err, "keys.yaml"));
  }
  fs::permissions(file, static_cast<fs::perms>(0400U));
  network.ok(5000, {"status"});
}

BOOST_AUTO_TEST_SUITE_END()
