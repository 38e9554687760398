// Section 5 (docs/protocol.md): an owner that hands over another book, or false shares of the key, is found out by the
// requester, and the proof in the chain gives everything back.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// A network for rehearsals with a file book of three chunks at the owner.
struct RehearsedFraud {
  Network network{{"--seed", "cheats", "--auto-books", "0"}};
  std::string text = std::string(1'200'000, 'w') + std::string(1'100'000, 'x');
  std::string book;
  std::string exchange;

  RehearsedFraud() {
    const auto file = network.scratch("page");
    write_file(file, text);
    book = network.ok(owner, {"add-book", file.string(), "--title", "Pages"})["book"];
    network.receive_until_quiet();
    request();
  }
  void request() {
    exchange = network.request(requester, owner, book);
    network.receive_all();
  }
  /// One step, then everybody takes in.
  Json step(int port, const Words& words) const {
    const auto result = network.ok(port, words);
    network.receive_until_quiet();
    return result;
  }
  void up_to_release(const std::string& cheat) const {
    step(owner, {"grant", exchange, cheat});
    step(requester, {"consent", exchange});
    step(owner, {"check-id", exchange});
    step(owner, {"release", exchange});
  }
  [[nodiscard]] Json last_transaction() const {
    return network.ok(5003, {"show-chain", "--tail", "1"})["blocks"][0]["transactions"][0];
  }
  /// The exchange is over everywhere, and every peer holds the mark.
  void over_with_a_mark(const std::string& kind, const std::string& token) const {
    for (const int port : network.ports()) {
      const auto shown = network.show(port, exchange);
      BOOST_TEST(shown["state"] == "invalid", port << ": " << shown.dump());
      BOOST_TEST(shown["token"] == token);
      BOOST_TEST(mentions(shown["reason"], kind));
      const auto marks = network.ok(port, {"status"})["marks"];
      BOOST_REQUIRE(marks.size() == 1U);
      BOOST_TEST(marks[0]["port"] == owner);
      BOOST_TEST(marks[0]["kind"] == kind);
      BOOST_TEST(marks[0]["exchange"] == exchange);
      BOOST_TEST(network.ok(port, {"history", book})["marks"] == marks);
    }
    BOOST_TEST(last_transaction()["type"] == "dispute");
    BOOST_TEST(last_transaction()["form"] == kind);
    network.equal_chains();
  }
  /// The peer lists the fault and can hand out what a stranger finds proven.
  void proof_is_kept(int port) const {
    const auto list = network.ok(port, {"evidence", "list"})["evidence"];
    const auto found = std::ranges::find_if(list, [](const Json& each) { return each["kind"] == "bad-chunk"; });
    BOOST_REQUIRE_MESSAGE(found != list.end(), port << ": " << list.dump());
    BOOST_TEST((*found)["accused"] == owner);
    BOOST_TEST((*found)["exchange"] == exchange);
    const auto file = network.scratch(std::to_string(port) + ".evidence");
    network.ok(port, {"evidence", "export", (*found)["id"], "--to", file.string()});
    const auto genesis = (network.folder() / "network.yaml").string();
    BOOST_TEST(run({"evidence", "verify", file.string(), "--network-file", genesis}).exit_code == 0);
  }
  /// It is over without a dispute, and what was proven when the book was opened is not lost.
  void over_with_the_proof_kept(const std::string& token) const {
    const auto refused = network.at(requester, {"dispute", exchange});
    BOOST_TEST(refused.exit_code == 3);
    BOOST_TEST(refused.token() == token, refused.err);
    BOOST_TEST(mentions(refused.err, "the proof against the owner is kept"), refused.err);
    BOOST_TEST(mentions(refused.err, " -p 5000 evidence list"), refused.err);
    BOOST_TEST(mentions(network.show(requester, exchange)["guaranteed"].dump(), "evidence list"));
    proof_is_kept(requester);
    proof_is_kept(5002);
  }
  void a_new_request_succeeds() {
    const auto id = network.exchange(requester, owner, book);
    const auto got = network.scratch("got");
    network.ok(requester, {"get-book", book, "--to", got.string()});
    BOOST_TEST((read_file(got) == text));
  }
  /// What is said of a disputed exchange is true as well when the book has gone on.
  void is_told_that_the_book_has_moved_on() const {
    const auto before = network.show(requester, exchange)["guaranteed"].dump();
    BOOST_TEST(mentions(before, "the chain keeps a mark against 5001"), before);
    BOOST_TEST(mentions(before, "the book has moved on since"), before);
    BOOST_TEST(!mentions(before, "the book is 5001's"), before);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(disputing)

// "O encrypted something else": within the turn a DISPUTE ends it, and the owner keeps the book and the mark.
BOOST_AUTO_TEST_CASE(another_book_is_found_by_open_and_disputed_before_the_transfer) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.network.refused(requester, {"open", play.exchange}, 3, "wrong-book");
  play.network.refused(requester, {"check-key", play.exchange}, 5, "wrong-step");
  const auto shown = play.network.show(requester, play.exchange);
  BOOST_TEST(shown["due"] == "dispute");
  BOOST_TEST(mentions(shown["next"], "dispute " + play.exchange.substr(0, 12)));
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "5000 holds the proof that 5001 gave another book"));
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "the book stays 5001's"));
  BOOST_TEST(!mentions(shown["at_stake"].dump(), "can read"));
  play.step(requester, {"dispute", play.exchange});
  play.over_with_a_mark("bad-chunk", "wrong-book");
  BOOST_TEST(play.network.ok(requester, {"dispute", play.exchange})["sent"].empty());
  play.a_new_request_succeeds();
  play.is_told_that_the_book_has_moved_on();
}

