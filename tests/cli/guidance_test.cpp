// The commands that the program itself names as next, and what its exchanges show while something in them is
// wrong: whoever types what is printed comes to the end.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// The last lines that a command printed to be typed next.
std::string commands_after(const std::string& text) {
  std::istringstream stream(text);
  std::string commands;
  bool listed = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("next")) {
      commands.clear();
      listed = true;
    } else if (listed && line.starts_with("  bookchain ")) {
      commands += line.substr(2) + "\n";
    } else {
      listed = false;
    }
  }
  return commands;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exchange_by_hints)

// Every step prints the command that goes on, and at which peer.
BOOST_AUTO_TEST_CASE(typing_what_is_printed_as_next_leads_to_committed) {
  const Network network;
  auto ended = network.shell("bookchain -n " + network.folder().string() + " -p 5000 request --from 5001 --book " +
                             network.value_of(owner));
  BOOST_REQUIRE(ended.exit_code == 0);
  const std::string id = network.ok(requester, {"list-exchanges"})["exchanges"][0]["exchange"];
  std::string commands;
  int rounds = 0;
  for (; rounds < 20 && network.state(requester, id) != "committed"; ++rounds) {
    // "again and again": what prints no next command is to be repeated.
    const auto next = commands_after(ended.out);
    if (!next.empty()) commands = next;
    ended = network.shell(commands);
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, commands << ended.err);
  }
  BOOST_TEST(network.state(requester, id) == "committed");
  network.receive_until_quiet();
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(the_next_line_of_json_leads_from_request_to_committed) {
  const Network network;
  const auto requested =
      network.ok(requester, {"request", "--from", std::to_string(owner), "--book", network.book_of(owner)});
  const std::string id = requested["exchange"];
  std::string next = requested["next"];
  std::string state;
  for (int rounds = 0; rounds < 20 && state != "committed"; ++rounds) {
    const auto ended = network.shell(next);
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, next << ended.err);
    // The peer that acted last knows how it goes on.
    const int acted = std::stoi(next.substr(next.rfind(" -p ") + 4));
    const auto shown = network.show(acted, id);
    state = shown["state"];
    if (shown["next"].is_string()) next = shown["next"];
  }
  BOOST_TEST(state == "committed");
  network.receive_until_quiet();
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(the_next_lines_of_any_one_peer_lead_to_the_end) {
  for (const int watched : {5000, 5001, 5002}) {
    const Network network;
    const std::string id = network.request(requester, owner, network.book_of(owner));
    network.receive_all();
    // A witness hears of an exchange by the id, and knows whose it is from the grant on.
    if (watched > owner) network.ok(owner, {"grant"});
    if (watched > owner) network.receive_all();
    std::vector<std::string> states;
    while (states.size() < 14 && network.state(watched, id) != "committed") {
      const auto shown = network.show(watched, id);
      states.push_back(shown["state"]);
      BOOST_REQUIRE_MESSAGE(shown["next"].is_string(), watched << " has nothing next in " << states.back());
      const std::string next = shown["next"];
      const auto ended = network.shell(next);
      BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, next << "\n" << ended.err);
    }
    BOOST_TEST(network.state(watched, id) == "committed", watched << " ended in " << states.back());
  }
}

BOOST_AUTO_TEST_CASE(a_home_named_by_itself_is_named_so_in_what_comes_next) {
  const Network network;
  const std::string home = network.home(owner).string();
  network.request(requester, owner, network.book_of(owner));
  auto ended = network.shell("bookchain --home " + home + " receive");
  BOOST_TEST(mentions(ended.out, "bookchain --home " + home + " grant "), ended.out);
  ended = network.shell("bookchain --home " + home + " grant");
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  BOOST_TEST(mentions(ended.out, " -p 5000 consent "), ended.out);
  ended = network.shell(commands_after(ended.out));
  BOOST_TEST(ended.exit_code == 0, ended.err);
}

