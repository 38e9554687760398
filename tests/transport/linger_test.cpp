// What a patient courier does not decide at once: mail about exchanges waits a moment for a vote, to share its turn,
// while a ballot is under way.
#include <boost/test/unit_test.hpp>

#include "ledger/vote_records.hpp"
#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(linger)

struct BusyPeer : PatientPeer {
  BusyPeer() {
    bring_id();
    (void)turn();
    link.acknowledged = 0;
    parcels_brought = 0;
  }
  /// Another than the first, which the peer therefore refuses: an outcome that is told at once.
  void bring_id() { bring_message(WitnessId{ExchangeId{{1}}, RequestId{{std::uint8_t(numbers)}}}); }
  void begin_ballot() {
    bring_vote(1);
    (void)turn(patient);
    BOOST_REQUIRE(voters.get(store, only_row)->promise.round.value == 1U);
    BOOST_REQUIRE(link.acknowledged == 1U);
  }
};

BOOST_FIXTURE_TEST_CASE(mail_about_an_exchange_is_decided_with_the_vote_that_comes_next, BusyPeer) {
  begin_ballot();
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(link.acknowledged == 1U);
  BOOST_TEST((link.held == ParcelNames{{other, {"p2"}}}));
  BOOST_TEST(courier.is_lingering());
  bring_vote(2);
  const auto report = turn(patient);
  BOOST_TEST((link.held == ParcelNames{{other, {"p2", "p3"}}}));
  BOOST_TEST(!courier.is_lingering());
  BOOST_REQUIRE(report.received.size() == 3U);
  BOOST_TEST(report.received[0].type == WitnessId::name);
  BOOST_TEST(report.received[2].type == NewRound::name);
  BOOST_TEST(report.deliveries == 3U);
  BOOST_TEST(report.heard.contains(other));
  BOOST_TEST(link.acknowledged == 4U);
  (void)turn(patient);
  BOOST_TEST(link.held.empty());
}

BOOST_FIXTURE_TEST_CASE(it_waits_no_longer_than_a_moment, BusyPeer) {
  begin_ballot();
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  const auto since = environment.time;
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value == since.value + Courier::linger_us);
  // What comes meanwhile puts nothing off.
  environment.time.value += Courier::linger_us - 1;
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  environment.time.value += 1;
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(link.acknowledged == 3U);
}

// A liar may open one and be silent, and an honest one may be interrupted.
BOOST_FIXTURE_TEST_CASE(where_a_ballot_rests_nothing_waits_for_its_next_vote, BusyPeer) {
  begin_ballot();
  environment.time.value += Courier::ballot_rests_us;
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
  // A command, and a process that was begun anew, know of no vote that came.
  auto next = Courier::make({node, store, shelf, link, environment}).value();
  bring_id();
  BOOST_TEST(is_decided(next.turn({}, patient).value()));
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_was_put_back_lets_nothing_wait, BusyPeer) {
  begin_ballot();
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  environment.time.value -= 1'000'000;
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value <= environment.time.value + Courier::linger_us);
  BOOST_TEST(is_decided(turn(patient)));
}

BOOST_FIXTURE_TEST_CASE(a_turn_that_is_full_is_decided_at_once, BusyPeer) {
  begin_ballot();
  bring_id();
  bring_id();
  const auto report = courier.turn({.deliveries = 2}, patient);
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(is_decided(report.value()));
}

BOOST_FIXTURE_TEST_CASE(without_a_ballot_it_is_decided_at_once, BusyPeer) {
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
}

BOOST_FIXTURE_TEST_CASE(who_is_not_patient_decides_at_once_what_another_turn_left, BusyPeer) {
  begin_ballot();
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(is_decided(turn()));
  BOOST_TEST(link.acknowledged == 2U);
}

/// Wants something, again and again until it is decided.
struct WishingPeer : BusyPeer {
  std::vector<Wish> wishes{Wish{WishAskAgain{ExchangeId{{7}}}}};

  /// Whether that turn decided what is wanted.
  [[nodiscard]] bool wish(const Policy& policy) {
    const auto report = courier.turn({}, policy, wishes);
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST(report.value().wishes.size() == (report.value().wishes_wait ? 0U : wishes.size()));
    return !report.value().wishes_wait;
  }
};

BOOST_FIXTURE_TEST_CASE(what_the_user_wants_is_decided_with_the_vote_that_comes_next, WishingPeer) {
  begin_ballot();
  BOOST_TEST(!wish(patient));
  BOOST_TEST(courier.is_lingering());
  bring_id();
  BOOST_TEST(!wish(patient));
  BOOST_TEST(link.acknowledged == 1U);
  bring_vote(2);
  BOOST_TEST(wish(patient));
  BOOST_TEST(!courier.is_lingering());
  BOOST_TEST(link.acknowledged == 3U);
}

