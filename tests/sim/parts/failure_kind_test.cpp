// What makes two failures the same one.
#include "tests/sim/failure_kind.hpp"

#include <boost/test/unit_test.hpp>

using bookchain::sim::rule_in;

BOOST_AUTO_TEST_SUITE(kind_of_a_failure)

BOOST_AUTO_TEST_CASE(the_rule_is_told_and_nothing_else) {
  BOOST_TEST(rule_in("5001: the certificate of block 3 breaks rule Q2") == "breaks rule Q2");
  BOOST_TEST(rule_in("5001: block 7 breaks rule T5, in its second transaction") == "breaks rule T5");
  BOOST_TEST(rule_in("5001: two blocks of height 3 are committed") == "two blocks of height");
}

BOOST_AUTO_TEST_CASE(who_it_is_and_which_exchange_make_no_difference) {
  BOOST_TEST(rule_in("5001 of 0a1b2c3d") == "");
  BOOST_TEST(rule_in("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
