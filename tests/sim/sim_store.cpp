#include "tests/sim/sim_store.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace bookchain::sim {

bool SimStore::fails_to_read() const {
  const auto& fails = open_ ? read_fails : idle_read_fails;
  if (!fails || !fails()) return false;
  failed_ = true;
  return true;
}

/// As the real one: of the time since the last begin.
Result<void> SimStore::status() const {
  if (failed_) return Error{Token::io, "the simulated disk failed to read", {}, {}};
  return success();
}

bool SimStore::look_up_in(const Image& image, Table table, ByteView key, const Look& look) const {
  if (fails_to_read()) return false;
  const auto& rows = rows_of(image, table);
  const auto found = rows.find(key);
  if (found == rows.end()) return false;
  look(found->second);
  return true;
}

void SimStore::scan_in(const Image& image, Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  // One that fails has given some rows before.
  auto left = fails_to_read() ? scans_failed_++ % 4 : std::numeric_limits<std::size_t>::max();
  const auto start = KeyOrder{}(prefix, from) ? from : prefix;
  const auto& rows = rows_of(image, table);
  for (auto row = rows.lower_bound(start); row != rows.end() && has_prefix(row->first, prefix); ++row) {
    if (left-- == 0 || !visit(row->first, row->second)) return;
  }
}

std::optional<std::pair<Bytes, Bytes>> SimStore::last_in(const Image& image, Table table, ByteView prefix) const {
  if (fails_to_read()) return std::nullopt;
  const auto end = key_after(prefix);
  const auto& rows = rows_of(image, table);
  auto row = end ? rows.lower_bound(*end) : rows.end();
  if (row == rows.begin()) return std::nullopt;
  --row;
  if (!has_prefix(row->first, prefix)) return std::nullopt;
  return *row;
}

bool SimStore::look_up(Table table, ByteView key, const Look& look) const {
  return look_up_in(rows_, table, key, look);
}

void SimStore::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  scan_in(rows_, table, prefix, from, visit);
}

std::optional<std::pair<Bytes, Bytes>> SimStore::last(Table table, ByteView prefix) const {
  return last_in(rows_, table, prefix);
}

Result<void> SimStore::begin(Durability durability) {
  assert(!open_);
  failed_ = false;
  if (begin_fails && begin_fails()) return Error{Token::io, "the simulated disk failed at the beginning", {}, {}};
  open_ = true;
  durability_ = durability;
  transaction_.clear();
  return success();
}

void SimStore::set(Image& image, Table table, const Bytes& key, const std::optional<Bytes>& value) {
  auto& changed = image[static_cast<std::size_t>(table)];
  if (value) {
    changed[key] = *value;
  } else {
    changed.erase(key);
  }
}

void SimStore::change(bool on_disk, const Write& write) {
  auto& image = image_of(on_disk);
  const auto& rows = rows_of(image, write.table);
  const auto before = rows.find(write.key);
  // No page changes, so nothing is written of it.
  if (!write.value && before == rows.end()) return;
  transaction_.push_back(Undo{on_disk, write.table, write.key,
                              before == rows.end() ? std::nullopt : std::optional<Bytes>(before->second)});
  set(image, write.table, write.key, write.value);
}

