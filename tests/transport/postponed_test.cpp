// What a patient courier leaves for later: it is done with the next thing, or after a while, or by the peer that has to
// say it again.
#include "transport/postponed.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(postponed)

struct NotedPeer : PatientPeer {
  /// A message that is answered by nothing but a note.
  void bring_known_to_nobody() { bring_message(SendAgain{{{9}}}); }
  void take_note_that_comes_alone() {
    put_into_outbox(other);
    (void)turn(patient);
    bring_note_about_first();
    (void)turn(patient);
  }
  void let_time_pass() { environment.time.value += Postponed::delay_us; }
  [[nodiscard]] std::size_t kept() const { return outbox_rows.all(store, encode(other)).size(); }
  [[nodiscard]] std::uint64_t fresh_from() const { return outgoing_rows.get(store, other)->fresh_from.value; }
};

BOOST_FIXTURE_TEST_CASE(one_turn_alone_sends_its_note_at_once, NotedPeer) {
  bring_known_to_nobody();
  (void)turn();
  BOOST_TEST(link.sent[other] == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_note_goes_with_the_next_message, NotedPeer) {
  bring_known_to_nobody();
  (void)turn(patient);
  BOOST_TEST(link.acknowledged == 1U);
  BOOST_TEST(link.sent[other] == 0U);
  bring_known_to_nobody();
  put_into_outbox(other);
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 2U, "one note about two messages, and the message");
}

BOOST_FIXTURE_TEST_CASE(a_note_waits_for_nothing_longer_than_a_while, NotedPeer) {
  bring_known_to_nobody();
  (void)turn(patient);
  BOOST_REQUIRE(courier.next_wake().has_value());
  BOOST_TEST(courier.next_wake()->value == environment.time.value + Postponed::delay_us);
  let_time_pass();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
  BOOST_TEST(!courier.has_postponed());
}

BOOST_FIXTURE_TEST_CASE(turns_in_between_do_not_put_a_note_off, NotedPeer) {
  bring_known_to_nobody();
  (void)turn(patient);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(link.sent[other] == 0U);
    environment.time.value += Postponed::delay_us / 3 + 1;
    (void)turn(patient);
  }
  BOOST_TEST(link.sent[other] == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_sends_nothing_but_notes_is_heard, NotedPeer) {
  take_note_that_comes_alone();
  let_time_pass();
  BOOST_TEST(turn(patient).heard.contains(other));
}

BOOST_FIXTURE_TEST_CASE(a_clock_that_was_put_back_holds_no_note_up, NotedPeer) {
  bring_known_to_nobody();
  (void)turn(patient);
  environment.time.value -= 1;
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
}

/// A command that visits a peer ends when that peer has said all that it has to say.
BOOST_FIXTURE_TEST_CASE(nobody_who_waits_is_kept_waiting, NotedPeer) {
  link.somebody_waits = true;
  bring_known_to_nobody();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
}

BOOST_FIXTURE_TEST_CASE(so_many_notes_are_sent_at_once, NotedPeer) {
  for (int i = 0; i < 1100; ++i) bring_known_to_nobody();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 0U);
  bring_known_to_nobody();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_note_that_comes_alone_is_written_down_with_what_comes_next, NotedPeer) {
  take_note_that_comes_alone();
  BOOST_TEST(link.acknowledged == 1U);
  BOOST_TEST(kept() == 1U);
  bring_known_to_nobody();
  (void)turn(patient);
  BOOST_TEST(kept() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_note_that_comes_alone_is_written_down_after_a_while, NotedPeer) {
  take_note_that_comes_alone();
  let_time_pass();
  (void)turn(patient);
  BOOST_TEST(kept() == 0U);
  BOOST_TEST(!courier.next_wake().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_note_is_not_lost_with_a_commit_that_fails, NotedPeer) {
  take_note_that_comes_alone();
  let_time_pass();
  store.fail_next_commit(Error{Token::io, "the disk failed", {}, {}});
  BOOST_TEST(!courier.turn({}, patient).has_value());
  (void)turn(patient);
  BOOST_TEST(kept() == 0U);
}

/// The state says so only later; whoever goes on knows it.
BOOST_FIXTURE_TEST_CASE(what_was_delivered_is_not_delivered_again, NotedPeer) {
  put_into_outbox(other);
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
  BOOST_TEST(fresh_from() == 1U);
  bring_note_about_first();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
  let_time_pass();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 1U);
  BOOST_TEST(fresh_from() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_process_that_died_delivers_again_what_it_had_not_written_down, NotedPeer) {
  put_into_outbox(other);
  (void)turn(patient);
  auto next = Courier::make({node, store, shelf, link, environment}).value();
  BOOST_REQUIRE(next.deliver().has_value());
  BOOST_TEST(link.sent[other] == 2U);
  BOOST_TEST(fresh_from() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_process_that_ends_sends_and_writes_down_all, NotedPeer) {
  bring_known_to_nobody();
  put_into_outbox(third);
  (void)turn(patient);
  BOOST_TEST(courier.has_postponed());
  BOOST_REQUIRE(courier.deliver().has_value());
  BOOST_TEST(!courier.has_postponed());
  BOOST_TEST(link.sent[other] == 1U);
  BOOST_TEST(link.sent[third] == 1U);
  BOOST_TEST(outgoing_rows.get(store, third)->fresh_from.value == 2U);
}

/// Of a home that was put back, everything leaves under a new epoch: what was delivered before counts no more.
BOOST_FIXTURE_TEST_CASE(what_was_delivered_in_another_epoch_is_delivered_again, NotedPeer) {
  put_into_outbox(other);
  (void)turn(patient);
  const auto before = link.sent[other];
  BOOST_REQUIRE(courier.restore().has_value());
  BOOST_TEST(link.sent[other] > before);
}

/// Another process had the home meanwhile, and renewed the epoch: the row is its own.
BOOST_FIXTURE_TEST_CASE(a_row_that_somebody_else_renewed_stays_as_it_is, NotedPeer) {
  put_into_outbox(other);
  (void)turn(patient);
  change([&](Draft& draft) { renew_epoch(draft, other, Epoch{{8}}); });
  let_time_pass();
  (void)turn(patient);
  BOOST_TEST(link.sent[other] == 2U);
  BOOST_TEST((outgoing_rows.get(store, other)->epoch == Epoch{{8}}));
}

/// It delivered as well, and more: what this one remembers is older.
BOOST_FIXTURE_TEST_CASE(a_row_that_somebody_else_moved_on_stays_as_it_is, NotedPeer) {
  put_into_outbox(other);
  (void)turn(patient);
  change([&](Draft& draft) {
    auto row = outgoing_rows.get(draft, other).value();
    row.next = MessageNumber{9};
    row.fresh_from = MessageNumber{9};
    outgoing_rows.put(draft, other, row);
  });
  let_time_pass();
  (void)turn(patient);
  BOOST_TEST(fresh_from() == 9U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
