// What status and inbox read from folders that senders can write into: nothing behind a link, and within bounds.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr int reader = 5000;
constexpr int sender = 5001;

/// A delivery of one message whose header says that it comes from the sender, for the network with this id.
std::string delivery_for(const std::string& network_bytes) {
  std::string header = std::string("\x01", 1) + network_bytes + "\x13\x89\x13\x88" + std::string(24, 'e');
  header += std::string(40, 's');
  return std::string("bookchain/1 mail\n") + std::string("\0\0\0", 3) + static_cast<char>(header.size()) + header;
}

const std::string other_network(32, '\xab');
const std::string other_network_hex = [] {
  std::string digits;
  for (std::size_t i = 0; i < other_network.size(); ++i) digits += "ab";
  return digits;
}();

struct HostileSpool {
  Network network;
  path of_sender = network.home(reader) / "spool" / std::to_string(sender);
  path bad = of_sender / "bad";

  HostileSpool() { fs::create_directories(bad); }
  [[nodiscard]] Json seen() const { return network.ok(reader, {"status"})["peers"][1]["other_network"]; }
};

/// Bytes and calls of all reading that lines of a shell did, by the count of the system.
std::pair<long, long> reading_of(const Network& network, const std::string& lines) {
  const auto ended = network.shell(lines + "\ncat /proc/$$/io");
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  std::istringstream out(ended.out);
  long bytes = 0;
  long calls = 0;
  for (std::string word; out >> word;) {
    if (word == "rchar:") out >> bytes;
    if (word == "syscr:") out >> calls;
  }
  BOOST_REQUIRE(bytes > 0);
  return {bytes, calls};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_of_hostile_spools)

BOOST_FIXTURE_TEST_CASE(a_link_in_the_place_of_a_folder_is_not_followed, HostileSpool) {
  const auto secrets = network.scratch("secrets");
  fs::create_directory(secrets);
  write_file(secrets / "0001", delivery_for(other_network));
  write_file(bad / "0001", delivery_for(other_network));
  BOOST_TEST(seen() == other_network_hex);
  fs::remove_all(bad);
  fs::create_symlink(secrets, bad);
  BOOST_TEST(seen().is_null());
  fs::remove_all(of_sender / "new");
  fs::create_symlink(secrets, of_sender / "new");
  BOOST_TEST(network.ok(reader, {"status"})["inbox"] == 0);
  BOOST_TEST(network.ok(reader, {"inbox"})["messages"].empty());
  fs::remove_all(of_sender);
  fs::create_directories(secrets / "bad");
  fs::create_directories(secrets / "new");
  write_file(secrets / "bad" / "0001", delivery_for(other_network));
  write_file(secrets / "new" / "0001", delivery_for(other_network));
  fs::create_symlink(secrets, of_sender);
  BOOST_TEST(seen().is_null());
  BOOST_TEST(network.ok(reader, {"status"})["inbox"] == 0);
}

BOOST_FIXTURE_TEST_CASE(pipes_devices_links_and_folders_among_what_was_put_aside_are_passed_over, HostileSpool) {
  write_file(bad / "0001", delivery_for(other_network));
  BOOST_REQUIRE(::mkfifo((bad / "0002").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", bad / "0003");
  fs::create_symlink(network.home(reader) / "keys.yaml", bad / "0004");
  fs::create_directory(bad / "0005");
  write_file(bad / "0006", "");
  write_file(bad / "0007", std::string(1U << 20U, 'x'));
  write_file(bad / "0008", delivery_for(other_network).substr(0, 60));
  BOOST_TEST(seen() == other_network_hex);
  BOOST_REQUIRE(::mkfifo((of_sender / "new" / "0001").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", of_sender / "new" / "0002");
  const auto listed = network.ok(reader, {"inbox"})["messages"];
  BOOST_TEST(listed.size() == 2U);
  for (const auto& each : listed) BOOST_TEST(each["token"] == "bad-file");
}

// Each would be read to its end if it were a delivery to be shown.
BOOST_FIXTURE_TEST_CASE(however_much_lies_there_a_look_at_it_costs_the_same, HostileSpool) {
  constexpr int names = 20'000;
  constexpr off_t large = off_t{8} << 20U;
  const auto status = "bookchain -o json -n " + network.folder().string() + " -p 5000 status > /dev/null";
  const auto [bytes_before, calls_before] = reading_of(network, status);
  const auto own_network = network.ok(reader, {"status"})["network"].get<std::string>();
  std::string own_bytes;
  for (std::size_t i = 0; i < own_network.size(); i += 2) {
    own_bytes += static_cast<char>(std::stoi(own_network.substr(i, 2), nullptr, 16));
  }
  const auto first = bad / "00000";
  write_file(first, delivery_for(own_bytes));
  BOOST_REQUIRE(::truncate(first.c_str(), large) == 0);
  for (int i = 1; i < names; ++i) {
    BOOST_REQUIRE(::link(first.c_str(), (bad / std::to_string(100'000 + i)).c_str()) == 0);
  }
  const auto [bytes_after, calls_after] = reading_of(network, status);
  BOOST_TEST(bytes_after - bytes_before < 100'000);
  BOOST_TEST(calls_after - calls_before < 1'000);
  BOOST_TEST(seen().is_null());
}

BOOST_AUTO_TEST_SUITE_END()
