#include "ledger/store/journal_store.hpp"

#include <algorithm>
#include <cassert>

#include "ledger/store/journal_entry.hpp"

namespace bookchain::ledger {

// ---- entries ----

template <class Rows>
auto BasicJournalStore<Rows>::find_or_add(Table table, ByteView key) const -> Place {
  auto& all = rows(table);
  const auto [row, is_known] = ledger::find_or_add(all, key);
  return Place{table, all, row, is_known};
}

template <class Rows>
const Bytes* BasicJournalStore<Rows>::known_value(Table table, ByteView key) const {
  const auto row = rows(table).find(key);
  return row != rows(table).end() && row->second ? &*row->second : nullptr;
}

/// A row that comes and goes while the journal is kept never gets to its table, and is forgotten. One that goes and did
/// not come since is in its table, mostly; if it is not, nothing is taken away there.
template <class Rows>
void BasicJournalStore<Rows>::set(const Place& place, std::optional<Bytes>&& value) const {
  const ByteView key = place.row->first;
  if (place.is_known && !value && !below_.look_up(place.table, key, [](ByteView) {})) {
    place.rows.erase(place.row);
  } else {
    place.row->second = std::move(value);
  }
}

template <class Rows>
void BasicJournalStore<Rows>::add(ByteView entry) const {
  const auto refuse = [&](std::string why) { damaged(place_, Error{Token::bad_file, std::move(why), {}, {}}); };
  bytes_ += entry.size();
  Reader reader(entry);
  while (!reader.at_end()) {
    const auto change = read_change(reader);
    if (reader.failed()) refuse(reader.fault());
    if (!held_.test(static_cast<std::size_t>(change.table))) {
      refuse("an entry is about a table of which the journal holds nothing");
    }
    const auto place = find_or_add(change.table, change.key);
    std::optional<Bytes> value;
    if (change.kind != RowChange::Kind::gone) {
      const bool names_another = change.kind == RowChange::Kind::around;
      const auto* other = names_another ? known_value(change.other_table, change.other_key) : nullptr;
      value = value_after(change, place.value(), other);
      if (!value)
        refuse(names_another ? "an entry names a row that is not there"
                             : "an entry is about a part of a row that is none");
    }
    set(place, std::move(value));
  }
}

template <class Rows>
void BasicJournalStore<Rows>::forget() const noexcept {
  for (auto& rows : rows_) rows.clear();
  bytes_ = 0;
  is_known_ = false;
}

template <class Rows>
void BasicJournalStore<Rows>::read_journal() const {
  forget();
  const auto all = strip_.read(below_);
  // A read that failed gave less than there is, which must not be taken for the journal, nor for a damaged one.
  if (!below_.status()) return;
  add(all);
  is_known_ = below_.status().has_value();
}

/// Precondition: what lies below is of one moment.
template <class Rows>
void BasicJournalStore<Rows>::read_journal_if_changed() const {
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (!is_known_ || before != foreign_commits_) read_journal();
}

// ---- reading ----

template <class Rows>
void BasicJournalStore<Rows>::begin_reading() const {
  if (readings_++ > 0 || open_) return;
  try {
    reading_.emplace(below_);
    read_journal_if_changed();
  } catch (const DamagedState&) {
    end_reading();
    throw;
  }
}

template <class Rows>
void BasicJournalStore<Rows>::end_reading() const {
  if (--readings_ == 0) reading_.reset();
}

template <class Rows>
template <class Read>
auto BasicJournalStore<Rows>::at_one_moment(const Read& read) const {
  if (open_ || readings_ > 0) return read();
  const Reading reading(*this);
  return read();
}

template <class Rows>
bool BasicJournalStore<Rows>::look_up(Table table, ByteView key, const Look& look) const {
  return at_one_moment([&] { return overlay::look_up(rows(table), below_, table, key, look); });
}

template <class Rows>
void BasicJournalStore<Rows>::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  at_one_moment([&] { overlay::scan(in_order(rows(table)), below_, table, prefix, from, visit); });
}

