#include "ledger/store/journal_entry.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace bookchain::ledger {

template <>
struct EnumBounds<RowChange::Kind> {
  static constexpr auto last = RowChange::Kind::part;
};

namespace {

constexpr std::size_t any_size = std::numeric_limits<std::uint32_t>::max();
/// To leave out fewer bytes than that is not worth it.
constexpr std::size_t least_left_out = 32;

/// So many bytes are compared at once.
constexpr std::size_t step = 64;

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
    writer.blob("value", change.bytes, any_size);
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
  change.bytes = reader.view("value", any_size);
  return change;
}

std::optional<Bytes> value_after(const RowChange& change, const Bytes* known) {
  if (change.kind == RowChange::Kind::whole) return Bytes(change.bytes.begin(), change.bytes.end());
  const std::size_t stays = std::size_t{change.before} + change.after;
  if (known == nullptr || stays > known->size()) return std::nullopt;
  Bytes value;
  value.reserve(stays + change.bytes.size());
  value.insert(value.end(), known->begin(), known->begin() + change.before);
  value.insert(value.end(), change.bytes.begin(), change.bytes.end());
  value.insert(value.end(), known->end() - change.after, known->end());
  return value;
}

}  // namespace bookchain::ledger
