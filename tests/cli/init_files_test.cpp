// The files of a network and of a home: one that is broken is refused with the file, the line and the key,
// and what is secret in it is never printed.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

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

}  // namespace

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
