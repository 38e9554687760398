// What the program says about how it goes on where that is not the next of the eight steps: nobody listens, the book is
// not opened, the block is not everywhere, the vote is another's, the step belongs elsewhere.
#include <boost/test/unit_test.hpp>

#include "tests/cli/roles.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// The owner has its transfer settled; the requester has the key and has opened nothing.
struct Settled {
  Network network;
  std::string book = network.book_of(owner);
  std::string exchange = network.exchange(requester, owner, book, 5);
  Json mined;
  Settled() {
    network.receive_until_quiet();
    mined = network.ok(owner, {"mine", exchange, "--settle"});
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(going_on)

BOOST_AUTO_TEST_CASE(what_is_sent_to_peers_that_do_not_listen_is_said_to_wait) {
  const Network network({"--transport", "socket"});
  const auto asked = network.text_at(requester, {"request", "--from", "5001", "--book", network.book_of(owner)});
  BOOST_TEST(asked.exit_code == 0, asked.err);
  BOOST_TEST(mentions(asked.err, "nobody listens at 5001, 5002, 5003: the messages wait in the outbox"), asked.err);
  BOOST_TEST(mentions(asked.out, "queued witness-id for 5002, 5003; request for 5001\n"), asked.out);
  BOOST_TEST(!mentions(asked.out, "sent "), asked.out);
  BOOST_TEST(!mentions(asked.out, "the owner has the request"), asked.out);
  for (const int port : network.ports()) BOOST_TEST(mentions(asked.out, "  " + network.here(port, "serve")), asked.out);
  const auto json = network.ok(requester, {"request", "--from", "5001", "--book", network.book_of(owner, 1)});
  BOOST_TEST(json["sent"].size() == 3U);
  for (const auto& each : json["sent"]) BOOST_TEST(each["delivered"] == false);
  BOOST_TEST(json["next"] ==
             network.here(5001, "serve") + " & " + network.here(5002, "serve") + " & " + network.here(5003, "serve"));
  const Served served(network, {5001, 5002, 5003});
  BOOST_TEST(becomes_true(30, [&] {
    network.ok(requester, {"receive"});
    const std::string next = network.show(requester, json["exchange"])["next"];
    return mentions(next, "consent");
  }));
  const auto heard = network.ok(requester, {"request", "--from", "5001", "--book", network.book_of(owner, 2)});
  for (const auto& each : heard["sent"]) BOOST_TEST(!each.contains("delivered"));
}

BOOST_AUTO_TEST_CASE(a_book_that_is_owned_and_not_opened_says_what_opens_it) {
  const Settled play;
  play.network.vote(owner);
  const auto got = play.network.at(requester, {"get-book", play.book, "--to", play.network.scratch("got").string()});
  BOOST_TEST(got.exit_code == 5);
  BOOST_TEST(got.token() == "waiting");
  BOOST_TEST(mentions(got.err, play.network.here(requester, "open " + play.exchange.substr(0, 12))), got.err);
  const auto shown = play.network.show(requester, play.exchange);
  BOOST_TEST(mentions(shown["at_stake"].dump(), "has what it needs to read it: open"), shown["at_stake"].dump());
  play.network.ok(requester, {"open", play.exchange});
  play.network.ok(requester, {"get-book", play.book, "--to", play.network.scratch("got").string()});
}

BOOST_AUTO_TEST_CASE(an_owner_that_settles_counts_the_votes_itself) {
  const Settled play;
  const std::string next = play.mined["next"];
  BOOST_TEST(next.ends_with(play.network.here(owner, "receive")), next);
  BOOST_TEST(next.starts_with(play.network.here(requester, "receive")), next);
  BOOST_TEST(play.network.show(owner, play.exchange)["waiting_for"] == Json({5000, 5002, 5003}));
}

BOOST_AUTO_TEST_CASE(while_a_block_is_voted_on_those_are_awaited_whose_votes_are_missing_in_this_phase) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 7);
  network.receive_until_quiet();
  network.ok(requester, {"mine", id});
  const auto comes_from = [&](int voter) {
    network.ok(voter, {"receive"});
    network.ok(requester, {"receive"});
  };
  for (const auto* phase : {"answers", "prevotes", "precommits"}) {
    BOOST_TEST_CONTEXT(phase) {
      BOOST_TEST(network.show(requester, id)["waiting_for"] == Json({5001, 5002, 5003}));
      comes_from(5002);
      BOOST_TEST(network.show(requester, id)["waiting_for"] == Json({5001, 5003}));
      BOOST_TEST(mentions(network.text_at(requester, {"show-exchange", id}).out, "waiting for 5001, 5003"));
      comes_from(5003);
    }
  }
  BOOST_TEST(network.state(requester, id) == "committed");
}

