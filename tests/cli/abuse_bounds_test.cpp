// Rubbish where the program works for long: devices in a spool, and a server under a flood of files. Memory and
// descriptors stay bounded, each thing is told once, and the exchange beside it is made.
#include <iostream>

#include "tests/cli/abuse.hpp"
#include "tests/cli/served.hpp"
#include "tests/things.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;
using Files = std::map<std::string, std::string>;

/// A name of a package, of no exchange that there is.
std::string package_named(std::size_t number) {
  const auto digits = std::to_string(number);
  return std::string(64 - digits.size(), '0') + digits + ".package";
}

void put_rubbish(const path& folder, const std::string& prefix, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    write_file(folder / (prefix + std::to_string(i)), std::string(i % 50, static_cast<char>(i)));
  }
}

/// More of each kind than the program may open files: one that it forgot to close for each would stop it.
void put_things(const path& folder, const path& elsewhere) {
  for (const auto thing : all_things) {
    for (int i = 0; i < most_descriptors + 8; ++i) {
      if (!make_thing(thing, folder / (name_of(thing) + std::to_string(i)), elsewhere)) break;
    }
  }
  for (int i = 0; i < most_descriptors + 8; ++i) fs::create_directories(folder / ("tree" + std::to_string(i)) / "deep");
}

/// The number with which a reason begins.
std::size_t count_in(const Json& each) { return std::stoul(each["reason"].get<std::string>()); }

/// Half of a flood are deliveries, of which as many as a sender may have waiting are refused by name, and half have
/// names of packages.
void check_flood_is_told(const Json& received, std::size_t files) {
  constexpr std::size_t quota = 10'000;
  constexpr std::size_t most_a_turn = 20'000;
  std::set<std::string> names;
  std::size_t above = 0;
  std::size_t turns = 0;
  std::size_t packages = 0;
  for (const auto& each : received) {
    if (each["result"] != "refused") continue;
    const auto name = named_in(each);
    const std::string reason = each["reason"];
    if (mentions(reason, "files above the quota were removed")) {
      BOOST_TEST(count_in(each) <= most_a_turn);
      above += count_in(each);
      ++turns;
    } else if (mentions(reason, "packages that this peer did not ask for were removed")) {
      packages += count_in(each);
    } else {
      BOOST_TEST(name.starts_with("0-"), reason);
      BOOST_TEST(names.insert(name).second, name << " is told twice");
    }
  }
  BOOST_TEST(names.size() == std::min(files / 2, quota));
  BOOST_TEST(names.size() + above + packages == files);
  // One line a turn in which there was something above it.
  BOOST_TEST(turns >= above / most_a_turn);
  BOOST_TEST(turns <= above / most_a_turn + 2);
  BOOST_TEST((turns > 0) == (files > 2 * quota));
  BOOST_TEST_MESSAGE(names.size() << " by name, " << above << " above the quota in " << turns << " lines, " << packages
                                  << " packages");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse_by_devices)

BOOST_AUTO_TEST_CASE(devices_in_a_spool_are_put_aside_unread_and_told_once) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5000);
  if (!make_thing(Thing::device, spool / "a-device", {}) || !make_thing(Thing::disk, spool / "b-disk", {})) {
    std::cerr << "SKIPPED: no device can be made here\n";
    return;
  }
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  check_names(names_refused_in(receive_within_bounds(network, 5001)), {"a-device", "b-disk"});
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  BOOST_TEST(fs::is_empty(spool));
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_CASE(a_device_in_the_place_of_a_package_is_removed_and_told_once) {
  const Network network;
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  network.receive_all();
  const auto package = spool_of(network, 5000, 5001) / (id + ".package");
  if (!make_thing(Thing::device, package, {})) {
    std::cerr << "SKIPPED: no device can be made here\n";
    return;
  }
  const auto received = receive_within_bounds(network, 5000);
  BOOST_REQUIRE(refused_in(received) == 1U);
  BOOST_TEST(received[0]["exchange"] == id);
  BOOST_TEST(receive_within_bounds(network, 5000).empty(), "nothing of it is told again");
  BOOST_TEST(!fs::exists(fs::symlink_status(package)));
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(abuse_by_number)

BOOST_AUTO_TEST_CASE(of_more_things_of_each_kind_than_descriptors_each_is_put_aside_and_told_once) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5002);
  const auto elsewhere = network.scratch("elsewhere");
  fs::create_directories(elsewhere);
  write_file(elsewhere / "secret", "not to be read or moved");
  put_things(spool, elsewhere);
  const auto things = names_in(spool);
  BOOST_TEST(things.size() > static_cast<std::size_t>(8 * most_descriptors));
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  for (const auto* command : {"inbox", "step --dry-run", "status"}) {
    BOOST_TEST(run_within_bounds(network, 5001, command).exit_code == 0, command);
  }
  check_names(names_refused_in(receive_within_bounds(network, 5001)), things);
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  BOOST_TEST(fs::is_empty(spool));
  BOOST_TEST((snapshot(elsewhere) == Files{{"secret", "file not to be read or moved"}}));
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

