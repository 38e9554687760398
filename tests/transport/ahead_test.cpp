// What a patient courier sends before its commit: messages that may be forgotten, where it sends nothing else; and what
// becomes of those that were (docs/decisions/0021-questions-leave-before-the-commit.md).
#include <boost/test/unit_test.hpp>

#include "tests/transport/played_link.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(ahead)

/// What had been sent when the turn came to its commit.
struct AtCommit final : Observer {
  const PlayedLink& link;
  std::map<PeerPort, std::size_t> sent;

  explicit AtCommit(const PlayedLink& of) : link(of) {}
  void reached(KillPoint point) override {
    if (point == KillPoint::before_commit) sent = link.sent;
  }
};

struct AskingPeer : PatientPeer {
  AtCommit at_commit{link};
  Courier asking = Courier::make({node, store, shelf, link, environment, &at_commit}).value();

  AskingPeer() {
    change([this](Draft& draft) {
      for (const auto& peer : genesis.peers()) {
        if (peer.port != self) renew_epoch(draft, peer.port, Epoch{{1}});
      }
    });
  }
  void have_something_to_propose() {
    change([](Draft& draft) { pending.put(draft, 1, Transaction{Signed<Abort>{}}); });
  }
  /// Something to write down, that nobody is answered.
  void bring_id() { bring_message(WitnessId{ExchangeId{{std::uint8_t(numbers + 1)}}, {}}); }
  /// That is answered.
  void bring_question() { bring_message(WantVotes{}); }
  Result<Report> take_turn(const Policy& policy) { return asking.turn({}, policy); }
  /// With its decision this peer opens a ballot: NEWROUND to the three others.
  void ask(const Policy& policy) {
    have_something_to_propose();
    bring_id();
    BOOST_REQUIRE(take_turn(policy).has_value());
  }
  /// What it asks leaves, and the commit fails.
  void ask_and_forget() {
    have_something_to_propose();
    bring_id();
    store.fail_next_commit(Error{Token::io, "the disk failed", {}, {}});
    BOOST_TEST(!take_turn(patient).has_value());
  }
  /// A first message is sent to `other`, under the number 1 of the epoch {1}.
  void send_first() {
    put_into_outbox(other);
    BOOST_REQUIRE(take_turn(patient).has_value());
    BOOST_REQUIRE(link.sent[other] == 1U);
  }
  [[nodiscard]] std::size_t kept() const { return outbox_rows.all(store, encode(other)).size(); }
};

BOOST_FIXTURE_TEST_CASE(a_question_leaves_before_the_commit_and_once, AskingPeer) {
  ask(patient);
  BOOST_TEST(at_commit.sent[other] == 1U);
  BOOST_TEST(at_commit.sent[third] == 1U);
  environment.time.value += Postponed::delay_us;
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(link.sent[third] == 1U);
  BOOST_TEST(kept() == 1U);
  BOOST_TEST(outgoing_rows.get(store, other)->fresh_from.value == 2U, "written down with the next turn");
}

BOOST_FIXTURE_TEST_CASE(what_a_question_came_of_is_acknowledged_after_the_commit, AskingPeer) {
  ask(patient);
  BOOST_TEST(at_commit.sent[other] == 1U, "the question, and no note about what came");
  environment.time.value += Postponed::delay_us;
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(link.sent[other] == 2U);
}

BOOST_FIXTURE_TEST_CASE(an_answer_leaves_after_the_commit, AskingPeer) {
  bring_vote(1);
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(at_commit.sent.empty());
  BOOST_TEST(link.sent[other] >= 1U);
}

BOOST_FIXTURE_TEST_CASE(a_question_beside_an_answer_leaves_after_the_commit, AskingPeer) {
  have_something_to_propose();
  bring_question();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(at_commit.sent.empty());
  BOOST_TEST(link.sent[third] == 1U);
  BOOST_TEST(kept() == 2U);
}

