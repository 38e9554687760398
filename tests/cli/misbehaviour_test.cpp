// `serve --misbehave KIND` (docs/protocol.md, sections 5 and 6): one liar among five peers, in every way that the
// program knows. What becomes of the honest ones is what section 6 promises, and where two signatures exclude each
// other every honest peer has the evidence.
#include <cstdlib>
#include <sstream>

#include "tests/cli/one_liar.hpp"

namespace {

using namespace bookchain::tests;         // NOLINT(google-build-using-namespace)
using namespace bookchain::tests::liars;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(silent_peers)

BOOST_AUTO_TEST_CASE(whoever_falls_silent_after_any_step_takes_nothing_from_the_others) {
  for (const auto& each : {
           Case{"silent-after-request", requester, End::open},
           Case{"silent-after-consent", requester, End::committed, "settled"},
           Case{"silent-after-open", requester, End::committed, "settled"},
           Case{"silent-after-check-key", requester, End::committed, "settled"},
           Case{"silent-after-mine", requester, End::committed, ""},
       }) {
    play(each);
  }
}

BOOST_AUTO_TEST_CASE(an_owner_that_falls_silent_keeps_its_book_or_loses_it_for_good) {
  for (const auto& each : {
           Case{"silent", owner, End::open},
           Case{"silent-after-grant", owner, End::committed, "claimed"},
           Case{"silent-after-check-id", owner, End::committed, "claimed"},
           Case{"silent-after-release", owner, End::committed},
       }) {
    play(each);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(silent_witnesses)

BOOST_AUTO_TEST_CASE(one_of_three_witnesses_may_be_silent_from_any_step_on) {
  for (const auto* kind : {"silent", "silent-after-grant", "silent-after-check-id", "silent-after-mine",
                           "withheld-answers", "withheld-votes"}) {
    play({kind, witness, End::committed});
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lying_requesters_and_owners)

BOOST_AUTO_TEST_CASE(a_requester_that_lies_gains_nothing) {
  for (const auto& each : {
           Case{"wrong-id", requester, End::over},
           Case{"two-ids", requester, End::committed},
           Case{"two-consents", requester, End::committed, "mined", "two-consents"},
           Case{"two-proposals", requester, End::committed, "mined", "two-proposals"},
           Case{"replay", requester, End::committed},
       }) {
    play(each);
  }
}

// It has the key, and its own blocks come to nothing: the owner has the transfer settled.
BOOST_AUTO_TEST_CASE(a_proposer_that_lies_stops_no_other) {
  for (const auto* kind : {"false-dispute", "largest-round", "endless-ballots"}) {
    play({kind, requester, End::committed, "settled"});
  }
  play({"false-certificate", requester, End::committed, ""});  // its block is locked at itself: another may finish it
}

BOOST_AUTO_TEST_CASE(an_owner_that_lies_is_found_out) {
  for (const auto& each : {
           Case{"wrong-key", owner, End::committed, "claimed"},
           Case{"bad-chunk", owner, End::over, "", "bad-chunk"},
       }) {
    play(each);
  }
}

namespace {

/// Everybody but the liar takes in until nothing comes, and then knows of this fault and no other.
void check_evidence(const Stage& stage, int liar, const std::string& fault) {
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(liar)) stage.network.ok(port, {"receive"});
  }
  for (const int port : stage.honest(liar)) {
    BOOST_TEST((stage.faults(port, liar) == std::set<std::string>{fault}), "at " << port);
  }
}

}  // namespace

// The witness that is shown both tells the requester before it consents.
BOOST_AUTO_TEST_CASE(two_grants_for_one_request_end_it_before_the_consent) {
  const Stage stage;
  const auto id = stage.request(requester);
  (void)stage.network.at(owner, {"serve", "--misbehave", "two-grants", "--until-idle=0"});
  for (const int port : {5002, 5003, 5004, requester}) stage.network.ok(port, {"receive"});
  const auto shown = stage.network.show(requester, id);
  BOOST_TEST(shown["state"] == "invalid", shown.dump());
  BOOST_TEST(mentions(shown["reason"], "two grants"), shown["reason"]);
  check_evidence(stage, owner, "two-grants");
}

// The requester does not look until the ABORT is in the chain: then it holds the RELEASE beside it.
BOOST_AUTO_TEST_CASE(an_abort_of_what_was_released_is_proven_by_the_requester) {
  Stage stage;
  const auto id = stage.request(requester);
  for (const int port : {5002, 5003, 5004}) stage.serve(port, {});
  stage.serve(owner, {"--misbehave", "release-and-abort", "--recover-after", "never"});
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.network.at(requester, {"consent"}).exit_code == 0;
  }));
  BOOST_TEST(Stage::becomes_true([&] { return stage.network.ok(5002, {"status"})["height"] == 1; }));
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.state(requester, id) == "aborted";
  }));
  stage.servers.clear();
  check_evidence(stage, owner, "release-and-abort");
  BOOST_TEST(stage.network.ok(requester, {"history", stage.book})["history"].size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lying_witnesses)

