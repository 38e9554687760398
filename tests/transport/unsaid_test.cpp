// What a patient courier decides and has nothing to say about: it waits a moment for more, to share its commit.
#include <boost/test/unit_test.hpp>

#include "ledger/store/sqlite_store.hpp"
#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(unsaid)

struct SilentPeer : PatientPeer {
  /// A witness writes it down and says nothing.
  void bring_id() { bring_message(WitnessId{ExchangeId{{std::uint8_t(numbers + 1)}}, {}}); }
  [[nodiscard]] std::size_t ids() const { return witness_ids.all(store).size(); }
};

BOOST_FIXTURE_TEST_CASE(what_makes_nothing_leave_is_decided_for_good_with_what_comes_next, SilentPeer) {
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(courier.is_lingering());
  BOOST_TEST(ids() == 0U);
  BOOST_TEST(link.acknowledged == 0U);
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST((link.held == ParcelNames{{other, {"p1"}}}));
  bring_vote(1);  // is answered
  const auto report = turn(patient);
  BOOST_TEST((link.held == ParcelNames{{other, {"p1", "p2"}}}));
  BOOST_REQUIRE(report.received.size() == 3U);
  BOOST_TEST(report.received[0].type == WitnessId::name);
  BOOST_TEST(report.received[2].type == NewRound::name);
  BOOST_TEST(report.sent.size() == 1U);
  BOOST_TEST(report.heard.contains(other));
  BOOST_TEST(!courier.is_lingering());
  BOOST_TEST(ids() == 2U);
  BOOST_TEST(link.acknowledged == 3U);
}

BOOST_FIXTURE_TEST_CASE(it_waits_no_longer_than_a_moment_whatever_comes, SilentPeer) {
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  const auto since = environment.time;
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value == since.value + Courier::unsaid_us);
  environment.time.value += Courier::unsaid_us - 1;
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(courier.next_wake()->value == since.value + Courier::unsaid_us);
  environment.time.value += 1;
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(ids() == 2U);
  BOOST_TEST(link.acknowledged == 2U);
}

// Its steps and its time are looked at when something comes, or when it has waited.
BOOST_FIXTURE_TEST_CASE(a_turn_that_nothing_came_for_decides_nothing_again, SilentPeer) {
  bring_id();
  (void)turn(patient);
  const auto drawn = environment.draw<RequestId>();
  (void)turn(patient);
  const auto next = environment.draw<RequestId>();
  BOOST_TEST(next.bytes[0] == drawn.bytes[0] + 1);
  BOOST_TEST(courier.is_lingering());
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_was_put_back_lets_nothing_wait, SilentPeer) {
  bring_id();
  (void)turn(patient);
  environment.time.value -= 1'000'000;
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value <= environment.time.value + Courier::unsaid_us);
  BOOST_TEST(is_decided(turn(patient)));
}

BOOST_FIXTURE_TEST_CASE(what_is_refused_or_known_already_is_told_at_once, SilentPeer) {
  bring_message(SendAgain{{{9}}});
  const auto refused = turn(patient);
  BOOST_REQUIRE(refused.received.size() == 1U);
  BOOST_TEST(name(refused.received[0].result) == "refused");
  bring(encode(Message{SendAgain{{{9}}}}), Epoch{{2}}, MessageNumber{numbers});
  const auto known = turn(patient);
  BOOST_REQUIRE(known.received.size() == 1U);
  BOOST_TEST(name(known.received[0].result) == "duplicate");
}

