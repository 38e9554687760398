// What leaves a courier for several peers in one turn: together, but for what is much or may take long; and what is too
// much for its receiver waits, and keeps nothing from the others.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/transport/played_link.hpp"
#include "transport/courier.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(sending)

BOOST_FIXTURE_TEST_CASE(what_leaves_for_several_peers_is_sent_together_unless_it_is_much, Peer) {
  put_into_outbox(third);
  put_into_outbox(other);
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST((link.together == std::vector<std::size_t>{2}));
  const Bytes large(std::size_t{1} << 20U);
  for (const auto to : {other, third}) put_into_outbox(to, large);
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST((link.together == std::vector<std::size_t>{2, 1, 1}));
  BOOST_TEST(link.sent[other] == 2U);
  BOOST_TEST(link.sent[third] == 2U);
}

/// Nobody else waits until a book was copied.
BOOST_FIXTURE_TEST_CASE(a_delivery_with_a_package_that_is_a_file_goes_alone, Peer) {
  const Message grant = GrantMessage{};
  const auto granted = exchange_of(genesis.id(), grant);
  BOOST_REQUIRE(granted.has_value());
  put_into_outbox(other);
  put_into_outbox(third, encode(grant), true);
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST((link.together == std::vector<std::size_t>{2}), "there is no such file");
  put_into_outbox(other);
  put_into_outbox(third, encode(grant), true);
  const auto place = folder / "home" / "exchanges" / to_hex(*granted);
  boost::filesystem::create_directories(place);
  std::ofstream((place / "package").string()) << "encrypted";
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST((link.together == std::vector<std::size_t>{2, 1, 1}));
}

BOOST_FIXTURE_TEST_CASE(of_what_leaves_together_what_is_too_much_for_one_waits_alone, Peer) {
  put_into_outbox(other);
  put_into_outbox(third);
  link.refusals = 1;  // of the first
  const auto report = courier.deliver();
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST((link.together == std::vector<std::size_t>{2}));
  BOOST_TEST(report.value().undelivered.size() == 1U);
  BOOST_TEST(report.value().undelivered.contains(other));
  BOOST_TEST(link.sent[third] == 1U);
}

/// The receiver took in what waited between the two attempts: the command failed all the same, and sent it all again.
BOOST_FIXTURE_TEST_CASE(what_was_too_much_at_once_and_went_in_parts_counts_as_sent, Peer) {
  const Bytes large(std::size_t{600} << 10U);
  for (int i = 0; i < 2; ++i) put_into_outbox(other, large);
  link.refusals = 1;
  const auto report = courier.deliver();
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(report.value().undelivered.empty());
  BOOST_TEST(link.sent[other] == 2U);
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST(link.sent[other] == 2U, "nothing is sent again at once");
}

BOOST_FIXTURE_TEST_CASE(a_message_that_has_no_room_by_itself_waits_and_is_told, Peer) {
  put_into_outbox(other);
  link.refusals = 1;
  const auto report = courier.deliver();
  BOOST_REQUIRE(report.has_value());
  BOOST_REQUIRE(report.value().undelivered.contains(other));
  BOOST_TEST((report.value().undelivered.at(other).token == Token::over_quota));
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST(link.sent[other] == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
