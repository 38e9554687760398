// Homes that are put back from a backup: what they may have forgotten, and how they come up to the others again.
#include <algorithm>
#include <utility>

#include "ledger/chain.hpp"
#include "ledger/consensus_parts.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

std::map<ExchangeId, Bytes> exchange_rows(const SimStore& store) {
  std::map<ExchangeId, Bytes> rows;
  for (const auto& [exchange, record] : exchanges.all(store)) rows.emplace(exchange, encode(record));
  return rows;
}

}  // namespace

void World::back_up(Home& home) {
  home.backup =
      Home::Backup{home.store.image(), home.shelf.contents, home.drafts, watcher_->height_of(home.identity.port)};
}

/// A backup is put back. Declared: new epochs towards all, and the questions of section 4. Undeclared: the peer
/// counts as a liar from here on, whatever it notices; the others must not come to harm by it.
void World::restore(Home& home, bool declared) {
  story_.note(home.identity.port, declared ? "is restored from a backup" : "is restored, and nobody says so");
  home.courier.reset();
  // Before anything of what it knew is gone.
  const auto forgotten_before = std::exchange(home.forgotten, known_exchanges());
  const auto before = exchange_rows(home.store);
  home.store.put_back(home.backup->rows);
  // What the copy holds as it was is not forgotten, unless it was the time before.
  for (const auto& [exchange, record] : exchange_rows(home.store)) {
    const auto known = before.find(exchange);
    const bool is_same = known != before.end() && known->second == record;
    if (is_same && !forgotten_before.contains(exchange)) home.forgotten.erase(exchange);
  }
  std::erase_if(registered_, [&](const auto& registered) {
    return registered.first == home.identity.port && !catalogue.get(home.store, registered.second);
  });
  home.shelf.put_back(home.backup->shelf);
  home.drafts = home.backup->drafts;
  home.full_until = 0;  // on another disk
  home.restored = true;
  home.caught_up = false;
  watcher_->set_restored(home.identity.port, home.backup->height, home.store);
  for (const auto port : honest_) {
    if (port != home.identity.port) watcher_->set_held(home.identity.port, home.store, port, this->home(port).store);
  }
  if (!declared) {
    watcher_->set_villain(home.identity.port);
    std::erase(honest_, home.identity.port);
    return start(home);
  }
  if (!home.restored_again) network_.keep_what_comes_to(home.identity.port);
  declare_restore(home);
}

/// The same copy is put back once more, and with it what came to this peer since the first time: what answered the
/// questions of the first restore knows nothing of what was signed since.
void World::restore_again(Home& home) {
  home.restored_again = true;
  counts_.add(Work::restored_twice);
  network_.put_back_what_came_to(home.identity.port);
  restore(home, true);
}

/// A user says so until it is done; nothing else happens at this peer before.
void World::declare_restore(Home& home) {
  bool done = false;
  for (int left = 100; !done; --left) {
    if (left == 0) throw Violation{"a restore can be declared", std::to_string(home.identity.port.value)};
    if (!home.courier) start(home);
    event(home, [&] { done = home.courier->restore().has_value(); });
  }
}

/// A restored home votes again, and q others have told it what it signed: what begins now it can forget no more.
void World::see_whether_caught_up(Home& home) {
  const auto port = home.identity.port;
  if (!home.restored || home.caught_up || !watcher_->is_honest(port)) return;
  const bool recalled = watcher_->has_recalled(port, home.store);
  const auto mute_until = mute_until_fact.get(home.store);
  const bool votes = mute_until && mute_until->value <= watcher_->height_of(port);
  if (!recalled || !votes) return;
  home.caught_up = true;
  counts_.add(Work::caught_up);
  watcher_->set_caught_up(port, home.forgotten, home.store);
}

/// Of all that anybody keeps, and all that users were told of.
std::set<ExchangeId> World::known_exchanges() const {
  std::set<ExchangeId> known;
  const auto add = [&](const SimStore& store) {
    for (const auto& [exchange, record] : exchanges.all(store)) known.insert(exchange);
    for (const auto& [key, given] : witness_ids.all(store)) known.insert(key.exchange);
  };
  for (const auto& [port, made] : homes_) add(made->store);
  for (const auto& [port, villain] : villains_) add(villain->store_);
  for (const auto& tracked : tracked_) known.insert(tracked.exchange);
  return known;
}

}  // namespace bookchain::sim