BOOST_FIXTURE_TEST_CASE(one_turn_alone_and_one_that_somebody_waits_for_leave_nothing, SilentPeer) {
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(is_decided(turn()));
  link.somebody_waits = true;
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(ids() == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_the_user_wants_is_decided_at_once_with_all_that_waits, SilentPeer) {
  bring_id();
  (void)turn(patient);
  const auto report = courier.turn({}, patient, {Wish{WishAskAgain{ExchangeId{{7}}}}});
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(report.value().wishes.size() == 1U);
  BOOST_TEST(is_decided(report.value()));
  BOOST_TEST(ids() == 1U);
}

// Where there is much, to decide it again costs more than a commit.
BOOST_FIXTURE_TEST_CASE(more_than_some_messages_are_decided_for_good, SilentPeer) {
  for (int i = 0; i < 8; ++i) bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(ids() == 9U);
}

BOOST_FIXTURE_TEST_CASE(after_some_turns_in_vain_it_is_decided_for_good, SilentPeer) {
  for (int i = 0; i < 4; ++i) {
    bring_id();
    BOOST_TEST(!is_decided(turn(patient)));
  }
  bring_id();
  BOOST_TEST(turn(patient).received.size() == 5U);
}

// It may have left something to be sent.
BOOST_FIXTURE_TEST_CASE(where_another_process_of_the_home_has_written_it_is_decided_for_good, SilentPeer) {
  const auto own = SqliteStore::open(folder / "state.sqlite", SqliteStore::Mode::create).value();
  const auto of_another = SqliteStore::open(folder / "state.sqlite", SqliteStore::Mode::create).value();
  const auto put_into_outbox_by = [&](Store& writer) {
    BOOST_REQUIRE(writer.begin().has_value());
    Draft draft(writer);
    enqueue(draft, Header{protocol_version, genesis.id(), self, third, {}, {}},
            OutboxRecord{bytes_of("message"), false, environment.time}, Epoch{{1}});
    writer.hand_over(draft.take_effects().writes);
    BOOST_REQUIRE(writer.commit().has_value());
  };
  auto served = Courier::make({node, *own, shelf, link, environment}).value();
  const auto decides = [&] { return is_decided(served.turn({}, patient).value()); };
  (void)decides();  // what was written before it began
  bring_id();
  BOOST_TEST(!decides());
  put_into_outbox_by(*of_another);
  BOOST_TEST(decides());
  BOOST_TEST(link.sent[third] == 1U);
  put_into_outbox_by(*of_another);
  bring_id();
  BOOST_TEST(decides());
  BOOST_TEST(link.sent[third] == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_turn_with_a_package_to_be_removed_is_decided_for_good, SilentPeer) {
  link.lying = {{other, ExchangeId{{7}}}};
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
  BOOST_TEST(link.dropped.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(it_is_traced_once, SilentPeer) {
  for (int i = 0; i < 2; ++i) {
    bring_id();
    BOOST_TEST(!is_decided(turn(patient)));
  }
  BOOST_TEST(is_decided(turn()));
  const auto parts = trace_parts.all(store);
  BOOST_TEST(parts.size() == 2U);
  for (const auto& [key, part] : parts) BOOST_TEST(part.messages.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_was_not_read_for_its_size_is_read_meanwhile, SilentPeer) {
  link.left_waiting[other] = 1;
  bring_id();
  const auto report = turn(patient);
  BOOST_TEST(!is_decided(report));
  BOOST_TEST(report.more_waits);
}

BOOST_FIXTURE_TEST_CASE(a_turn_that_may_not_take_in_all_leaves_nothing_else, SilentPeer) {
  bring_id();
  BOOST_TEST(is_decided(courier.turn({.deliveries = 64, .messages = 1}, patient).value()));
  bring_id();
  BOOST_TEST(is_decided(courier.turn({.deliveries = 1}, patient).value()));
}

// What it says may be nothing where an honest peer would have said something.
BOOST_FIXTURE_TEST_CASE(a_liar_decides_at_once, SilentPeer) {
  struct Mute final : Tamper {
    void tamper(const State& /*state*/, std::vector<Outgoing>& leaving) override { leaving.clear(); }
  } mute;
  courier.set_tamper(&mute);
  bring_id();
  BOOST_TEST(is_decided(turn(patient)));
}

// What was decided in vain waits for no vote, and what came after it does.
BOOST_FIXTURE_TEST_CASE(mail_that_comes_while_it_waits_still_waits_for_a_vote, SilentPeer) {
  bring_vote(1);
  (void)turn(patient);
  bring_id();
  (void)turn(patient);
  environment.time.value += Courier::linger_us;
  BOOST_TEST(!is_decided(turn(patient)));  // decided, and nothing leaves
  const auto since = environment.time;
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(courier.next_wake()->value == since.value + Courier::linger_us);
  bring_vote(2);
  BOOST_TEST(turn(patient).received.size() == 3U);
  BOOST_TEST(ids() == 2U);
}

BOOST_FIXTURE_TEST_CASE(waiting_for_a_vote_keeps_it_no_longer, SilentPeer) {
  bring_vote(1);
  (void)turn(patient);
  bring_id();
  (void)turn(patient);
  const auto since = environment.time;
  environment.time.value += Courier::linger_us;
  BOOST_TEST(!is_decided(turn(patient)));
  environment.time.value = since.value + Courier::unsaid_us - 100;
  bring_id();
  BOOST_TEST(!is_decided(turn(patient)));
  BOOST_TEST(courier.next_wake()->value == since.value + Courier::unsaid_us);
  environment.time.value += 100;
  BOOST_TEST(is_decided(turn(patient)));
}

// It was not acknowledged, so it comes again.
BOOST_FIXTURE_TEST_CASE(what_a_failed_turn_had_is_taken_in_again, SilentPeer) {
  bring_id();
  const auto parcel = link.parcels.front();
  (void)turn(patient);
  environment.time.value += Courier::unsaid_us;
  store.fail_next_commit(Error{Token::io, "the disk failed", {}, {}});
  BOOST_TEST(!courier.turn({}, patient).has_value());
  BOOST_TEST(ids() == 0U);
  link.parcels.push_back(parcel);
  BOOST_TEST(is_decided(turn()));
  BOOST_TEST(link.held.empty());
  BOOST_TEST(ids() == 1U);
  BOOST_TEST(link.acknowledged == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