BOOST_AUTO_TEST_CASE(the_rounds_of_a_vote_are_counted_and_the_block_is_brought_to_all) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 7);
  network.receive_until_quiet();
  const auto mined = network.text_at(requester, {"mine", id});
  BOOST_TEST(mentions(mined.out, "next, 4 times until all have the block (propose, prevote, precommit, commit):"),
             mined.out);
  const auto round = [&] {
    for (const int port : {5001, 5002, 5003}) network.ok(port, {"receive"});
    return network.ok(requester, {"receive"});
  };
  BOOST_TEST(round()["next"].is_null());
  BOOST_TEST(mentions(network.text_at(requester, {"show-exchange", id}).out, "next, 3 times"));
  round();
  const auto committed = round();
  const auto shown = network.show(requester, id);
  BOOST_TEST(shown["state"] == "committed");
  BOOST_TEST(shown["next"] == committed["next"]);
  BOOST_TEST(shown["waiting_for"].empty());
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "final: every peer that takes in the block"));
  BOOST_TEST(mentions(network.text_at(requester, {"receive"}).out,
                      "next, at each other peer: receive\n  " + network.here(5001, "receive")));
  // Without it a class that does what is printed would stop with unequal chains.
  const auto last = network.shell(shown["next"]);
  BOOST_TEST(last.exit_code == 0, last.err);
  BOOST_TEST(network.equal_chains() == 1);
  BOOST_TEST(network.show(requester, id)["next"].is_null());
  BOOST_TEST(network.ok(requester, {"receive"})["next"].is_null());
}

BOOST_AUTO_TEST_CASE(a_step_at_the_wrong_peer_is_named_with_its_option) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 3);
  network.receive_until_quiet();
  const auto settle = network.at(requester, {"mine", id, "--settle"});
  BOOST_TEST(settle.token() == "unexpected");
  BOOST_TEST(mentions(settle.err, network.here(owner, "mine --settle " + id.substr(0, 12))), settle.err);
  const auto claim = network.at(owner, {"mine", id, "--without-owner"});
  BOOST_TEST(mentions(claim.err, network.here(requester, "mine --without-owner " + id.substr(0, 12))), claim.err);
}

BOOST_AUTO_TEST_CASE(a_book_is_not_said_to_be_opened_twice) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 5);
  network.receive_until_quiet();
  BOOST_TEST(mentions(network.text_at(requester, {"open", id}).out, "the book is decrypted"));
  const auto again = network.text_at(requester, {"open", id});
  BOOST_TEST(mentions(again.out, "done before, nothing was sent"), again.out);
  BOOST_TEST(!mentions(again.out, "decrypted"), again.out);
}

BOOST_AUTO_TEST_CASE(a_step_that_no_exchange_waits_for_is_not_yet_due_and_says_what_is) {
  const Network network;
  network.refused(requester, {"grant"}, 5, "wrong-step");
  network.refused(requester, {"mine"}, 5, "wrong-step");
  std::vector<std::string> ids;
  for (const std::size_t place : {0U, 1U}) {
    ids.push_back(network.request(requester, owner, network.book_of(owner, place)));
  }
  const auto early = network.at(requester, {"consent"});
  BOOST_TEST(early.token() == "wrong-step");
  for (const auto& id : ids) BOOST_TEST(mentions(early.err, id.substr(0, 12) + " grant at 5001"), early.err);
}

BOOST_AUTO_TEST_SUITE_END()
