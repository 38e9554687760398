#include "transport/delivery.hpp"

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

MessageId message_id(const Header& header, ByteView payload) {
  const auto bytes = encode(header);
  return rename<MessageId>(sha256({bytes, payload}));
}

// ---- sending ----

namespace {

OutgoingRecord outgoing_to(Draft& draft, PeerPort to, const Epoch& fresh) {
  auto record = outgoing_rows.get(draft, to);
  if (!record) {
    record = OutgoingRecord{};
    record->epoch = fresh;
    outgoing_rows.put(draft, to, *record);
  }
  return *record;
}

/// The header under which message `number` of the present epoch was or will be sent.
Header numbered(const Header& to_peer, const OutgoingRecord& record, MessageNumber number) {
  auto header = to_peer;
  header.epoch = record.epoch;
  header.number = number;
  return header;
}

/// True if this peer cannot have sent what the receiver says it saw: it forgot, as a restored home does.
bool is_forgotten(const Draft& draft, const Header& to_peer, const OutgoingRecord& record, const NoteEntry& entry) {
  if (entry.epoch != record.epoch) return false;
  if (!(entry.number < record.next)) return true;
  const auto kept = outbox_rows.get(draft, OutboxKey{to_peer.to, entry.number});
  return kept && message_id(numbered(to_peer, record, entry.number), kept->payload) != entry.id;
}

void count_in(OutgoingRecord& record, const OutboxRecord& row) {
  record.kept_bytes += row.payload.size();
  if (!row.answer) return;
  ++record.answers;
  record.answer_bytes += row.payload.size();
}

void count_out(OutgoingRecord& record, const OutboxRecord& row) {
  const auto take_from = [](std::uint64_t& sum, std::uint64_t part) { sum -= std::min(sum, part); };
  take_from(record.kept_bytes, row.payload.size());
  if (!row.answer) return;
  take_from(record.answers, 1);
  take_from(record.answer_bytes, row.payload.size());
}

/// Whether a note may make this peer begin a new epoch now.
bool may_renew(const OutgoingRecord& record, Time now) {
  if (record.renewals == 0) return true;
  const auto pause = first_renewal_pause_us << std::min(record.renewals - 1, most_renewal_doublings);
  return record.heard_since && has_passed(record.renewed, now, pause);
}

}  // namespace

MessageId enqueue(Draft& draft, const Header& to_peer, OutboxRecord message, const Epoch& fresh) {
  auto record = outgoing_to(draft, to_peer.to, fresh);
  const auto header = numbered(to_peer, record, record.next);
  const auto id = message_id(header, message.payload);
  count_in(record, message);
  outbox_rows.put(draft, OutboxKey{to_peer.to, record.next}, message);
  ++record.next.value;
  outgoing_rows.put(draft, to_peer.to, record);
  return id;
}

void renew_epoch(Draft& draft, PeerPort to, const Epoch& fresh) {
  const auto before = outgoing_rows.get(draft, to).value_or(OutgoingRecord{});
  OutgoingRecord record;
  record.epoch = fresh;
  record.renewals = before.renewals;
  record.renewed = before.renewed;
  record.heard_since = before.heard_since;
  const auto rows = outbox_rows.all(draft, encode(to));
  for (const auto& [key, row] : rows) outbox_rows.erase(draft, key);
  for (const auto& [key, row] : rows) {
    outbox_rows.put(draft, OutboxKey{to, record.next}, row);
    count_in(record, row);
    ++record.next.value;
  }
  outgoing_rows.put(draft, to, record);
}

bool take_note(Draft& draft, const Header& to_peer, const DeliveryNote& note, const Epoch& fresh, Time now) {
  auto record = outgoing_rows.get(draft, to_peer.to);
  if (!record) return false;
  bool emptied = false;
  for (const auto& entry : note.taken) {
    if (entry.epoch != record->epoch) continue;
    const OutboxKey key{to_peer.to, entry.number};
    const auto kept = outbox_rows.get(draft, key);
    if (kept && message_id(numbered(to_peer, *record, entry.number), kept->payload) == entry.id) {
      outbox_rows.erase(draft, key);
      count_out(*record, *kept);
      emptied = true;
    }
  }
  if (emptied) {
    record->repeats = 0;
    record->heard_since = true;
    outgoing_rows.put(draft, to_peer.to, *record);
  }
  const bool forgotten = std::ranges::any_of(
      note.contradicted, [&](const auto& entry) { return is_forgotten(draft, to_peer, *record, entry); });
  if (!forgotten || !may_renew(*record, now)) return false;
  ++record->renewals;
  record->renewed = now;
  record->heard_since = false;
  outgoing_rows.put(draft, to_peer.to, *record);
  renew_epoch(draft, to_peer.to, fresh);
  return true;
}

