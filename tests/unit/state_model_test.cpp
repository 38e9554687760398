// The state of a peer, however it is kept, held against a std::map that has the same writes.
#include <map>

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// What every State must say, said by the simplest means.
class Model {
 public:
  void write(const Write& change) {
    auto& rows = tables_[change.table];
    if (change.value) {
      rows[change.key] = *change.value;
    } else {
      rows.erase(change.key);
    }
  }
  [[nodiscard]] std::optional<Bytes> get(Table table, const Bytes& key) const {
    const auto& rows = of(table);
    const auto found = rows.find(key);
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] Rows scan(Table table, const Bytes& prefix, const Bytes& from) const {
    Rows found;
    for (const auto& [key, value] : of(table)) {
      const bool inside = key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
      if (inside && key >= from) found.emplace_back(key, value);
    }
    return found;
  }

 private:
  [[nodiscard]] const std::map<Bytes, Bytes>& of(Table table) const {
    static const std::map<Bytes, Bytes> none;
    const auto found = tables_.find(table);
    return found == tables_.end() ? none : found->second;
  }
  std::map<Table, std::map<Bytes, Bytes>> tables_;
};

/// Short keys over few bytes, the first and last among them, so that prefixes, repetitions and ends are hit. Keys of
/// the trace begin with the id of an exchange, those of turns mostly with an owner and a book.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : generator_(seed) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(generator_() % bound); }
  Bytes key(Table table) {
    auto bytes = table == Table::trace ? id() : Bytes{};
    if (table == Table::turns) bytes.assign(SmallTables::bytes_of_turn_group, letter());
    const auto more = short_key();
    bytes.insert(bytes.end(), more.begin(), more.end());
    return bytes;
  }
  Bytes prefix(Table table) {
    if (below(2) == 0) return key(table);
    auto bytes = id();
    bytes.resize(below(table == Table::trace ? bytes.size() + 1 : 4));
    return bytes;
  }
  Table table() {
    static constexpr std::array tables{Table::facts, Table::trace, Table::history, Table::candidates, Table::turns};
    return tables[below(tables.size())];
  }
  Write write() {
    const auto of = table();
    if (below(3) == 0) return Write{of, key(of), std::nullopt};
    if (below(4) > 0) return Write{of, key(of), scrambled(below(5), generator_())};
    // As a record that changes in one place, and in its length.
    Bytes value(1'000 + below(1'000), 7);
    value[below(value.size())] = letter();
    if (of == Table::candidates) {
      block_ = value;
    } else if (below(2) == 0) {
      // As a message, or a row of the chain, that has a block in it.
      value = scrambled(below(5), generator_());
      value.insert(value.end(), block_.begin(), block_.end());
      value.resize(value.size() + below(5), letter());
    }
    return Write{of, key(of), std::move(value)};
  }

 private:
  std::uint8_t letter() {
    static constexpr std::array<std::uint8_t, 4> letters{0x00, 0x61, 0xfe, 0xff};
    return letters[below(letters.size())];
  }
  Bytes id() { return Bytes(sizeof(ExchangeId), letter()); }
  Bytes short_key() {
    Bytes bytes(below(4));
    for (auto& byte : bytes) byte = letter();
    return bytes;
  }

  std::mt19937_64 generator_;
  Bytes block_;  ///< of the last row that went to the candidates
};

void compare(const State& state, const Model& model, Chance& chance) {
  const auto table = chance.table();
  const auto key = chance.key(table);
  const auto prefix = chance.prefix(table);
  const auto from = chance.below(2) == 0 ? Bytes{} : chance.prefix(table);
  BOOST_TEST((state.get(table, key) == model.get(table, key)));
  const auto expected = model.scan(table, prefix, from);
  BOOST_TEST((scan(state, table, prefix, from) == expected));
  if (!expected.empty()) {
    const auto most = 1 + chance.below(expected.size());
    const Rows first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(most));
    BOOST_TEST((scan(state, table, prefix, from, most) == first));
  }
  const auto all = model.scan(table, prefix, {});
  const auto last = state.last(table, prefix);
  BOOST_REQUIRE(last.has_value() == !all.empty());
  if (last) BOOST_TEST((*last == all.back()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_model)

// Random transactions, some rolled back; after each change the store says what the map says.
BOOST_AUTO_TEST_CASE(all_stores_and_a_draft_on_them_agree_with_a_map) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Stores stores;
    for (const auto& store : stores.all) {
      Chance chance(seed);
      Model durable;
      for (int transaction = 0; transaction < 60; ++transaction) {
        require_success(store->begin(chance.below(2) == 0 ? Durability::full : Durability::soon));
        auto model = durable;
        for (int batch = 0; batch < 2; ++batch) {
          Draft draft(*store);
          auto drafted = model;
          for (int i = 0; i < 8; ++i) {
            const auto write = chance.write();
            drafted.write(write);
            if (write.value) {
              draft.put(write.table, write.key, *write.value);
            } else {
              draft.erase(write.table, write.key);
            }
            compare(draft, drafted, chance);
            compare(*store, model, chance);  // nothing is written before apply()
          }
          store->apply(draft.take_effects().writes);
          model = drafted;
          for (int i = 0; i < 4; ++i) compare(*store, model, chance);
        }
        if (chance.below(3) == 0) {
          store->rollback();
        } else {
          require_success(store->commit());
          durable = model;
        }
        for (int i = 0; i < 4; ++i) compare(*store, durable, chance);
        require_success(store->status());
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
