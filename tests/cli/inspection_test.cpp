// Reading commands about books, exchanges and messages: what is printed fits what happened, nothing is
// changed by looking, and what a peer cannot know it does not say.
#include <boost/test/unit_test.hpp>

#include "tests/cli/formats.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// A network in which 5000 has got a book of 5001; only to be looked at.
struct Committed {
  Network network{{"--seed", "inspection"}};
  std::string book = network.ok(5001, {"list-books"})["books"][0]["book"];
  std::string exchange = network.exchange(5000, 5001, book);
};
const Committed& committed() {
  static const Committed made;
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inspecting_books)

BOOST_AUTO_TEST_CASE(the_shelf_lists_own_books_and_all_the_whole_catalogue) {
  const Network network;
  const auto shelf = in_all_formats(network, 5002, {"list-books"});
  BOOST_REQUIRE(shelf.json["books"].size() == 3);
  for (const auto& book : shelf.json["books"]) {
    BOOST_TEST(book["owner"] == 5002);
    BOOST_TEST(book["registrar"] == 5002);
    BOOST_TEST(book["version"] == 0);
    BOOST_TEST(book["held"] == true);
    BOOST_TEST(book["value"] == book["title"]);
    BOOST_TEST(mentions(shelf.text, book["book"].get<std::string>().substr(0, 12)));
  }
  const auto all = in_all_formats(network, 5002, {"list-books", "--all"}).json["books"];
  BOOST_REQUIRE(all.size() == 12);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(all[i]["registrar"] == 5000 + static_cast<int>(i / 3));
    BOOST_TEST(all[i]["held"] == (i / 3 == 2));
  }
}

BOOST_AUTO_TEST_CASE(a_book_that_moved_is_listed_at_its_new_owner) {
  const auto& made = committed();
  const auto held_by = [&](int port) {
    const Json books = made.network.ok(port, {"list-books"})["books"];
    for (const auto& each : books) {
      if (each["book"] == made.book) return true;
    }
    return false;
  };
  BOOST_TEST(held_by(5000));
  BOOST_TEST(!held_by(5001));
  const Json books = made.network.ok(5003, {"list-books", "--all"})["books"];
  for (const auto& each : books) {
    const bool moved = each["book"] == made.book;
    BOOST_TEST(each["version"] == (moved ? 1 : 0));
    BOOST_TEST((each["owner"] == each["registrar"]) == !moved);
  }
}

BOOST_AUTO_TEST_CASE(a_title_with_escapes_is_harmless_in_text_and_whole_in_json) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("page.txt");
  write_file(file, "words");
  const std::string title = "red \x1b[31m and \xE2\x80\xAE turned";
  network.ok(5000, {"add-book", file.string(), "--title", title});
  const auto shown = in_all_formats(network, 5000, {"list-books"});
  BOOST_TEST(shown.json["books"][0]["title"] == title);
  BOOST_TEST(!shown.json["books"][0].contains("value"));
  BOOST_TEST(mentions(shown.text, "\\x1B") != mentions(shown.text, "\\x1b"));
  BOOST_TEST(!mentions(shown.text, "\xE2\x80\xAE"));
}

BOOST_AUTO_TEST_CASE(nothing_to_list_is_said_in_a_sentence) {
  const Network network({"--auto-books", "0"});
  for (const auto& words : {Words{"list-books"}, Words{"list-books", "--all"}}) {
    const auto shown = in_all_formats(network, 5000, words);
    BOOST_TEST(shown.json["books"].empty());
    BOOST_TEST(mentions(shown.text, "no books"));
  }
  BOOST_TEST(mentions(in_all_formats(network, 5000, {"list-exchanges"}).text, "no exchanges yet"));
  BOOST_TEST(mentions(in_all_formats(network, 5000, {"inbox"}).text, "no messages"));
  BOOST_TEST(mentions(in_all_formats(network, 5000, {"outbox"}).text, "is acknowledged"));
  BOOST_TEST(mentions(in_all_formats(network, {}, {"show-chain"}).text, "no blocks yet"));
}