/// A receiver retires the epoch before it for good.
BOOST_FIXTURE_TEST_CASE(nothing_leaves_before_the_commit_that_makes_its_epoch, AskingPeer) {
  change([](Draft& draft) { outgoing_rows.erase(draft, third); });
  ask(patient);
  BOOST_TEST(at_commit.sent.empty());
  BOOST_TEST(link.sent[other] == 2U, "with the note about what came");
  BOOST_TEST(link.sent[third] == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_could_not_be_sent_before_the_commit_is_sent_after_it_and_told_no_more, AskingPeer) {
  have_something_to_propose();
  bring_id();
  link.refusals = 1;
  const auto report = take_turn(patient);
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(link.refusals == 0U);
  BOOST_TEST(at_commit.sent[other] == 0U);
  BOOST_TEST(link.sent[other] == 2U, "with the note about what came");
  BOOST_TEST(report.value().undelivered.empty());
}

BOOST_FIXTURE_TEST_CASE(who_is_not_patient_commits_first, AskingPeer) {
  ask({});
  BOOST_TEST(at_commit.sent.empty());
  BOOST_TEST(link.sent[third] == 1U);
}

/// A liar's turn is judged by what it sends in the end.
BOOST_FIXTURE_TEST_CASE(what_a_liar_puts_in_the_place_of_a_question_leaves_after_the_commit, AskingPeer) {
  struct Liar final : Tamper {
    void tamper(const State& /*state*/, std::vector<Outgoing>& leaving) override {
      for (auto& one : leaving) one.message = PrevoteMessage{};
    }
  } liar;
  asking.set_tamper(&liar);
  ask(patient);
  BOOST_TEST(at_commit.sent.empty());
  BOOST_TEST(link.sent[third] == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_question_whose_commit_fails_is_asked_again_and_what_was_sent_before_is_not, AskingPeer) {
  send_first();
  ask_and_forget();
  BOOST_TEST(link.sent[other] == 2U);
  BOOST_TEST(kept() == 1U);
  bring_id();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(at_commit.sent[other] == 3U);
  BOOST_TEST(at_commit.sent[third] == 2U);
  BOOST_TEST(kept() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_note_is_not_lost_with_a_question_whose_commit_fails, AskingPeer) {
  send_first();
  bring_note_about_first();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_REQUIRE(kept() == 1U);
  ask_and_forget();
  BOOST_TEST(link.sent[third] == 1U);
  BOOST_TEST(kept() == 1U);
  bring_id();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(kept() == 1U, "the question; the first message was acknowledged");
  BOOST_TEST(!outbox_rows.get(store, OutboxKey{other, MessageNumber{1}}));
}

/// The other has taken a number that this peer gives again, and says so: all goes on in a new epoch, nothing is lost,
/// and nothing leaves in that epoch before it is durable.
BOOST_FIXTURE_TEST_CASE(a_question_that_was_forgotten_costs_an_epoch_and_no_message, AskingPeer) {
  send_first();
  ask_and_forget();
  change([](Draft& draft) { pending.erase(draft, 1); });
  bring_question();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_REQUIRE(kept() == 2U);
  const auto before = link.sent;
  const Header number_two{protocol_version, genesis.id(), self, other, Epoch{{1}}, MessageNumber{2}};
  const auto asked = message_id(number_two, encode(Message{NewRound{Height{1}, Ballot{Round{1}, self}}}));
  bring(encode(DeliveryNote{{}, {NoteEntry{number_two.epoch, number_two.number, asked}}}), Epoch{}, MessageNumber{0});
  ask(patient);
  BOOST_TEST((at_commit.sent == before));
  BOOST_TEST((outgoing_rows.get(store, other)->epoch != number_two.epoch));
  BOOST_TEST(kept() == 3U);
  BOOST_TEST(link.sent[other] >= before.at(other) + 3);
}

// ---- whoever is asked ----

/// Its sender may have forgotten it, and given the answer away.
BOOST_FIXTURE_TEST_CASE(a_question_that_comes_again_is_answered_again, AskingPeer) {
  bring_vote(1);
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_REQUIRE(kept() == 1U);
  --numbers;
  bring_vote(1);
  const auto again = take_turn(patient);
  BOOST_REQUIRE(again.has_value());
  BOOST_REQUIRE(again.value().received.size() == 1U);
  BOOST_TEST((again.value().received.front().result == ReceiveResult::duplicate));
  const auto rows = outbox_rows.all(store, encode(other));
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST((rows[0].second.payload == rows[1].second.payload));
}

BOOST_FIXTURE_TEST_CASE(anything_else_that_comes_again_is_not, AskingPeer) {
  bring_question();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_REQUIRE(kept() == 1U);
  --numbers;
  bring_question();
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(kept() == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_takes_no_answers_gets_none_again, AskingPeer) {
  bring_vote(1);
  BOOST_REQUIRE(take_turn(patient).has_value());
  change([](Draft& draft) {
    auto record = outgoing_rows.get(draft, other).value();
    record.answers = max_answers_kept;
    outgoing_rows.put(draft, other, record);
  });
  --numbers;
  bring_vote(1);
  BOOST_REQUIRE(take_turn(patient).has_value());
  BOOST_TEST(kept() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