BOOST_AUTO_TEST_CASE(a_step_that_is_due_in_none_of_several_exchanges_is_not_yet_due) {
  const Network network;
  const auto first = network.request(requester, owner, network.book_of(owner));
  const auto second = network.request(requester, owner, network.book_of(owner, 1));
  const auto ended = network.at(requester, {"consent"});
  BOOST_TEST(ended.exit_code == 5);
  BOOST_TEST(ended.token() == "wrong-step");
  BOOST_TEST(mentions(ended.err, first.substr(0, 12)));
  BOOST_TEST(mentions(ended.err, second.substr(0, 12)));
  for (const auto& exchange : {first, second}) network.ok(requester, {"abort", exchange});
  const auto over = network.at(requester, {"consent"});
  BOOST_TEST(over.exit_code == 5);
  BOOST_TEST(mentions(over.err, "no exchange is open here"), over.err);
}

BOOST_AUTO_TEST_CASE(a_wrong_id_is_shown_at_the_owner_and_only_abort_is_left) {
  const Network network({"--seed", "hints"});
  const auto id = network.exchange(requester, owner, network.book_of(owner), 2);
  network.receive_until_quiet();
  network.ok(requester, {"consent", "--rehearse-wrong-id"});
  network.ok(owner, {"receive"});
  const auto shown = network.show(owner, id);
  BOOST_TEST(shown["token"] == "wrong-id");
  BOOST_TEST(shown["reason"].is_string());
  BOOST_TEST(shown["due"] == "abort");
  BOOST_TEST(shown["peers"][1]["may"] == Json({"abort"}));
}

BOOST_AUTO_TEST_CASE(a_wrong_key_is_shown_at_the_requester_with_the_way_round_it) {
  const Network network({"--seed", "hints"});
  const auto id = network.exchange(requester, owner, network.book_of(owner), 4);
  network.receive_until_quiet();
  network.ok(owner, {"release", "--rehearse-wrong-key"});
  network.ok(requester, {"receive"});
  const auto shown = network.show(requester, id);
  BOOST_TEST(shown["token"] == "wrong-key");
  BOOST_TEST(mentions(shown["next"], "mine --without-owner"), shown["next"]);
  BOOST_TEST(shown["peers"][0]["may"] == Json({"mine --without-owner"}));
  const auto refused = network.at(requester, {"open", id});
  BOOST_TEST(refused.token() == "wrong-key");
  BOOST_TEST(mentions(refused.err, "mine --without-owner"));
}

BOOST_AUTO_TEST_CASE(quiet_prints_the_id_of_what_was_made_and_nothing_else) {
  const Network network;
  const auto quiet = "bookchain -q -n " + network.folder().string() + " -p ";
  const auto asked = network.shell(quiet + "5000 request --from 5001 --book " + network.book_of(owner));
  const std::string id = network.ok(requester, {"list-exchanges"})["exchanges"][0]["exchange"];
  BOOST_TEST(asked.out == id + "\n");
  BOOST_TEST(network.shell(quiet + "5001 receive && " + quiet + "5001 grant " + id).out.empty());
  BOOST_TEST(network.shell(quiet + "5001 add-book --value 12").out.size() == 65U);
}

BOOST_AUTO_TEST_CASE(receive_says_what_came_of_it_and_where_the_book_is) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto id = network.exchange(requester, owner, book, 7);
  network.receive_until_quiet();
  network.ok(requester, {"mine", id});
  std::string out;
  for (int round = 0; round < 20 && !mentions(out, "committed " + id.substr(0, 12)); ++round) {
    for (const int port : {5001, 5002, 5003}) network.ok(port, {"receive"});
    out = network.shell("bookchain -n " + network.folder().string() + " -p 5000 receive").out;
  }
  BOOST_TEST(mentions(out, "get-book " + book.substr(0, 12) + " --to FILE"), out);
}

BOOST_AUTO_TEST_SUITE_END()
