// show-exchange in plain words: at every step, and at each of the peers, what is guaranteed as the exchange stands, who
// could still gain or lose what, and what nobody promises.
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

constexpr int requester = 5000;
constexpr int owner = 5001;
constexpr int witness = 5002;

}  // namespace

BOOST_AUTO_TEST_SUITE(stakes)

BOOST_AUTO_TEST_CASE(every_state_says_what_is_sure_what_is_at_stake_and_what_is_not_promised) {
  const std::vector<std::pair<int, std::string>> said_at_the_requester{
      {1, "the book is 5001's, and nobody has anything of it"},
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
  const Network network;
  const auto id = network.exchange(requester, owner, network.book_of(owner), 3);
  network.receive_until_quiet();
  const auto may_not_answer = [&](int port) {
    return mentions(network.show(port, id)["not_guaranteed"].dump(), "without them no block can record it");
  };
  for (const int port : {requester, owner}) BOOST_TEST(may_not_answer(port));
  network.ok(owner, {"check-id", id});
  network.receive_until_quiet();
  for (const int port : {requester, owner}) {
    BOOST_TEST(!may_not_answer(port));
    BOOST_TEST(mentions(network.show(port, id)["not_guaranteed"].dump(), "a transfer or an abort of 5001"));
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

BOOST_AUTO_TEST_SUITE_END()
