// Steps that are refused, each with the token that says why: too early, for want of answers, too late, over, at the
// wrong peer. What was done before succeeds and sends nothing.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/played.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

struct PlayRefused : Played {
  explicit PlayRefused(int last) : Played("no", last) {}
  [[nodiscard]] std::string here(int port, const std::string& words) const {
    return network.here(port, words + " " + id.substr(0, 12));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(waiting_is_only_the_step_whose_answers_are_missing) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  network.receive_until_quiet();
  network.ok(owner, {"grant", id});
  network.ok(requester, {"receive"});
  network.refused(requester, {"consent", id}, 5, "waiting");
  network.refused(requester, {"mine", id}, 5, "wrong-step");
  network.refused(owner, {"release", id}, 5, "wrong-step");
  network.receive_until_quiet();
  network.ok(requester, {"consent", id});
  network.ok(owner, {"receive"});
  network.ok(owner, {"check-id", id});
  network.refused(owner, {"release", id}, 5, "waiting");
  network.refused(owner, {"mine", "--settle", id}, 5, "waiting");
  network.refused(requester, {"mine", id}, 5, "wrong-step");
  network.receive_until_quiet();
  network.ok(owner, {"release", id});
  network.ok(requester, {"receive"});
  network.ok(requester, {"open", id});
  network.ok(requester, {"check-key", id});
  network.refused(requester, {"mine", id}, 5, "waiting");
}

BOOST_AUTO_TEST_CASE(an_abort_of_what_ended_otherwise_is_no_abort) {
  {
    const PlayRefused play(1);
    play.network.ok(owner, {"refuse", play.id});
    play.network.refused(owner, {"abort", play.id}, 3, "exchange-over");
    play.network.ok(requester, {"receive"});
    play.network.refused(requester, {"abort", play.id}, 3, "exchange-over");
  }
  {
    const PlayRefused play(1);
    play.network.ok(requester, {"abort", play.id});
    BOOST_TEST(play.network.ok(requester, {"abort", play.id})["sent"].empty());
    play.network.ok(owner, {"receive"});
    play.network.refused(owner, {"abort", play.id}, 3, "exchange-over");
  }
  const PlayRefused play(1);
  play.network.ok(owner, {"abort", play.id});
  BOOST_TEST(play.network.ok(owner, {"abort", play.id})["sent"].empty());
  BOOST_TEST(play.network.show(owner, play.id)["next"].is_null());
  play.network.ok(requester, {"receive"});
  play.network.refused(requester, {"abort", play.id}, 3, "exchange-over");
}

BOOST_AUTO_TEST_CASE(a_refusal_that_comes_too_late_says_what_is_left) {
  {
    const PlayRefused play(2);
    const auto granted = play.network.at(owner, {"refuse", play.id});
    BOOST_TEST(granted.token() == "too-late");
    BOOST_TEST(granted.hint() == play.here(owner, "abort"));
  }
  const PlayRefused play(7);
  play.network.ok(requester, {"mine", play.id});
  play.network.vote(requester);
  const auto refused = play.network.at(owner, {"refuse", play.id});
  const auto aborted = play.network.at(owner, {"abort", play.id});
  BOOST_TEST(refused.token() == "too-late");
  BOOST_TEST(refused.err == aborted.err);
  BOOST_TEST(refused.error()["hint"].is_null(), refused.err);
}

BOOST_AUTO_TEST_CASE(after_its_abort_the_owner_checks_no_id) {
  const PlayRefused play(3);
  play.network.ok(owner, {"abort", play.id});
  play.network.refused(owner, {"check-id", play.id}, 3, "too-late");
}

BOOST_AUTO_TEST_CASE(a_claim_asks_the_witnesses_once) {
  const PlayRefused play(3);
  BOOST_TEST(!play.network.ok(requester, {"mine", "--without-owner", play.id})["sent"].empty());
  BOOST_TEST(play.network.ok(requester, {"mine", "--without-owner", play.id})["sent"].empty());
}

BOOST_AUTO_TEST_CASE(a_book_that_is_known_to_be_granted_to_another_is_not_asked_for) {
  const PlayRefused play(2);
  play.network.refused(5002, {"request", "--from", std::to_string(owner), "--book", play.book}, 3, "book-busy");
  BOOST_TEST(play.network.ok(owner, {"inbox"})["messages"].empty());
  // The one it is granted to may ask again, and the others once the turn is over.
  play.network.ok(requester, {"request", "--from", std::to_string(owner), "--book", play.book});
  play.network.ok(owner, {"abort", play.id});
  play.network.vote(owner);
  play.network.ok(5002, {"request", "--from", std::to_string(owner), "--book", play.book});
}

BOOST_AUTO_TEST_CASE(an_end_at_the_wrong_peer_is_told_where_to_go) {
  {
    const PlayRefused play(1);
    const auto refused = play.network.at(requester, {"refuse", play.id});
    BOOST_TEST(refused.token() == "unexpected");
    BOOST_TEST(refused.hint() == play.here(owner, "refuse"));
    // A witness that has no more than the id.
    for (const auto* word : {"refuse", "abort", "grant"}) {
      const auto ended = play.network.at(5002, {word, play.id.substr(0, 12)});
      BOOST_TEST(ended.exit_code == 3, ended.err);
      BOOST_TEST(ended.hint() == play.here(requester, word == std::string("abort") ? "abort" : "show-exchange"));
    }
  }
  for (const auto& [last, port] : {std::pair{2, requester}, {4, owner}}) {
    const PlayRefused play(last);
    const auto ended = play.network.at(5002, {"abort", play.id});
    BOOST_TEST(ended.token() == "unexpected");
    BOOST_TEST(ended.hint() == play.here(port, "abort"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(an_empty_value_is_a_usage_error_but_for_a_reason) {
  const PlayRefused play(1);
  const auto file = play.network.scratch("page");
  write_file(file, "words");
  for (const auto& words :
       {Words{"add-book", ""}, Words{"add-book", "--value", ""}, Words{"add-book", file.string(), "--title", ""},
        Words{"add-book", file.string(), "--media-type="}, Words{"show-exchange", ""}, Words{"history", ""},
        Words{"request", "--file", ""}, Words{"export-chain", ""}, Words{"receive", "--limit", ""}}) {
    play.network.refused(owner, words, 2, "usage");
  }
  play.network.ok(owner, {"refuse", play.id, "--reason", ""});
}

BOOST_AUTO_TEST_CASE(of_a_global_option_that_is_repeated_the_last_one_counts) {
  const Network network;
  const auto dir = network.folder().string();
  const auto expected = network.at(5001, {"list-books"}).out;
  for (const auto& words : {Words{"-o", "json", "-n", dir, "-p", "5001", "-p", "5001", "list-books"},
                            Words{"-o", "json", "-n", dir, "-p", "5000", "list-books", "-p5001"},
                            Words{"-vv", "-q", "-n", "/nowhere", "-p", "5001", "list-books", "-q", "-n", dir, "-ojson",
                                  "--output", "json"}}) {
    const auto ended = run(words);
    BOOST_TEST(ended.exit_code == 0, ended.err);
    BOOST_TEST(ended.out == expected);
  }
  BOOST_TEST(run({"-n", dir, "-p", "5001", "history", "--no-such", "-qojson"}).err.starts_with("{\"schema\":1"));
}

BOOST_AUTO_TEST_CASE(a_home_behind_a_link_is_that_home) {
  const Network network;
  const auto link = network.scratch("mine");
  boost::filesystem::create_symlink(network.home(5001), link);
  const auto ended = run({"--home", link.string(), "-o", "json", "list-books"});
  BOOST_TEST(ended.exit_code == 0, ended.err);
  BOOST_TEST(ended.out == network.at(5001, {"list-books"}).out);
}

BOOST_AUTO_TEST_CASE(a_network_is_not_made_where_a_file_stands) {
  const Network network;
  const auto file = network.scratch("page");
  write_file(file, "words");
  const auto ended = run({"init", file.string()});
  BOOST_TEST(ended.exit_code == 6, ended.err);
  BOOST_TEST(ended.token() == "bad-file");
}

BOOST_AUTO_TEST_SUITE_END()
