// What is refused or has ended is told as what it is: with the fault that it has, and with nothing in it that another
// peer could have put into the program's mouth.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <iostream>
#include <sstream>

#include "tests/cli/public_program.hpp"
#include "tests/cli/roles.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

/// Whether the process has a handler for that signal by now.
bool catches(pid_t process, int signal) {
  std::istringstream status(read_file("/proc/" + std::to_string(process) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1U) != 0;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(told_as_it_is)

BOOST_AUTO_TEST_CASE(an_interrupted_wait_ends_with_an_error_like_others) {
  const Network network;
  Background waiting(
      command_at(network, requester, {"request", "--from", "5001", "--book", network.book_of(owner), "--wait"}));
  BOOST_REQUIRE(becomes_true(20, [&] { return catches(waiting.pid(), SIGINT); }));
  waiting.signal(SIGINT);
  const auto ended = waiting.wait();
  BOOST_TEST(ended.exit_code == 130);
  BOOST_TEST(ended.error()["token"] == "interrupted");
  BOOST_TEST(ended.json()["state"] == "requested");
}

BOOST_AUTO_TEST_CASE(the_reason_of_a_refusal_stands_outside_the_quotes_of_the_subject) {
  const Network network;
  Background waiting(
      command_at(network, requester, {"request", "--from", "5001", "--book", network.book_of(owner), "--wait=60"}));
  BOOST_REQUIRE(becomes_true(20, [&] { return !network.ok(owner, {"inbox"})["messages"].empty(); }));
  network.ok(owner, {"receive"});
  const std::string id = network.ok(owner, {"list-exchanges"})["exchanges"][0]["exchange"];
  network.ok(owner, {"refuse", id, "--reason", "no\": \"all is well"});
  const auto ended = waiting.wait();
  BOOST_TEST(ended.exit_code == 3);
  BOOST_TEST(ended.error()["message"] == "the exchange is over (refused): no': 'all is well: \"" + id + "\"");
}

BOOST_AUTO_TEST_CASE(a_busy_book_is_told_in_words_by_hand_too) {
  const Network network;
  const auto book = network.book_of(owner);
  network.request(requester, owner, book);
  network.ok(owner, {"receive"});
  network.ok(owner, {"grant"});
  network.request(5002, owner, book);
  network.ok(owner, {"receive"});
  const auto told = network.text_at(5002, {"receive"});
  BOOST_TEST(mentions(told.out, ": the book is granted to another requester in this turn [book-busy]\n"), told.out);
}

BOOST_AUTO_TEST_CASE(a_restored_home_says_that_it_waits_for_the_others) {
  const Network network;
  network.ok(5003, {"restore"});
  const auto status = network.text_at(5003, {"status"});
  BOOST_TEST(mentions(status.out, "none until enough of the others have answered: this home was restored"), status.out);
}

BOOST_AUTO_TEST_CASE(a_card_with_another_address_is_said_to_be_new) {
  const TemporaryDirectory scratch;
  const Words keygen{"--home", (scratch / "ann").string(), "keygen", "--port", "5000"};
  BOOST_REQUIRE(run(keygen).exit_code == 0);
  BOOST_TEST(!mentions(run(keygen).out, "the card is new"));
  auto moved = keygen;
  moved.insert(moved.end(), {"--address", "spool:/srv/ann"});
  BOOST_TEST(mentions(run(moved).out, "the card is new: the one given out before no longer fits"));
}

BOOST_AUTO_TEST_CASE(an_address_at_which_nobody_could_listen_is_refused) {
  const TemporaryDirectory scratch;
  const auto keygen = [&](const std::string& address) {
    return run({"--home", (scratch / "ann").string(), "keygen", "--port", "5000", "--address", address});
  };
  for (const auto& address : {"socket:/tmp/" + std::string(81, 's'), std::string("socket:/tmp/")}) {
    const auto refused = keygen(address);
    BOOST_TEST(refused.exit_code == 6);
    BOOST_TEST(refused.token() == "bad-value");
  }
  BOOST_TEST(keygen("socket:/tmp/" + std::string(200, 'd') + "/socket").exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_network_without_homes_is_not_said_to_be_none) {
  const Network network;
  for (const int port : network.ports()) fs::remove_all(network.home(port));
  const auto ended = run({"-n", network.folder().string(), "status"});
  BOOST_TEST(ended.token() == "home-missing");
  BOOST_TEST(mentions(ended.err, "there is a network here, but no home of a peer"), ended.err);
}

BOOST_AUTO_TEST_CASE(a_request_is_read_from_a_pipe) {
  const Network network;
  const auto request = R"({"sender_port": 5000, "receiver_port": 5001, "book_value": )" + network.value_of(owner) + "}";
  const auto program = "bookchain -n " + network.folder().string() + " ";
  const auto from_stdin = network.shell("echo '" + request + "' | " + program + "request --file /dev/stdin");
  BOOST_TEST(from_stdin.exit_code == 0, from_stdin.err);
  const auto pipe = network.scratch("pipe").string();
  const auto named = network.shell("mkfifo " + pipe + "\n(sleep 0.2; echo '" + request + "' >" + pipe + ") &\n" +
                                   program + "request --file " + pipe);
  BOOST_TEST(named.exit_code == 0, named.err);
  BOOST_TEST(network.ok(requester, {"list-exchanges"})["exchanges"].size() == 2U);
  const auto book = network.at(owner, {"add-book", "-"});
  BOOST_TEST(book.exit_code == 2);
  BOOST_TEST(mentions(book.err, "a book is read from a file"), book.err);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_too_large_is_told_its_limit) {
  const Network network;
  const auto added = network.at(owner, {"add-book", "--value", "18446744073709551616"});
  BOOST_TEST(added.token() == "bad-value");
  BOOST_TEST(mentions(added.err, "at most 18446744073709551615"), added.err);
  network.ok(owner, {"add-book", "--value", "18446744073709551615"});
}

BOOST_AUTO_TEST_CASE(rules_that_can_never_grant_are_refused) {
  const Network network;
  const auto file = network.scratch("rules.yaml");
  const auto serve = [&](const std::string& rule) {
    write_file(file, "bookchain: 1\ngrants:\n  - " + rule + "\n");
    return network.at(owner, {"serve", "--until-idle=0.1", "--grant", file.string()});
  };
  BOOST_TEST(serve("peer: 5009").token() == "unknown-peer");
  BOOST_TEST(serve("count: 0").token() == "bad-value");
  BOOST_TEST(serve("peer: 5000").exit_code == 0);
}

BOOST_AUTO_TEST_CASE(requests_of_which_all_are_refused_end_with_the_first_refusal) {
  const Network network;
  const auto file = network.scratch("requests");
  write_file(file, "5009 3\n5001 no such title\n");
  const auto ended = network.at(requester, {"serve", "--requests", file.string(), "--until-idle=0.1"});
  BOOST_TEST(ended.exit_code == 4);
  BOOST_TEST(ended.token() == "unknown-peer");
  BOOST_TEST(mentions(ended.out, "\"token\":\"unknown-book\""), ended.out);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_still_being_brought_is_no_delivery) {
  const Network network;
  const auto folder = network.home(owner) / "spool/5000/new";
  const auto arriving = folder / ".delivery.x7Kq2";
  write_file(arriving, "the first half");
  BOOST_TEST(network.ok(owner, {"inbox"})["messages"].empty());
  BOOST_TEST(network.ok(owner, {"receive"})["received"].empty());
  BOOST_TEST(fs::exists(arriving));
  fs::rename(arriving, folder / "delivery");
  BOOST_TEST(network.ok(owner, {"receive"})["received"][0]["result"] == "refused");
}

BOOST_AUTO_TEST_CASE(files_of_another_kind_are_named_by_their_kind) {
  const TemporaryDirectory scratch;
  const auto home = scratch / "ann";
  BOOST_REQUIRE(run({"--home", home.string(), "keygen", "--port", "5000"}).exit_code == 0);
  const auto join = [&](const char* file) {
    return run({"--home", home.string(), "join", (home / file).string()}).err;
  };
  BOOST_TEST(mentions(join("card.yaml"), "this is the card of a peer, not a network file"), join("card.yaml"));
  BOOST_TEST(mentions(join("keys.yaml"), "these are the secret keys of a peer, not a network file"));
  write_file(scratch / "proof", "x");
  RunOptions elsewhere;
  elsewhere.folder = scratch.get();
  const auto verified = run({"evidence", "verify", "proof"}, elsewhere);
  BOOST_TEST(mentions(verified.err, "name the network file with --network-file FILE"), verified.err);
  BOOST_TEST(!mentions(run({}).err, "COMMAND"), run({}).err);
}

BOOST_AUTO_TEST_SUITE_END()

// Of its own: only root can run it, and skipping it must not hide how the others end.
BOOST_AUTO_TEST_SUITE(told_to_another_user)

BOOST_AUTO_TEST_CASE(homes_that_may_not_be_read_are_not_missing) {
  if (::geteuid() != 0) {
    std::cerr << "SKIPPED: only root can act as another user\n";
    return;
  }
  const Network network;
  RunOptions stranger;
  stranger.user = 61009;
  // Every user gets to the program and to the network directory, and not into the homes.
  const PublicProgram program;
  stranger.program = program.file.string();
  for (const auto& folder : {network.folder().parent_path(), network.folder()}) {
    fs::permissions(folder, fs::add_perms | fs::others_read | fs::others_exe);
  }
  for (const auto* command : {"show-chain", "list-books"}) {
    const auto ended = run({"-n", network.folder().string(), "-p", "5000", command}, stranger);
    BOOST_TEST(ended.exit_code == 1, command << ended.err);
    BOOST_TEST(ended.token() == "permission", command << ended.err);
  }
  const auto any = run({"-n", network.folder().string(), "show-chain"}, stranger);
  BOOST_TEST(any.token() == "permission", any.err);
  const auto status = run({"-n", network.folder().string(), "status"}, stranger);
  BOOST_TEST(mentions(status.err, "the peers here are 5000, 5001, 5002, 5003"), status.err);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(serve_beside_other_commands)

// A job that waits for `committed` in the log of the requester's serve must not wait for ever.
BOOST_AUTO_TEST_CASE(what_another_command_took_in_is_told_once) {
  const Network network;
  const auto id = network.request(requester, owner, network.book_of(owner));
  const auto late = network.request(requester, owner, network.book_of(owner, 1));
  const Served served(network, {requester});
  BOOST_REQUIRE(becomes_true(20, [&] { return mentions(served.process(0).out_so_far(), "\"started\""); }));
  // Stopped while it rests, it takes nothing in: that is left to the other commands on its home.
  BOOST_REQUIRE(becomes_true(20, [&] { return network.ok(requester, {"status"})["inbox"] == 0; }));
  ::usleep(300'000);
  served.process(0).signal(SIGSTOP);
  network.ok(owner, {"receive"});
  network.ok(owner, {"refuse", late});
  network.settle();
  served.process(0).signal(SIGCONT);
  BOOST_TEST(network.state(requester, id) == "committed");
  const auto count = [&](const std::string& event) {
    const auto out = served.process(0).out_so_far();
    std::size_t found = 0;
    for (auto place = out.find(event); place != std::string::npos; place = out.find(event, place + 1)) ++found;
    return found;
  };
  const auto committed = "\"event\":\"committed\",\"exchange\":\"" + id;
  const auto over = "\"event\":\"exchange-over\",\"exchange\":\"" + late;
  BOOST_TEST(
      becomes_true(20, [&] { return count(committed) > 0 && count(over) > 0 && count("\"event\":\"block\"") > 0; }));
  ::usleep(300'000);
  BOOST_TEST(count(committed) == 1U);
  BOOST_TEST(count(over) == 1U);
  BOOST_TEST(count("\"event\":\"block\"") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
