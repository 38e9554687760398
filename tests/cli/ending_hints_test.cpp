// Whoever types what `next` says comes to an end also where the exchange does not end committed: refused, given up,
// aborted, disputed. What lies unread in a peer's own spool is taken in first, and no command of it fails.
#include <boost/test/unit_test.hpp>

#include "tests/cli/played.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

struct PlayToTheEnd : Played {
  explicit PlayToTheEnd(int last) : Played("ends", last) {}
  /// Types what is next at this peer until nothing is; fails the test where a line fails or there is no end.
  void follow(int port) const {
    constexpr int most = 24;
    for (int lines = 0; lines < most; ++lines) {
      const auto next = network.show(port, id)["next"];
      if (next.is_null()) return;
      const auto ended = network.shell(next);
      BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, port << ": " << next << "\n" << ended.err);
    }
    BOOST_ERROR("what is next at " << port << " never ends: " << network.show(port, id)["next"]);
  }
  void ends_at(int port, const std::string& state) const {
    follow(port);
    BOOST_TEST(network.state(port, id) == state, port << ": " << network.show(port, id).dump());
  }
  /// The block of this peer is committed here, and no other has taken that in.
  void commit_alone(int proposer) const {
    const auto height = [&] { return network.ok(proposer, {"status"})["height"].get<int>(); };
    const int before = height();
    for (int round = 0; round < 10 && height() == before; ++round) {
      for (const int port : network.ports()) {
        if (port != proposer) network.ok(port, {"receive"});
      }
      network.ok(proposer, {"receive"});
    }
    BOOST_REQUIRE(height() == before + 1);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ending_by_hints)

BOOST_AUTO_TEST_CASE(a_refusal_that_lies_unread_ends_what_is_next_at_the_requester) {
  const PlayToTheEnd play(1);
  play.network.ok(owner, {"refuse", play.id});
  BOOST_TEST(play.network.show(requester, play.id)["next"].get<std::string>().ends_with(" -p 5000 receive"));
  play.ends_at(requester, "refused");
}

BOOST_AUTO_TEST_CASE(a_book_granted_to_another_ends_what_is_next_at_the_other_requester) {
  const PlayToTheEnd play(1);
  const auto first = play.network.request(5002, owner, play.book);
  play.network.ok(owner, {"receive"});
  play.network.ok(owner, {"grant", first});
  play.ends_at(requester, "refused");
}

BOOST_AUTO_TEST_CASE(a_grant_that_the_requester_gave_up_ends_what_is_next_at_the_others) {
  for (const int watched : {owner, 5002}) {
    const PlayToTheEnd play(2);
    play.network.ok(requester, {"abort", play.id});
    play.ends_at(watched, "aborted");
    if (watched != owner) continue;
    // Its abort is brought to all, and nothing is left to do.
    BOOST_TEST(play.network.equal_chains() == 1);
    BOOST_TEST(play.network.show(owner, play.id)["waiting_for"].empty());
    const auto listed = run({"-n", play.network.folder().string(), "-p", std::to_string(owner), "list-exchanges"}).out;
    BOOST_TEST(!mentions(listed, "votes"), listed);
  }
}

BOOST_AUTO_TEST_CASE(an_abort_after_the_consent_ends_what_is_next_at_all) {
  for (const int watched : {owner, requester, 5002, 5003}) {
    const PlayToTheEnd play(3);
    play.network.ok(owner, {"abort", play.id});
    if (watched != owner) play.commit_alone(owner);
    play.ends_at(watched, "aborted");
    if (watched == owner) BOOST_TEST(play.network.equal_chains() == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_dispute_ends_what_is_next_at_all) {
  for (const int watched : {requester, owner, 5003}) {
    const PlayToTheEnd play(1);
    const auto step = [&](int port, const Words& words) {
      play.network.ok(port, words);
      play.network.receive_until_quiet();
    };
    step(owner, {"grant", play.id, "--rehearse-bad-chunk"});
    step(requester, {"consent", play.id});
    step(owner, {"check-id", play.id});
    step(owner, {"release", play.id});
    BOOST_TEST(play.network.at(requester, {"open", play.id}).exit_code == 3);
    play.network.ok(requester, {"dispute", play.id});
    if (watched != requester) play.commit_alone(requester);
    play.ends_at(watched, "invalid");
    if (watched == requester) BOOST_TEST(play.network.equal_chains() == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_witness_that_has_nothing_but_the_id_receives) {
  const PlayToTheEnd play(1);
  const auto shown = play.network.show(5002, play.id);
  BOOST_TEST(shown["state"] == "requested");
  BOOST_TEST(shown["next"].get<std::string>().ends_with(" -p 5002 receive"), shown.dump());
  play.network.ok(requester, {"abort", play.id});
  play.ends_at(5002, "aborted");
  BOOST_TEST(play.network.show(5002, play.id)["token"].is_null());
}

BOOST_AUTO_TEST_CASE(the_hint_of_a_step_that_is_not_due_yet_goes_on) {
  const Network network;
  const std::string id = network.request(requester, owner, network.book_of(owner));
  for (int lines = 0; lines < 12; ++lines) {
    const auto mined = network.at(requester, {"mine", id});
    if (mined.exit_code == 0) return;
    BOOST_TEST(mined.exit_code == 5, mined.err);
    const auto ended = network.shell(mined.hint());
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, mined.hint() << "\n" << ended.err);
  }
  BOOST_ERROR("the hints never lead to mine");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_repeated_stands_apart_from_what_is_done_once) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 5);
  network.receive_until_quiet();
  const auto text = run({"-n", network.folder().string(), "-p", "5001", "show-exchange", id}).out;
  const auto once = text.find("\nnext:\n");
  const auto again = text.find("\nthen, again and again until the block is committed:\n");
  BOOST_REQUIRE_MESSAGE(once != std::string::npos && again != std::string::npos, text);
  BOOST_TEST(text.find(" mine ") < again, text);
  BOOST_TEST(once < text.find(" open "), text);
}

BOOST_AUTO_TEST_SUITE_END()
