// How a run ends: the faults stop, everything heals, and then all that is promised must come true
// within a bound of events.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

constexpr std::uint64_t most_rounds = 600;
constexpr std::uint64_t idle_rounds_before_help = 6;
constexpr std::uint64_t idle_rounds_at_the_end = 2;  ///< where something was claimed

}  // namespace

void World::heal() {
  misfortune_.heal();
  counts_.blocks_under_faults = counts_.blocks;
  network_.heal();
  for (auto& [port, made] : homes_) {
    auto& at = *made;
    at.wakes_at = 0;
    at.backup.reset();
    if (!at.courier) start(at);
    story_.note(port, "all faults stop");
  }
}

/// What a peer keeps of an exchange that its user, or the other one, was told of. What a user was told is there as
/// long as the home is.
std::optional<ExchangeRecord> World::record_of(const Tracked& tracked, PeerPort port) {
  const auto& at = home(port);
  auto record = exchanges.get(at.store, tracked.exchange);
  if (!record && port == tracked.requester && !at.restored) {
    throw Violation{"what a user was told is never lost",
                    "the request " + to_hex(tracked.exchange).substr(0, 8) + " of " + at_port(port)};
  }
  return record;
}

/// What still keeps the run from its end, or nothing.
std::optional<std::string> World::unfinished() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    for (const auto port : {tracked.requester, tracked.owner}) {
      auto& at = home(port);
      if (at.restored) continue;
      const auto record = record_of(tracked, port);
      // An owner that refuses at once keeps nothing of it.
      if (!record || has_ended(record->state)) continue;
      if (home(tracked.requester).restored || home(tracked.owner).restored) continue;
      return "exchange " + to_hex(tracked.exchange).substr(0, 8) + " of " + at_port(tracked.requester) + " and " +
             at_port(tracked.owner) + " is " + std::string(ledger::name(record->state)) + " at " + at_port(port);
    }
  }
  for (const auto port : honest_) {
    if (watcher_->height_of(port) < watcher_->chain().height()) return at_port(port) + " lacks blocks";
  }
  for (const auto port : honest_) {
    for (const auto other : honest_) {
      bool waits = false;
      if (port == other) continue;
      home(port).store.scan(Table::outbox, encode(other), {}, [&](ByteView, ByteView) {
        waits = true;
        return false;
      });
      if (waits) return at_port(port) + " still has something for " + at_port(other);
    }
    if (villains_.empty() && honest_.size() == homes_.size() && !home(port).node.due(home(port).store).empty())
      return "steps are due at " + at_port(port);
  }
  return std::nullopt;
}

/// What the users at both ends do where witnesses are silent or lie: give up before consent, abort after
/// it, claim or settle what can be (section 5). Without liars, and with everybody's memory whole, there
/// is nothing to help with.
void World::helping_hand(std::uint64_t attempt) {
  for (const auto& tracked : tracked_) {
    for (const auto port : {tracked.requester, tracked.owner}) {
      if (villains_.contains(port)) continue;
      auto& at = home(port);
      const auto record = exchanges.get(at.store, tracked.exchange);
      if (!record || has_ended(record->state)) continue;
      std::vector<Wish> wishes{WishAskAgain{tracked.exchange}};
      if (attempt > 1) {
        if (record->role == Role::requester) {
          wishes = record->consent ? std::vector<Wish>{WishClaim{tracked.exchange}}
                                   : std::vector<Wish>{WishAbort{tracked.exchange, {}}};
        } else {
          wishes = {WishSettle{tracked.exchange}, WishAbort{tracked.exchange, {}}};
        }
      }
      for (const auto& wish : wishes) {
        event(at, [&] { (void)at.courier->wish(wish); });
      }
    }
  }
}

/// A liar may have told a block to some only, and then nobody hears of it before the next one: an honest
/// owner grants a book and aborts the turn, which needs no witness.
void World::wake_up_laggards(std::uint64_t attempt) {
  auto& owner = home(honest_[attempt % honest_.size()]);
  auto& requester = home(honest_[(attempt + 1) % honest_.size()]);
  add_book(owner);
  const auto book = catalogue.all(owner.store);
  for (const auto& [id, signed_book] : book) {
    if (signed_book.signer != owner.identity.port || !shelf.get(owner.store, id)) continue;
    event(requester, [&, id = id] {
      const auto requested = requester.courier->request(owner.identity.port, id);
      if (requested) tracked_.push_back({requested.value().exchange, requester.identity.port, owner.identity.port});
    });
  }
}

/// The users whose consent a lying owner has, and who have no key, claim what it owes them: once each. Gives whether
/// one of them did; nobody promises that the witnesses answer.
bool World::claim_from_liars() {
  bool any = false;
  for (const auto& tracked : tracked_) {
    auto& at = home(tracked.requester);
    if (!villains_.contains(tracked.owner) || at.restored) continue;
    const auto record = record_of(tracked, tracked.requester);
    if (!record->consent || record->key || has_ended(record->state)) continue;
    if (!claimed_.insert(tracked.exchange).second) continue;
    event(at, [&] { (void)at.courier->wish(WishClaim{tracked.exchange}); });
    any = true;
  }
  return any;
}

void World::settle() {
  std::uint64_t idle = 0;
  std::uint64_t helped = 0;
  std::vector<PeerPort> order;
  for (const auto& [port, unused] : homes_) order.push_back(port);
  for (std::uint64_t round = 0; round < most_rounds; ++round) {
    ++step_;
    ++counts_.steps;
    story_.set_step(step_);
    time_us_ += 10'000;
    bool moved = false;
    while (network_.move_one(step_)) moved = true;
    for (auto& [port, villain] : villains_) villain->turn();
    chance_.shuffle(order);
    for (const auto port : order) {
      event(home(port), [&] {
        const auto report = home(port).courier->turn({}, {true, true, false});
        if (!report)
          throw Violation{"a healed peer works",
                          at_port(port) + ": " + report.error().what + " " + report.error().subject};
        watcher_->reported(port, report.value());
      });
    }
    while (network_.move_one(step_)) moved = true;
    const auto left = unfinished();
    if (!left && !unread() && !claim_from_liars() && (claimed_.empty() || idle >= idle_rounds_at_the_end)) return;
    idle = moved ? 0 : idle + 1;
    if (!moved) jump_to_next_wake();
    const bool needs_help =
        !villains_.empty() || std::ranges::any_of(homes_, [](const auto& one) { return one.second->restored; });
    const bool stuck = idle >= idle_rounds_before_help || (round > 0 && round % 60 == 0);
    if (stuck && needs_help) {
      idle = 0;
      ++helped;
      helping_hand(helped);
      if (helped % 4 == 3) wake_up_laggards(helped);
    }
  }
  const auto left = unfinished();
  if (!left) return;  // what is unfair is told by check_fairness
  throw Violation{"everything ends", *left};
}

}  // namespace bookchain::sim
