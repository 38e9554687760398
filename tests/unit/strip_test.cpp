// The strip of bytes in rows of one size, and what a journal says of rows in it.
#include "ledger/store/journal_entry.hpp"
#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Bytes some_bytes(std::size_t size, std::mt19937_64& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

/// A strip in a store, with what must be in it.
struct Written {
  explicit Written(Store& store) : below(store) {}

  Store& below;
  Strip strip{Table::journal};
  Bytes all;
  std::mt19937_64 random{1};

  /// Gives how many rows that wrote.
  std::size_t append(std::size_t size) {
    const auto bytes = some_bytes(size, random);
    all.insert(all.end(), bytes.begin(), bytes.end());
    std::vector<Write> writes;
    strip.append(bytes, writes);
    commit(below, writes);
    return writes.size();
  }
  void clear() {
    all.clear();
    std::vector<Write> writes;
    strip.clear(writes);
    commit(below, writes);
  }
  [[nodiscard]] bool is_read() const { return Strip(Table::journal).read(below) == all; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(strip)

BOOST_AUTO_TEST_CASE(what_is_appended_is_read_in_its_order_by_who_begins_anew) {
  MemoryStore below;
  Written written(below);
  for (const std::size_t size : {1U, 10U, 0U, 5'000U, 8'116U, 8'117U, 20'000U, 1U, 40'000U, 100U}) {
    written.append(size);
    BOOST_TEST(written.is_read());
    // Another goes on behind it.
    written.strip = Strip(Table::journal);
    BOOST_TEST((written.strip.read(below) == written.all));
  }
}

constexpr std::size_t made_together = 16;

BOOST_AUTO_TEST_CASE(a_few_bytes_write_one_row) {
  MemoryStore below;
  Written written(below);
  BOOST_TEST(written.append(400) == made_together);
  for (int i = 1; i < 20; ++i) BOOST_TEST(written.append(400) == 1U);
  // What does not fit there whole begins a row.
  BOOST_TEST(written.append(8'000) == 1U);
  BOOST_TEST(written.append(12'000) == 2U);
  BOOST_TEST(rows_of(below, Table::journal) == made_together);
  BOOST_TEST(written.is_read());
}

// docs/decisions/0016: to make a row changes pages beside its own.
BOOST_AUTO_TEST_CASE(rows_are_made_sixteen_at_a_time_and_are_no_part_of_it_until_they_are_written) {
  MemoryStore below;
  Written written(below);
  for (std::size_t row = 0; row < 3 * made_together; ++row) {
    BOOST_TEST_INFO(row);
    BOOST_TEST(written.append(8'116) == (row % made_together == 0 ? made_together : 1U));
    BOOST_TEST(written.is_read());
    if (row % 5 != 0) continue;
    // Whoever goes on knows which are there.
    written.strip = Strip(Table::journal);
    BOOST_TEST((written.strip.read(below) == written.all));
  }
  BOOST_TEST(rows_of(below, Table::journal) == 3 * made_together);
  written.clear();
  for (std::size_t row = 0; row < 3 * made_together; ++row) BOOST_TEST(written.append(8'000) == 1U);
  BOOST_TEST(written.append(8'000) == made_together);
}

BOOST_AUTO_TEST_CASE(after_a_clearing_the_rows_are_written_over_and_nothing_of_before_is_read) {
  MemoryStore below;
  Written written(below);
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i) {
    const auto commits = written.random() % 9;
    for (std::uint64_t k = 0; k < commits; ++k) written.append(written.random() % 20'000);
    BOOST_TEST(written.is_read());
    most = std::max(most, rows_of(below, Table::journal));
    written.clear();
    BOOST_TEST(written.is_read());
    BOOST_TEST(rows_of(below, Table::journal) >= most);  // none goes
    if (i % 3 == 0) {
      written.strip = Strip(Table::journal);
      (void)written.strip.read(below);
    }
  }
  BOOST_TEST(most <= 9U * 3 + 1 + made_together);
}

// docs/decisions/0016: a row fills a page, and is written over in place.
BOOST_AUTO_TEST_CASE(a_state_in_a_file_has_a_page_a_row_and_does_not_grow_when_they_are_written_over) {
  constexpr std::size_t page = 8'192;
  constexpr std::size_t rows = 13 * made_together;
  const TemporaryFolder folder;
  const auto file = folder / "state.sqlite";
  const auto fill = [&](std::size_t count) {
    const auto store = open_sqlite(file);
    Written written(*store);
    written.all = written.strip.read(*store);
    for (std::size_t i = 0; i < count; ++i) (void)written.append(8'000);
    BOOST_TEST(written.is_read());
    written.clear();
  };
  const auto size = [&] { return boost::filesystem::file_size(file) / page; };
  fill(0);
  const auto empty = size();
  fill(rows);
  const auto filled = size();
  // Beside them the tree has a few pages, which lead to the rows.
  BOOST_TEST(filled - empty >= rows);
  BOOST_TEST(filled - empty <= rows + 5);
  fill(rows);
  BOOST_TEST(size() == filled);
}

BOOST_AUTO_TEST_CASE(what_is_no_strip_is_a_damaged_state) {
  const auto refuses = [](const std::vector<Write>& damage) {
    MemoryStore below;
    Written written(below);
    // In the second time of the strip, numbers begin behind 5; a row of the first is left.
    written.append(40'000);
    written.clear();
    written.append(20'000);
    BOOST_TEST(written.is_read());
    commit(below, damage);
    BOOST_CHECK_THROW((void)Strip(Table::journal).read(below), DamagedState);
  };
  const auto numbered = [](std::uint64_t number, std::uint32_t bytes) {
    auto row = encode_all(number, bytes);
    row.resize(Strip::row_bytes);
    return row;
  };
  const auto key = [](std::uint64_t row) { return encode(row); };
  refuses({Write{Table::journal, key(2), Bytes(100, 0)}});
  refuses({Write{Table::journal, key(2), std::nullopt}});
  refuses({Write{Table::journal, key(0), Bytes{1}}});
  refuses({Write{Table::journal, Bytes{0}, Bytes{1}}});
  refuses({Write{Table::journal, key(3), numbered(8, 8'117)}});
  // What is of the strip must not be taken for what was cleared.
  refuses({Write{Table::journal, key(0), std::nullopt}});
  refuses({Write{Table::journal, key(0), encode(std::uint64_t{4})}});
  refuses({Write{Table::journal, key(2), numbered(8, 100)}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(journal_entry)

BOOST_AUTO_TEST_CASE(of_any_two_values_the_change_gives_the_second_from_the_first) {
  std::mt19937_64 random{2};
  for (int i = 0; i < 2'000; ++i) {
    const auto before = some_bytes(random() % 300, random);
    auto after = before;
    if (random() % 4 == 0) after = some_bytes(random() % 300, random);
    if (!after.empty() && random() % 2 == 0) after[random() % after.size()] ^= 1U;
    const auto place = after.begin() + static_cast<std::ptrdiff_t>(random() % (after.size() + 1));
    if (random() % 2 == 0) {
      after.insert(place, random() % 90, 7);
    } else {
      after.erase(place, after.begin() + std::min(place - after.begin() + 20, std::ssize(after)));
    }
    const std::optional<Bytes> value(after);
    for (const auto* known : {&before, static_cast<const Bytes*>(nullptr)}) {
      Bytes bytes;
      append_change(bytes, change_of(Table::facts, a_key, value, known));
      bookchain::ledger::Reader reader(bytes);
      const auto change = read_change(reader);
      BOOST_REQUIRE(!reader.failed());
      BOOST_REQUIRE(reader.at_end());
      BOOST_TEST((change.table == Table::facts));
      BOOST_TEST(std::ranges::equal(change.key, a_key));
      BOOST_REQUIRE((value_after(change, known, nullptr) == value));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_value_with_that_of_another_row_in_it_is_what_stands_beside_that) {
  std::mt19937_64 random{3};
  for (int i = 0; i < 500; ++i) {
    const auto other = some_bytes(1'024 + random() % 300, random);
    auto value = some_bytes(random() % 3 == 0 ? 0 : random() % 300, random);
    value.insert(value.end(), other.begin(), other.end());
    value.resize(value.size() + (random() % 3 == 0 ? 0 : random() % 300), 7);
    const std::optional<Bytes> wanted(value);
    const auto shorter =
        change_around(change_of(Table::outbox, a_key, wanted, nullptr), Table::candidates, another_key, other);
    BOOST_REQUIRE(shorter.has_value());
    Bytes bytes;
    append_change(bytes, *shorter);
    BOOST_TEST(bytes.size() < value.size() - other.size() + 50);
    bookchain::ledger::Reader reader(bytes);
    const auto change = read_change(reader);
    BOOST_REQUIRE(!reader.failed());
    BOOST_REQUIRE(reader.at_end());
    BOOST_TEST((change.table == Table::outbox));
    BOOST_TEST((change.other_table == Table::candidates));
    BOOST_TEST(std::ranges::equal(change.other_key, another_key));
    BOOST_REQUIRE((value_after(change, nullptr, &other) == wanted));
    BOOST_TEST(!value_after(change, &other, nullptr));
  }
}

BOOST_AUTO_TEST_CASE(a_value_that_has_another_one_not_whole_in_it_is_said_whole) {
  const auto other = scrambled(2'000, 1);
  const auto changes = [&](const Bytes& value, const Bytes* known = nullptr) {
    const std::optional<Bytes> wanted(value);
    return change_around(change_of(Table::outbox, a_key, wanted, known), Table::candidates, another_key, other)
        .has_value();
  };
  BOOST_TEST(changes(other));
  auto cut = other;
  cut.pop_back();
  BOOST_TEST(!changes(cut));
  auto different = other;
  different.back() ^= 1U;
  BOOST_TEST(!changes(different));
  BOOST_TEST(!changes(scrambled(4'000, 2)));
  BOOST_TEST(!changes({}));
  BOOST_TEST(!changes(other, &different));  // a part of it changed
  const std::optional<Bytes> small(scrambled(1'023, 1));
  const auto change = change_of(Table::outbox, a_key, small, nullptr);
  BOOST_TEST(!change_around(change, Table::candidates, another_key, *small).has_value());
  const auto gone = change_of(Table::outbox, a_key, std::nullopt, nullptr);
  BOOST_TEST(!change_around(gone, Table::candidates, another_key, other).has_value());
}

BOOST_AUTO_TEST_CASE(a_part_of_more_than_there_is_gives_nothing) {
  const Bytes known(100, 1);
  const RowChange change{Table::facts, a_key, RowChange::Kind::part, {}, 60, 40};
  BOOST_TEST((value_after(change, &known, nullptr) == known));
  const Bytes less(99, 1);
  BOOST_TEST(!value_after(change, &less, nullptr));
  BOOST_TEST(!value_after(change, nullptr, &known));
}

BOOST_AUTO_TEST_SUITE_END()