// "After the transfer, as long as R still holds the book at that version, it gives the book back to O".
BOOST_AUTO_TEST_CASE(after_the_transfer_was_settled_a_dispute_gives_the_book_back) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.step(owner, {"mine", play.exchange, "--settle"});
  BOOST_TEST(play.network.state(5002, play.exchange) == "committed");
  play.network.refused(requester, {"open", play.exchange}, 3, "wrong-book");
  const auto shown = play.network.show(requester, play.exchange);
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "until a dispute gives it back to 5001"));
  BOOST_TEST(!mentions(shown["at_stake"].dump(), "cannot read it yet"));
  play.step(requester, {"dispute", play.exchange});
  play.over_with_a_mark("bad-chunk", "wrong-book");
  const auto history = play.network.ok(5002, {"history", play.book})["history"];
  BOOST_REQUIRE(history.size() == 3U);
  BOOST_TEST(history[1]["owner"] == requester);
  BOOST_TEST(history[2]["owner"] == owner);
  BOOST_TEST(history[2]["dispute"] == true);
  // The owner has the book again and nothing to read it from, and everybody is told so.
  for (const int port : {owner, 5002}) {
    const auto after = play.network.show(port, play.exchange);
    BOOST_TEST(after["peers"][1]["holds"][0] == "the book again, by the chain; no copy on its shelf", port);
    for (const auto* words : {"the book is 5001's again", "the chain keeps a mark against 5001", "no copy"}) {
      BOOST_TEST(mentions(after["guaranteed"].dump(), words), after["guaranteed"].dump());
    }
  }
}

// "t shares fit their commitments and give a key that does not fit kc: BAD-DEAL".
BOOST_AUTO_TEST_CASE(false_shares_are_found_when_the_owner_falls_silent_and_disputed) {
  RehearsedFraud play;
  play.step(owner, {"grant", play.exchange, "--rehearse-bad-shares"});
  play.step(requester, {"consent", play.exchange});
  play.step(requester, {"mine", play.exchange, "--without-owner"});
  play.step(requester, {"mine", play.exchange, "--without-owner"});
  BOOST_TEST(play.network.state(5002, play.exchange) == "committed");
  const auto shown = play.network.show(requester, play.exchange);
  BOOST_TEST(shown["due"] == "dispute");
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "5000 holds the proof that 5001 gave false shares"));
  play.step(requester, {"dispute", play.exchange});
  play.over_with_a_mark("bad-deal", "wrong-share");
}

// The proof is made when the fault is found: who never disputes has told it all the same.
BOOST_AUTO_TEST_CASE(open_keeps_the_proof_and_tells_every_peer_before_any_dispute) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.network.refused(requester, {"open", play.exchange}, 3, "wrong-book");
  play.proof_is_kept(requester);
  play.network.receive_until_quiet();
  for (const int port : {5002, 5003}) play.proof_is_kept(port);
  BOOST_TEST(play.network.show(requester, play.exchange)["due"] == "dispute");
}

// The owner ends the turn before the requester disputes, and the package goes with the turn.
BOOST_AUTO_TEST_CASE(an_abort_before_the_dispute_does_not_take_the_proof_away) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.network.refused(requester, {"open", play.exchange}, 3, "wrong-book");
  (void)play.network.at(owner, {"serve", "--misbehave", "release-and-abort", "--until-idle=0"});
  play.network.receive_until_quiet();
  BOOST_TEST(play.network.state(requester, play.exchange) == "aborted");
  play.over_with_the_proof_kept("exchange-over");
}

// Another grant of the same turn, an honest one, is recorded first.
BOOST_AUTO_TEST_CASE(another_transfer_of_the_turn_does_not_take_the_proof_away) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.network.refused(requester, {"open", play.exchange}, 3, "wrong-book");
  play.a_new_request_succeeds();
  const auto shown = play.network.show(requester, play.exchange);
  BOOST_TEST(shown["state"] == "invalid");
  BOOST_TEST(shown["token"] == "stale-version");
  play.over_with_the_proof_kept("exchange-over");
}

BOOST_AUTO_TEST_CASE(serve_disputes_by_itself) {
  RehearsedFraud play;
  play.up_to_release("--rehearse-bad-chunk");
  play.network.settle();
  play.over_with_a_mark("bad-chunk", "wrong-book");
}

BOOST_AUTO_TEST_CASE(where_nothing_is_wrong_nothing_is_disputed_and_cheats_need_a_test_network) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  network.refused(requester, {"dispute", id}, 3, "unexpected");
  network.receive_all();
  network.refused(owner, {"dispute", id}, 3, "unexpected");
  for (const char* cheat : {"--rehearse-bad-chunk", "--rehearse-bad-shares"}) {
    network.refused(owner, {"grant", id, cheat}, 3, "not-a-test-network");
  }
  BOOST_TEST(network.state(owner, id) == "requested");
}

BOOST_AUTO_TEST_SUITE_END()
