// Whom a peer gives to, and how much others may have waiting at it.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

void check_failed(const Ended& ended, int exit_code, const std::string& token) {
  BOOST_TEST(ended.exit_code == exit_code, ended.err);
  BOOST_TEST(ended.token() == token, ended.err);
}

/// One round of the owner with these rules.
void serve_once(const Network& network, int port, const std::string& rules) {
  const auto file = network.scratch("rules.yaml");
  write_file(file, rules);
  const auto ended = network.at(port, {"serve", "--until-idle=0.1", "--grant", file.string()});
  BOOST_TEST((ended.exit_code == 0 || ended.exit_code == 5), ended.err);
}

std::string request(const Network& network, int from, int owner, const std::string& book) {
  const std::string id = network.request(from, owner, book);
  network.ok(owner, {"receive"});
  return id;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(giving)

BOOST_AUTO_TEST_CASE(a_peer_that_the_rules_name_gets_the_book_and_another_waits_for_the_owner) {
  const Network network;
  const auto mine = request(network, 5000, 5001, network.book_of(5001, 0));
  const auto other = request(network, 5002, 5001, network.book_of(5001, 1));
  serve_once(network, 5001, "bookchain: 1\ngrants:\n  - peer: 5000\n");
  BOOST_TEST(network.state(5001, mine) == "granted");
  BOOST_TEST(network.state(5001, other) == "requested");
  network.ok(5001, {"grant", other});
}

BOOST_AUTO_TEST_CASE(a_rule_for_a_book_gives_that_book_to_anybody) {
  const Network network;
  const auto book = network.book_of(5001, 0);
  const auto other = request(network, 5000, 5001, network.book_of(5001, 1));
  const auto wanted = request(network, 5002, 5001, book);
  serve_once(network, 5001, "bookchain: 1\ngrants:\n  - book: \"" + book.substr(0, 10) + "\"\n");
  BOOST_TEST(network.state(5001, wanted) == "granted");
  BOOST_TEST(network.state(5001, other) == "requested");
}

BOOST_AUTO_TEST_CASE(a_rule_may_name_peer_book_and_count_together) {
  const Network network;
  const auto book = network.book_of(5001, 0);
  const auto rules = "bookchain: 1\ngrants:\n  - peer: 5000\n    book: \"" + book + "\"\n    count: 1\n";
  const auto other_peer = request(network, 5002, 5001, book);
  const auto other_book = request(network, 5000, 5001, network.book_of(5001, 1));
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, other_peer) == "requested");
  BOOST_TEST(network.state(5001, other_book) == "requested");
  const auto fitting = request(network, 5000, 5001, book);
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, fitting) == "granted");
}

// The number counts what was granted before, in this process or an earlier one.
BOOST_AUTO_TEST_CASE(a_count_is_kept_over_requests_and_processes) {
  const Network network;
  const std::string rules = "bookchain: 1\ngrants:\n  - peer: 5000\n    count: 2\n";
  std::vector<std::string> states;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto id = request(network, 5000, 5001, network.book_of(5001, i));
    serve_once(network, 5001, rules);
    states.push_back(network.state(5001, id));
  }
  BOOST_TEST((states == std::vector<std::string>{"granted", "granted", "requested"}));
}

// Else any requester could use up what is meant for another, at no cost.
BOOST_AUTO_TEST_CASE(a_grant_that_came_to_nothing_uses_up_no_count) {
  const Network network;
  const auto book = network.book_of(5001);
  const std::string rules = "bookchain: 1\ngrants:\n  - count: 1\notherwise: refuse\n";
  const auto first = request(network, 5000, 5001, book);
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, first) == "granted");
  network.ok(5000, {"receive"});
  network.ok(5000, {"abort", first});
  network.ok(5001, {"receive"});
  // Until the chain has ended the turn somebody may yet complete it: nobody is given, and nobody refused.
  const auto early = request(network, 5003, 5001, network.book_of(5001, 1));
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, early) == "requested");
  network.ok(5001, {"abort", first});
  network.receive_until_quiet();
  BOOST_TEST(network.state(5001, first) == "aborted");
  BOOST_TEST(network.equal_chains() == 1);
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, early) == "granted");
  // The one that is given now is counted.
  const auto late = request(network, 5002, 5001, book);
  serve_once(network, 5001, rules);
  BOOST_TEST(network.state(5001, late) == "refused");
}