BOOST_AUTO_TEST_CASE(a_command_without_its_peer_is_told_which_peers_there_are) {
  const Network network;
  for (const auto* command : {"list-books", "list-exchanges", "show-exchange", "inbox", "outbox", "status"}) {
    const auto ended = in_text(network, {}, {command});
    BOOST_TEST(ended.exit_code == 2);
    BOOST_TEST(ended.token() == "usage");
    BOOST_TEST(mentions(ended.err, "5000, 5001, 5002, 5003"));
    network.refused(5999, {command}, 4, "unknown-peer");
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(inspecting_exchanges)

// Section 3, step 1: "O does not see the id, nor W the request."
BOOST_AUTO_TEST_CASE(a_witness_given_only_the_id_sees_neither_owner_nor_book) {
  const Network network;
  const std::string exchange = network.request(5000, 5001, network.value_of(5001));
  network.refused(5002, {"show-exchange", exchange}, 4, "unknown-exchange");
  network.ok(5002, {"receive"});
  const auto shown = in_all_formats(network, 5002, {"show-exchange", exchange.substr(0, 6)});
  BOOST_TEST(shown.json["exchange"] == exchange);
  BOOST_TEST(shown.json["role"] == "witness");
  BOOST_TEST(shown.json["sender_port"] == 5000);
  BOOST_TEST(shown.json["receiver_port"].is_null());
  BOOST_TEST(shown.json["book"].is_null());
  BOOST_TEST(shown.json["state"] == "requested");
  BOOST_TEST(!mentions(shown.text, "5001"));
  BOOST_TEST(network.ok(5002, {"list-exchanges"})["exchanges"].size() == 1);
}

BOOST_AUTO_TEST_CASE(each_state_names_who_is_awaited_and_the_step_that_is_due) {
  const Network network;
  const auto exchange = network.exchange(5000, 5001, network.value_of(5001), 2);
  network.ok(5000, {"receive"});
  const auto requester = in_all_formats(network, 5000, {"show-exchange"});
  BOOST_TEST(requester.json["step"] == "consent");
  BOOST_TEST(requester.json["waiting_for"] == Json({5002, 5003}));  // both ACKs are missing
  network.receive_all();
  network.ok(5000, {"receive"});
  const auto due = in_all_formats(network, 5000, {"show-exchange"});
  BOOST_TEST(due.json["state"] == "granted");
  BOOST_TEST(due.json["due"] == "consent");
  BOOST_TEST(due.json["waiting_for"].empty());
  BOOST_TEST(mentions(due.text, "next:"));
  BOOST_TEST(mentions(due.text, "consent " + exchange.substr(0, 12)));
  BOOST_TEST(mentions(due.text, "ACKs of 5002, 5003"));
  BOOST_TEST(mentions(due.text, "encrypted book"));
  const auto owner = in_all_formats(network, 5001, {"show-exchange", exchange});
  BOOST_TEST(owner.json["due"].is_null());
  BOOST_TEST(owner.json["waiting_for"] == Json({5002, 5003}));  // it has not looked at their ACKs yet
  BOOST_TEST(mentions(in_all_formats(network, 5001, {"list-exchanges"}).text, "receive at 5002, 5003"));
  network.ok(5001, {"receive"});
  BOOST_TEST((in_all_formats(network, 5001, {"show-exchange", exchange}).json["waiting_for"] == Json({5000})));
  const auto listed = in_all_formats(network, 5001, {"list-exchanges"});
  BOOST_TEST(mentions(listed.text, "consent at 5000"));
  BOOST_TEST(listed.json["exchanges"][0]["exchange"] == exchange);
}

BOOST_AUTO_TEST_CASE(answers_about_the_id_that_say_no_are_told_from_those_that_say_yes) {
  const Network network({"--seed", "answers"}, {5000, 5001, 5002, 5003, 5004});
  const auto exchange = network.exchange(5000, 5001, network.value_of(5001), 4);
  (void)network.at(5003, {"serve", "--misbehave", "lying-answers", "--until-idle=0"});
  for (const int port : {5002, 5004, 5001, 5000}) network.ok(port, {"receive"});
  for (const int port : {5000, 5001}) {
    const auto held = network.show(port, exchange)["peers"].dump();
    for (const auto* words : {"id answers (yes) of 5002, 5004", "id answers (no) of 5003", "answered check-id: no"}) {
      BOOST_TEST(mentions(held, words), held);
    }
  }
  BOOST_TEST(mentions(network.show(5002, exchange)["peers"].dump(), "answered check-id: yes"));
}

BOOST_AUTO_TEST_CASE(a_committed_exchange_shows_its_block_and_no_next_step) {
  const auto& [network, book, exchange] = committed();
  for (const int port : network.ports()) {
    const auto shown = in_all_formats(network, port, {"show-exchange", exchange});
    BOOST_TEST(shown.json["state"] == "committed");
    BOOST_TEST(shown.json["height"] == 1);
    BOOST_TEST(shown.json["next"].is_null());
    BOOST_TEST(shown.json["reason"].is_null());
    BOOST_TEST(mentions(shown.text, "block 1"));
  }
  BOOST_TEST(network.ok(5000, {"list-exchanges", "--open"})["exchanges"].empty());
  BOOST_TEST(network.ok(5000, {"list-exchanges"})["exchanges"].size() == 1);
}

// Of an exchange that was given up after its grant the owner has something to do yet: it has ended all the same.
BOOST_AUTO_TEST_CASE(open_exchanges_are_those_that_have_not_ended_the_oldest_first) {
  const Network network;
  const auto ended = network.exchange(5000, 5001, network.book_of(5001, 0), 2);
  network.ok(5000, {"abort", ended});
  network.receive_until_quiet();
  BOOST_TEST(network.state(5001, ended) == "aborted");
  std::vector<std::string> asked;
  for (const std::size_t place : {1U, 2U})
    asked.push_back(network.exchange(5000, 5001, network.book_of(5001, place), 1));
  network.receive_until_quiet();
  for (const int port : network.ports()) {
    const auto ids_of = [&](const Words& words) {
      std::vector<std::string> ids;
      const Json listed = network.ok(port, words)["exchanges"];
      for (const auto& each : listed) ids.push_back(each["exchange"]);
      return ids;
    };
    BOOST_TEST((ids_of({"list-exchanges", "--open"}) == asked), port);
    BOOST_TEST((ids_of({"list-exchanges"}) == std::vector<std::string>{ended, asked[0], asked[1]}), port);
  }
}

// Whoever gave it up first: once the ABORT is in the chain nothing is left to be said of it.
BOOST_AUTO_TEST_CASE(an_exchange_that_both_sides_gave_up_is_told_as_the_chain_ended_it) {
  const Network network;
  const auto exchange = network.exchange(5000, 5001, network.book_of(5001), 2);
  network.receive_until_quiet();
  network.ok(5000, {"abort", exchange});
  network.receive_until_quiet();
  BOOST_TEST(mentions(network.show(5001, exchange).dump(), "once it has aborted the turn on the chain"));
  network.ok(5001, {"abort", exchange});
  network.receive_until_quiet();
  BOOST_TEST(network.ok(5000, {"status"})["height"] == 1);
  for (const int port : network.ports()) {
    const auto told = network.show(port, exchange).dump();
    BOOST_TEST(mentions(told, "the chain has ended it"), port << told);
    BOOST_TEST(!mentions(told, "once it has aborted the turn on the chain"), port << told);
    BOOST_TEST(!mentions(told, "has lied and consents all the same"), port << told);
  }
}

BOOST_AUTO_TEST_CASE(where_all_have_ended_the_only_exchange_needs_no_name_and_one_of_many_does) {
  const Network network;
  std::vector<std::string> made;
  for (int i = 0; i < 10; ++i) {
    const auto owner = 5001 + i % 3;
    made.push_back(network.exchange(5000, owner, network.book_of(owner, static_cast<std::size_t>(i / 3) % 3), 1));
    network.ok(5000, {"abort", made.back()});
    if (i == 0) BOOST_TEST(network.ok(5000, {"show-exchange"})["exchange"] == made.front());
  }
  const auto which = network.at(5000, {"show-exchange"});
  BOOST_TEST(which.exit_code == 6);
  BOOST_TEST(mentions(which.err, "one of "), which.err);
  BOOST_TEST(mentions(which.err, ", ..."), which.err);
  made.push_back(network.exchange(5000, 5001, network.book_of(5001, 0), 1));
  BOOST_TEST(network.ok(5000, {"show-exchange"})["exchange"] == made.back());
}

BOOST_AUTO_TEST_CASE(a_refused_exchange_tells_why_and_exits_0) {
  const Network network;
  const std::string exchange = network.request(5000, 5001, network.value_of(5001));
  network.ok(5001, {"receive"});
  network.ok(5001, {"refuse", exchange, "--reason", "not \x1b[5mnow"});
  network.ok(5000, {"receive"});
  const auto shown = in_all_formats(network, 5000, {"show-exchange", exchange});
  BOOST_TEST(shown.json["state"] == "refused");
  BOOST_TEST(shown.json["reason"] == "not \x1b[5mnow");
  BOOST_TEST(mentions(shown.text, "a new request is needed"));
}

BOOST_AUTO_TEST_CASE(secrets_are_revealed_on_test_networks_only_and_only_when_asked_for) {
  const Network real;
  (void)real.exchange(5000, 5001, real.value_of(5001), 1);
  real.refused(5000, {"show-exchange", "--reveal"}, 3, "not-a-test-network");

  const auto& [network, book, exchange] = committed();
  const auto revealed = in_all_formats(network, 5000, {"show-exchange", exchange, "--reveal"});
  const std::string id = revealed.json["request_id"];
  const std::string key = revealed.json["key"];
  BOOST_TEST(id.size() == 64);
  BOOST_TEST(key.size() == 64);
  BOOST_TEST(mentions(revealed.text, key));
  const auto witness = network.ok(5002, {"show-exchange", exchange, "--reveal"});
  BOOST_TEST(witness["request_id"] == id);
  BOOST_TEST(witness["key"].is_null());
  const auto plain = in_all_formats(network, 5000, {"show-exchange", exchange});
  BOOST_TEST(!mentions(plain.json.dump() + plain.text, id));
  BOOST_TEST(!mentions(plain.json.dump() + plain.text, key));
}

BOOST_AUTO_TEST_CASE(an_exchange_that_is_not_named_well_is_not_guessed) {
  const Network network;
  network.refused(5000, {"show-exchange"}, 4, "unknown-exchange");
  network.refused(5000, {"show-exchange", "abc"}, 6, "bad-value");
  network.refused(5000, {"show-exchange", "abcdefabcdef"}, 4, "unknown-exchange");
  network.refused(5000, {"show-exchange", std::string(65, 'a')}, 6, "bad-value");
  for (int i = 0; i < 2; ++i) {
    const auto value = network.value_of(5001, static_cast<std::size_t>(i));
    network.ok(5000, {"request", "--from", "5001", "--book", value});
  }
  network.refused(5000, {"show-exchange"}, 6, "ambiguous");
  network.refused(5000, {"show-exchange", "one", "two"}, 2, "usage");
  // The hint can be typed as it stands, also where no peer was named.
  const auto traced = run({"-n", network.folder().string(), "trace", "abcdefabcdef"});
  BOOST_TEST(traced.exit_code == 4);
  BOOST_TEST(mentions(traced.err, " -p 5000 list-exchanges"), traced.err);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(inspecting_the_peer)

BOOST_AUTO_TEST_CASE(status_counts_what_waits_and_names_what_is_due) {
  const Network network;
  const auto before = in_all_formats(network, 5001, {"status"});
  BOOST_TEST(before.json["port"] == 5001);
  BOOST_TEST(before.json["height"] == 0);
  BOOST_TEST(before.json["head"] == before.json["network"]);
  BOOST_TEST(before.json["inbox"] == 0);
  BOOST_TEST(before.json["outbox"] == 0);
  BOOST_TEST(before.json["votes"] == true);
  BOOST_TEST(before.json["mute_until"].is_null());
  const std::string exchange = network.request(5000, 5001, network.value_of(5001));
  BOOST_TEST(network.ok(5001, {"status"})["inbox"] == 1);
  BOOST_TEST(network.ok(5000, {"status"})["outbox"] == 3);
  network.ok(5001, {"receive"});
  const auto after = in_all_formats(network, 5001, {"status"});
  BOOST_TEST(after.json["inbox"] == 0);
  BOOST_TEST(after.json["due"] == Json::array({{{"exchange", exchange}, {"step", "grant"}}}));
  BOOST_TEST(mentions(after.text, "grant " + exchange.substr(0, 12)));
}

BOOST_AUTO_TEST_CASE(status_shows_how_far_the_other_peers_are) {
  const auto& [network, book, exchange] = committed();
  const auto shown = in_all_formats(network, 5003, {"status"});
  BOOST_TEST(shown.json["height"] == 1);
  BOOST_TEST(shown.json["test_network"] == true);
  BOOST_REQUIRE(shown.json["peers"].size() == 4);
  for (const auto& peer : shown.json["peers"]) {
    BOOST_TEST(peer["height"] == 1);
    BOOST_TEST(peer["head"] == shown.json["head"]);
  }
}

BOOST_AUTO_TEST_CASE(help_of_a_command_is_the_same_by_either_way) {
  const auto program = run({"--help"});
  BOOST_TEST(program.exit_code == 0);
  BOOST_TEST(run({"help"}).out == program.out);
  const auto listed = run({"help", "-o", "json"}).json()["commands"];
  BOOST_TEST(listed.size() > 25);
  for (const auto& command : listed) {
    const std::string name = command["name"];
    const auto page = run({name, "--help"});
    BOOST_TEST(page.exit_code == 0);
    BOOST_TEST(page.out == run({"help", name}).out);
    BOOST_TEST(mentions(page.out, "usage: bookchain [global options] " + name));
    BOOST_TEST(mentions(program.out, "\n  " + name + " "));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = page.out.find('\n', begin)) != std::string::npos; begin = end + 1) {
      BOOST_TEST(end - begin <= 120U, name << " has a line of " << end - begin << " columns");
    }
  }
}

BOOST_AUTO_TEST_CASE(help_errors_lists_every_token_with_its_exit_code) {
  const auto text = run({"help", "errors"}).out;
  const auto errors = run({"-o", "json", "help", "errors"}).json()["errors"];
  BOOST_TEST(errors.size() > 40);
  for (const auto& error : errors) {
    BOOST_TEST(mentions(
        text, "  " + std::to_string(error["exit_code"].get<int>()) + "  " + error["token"].get<std::string>() + " "));
  }
  const auto unknown = run({"help", "show-chian"});
  BOOST_TEST(unknown.exit_code == 2);
  BOOST_TEST(mentions(unknown.err, "did you mean show-chain?"));
}

BOOST_AUTO_TEST_SUITE_END()
