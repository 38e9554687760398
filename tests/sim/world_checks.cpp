// What is looked at when a run has ended: nothing is lost, everything lies where the chain says, and nobody
// was cheated without proof.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

/// What a peer keeps of a book, in its files or in its state.
std::optional<Text> text_at(const Home& home, const BookId& id) {
  if (const auto value = value_books.get(home.store, id)) return Text{{value->salt}, {value->text}};
  const auto found = home.shelf.contents.books.find(id);
  return found == home.shelf.contents.books.end() ? std::nullopt : std::optional(found->second);
}

void check_listed(const Home& home, const BookId& id) {
  if (shelf.get(home.store, id)) return;
  throw Violation{"a book lies on its owner's shelf alone", std::to_string(home.identity.port.value) + " kept a copy"};
}

}  // namespace

/// Every book lies on the shelf of the peer that the chain names, with the bytes that were registered.
void World::check_shelves() {
  for (const auto port : honest_) {
    auto& at = home(port);
    if (at.restored) continue;
    for (const auto& [id, unused] : shelf.all(at.store)) {
      const auto book = catalogue.get(at.store, id);
      const auto owner = book ? standing(*genesis_, at.store, *book).owner : PeerPort{};
      if (owner != port)
        throw Violation{"a book lies on its owner's shelf alone", "the list of " + at_port(port) + " names another's"};
      const auto text = text_at(at, id);
      const auto registered = texts_.find(id);
      if (!text || (registered != texts_.end() && *text != registered->second)) {
        throw Violation{"an owner has the registered bytes", at_port(port)};
      }
    }
    for (const auto& [id, text] : at.shelf.contents.books) check_listed(at, id);
    for (const auto& [id, value] : value_books.all(at.store)) check_listed(at, id);
  }
}

/// What the users of honest peers were told is there: their requests, and their books.
void World::check_acknowledged() {
  for (const auto& tracked : tracked_) (void)record_of(tracked, tracked.requester);
  for (const auto& [port, id] : registered_) {
    if (home(port).restored || catalogue.get(home(port).store, id)) continue;
    throw Violation{"what a user was told is never lost", "a book of " + at_port(port)};
  }
}

/// Between two honest peers: committed exactly if the chain says so, and read then.
void World::check_exchanges() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    if (home(tracked.requester).restored || home(tracked.owner).restored) continue;
    const auto record = record_of(tracked, tracked.requester);
    const bool moved_here = watcher_->chain().transfers().contains(tracked.exchange.bytes);
    const bool committed = record->state == ExchangeState::committed;
    if (moved_here != committed)
      throw Violation{"an exchange is committed exactly if the chain holds it", to_hex(tracked.exchange)};
    if (committed && !record->plaintext_ready)
      throw Violation{"an honest requester reads the book", to_hex(tracked.exchange)};
  }
}

/// Whether a peer keeps evidence against the owner of one of its exchanges, about this exchange.
bool World::is_proven_against_owner(const Home& home, const ExchangeId& exchange, const ExchangeRecord& record) const {
  const auto against_owner = evidence_rows.all(home.store, encode(record.request.body.receiver_port));
  return std::ranges::any_of(
      against_owner, [&](const auto& row) { return accusation(*genesis_, row.second.evidence).exchange == exchange; });
}

/// An honest requester to whom a transfer is recorded, and that neither reads the book nor has proof; or nothing.
std::optional<std::string> World::unread() {
  for (const auto port : honest_) {
    auto& at = home(port);
    if (at.restored) continue;
    for (const auto& [id, height] : watcher_->chain().transfers()) {
      const ExchangeId exchange{id};
      const auto record = exchanges.get(at.store, exchange);
      if (!record || record->role != Role::requester || record->plaintext_ready) continue;
      if (!is_proven_against_owner(at, exchange, *record))
        return at_port(port) + " of " + to_hex(exchange).substr(0, 8);
    }
  }
  return std::nullopt;
}

/// What a requester read is what was registered, as long as the book is its own.
void World::check_reading(const Home& home, const ExchangeId& exchange, const ExchangeRecord& record) const {
  const auto& id = record.request.body.book;
  const auto stand = watcher_->chain().standing(id.bytes);
  const auto registered = texts_.find(id);
  if (!stand || stand->moved_by != exchange.bytes || registered == texts_.end()) return;
  if (text_at(home, id) == registered->second) return;
  throw Violation{"an honest requester reads the book", at_port(home.identity.port) + " of " + to_hex(exchange)};
}

/// What is promised to the one honest side of an exchange with a liar (docs/protocol.md, section 6).
void World::check_fairness() {
  if (const auto cheated = unread()) throw Violation{"an honest requester has the book or evidence", *cheated};
  for (const auto port : honest_) {
    auto& at = home(port);
    if (at.restored) continue;
    for (const auto& [exchange, record] : exchanges.all(at.store)) {
      if (record.role == Role::requester && record.plaintext_ready) check_reading(at, exchange, record);
      if (record.role == Role::owner && record.release) {
        const auto yes = std::ranges::count_if(record.id_answers, [](const auto& answer) { return answer.body.yes; });
        const bool can_settle = record.consent && record.acks.size() >= genesis_->ack_quorum() &&
                                static_cast<std::size_t>(yes) >= genesis_->witness_majority();
        if (!can_settle) throw Violation{"an honest owner that released can have it recorded", at_port(port)};
      }
    }
  }
}

void World::check_end() {
  check_acknowledged();
  check_shelves();
  check_exchanges();
  check_fairness();
  const auto& recorded = watcher_->chain().recorded();
  counts_.committed += watcher_->chain().transfers().size();
  counts_.add(Work::claims, recorded.claimed);
  counts_.add(Work::settlements, recorded.settled);
  counts_.add(Work::aborts_recorded, recorded.aborts);
  counts_.add(Work::disputes_recorded, recorded.disputes);
  for (const auto port : honest_) watcher_->compare_chain(port, home(port).store);
  trace_.add(watcher_->chain().height());
  for (const auto port : honest_) {
    for (const auto& rows : home(port).store.image()) {
      for (const auto& [key, value] : rows) {
        trace_.add(key);
        trace_.add(value);
      }
    }
  }
}

}  // namespace bookchain::sim
