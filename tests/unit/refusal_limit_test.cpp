// One sender that is refused without end fills no log.
#include "cli/refusal_limit.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using bookchain::cli::BlameLimit;
using bookchain::cli::RefusalLimit;
using bookchain::ledger::Event;
using bookchain::ledger::PeerPort;
using Untold = std::vector<RefusalLimit::Untold>;

constexpr PeerPort loud{5001};
constexpr PeerPort other{5002};

}  // namespace

BOOST_AUTO_TEST_SUITE(refusal_limit)

BOOST_AUTO_TEST_CASE(the_first_ones_of_a_period_are_told_and_the_rest_is_counted) {
  RefusalLimit limit;
  const RefusalLimit::Time began{};
  std::uint64_t told = 0;
  for (int i = 0; i < 1000; ++i) told += limit.admit(loud, began + std::chrono::milliseconds(i)) ? 1U : 0U;
  BOOST_TEST(told == RefusalLimit::told_at_most);
  BOOST_TEST(limit.admit(other, began), "each sender has its own");
  BOOST_TEST(limit.take_untold(began + std::chrono::seconds(9)).empty());
  BOOST_TEST((limit.take_untold(began + RefusalLimit::period) == Untold{{loud, 990}}));
  BOOST_TEST(limit.take_untold(began + RefusalLimit::period).empty());
  BOOST_TEST(limit.admit(loud, began + std::chrono::seconds(11)));
}

BOOST_AUTO_TEST_CASE(what_was_not_told_is_told_at_the_end) {
  RefusalLimit limit;
  for (int i = 0; i < 12; ++i) (void)limit.admit(loud, {});
  (void)limit.admit(other, {});
  BOOST_TEST((limit.take_all_untold() == Untold{{loud, 2}}));
  BOOST_TEST(limit.take_all_untold().empty());
}

BOOST_AUTO_TEST_CASE(faults_without_end_are_told_of_each_peer_and_kind_a_few_times_and_counted) {
  BlameLimit limit;
  std::uint64_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    told += limit.admit(Event{"evidence", {}, "5001 two-id-answers " + std::to_string(i)}, {}) ? 1U : 0U;
  }
  BOOST_TEST(told == RefusalLimit::told_at_most);
  for (int i = 0; i < 11; ++i) (void)limit.admit(Event{"equivocation", {}, "5001"}, {});
  BOOST_TEST(limit.admit(Event{"evidence", {}, "5002 two-grants 1"}, {}), "each peer has its own");
  for (int i = 0; i < 1000; ++i) BOOST_TEST(limit.admit(Event{"block", {}, "5001"}, {}));
  const std::vector<BlameLimit::Untold> rest{{"equivocation", loud, 1}, {"evidence", loud, 990}};
  BOOST_TEST((limit.take_all_untold() == rest));
  BOOST_TEST(limit.take_all_untold().empty());
}

BOOST_AUTO_TEST_SUITE_END()
