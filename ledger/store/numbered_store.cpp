#include "ledger/store/numbered_store.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace bookchain::ledger {

namespace {

constexpr std::size_t id_bytes = ExchangeId::size;
constexpr std::size_t number_bytes = sizeof(std::uint64_t);
/// Of what was asked for, some 150 bytes each; with more, all is asked anew.
constexpr std::size_t most_remembered = 1'024;
/// Of the row that holds the next number to be given; before the ids of all exchanges.
constexpr ByteView next_key;

ByteView id_in(ByteView key) { return key.first(id_bytes); }
ByteView rest_of(ByteView key) { return key.subspan(id_bytes); }

Bytes joined(ByteView first, ByteView second) {
  Bytes bytes;
  bytes.reserve(first.size() + second.size());
  bytes.insert(bytes.end(), first.begin(), first.end());
  bytes.insert(bytes.end(), second.begin(), second.end());
  return bytes;
}

void check_number(ByteView number) {
  if (number.size() == number_bytes) return;
  damaged(Table::exchange_numbers, Error{Token::bad_file, "a number has not 8 bytes", {}, {}});
}

}  // namespace

bool NumberedStore::numbers(Table table) {
  return table == Table::exchanges || table == Table::moved || table == Table::trace;
}

std::optional<Bytes> NumberedStore::number_of(ByteView exchange) const {
  if (is_of_one_moment()) {
    if (const auto known = asked_.find(exchange); known != asked_.end()) return known->second;
  }
  auto number = below_.get(Table::exchange_numbers, exchange);
  if (number) check_number(*number);
  // A read that failed gave less than there is.
  if (is_of_one_moment() && (number || below_.status())) {
    if (asked_.size() >= most_remembered) asked_.clear();
    asked_.emplace(Bytes(exchange.begin(), exchange.end()), number);
  }
  return number;
}

// ---- what is of one moment ----

void NumberedStore::forget_if_changed() const {
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (before != foreign_commits_) asked_.clear();
}

void NumberedStore::begin_reading() const {
  readings_.emplace_back(below_);
  if (readings_.size() == 1 && !open_) forget_if_changed();
}

void NumberedStore::end_reading() const { readings_.pop_back(); }

Result<void> NumberedStore::begin(Durability durability) {
  BOOKCHAIN_CHECK(below_.begin(durability));
  forget_if_changed();
  open_ = true;
  return success();
}

Result<void> NumberedStore::commit() {
  auto committed = below_.commit();
  open_ = false;
  gave_numbers_ = false;
  if (!committed) asked_.clear();
  return committed;
}

void NumberedStore::rollback() noexcept {
  open_ = false;
  if (std::exchange(gave_numbers_, false)) asked_.clear();
  below_.rollback();
}

// ---- reading ----

bool NumberedStore::look_up(Table table, ByteView key, const Look& look) const {
  if (!numbers(table)) return below_.look_up(table, key, look);
  assert(key.size() >= id_bytes);
  const auto number = number_of(id_in(key));
  return number && below_.look_up(table, joined(*number, rest_of(key)), look);
}

bool NumberedStore::scan_exchange(Table table, ByteView exchange, ByteView number, ByteView prefix, ByteView from,
                                  const Visit& visit) const {
  bool goes_on = true;
  below_.scan(table, joined(number, prefix), joined(number, from), [&](ByteView key, ByteView value) {
    return goes_on = visit(joined(exchange, key.subspan(number_bytes)), value);
  });
  return goes_on;
}