/// Five times what a sender may have waiting. What took as long as all of it together held the lock of the home for
/// minutes.
BOOST_AUTO_TEST_CASE(fifty_thousand_files_lock_nobody_out_of_the_home) {
  const Network network;
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  const auto flooded = spool_of(network, 5001, 5002);
  constexpr std::size_t files = 50'000 / one_in;
  for (std::size_t i = 0; i < files; ++i) {
    write_file(flooded / (i % 2 == 0 ? "0-" + std::to_string(i) : package_named(i)), "");
  }
  Background receive(with_few_descriptors(network, 5001, "receive"), in_a_shell());
  const auto count = [&] {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(flooded), fs::directory_iterator()));
  };
  BOOST_REQUIRE(becomes_true(30, [&] { return count() < files; }));  // it holds the lock
  // Fails as `locked` after ten seconds.
  network.ok(5001, {"add-book", "--value", "5"});
  const auto ended = receive.wait();
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  BOOST_TEST(ended.peak_kib < most_kib, "receive held " << ended.peak_kib << " KiB");
  BOOST_TEST_MESSAGE("receive held " << ended.peak_kib << " KiB");
  auto received = ended.json()["received"];
  for (auto& each : receive_within_bounds(network, 5001)) received.push_back(std::move(each));
  BOOST_TEST(fs::is_empty(flooded));
  check_flood_is_told(received, files);
  BOOST_TEST(receive_within_bounds(network, 5001).empty(), "nothing of it is told again");
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_CASE(packages_that_nobody_asked_for_are_removed_and_told_in_one_line) {
  const Network network;
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  network.settle();
  BOOST_REQUIRE(network.state(5000, id) == "committed");
  const auto flooded = spool_of(network, 5000, 5002);
  constexpr std::size_t count = 3'000;
  for (std::size_t i = 0; i < count; ++i) write_file(flooded / package_named(i), "rubbish");
  // What came back of an exchange that is over is no rubbish of its sender's.
  write_file(spool_of(network, 5000, 5001) / (id + ".package"), "what lay there before");
  const auto received = receive_within_bounds(network, 5000);
  BOOST_REQUIRE(received.size() == 1U);
  BOOST_TEST(received[0]["result"] == "refused");
  BOOST_TEST(received[0]["token"] == "unexpected");
  BOOST_TEST(received[0]["reason"] == "3000 packages that this peer did not ask for were removed");
  BOOST_TEST(receive_within_bounds(network, 5000).empty(), "nothing of it is told again");
  BOOST_TEST(fs::is_empty(flooded));
  BOOST_TEST(fs::is_empty(spool_of(network, 5000, 5001)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(abuse_of_serve)

BOOST_AUTO_TEST_CASE(a_server_under_a_flood_of_rubbish_stays_small_and_goes_on) {
  const Network network;
  constexpr std::size_t before = 1500;
  constexpr std::size_t meanwhile = 1500;
  const auto flooded = spool_of(network, 5001, 5002);
  put_rubbish(flooded, "0000-", before);
  put_things(flooded, spool_of(network, 5001, 5003));
  auto rubbish = names_in(flooded);
  Background server(with_few_descriptors(network, 5001, "serve --until-idle=2"), in_a_shell());
  const std::string id = network.request(5000, 5001, network.book_of(5001));
  put_rubbish(flooded, "9999-", meanwhile);
  for (std::size_t i = 0; i < meanwhile; ++i) rubbish.insert("9999-" + std::to_string(i));
  const auto ended = served_within_bounds(server);
  // An exchange is open when it stops.
  BOOST_TEST(ended.exit_code == 5, ended.err);
  check_told_of(told_in_events(ended.out), rubbish);
  BOOST_TEST(fs::is_empty(flooded));
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_SUITE_END()
