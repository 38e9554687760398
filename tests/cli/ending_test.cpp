// Exchanges that end without a hand-over: over for good, at every peer that takes part, with the reason,
// and a new request for the same book works (docs/protocol.md, section 5, "an exchange that went nowhere").
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// Every peer was told, or saw it in the chain.
void check_over_everywhere(const Network& network, const std::string& id, const std::string& reason) {
  for (const int port : network.ports()) {
    const auto shown = network.show(port, id);
    BOOST_TEST_CONTEXT(port << ": " << shown.dump()) {
      const std::string state = shown["state"];
      BOOST_TEST((state == "refused" || state == "aborted" || state == "invalid"));
      BOOST_REQUIRE(shown["reason"].is_string());
      BOOST_TEST(mentions(shown["reason"], reason));
      BOOST_TEST(shown["waiting_for"].empty());
    }
  }
}

/// What is over stays over. Of the steps after the request the first `done` were taken before: whoever takes
/// one of them again may be told so instead.
void check_no_step_is_possible(const Network& network, const std::string& id, std::size_t done) {
  const auto before = network.at(owner, {"list-exchanges"}).out;
  for (std::size_t i = 0; i < steps_after_request().size(); ++i) {
    const auto& step = steps_after_request()[i];
    const auto ended = network.at(step.by_owner ? owner : requester, {step.name, id});
    BOOST_TEST_CONTEXT(step.name << ": " << ended.out << ended.err) {
      if (i < done && ended.exit_code == 0) {
        BOOST_TEST(ended.json()["sent"].empty());
      } else {
        BOOST_TEST(ended.exit_code == 3);
        BOOST_TEST(ended.token() == "exchange-over");
      }
    }
  }
  BOOST_TEST(network.at(owner, {"list-exchanges"}).out == before);
}

void check_can_be_had(const Network& network, int by, const std::string& book) {
  const auto id = network.exchange(by, owner, book);
  for (const int port : network.ports()) BOOST_TEST(network.state(port, id) == "committed");
  BOOST_TEST(network.on_shelf(by, book));
  network.equal_chains();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ending_before_consent)

BOOST_AUTO_TEST_CASE(a_refused_request_is_over_everywhere_and_a_new_one_works) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto id = network.exchange(requester, owner, book, 1);
  network.receive_all();
  const auto refused = network.ok(owner, {"refuse", id, "--reason", "not today"});
  BOOST_TEST(refused["state"] == "refused");
  BOOST_TEST(network.ok(owner, {"refuse", id})["sent"].empty());
  network.receive_until_quiet();
  BOOST_TEST(network.state(requester, id) == "refused");
  check_over_everywhere(network, id, "not today");
  check_no_step_is_possible(network, id, 0);
  check_can_be_had(network, requester, book);
}

BOOST_AUTO_TEST_CASE(only_the_owner_refuses_and_only_before_it_granted) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  network.receive_all();
  BOOST_TEST(network.at(requester, {"refuse", id}).exit_code == 3);
  network.refused(5002, {"refuse", id}, 3, "unexpected");
  network.ok(owner, {"grant", id});
  BOOST_TEST(network.at(owner, {"refuse", id}).exit_code == 3);
  BOOST_TEST(network.state(owner, id) == "granted");
}

BOOST_AUTO_TEST_CASE(a_requester_gives_up_before_and_after_the_grant) {
  const Network network;
  const auto book = network.book_of(owner);
  for (const int last : {1, 2}) {
    const auto id = network.exchange(requester, owner, book, last);
    network.receive_all();
    network.receive_all();
    BOOST_TEST(network.ok(requester, {"abort", id})["state"] == "aborted");
    BOOST_TEST(network.ok(requester, {"abort", id})["sent"].empty());
    network.receive_until_quiet();
    check_over_everywhere(network, id, "given up by 5000");
    network.refused(requester, {"consent", id}, 3, "exchange-over");
  }
  // The same peer may be granted the book again in the same turn.
  check_can_be_had(network, requester, book);
}