BOOST_AUTO_TEST_CASE(one_lying_witness_of_three_stops_nothing_and_is_named_where_it_signed_twice) {
  for (const auto& each : {
           Case{"lying-answers", witness, End::committed},
           Case{"used-id", witness, End::committed},
           Case{"two-id-answers", witness, End::committed, "mined", "two-id-answers"},
           Case{"two-answers", witness, End::committed, "mined", "two-answers"},
           Case{"two-prevotes", witness, End::committed, "mined", "two-prevotes"},
           Case{"two-precommits", witness, End::committed, "mined", "two-precommits"},
       }) {
    play(each);
  }
}

// A block that one proposer has the votes for, and has not committed yet, is what the next one must propose: who has
// precommitted on it and answers the next that it has no lock is named when the first certificate comes.
BOOST_AUTO_TEST_CASE(a_hidden_lock_is_named_by_the_voters_that_see_the_certificate_of_the_first_ballot) {
  const Stage stage;
  const auto& network = stage.network;
  const auto id = network.exchange(requester, owner, stage.book, 7);
  network.receive_until_quiet();  // the answers about the key
  network.ok(requester, {"mine"});
  const auto others_receive = [&] {
    for (const int port : {owner, 5002, witness, 5004}) network.ok(port, {"receive"});
  };
  for (int phase = 0; phase < 2; ++phase) {  // answers, then prevotes
    others_receive();
    network.ok(requester, {"receive"});
  }
  others_receive();  // the precommits wait at the requester
  network.ok(owner, {"mine", "--settle", id});
  for (const int port : {5002, 5004}) network.ok(port, {"receive"});
  (void)network.at(witness, {"serve", "--misbehave", "hidden-lock", "--until-idle=0"});
  network.ok(owner, {"receive"});  // proposes again, with the answers
  for (const int port : {5002, 5004, requester}) network.ok(port, {"receive"});
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(witness)) network.ok(port, {"receive"});
  }
  BOOST_TEST(network.state(requester, id) == "committed");
  BOOST_TEST(form_of_last_transfer(stage, owner) == "mined");
  for (const int port : stage.honest(witness)) {
    BOOST_TEST((stage.faults(port, witness) == std::set<std::string>{"hidden-lock"}), "at " << port);
  }
}