template <class Rows>
std::optional<std::pair<Bytes, Bytes>> BasicJournalStore<Rows>::last(Table table, ByteView prefix) const {
  return at_one_moment([&] { return overlay::last(in_order(rows(table)), below_, table, prefix); });
}

// ---- writing ----

template <class Rows>
Result<void> BasicJournalStore<Rows>::begin(Durability durability) {
  assert(!open_ && readings_ == 0);
  BOOKCHAIN_CHECK(below_.begin(durability));
  open_ = true;
  changed_ = false;
  read_journal_if_changed();
  return success();
}

/// A block mostly stands among the candidates before it goes to an outbox and until it is in the chain, since in one
/// transaction rows come down in the order of their tables: blocks, candidates, outboxes. Where it does not, the row is
/// written whole.
template <class Rows>
RowChange BasicJournalStore<Rows>::change_to(const Write& write, const Place& place) const {
  const auto change = change_of(write.table, write.key, write.value, place.value());
  for (const auto& [key, block] : rows(Table::candidates)) {
    if (!block) continue;
    if (const auto shorter = change_around(change, Table::candidates, key, *block)) return *shorter;
  }
  return change;
}

template <class Rows>
void BasicJournalStore<Rows>::hand_over(std::vector<Write>&& writes) {
  assert(open_);
  if (writes.empty()) return;
  changed_ = true;
  if (most_bytes_ == 0 && bytes_ == 0) return below_.hand_over(std::move(writes));
  std::vector<Write> others;
  const auto before = fresh_.size();
  for (auto& write : writes) {
    if (!held_.test(static_cast<std::size_t>(write.table))) {
      others.push_back(std::move(write));
      continue;
    }
    const auto place = find_or_add(write.table, write.key);
    append_change(fresh_, change_to(write, place));
    set(place, std::move(write.value));
  }
  if (!others.empty()) below_.hand_over(std::move(others));
  bytes_ += fresh_.size() - before;
}

template <class Rows>
Result<void> BasicJournalStore<Rows>::commit() {
  assert(open_);
  const bool has_room = most_bytes_ > 0 && bytes_ <= most_bytes_;
  auto committed = has_room ? commit_to_journal() : commit_to_tables();
  open_ = false;
  fresh_.clear();
  if (!committed) forget();
  return committed;
}

template <class Rows>
Result<void> BasicJournalStore<Rows>::commit_to_journal() {
  std::vector<Write> writes;
  strip_.append(fresh_, writes);
  below_.hand_over(std::move(writes));
  return below_.commit();
}

template <class Rows>
Result<void> BasicJournalStore<Rows>::commit_to_tables() {
  std::vector<Write> writes;
  for (std::size_t table = 0; table < table_count; ++table) {
    for (auto& [key, value] : in_order(rows_[table])) {
      const ByteView bytes = key;
      writes.push_back(Write{static_cast<Table>(table), Bytes(bytes.begin(), bytes.end()), std::move(value)});
    }
  }
  strip_.clear(writes);
  below_.hand_over(std::move(writes));
  BOOKCHAIN_CHECK(below_.commit());
  forget();
  is_known_ = true;
  return success();
}

template <class Rows>
Result<void> BasicJournalStore<Rows>::settle() {
  // What it writes is durable as the journal is, and may stay that if the power goes.
  BOOKCHAIN_CHECK(begin(Durability::soon));
  auto settled = bytes_ == 0 ? below_.commit() : commit_to_tables();
  open_ = false;
  if (!settled) forget();
  return settled;
}

template <class Rows>
void BasicJournalStore<Rows>::rollback() noexcept {
  // What lies below may be open without this one: where it was being opened and the journal could not be read.
  below_.rollback();
  if (!open_) return;
  open_ = false;
  fresh_.clear();
  if (changed_) forget();
}

template class BasicJournalStore<OrderedRows>;
template class BasicJournalStore<HashedRows>;

}  // namespace bookchain::ledger
