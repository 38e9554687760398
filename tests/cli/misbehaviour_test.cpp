// `serve --misbehave KIND` (docs/protocol.md, sections 5 and 6): one liar among five peers, in every way that the
// program knows. What becomes of the honest ones is what section 6 promises, and where two signatures exclude each
// other every honest peer has the evidence.
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <map>
#include <sstream>

#include "tests/cli/one_liar.hpp"

namespace {

using namespace bookchain::tests;         // NOLINT(google-build-using-namespace)
using namespace bookchain::tests::liars;  // NOLINT(google-build-using-namespace)

/// Everybody but the liar takes in until nothing comes, and then knows of this fault and no other.
void check_evidence(const Stage& stage, int liar, const std::string& fault) {
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(liar)) stage.network.ok(port, {"receive"});
  }
  for (const int port : stage.honest(liar)) {
    BOOST_TEST((stage.faults(port, liar) == std::set<std::string>{fault}), "at " << port);
  }
}

// The witness that is shown both tells the requester before it consents.
void grant_twice(const Case& each) {
  const Stage stage;
  const auto id = stage.request(requester);
  stage.serve_for_a_moment(owner, each.kind);
  for (const int port : {5002, 5003, 5004, requester}) stage.network.ok(port, {"receive"});
  const auto shown = stage.network.show(requester, id);
  BOOST_TEST(shown["state"] == "invalid", shown.dump());
  BOOST_TEST(mentions(shown["reason"], "two grants"), shown["reason"]);
  check_evidence(stage, owner, each.evidence);
}

// The requester does not look until the ABORT is in the chain: then it holds the RELEASE beside it.
void release_and_abort(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  for (const int port : {5002, 5003, 5004}) stage.serve(port, {});
  stage.serve(owner, {"--misbehave", each.kind, "--recover-after", "never"});
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
  check_evidence(stage, owner, each.evidence);
  BOOST_TEST(stage.network.ok(requester, {"history", stage.book})["history"].size() == 1U);
}

// A block that one proposer has the votes for, and has not committed yet, is what the next one must propose: who has
// precommitted on it and answers the next that it has no lock is named when the first certificate comes.
void hide_a_lock(const Case& each) {
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
  stage.serve_for_a_moment(witness, each.kind);
  network.ok(owner, {"receive"});  // proposes again, with the answers
  for (const int port : {5002, 5004, requester}) network.ok(port, {"receive"});
  for (int round = 0; round < 4; ++round) {
    for (const int port : stage.honest(witness)) network.ok(port, {"receive"});
  }
  BOOST_TEST(network.state(requester, id) == "committed");
  BOOST_TEST(form_of_last_transfer(stage, owner) == "mined");
  for (const int port : stage.honest(witness)) {
    BOOST_TEST((stage.faults(port, witness) == std::set<std::string>{each.evidence}), "at " << port);
  }
}

