// What a restored home has forgotten, and what it must know again: its votes bind it for ever; before it grants or
// releases anything it asks the others for its own grants, and what an honest one among them held it remembers.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/durable_row.hpp"
#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

namespace {

constexpr const char* asks_first = "a restored owner grants and releases nothing before it has asked";
constexpr const char* remembers = "a restored owner remembers what those that answered it hold";

/// A turn as grants are kept by it: whose, and which.
Bytes key_of_turn(PeerPort owner, const Bytes& turn) {
  auto key = encode(owner);
  key.insert(key.end(), turn.begin(), turn.end());
  return key;
}

std::optional<TurnRecord> turn_at(const SimStore& store, PeerPort owner, const Bytes& turn) {
  const auto row = store.get(Table::turns, key_of_turn(owner, turn));
  auto record = row ? decode<TurnRecord>(*row) : Result<TurnRecord>(Error{});
  return record ? std::optional(std::move(record).value()) : std::nullopt;
}

}  // namespace

void Watcher::set_restored(PeerPort peer, std::uint64_t height, const SimStore& store) {
  auto& forgotten = restored_[peer] = Forgotten{};
  for (const auto& [exchange, record] : exchanges.all(store)) {
    if (record.role != Role::owner) continue;
    if (record.grant) forgotten.granted_in_copy.insert(exchange);
    if (record.release) released_.insert(exchange);
  }
  taken_[peer].clear();
  told_[peer].clear();
  found_[peer].clear();
  heights_[peer] = height;
}

/// Of a book that is not in the copy it may be told nothing: it cannot know what it would grant.
void Watcher::set_held(PeerPort restored, const SimStore& copy, PeerPort by, const SimStore& store) {
  auto& held = restored_.at(restored).held;
  for (const auto& [exchange, unused] : exchanges.all(store)) {
    const auto record = durable_row<ExchangeRecord>(store, Table::exchanges, encode(exchange));
    if (!record || !record->grant || record->grant->signer != restored) continue;
    const auto& grant = record->grant->body;
    const auto& book = record->request.body.book;
    const auto turn = encode_all(book, grant.version, grant.turn);
    const auto kept = durable_row<TurnRecord>(store, Table::turns, key_of_turn(restored, turn));
    const bool is_told = kept && std::ranges::find(kept->exchanges, exchange) != kept->exchanges.end();
    if (!is_told || !catalogue.get(copy, book)) continue;
    held.push_back({by, exchange, record->request.signer, book, grant.version, grant.turn, record->consent.has_value(),
                    record->release.has_value()});
  }
}

/// Whether the chain has left a turn behind, so that nobody tells of it any more.
bool Watcher::is_past(const BookId& book, Version version, Turn turn) const {
  const auto stand = checker_.standing(book.bytes);
  return stand && std::pair(version.value, turn.value) < std::pair(stand->version, stand->turn);
}

void Watcher::check_remembered(PeerPort peer, const Held& held, const SimStore& store) const {
  if (is_past(held.book, held.version, held.turn)) return;
  const auto row = turns.get(store, TurnKey{peer, held.book, held.version, held.turn});
  bool known = row && !row->exchanges.empty() && row->requester == held.requester;
  if (held.consented || held.released) {
    const auto record = exchanges.get(store, held.exchange);
    known = known && record && record->grant && (!held.consented || record->consent) &&
            (!held.released || (record->release && row->released));
  }
  if (known) return;
  throw Violation{remembers, at_port(peer) + " was told of " + to_hex(held.exchange).substr(0, 8) + " by " +
                                 at_port(held.by) + " and forgot it"};
}

/// After every event at it, until it may grant again. True from then on.
bool Watcher::has_recalled(PeerPort peer, const SimStore& store) {
  auto& forgotten = restored_.at(peer);
  if (forgotten.recalled) return true;
  const auto mute_until = mute_until_fact.get(store);
  if (!mute_until) return false;  // nobody could declare it yet
  const auto quorum = checked(genesis_).q();
  const auto recall = recall_fact.get(store);
  const auto has_answered = [&](PeerPort other) {
    return !recall || std::ranges::find(recall->answered, other) != recall->answered.end();
  };
  std::erase_if(forgotten.held, [&](const Held& held) {
    if (!has_answered(held.by)) return false;
    check_remembered(peer, held, store);
    return true;
  });
  const auto head = head_fact.get(store);
  const bool has_come_as_far = mute_until->value <= (head ? head->height.value : 0) + 1;
  forgotten.recalled = has_come_as_far && (!recall || recall->answered.size() >= quorum);
  if (forgotten.recalled) return true;
  for (const auto& [exchange, record] : exchanges.all(store)) {
    if (record.role != Role::owner) continue;
    // One that it was told of has no key.
    const bool grants = record.grant && record.key && !forgotten.granted_in_copy.contains(exchange);
    const bool releases = record.release && !released_.contains(exchange);
    if (grants || releases) throw Violation{asks_first, at_port(peer) + " and " + to_hex(exchange).substr(0, 8)};
  }
  return false;
}

void Watcher::set_caught_up(PeerPort peer, std::set<ExchangeId> forgotten, const SimStore& store) {
  auto& all = restored_.at(peer);
  all.everything = false;
  all.exchanges = std::move(forgotten);
  static constexpr std::string_view to_whom = "grant of one turn";
  std::set<Bytes> remembered;
  for (const auto& [exchange, turn] : turn_of_) {
    if (!all.exchanges.contains(exchange)) continue;
    // It answers for a turn of which it knows as much as it has told others, unless its requester told it of a RELEASE
    // when it had signed an ABORT, as those who answered first knew of none.
    const auto row = turn_at(store, peer, turn);
    const auto said = said_.find(std::tuple(to_whom, peer, turn));
    auto& ends = turn_ends_[{peer, turn}];
    const bool knows = row && !row->exchanges.empty() && said != said_.end() &&
                       said->second == encode(row->requester) && (row->released || !ends.first) &&
                       (row->abort_signed || !ends.second) && !(row->released && row->abort_signed);
    if (knows) {
      ends = {row->released, row->abort_signed};
      remembered.insert(turn);
    } else {
      turn_ends_.erase({peer, turn});
      all.turns.insert(turn);
    }
  }
  // What it signed about exchanges before it need not know; its votes bind it for ever.
  static constexpr std::array<std::string_view, 4> votes{"answer", "propose", "prevote", "precommit"};
  std::erase_if(said_, [&](const auto& entry) {
    const auto& [what, signer, slot] = entry.first;
    const bool is_vote = std::ranges::find(votes, what) != votes.end();
    return signer == peer && !is_vote && !(what == to_whom && remembered.contains(slot));
  });
}

bool Watcher::may_forget(PeerPort peer, const ExchangeId& exchange) const {
  const auto found = restored_.find(peer);
  return found != restored_.end() && (found->second.everything || found->second.exchanges.contains(exchange));
}

bool Watcher::may_forget_turn(PeerPort peer, const Bytes& turn) const {
  const auto found = restored_.find(peer);
  return found != restored_.end() && (found->second.everything || found->second.turns.contains(turn));
}

}  // namespace bookchain::sim
