// What happens when people slip: the wrong peer, odd titles, targets that cannot be written, interrupted waits,
// damaged homes. Each gets a clear error, and nothing of theirs is lost.
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

std::vector<std::string> file_names_in(const path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_AUTO_TEST_CASE(a_title_that_no_book_can_bear_is_refused_and_the_home_stays_whole) {
  const Network network;
  const auto file = network.scratch("page");
  write_file(file, "words");
  const auto before = network.ok(5001, {"list-books"});
  for (const auto& title : {std::string("bad\xff"), std::string(256, 'x')}) {
    network.refused(5001, {"add-book", file.string(), "--title", title}, 6, "bad-value");
  }
  for (const std::string type : {"text/\x1b[31m", "two words"}) {
    network.refused(5001, {"add-book", file.string(), "--media-type", type}, 6, "bad-value");
  }
  BOOST_TEST(network.ok(5001, {"list-books"}) == before);
  network.ok(5001, {"add-book", file.string(), "--title", std::string(255, 'x')});
}

BOOST_AUTO_TEST_CASE(writing_a_file_touches_no_other_and_leaves_nothing_behind) {
  const Network network;
  const auto book = network.book_of(5000);
  const auto folder = network.scratch("out");
  fs::create_directory(folder);
  write_file(folder / "book.part", "mine");
  write_file(folder / "chain.part", "mine");
  network.ok(5000, {"get-book", book, "--to", (folder / "book").string()});
  network.ok(5000, {"export-chain", (folder / "chain").string()});
  const std::vector<std::string> all{"book", "book.part", "chain", "chain.part"};
  BOOST_TEST(file_names_in(folder) == all);
  BOOST_TEST(read_file(folder / "book.part") == "mine");
  BOOST_TEST(read_file(folder / "chain.part") == "mine");
  for (const auto& words : {Words{"get-book", book, "--to"}, Words{"export-chain"}}) {
    const auto to = [&](const std::string& target) {
      auto whole = words;
      whole.push_back(target);
      return network.at(5000, whole);
    };
    BOOST_TEST(to("").exit_code == 2);
    BOOST_TEST(to(folder.string()).token() == "bad-file");
    const auto missing = to((folder / "no" / "file").string());
    BOOST_TEST(missing.token() == "no-such-file");
    BOOST_TEST(mentions(missing.err, "no/file"), "the target itself is named: " << missing.err);
  }
  BOOST_TEST(file_names_in(folder) == all);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_interrupted_exits_130_and_the_request_stands) {
  const Network network;
  Background waiting({"-n", network.folder().string(), "-p", "5000", "-o", "json", "request", "--from", "5001",
                      "--book", network.book_of(5001), "--wait"});
  for (int i = 0; i < 200 && network.ok(5001, {"inbox"})["messages"].empty(); ++i) ::usleep(20'000);
  ::usleep(200'000);
  waiting.signal(SIGINT);
  const auto ended = waiting.wait();
  BOOST_TEST(ended.exit_code == 130);
  const auto result = ended.json();
  BOOST_TEST(result["state"] == "requested");
  BOOST_TEST(network.state(5000, result["exchange"]) == "requested");
}

BOOST_AUTO_TEST_CASE(serve_that_nobody_hears_ends) {
  const Network network;
  const auto ended = network.shell("bookchain -n " + network.folder().string() + " -p 5000 serve >/dev/full");
  BOOST_TEST(ended.exit_code == 1);
  BOOST_TEST(ended.token() == "disk-full");
}

BOOST_AUTO_TEST_CASE(a_damaged_home_does_not_hide_the_others) {
  const Network network;
  const auto id = network.exchange(5000, 5001, network.book_of(5001));
  fs::resize_file(network.home(5000) / "state.sqlite", 20'000);
  BOOST_TEST(network.ok({"show-chain"})["port"] == 5001);
  BOOST_TEST(network.ok({"verify-chain"})["valid"] == true);
  BOOST_TEST(network.ok({"list-books", "--all"})["books"].size() == 12U);
  BOOST_TEST(!network.ok({"trace", id})["messages"].empty());
  BOOST_TEST(network.at(5000, {"show-chain"}).exit_code == 6);
}

BOOST_AUTO_TEST_CASE(a_step_at_the_wrong_peer_is_told_where_to_go) {
  const Network network;
  const auto id = network.request(5000, 5001, network.book_of(5001));
  network.receive_all();
  const auto right = " -p 5001 grant " + id.substr(0, 12);
  for (const auto& words : {Words{"grant", id}, Words{"grant"}}) {
    const auto ended = network.at(5000, words);
    BOOST_TEST(ended.token() == "unexpected");
    BOOST_TEST(ended.exit_code == 3);
    BOOST_TEST(mentions(ended.err, right), ended.err);
  }
  const auto witness = network.at(5002, {"grant", id});
  BOOST_TEST(witness.token() == "unexpected");
  BOOST_TEST(mentions(witness.err, "this peer is a witness of the exchange"));
  BOOST_TEST(network.at(5002, {"grant", "0123456789ab"}).token() == "unknown-exchange");
}

BOOST_AUTO_TEST_CASE(help_and_version_come_in_the_format_asked_for) {
  const auto page = run({"mine", "--help", "-o", "json"});
  BOOST_TEST(page.json() == run({"help", "mine", "-o", "json"}).json());
  BOOST_TEST(run({"--help", "-o", "json"}).json() == run({"help", "-o", "json"}).json());
  BOOST_TEST(run({"--version", "-o", "json"}).json()["version"].is_string());
}

BOOST_AUTO_TEST_CASE(options_that_would_say_nothing_are_refused) {
  const Network network;
  BOOST_TEST(network.at(5000, {"show-chain", "--format", "dot"}).exit_code == 2);
  const auto ports = run({"init", network.scratch("odd").string(), "--ports", "05000,5001,5002,5003"});
  BOOST_TEST(ports.exit_code == 2);
  BOOST_TEST(!fs::exists(network.scratch("odd")));
}

BOOST_AUTO_TEST_SUITE_END()