namespace {

/// What is in a journal: of the rows from the first on, those whose numbers follow that of the beginning.
Bytes bytes_in(const SimStore::Rows& rows) {
  const auto begin = rows.find(encode(std::uint64_t{0}));
  const auto first = begin == rows.end() ? 0 : decode<std::uint64_t>(begin->second).value();
  Bytes all;
  for (std::uint64_t place = 1;; ++place) {
    const auto row = rows.find(encode(place));
    if (row == rows.end()) return all;
    Reader reader(row->second);
    std::uint64_t number = 0;
    reader.read("number", number);
    if (number != first + place) return all;
    const auto part = reader.view("part", row->second.size());
    all.insert(all.end(), part.begin(), part.end());
  }
}

/// The next row that a journal speaks of, as it is then.
Write next_write(Reader& reader, const SimStore::Image& image, std::size_t most) {
  Write write;
  std::uint8_t kind = 0;
  reader.read("table", write.table);
  reader.blob("key", write.key, most);
  reader.read("kind", kind);
  assert(kind <= 3);
  if (kind == 0) return write;
  Bytes begin;
  Bytes end;
  Bytes other;
  if (kind == 3) {
    auto table = Table::facts;
    reader.read("other table", table);
    const auto key = reader.view("other key", most);
    other = image[static_cast<std::size_t>(table)].at(Bytes(key.begin(), key.end()));
  }
  if (kind == 2) {
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    reader.read("before", before);
    reader.read("after", after);
    const auto& known = image[static_cast<std::size_t>(write.table)].at(write.key);
    assert(std::size_t{before} + after <= known.size());
    begin.assign(known.begin(), known.begin() + before);
    end.assign(known.end() - after, known.end());
  }
  const auto between = reader.view("value", most);
  begin.insert(begin.end(), between.begin(), between.end());
  if (kind == 3) {
    const auto behind = reader.view("behind", most);
    begin.insert(begin.end(), other.begin(), other.end());
    begin.insert(begin.end(), behind.begin(), behind.end());
  }
  begin.insert(begin.end(), end.begin(), end.end());
  write.value = std::move(begin);
  return write;
}

}  // namespace

void SimStore::apply(const std::vector<Write>& writes) {
  NumberedStore(disk_).apply(writes);
  mean(writes);
}

void SimStore::apply_to_disk(const std::vector<Write>& writes) {
  assert(open_);
  for (const auto& write : writes) change(true, write);
}

void SimStore::mean(const std::vector<Write>& writes) {
  assert(open_);
  for (const auto& write : writes) change(false, write);
}

Result<void> SimStore::commit() {
  assert(open_);
  // What could not read all does not come to its commit, and what has no room not to the end of its frames.
  auto chosen = CommitFate::good;
  if (failed_)
    chosen = CommitFate::io_error;
  else if (!transaction_.empty() && is_full && is_full())
    chosen = CommitFate::disk_full;
  else if (fate)
    chosen = fate(durability_);
  if (chosen == CommitFate::dies_before) throw Crashed{};
  if (chosen == CommitFate::io_error || chosen == CommitFate::disk_full || chosen == CommitFate::error_in_log) {
    return fail_commit(chosen);
  }
  open_ = false;
  note_changed(transaction_);
  // Where nothing is written nothing is synced: what was to be durable soon stays so.
  if (!transaction_.empty() && durability_ == Durability::soon) {
    soon_.push_back(std::move(transaction_));
  } else if (!transaction_.empty()) {
    soon_.clear();
    in_log_.clear();
  }
  transaction_.clear();
  if (chosen == CommitFate::dies_after) throw Crashed{};
  return success();
}

/// One that fails before it writes leaves in the log what lay there: it may fail at any of its frames, also the first.
Result<void> SimStore::fail_commit(CommitFate how) {
  if (how == CommitFate::error_in_log && !transaction_.empty()) {
    in_log_.clear();
    in_log_after_ = soon_.size();
    for (const auto& entry : transaction_) {
      const auto& rows = rows_of(image_of(entry.on_disk), entry.table);
      const auto now = rows.find(entry.key);
      const bool is_there = now != rows.end();
      in_log_.push_back(
          Undo{entry.on_disk, entry.table, entry.key, is_there ? std::optional(now->second) : std::nullopt});
    }
  }
  rollback();
  const auto token = how == CommitFate::disk_full ? Token::disk_full : Token::io;
  return Error{token, "the simulated disk failed", {}, {}};
}

void SimStore::note_changed(const Log& log) {
  static constexpr std::array looked_at{Table::exchanges, Table::evidence, Table::marks, Table::ownership};
  for (const auto& entry : log) {
    if (entry.on_disk || std::ranges::find(looked_at, entry.table) == looked_at.end()) continue;
    const auto now = rows(entry.table).find(entry.key);
    const auto is_there = now != rows(entry.table).end();
    const bool is_same = is_there ? entry.value == now->second : !entry.value;
    if (!is_same) changed_.emplace_back(entry.table, entry.key);
  }
}

void SimStore::undo(const Log& log) noexcept {
  for (auto entry = log.rbegin(); entry != log.rend(); ++entry) {
    set(image_of(entry->on_disk), entry->table, entry->key, entry->value);
  }
}

