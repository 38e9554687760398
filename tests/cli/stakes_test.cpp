// show-exchange in plain words: at every step, and at each of the peers, what is guaranteed as the exchange stands, who
// could still gain or lose what, and what nobody promises.
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"
#include "tests/cli/roles.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(stakes)

BOOST_AUTO_TEST_CASE(every_state_says_what_is_sure_what_is_at_stake_and_what_is_not_promised) {
  const std::vector<std::pair<int, std::string>> said_at_the_requester{
      {1, "the book is 5001's, and nothing of it is here"},
      {2, "no block can make the book 5000's without its consent"},
      {3, "mine --without-owner"},
      {5, "mine --settle"},
      {6, "every byte is as it was registered"},
      {8, "every peer that takes in the block has the book as 5000's"},
  };
  for (const auto& [last, words] : said_at_the_requester) {
    const Network fresh;
    const auto id = fresh.exchange(requester, owner, fresh.book_of(owner), last);
    fresh.receive_until_quiet();
    for (const int port : {requester, owner, witness}) {
      const auto shown = fresh.show(port, id);
      const bool by_id_alone = port == witness && last == 1;
      for (const char* field : {"guaranteed", "at_stake", "not_guaranteed"}) {
        BOOST_TEST(shown[field].empty() == by_id_alone, port << ", step " << last << ": " << shown.dump());
      }
    }
    const auto shown = fresh.show(requester, id);
    const auto all = shown["guaranteed"].dump() + shown["at_stake"].dump();
    BOOST_TEST(mentions(all, words), "step " << last << ": " << all);
    const auto text = run({"-n", fresh.folder().string(), "-p", "5000", "show-exchange", id}).out;
    for (const char* heading : {"guaranteed now", "who could still gain or lose", "not guaranteed"}) {
      BOOST_TEST(mentions(text, heading), text);
    }
  }
}

BOOST_AUTO_TEST_CASE(once_the_witnesses_have_answered_nobody_is_told_that_they_may_not) {
  struct Wait {
    int last;  ///< the step before
    int port;  ///< whose step it is that asks the witnesses
    const char* step;
    const char* open;  ///< said until they have answered
    const char* then;
  };
  for (const auto& [last, port, step, open, then] :
       {Wait{1, owner, "grant", "acknowledge", "that 5000 consents"},
        Wait{3, owner, "check-id", "without them no block can record it", "a transfer or an abort of 5001"},
        Wait{6, requester, "check-key", "answer about the key", "the transfer is in the chain"}}) {
    const Network network;
    const auto id = network.exchange(requester, owner, network.book_of(owner), last);
    network.receive_until_quiet();
    network.ok(port, {step, id});
    const auto said = [&] { return network.show(requester, id)["not_guaranteed"].dump(); };
    network.ok(requester, {"receive"});
    BOOST_TEST(mentions(said(), open), said());
    network.receive_until_quiet();
    BOOST_TEST(!mentions(said(), open), said());
    BOOST_TEST(mentions(said(), then), said());
  }
}

BOOST_AUTO_TEST_CASE(an_exchange_that_is_over_says_so_and_why_nothing_brings_it_back) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 2);
  network.receive_until_quiet();
  network.ok(requester, {"abort", id});
  network.receive_until_quiet();
  BOOST_TEST(mentions(network.show(requester, id)["guaranteed"].dump(), "no block can record it"));
  BOOST_TEST(mentions(network.show(owner, id)["at_stake"].dump(), "once it has aborted the turn on the chain"));
}

// Whoever has not granted knows that nobody has anything; all others know only that nothing has come to them.
BOOST_AUTO_TEST_CASE(a_grant_under_way_makes_nothing_untrue_that_its_requester_is_told) {
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 1);
  network.ok(owner, {"receive"});
  const auto sure = [&](int port) { return network.show(port, id)["guaranteed"].dump(); };
  BOOST_TEST(mentions(sure(owner), "nobody has anything of it"));
  network.ok(owner, {"grant", id});
  BOOST_TEST(network.state(requester, id) == "requested");
  BOOST_TEST(!mentions(sure(requester), "nobody"), sure(requester));
  BOOST_TEST(mentions(network.show(requester, id)["not_guaranteed"].dump(), "has not done so already"));
  network.ok(requester, {"abort", id});
  BOOST_TEST(!mentions(sure(requester), "nobody"), sure(requester));
  BOOST_TEST(mentions(sure(requester), "no grant has come here"), sure(requester));
  BOOST_TEST(mentions(sure(requester), "5000 has not consented"), sure(requester));
}

BOOST_AUTO_TEST_SUITE_END()