std::vector<DeliveryNote> split_note(const DeliveryNote& note, std::size_t most) {
  std::vector<DeliveryNote> parts;
  std::size_t room = 0;
  const auto put = [&](std::vector<NoteEntry> DeliveryNote::*list, const NoteEntry& entry) {
    if (room == 0) {
      parts.emplace_back();
      room = most;
    }
    (parts.back().*list).push_back(entry);
    --room;
  };
  for (const auto& entry : note.taken) put(&DeliveryNote::taken, entry);
  for (const auto& entry : note.contradicted) put(&DeliveryNote::contradicted, entry);
  return parts;
}

// ---- receiving ----

const MessageId* SeenMessages::find(MessageNumber number) const {
  const auto found = std::ranges::find(newest_first, number, &SeenMessage::number);
  return found == newest_first.end() ? nullptr : &found->id;
}

namespace {

/// Moves the floor up over all that was seen, and forgets hashes far below it, a row of them at a time.
void raise_floor(Draft& draft, PeerPort from, IncomingRecord& record) {
  std::optional<std::uint64_t> at;
  SeenMessages row;
  while (record.floor < record.highest) {
    const MessageNumber next{record.floor.value + 1};
    const auto key = seen_key(from, next);
    if (at != key.row) {
      row = seen_rows.get(draft, key).value_or(SeenMessages{});
      at = key.row;
    }
    if (row.find(next) == nullptr) break;
    record.floor = next;
    if (next.value <= remembered_messages) continue;
    const MessageNumber forgotten{next.value - remembered_messages};
    const bool is_last_of_row = forgotten.value % seen_a_row == seen_a_row - 1;
    if (is_last_of_row) seen_rows.erase(draft, seen_key(from, forgotten));
  }
  incoming_rows.put(draft, from, record);
}

/// The sender has begun a new epoch: what it sent before is retired for good, so that no replay of it
/// is ever taken for new.
IncomingRecord begin_epoch(Draft& draft, PeerPort from, const Epoch& epoch) {
  if (const auto before = incoming_rows.get(draft, from)) {
    retired_epochs.put(draft, RetiredKey{from, before->epoch}, true);
  }
  for (const auto& [key, row] : seen_rows.all(draft, encode(from))) seen_rows.erase(draft, key);
  const IncomingRecord record{epoch, MessageNumber{0}, MessageNumber{0}};
  incoming_rows.put(draft, from, record);
  return record;
}

}  // namespace

bool asks_without_listening(const State& state, PeerPort from) {
  const auto record = outgoing_rows.get(state, from);
  return record && (record->answers >= max_answers_kept || record->answer_bytes >= max_answer_bytes_kept);
}

Admitted admit(Draft& draft, const Header& header, const MessageId& id) {
  auto record = incoming_rows.get(draft, header.from);
  const auto key = seen_key(header.from, header.number);
  const bool present = record && record->epoch == header.epoch;
  auto seen = present ? seen_rows.get(draft, key).value_or(SeenMessages{}) : SeenMessages{};
  if (present && header.number <= record->highest) {
    if (const auto* first = seen.find(header.number)) {
      return {*first == id ? Admission::duplicate : Admission::contradicted, *first};
    }
    if (header.number <= record->floor) return {Admission::contradicted, {}};
  }
  if (asks_without_listening(draft, header.from)) return {Admission::held_back, {}};
  if (!present) {
    if (retired_epochs.get(draft, RetiredKey{header.from, header.epoch})) return {Admission::retired, {}};
    // A number far out does not open an epoch either: it would retire the present one for nothing.
    if (header.number.value > max_messages_under_way) return {Admission::too_far, {}};
    record = begin_epoch(draft, header.from, header.epoch);
  }
  if (header.number.value - record->floor.value > max_messages_under_way) return {Admission::too_far, {}};
  seen.newest_first.insert(seen.newest_first.begin(), SeenMessage{header.number, id});
  seen_rows.put(draft, key, seen);
  record->highest = std::max(record->highest, header.number);
  raise_floor(draft, header.from, *record);
  return {Admission::fresh, {}};
}

}  // namespace bookchain::transport
