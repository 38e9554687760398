// Whom a peer gives to, how much others may have waiting at it, and its configuration as `config` shows it.
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

void check_refused(const Ended& ended, int exit_code, const std::string& token) {
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
  const std::string id = network.ok(from, {"request", "--from", std::to_string(owner), "--book", book})["exchange"];
  network.ok(owner, {"receive"});
  return id;
}

Json setting(const Network& network, int port, const std::string& name, const RunOptions& options = {}) {
  const auto values = network.at(port, {"config"}, options).json()["values"];
  for (const auto& each : values) {
    if (each["name"] == name) return each;
  }
  return nullptr;
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
    check_refused(ended, 6, token);
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
  check_refused(network.at(5001, {"serve", "--grant", "none-such.yaml"}), 2, "usage");
}

BOOST_AUTO_TEST_CASE(what_is_above_the_quota_waits_at_the_sender_and_comes_later) {
  const Network network({"--auto-books", "0"});
  write_file(network.home(5000) / "config.yaml",
             read_file(network.home(5000) / "config.yaml") + "quota:\n  files: 16\n");
  network.ok(5000, {"receive"});
  for (int i = 0; i < 16; ++i) network.ok(5001, {"add-book", "--value", std::to_string(i)});
  const auto held = network.at(5001, {"add-book", "--value", "16"});
  check_refused(held, 5, "over-quota");
  BOOST_TEST(mentions(held.err, "5000"));
  BOOST_TEST(network.ok(5001, {"status"})["undelivered"] == Json::array({{{"port", 5000}, {"messages", 1}}}));
  // Nobody else is held up by it.
  network.ok(5002, {"add-book", "--value", "7"});
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
  check_refused(held, 5, "over-quota");
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

BOOST_AUTO_TEST_CASE(config_shows_each_value_with_its_origin_and_bounds) {
  const Network network;
  const auto file = network.home(5000) / "config.yaml";
  const auto before = read_file(file);
  const auto quota = setting(network, 5000, "quota.bytes");
  BOOST_TEST(quota["value"] == 268435456);
  BOOST_TEST(quota["origin"] == "default");
  BOOST_TEST(quota["least"] == 1048576);
  BOOST_TEST(setting(network, 5000, "port")["origin"] == "flag");
  BOOST_TEST(setting(network, 5000, "output")["value"] == "json");
  BOOST_TEST(setting(network, 5000, "color")["origin"] == "default");
  RunOptions plain;
  plain.environment["NO_COLOR"] = "1";
  BOOST_TEST(setting(network, 5000, "color", plain)["value"] == "never");
  BOOST_TEST(setting(network, 5000, "color", plain)["origin"] == "environment");
  BOOST_TEST(setting(network, 5000, "quiet")["value"] == false);
  BOOST_TEST(setting(network, 5000, "network.block_bytes")["value"] == 4194304);
  BOOST_TEST(setting(network, 5000, "socket_mode")["choices"] == Json({"0600", "0660", "0666"}));
  BOOST_TEST(setting(network, 5000, "addresses.5001")["origin"] == "network");
  write_file(file,
             before + "quota:\n  bytes: 1048576\naddresses:\n  5001: \"spool:elsewhere\"\nusers:\n  5002: \"7\"\n");
  BOOST_TEST(setting(network, 5000, "quota.bytes")["value"] == 1048576);
  BOOST_TEST(setting(network, 5000, "quota.bytes")["origin"] == "file");
  BOOST_TEST(setting(network, 5000, "quota.bytes")["default"] == 268435456);
  BOOST_TEST(setting(network, 5000, "quota.files")["origin"] == "default");
  BOOST_TEST(setting(network, 5000, "addresses.5001")["value"] == "spool:elsewhere");
  BOOST_TEST(setting(network, 5000, "addresses.5001")["origin"] == "file");
  BOOST_TEST(setting(network, 5000, "users.5002")["value"] == 7);
  RunOptions named;
  named.environment["BOOKCHAIN_HOME"] = network.home(5000).string();
  const auto values = run({"-o", "json", "config"}, named).json()["values"];
  BOOST_TEST(values[0]["name"] == "home");
  BOOST_TEST(values[0]["origin"] == "environment");
  // With a home the port is that of its file, whatever the environment says.
  named.environment["BOOKCHAIN_PORT"] = "5001";
  const auto port = run({"-o", "json", "config"}, named).json()["values"][1];
  BOOST_TEST(port["value"] == 5000);
  BOOST_TEST(port["origin"] == "file");
  RunOptions by_port;
  by_port.environment["BOOKCHAIN_PORT"] = "5000";
  by_port.environment["BOOKCHAIN_NETWORK"] = network.folder().string();
  const auto by_environment = run({"-o", "json", "config"}, by_port).json()["values"];
  BOOST_TEST(by_environment[0]["origin"] == "environment");
  BOOST_TEST(by_environment[1]["origin"] == "environment");
  BOOST_TEST(setting(network, 5000, "home")["origin"] == "flag");
  RunOptions inside;
  inside.folder = network.folder();
  BOOST_TEST(run({"-p", "5000", "-o", "json", "config"}, inside).json()["values"][0]["origin"] == "default");
  BOOST_TEST(setting(network, 5000, "socket_mode")["origin"] == "default");
  write_file(file, before + "socket_mode: \"0600\"\n");
  BOOST_TEST(setting(network, 5000, "socket_mode")["origin"] == "file");
  BOOST_TEST(!mentions(run({"config"}, named).out, read_file(network.home(5000) / "keys.yaml").substr(80, 64)));
  for (const auto& [line, token] : {std::pair{"quota:\n  bytes: 1\n", "bad-value"},
                                    {"quota:\n  files: 1000001\n", "bad-value"},
                                    {"quota: 5\n", "bad-type"},
                                    {"quota:\n  size: 5\n", "unknown-key"},
                                    {"users:\n  5001: no-such-user\n", "bad-value"}}) {
    write_file(file, before + line);
    check_refused(network.at(5000, {"config"}), 6, token);
  }
  write_file(file, before + "users:\n  6000: \"7\"\n");
  check_refused(network.at(5000, {"config"}), 4, "unknown-peer");
}

BOOST_AUTO_TEST_SUITE_END()
