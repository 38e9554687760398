// What many runs must have seen.
#include "tests/sim/counts.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using bookchain::sim::Counts;
using bookchain::sim::too_little;

/// Each kind once, and just enough blocks under faults and exchanges that are recorded.
Counts enough() {
  Counts counts;
  counts.faults.fill(1);
  counts.attacks.fill(1);
  counts.work.fill(1);
  counts.deaths.fill(1);
  counts.blocks = counts.exchanges = 3;
  counts.blocks_under_faults = counts.committed = 1;
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(counts_of_many_runs)

BOOST_AUTO_TEST_CASE(each_kind_must_have_happened) {
  BOOST_TEST(!too_little(enough()).has_value());
  for (std::size_t i = 0; i < bookchain::sim::fault_count; ++i) {
    auto counts = enough();
    counts.faults[i] = 0;
    BOOST_TEST(too_little(counts).value() ==
               std::string(name(static_cast<bookchain::sim::Fault>(i))) + " never happened");
  }
  for (std::size_t i = 0; i < bookchain::sim::attack_count; ++i) {
    auto counts = enough();
    counts.attacks[i] = 0;
    BOOST_TEST(too_little(counts).value() ==
               std::string(name(static_cast<bookchain::sim::Attack>(i))) + " never happened");
  }
  for (std::size_t i = 0; i < bookchain::sim::work_count; ++i) {
    auto counts = enough();
    counts.work[i] = 0;
    BOOST_TEST(too_little(counts).value() ==
               std::string(name(static_cast<bookchain::sim::Work>(i))) + " never happened");
  }
  for (std::size_t i = 0; i < bookchain::sim::death_count; ++i) {
    auto counts = enough();
    counts.deaths[i] = 0;
    BOOST_TEST(too_little(counts).value() ==
               "a death " + std::string(name(static_cast<bookchain::sim::DeathPlace>(i))) + " never happened");
  }
}

BOOST_AUTO_TEST_CASE(a_third_of_the_blocks_must_come_under_faults_and_a_third_of_the_exchanges_be_recorded) {
  auto counts = enough();
  counts.blocks = 4;
  BOOST_TEST(too_little(counts).value() == "two thirds of the blocks came when nothing went wrong");
  counts = enough();
  counts.exchanges = 4;
  BOOST_TEST(too_little(counts).value() == "less than a third of the exchanges were recorded");
}

BOOST_AUTO_TEST_SUITE_END()
