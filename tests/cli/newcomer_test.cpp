// What somebody meets who sees the program for the first time, or writes a script around it: files are replaced as
// other tools replace them, and the commands that are printed can be typed where they are printed.
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

/// Four peers with keys of their own, whose homes lie where nothing but their addresses tells.
struct Apart {
  TemporaryDirectory scratch;
  [[nodiscard]] path home(std::size_t peer) const {
    static const std::vector<std::string> names{"ann", "ben", "cleo", "dora"};
    return scratch / names[peer];
  }
  [[nodiscard]] Ended at(std::size_t peer, Words words) const {
    words.insert(words.begin(), {"--home", home(peer).string()});
    return run(words);
  }

  /// With spools elsewhere, where the addresses lead to no home.
  explicit Apart(bool spools_in_homes) {
    Words assemble{"init", (scratch / "common").string(), "--cards"};
    for (std::size_t peer = 0; peer < 4; ++peer) {
      Words keygen{"keygen", "--home", home(peer).string(), "--port", std::to_string(5000 + peer)};
      const auto spool = "spool:" + (scratch / "spools" / std::to_string(peer)).string();
      if (!spools_in_homes) keygen.insert(keygen.end(), {"--address", spool});
      BOOST_REQUIRE(run(keygen).exit_code == 0);
      assemble.push_back((home(peer) / "card.yaml").string());
    }
    BOOST_REQUIRE(run(assemble).exit_code == 0);
    for (std::size_t peer = 0; peer < 4; ++peer) {
      const auto joined = at(peer, {"join", "--private", (scratch / "common/network.yaml").string()});
      BOOST_REQUIRE_MESSAGE(joined.exit_code == 0, joined.err);
    }
    BOOST_REQUIRE(at(1, {"add-book", "--value", "7"}).exit_code == 0);
    BOOST_REQUIRE(at(0, {"receive"}).exit_code == 0);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(files_that_are_written)

BOOST_AUTO_TEST_CASE(a_link_stays_a_link_and_what_it_names_is_replaced) {
  const Network network;
  const auto target = network.scratch("target");
  const auto link = network.scratch("link");
  write_file(target, "old");
  fs::create_symlink("target", link);
  network.ok(owner, {"get-book", network.book_of(owner), "--to", link.string()});
  BOOST_TEST(fs::is_symlink(link));
  BOOST_TEST(read_file(target) == network.value_of(owner));
  network.ok({"export-chain", link.string()});
  BOOST_TEST(fs::is_symlink(link));
  BOOST_TEST(mentions(read_file(target), "network"), read_file(target));
  const auto dangling = network.scratch("dangling");
  fs::create_symlink("made", dangling);
  network.ok(owner, {"get-book", network.book_of(owner), "--to", dangling.string()});
  BOOST_TEST(read_file(network.scratch("made")) == network.value_of(owner));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_replaced_keeps_its_mode) {
  const Network network;
  const auto target = network.scratch("secret");
  write_file(target, "old");
  fs::permissions(target, fs::owner_read | fs::owner_write);
  network.ok(owner, {"get-book", network.book_of(owner), "--to", target.string()});
  BOOST_TEST(mode_of(target) == 0600U);
  BOOST_TEST(read_file(target) == network.value_of(owner));
}

// As root a rename would put a file in the place of the system's link. The link here is the test's own.
BOOST_AUTO_TEST_CASE(a_link_to_standard_output_is_not_replaced) {
  const Network network;
  const auto link = network.scratch("out");
  fs::create_symlink("/proc/self/fd/1", link);
  for (const auto& command : {"-p 5001 get-book " + network.book_of(owner) + " --to ", std::string("export-chain ")}) {
    const auto ended = network.shell("bookchain -n " + network.folder().string() + " " + command + link.string());
    BOOST_TEST(ended.exit_code == 6);
    BOOST_TEST(ended.token() == "bad-file");
    BOOST_TEST(mentions(ended.err, "- is standard output"), ended.err);
    BOOST_TEST(ended.out.empty());
    BOOST_TEST(fs::is_symlink(link));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(homes_that_lie_apart)

BOOST_AUTO_TEST_CASE(what_is_printed_as_next_names_the_home_that_an_address_leads_to) {
  const Apart apart(true);
  const auto asked = apart.at(0, {"request", "--from", "5001", "--book", "7"});
  BOOST_REQUIRE_MESSAGE(asked.exit_code == 0, asked.err);
  BOOST_TEST(mentions(asked.out, "  bookchain --home " + apart.home(1).string() + " grant "), asked.out);
  const auto shown = apart.at(0, {"show-exchange", "-o", "json"}).json();
  const auto next = shown["next"].get<std::string>();
  BOOST_TEST(next.starts_with("bookchain --home " + apart.home(1).string() + " receive && "), next);
}

BOOST_AUTO_TEST_CASE(what_only_another_peer_can_type_is_said_to_be_at_that_peer) {
  const Apart apart(false);
  const auto asked = apart.at(0, {"request", "--from", "5001", "--book", "7"});
  BOOST_REQUIRE_MESSAGE(asked.exit_code == 0, asked.err);
  BOOST_TEST(mentions(asked.out, "  at peer 5001:  bookchain grant "), asked.out);
  BOOST_TEST(!mentions(asked.out, "-p 5001"), asked.out);
  const auto shown = apart.at(0, {"show-exchange", "-o", "json"}).json();
  BOOST_TEST(shown["next"] == "bookchain --home " + apart.home(0).string() + " receive");
  const auto added = apart.at(1, {"add-book", "--value", "8"});
  BOOST_TEST(mentions(added.out, "  at peer 5000:  bookchain receive"), added.out);
  const auto wrong = apart.at(0, {"grant"});
  BOOST_TEST(mentions(wrong.err, "hint: at peer 5001:  bookchain grant "), wrong.err);
}

BOOST_AUTO_TEST_CASE(a_home_that_is_not_there_is_asked_for_by_its_option) {
  const Network network;
  fs::rename(network.home(5002), network.scratch("elsewhere"));
  const auto ended = network.at(5002, {"status"});
  BOOST_TEST(ended.token() == "home-missing");
  BOOST_TEST(mentions(ended.err, "name its home with --home DIR"), ended.err);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(quiet)

BOOST_AUTO_TEST_CASE(init_prints_the_id_and_export_nothing) {
  const TemporaryDirectory scratch;
  const auto folder = (scratch / "net").string();
  const auto made = run({"init", folder, "-q"});
  BOOST_TEST(made.out == run({"init", folder, "-o", "json"}).json()["network"].get<std::string>() + "\n");
  BOOST_TEST(run({"-n", folder, "export-chain", "-q", (scratch / "chain").string()}).out.empty());
}

BOOST_AUTO_TEST_CASE(serve_tells_nothing_but_to_those_who_read_json) {
  const Network network;
  const Words serve{"-n", network.folder().string(), "-p", "5001", "serve", "--until-idle=0.1", "-q"};
  const auto told = run(serve);
  BOOST_TEST(told.exit_code == 0);
  BOOST_TEST(told.out.empty(), told.out);
  auto json = serve;
  json.insert(json.end(), {"-o", "json"});
  BOOST_TEST(mentions(run(json).out, "\"event\":\"stopped\""));
}

BOOST_AUTO_TEST_SUITE_END()
