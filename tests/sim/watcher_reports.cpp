// What peers report and what they keep is held against them: a message is taken once, nobody honest is blamed, and
// nothing that was told is lost.
#include <algorithm>

#include "ledger/records.hpp"
#include "tests/sim/evidence_reading.hpp"
#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

namespace {

/// "5000 double-sale 0123456789ab": port, fault, the beginning of its id.
std::size_t fault_named_in(const std::string& detail) {
  const auto from = detail.find(' ') + 1;
  const auto fault = std::string_view(detail).substr(from, detail.find(' ', from) - from);
  for (std::size_t place = 0; place < evidence_count; ++place) {
    if (evidence_name(place) == fault) return place;
  }
  throw Violation{"evidence is of a known fault", detail};
}

/// Once an exchange has ended it stays so; but a requester that gave up and consents all the same is taken at its word,
/// so what an owner has as given up before a consent tells no more than the grant. A TRANSFER that is under way may yet
/// be dropped, so "mined" tells no more than what came before it.
std::uint8_t rank(const ExchangeRecord& record) {
  static constexpr std::uint8_t ended = 100;
  const bool may_go_on = record.role == Role::owner && record.state == ExchangeState::aborted && !record.consent;
  if (may_go_on) return static_cast<std::uint8_t>(ExchangeState::granted);
  if (has_ended(record.state)) return ended;
  return record.state == ExchangeState::mined ? 0 : static_cast<std::uint8_t>(record.state);
}

}  // namespace

void Watcher::reported(PeerPort peer, const transport::Report& report) {
  for (const auto& received : report.received) {
    if (!received.taken || !received.id) continue;
    if (!taken_[peer].insert(*received.id).second) {
      throw Violation{"a message is taken once", at_port(peer) + " took a " + received.type + " twice"};
    }
  }
  for (const auto& event : report.events) {
    if (event.what == "fork") throw Violation{"no fork is seen", at_port(peer)};
    // The detail of both begins with the port of the peer that is blamed.
    if (event.what != "equivocation" && event.what != "evidence") continue;
    if (event.what == "evidence") {
      ++counts_.evidence[fault_named_in(event.detail)];
    } else {
      ++counts_.equivocations_seen;
    }
    const PeerPort accused{static_cast<std::uint16_t>(std::stoul(event.detail))};
    if (!restored_.contains(accused)) blamed(peer, accused, event.detail);  // those: check_blame
  }
}

void Watcher::blamed(PeerPort by, PeerPort accused, const std::string& of) const {
  if (!is_honest(accused)) return;
  throw Violation{"honest peers are never blamed", at_port(by) + " blames " + at_port(accused) + ": " + of};
}

/// Whether a restored peer may have given the cause, about something that it had forgotten.
bool Watcher::may_be_guilty(PeerPort accused, const Evidence& evidence) const {
  if (!restored_.contains(accused)) return false;
  // These are about turns, of which one exchange may have been forgotten and the other not.
  if (const auto* sale = std::get_if<DoubleSale>(&evidence)) {
    const auto& grant = sale->first.body;
    return may_forget_turn(accused, encode_all(sale->first_request.body.book, grant.version, grant.turn));
  }
  if (const auto* ends = std::get_if<ReleaseAndAbort>(&evidence)) {
    const auto& grant = ends->grant.body;
    return may_forget_turn(accused, encode_all(ends->request.body.book, grant.version, grant.turn));
  }
  const auto exchange = accusation(genesis_, evidence).exchange;
  return exchange && may_forget(accused, *exchange);
}

void Watcher::check_evidence(PeerPort peer, const EvidenceKey& key, const EvidenceRecord& row) const {
  const auto accused = accusation(genesis_, row.evidence).accused;
  if (!may_be_guilty(accused, row.evidence)) blamed(peer, accused, std::string(fault(row.evidence)));
  // Read once more by a checker of its own: that it holds, and against whom, is not left to the rules.
  const auto read = read_evidence_again(checked(genesis_), encode(row.evidence));
  if (read.wrong) {
    throw Violation{"kept evidence proves what it says",
                    at_port(peer) + ": " + std::string(fault(row.evidence)) + " breaks rule " + *read.wrong};
  }
  if (accused != key.accused || accused.value != read.accused)
    throw Violation{"evidence is kept under whom it accuses", at_port(peer)};
}

