// "With four and one witness dead, the program says at once which answer is missing and that no exchange can pass
// without it" (docs/protocol.md, claim 8), and says so only where it is true: without an answer about the key a
// transfer is claimed, and the votes of three are enough. With five peers the others are enough
// (tests/cli/misbehaviour_test.cpp).
#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>

#include "tests/cli/roles.hpp"
#include "tests/cli/serving.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

constexpr int dead = 5003;
const std::string no_exchange_passes =
    "with 4 peers every witness must answer: no exchange passes without one that is silent";

/// Four peers, and an exchange in which everybody took part up to a step; from then on one witness takes nothing in.
struct FourOfWhichOneDies {
  Network network;
  std::string id;

  explicit FourOfWhichOneDies(int last) {
    id = network.exchange(requester, owner, network.book_of(owner), last);
    if (last == 1) return;
    network.receive_until_quiet();
  }
  void the_others_receive() const {
    for (int round = 0; round < 2; ++round) {
      for (const int port : {requester, owner, 5002}) network.ok(port, {"receive"});
    }
  }
  void until_committed() const {
    for (int round = 0; round < 10 && network.state(5002, id) != "committed"; ++round) the_others_receive();
    the_others_receive();
    for (const int port : {requester, owner, 5002}) BOOST_TEST(network.state(port, id) == "committed", port);
  }
  [[nodiscard]] std::string form() const {
    return network.ok(5002, {"show-chain"})["blocks"][0]["transactions"][0]["form"];
  }
  [[nodiscard]] std::string short_id() const { return id.substr(0, 12); }