BOOST_AUTO_TEST_CASE(who_fits_no_rule_is_refused_with_the_reason_if_the_owner_says_so) {
  const Network network;
  const auto id = request(network, 5000, 5001, network.book_of(5001));
  serve_once(network, 5001,
             "bookchain: 1\ngrants:\n  - peer: 5002\notherwise: refuse\nreason: \"the book is on loan\"\n");
  BOOST_TEST(network.state(5001, id) == "refused");
  network.ok(5000, {"receive"});
  const auto shown = network.show(5000, id);
  BOOST_TEST(shown["state"] == "refused");
  BOOST_TEST(mentions(shown["reason"], "the book is on loan"));
  // By hand it is the same.
  const auto second = request(network, 5002, 5001, network.book_of(5001));
  network.ok(5001, {"refuse", second, "--reason", "not today"});
  network.ok(5002, {"receive"});
  BOOST_TEST(mentions(network.show(5002, second)["reason"], "not today"));
}

BOOST_AUTO_TEST_CASE(rules_that_are_not_understood_are_refused_with_their_place) {
  const Network network;
  const auto refused = [&](const std::string& text, const std::string& token, const std::string& place) {
    write_file(network.scratch("rules.yaml"), text);
    const auto ended =
        network.at(5001, {"serve", "--until-idle=0.1", "--grant", network.scratch("rules.yaml").string()});
    check_failed(ended, 6, token);
    BOOST_TEST(mentions(ended.err, place), ended.err);
  };
  refused("bookchain: 1\n", "missing-key", "grants");
  refused("bookchain: 1\ngrants: all\n", "bad-type", "rules.yaml:2");
  refused("bookchain: 1\ngrants:\n  - peer: 0\n", "bad-value", "rules.yaml:3");
  refused("bookchain: 1\ngrants:\n  - peer: 5000\n    peer: 5002\n", "repeated-key", "rules.yaml:4");
  refused("bookchain: 1\ngrants:\n  - book: \"12345\"\n", "bad-value", "rules.yaml:3");
  refused("bookchain: 1\ngrants:\n  - who: 5000\n", "unknown-key", "who");
  refused("bookchain: 1\ngrants: []\notherwise: perhaps\n", "bad-value", "otherwise");
  refused("bookchain: 1\ngrants: []\nreason: \"x\"\n", "bad-value", "reason");
  check_failed(network.at(5001, {"serve", "--grant", "none-such.yaml"}), 2, "usage");
}

BOOST_AUTO_TEST_CASE(what_is_above_the_quota_waits_at_the_sender_and_comes_later) {
  const Network network({"--auto-books", "0"});
  write_file(network.home(5000) / "config.yaml",
             read_file(network.home(5000) / "config.yaml") + "quota:\n  files: 16\n");
  network.ok(5000, {"receive"});
  for (int i = 0; i < 16; ++i) network.ok(5001, {"add-book", "--value", std::to_string(i)});
  const auto held = network.at(5001, {"add-book", "--value", "16"});
  check_failed(held, 5, "over-quota");
  BOOST_TEST(mentions(held.err, "5000"));
  BOOST_TEST(network.ok(5001, {"status"})["undelivered"] == Json::array({{{"port", 5000}, {"messages", 1}}}));
  // Nobody else is held up by it.
  network.ok(5002, {"add-book", "--value", "7"});
  // Nor does it make commands fail that have nothing to do with it, and what is held back is not shown as sent.
  const auto taken = run({"-n", network.folder().string(), "-p", "5001", "receive"});
  BOOST_TEST(taken.exit_code == 0, taken.err);
  BOOST_TEST(mentions(taken.err, "messages to 5000 wait in the outbox"), taken.err);
  BOOST_TEST(network.ok(5001, {"receive"})["undelivered"] == Json::array({{{"port", 5000}, {"token", "over-quota"}}}));
  const auto asked = network.at(5001, {"request", "--from", "5002", "--book", "7"});
  check_failed(asked, 5, "over-quota");
  for (const auto& sent : asked.json()["sent"]) {
    const bool waits = sent.contains("delivered") && !sent["delivered"];
    BOOST_TEST(waits == (sent["to"] == 5000), asked.out);
  }
  network.ok(5000, {"receive"});
  BOOST_TEST(network.ok(5000, {"list-books", "--all"})["books"].size() == 17);
  network.ok(5001, {"receive"});
  network.ok(5000, {"receive"});
  BOOST_TEST(network.ok(5000, {"list-books", "--all"})["books"].size() == 18);
}