// The owner is silent as well: one fault more than is borne, and still the shares of the other two witnesses do.
BOOST_AUTO_TEST_CASE(a_false_share_is_refused_and_those_of_the_others_give_the_key) {
  Stage stage;
  const auto id = stage.request(requester);
  (void)stage.network.at(owner, {"serve", "--until-idle=0"});  // grants, and is gone
  stage.serve(witness, {"--misbehave", "false-shares", "--recover-after", "never"});
  BOOST_TEST(Stage::becomes_true([&] {
    stage.network.ok(requester, {"receive"});
    return stage.network.show(requester, id)["next"].is_string() && stage.network.ok(5003, {"status"})["inbox"] == 0;
  }));
  for (const int port : {5002, 5004, requester}) stage.serve(port, {"--recover-after", "1"});
  BOOST_TEST(Stage::becomes_true([&] { return stage.network.on_shelf(requester, stage.book); }));
  BOOST_TEST(stage.state(requester, id) == "committed");
  BOOST_TEST(form_of_last_transfer(stage, requester) == "claimed");
  BOOST_TEST(Stage::becomes_true([&] { return mentions(stage.servers.back()->out_so_far(), "wrong-share"); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(misbehaviour)

// The shares are asked for only where the owner is silent, which is one fault more than is borne; and still the false
// deal is proven, and the book that could not be read goes back.
BOOST_AUTO_TEST_CASE(false_shares_are_proven_when_the_owner_falls_silent) {
  Stage stage;
  const auto id = stage.request(requester);
  (void)stage.network.at(owner, {"serve", "--misbehave", "bad-shares", "--until-idle=0"});  // grants, and is gone
  for (const int port : {requester, 5002, 5003, 5004}) stage.serve(port, {"--recover-after", "1"});
  BOOST_TEST(Stage::becomes_true([&] { return stage.state(requester, id) == "invalid"; }), stage.state(requester, id));
  BOOST_TEST((stage.faults(requester, owner) == std::set<std::string>{"bad-deal"}));
  const auto history = stage.network.ok(requester, {"history", stage.book})["history"];
  BOOST_TEST(history.size() == 3U);
  BOOST_TEST(history.back()["owner"] == owner);
}

BOOST_AUTO_TEST_CASE(a_double_sale_reaches_at_most_one_requester_and_every_honest_peer_has_the_evidence) {
  Stage stage;
  const auto first = stage.request(requester);
  const Words for_a_moment{"serve", "--misbehave", "double-sale", "--until-idle=0"};
  (void)stage.network.at(owner, for_a_moment);
  const auto second = stage.request(5002);
  (void)stage.network.at(owner, for_a_moment);
  stage.all_serve(owner, "double-sale");
  const auto ended = [&](int port, const std::string& id) {
    const auto state = stage.state(port, id);
    return is_over(state) || state == "committed";
  };
  BOOST_TEST(Stage::becomes_true([&] { return ended(requester, first) && ended(5002, second); }));
  const auto history = stage.network.ok(5003, {"history", stage.book})["history"];
  BOOST_TEST(history.size() <= 2U);
  for (const int port : stage.honest(owner)) {
    BOOST_TEST(Stage::becomes_true([&] { return stage.faults(port, owner).contains("double-sale"); }), port);
  }
}

namespace {

/// The kinds that `help serve` lists, one a line of two columns.
std::vector<std::string> listed_kinds() {
  std::istringstream help(run({"help", "serve"}).out);
  std::vector<std::string> kinds;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (!line.starts_with("  ")) listed = line.ends_with("KIND:");
    if (listed && line.starts_with("  ")) kinds.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return kinds;
}

}  // namespace

BOOST_AUTO_TEST_CASE(peers_misbehave_on_test_networks_only_and_in_ways_of_which_each_has_a_case_here) {
  const Network real;
  real.refused(owner, {"serve", "--misbehave", "wrong-key", "--until-idle=0"}, 3, "not-a-test-network");
  const Network test({"--seed", "kinds"});
  test.refused(owner, {"serve", "--misbehave", "wrong-kay"}, 2, "usage");
  const auto kinds = listed_kinds();
  BOOST_TEST(kinds.size() >= 34U);
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE(source != nullptr);
  const auto cases = read_file(path(source) / "tests/cli/misbehaviour_test.cpp");
  for (const auto& kind : kinds) {
    BOOST_TEST(mentions(cases, "\"" + kind + "\""), kind << " has no case");
    const auto served = test.at(5003, {"serve", "--misbehave", kind, "--until-idle=0"});
    BOOST_TEST(served.exit_code == 0);
    BOOST_TEST(mentions(served.err, "misbehaves"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
