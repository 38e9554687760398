#include "ledger/store/journal_entry.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace bookchain::ledger {

template <>
struct EnumBounds<RowChange::Kind> {
  static constexpr auto last = RowChange::Kind::around;
};

namespace {

constexpr std::size_t any_size = std::numeric_limits<std::uint32_t>::max();
/// To leave out fewer bytes than that is not worth it.
constexpr std::size_t least_left_out = 32;

/// So many bytes are compared at once.
constexpr std::size_t step = 64;
/// Values of fewer bytes are not looked for in others.
constexpr std::size_t least_in_another = 1024;
static_assert(step <= least_in_another);

/// How many bytes at the beginning are the same.
std::size_t same_at_begin(ByteView left, ByteView right) {
  const auto most = std::min(left.size(), right.size());
  std::size_t same = 0;
  while (same + step <= most && std::memcmp(left.data() + same, right.data() + same, step) == 0) same += step;
  while (same < most && left[same] == right[same]) ++same;
  return same;
}

std::size_t same_at_end(ByteView left, ByteView right) {
  const auto most = std::min(left.size(), right.size());
  const auto* left_end = left.data() + left.size();
  const auto* right_end = right.data() + right.size();
  std::size_t same = 0;
  while (same + step <= most && std::memcmp(left_end - same - step, right_end - same - step, step) == 0) same += step;
  while (same < most && left_end[-1 - std::ptrdiff_t(same)] == right_end[-1 - std::ptrdiff_t(same)]) ++same;
  return same;
}

Bytes joined(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  Bytes all;
  all.reserve(size);
  for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

RowChange change_of(Table table, ByteView key, const std::optional<Bytes>& value, const Bytes* known) {
  RowChange change{table, key, RowChange::Kind::gone, {}};
  if (!value) return change;
  change.kind = RowChange::Kind::whole;
  change.bytes = *value;
  if (known == nullptr) return change;
  const auto before = same_at_begin(*known, *value);
  const auto after = same_at_end(ByteView(*known).subspan(before), change.bytes.subspan(before));
  if (before + after < least_left_out) return change;
  change.kind = RowChange::Kind::part;
  change.before = static_cast<std::uint32_t>(before);
  change.after = static_cast<std::uint32_t>(after);
  change.bytes = change.bytes.subspan(before, value->size() - before - after);
  return change;
}

std::optional<RowChange> change_around(const RowChange& change, Table other_table, ByteView other_key, ByteView other) {
  if (change.kind != RowChange::Kind::whole) return std::nullopt;
  if (other.size() < least_in_another || change.bytes.size() < other.size()) return std::nullopt;
  // One place is looked at, the first that begins like the other value.
  const auto* place = ::memmem(change.bytes.data(), change.bytes.size(), other.data(), step);
  if (place == nullptr) return std::nullopt;
  const auto before = static_cast<std::size_t>(static_cast<const std::uint8_t*>(place) - change.bytes.data());
  const auto rest = change.bytes.subspan(before);
  if (rest.size() < other.size() || std::memcmp(rest.data(), other.data(), other.size()) != 0) return std::nullopt;
  auto shorter = change;
  shorter.kind = RowChange::Kind::around;
  shorter.other_table = other_table;
  shorter.other_key = other_key;
  shorter.bytes = change.bytes.first(before);
  shorter.behind = rest.subspan(other.size());
  return shorter;
}

void append_change(Bytes& entry, const RowChange& change) {
  append_with(entry, [&](auto& writer) {
    writer.write(change.table);
    writer.blob("key", change.key, any_size);
    writer.write(change.kind);
    if (change.kind == RowChange::Kind::gone) return;
    if (change.kind == RowChange::Kind::part) {
      writer.write(change.before);
      writer.write(change.after);
    }
    if (change.kind == RowChange::Kind::around) {
      writer.write(change.other_table);
      writer.blob("other key", change.other_key, any_size);
    }
    writer.blob("value", change.bytes, any_size);
    if (change.kind == RowChange::Kind::around) writer.blob("behind", change.behind, any_size);
  });
}

RowChange read_change(Reader& reader) {
  RowChange change;
  reader.read("table", change.table);
  change.key = reader.view("key", any_size);
  reader.read("kind", change.kind);
  if (change.kind == RowChange::Kind::gone) return change;
  if (change.kind == RowChange::Kind::part) {
    reader.read("before", change.before);
    reader.read("after", change.after);
  }
  if (change.kind == RowChange::Kind::around) {
    reader.read("other table", change.other_table);
    change.other_key = reader.view("other key", any_size);
  }
  change.bytes = reader.view("value", any_size);
  if (change.kind == RowChange::Kind::around) change.behind = reader.view("behind", any_size);
  return change;
}

std::optional<Bytes> value_after(const RowChange& change, const Bytes* known, const Bytes* other) {
  if (change.kind == RowChange::Kind::whole) return Bytes(change.bytes.begin(), change.bytes.end());
  if (change.kind == RowChange::Kind::around) {
    if (other == nullptr) return std::nullopt;
    return joined({change.bytes, *other, change.behind});
  }
  const std::size_t stays = std::size_t{change.before} + change.after;
  if (known == nullptr || stays > known->size()) return std::nullopt;
  return joined({ByteView(*known).first(change.before), change.bytes, ByteView(*known).last(change.after)});
}

}  // namespace bookchain::ledger
