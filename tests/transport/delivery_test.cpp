// Section 2, "Delivery": at least once on the wire, once in effect, whatever is lost, doubled or forgotten.
#include "transport/delivery.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <random>

#include "ledger/records.hpp"
#include "ledger/store/memory_store.hpp"
#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

BOOST_AUTO_TEST_SUITE(delivery)

Epoch epoch_of(std::uint8_t letter) {
  Epoch epoch;
  epoch.bytes.fill(letter);
  return epoch;
}

/// One end of a pair: its rows, and short ways to use them.
class End {
 public:
  End(PeerPort self, PeerPort other) : to_other_{protocol_version, {}, self, other, {}, {}} {}

  void send(const std::string& text, bool answer = false) {
    change([&](Draft& draft) {
      enqueue(draft, to_other_, OutboxRecord{bytes_of(text), false, Time{1}, answer}, epoch_of(next_epoch_));
    });
  }
  /// What lies in the outbox, as it would be sealed.
  [[nodiscard]] std::vector<std::pair<Header, Bytes>> waiting() const {
    std::vector<std::pair<Header, Bytes>> found;
    const auto record = outgoing_rows.get(store_, to_other_.to);
    for (const auto& [key, row] : outbox_rows.all(store_)) {
      auto header = to_other_;
      header.epoch = record->epoch;
      header.number = key.number;
      found.emplace_back(header, row.payload);
    }
    return found;
  }
  /// Takes a message in; adds to `note` what the sender is to be told.
  Admission take(const Header& header, const Bytes& payload, DeliveryNote& note) {
    Admitted admitted;
    const auto id = message_id(header, payload);
    change([&](Draft& draft) { admitted = admit(draft, header, id); });
    if (admitted.what == Admission::fresh) taken_.push_back(std::string(payload.begin(), payload.end()));
    const bool well = admitted.what == Admission::fresh || admitted.what == Admission::duplicate;
    (well ? note.taken : note.contradicted)
        .push_back(NoteEntry{header.epoch, header.number, well ? id : admitted.first});
    return admitted.what;
  }
  bool hear(const DeliveryNote& note, Time now = Time{1}) {
    bool renewed = false;
    change([&](Draft& draft) { renewed = take_note(draft, to_other_, note, epoch_of(++next_epoch_), now); });
    return renewed;
  }
  [[nodiscard]] const std::vector<std::string>& taken() const { return taken_; }
  [[nodiscard]] const Header& header() const { return to_other_; }
  [[nodiscard]] MemoryStore& store() { return store_; }

 private:
  template <class F>
  void change(F&& what) {
    BOOST_REQUIRE(store_.begin());
    Draft draft(store_);
    what(draft);
    store_.apply(draft.take_effects().writes);
    BOOST_REQUIRE(store_.commit());
  }
  MemoryStore store_;
  Header to_other_;
  std::vector<std::string> taken_;
  std::uint8_t next_epoch_ = 1;
};

struct Two {
  End sender{PeerPort{5000}, PeerPort{5001}};
  End receiver{PeerPort{5001}, PeerPort{5000}};
};

