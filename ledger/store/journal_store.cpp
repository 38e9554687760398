#include "ledger/store/journal_store.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace bookchain::ledger {

// ---- entries ----

namespace {

constexpr std::size_t any_size = std::numeric_limits<std::uint32_t>::max();

Bytes entry_of(const std::vector<Write>& writes) {
  Writer writer;
  for (const auto& write : writes) {
    writer.write(write.table);
    writer.blob("key", write.key, any_size);
    writer.write(write.value.has_value());
    if (write.value) writer.blob("value", *write.value, any_size);
  }
  return writer.take();
}

struct Row {
  Table table{};
  ByteView key;
  std::optional<ByteView> value;
};

Row read_row(Reader& reader, Table place, const TableSet& held) {
  Row row;
  bool is_there = false;
  reader.read("table", row.table);
  row.key = reader.view("key", any_size);
  reader.read("is_there", is_there);
  if (is_there) row.value = reader.view("value", any_size);
  if (reader.failed()) damaged(place, Error{Token::bad_file, reader.fault(), {}, {}});
  if (!held.test(static_cast<std::size_t>(row.table))) {
    damaged(place, Error{Token::bad_file, "an entry is about a table of which the journal holds nothing", {}, {}});
  }
  return row;
}

}  // namespace

/// A row that comes and goes while the journal is kept never gets to its table, and is forgotten.
void JournalStore::add(Bytes entry) const {
  const auto& kept = entries_.emplace_back(std::move(entry));
  bytes_ += kept.size();
  Reader reader(kept);
  while (!reader.at_end()) {
    const auto row = read_row(reader, place_, held_);
    auto& rows = rows_[static_cast<std::size_t>(row.table)];
    if (row.value || below_.get(row.table, row.key)) {
      rows.insert_or_assign(row.key, row.value);
    } else if (const auto place = rows.find(row.key); place != rows.end()) {
      rows.erase(place);
    }
  }
}

void JournalStore::forget() const noexcept {
  for (auto& rows : rows_) rows.clear();
  entries_.clear();
  bytes_ = 0;
  first_ = next_ = 1;
  is_known_ = false;
}

void JournalStore::read_journal() const {
  forget();
  below_.scan(place_, {}, {}, [&](ByteView key, ByteView value) {
    const auto number = decode<std::uint64_t>(key);
    if (!number) damaged(place_, number.error());
    if (entries_.empty()) first_ = number.value();
    next_ = number.value() + 1;
    add(Bytes(value.begin(), value.end()));
    return true;
  });
  // A read that failed gave nothing, which must not be taken for an empty journal.
  is_known_ = below_.status().has_value();
}

/// Precondition: what lies below is of one moment.
void JournalStore::read_journal_if_changed() const {
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (!is_known_ || before != foreign_commits_) read_journal();
}

// ---- reading ----

void JournalStore::begin_reading() const {
  if (readings_++ > 0 || open_) return;
  try {
    reading_.emplace(below_);
    read_journal_if_changed();
  } catch (const DamagedState&) {
    end_reading();
    throw;
  }
}

void JournalStore::end_reading() const {
  if (--readings_ == 0) reading_.reset();
}

template <class Read>
auto JournalStore::at_one_moment(const Read& read) const {
  if (open_ || readings_ > 0) return read();
  const Reading reading(*this);
  return read();
}

std::optional<Bytes> JournalStore::get(Table table, ByteView key) const {
  return at_one_moment([&] { return overlay::get(rows(table), below_, table, key); });
}

void JournalStore::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  at_one_moment([&] { overlay::scan(rows(table), below_, table, prefix, from, visit); });
}

std::optional<std::pair<Bytes, Bytes>> JournalStore::last(Table table, ByteView prefix) const {
  return at_one_moment([&] { return overlay::last(rows(table), below_, table, prefix); });
}

// ---- writing ----

Result<void> JournalStore::begin(Durability durability) {
  assert(!open_ && readings_ == 0);
  BOOKCHAIN_CHECK(below_.begin(durability));
  open_ = true;
  read_journal_if_changed();
  return success();
}

void JournalStore::apply(const std::vector<Write>& writes) {
  assert(open_);
  if (writes.empty()) return;
  if (most_bytes_ == 0 && entries_.empty()) return below_.apply(writes);
  const auto is_held = [&](const Write& write) { return held_.test(static_cast<std::size_t>(write.table)); };
  if (std::ranges::all_of(writes, is_held)) return add_fresh(writes);
  std::vector<Write> own;
  std::vector<Write> others;
  for (const auto& write : writes) (is_held(write) ? own : others).push_back(write);
  if (!others.empty()) below_.apply(others);
  if (!own.empty()) add_fresh(own);
}

void JournalStore::add_fresh(const std::vector<Write>& writes) {
  add(entry_of(writes));
  ++fresh_;
}

Result<void> JournalStore::commit() {
  assert(open_);
  const bool has_room = most_bytes_ > 0 && bytes_ <= most_bytes_;
  auto committed = has_room ? commit_to_journal() : commit_to_tables();
  open_ = false;
  fresh_ = 0;
  if (!committed) forget();
  return committed;
}

Result<void> JournalStore::commit_to_journal() {
  for (auto entry = entries_.end() - static_cast<std::ptrdiff_t>(fresh_); entry != entries_.end(); ++entry) {
    below_.apply({Write{place_, encode(next_++), *entry}});
  }
  return below_.commit();
}

Result<void> JournalStore::commit_to_tables() {
  std::vector<Write> writes;
  for (std::size_t table = 0; table < table_count; ++table) {
    for (const auto& [key, value] : rows_[table]) {
      writes.push_back(Write{static_cast<Table>(table), Bytes(key.begin(), key.end()), overlay::copy(value)});
    }
  }
  for (auto number = first_; number < next_; ++number) {
    writes.push_back(Write{place_, encode(number), std::nullopt});
  }
  below_.apply(writes);
  BOOKCHAIN_CHECK(below_.commit());
  forget();
  is_known_ = true;
  return success();
}

Result<void> JournalStore::settle() {
  // What it writes is durable as the journal is, and may stay that if the power goes.
  BOOKCHAIN_CHECK(begin(Durability::soon));
  auto settled = entries_.empty() ? below_.commit() : commit_to_tables();
  open_ = false;
  if (!settled) forget();
  return settled;
}

void JournalStore::rollback() noexcept {
  // What lies below may be open without this one: where it was being opened and the journal could not be read.
  below_.rollback();
  if (!open_) return;
  open_ = false;
  fresh_ = 0;
  forget();
}

}  // namespace bookchain::ledger
