// `serve --misbehave KIND` (docs/protocol.md, sections 5 and 6): one liar among five peers, in every way that the
// program knows. What becomes of the honest ones is what section 6 promises, and where two signatures exclude each
// other every honest peer has the evidence.
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <map>
#include <sstream>

#include "tests/cli/liar_plays.hpp"

namespace {

using namespace bookchain::tests;         // NOLINT(google-build-using-namespace)
using namespace bookchain::tests::liars;  // NOLINT(google-build-using-namespace)

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
           {{"silent", lying_witness, End::committed}},
           {{"silent-after-grant", lying_witness, End::committed}},
           {{"silent-after-check-id", lying_witness, End::committed}},
           {{"silent-after-mine", lying_witness, End::committed}},
           {{"withheld-answers", lying_witness, End::committed}},
           {{"withheld-votes", lying_witness, End::committed}},
       }},
      {"a_requester_that_lies_gains_nothing",
       {
           {{"wrong-id", requester, End::over}},
           {{"two-ids", requester, End::committed}},
           {{"two-owners", requester, End::committed}},
           {{"two-consents", requester, End::committed, "mined", "two-consents"}},
           {{"two-proposals", requester, End::committed, "mined", "two-proposals"}},
           {{"replay", requester, End::committed}},
       }},
      {"a_proposer_that_lies_stops_no_other",
       {
           {{"false-dispute", requester, End::committed, "settled"}},
           {{"too-few-answers", requester, End::committed, "settled"}},
           {{"largest-round", requester, End::committed, "settled"}},
           {{"endless-ballots", requester, End::committed, "settled"}},
           {{"borrowed-answers", requester, End::committed, "settled"}},
           {{"false-certificate", requester, End::committed, ""}},
       }},
      {"an_owner_that_lies_is_found_out",
       {
           {{"wrong-key", owner, End::committed, "claimed"}},
           {{"bad-chunk", owner, End::over, "", "bad-chunk"}},
           {{"swapped-chunks", owner, End::over, "", "bad-chunk"}, swap_chunks},
           {{"wrong-id-first", owner, End::committed}},
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
           {{"lying-answers", lying_witness, End::committed}},
           {{"used-id", lying_witness, End::committed}},
           {{"other-network", lying_witness, End::committed}},
           {{"wrong-type", lying_witness, End::committed}},
           {{"malleable", lying_witness, End::committed}},
           {{"unproven-lock", lying_witness, End::committed}},
           {{"forgotten-votes", lying_witness, End::committed}},
           {{"far-heights", lying_witness, End::committed}},
           {{"two-id-answers", lying_witness, End::committed, "mined", "two-id-answers"}},
           {{"two-answers", lying_witness, End::committed, "mined", "two-answers"}},
           {{"two-prevotes", lying_witness, End::committed, "mined", "two-prevotes"}},
           {{"two-precommits", lying_witness, End::committed, "mined", "two-precommits"}},
       }},
      {"a_hidden_lock_is_named_by_the_voters_that_see_the_certificate_of_the_first_ballot",
       {
           {{"hidden-lock", lying_witness, End::committed, "mined", "hidden-lock"}, hide_a_lock},
       }},
      {"a_false_share_is_refused_and_those_of_the_others_give_the_key",
       {
           {{"false-shares", lying_witness, End::committed, "claimed"}, give_a_false_share},
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
  BOOST_TEST(kinds.size() >= 46U);
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
