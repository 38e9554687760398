// How the disks of a simulated network fail, and how its peers die and come back.
#include "ledger/records.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

void World::break_store(Home& home) {
  auto* at = &home;
  at->store.fate = [this, at](Durability durability) {
    if (at->broken_for_good) return CommitFate::io_error;
    if (misfortune_.happens(Fault::io_error, 8)) {
      at->broken_for_good = planted::is_on(Bug::disk_stays_broken);
      return CommitFate::io_error;
    }
    if (misfortune_.happens(Fault::disk_full, 8)) return CommitFate::disk_full;
    if (misfortune_.happens(Fault::error_in_log, 8)) return CommitFate::error_in_log;
    if (misfortune_.happens(Fault::crash_in_commit, durability == Durability::full ? 12 : 6)) {
      if (misfortune_.chance(Fault::crash_in_commit).chance(500)) {
        counts_.add(DeathPlace::in_lost_commit);
        return CommitFate::dies_before;
      }
      counts_.add(DeathPlace::in_kept_commit);
      // What a call decided is durable then, and looked at before the process dies of it: committed().
      if (durability == Durability::soon) return CommitFate::dies_after;
      at->dies_after_commit = true;
    }
    return CommitFate::good;
  };
  at->store.is_full = [this, at] { return step_ < at->full_until; };
  at->store.begin_fails = [this] { return misfortune_.happens(Fault::begin_error, 6); };
  if (plan_.has(Fault::read_error)) {
    at->store.read_fails = [this] {
      return misfortune_.chance(Fault::read_error).chance(200) && misfortune_.happens(Fault::read_error, 1);
    };
  }
  if (plan_.has(Fault::idle_read_error)) {
    // Who looks on from outside reads in the same way, and while nobody acts.
    at->store.idle_read_fails = [this, at] { return acting_ == at && misfortune_.happens(Fault::idle_read_error, 1); };
  }
}

void World::break_shelf(Home& home) {
  auto* at = &home;
  at->shelf.forgets = [](const ShelfTask& task) { return planted::forgets(task); };
  at->shelf.disk = [this, at]() -> Result<void> {
    if (misfortune_.happens(Fault::torn_package, 15)) {
      counts_.add(DeathPlace::in_package);
      throw Crashed{};
    }
    if (step_ < at->full_until || misfortune_.happens(Fault::disk_full, 8))
      return Error{Token::disk_full, "the simulated disk is full", {}, {}};
    if (misfortune_.happens(Fault::shelf_error, 15)) return Error{Token::io, "the simulated shelf failed", {}, {}};
    return success();
  };
  at->shelf.tears = [this](Bytes& bytes) {
    if (!misfortune_.happens(Fault::torn_package, 15)) return false;
    counts_.add(DeathPlace::in_package);
    auto& chance = misfortune_.chance(Fault::torn_package);
    // It is cut short, or of the right length, and what stands at its end was never written.
    if (bytes.empty() || !chance.chance(400)) {
      bytes.resize(chance.below(bytes.size() + 1));
    } else {
      chance.fill(std::span(bytes).last(1 + chance.below(bytes.size())));
    }
    return true;
  };
}

// ---- crashes ----

namespace {

/// How much of its journals the process keeps that begins: most of them, as who serves, from a few commits to many. The
/// others are commands, which keep none and settle what they find.
Journals::Room journal_room(std::uint64_t kind) {
  constexpr std::uint64_t commands_of = 4;
  if (kind % commands_of == 0) return {};
  return {.first = std::size_t{1} << (10 + kind % 9), .second = std::size_t{1} << (8 + kind % 7)};
}

}  // namespace

void World::check_whole(const Home& home) const {
  if (home.store.is_whole()) return;
  throw Violation{"tables and journals say together what was written", at_port(home.identity.port)};
}

void World::start(Home& home) {
  watcher_->check_told(home.identity.port, home.store);
  watcher_->check_kept(home.identity.port, home.store);
  clear_drafts(home);
  check_whole(home);
  if (home.store.has_journal(Table::journal)) counts_.add(Work::journals_found);
  if (home.store.has_journal(Table::late)) counts_.add(Work::late_journals_found);
  home.journal.emplace(home.store);
  home.journal->journals().keep(journal_room(plan_.seed + home.identity.port.value + home.starts++));
  home.gathering.emplace(*home.journal);
  home.value_shelf.emplace(home.shelf, *home.gathering);
  home.courier.emplace(transport::Courier::make(
                           {home.node, *home.gathering, *home.value_shelf, home.link, home.environment, this, nullptr})
                           .value());
}

/// As a home does when it is opened (Shelf::clear_work): what its user took for not registered may be so after all.
void World::clear_drafts(Home& home) {
  for (const auto& id : std::exchange(home.drafts, {})) {
    if (!catalogue.get(home.store, id)) home.shelf.contents.books.erase(id);
  }
}

void World::crash(Home& home) {
  home.dies_after_commit = false;
  auto* chance = plan_.has(Fault::lost_bookkeeping) ? &misfortune_.chance(Fault::lost_bookkeeping) : nullptr;
  home.courier.reset();
  forget_good_signatures();  // which all share: what dies with one dies with all
  const auto loss = home.store.lose_power(chance);
  if (loss.lost) counts_.add(Fault::lost_bookkeeping);
  if (loss.surfaced) counts_.add(Work::surfaced_commits);
  home.shelf.lose_power(chance);
  planted::after_a_crash(home.store);
  home.wakes_at = step_ + chance_.below(40);
  story_.note(home.identity.port, loss.surfaced ? "crashes, and a commit that failed counts" : "crashes");
}

/// Where the log holds a commit that failed, the peer dies more often than usual, before another is written over it.
bool World::dies_with_log(const Home& home, std::uint64_t in_a_thousand) {
  if (misfortune_.healed() || !home.store.may_surface()) return false;
  return misfortune_.chance(Fault::error_in_log).chance(in_a_thousand);
}

void World::reached(transport::KillPoint point) {
  trace_.add(static_cast<std::uint64_t>(point));
  if (!misfortune_.happens(Fault::crash, 3) && !dies_with_log(*acting_, 100)) return;
  counts_.add(point);
  throw Crashed{};
}

/// Whatever becomes of the rest of the call: the turns that die or fail here are those worth looking at.
void World::committed(const transport::Report& report) {
  auto& home = *std::exchange(acting_, nullptr);
  watcher_->reported(home.identity.port, report);
  watcher_->told(home.identity.port, report, home.store);
  acting_ = &home;
  if (std::exchange(home.dies_after_commit, false)) throw Crashed{};
}

}  // namespace bookchain::sim
