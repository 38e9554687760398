#include "transport/postponed.hpp"

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Some 60 KiB.
constexpr std::size_t most_entries = 1024;

std::size_t entries_of(const DeliveryNote& note) { return note.taken.size() + note.contradicted.size(); }

void append(std::vector<NoteEntry>& entries, const std::vector<NoteEntry>& more) {
  entries.insert(entries.end(), more.begin(), more.end());
}

}  // namespace

void Postponed::owe(PeerPort to, const DeliveryNote& note, Time now) {
  auto& owed = owed_[to];
  append(owed.taken, note.taken);
  append(owed.contradicted, note.contradicted);
  entries_ += entries_of(note);
  if (!owed_since_) owed_since_ = now;
}

DeliveryNote Postponed::take_owed(PeerPort to) {
  auto owed = owed_.extract(to);
  if (owed_.empty()) owed_since_.reset();
  if (!owed) return {};
  entries_ -= entries_of(owed.mapped());
  return std::move(owed.mapped());
}

void Postponed::note_came(PeerPort from, DeliveryNote note, Time now) {
  entries_ += entries_of(note);
  came_.emplace_back(from, std::move(note));
  if (!unwritten_since_) unwritten_since_ = now;
}

Postponed::Place Postponed::place_in(const OutgoingRecord& record) {
  return {record.epoch, record.fresh_from, record.delivered, record.repeats};
}

void Postponed::delivered(PeerPort to, const OutgoingRecord& row, const OutgoingRecord& record, Time now) {
  marks_[to] = Mark{place_in(row), place_in(record)};
  if (!unwritten_since_) unwritten_since_ = now;
}

void Postponed::bring_up_to_date(PeerPort to, OutgoingRecord& row) const {
  const auto mark = marks_.find(to);
  if (mark == marks_.end() || mark->second.in_state != place_in(row)) return;
  const auto& reached = mark->second.reached;
  row.fresh_from = reached.fresh_from;
  row.delivered = reached.delivered;
  row.repeats = reached.repeats;
}

void Postponed::write_down(Draft& draft) {
  for (const auto& [to, mark] : marks_) {
    auto row = outgoing_rows.get(draft, to);
    if (!row) continue;
    bring_up_to_date(to, *row);
    outgoing_rows.put(draft, to, *row);
  }
  written_down_ = std::exchange(marks_, {});
}

void Postponed::written() {
  for (const auto& [from, note] : came_) entries_ -= entries_of(note);
  came_.clear();
  written_down_.clear();
  unwritten_since_.reset();
  for (const auto& [to, mark] : marks_) {
    const auto since = mark.reached.delivered;
    unwritten_since_ = std::min(unwritten_since_.value_or(since), since);
  }
}

void Postponed::rolled_back() { marks_ = std::exchange(written_down_, {}); }

bool Postponed::is_due(Time now) const {
  const auto has_waited = [&](const std::optional<Time>& since) { return since && has_passed(*since, now, delay_us); };
  return entries_ >= most_entries || has_waited(owed_since_) || has_waited(unwritten_since_);
}

std::optional<Time> Postponed::due_at() const {
  auto since = owed_since_;
  if (unwritten_since_ && (!since || *unwritten_since_ < *since)) since = unwritten_since_;
  if (!since) return std::nullopt;
  return Time{since->value + delay_us};
}

}  // namespace bookchain::transport