void NumberedStore::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  if (!numbers(table)) return below_.scan(table, prefix, from, visit);
  const ByBytes less;
  const auto start = less(prefix, from) ? from : prefix;
  // An exchange that is before the start has no row after it; of the one in which it lies, some are.
  const auto first_id = start.first(std::min(start.size(), id_bytes));
  const auto scan_one = [&](ByteView exchange, ByteView number) {
    const bool has_start = start.size() >= id_bytes && std::ranges::equal(exchange, first_id);
    return scan_exchange(table, exchange, number, prefix.size() > id_bytes ? rest_of(prefix) : ByteView(),
                         has_start ? rest_of(start) : ByteView(), visit);
  };
  if (prefix.size() >= id_bytes) {
    if (!has_prefix(start, prefix)) return;  // it is after all of them
    const auto number = number_of(id_in(prefix));
    if (number) scan_one(id_in(prefix), *number);
    return;
  }
  below_.scan(Table::exchange_numbers, prefix, first_id, [&](ByteView exchange, ByteView number) {
    if (exchange.size() != id_bytes) return true;
    check_number(number);
    return scan_one(exchange, number);
  });
}

std::optional<std::pair<Bytes, Bytes>> NumberedStore::last(Table table, ByteView prefix) const {
  if (!numbers(table)) return below_.last(table, prefix);
  if (prefix.size() >= id_bytes) {
    const auto number = number_of(id_in(prefix));
    if (!number) return std::nullopt;
    auto row = below_.last(table, joined(*number, rest_of(prefix)));
    if (row) row->first = joined(id_in(prefix), ByteView(row->first).subspan(number_bytes));
    return row;
  }
  std::optional<std::pair<Bytes, Bytes>> found;
  scan(table, prefix, {}, [&](ByteView key, ByteView value) {
    found = std::make_pair(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  });
  return found;
}

// ---- writing ----

/// The numbers of exchanges in one set of writes: those they have, and those they are given.
class NumberedStore::Numbering {
 public:
  explicit Numbering(const NumberedStore& store) : store_(store) {}

  /// Null if it has none and need not have one.
  [[nodiscard]] const Bytes* number_of(ByteView exchange, bool needed) {
    const auto known = known_.find(exchange);
    if (known != known_.end()) return &known->second;
    auto number = store_.number_of(exchange);
    if (!number && !needed) return nullptr;
    const auto place = known_.emplace(Bytes(exchange.begin(), exchange.end()), Bytes{}).first;
    if (!number) {
      number = encode(take_next());
      fresh_.push_back(Write{Table::exchange_numbers, place->first, *number});
    }
    place->second = std::move(*number);
    return &place->second;
  }
  void add_rows(std::vector<Write>& writes) {
    if (fresh_.empty()) return;
    writes.push_back(Write{Table::exchange_numbers, Bytes(next_key.begin(), next_key.end()), encode(next_)});
    std::ranges::move(fresh_, std::back_inserter(writes));
  }

 private:
  std::uint64_t take_next() {
    if (fresh_.empty()) {
      const auto next = store_.number_of(next_key);
      // Where a read failed, which gives nothing, nothing will be committed.
      if (!next && store_.below_.last(Table::exchange_numbers, {}) && store_.below_.status()) {
        damaged(Table::exchange_numbers, Error{Token::bad_file, "the next number is missing", {}, {}});
      }
      next_ = next ? decode<std::uint64_t>(*next).value() : 0;
    }
    return next_++;
  }

  const NumberedStore& store_;
  std::map<Bytes, Bytes, ByBytes> known_;
  std::vector<Write> fresh_;
  std::uint64_t next_ = 0;
};

void NumberedStore::apply(const std::vector<Write>& writes) {
  Numbering numbering(*this);
  std::vector<Write> placed;
  placed.reserve(writes.size());
  for (const auto& write : writes) {
    if (!numbers(write.table)) {
      placed.push_back(write);
      continue;
    }
    assert(write.key.size() >= id_bytes);
    // A row that is not there needs no number to be erased.
    const auto* number = numbering.number_of(id_in(write.key), write.value.has_value());
    if (number != nullptr) placed.push_back(Write{write.table, joined(*number, rest_of(write.key)), write.value});
  }
  const auto before = placed.size();
  numbering.add_rows(placed);
  for (std::size_t i = before; i < placed.size(); ++i) {
    asked_.insert_or_assign(placed[i].key, placed[i].value);
    gave_numbers_ = true;
  }
  below_.hand_over(std::move(placed));
}

}  // namespace bookchain::ledger
