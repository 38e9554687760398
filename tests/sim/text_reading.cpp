#include "tests/sim/text_reading.hpp"

#include <algorithm>

namespace bookchain::sim::reading {

namespace {

using ledger::Bytes;
using ledger::ByteView;

constexpr std::uint32_t highest = 0x10ffff;
constexpr std::uint32_t first_surrogate = 0xd800;
constexpr std::uint32_t last_surrogate = 0xdfff;

/// A character in UTF-8: six bits a byte from the end, and the rest in the first one.
Bytes written(std::uint32_t character) {
  const auto first = [&](std::uint32_t mark, unsigned shift) {
    return static_cast<std::uint8_t>(mark | character >> shift);
  };
  const auto next = [&](unsigned shift) { return static_cast<std::uint8_t>(0x80U | (character >> shift & 0x3fU)); };
  if (character < 0x80) return {first(0, 0)};
  if (character < 0x800) return {first(0xc0, 6), next(0)};
  if (character < 0x10000) return {first(0xe0, 12), next(6), next(0)};
  return {first(0xf0, 18), next(12), next(6), next(0)};
}

/// The character whose bytes these begin with, however badly they are written.
std::uint32_t first_character(ByteView bytes) {
  std::uint32_t character = bytes.front();
  if (character < 0xc0) return character;
  character &= character < 0xe0 ? 0x1fU : character < 0xf0 ? 0x0fU : 0x07U;
  const std::size_t more = bytes.front() < 0xe0 ? 1 : bytes.front() < 0xf0 ? 2 : 3;
  for (const auto byte : bytes.subspan(1, std::min(more, bytes.size() - 1)))
    character = character << 6U | (byte & 0x3fU);
  return character;
}

}  // namespace

bool is_text(ByteView bytes) {
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    if (character > highest || (character >= first_surrogate && character <= last_surrogate)) return false;
    // There is one way to write it.
    const auto right = written(character);
    if (bytes.size() < right.size() || !std::ranges::equal(bytes.first(right.size()), right)) return false;
    bytes = bytes.subspan(right.size());
  }
  return true;
}

}  // namespace bookchain::sim::reading