// The owner is silent as well: one fault more than is borne, and still the shares of the other two witnesses do.
void give_a_false_share(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  (void)stage.network.at(owner, {"serve", "--until-idle=0"});  // grants, and is gone
  stage.serve(witness, {"--misbehave", each.kind, "--recover-after", "never"});
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

// The shares are asked for only where the owner is silent, which is one fault more than is borne; and still the false
// deal is proven, and the book that could not be read goes back.
void deal_false_shares(const Case& each) {
  Stage stage;
  const auto id = stage.request(requester);
  stage.serve_for_a_moment(owner, each.kind);  // grants, and is gone
  for (const int port : {requester, 5002, 5003, 5004}) stage.serve(port, {"--recover-after", "1"});
  BOOST_TEST(Stage::becomes_true([&] { return stage.state(requester, id) == "invalid"; }), stage.state(requester, id));
  BOOST_TEST((stage.faults(requester, owner) == std::set<std::string>{each.evidence}));
  const auto history = stage.network.ok(requester, {"history", stage.book})["history"];
  BOOST_TEST(history.size() == 3U);
  BOOST_TEST(history.back()["owner"] == owner);
}

void sell_twice(const Case& each) {
  Stage stage;
  const auto first = stage.request(requester);
  const Words for_a_moment{"serve", "--misbehave", each.kind, "--until-idle=0"};
  stage.serve_for_a_moment(owner, each.kind);
  const auto second = stage.request(5002);
  stage.serve_for_a_moment(owner, each.kind);
  stage.all_serve(owner, each.kind);
  const auto ended = [&](int port, const std::string& id) {
    const auto state = stage.state(port, id);
    return is_over(state) || state == "committed";
  };
  BOOST_TEST(Stage::becomes_true([&] { return ended(requester, first) && ended(5002, second); }));
  const auto history = stage.network.ok(5003, {"history", stage.book})["history"];
  BOOST_TEST(history.size() <= 2U);
  for (const int port : stage.honest(owner)) {
    BOOST_TEST(Stage::becomes_true([&] { return stage.faults(port, owner).contains(each.evidence); }), port);
  }
}

/// The requester never has all of the encrypted book, so it does not consent and nothing is given away.
void cut_a_package(const Case& each) {
  const Stage stage;
  const auto& network = stage.network;
  const auto file = network.scratch("book");
  write_file(file, std::string(200'000, 'b'));
  const std::string large = network.ok(owner, {"add-book", file.string()})["book"];
  network.receive_until_quiet();
  for (const auto& book : {stage.book, large}) {
    const auto id = stage.request(requester, book);
    stage.serve_for_a_moment(owner, each.kind);
    for (const int port : {5002, 5003, 5004, requester}) network.ok(port, {"receive"});
    const auto shown = network.show(requester, id);
    BOOST_TEST(shown["state"] == "granted");
    BOOST_TEST(shown["waiting_for"] == Json({owner}), shown.dump());
    BOOST_TEST(!mentions(shown["peers"][0]["holds"].dump(), "encrypted book"), shown.dump());
    const auto consent = network.at(requester, {"consent", id});
    BOOST_TEST(consent.exit_code == 5, consent.err);
    BOOST_TEST(mentions(consent.err, "the encrypted book has not come"), consent.err);
    network.ok(requester, {"abort", id});
    network.ok(owner, {"receive"});
    for (const int port : {requester, owner}) BOOST_TEST(stage.state(port, id) == "aborted");
    BOOST_TEST(network.on_shelf(owner, book));
    BOOST_TEST(!network.on_shelf(requester, book));
  }
}

/// A kind, and how it is seen what becomes of the others.
struct Shown {
  Case what;
  void (*plays)(const Case&) = play;
};

/// The kinds that each test case plays, by its name.
const std::map<std::string, std::vector<Shown>>& all_shown() {
  static const std::map<std::string, std::vector<Shown>> table{
      {"whoever_falls_silent_after_any_step_takes_nothing_from_the_others",
       {
           {{"silent-after-request", requester, End::open}},
           {{"silent-after-consent", requester, End::committed, "settled"}},
           {{"silent-after-open", requester, End::committed, "settled"}},
           {{"silent-after-check-key", requester, End::committed, "settled"}},
           {{"silent-after-mine", requester, End::committed, ""}},
       }},
      {"an_owner_that_falls_silent_keeps_its_book_or_loses_it_for_good",
       {
           {{"silent", owner, End::open}},
           {{"silent-after-grant", owner, End::committed, "claimed"}},
           {{"silent-after-check-id", owner, End::committed, "claimed"}},
           {{"silent-after-release", owner, End::committed}},
       }},
      {"one_of_three_witnesses_may_be_silent_from_any_step_on",
       {
           {{"silent", witness, End::committed}},
           {{"silent-after-grant", witness, End::committed}},
           {{"silent-after-check-id", witness, End::committed}},
           {{"silent-after-mine", witness, End::committed}},
           {{"withheld-answers", witness, End::committed}},
           {{"withheld-votes", witness, End::committed}},
       }},
      {"a_requester_that_lies_gains_nothing",
       {
           {{"wrong-id", requester, End::over}},
           {{"two-ids", requester, End::committed}},
           {{"two-consents", requester, End::committed, "mined", "two-consents"}},
           {{"two-proposals", requester, End::committed, "mined", "two-proposals"}},
           {{"replay", requester, End::committed}},
       }},
      {"a_proposer_that_lies_stops_no_other",
       {
           {{"false-dispute", requester, End::committed, "settled"}},
           {{"largest-round", requester, End::committed, "settled"}},
           {{"endless-ballots", requester, End::committed, "settled"}},
           {{"false-certificate", requester, End::committed, ""}},
       }},
      {"an_owner_that_lies_is_found_out",
       {
           {{"wrong-key", owner, End::committed, "claimed"}},
           {{"bad-chunk", owner, End::over, "", "bad-chunk"}},
       }},
      {"a_package_that_is_cut_gets_no_consent",
       {
           {{"cut-package", owner, End::open}, cut_a_package},
       }},
      {"two_grants_for_one_request_end_it_before_the_consent",
       {
           {{"two-grants", owner, End::over, "", "two-grants"}, grant_twice},
       }},
      {"an_abort_of_what_was_released_is_proven_by_the_requester",
       {
           {{"release-and-abort", owner, End::over, "", "release-and-abort"}, release_and_abort},
       }},
      {"one_lying_witness_of_three_stops_nothing_and_is_named_where_it_signed_twice",
       {
           {{"lying-answers", witness, End::committed}},
           {{"used-id", witness, End::committed}},
           {{"two-id-answers", witness, End::committed, "mined", "two-id-answers"}},
           {{"two-answers", witness, End::committed, "mined", "two-answers"}},
           {{"two-prevotes", witness, End::committed, "mined", "two-prevotes"}},
           {{"two-precommits", witness, End::committed, "mined", "two-precommits"}},
       }},
      {"a_hidden_lock_is_named_by_the_voters_that_see_the_certificate_of_the_first_ballot",
       {
           {{"hidden-lock", witness, End::committed, "mined", "hidden-lock"}, hide_a_lock},
       }},
      {"a_false_share_is_refused_and_those_of_the_others_give_the_key",
       {
           {{"false-shares", witness, End::committed, "claimed"}, give_a_false_share},
       }},
      {"false_shares_are_proven_when_the_owner_falls_silent",
       {
           {{"bad-shares", owner, End::over, "", "bad-deal"}, deal_false_shares},
       }},
      {"a_double_sale_reaches_at_most_one_requester_and_every_honest_peer_has_the_evidence",
       {
           {{"double-sale", owner, End::over, "", "double-sale"}, sell_twice},
       }},
  };
  return table;
}

void play_cases() {
  const auto& here = boost::unit_test::framework::current_test_case().p_name.get();
  for (const auto& [what, plays] : all_shown().at(here)) {
    (void)take_kinds_served();
    plays(what);
    BOOST_TEST(take_kinds_served().contains(what.kind), what.kind << " was not served with");
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(silent_peers)

BOOST_AUTO_TEST_CASE(whoever_falls_silent_after_any_step_takes_nothing_from_the_others) { play_cases(); }
BOOST_AUTO_TEST_CASE(an_owner_that_falls_silent_keeps_its_book_or_loses_it_for_good) { play_cases(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(silent_witnesses)

BOOST_AUTO_TEST_CASE(one_of_three_witnesses_may_be_silent_from_any_step_on) { play_cases(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lying_requesters_and_owners)

BOOST_AUTO_TEST_CASE(a_requester_that_lies_gains_nothing) { play_cases(); }
BOOST_AUTO_TEST_CASE(a_proposer_that_lies_stops_no_other) { play_cases(); }
BOOST_AUTO_TEST_CASE(an_owner_that_lies_is_found_out) { play_cases(); }
BOOST_AUTO_TEST_CASE(a_package_that_is_cut_gets_no_consent) { play_cases(); }
BOOST_AUTO_TEST_CASE(two_grants_for_one_request_end_it_before_the_consent) { play_cases(); }
BOOST_AUTO_TEST_CASE(an_abort_of_what_was_released_is_proven_by_the_requester) { play_cases(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lying_witnesses)

BOOST_AUTO_TEST_CASE(one_lying_witness_of_three_stops_nothing_and_is_named_where_it_signed_twice) { play_cases(); }
BOOST_AUTO_TEST_CASE(a_hidden_lock_is_named_by_the_voters_that_see_the_certificate_of_the_first_ballot) {
  play_cases();
}
BOOST_AUTO_TEST_CASE(a_false_share_is_refused_and_those_of_the_others_give_the_key) { play_cases(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(misbehaviour)

BOOST_AUTO_TEST_CASE(false_shares_are_proven_when_the_owner_falls_silent) { play_cases(); }
BOOST_AUTO_TEST_CASE(a_double_sale_reaches_at_most_one_requester_and_every_honest_peer_has_the_evidence) {
  play_cases();
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

/// The names of all test cases of this program.
class CaseNames : public boost::unit_test::test_tree_visitor {
 public:
  CaseNames() { boost::unit_test::traverse_test_tree(boost::unit_test::framework::master_test_suite(), *this, true); }
  void visit(const boost::unit_test::test_case& one) override { names.insert(one.p_name.get()); }
  std::set<std::string> names;
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_kind_that_help_lists_is_played_by_a_case) {
  const CaseNames cases;
  std::set<std::string> played;
  for (const auto& [in, shown] : all_shown()) {
    BOOST_TEST(cases.names.contains(in), in);
    for (const auto& one : shown) played.insert(one.what.kind);
  }
  const auto kinds = listed_kinds();
  BOOST_TEST(kinds.size() >= 35U);
  BOOST_TEST((std::set<std::string>(kinds.begin(), kinds.end()) == played));
  for (const auto& kind : kinds) BOOST_TEST(played.contains(kind), kind << " has no case");
}

BOOST_AUTO_TEST_CASE(peers_misbehave_on_test_networks_only_and_say_so) {
  const Network real;
  real.refused(owner, {"serve", "--misbehave", "wrong-key", "--until-idle=0"}, 3, "not-a-test-network");
  const Network test({"--seed", "kinds"});
  test.refused(owner, {"serve", "--misbehave", "wrong-kay"}, 2, "usage");
  for (const auto& kind : listed_kinds()) {
    const auto served = test.at(5003, {"serve", "--misbehave", kind, "--until-idle=0"});
    BOOST_TEST(served.exit_code == 0);
    BOOST_TEST(mentions(served.err, "misbehaves"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