  /// Everything at this peer names the dead witness, and says what follows from its silence.
  /// The hint is typed as it stands, and ends with what is left where that witness is dead.
  void all_name_the_dead(int port, const Words& step, const std::string& hint, const std::string& way_out,
                         const std::string& token = "waiting") const {
    const auto refused = network.at(port, step);
    BOOST_TEST(refused.exit_code == 5);
    BOOST_TEST(refused.token() == token, refused.err);
    BOOST_TEST(mentions(refused.err, "receive is due at 5003"), refused.err);
    BOOST_TEST(mentions(refused.err, hint), refused.err);
    BOOST_TEST(refused.hint().starts_with("bookchain "), refused.err);
    BOOST_TEST(refused.hint().ends_with(network.here(port, way_out)), refused.err);
    BOOST_TEST((network.show(port, id)["waiting_for"] == Json{dead}), network.show(port, id).dump());
    const auto idle = network.at(port, {"serve", "--until-idle=0.3"});
    BOOST_TEST(idle.exit_code == 5);
    BOOST_TEST(mentions(idle.err, "waiting for 5003"), idle.err);
    BOOST_TEST(mentions(idle.err, hint), idle.err);
    BOOST_TEST(idle.hint() == refused.hint(), idle.err);
    for (const auto* command : {"receive", "step"}) {
      const auto out = network.text_at(port, {command}).out;
      BOOST_TEST(mentions(out, short_id() + " waits for 5003; " + hint), out);
    }
    BOOST_TEST(mentions(network.text_at(port, {"list-exchanges"}).out, "receive at 5003"));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dead_witness)

BOOST_AUTO_TEST_CASE(dead_before_its_ack_nothing_passes_and_requester_and_owner_are_told) {
  const FourOfWhichOneDies play(1);
  const auto& network = play.network;
  play.the_others_receive();
  network.ok(owner, {"grant", play.id});
  play.the_others_receive();
  const auto abort = "abort " + play.short_id();
  play.all_name_the_dead(requester, {"consent", play.id}, no_exchange_passes, abort);
  play.all_name_the_dead(owner, {"check-id", play.id}, no_exchange_passes, abort, "wrong-step");
  const auto shown = network.show(requester, play.id);
  BOOST_TEST(mentions(shown["not_guaranteed"].dump(), "both witnesses"));
  BOOST_TEST(mentions(shown["not_guaranteed"].dump(), no_exchange_passes));
  // Nothing was given away, and the requester may give it up.
  network.ok(requester, {"abort", play.id});
  BOOST_TEST(network.on_shelf(owner, network.book_of(owner)));
}

BOOST_AUTO_TEST_CASE(dead_before_its_answer_about_the_id_nothing_passes_and_the_owner_is_told) {
  const FourOfWhichOneDies play(3);
  const auto& network = play.network;
  network.ok(owner, {"check-id", play.id});
  play.the_others_receive();
  play.all_name_the_dead(owner, {"release", play.id}, no_exchange_passes, "abort " + play.short_id());
  network.ok(requester, {"mine", "--without-owner", play.id});
  play.the_others_receive();
  // They are asked once.
  const auto again = network.ok(requester, {"mine", "--without-owner", play.id});
  BOOST_TEST(again["sent"].empty());
  BOOST_TEST((network.show(requester, play.id)["waiting_for"] == Json{dead}));
  BOOST_TEST(network.on_shelf(owner, network.book_of(owner)));
}

BOOST_AUTO_TEST_CASE(dead_before_its_answer_about_the_key_the_transfer_is_claimed) {
  const FourOfWhichOneDies play(6);
  const auto& network = play.network;
  network.ok(requester, {"check-key", play.id});
  play.the_others_receive();
  const auto way = "mine --without-owner " + play.short_id();
  play.all_name_the_dead(requester, {"mine", play.id}, "go on without the answer: " + way, way);
  const auto shown = network.show(requester, play.id);
  BOOST_TEST(!mentions(shown.dump(), no_exchange_passes), shown.dump());
  BOOST_TEST(shown["next"].get<std::string>().ends_with(way), shown["next"]);
  BOOST_TEST((shown["peers"][0]["may"] == Json{"wait for the answers about the key", "mine --without-owner"}));
  network.ok(requester, {"mine", "--without-owner", play.id});
  play.until_committed();
  BOOST_TEST(play.form() == "claimed");
  BOOST_TEST(network.on_shelf(requester, network.ok(5002, {"show-chain"})["blocks"][0]["transactions"][0]["book"]));
}

BOOST_AUTO_TEST_CASE(dead_before_the_votes_the_block_is_committed_by_the_other_three) {
  const FourOfWhichOneDies play(7);
  play.network.ok(requester, {"mine", play.id});
  play.until_committed();
  BOOST_TEST(play.form() == "mined");
}

// Who just waits is told whom for, once.
BOOST_AUTO_TEST_CASE(serve_and_a_request_that_waits_say_whom_they_wait_for) {
  const Network network;
  std::vector<std::unique_ptr<Background>> servers;
  for (const int port : {owner, 5002}) servers.push_back(serve_in_background(network, port, {}));
  const auto waited = run({"-n", network.folder().string(), "-p", "5000", "request", "--from", "5001", "--book",
                           network.book_of(owner), "--wait=4"});
  BOOST_TEST(waited.exit_code == 5);
  const auto first = waited.err.find("waiting: ");
  BOOST_REQUIRE_MESSAGE(first != std::string::npos, waited.err);
  BOOST_TEST(mentions(waited.err.substr(first), "waits for 5003; " + no_exchange_passes), waited.err);
  BOOST_TEST(waited.err.find("waiting: ", first + 1) == std::string::npos, waited.err);
  const auto events = [&] { return servers.front()->out_so_far(); };
  for (int i = 0; i < 50 && !mentions(events(), R"("event":"waiting")"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const auto told = events();
  BOOST_TEST(mentions(told, R"("event":"waiting")"), told);
  BOOST_TEST(mentions(told, R"("waiting_for":[5003])"), told);
  BOOST_TEST(mentions(told, no_exchange_passes), told);
}

// An owner that released the key waits for nothing that it could not do without.
BOOST_AUTO_TEST_CASE(an_owner_that_released_is_told_that_it_can_settle) {
  const FourOfWhichOneDies play(5);
  const auto shown = play.network.show(owner, play.id);
  const auto way = "mine --settle " + play.short_id();
  BOOST_TEST((shown["peers"][1]["may"] == Json{"mine --settle"}));
  BOOST_TEST(shown["next"].get<std::string>().ends_with(way), shown["next"]);
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "5001 can have the transfer recorded alone: mine --settle"));
  BOOST_TEST(mentions(shown["guaranteed"].dump(), "5000 can have it recorded as well"));
  const auto text = play.network.text_at(owner, {"show-exchange"}).out;
  BOOST_TEST(mentions(text, "guaranteed now, while at most 1 of 4 peers are faulty or gone"), text);
  BOOST_TEST(mentions(text, "or, without 5000:"), text);
}

BOOST_AUTO_TEST_SUITE_END()