// Each of the two is more than the quota: they go one after the other, and a file that nobody takes stops neither.
BOOST_AUTO_TEST_CASE(books_that_are_more_than_the_quota_come_one_by_one) {
  const Network network({"--auto-books", "0"});
  write_file(network.home(5000) / "config.yaml",
             read_file(network.home(5000) / "config.yaml") + "quota:\n  bytes: 1048576\n");
  network.ok(5000, {"receive"});
  for (const auto* name : {"a", "b"}) {
    write_file(network.scratch(name), std::string(3'000'000, name[0]));
    network.ok(5001, {"add-book", network.scratch(name).string()});
  }
  network.receive_all();
  const auto inbox = network.home(5000) / "spool" / "5001" / "new";
  write_file(inbox / ".left", "x");
  for (const auto* title : {"a", "b"}) network.ok(5000, {"request", "--from", "5001", "--book", title});
  const auto held = network.at(5001, {"step"});
  check_failed(held, 5, "over-quota");
  const auto packages = [&] {
    std::size_t count = 0;
    for (const auto& [file, content] : snapshot(inbox)) count += file.ends_with(".package") ? 1U : 0U;
    return count;
  };
  BOOST_TEST(packages() == 1U);
  network.ok(5000, {"receive"});
  BOOST_TEST(packages() == 0U);
  network.ok(5001, {"step"});
  BOOST_TEST(packages() == 1U);
  network.settle_all_exchanges();
  const auto books = network.ok(5000, {"list-books"})["books"];
  BOOST_TEST(books.size() == 2U);
  for (const auto& book : books) BOOST_TEST(network.on_shelf(5000, book["book"]));
}

/// Larger than the book asked for, or no file: it would lie there until the exchange is over.
BOOST_AUTO_TEST_CASE(a_package_that_no_grant_can_make_its_own_does_not_stay) {
  const Network network({"--auto-books", "0"});
  write_file(network.scratch("a"), std::string(100'000, 'a'));
  const std::string book = network.ok(5001, {"add-book", network.scratch("a").string()})["book"];
  network.receive_all();
  const std::string exchange = network.request(5000, 5001, book);
  const auto package = network.home(5000) / "spool" / "5001" / "new" / (exchange + ".package");
  write_file(package, std::string(200'000, 'x'));
  network.ok(5000, {"receive"});
  BOOST_TEST(!fs::exists(package));
  fs::create_directories(package / "tree");
  network.ok(5000, {"receive"});
  BOOST_TEST(!fs::exists(package));
  // What is too small may still be growing, and is replaced by the right one.
  write_file(package, std::string(90'000, 'x'));
  network.ok(5000, {"receive"});
  BOOST_TEST(fs::exists(package));
  network.settle_all_exchanges();
  BOOST_TEST(network.state(5000, exchange) == "committed");
  BOOST_TEST(!fs::exists(package));
}

BOOST_AUTO_TEST_SUITE_END()