BOOST_FIXTURE_TEST_CASE(what_the_user_wants_waits_no_longer_than_a_moment, WishingPeer) {
  begin_ballot();
  BOOST_TEST(!wish(patient));
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value == environment.time.value + Courier::linger_us);
  environment.time.value += Courier::linger_us;
  BOOST_TEST(wish(patient));
}

BOOST_FIXTURE_TEST_CASE(where_nothing_waits_for_a_vote_the_user_does_not_either, WishingPeer) {
  BOOST_TEST(wish(patient));
  begin_ballot();
  BOOST_TEST(wish(Policy{}));
  environment.time.value += Courier::ballot_rests_us;
  BOOST_TEST(wish(patient));
}

BOOST_FIXTURE_TEST_CASE(much_that_the_user_wants_is_decided_at_once, WishingPeer) {
  begin_ballot();
  wishes.assign(33, wishes.front());
  BOOST_TEST(wish(patient));
}

// A note alone is no reason for a turn, and does not end the waiting.
BOOST_FIXTURE_TEST_CASE(a_note_lets_what_the_user_wants_wait, WishingPeer) {
  put_into_outbox(other);
  (void)turn();
  begin_ballot();
  BOOST_TEST(!wish(patient));
  bring_note_about_first();
  BOOST_TEST(!wish(patient));
  environment.time.value += Courier::linger_us;
  BOOST_TEST(wish(patient));
}

BOOST_FIXTURE_TEST_CASE(nobody_who_waits_for_the_turn_is_kept_waiting, BusyPeer) {
  begin_ballot();
  link.somebody_waits = true;
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_message_waits_for_nothing, BusyPeer) {
  begin_ballot();
  bring_payload(bytes_of("none"));
  BOOST_TEST(is_decided(turn(patient)));
}

// A small package comes with the mail that is about it.
BOOST_FIXTURE_TEST_CASE(a_package_that_came_with_the_mail_waits_with_it, BusyPeer) {
  begin_ballot();
  link.offered = {OfferedPackage{other, ExchangeId{{8}}, 1000, true}};
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(link.dropped.empty());
  environment.time.value += Courier::linger_us;
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST((link.dropped == std::vector<std::pair<PeerPort, ExchangeId>>{{other, ExchangeId{{8}}}}));
}

// With a note nobody decides about it.
BOOST_FIXTURE_TEST_CASE(a_package_that_came_with_a_note_is_answered_at_once, BusyPeer) {
  put_into_outbox(other);
  (void)turn();
  link.offered = {OfferedPackage{other, ExchangeId{{8}}, 1000, true}};
  bring_note_about_first();
  (void)turn(patient);
  BOOST_TEST((link.dropped == std::vector<std::pair<PeerPort, ExchangeId>>{{other, ExchangeId{{8}}}}));
}

// Of any other one the sender waits for an answer, or nobody has taken it yet.
BOOST_FIXTURE_TEST_CASE(beside_a_package_that_is_offered_nothing_waits, BusyPeer) {
  begin_ballot();
  link.offered = {OfferedPackage{other, ExchangeId{{8}}, 1000, false}};
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST((link.dropped == std::vector<std::pair<PeerPort, ExchangeId>>{{other, ExchangeId{{8}}}}));
}

BOOST_FIXTURE_TEST_CASE(more_than_some_hundred_messages_are_decided_at_once, BusyPeer) {
  begin_ballot();
  Parcel parcel{other, "many", {}, std::nullopt};
  for (int i = 0; i < 300; ++i) {
    const Message message = WitnessId{ExchangeId{{9}}, {}};
    parcel.envelopes.push_back(channel.seal(Epoch{{2}}, MessageNumber{++numbers}, encode(message), Hash{{3}}));
  }
  link.parcels.push_back(parcel);
  BOOST_TEST(is_decided(turn(patient)));
}

// It was not acknowledged, so it comes again.
BOOST_FIXTURE_TEST_CASE(what_a_failed_turn_had_is_taken_in_again, BusyPeer) {
  begin_ballot();
  bring_id();
  const auto parcel = link.parcels.front();
  BOOST_TEST(!is_decided(turn(patient)));
  environment.time.value += Courier::linger_us;
  store.fail_next_commit(Error{Token::io, "the disk failed", {}, {}});
  BOOST_TEST(!courier.turn({}, patient).has_value());
  link.parcels.push_back(parcel);
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(link.held.empty());
  environment.time.value += Courier::linger_us;
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(link.acknowledged == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
