#include "ledger/state.hpp"

#include <algorithm>

#include "ledger/overlay.hpp"

namespace bookchain::ledger {

bool ByBytes::operator()(ByteView left, ByteView right) const {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
}

bool has_prefix(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
}

std::optional<Bytes> key_after(ByteView prefix) {
  Bytes next(prefix.begin(), prefix.end());
  while (!next.empty() && next.back() == 0xffU) next.pop_back();
  if (next.empty()) return std::nullopt;
  ++next.back();
  return next;
}

std::string_view name(Table table) {
  switch (table) {
    case Table::facts: return "facts";
    case Table::catalogue: return "catalogue";
    case Table::shelf: return "shelf";
    case Table::ownership: return "ownership";
    case Table::history: return "history";
    case Table::blocks: return "blocks";
    case Table::moved: return "moved";
    case Table::exchanges: return "exchanges";
    case Table::open_exchanges: return "open_exchanges";
    case Table::witness_ids: return "witness_ids";
    case Table::turns: return "turns";
    case Table::voter: return "voter";
    case Table::proposer: return "proposer";
    case Table::candidates: return "candidates";
    case Table::pending: return "pending";
    case Table::deferred: return "deferred";
    case Table::marks: return "marks";
    case Table::shelf_tasks: return "shelf_tasks";
    case Table::outbox: return "outbox";
    case Table::outgoing: return "outgoing";
    case Table::incoming: return "incoming";
    case Table::seen: return "seen";
    case Table::retired: return "retired";
    case Table::trace: return "trace";
    case Table::seen_votes: return "seen_votes";
    case Table::evidence: return "evidence";
    case Table::value_books: return "value_books";
    case Table::value_packages: return "value_packages";
    case Table::given_ids: return "given_ids";
    case Table::announced: return "announced";
    case Table::journal: return "journal";
    case Table::late: return "late";
    case Table::exchange_numbers: return "exchange_numbers";
  }
  return "";
}

bool Draft::look_up(Table table, ByteView key, const Look& look) const {
  return overlay::look_up(rows(table), base_, table, key, look);
}

void Draft::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  overlay::scan(rows(table), base_, table, prefix, from, visit);
}

std::optional<std::pair<Bytes, Bytes>> Draft::last(Table table, ByteView prefix) const {
  return overlay::last(rows(table), base_, table, prefix);
}

void Draft::put(Table table, Bytes key, Bytes value) {
  rows_[static_cast<std::size_t>(table)][std::move(key)] = std::move(value);
}

void Draft::erase(Table table, Bytes key) { rows_[static_cast<std::size_t>(table)][std::move(key)] = std::nullopt; }

void Draft::send(PeerPort to, Message message, bool with_package) {
  outgoing_.push_back(Outgoing{to, std::move(message), with_package});
}

void Draft::note(Event event) { events_.push_back(std::move(event)); }

std::vector<Message> Draft::take_outgoing_to(PeerPort peer) {
  std::vector<Message> taken;
  std::vector<Outgoing> others;
  for (auto& outgoing : outgoing_) {
    if (outgoing.to == peer) {
      taken.push_back(std::move(outgoing.message));
    } else {
      others.push_back(std::move(outgoing));
    }
  }
  outgoing_ = std::move(others);
  return taken;
}

void Draft::forget() noexcept {
  for (auto& rows : rows_) rows.clear();
  outgoing_.clear();
  events_.clear();
}

Effects Draft::take_effects() {
  Effects effects;
  for (std::size_t table = 0; table < table_count; ++table) {
    auto& rows = rows_[table];
    while (!rows.empty()) {
      auto row = rows.extract(rows.begin());
      effects.writes.push_back(Write{static_cast<Table>(table), std::move(row.key()), std::move(row.mapped())});
    }
  }
  effects.outgoing = std::move(outgoing_);
  effects.events = std::move(events_);
  effects.to_sign = std::move(to_sign_);
  return effects;
}

void damaged(Table table, const Error& error) {
  throw DamagedState(Error{Token::bad_file, "the state of this peer is damaged: a record cannot be read",
                           std::string(name(table)) + ": " + error.what,
                           "put state.sqlite back from a backup; nothing was changed or sent"});
}

}  // namespace bookchain::ledger
