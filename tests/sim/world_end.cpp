// How a run ends: the faults stop, everything heals, and then all that is promised must come true
// within a bound of events.
#include <algorithm>
#include <limits>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/running_plan.hpp"
#include "tests/sim/villain.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

constexpr std::uint64_t most_rounds = 2400;
constexpr std::uint64_t idle_rounds_before_help = 6;
/// Where something moves all the time. It doubles: who is asked again opens a ballot again, and of many none wins.
constexpr std::uint64_t rounds_between_help = 60;
constexpr std::uint64_t most_rounds_between_help = 480;
/// Liars may keep the others busy without end: so often users ask for what they are owed all the same.
constexpr std::uint64_t busy_rounds_before_collecting = 8;

}  // namespace

void World::heal() {
  misfortune_.heal();
  counts_.blocks_under_faults = counts_.blocks;
  network_.heal();
  for (auto& [port, made] : homes_) {
    auto& at = *made;
    at.wakes_at = 0;
    at.full_until = 0;
    clear_drafts(at);
    at.backup.reset();
    if (!at.courier) start(at);
    story_.note(port, "all faults stop");
  }
  track_untold();
}

/// Requests that are durable, and whose user was not told: the process died, or the rest of the call failed. They are
/// to end as all others.
void World::track_untold() {
  std::set<ExchangeId> known;
  for (const auto& tracked : tracked_) known.insert(tracked.exchange);
  for (const auto port : honest_) {
    for (const auto& [exchange, record] : exchanges.all(home(port).store)) {
      const auto requester = record.request.signer;
      const bool began_here = record.role == Role::requester && requester == port;
      if (!began_here || !known.insert(exchange).second) continue;
      counts_.add(Work::untold_requests);
      ++counts_.exchanges;
      tracked_.push_back({exchange, requester, record.request.body.receiver_port, record.request.body.book});
    }
  }
}

/// What a peer keeps of an exchange that its user, or the other one, was told of. What a user was told is there as
/// long as the home is.
std::optional<ExchangeRecord> World::record_of(const Tracked& tracked, PeerPort port) {
  const auto& at = home(port);
  auto record = exchanges.get(at.store, tracked.exchange);
  if (!record && port == tracked.requester && !watcher_->may_forget(port, tracked.exchange)) {
    throw Violation{"what a user was told is never lost",
                    "the request " + to_hex(tracked.exchange).substr(0, 8) + " of " + at_port(port)};
  }
  return record;
}

/// Whether one of its two ends was put back to what it knew before.
bool World::may_be_forgotten(const Tracked& tracked) const {
  return watcher_->may_forget(tracked.requester, tracked.exchange) ||
         watcher_->may_forget(tracked.owner, tracked.exchange);
}

/// A peer that lacks blocks, and has not voted at the height of the next one.
bool World::somebody_knows_nothing() {
  return std::ranges::any_of(honest_, [&](PeerPort port) {
    return watcher_->height_of(port) < watcher_->chain().height() && !is_voting(home(port));
  });
}

std::optional<PeerPort> World::lacking_blocks() const {
  const auto lacks = [&](PeerPort port) { return watcher_->height_of(port) < watcher_->chain().height(); };
  const auto found = std::ranges::find_if(honest_, lacks);
  return found == honest_.end() ? std::nullopt : std::optional(*found);
}

/// What still keeps the run from its end, or nothing.
std::optional<std::string> World::unfinished() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    for (const auto port : {tracked.requester, tracked.owner}) {
      const auto record = record_of(tracked, port);
      // An owner that refuses at once keeps nothing of it.
      if (!record || has_ended(record->state) || may_be_forgotten(tracked)) continue;
      return "exchange " + to_hex(tracked.exchange).substr(0, 8) + " of " + at_port(tracked.requester) + " and " +
             at_port(tracked.owner) + " is " + std::string(ledger::name(record->state)) + " at " + at_port(port);
    }
  }
  if (const auto laggard = lacking_blocks()) return at_port(*laggard) + " lacks blocks";
  for (const auto port : honest_) {
    const auto mute_until = mute_until_fact.get(home(port).store);
    if (mute_until && mute_until->value == std::numeric_limits<std::uint64_t>::max())
      return at_port(port) + " was put back and was not told up to where it may have voted";
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
    // A home that was put back may have lost for good what a step needs, such as a package that left its owner.
    if (home(port).restored || !villains_.empty() || honest_.size() < homes_.size()) continue;
    const auto due = home(port).node.due(home(port).store);
    if (due.empty()) continue;
    return std::string(ledger::name(due.front().step)) + " of " + to_hex(due.front().exchange).substr(0, 8) +
           " is due at " + at_port(port);
  }
  return std::nullopt;
}