BOOST_FIXTURE_TEST_CASE(what_is_acknowledged_leaves_the_outbox, Two) {
  sender.send("one");
  sender.send("two");
  DeliveryNote note;
  for (const auto& [header, payload] : sender.waiting()) receiver.take(header, payload, note);
  BOOST_TEST(note.taken.size() == 2U);
  BOOST_TEST(!sender.hear(note));
  BOOST_TEST(sender.waiting().empty());
  BOOST_TEST(receiver.taken().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_message_taken_twice_has_one_effect_and_two_acknowledgements, Two) {
  sender.send("one");
  const auto [header, payload] = sender.waiting().front();
  DeliveryNote note;
  BOOST_TEST((receiver.take(header, payload, note) == Admission::fresh));
  BOOST_TEST((receiver.take(header, payload, note) == Admission::duplicate));
  BOOST_TEST(receiver.taken().size() == 1U);
  BOOST_TEST(note.taken.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(an_acknowledgement_of_other_bytes_empties_nothing, Two) {
  sender.send("one");
  const auto [header, payload] = sender.waiting().front();
  BOOST_TEST(
      !sender.hear(DeliveryNote{{NoteEntry{header.epoch, header.number, message_id(header, bytes_of("other"))}}, {}}));
  BOOST_TEST(!sender.hear(DeliveryNote{{NoteEntry{epoch_of(9), header.number, message_id(header, payload)}}, {}}));
  BOOST_TEST(sender.waiting().size() == 1U);
}

/// "A number seen with another hash is not acknowledged; the sender is told what was seen, and a sender told
/// of what it did not send draws a new epoch and sends again."
BOOST_FIXTURE_TEST_CASE(a_sender_put_back_from_a_backup_begins_a_new_epoch, Two) {
  sender.send("before the backup");
  DeliveryNote note;
  for (const auto& [header, payload] : sender.waiting()) receiver.take(header, payload, note);
  // The backup knows nothing of it, and numbers anew in the same epoch.
  End restored(PeerPort{5000}, PeerPort{5001});
  restored.send("after the restore");
  DeliveryNote answer;
  for (const auto& [header, payload] : restored.waiting()) {
    BOOST_TEST((receiver.take(header, payload, answer) == Admission::contradicted));
  }
  BOOST_TEST(answer.taken.empty());
  BOOST_TEST(restored.hear(answer));
  DeliveryNote last;
  for (const auto& [header, payload] : restored.waiting()) {
    BOOST_TEST((receiver.take(header, payload, last) == Admission::fresh));
  }
  BOOST_TEST(!restored.hear(last));
  BOOST_TEST(restored.waiting().empty());
  BOOST_TEST(receiver.taken().back() == "after the restore");
}

/// Section 6, "an acknowledgement replayed": a note about an epoch that was left changes nothing.
BOOST_FIXTURE_TEST_CASE(a_replayed_note_changes_nothing, Two) {
  sender.send("one");
  const auto [header, payload] = sender.waiting().front();
  const DeliveryNote told{{}, {NoteEntry{header.epoch, header.number, message_id(header, bytes_of("else"))}}};
  BOOST_TEST(sender.hear(told));
  const auto after = sender.waiting();
  BOOST_TEST(!sender.hear(told));
  BOOST_TEST((sender.waiting() == after));
}

BOOST_FIXTURE_TEST_CASE(a_message_of_an_epoch_that_was_left_is_never_taken_for_new, Two) {
  sender.send("one");
  const auto [header, payload] = sender.waiting().front();
  DeliveryNote note;
  receiver.take(header, payload, note);
  auto later = header;
  later.epoch = epoch_of(77);
  BOOST_TEST((receiver.take(later, bytes_of("two"), note) == Admission::fresh));
  BOOST_TEST((receiver.take(header, payload, note) == Admission::retired));
}

/// A stranger that puts an old file back must not lock the two out of each other.
BOOST_FIXTURE_TEST_CASE(an_old_epoch_that_was_never_seen_does_not_end_the_present_one_for_good, Two) {
  sender.send("one");
  const auto [header, payload] = sender.waiting().front();
  auto stray = header;
  stray.epoch = epoch_of(55);
  DeliveryNote note;
  receiver.take(header, payload, note);
  receiver.take(stray, bytes_of("stray"), note);
  sender.hear(note);
  sender.send("two");
  // The epoch of "two" is retired at the receiver now; being told so, the sender begins another.
  for (int round = 0; round < 3 && !sender.waiting().empty(); ++round) {
    DeliveryNote answer;
    for (const auto& [next, text] : sender.waiting()) receiver.take(next, text, answer);
    sender.hear(answer);
  }
  BOOST_TEST(sender.waiting().empty());
  BOOST_TEST(receiver.taken().back() == "two");
}

BOOST_FIXTURE_TEST_CASE(the_bytes_of_an_outbox_are_counted, Two) {
  const auto kept = [&] { return outgoing_rows.get(sender.store(), PeerPort{5001})->kept_bytes; };
  sender.send("12345");
  sender.send("123");
  BOOST_TEST(kept() == 8U);
  const auto [header, payload] = sender.waiting().front();
  DeliveryNote note;
  receiver.take(header, payload, note);
  sender.hear(note);
  BOOST_TEST(kept() == 3U);
  // A new epoch keeps what is left.
  const auto [next, text] = sender.waiting().front();
  sender.hear(DeliveryNote{{}, {NoteEntry{next.epoch, next.number, message_id(next, bytes_of("other"))}}});
  BOOST_TEST(kept() == 3U);
}

// What brings a block for a few bytes of question is what an outbox that is full leaves out.
BOOST_AUTO_TEST_CASE(blocks_and_answers_with_a_lock_are_what_a_full_outbox_leaves_out) {
  BOOST_TEST(answers_with_blocks(ledger::BlocksMessage{}));
  ledger::AnswerMessage answer{};
  BOOST_TEST(!answers_with_blocks(answer));
  answer.lock.emplace();
  BOOST_TEST(answers_with_blocks(answer));
  BOOST_TEST(!answers_with_blocks(ledger::CommitMessage{}));
  BOOST_TEST(!answers_with_blocks(ledger::ProposeMessage{}));
}

/// Section 6, "floods of far-future messages": the place they take is bounded.
BOOST_FIXTURE_TEST_CASE(numbers_far_out_are_refused_and_take_no_place, Two) {
  auto header = sender.header();
  header.epoch = epoch_of(1);
  DeliveryNote note;
  header.number = MessageNumber{max_messages_under_way + 1};
  BOOST_TEST((receiver.take(header, bytes_of("far"), note) == Admission::too_far));
  BOOST_TEST(seen_rows.all(receiver.store()).empty());
  header.number = MessageNumber{1};
  BOOST_TEST((receiver.take(header, bytes_of("near"), note) == Admission::fresh));
  header.number = MessageNumber{max_messages_under_way + 2};
  BOOST_TEST((receiver.take(header, bytes_of("far"), note) == Admission::too_far));
  header.number = MessageNumber{std::numeric_limits<std::uint64_t>::max()};
  BOOST_TEST((receiver.take(header, bytes_of("farthest"), note) == Admission::too_far));
}

BOOST_FIXTURE_TEST_CASE(hashes_far_below_the_floor_are_forgotten, Two) {
  auto header = sender.header();
  header.epoch = epoch_of(1);
  DeliveryNote note;
  const auto remembered = [&] {
    std::uint64_t messages = 0;
    for (const auto& [key, row] : seen_rows.all(receiver.store())) messages += row.newest_first.size();
    return messages;
  };
  // They go a row at a time, when all of a row are far below.
  for (std::uint64_t number = 1; number <= remembered_messages + 3 * seen_a_row; ++number) {
    header.number = MessageNumber{number};
    BOOST_TEST((receiver.take(header, bytes_of("x"), note) == Admission::fresh));
    if (number < remembered_messages) continue;
    BOOST_TEST(remembered() >= remembered_messages);
    BOOST_TEST(remembered() < remembered_messages + seen_a_row);
  }
  for (const std::uint64_t number : {std::uint64_t{1}, 2 * seen_a_row}) {
    header.number = MessageNumber{number};
    BOOST_TEST((receiver.take(header, bytes_of("x"), note) == Admission::contradicted), number);
  }
  header.number = MessageNumber{3 * seen_a_row + 1};
  BOOST_TEST((receiver.take(header, bytes_of("x"), note) == Admission::duplicate));
  BOOST_TEST((receiver.take(header, bytes_of("another"), note) == Admission::contradicted));
}

/// Several messages share a row of what was seen; each is itself, in whichever order they come.
BOOST_FIXTURE_TEST_CASE(messages_that_come_in_any_order_are_each_taken_once, Two) {
  auto header = sender.header();
  header.epoch = epoch_of(1);
  DeliveryNote note;
  constexpr std::uint64_t many = 5 * seen_a_row;
  std::vector<std::uint64_t> numbers(many);
  std::iota(numbers.begin(), numbers.end(), 1U);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(7));
  for (const auto expected : {Admission::fresh, Admission::duplicate}) {
    for (const auto number : numbers) {
      header.number = MessageNumber{number};
      BOOST_TEST((receiver.take(header, bytes_of("x"), note) == expected), number);
    }
    BOOST_TEST((incoming_rows.get(receiver.store(), header.from)->floor == MessageNumber{many}));
  }
  BOOST_TEST(seen_rows.all(receiver.store()).size() == many / seen_a_row + 1);
  // With a new epoch nothing of it is left.
  header.epoch = epoch_of(2);
  header.number = MessageNumber{1};
  BOOST_TEST((receiver.take(header, bytes_of("x"), note) == Admission::fresh));
  BOOST_TEST(seen_rows.all(receiver.store()).size() == 1U);
}

/// 65,536 acknowledgements are more than one sealed message may hold in a network of small messages.
BOOST_AUTO_TEST_CASE(a_long_note_is_split_into_parts_that_a_message_can_hold) {
  DeliveryNote note;
  for (std::uint64_t number = 1; number <= 25; ++number) {
    (number <= 12 ? note.taken : note.contradicted).push_back(NoteEntry{epoch_of(1), MessageNumber{number}, {}});
  }
  const auto parts = split_note(note, 10);
  BOOST_TEST(parts.size() == 3U);
  std::uint64_t next = 1;
  for (const auto& part : parts) {
    BOOST_TEST(part.taken.size() + part.contradicted.size() <= 10U);
    BOOST_TEST(encode(part).size() <= 8 + 10 * note_entry_bytes);
    for (const auto& entry : part.taken) BOOST_TEST(entry.number.value == next++);
    for (const auto& entry : part.contradicted) BOOST_TEST(entry.number.value == next++);
  }
  BOOST_TEST(next == 26U);
  BOOST_TEST(split_note(DeliveryNote{}, 10).empty());
}

/// "Order, duplication and delay are normal", loss too: everything arrives once in the end.
BOOST_AUTO_TEST_CASE(everything_arrives_once_over_a_bad_road) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 road(seed);
    Two two;
    std::vector<std::string> sent;
    for (int i = 0; i < 30; ++i) {
      sent.push_back("message " + std::to_string(i));
      two.sender.send(sent.back());
    }
    for (int round = 0; round < 200 && !two.sender.waiting().empty(); ++round) {
      auto waiting = two.sender.waiting();
      std::shuffle(waiting.begin(), waiting.end(), road);
      DeliveryNote note;
      for (const auto& [header, payload] : waiting) {
        const auto copies = road() % 3;
        for (unsigned copy = 0; copy < copies; ++copy) two.receiver.take(header, payload, note);
      }
      if (road() % 2 == 0) two.sender.hear(note);
    }
    BOOST_TEST(two.sender.waiting().empty());
    auto taken = two.receiver.taken();
    std::sort(taken.begin(), taken.end());
    std::sort(sent.begin(), sent.end());
    BOOST_TEST((taken == sent), "seed " << seed);
  }
}

