// What is looked at when a run has ended: nothing is lost, everything lies where the chain says, and nobody
// was cheated without proof.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/villain.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

constexpr const char* as_in_chain = "an exchange is committed exactly if the chain holds it";

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

/// Whether a book that honest peers registered must lie at this peer: it never moved and the user was told of it, or it
/// came by an exchange and was read. What a DISPUTE gave back after a transfer went with the transfer (section 5).
bool World::is_owed(const Home& home, const BookId& id) const {
  const auto port = home.identity.port;
  const auto stand = watcher_->chain().standing(id.bytes);
  if (!stand || stand->version == 0) return std::ranges::find(registered_, std::pair(port, id)) != registered_.end();
  if (stand->owner != port.value || !stand->moved_by) return false;
  const auto record = exchanges.get(home.store, ExchangeId{*stand->moved_by});
  return record && record->plaintext_ready;
}

/// The other way round: what the chain gives to a peer is there, also where its own list says nothing of it.
void World::check_kept() {
  for (const auto port : honest_) {
    const auto& at = home(port);
    for (const auto& [id, registered] : texts_) {
      if (!is_owed(at, id) || (shelf.get(at.store, id) && text_at(at, id) == registered)) continue;
      throw Violation{"a book lies on its owner's shelf alone", at_port(port) + " lost " + to_hex(id).substr(0, 8)};
    }
  }
}

/// What the users of honest peers were told is there: their requests, and their books.
void World::check_acknowledged() {
  for (const auto& tracked : tracked_) (void)record_of(tracked, tracked.requester);
  for (const auto& [port, id] : registered_) {
    if (catalogue.get(home(port).store, id)) continue;
    throw Violation{"what a user was told is never lost", "a book of " + at_port(port)};
  }
}

/// Between two honest peers: what the chain holds is known at both ends, and read.
void World::check_exchanges() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    if (may_be_forgotten(tracked) || !watcher_->chain().transfers().contains(tracked.exchange.bytes)) continue;
    if (!record_of(tracked, tracked.owner))
      throw Violation{as_in_chain, to_hex(tracked.exchange) + " is unknown to its owner"};
    if (!record_of(tracked, tracked.requester)->plaintext_ready)
      throw Violation{"an honest requester reads the book", to_hex(tracked.exchange)};
  }
}

/// Whoever is at its ends: a peer has an exchange as committed exactly if the chain holds it, unless a DISPUTE took it
/// back.
void World::check_recorded() {
  for (const auto port : honest_) {
    const auto& at = home(port);
    std::set<ExchangeId> disputed;
    for (const auto& [key, mark] : marks.all(at.store)) disputed.insert(key.exchange);
    for (const auto& [exchange, record] : exchanges.all(at.store)) {
      const bool moved_here = watcher_->chain().transfers().contains(exchange.bytes);
      const bool committed = record.state == ExchangeState::committed;
      if (committed == moved_here || (moved_here && disputed.contains(exchange))) continue;
      if (watcher_->may_forget(port, exchange)) continue;
      throw Violation{as_in_chain, to_hex(exchange).substr(0, 8) + " is " + std::string(ledger::name(record.state)) +
                                       " at " + at_port(port) + ", its " + std::string(ledger::name(record.role))};
    }
  }
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
  if (const auto owed = debts(); !owed.empty()) {
    const auto& first = owed.front();
    throw Violation{std::string(first.invariant),
                    at_port(first.port) + " of " + to_hex(first.exchange).substr(0, 8) + ": " + first.stands};
  }
  for (const auto port : honest_) {
    auto& at = home(port);
    for (const auto& [exchange, record] : exchanges.all(at.store)) {
      if (record.role != Role::requester || watcher_->may_forget(port, exchange)) continue;
      if (record.plaintext_ready) check_reading(at, exchange, record);
      if (record.key && record.shares.size() >= genesis_->share_threshold()) counts_.add(Work::keys_from_shares);
    }
  }
}

void World::check_end() {
  check_acknowledged();
  check_shelves();
  check_kept();
  check_recorded();
  check_exchanges();
  check_fairness();
  const auto& recorded = watcher_->chain().recorded();
  const auto& transfers = watcher_->chain().transfers();
  counts_.committed += static_cast<std::uint64_t>(std::ranges::count_if(
      tracked_, [&](const Tracked& tracked) { return !tracked.late && transfers.contains(tracked.exchange.bytes); }));
  counts_.add(Work::claims, recorded.claimed);
  counts_.add(Work::settlements, recorded.settled);
  counts_.add(Work::aborts_recorded, recorded.aborts);
  counts_.add(Work::disputes_recorded, recorded.disputes);
  counts_.add(Work::false_deals, recorded.false_deals);
  for (const auto& [port, at] : homes_) {
    if (!watcher_->is_honest(port) && mute_until_fact.get(at->store)) counts_.add(Work::restores_noticed);
  }
  planted::at_the_end(home(honest_.front()).store);
  for (const auto port : honest_) {
    check_whole(home(port));
    watcher_->check_told(port, home(port).store);
    watcher_->check_kept(port, home(port).store);
    watcher_->check_blame(port, home(port).store);
    watcher_->compare_chain(port, home(port).store);
  }
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
