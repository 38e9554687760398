// Help: the same text by both ways to ask, every command of the contract, every token with its exit code.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <regex>
#include <sstream>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

std::vector<std::string> command_names() {
  const auto help = run({"-o", "json", "help"}).json();
  std::vector<std::string> names;
  for (const auto& command : help["commands"]) names.push_back(command["name"]);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(contract_help)

BOOST_AUTO_TEST_CASE(help_of_a_command_and_its_help_option_print_the_same) {
  const auto names = command_names();
  BOOST_TEST(names.size() >= 28);
  for (const auto& name : names) {
    const auto help = run({"help", name});
    BOOST_TEST(help.exit_code == 0);
    BOOST_TEST(mentions(help.out, "usage: bookchain"));
    BOOST_TEST(run({name, "--help"}).out == help.out);
    BOOST_TEST(run({"--help", name}).out == help.out);
    BOOST_TEST(run({name, "-h"}).out == help.out);
    for (const auto& line : lines_of(help.out)) BOOST_TEST(line.size() <= 110, name << ": " << line);
  }
  const auto all = run({"--help"});
  BOOST_TEST(all.exit_code == 0);
  BOOST_TEST(run({"help"}).out == all.out);
  for (const auto& name : names) BOOST_TEST(mentions(all.out, "  " + name), name);
  BOOST_TEST(mentions(run({"help", "errorz"}).err, "did you mean errors"));
  const auto version = run({"--version"});
  BOOST_TEST(version.exit_code == 0);
  BOOST_TEST(std::regex_match(version.out, std::regex(R"(bookchain \d+\.\d+\.\d+\n)")));
}

BOOST_AUTO_TEST_CASE(all_commands_of_the_contract_are_there) {
  const auto names = command_names();
  for (const auto* name :
       {"init",       "add-book",     "list-books",   "request", "grant",        "consent",        "check-id",
        "release",    "open",         "check-key",    "mine",    "refuse",       "abort",          "receive",
        "step",       "serve",        "inbox",        "outbox",  "show-message", "list-exchanges", "show-exchange",
        "show-chain", "verify-chain", "export-chain", "history", "get-book",     "trace",          "status",
        "help",       "keygen",       "join",         "config",  "restore"}) {
    BOOST_TEST((std::ranges::find(names, name) != names.end()), name);
  }
}

BOOST_AUTO_TEST_CASE(help_errors_lists_every_token_with_its_exit_code) {
  const auto text = run({"help", "errors"}).out;
  const auto listed = run({"-o", "json", "help", "errors"}).json()["errors"];
  std::map<std::string, int> tokens;
  for (const auto& each : listed) {
    tokens[each["token"]] = each["exit_code"];
    BOOST_TEST(mentions(text, std::to_string(each["exit_code"].get<int>()) + "  " + each["token"].get<std::string>()));
    BOOST_TEST(!each["meaning"].get<std::string>().empty());
  }
  const std::map<int, Words> promised{
      {1, {"io", "disk-full", "locked", "permission"}},
      {2, {"usage"}},
      {3,
       {"self-exchange", "not-owner", "book-busy", "wrong-sender", "bad-signature", "wrong-network", "no-consensus",
        "wrong-key", "wrong-book", "stale-version", "exchange-over", "bad-chain", "home-exists"}},
      {4, {"unknown-exchange", "unknown-book", "unknown-peer", "no-such-file", "home-missing"}},
      {5, {"wrong-step", "waiting", "over-quota", "timeout"}},
      {6,
       {"missing-key", "repeated-key", "unknown-key", "bad-type", "bad-value", "bad-json", "bad-config", "ambiguous",
        "bad-file"}},
  };
  for (const auto& [exit_code, names] : promised) {
    for (const auto& name : names) BOOST_TEST(tokens[name] == exit_code, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