// "R has no abort after its consent."
BOOST_AUTO_TEST_CASE(after_its_consent_a_requester_cannot_go_back) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto id = network.exchange(requester, owner, book, 3);
  network.refused(requester, {"abort", id}, 3, "too-late");
  network.settle();
  BOOST_TEST(network.state(requester, id) == "committed");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ending_by_the_chain)

// "to another R only after ABORT{book, version, turn} ... is committed"
BOOST_AUTO_TEST_CASE(an_abort_in_the_chain_frees_the_book_for_another_requester) {
  const Network network;
  const auto book = network.book_of(owner);
  for (const std::size_t last : {2U, 3U, 4U}) {
    const auto id = network.exchange(requester, owner, book, static_cast<int>(last));
    network.receive_all();
    const auto aborted = network.ok(owner, {"abort", id});
    BOOST_TEST(!aborted["sent"].empty());
    BOOST_REQUIRE(aborted["next"].is_string());
    BOOST_TEST(!mentions(aborted["next"], "consent"), "an abort is voted on, no step follows: " << aborted["next"]);
    network.receive_until_quiet();
    check_over_everywhere(network, id, "ABORT");
    check_no_step_is_possible(network, id, last - 1);
  }
  const auto blocks = network.ok({"show-chain"})["blocks"];
  BOOST_REQUIRE(blocks.size() == 3);
  for (const auto& block : blocks) {
    BOOST_TEST(block["miner"] == owner);
    BOOST_TEST(block["transactions"][0]["type"] == "abort");
    BOOST_TEST(block["transactions"][0]["book"] == book);
  }
  check_can_be_had(network, 5002, book);
  BOOST_TEST(network.equal_chains() == 4);
}

// "O never signs both RELEASE and ABORT in one turn."
BOOST_AUTO_TEST_CASE(an_owner_that_released_the_key_cannot_abort) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 5);
  network.refused(owner, {"abort", id}, 3, "too-late");
  network.settle();
  BOOST_TEST(network.state(owner, id) == "committed");
}

BOOST_AUTO_TEST_CASE(of_two_requesters_for_one_book_one_gets_it_and_the_other_learns_why_not) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto first = network.exchange(requester, owner, book, 1);
  const auto second = network.exchange(5002, owner, book, 1);
  network.receive_all();
  network.ok(owner, {"grant", first});
  network.refused(owner, {"grant", second}, 3, "exchange-over");
  network.settle();
  for (const int port : network.ports()) BOOST_TEST(network.state(port, first) == "committed");
  check_over_everywhere(network, second, "granted to another requester");
  BOOST_TEST(network.show(5002, second)["token"] == "book-busy");
  // The book has moved: it can be had from its new owner.
  network.refused(5002, {"request", "--from", "5001", "--book", book}, 3, "not-owner");
  const auto again = network.exchange(5002, requester, book);
  BOOST_TEST(network.state(5003, again) == "committed");
  BOOST_TEST(network.equal_chains() == 2);
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_after_the_book_has_moved_is_refused_everywhere) {
  const Network network;
  const auto book = network.book_of(owner);
  const auto late = network.exchange(5002, owner, book, 1);
  // 5001 does not look at it until the book is gone.
  const auto first = network.ok(requester, {"request", "--from", "5001", "--book", book});
  network.settle();
  std::set<std::string> states;
  for (const std::string& id : {late, first["exchange"].get<std::string>()}) {
    const std::string at_owner = network.state(owner, id);
    states.insert(at_owner);
    for (const int port : network.ports()) {
      const auto shown = network.show(port, id);
      BOOST_TEST((shown["state"] == "committed") == (at_owner == "committed"));
      if (at_owner != "committed") BOOST_TEST(shown["reason"].is_string(), port << shown.dump());
    }
  }
  BOOST_TEST(states.size() == 2, "one is committed and one is not");
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