void Watcher::check_mark(PeerPort peer, const MarkKey& key, const Mark& mark) const {
  if (!may_forget(key.port, key.exchange)) blamed(peer, key.port, std::string(ledger::name(mark.kind)));
}

void Watcher::check_blame(PeerPort peer, const SimStore& store) const {
  for (const auto& [key, row] : evidence_rows.all(store)) check_evidence(peer, key, row);
  for (const auto& [key, mark] : marks.all(store)) check_mark(peer, key, mark);
}

// ---- what was told ----

void Watcher::told(PeerPort peer, const transport::Report& report, const SimStore& store) {
  if (!is_honest(peer)) return;
  for (const auto& event : report.events) {
    if (event.exchange) told(peer, *event.exchange, store);
  }
  for (const auto& step : report.steps) {
    if (!step.error) told(peer, step.exchange, store);
  }
}

void Watcher::told(PeerPort peer, const ExchangeId& exchange, const SimStore& store) {
  const auto record = exchanges.get(store, exchange);
  if (!record || record->role == Role::witness || may_forget(peer, exchange)) return;
  auto& known = told_[peer][exchange];
  known.rank = std::max(known.rank, rank(*record));
  known.granted = known.granted || record->grant;
  known.consented = known.consented || record->consent;
  known.released = known.released || record->release;
}

void Watcher::check_told(PeerPort peer, const ExchangeId& exchange, const Told& known, const SimStore& store) const {
  const auto record = exchanges.get(store, exchange);
  const auto now = record ? rank(*record) : std::uint8_t{0};
  const bool forgotten = !record || (record->state != ExchangeState::mined && now < known.rank) ||
                         (known.granted && !record->grant) || (known.consented && !record->consent) ||
                         (known.released && !record->release);
  if (!forgotten) return;
  throw Violation{lost, at_port(peer) + " forgot how far " + to_hex(exchange).substr(0, 8) + " had come" +
                            (record ? ", and has it " + std::string(ledger::name(record->state)) : "")};
}

void Watcher::check_told(PeerPort peer, const SimStore& store) const {
  const auto all = told_.find(peer);
  if (all == told_.end() || !is_honest(peer)) return;
  for (const auto& [exchange, known] : all->second) check_told(peer, exchange, known, store);
}

// ---- rows that changed ----

namespace {

template <class Key>
Key key_of(const Bytes& bytes) {
  const auto key = decode<Key>(bytes);
  if (!key) throw Violation{"a key of the state decodes", to_hex(bytes)};
  return key.value();
}

}  // namespace

void Watcher::look_at_rows(PeerPort peer, const SimStore::Changed& changed, const std::set<BookId>& moved,
                           const SimStore& store) {
  const auto& told = told_[peer];
  for (const auto& [table, bytes] : changed) {
    if (table == Table::evidence || table == Table::marks) found_out(peer, table, bytes, store);
    if (table == Table::exchanges) {
      const auto exchange = key_of<ExchangeId>(bytes);
      const auto known = told.find(exchange);
      if (known != told.end()) check_told(peer, exchange, known->second, store);
      check_share_kept(peer, exchange, store);
    } else if (table == Table::evidence) {
      const auto key = key_of<EvidenceKey>(bytes);
      if (const auto row = evidence_rows.get(store, key)) check_evidence(peer, key, *row);
    } else if (table == Table::marks) {
      const auto key = key_of<MarkKey>(bytes);
      if (const auto mark = marks.get(store, key)) check_mark(peer, key, *mark);
    } else if (table == Table::ownership && !moved.contains(key_of<BookId>(bytes))) {
      throw Violation{"a book has a new owner by a block alone", at_port(peer)};
    }
  }
}

}  // namespace bookchain::sim
