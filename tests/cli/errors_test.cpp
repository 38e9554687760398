// What errors and results tell those who go on by them: a subject, a hint that is typed as it stands, what is due.
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(hints_are_whole_commands) {
  const Network network;
  const auto id = network.request(requester, owner, network.book_of(owner));
  BOOST_TEST(network.at(requester, {"show-exchange", "abcdef"}).hint() == network.here(requester, "list-exchanges"));
  BOOST_TEST(network.at(5003, {"show-exchange"}).hint() == network.here(5003, "receive"));
  BOOST_TEST(network.at(requester, {"history", "abcdef"}).hint() == network.here(requester, "list-books --all"));
  BOOST_TEST(network.at(requester, {"evidence", "export", "abcdef", "--to", "-"}).hint() ==
             network.here(requester, "evidence list"));
  network.ok(requester, {"abort", id});
  const auto over = network.at(requester, {"consent", id});
  BOOST_TEST(over.token() == "exchange-over");
  BOOST_TEST(over.hint() ==
             network.here(requester, "request --from 5001 --book " + network.book_of(owner).substr(0, 12)));
  BOOST_TEST(network.shell(over.hint()).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(an_error_names_its_subject_always) {
  const Network network;
  for (const auto& words :
       {Words{}, Words{"-n", network.folder().string(), "-p", "5000", "mine", "--settle", "--without-owner"}}) {
    const auto ended = run(words);
    BOOST_TEST(ended.exit_code == 2);
    BOOST_TEST(mentions(ended.err, ": \""), ended.err);
  }
}

BOOST_AUTO_TEST_CASE(what_was_meant_is_named_also_for_other_letters_and_words_too_many) {
  for (const auto& [typed, meant] : {std::pair{"GRANT", "grant"}, {"grant-all", "grant"}, {"version", "--version"}}) {
    BOOST_TEST(mentions(run({typed}).err, std::string("did you mean ") + meant + "?"), typed);
  }
  const Network network;
  const auto ended = run({"-n", network.folder().string(), "-p", "5000", "-o", "json", "--", "list-exchanges"});
  BOOST_TEST(ended.exit_code == 0, ended.err);
}

BOOST_AUTO_TEST_CASE(what_was_done_and_cannot_be_told_is_said_to_stand) {
  const Network network;
  const auto ended =
      network.shell(network.here(requester, "request --from 5001 --book " + network.book_of(owner)) + " >/dev/full");
  BOOST_TEST(ended.exit_code == 1);
  BOOST_TEST(ended.token() == "disk-full");
  BOOST_TEST(mentions(ended.err, "what was done stands"), ended.err);
  const std::string id = network.ok(requester, {"list-exchanges"})["exchanges"][0]["exchange"];
  BOOST_TEST(mentions(ended.err, "hint: " + network.here(requester, "show-exchange " + id.substr(0, 12))), ended.err);
}

BOOST_AUTO_TEST_CASE(step_and_receive_say_what_is_due) {
  const Network network;
  const auto id = network.request(requester, owner, network.book_of(owner));
  const auto dry = network.ok(owner, {"step", "--dry-run"});
  BOOST_REQUIRE(dry["received"].size() == 1U);
  BOOST_TEST(dry["received"][0]["type"] == "request");
  BOOST_TEST(dry["received"][0]["exchange"] == id);
  BOOST_TEST(dry["received"][0]["result"].is_null());
  const auto received = network.ok(owner, {"receive"});
  BOOST_TEST(received["received"].size() == 1U, "the rehearsal took in nothing");
  BOOST_TEST(received["next"] == network.here(owner, "grant " + id.substr(0, 12)));
  const auto stepped = network.ok(owner, {"step"});
  BOOST_TEST(stepped["due"].empty());
  BOOST_TEST(stepped["next"].is_null());
}

BOOST_AUTO_TEST_CASE(the_reason_of_an_abort_on_the_chain_is_kept_at_its_owner) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 2);
  network.receive_until_quiet();
  network.ok(owner, {"abort", id, "--reason", "it is lent out"});
  network.vote(owner);
  BOOST_TEST(network.show(owner, id)["reason"] == "it is lent out");
  BOOST_TEST(!mentions(network.show(requester, id)["reason"], "lent out"));
}

BOOST_AUTO_TEST_CASE(a_request_that_was_declined_is_refused_in_the_eyes_of_a_witness) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto first = network.request(requester, owner, book);
  network.receive_all();
  const auto second = network.request(5002, owner, book);
  network.ok(owner, {"receive"});
  network.ok(owner, {"grant", first});
  network.receive_until_quiet();
  BOOST_TEST(network.state(5002, second) == "refused");
  BOOST_TEST(network.state(5003, second) == "refused");
}

BOOST_AUTO_TEST_CASE(whole_ids_are_shown_to_those_who_want_more) {
  const Network network;
  const auto id = network.request(requester, owner, network.book_of(owner));
  const auto table = [&](const std::string& option) {
    return network.shell(network.here(requester, "list-exchanges" + option)).out;
  };
  BOOST_TEST(!mentions(table(""), id));
  BOOST_TEST(mentions(table(" -v"), id));
}

BOOST_AUTO_TEST_CASE(a_dispute_is_listed_with_what_ends_an_exchange) {
  const auto page = run({"--help"}).out;
  const auto ending = page.find("\nending one early\n");
  BOOST_REQUIRE(ending != std::string::npos);
  BOOST_TEST(ending < page.find("\n  dispute "));
  BOOST_TEST(page.find("\n  dispute ") < page.find("\ngoing on\n"));
}

BOOST_AUTO_TEST_SUITE_END()