/// What the user at one end does where witnesses are silent or lie: first what the program itself would after a time
/// (Node::recovery); then it gives up before consent, aborts after it, claims or settles what can be (section 5).
void World::help_in(const Tracked& tracked, PeerPort port, std::uint64_t attempt) {
  auto& at = home(port);
  const auto record = exchanges.get(at.store, tracked.exchange);
  if (!record || has_ended(record->state)) return;
  std::vector<Wish> wishes{WishAskAgain{tracked.exchange}};
  const auto recovery = at.node.recovery(at.store, tracked.exchange);
  if (attempt == 2 && recovery) {
    wishes = {recovery->wish};
  } else if (attempt > 1 && record->role == Role::requester) {
    wishes = record->consent ? std::vector<Wish>{WishClaim{tracked.exchange}}
                             : std::vector<Wish>{WishAbort{tracked.exchange, {}}};
  } else if (attempt > 1) {
    wishes = {WishSettle{tracked.exchange}, WishAbort{tracked.exchange, {}}};
  }
  for (const auto& wish : wishes) {
    event(at, [&] { (void)at.courier->wish(wish); });
  }
}

/// What the program does by itself after a time, and all that there is to help with without liars and with everybody's
/// memory whole: the encrypted book was spoiled on its way, and the GRANT beside it was acknowledged.
void World::ask_for_lost_packages() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester)) continue;
    auto& at = home(tracked.requester);
    const auto record = exchanges.get(at.store, tracked.exchange);
    if (!record || record->consent) continue;
    const auto recovery = at.node.recovery(at.store, tracked.exchange);
    if (recovery) event(at, [&] { (void)at.courier->wish(recovery->wish); });
  }
}

void World::helping_hand(std::uint64_t attempt) {
  for (const auto& tracked : tracked_) {
    for (const auto port : {tracked.requester, tracked.owner}) {
      if (!villains_.contains(port)) help_in(tracked, port, attempt);
    }
  }
  collect(debts(), true);
}

/// A liar may have told a block to some only. Who voted at its height asks the others; who did not hears of it with the
/// next message of a later height: an honest owner grants a book and aborts the turn; no witness is needed.
void World::wake_up_laggards(std::uint64_t attempt) {
  auto& owner = home(honest_[attempt % honest_.size()]);
  auto& requester = home(honest_[(attempt + 1) % honest_.size()]);
  add_book(owner);
  const auto book = catalogue.all(owner.store);
  for (const auto& [id, signed_book] : book) {
    if (signed_book.signer != owner.identity.port || !shelf.get(owner.store, id)) continue;
    event(requester, [&, id = id] {
      const auto requested = requester.courier->request(owner.identity.port, id);
      if (!requested) return;
      tracked_.push_back({requested.value().exchange, requester.identity.port, owner.identity.port, id, true});
    });
  }
}

void World::settle() {
  std::uint64_t idle = 0;
  std::uint64_t helped = 0;
  std::uint64_t next_help = rounds_between_help;
  std::uint64_t between_help = rounds_between_help;
  std::optional<std::uint64_t> finished;
  std::vector<PeerPort> order;
  for (const auto& [port, unused] : homes_) order.push_back(port);
  for (std::uint64_t round = 0; round < most_rounds; ++round) {
    ++step_;
    ++counts_.steps;
    story_.set_step(step_);
    set_running_step(step_);
    time_us_ += 10'000;
    bool moved = false;
    while (network_.move_one(step_)) moved = true;
    last_acting_ = nullptr;
    for (auto& [port, villain] : villains_) villain->turn();
    chance_.shuffle(order);
    for (const auto port : order) {
      event(home(port), [&] {
        const auto report = home(port).courier->turn({}, {true, true, false, is_patient(port)});
        if (!report)
          throw Violation{"a healed peer works",
                          at_port(port) + ": " + report.error().what + " " + report.error().subject};
      });
    }
    while (network_.move_one(step_)) moved = true;
    idle = moved ? 0 : idle + 1;
    if (!unfinished()) {
      finished = round;
      const auto owed = debts();
      if (owed.empty()) return;
      if (!moved || round % busy_rounds_before_collecting == 0) collect(owed, false);
    }
    if (!moved) jump_to_next_wake();
    const bool needs_help =
        !villains_.empty() || std::ranges::any_of(homes_, [](const auto& one) { return one.second->restored; });
    const bool busy = round >= next_help;
    if (busy) {
      between_help = std::min(2 * between_help, most_rounds_between_help);
      next_help = round + between_help;
    }
    const bool stuck = busy || idle >= idle_rounds_before_help;
    if (!stuck) continue;
    idle = 0;
    ask_for_lost_packages();
    if (!needs_help) continue;
    ++helped;
    helping_hand(helped);
    if (helped % 4 == 3 && somebody_knows_nothing()) wake_up_laggards(helped);
  }
  // Who is owed something asks again and again; all else had ended. What is unfair is told by check_fairness.
  if (finished && most_rounds - *finished < rounds_between_help) return;
  const auto left = unfinished();
  if (!left) return;
  throw Violation{"everything ends", *left};
}

}  // namespace bookchain::sim