// A note of 165 bytes must not make this peer write and deliver its whole outbox anew, turn after turn.
BOOST_FIXTURE_TEST_CASE(a_receiver_that_contradicts_without_end_is_believed_seldom, Two) {
  for (int i = 0; i < 5; ++i) sender.send("message " + std::to_string(i));
  Time now{1'000'000'000};
  const auto contradict = [&](std::uint64_t seconds) {
    now.value += seconds * 1'000'000;
    const auto header = sender.waiting().front().first;
    return sender.hear(DeliveryNote{{}, {NoteEntry{header.epoch, header.number, MessageId{}}}}, now);
  };
  const auto acknowledge_one = [&] {
    const auto [header, payload] = sender.waiting().front();
    BOOST_TEST(
        !sender.hear(DeliveryNote{{NoteEntry{header.epoch, header.number, message_id(header, payload)}}, {}}, now));
  };
  BOOST_TEST(contradict(0));
  BOOST_TEST(sender.waiting().size() == 5U);
  // Nothing was acknowledged since: not after a day, either.
  BOOST_TEST(!contradict(1));
  BOOST_TEST(!contradict(86'400));
  acknowledge_one();
  BOOST_TEST(contradict(0));
  acknowledge_one();
  BOOST_TEST(!contradict(9));
  BOOST_TEST(contradict(1));
  acknowledge_one();
  BOOST_TEST(!contradict(19));
  BOOST_TEST(contradict(1));
}

// Who asks and never acknowledges fills the other's outbox with answers, until it is not asked any more.
BOOST_FIXTURE_TEST_CASE(from_a_peer_that_takes_no_answers_nothing_more_is_taken, Two) {
  receiver.send("an answer", true);
  receiver.send("no answer");
  receiver.store().begin().value();
  Draft draft(receiver.store());
  auto record = *outgoing_rows.get(draft, PeerPort{5000});
  BOOST_TEST(record.answers == 1U);
  BOOST_TEST(record.answer_bytes == 9U);
  record.answers = max_answers_kept;
  outgoing_rows.put(draft, PeerPort{5000}, record);
  receiver.store().apply(draft.take_effects().writes);
  receiver.store().commit().value();
  sender.send("one more question");
  const auto [header, payload] = sender.waiting().front();
  DeliveryNote note;
  BOOST_TEST((receiver.take(header, payload, note) == Admission::held_back));
  BOOST_TEST((receiver.take(header, payload, note) == Admission::held_back));
  BOOST_TEST(receiver.taken().empty());
  // One answer taken, and it is heard again.
  const auto [answer_header, answer] = receiver.waiting().front();
  receiver.hear(
      DeliveryNote{{NoteEntry{answer_header.epoch, answer_header.number, message_id(answer_header, answer)}}, {}});
  BOOST_TEST((receiver.take(header, payload, note) == Admission::fresh));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
