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

std::string at_port(PeerPort port) { return std::to_string(port.value); }

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

/// What still keeps the run from its end, or nothing.
std::optional<std::string> World::unfinished() {
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    for (const auto port : {tracked.requester, tracked.owner}) {
      auto& at = home(port);
      if (at.restored) continue;
      const auto record = exchanges.get(at.store, tracked.exchange);
      // An owner that refuses at once keeps nothing of it; a restored one forgot.
      if (!record) continue;
      if (has_ended(record->state)) continue;
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
    if (!left) return;
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
  throw Violation{"everything ends", unfinished().value_or("")};
}

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
  for (const auto& tracked : tracked_) {
    if (villains_.contains(tracked.requester) || villains_.contains(tracked.owner)) continue;
    if (home(tracked.requester).restored || home(tracked.owner).restored) continue;
    const auto record = exchanges.get(home(tracked.requester).store, tracked.exchange);
    if (!record) continue;
    const bool moved_here = watcher_->chain().transfers().contains(tracked.exchange.bytes);
    const bool committed = record->state == ExchangeState::committed;
    if (moved_here != committed)
      throw Violation{"an exchange is committed exactly if the chain holds it", to_hex(tracked.exchange)};
    if (committed && !record->plaintext_ready)
      throw Violation{"an honest requester reads the book", to_hex(tracked.exchange)};
  }
}

/// What is promised to the one honest side of an exchange with a liar (docs/protocol.md, section 6).
void World::check_fairness() {
  for (const auto port : honest_) {
    auto& at = home(port);
    if (at.restored) continue;
    for (const auto& [exchange, record] : exchanges.all(at.store)) {
      const bool moved_here = watcher_->chain().transfers().contains(exchange.bytes);
      if (record.role == Role::requester && moved_here && !record.plaintext_ready && !record.key) {
        const auto against_owner = evidence_rows.all(at.store, encode(record.request.body.receiver_port));
        const bool proven = std::ranges::any_of(against_owner, [&, wanted = exchange](const auto& row) {
          return accusation(*genesis_, row.second.evidence).exchange == wanted;
        });
        if (!proven) throw Violation{"an honest requester has the book or evidence", at_port(port)};
      }
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
  check_shelves();
  check_fairness();
  counts_.committed += watcher_->chain().transfers().size();
  for (const auto port : honest_) {
    if (watcher_->height_of(port) != watcher_->chain().height()) throw Violation{"all chains are equal", at_port(port)};
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