void SimStore::rollback() noexcept {
  if (!open_) return;
  open_ = false;
  undo(transaction_);
  transaction_.clear();
}

SimStore::Loss SimStore::lose_power(Random* chance) {
  rollback();
  const auto kept = chance == nullptr ? soon_.size() : chance->below(soon_.size() + 1);
  const bool lost = kept < soon_.size();
  while (soon_.size() > kept) {
    undo(soon_.back());
    soon_.pop_back();
  }
  // Whoever opens the state syncs what it finds in the log, before anything is told of it.
  soon_.clear();
  const auto found = std::exchange(in_log_, {});
  // Its frames follow those of one commit, and fit no other. The power may have taken them, too.
  if (found.empty() || kept != in_log_after_ || (chance != nullptr && chance->chance(500))) return {lost, false};
  for (const auto& entry : found) change(entry.on_disk, Write{entry.table, entry.key, entry.value});
  note_changed(transaction_);
  transaction_.clear();
  return {lost, true};
}

std::optional<Bytes> SimStore::durable(Table table, ByteView key) const {
  const auto before = [&](const Log& log) -> const Undo* {
    const auto found = std::ranges::find_if(log, [&](const Undo& entry) {
      return !entry.on_disk && entry.table == table && std::ranges::equal(entry.key, key);
    });
    return found == log.end() ? nullptr : &*found;
  };
  for (const auto& log : soon_) {
    if (const auto* entry = before(log)) return entry->value;
  }
  if (const auto* entry = before(transaction_)) return entry->value;
  const auto found = rows(table).find(key);
  if (found == rows(table).end()) return std::nullopt;
  return found->second;
}

void SimStore::falsify(Table table, const Bytes& key, Bytes value) {
  assert(!open_);
  on_disk_ = settled(on_disk_);  // and no journal hides it
  auto place = key;
  if (NumberedStore::numbers(table)) {
    constexpr auto id_bytes = static_cast<std::ptrdiff_t>(ExchangeId::size);
    place = rows_of(on_disk_, Table::exchange_numbers).at(Bytes(key.begin(), key.begin() + id_bytes));
    place.insert(place.end(), key.begin() + id_bytes, key.end());
  }
  on_disk_[static_cast<std::size_t>(table)].insert_or_assign(std::move(place), value);
  rows_[static_cast<std::size_t>(table)].insert_or_assign(key, std::move(value));
}

void SimStore::put_back(Image image) {
  rollback();
  soon_.clear();
  in_log_.clear();
  on_disk_ = std::move(image);
  rows_ = said_by(on_disk_);
}

bool SimStore::has_journal(Table place) const { return !bytes_in(rows_of(on_disk_, place)).empty(); }

SimStore::Image SimStore::settled(const Image& on_disk) {
  auto image = on_disk;
  // What is in the first journal came later than what is in the second.
  for (const auto journal : {Table::late, Table::journal}) {
    const auto all = bytes_in(std::exchange(image[static_cast<std::size_t>(journal)], {}));
    Reader reader(all);
    while (!reader.at_end()) {
      const auto write = next_write(reader, image, all.size());
      assert(!reader.failed());
      set(image, write.table, write.key, write.value);
    }
  }
  return image;
}

SimStore::Image SimStore::said_by(const Image& on_disk) {
  auto image = settled(on_disk);
  std::map<Bytes, Bytes> exchanges;
  for (auto& [exchange, number] : std::exchange(image[static_cast<std::size_t>(Table::exchange_numbers)], {})) {
    if (exchange.empty()) continue;       // the next number
    exchanges.emplace(number, exchange);  // of two with one number, the second has lost its rows
  }
  for (std::size_t table = 0; table < table_count; ++table) {
    if (!NumberedStore::numbers(static_cast<Table>(table))) continue;
    for (auto& [place, value] : std::exchange(image[table], {})) {
      constexpr auto number_bytes = static_cast<std::ptrdiff_t>(sizeof(std::uint64_t));
      auto key = exchanges.at(Bytes(place.begin(), place.begin() + number_bytes));
      key.insert(key.end(), place.begin() + number_bytes, place.end());
      image[table].emplace(std::move(key), std::move(value));
    }
  }
  return image;
}

}  // namespace bookchain::sim
