// Rubbish where the program works for long: devices in a spool, and a server under a flood of files. Memory and
// descriptors stay bounded, each thing is told once, and the exchange beside it is made.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <boost/filesystem/operations.hpp>
#include <iostream>
#include <sstream>

#include "tests/cli/abuse.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

/// A device that gives bytes without end, and one of a disk. Only root can make them, and not everywhere.
bool make_devices(const path& folder) {
  return ::mknod((folder / "a-device").c_str(), S_IFCHR | 0666, ::makedev(1, 5)) == 0 &&
         ::mknod((folder / "b-disk").c_str(), S_IFBLK | 0666, ::makedev(7, 250)) == 0;
}

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

/// How many things the events of a server tell as refused, with those that it only counts.
std::size_t refused_in_events(const std::string& out) {
  std::istringstream lines(out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = Json::parse(line, nullptr, false);
    BOOST_REQUIRE_MESSAGE(event.is_object(), line);
    if (event["event"] == "refused") count += event["count"].get<std::size_t>();
    if (event["event"] == "received" && event["result"] == "refused") ++count;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse_by_devices)

BOOST_AUTO_TEST_CASE(devices_in_a_spool_are_put_aside_unread_and_told_once) {
  const Network network;
  const auto spool = spool_of(network, 5001, 5000);
  if (!make_devices(spool)) {
    std::cerr << "SKIPPED: no device can be made here\n";
    return;
  }
  const std::string id = network.ok(5000, {"request", "--from", "5001", "--book", network.book_of(5001)})["exchange"];
  BOOST_TEST(refused_in(receive_within_bounds(network, 5001)) == 2U);
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
  if (::mknod(package.c_str(), S_IFCHR | 0666, ::makedev(1, 5)) != 0) {
    std::cerr << "SKIPPED: no device can be made here\n";
    return;
  }
  BOOST_TEST(refused_in(receive_within_bounds(network, 5000)) == 1U);
  BOOST_TEST(receive_within_bounds(network, 5000).empty(), "nothing of it is told again");
  BOOST_TEST(!fs::exists(fs::symlink_status(package)));
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(abuse_by_number)

/// Five times what a sender may have waiting. What took as long as all of it together held the lock of the home for
/// minutes.
BOOST_AUTO_TEST_CASE(fifty_thousand_files_lock_nobody_out_of_the_home) {
  const Network network;
  const std::string id = network.ok(5000, {"request", "--from", "5001", "--book", network.book_of(5001)})["exchange"];
  const auto flooded = spool_of(network, 5001, 5002);
  constexpr std::size_t files = 50'000 / one_in;
  for (std::size_t i = 0; i < files; ++i) {
    write_file(flooded / (i % 2 == 0 ? "0-" + std::to_string(i) : package_named(i)), "");
  }
  Background receive({"-n", network.folder().string(), "-p", "5001", "receive", "-q"});
  const auto count = [&] {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(flooded), fs::directory_iterator()));
  };
  BOOST_REQUIRE(becomes_true(30, [&] { return count() < files; }));  // it holds the lock
  // Fails as `locked` after ten seconds.
  network.ok(5001, {"add-book", "--value", "5"});
  BOOST_TEST(receive.wait().exit_code == 0);
  network.ok(5001, {"receive"});
  BOOST_TEST(fs::is_empty(flooded));
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
  fs::create_symlink("/dev/zero", flooded / "1-link");
  BOOST_REQUIRE(::mkfifo((flooded / "2-fifo").c_str(), 0666) == 0);
  write_file(flooded / "3-huge", "");
  fs::resize_file(flooded / "3-huge", std::uint64_t{1} << 40U);
  Background server(with_few_descriptors(network, 5001, "serve --until-idle=2"), in_a_shell());
  const std::string id = network.ok(5000, {"request", "--from", "5001", "--book", network.book_of(5001)})["exchange"];
  put_rubbish(flooded, "9999-", meanwhile);
  const auto ended = server.wait();
  // An exchange is open when it stops.
  BOOST_TEST(ended.exit_code == 5, ended.err);
  BOOST_TEST(ended.peak_kib < most_kib, "serve held " << ended.peak_kib << " KiB");
  BOOST_TEST_MESSAGE("serve held " << ended.peak_kib << " KiB");
  BOOST_TEST(refused_in_events(ended.out) == before + meanwhile + 3);
  BOOST_TEST(fs::is_empty(flooded));
  network.settle();
  BOOST_TEST(network.state(5001, id) == "committed");
}

BOOST_AUTO_TEST_SUITE_END()
