#include "cli/printable.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace bookchain::cli {

namespace {

struct CodePoint {
  std::uint32_t value{};
  std::size_t size{};  ///< bytes taken; 0 if the bytes are no UTF-8
};

/// The character at the front of `text`, strictly: no overlong forms, no surrogates.
CodePoint first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80U) return {lead, 1};
  std::size_t size = 0;
  std::uint32_t value = 0;
  if (lead >= 0xc2U && lead <= 0xdfU) {
    size = 2;
    value = lead & 0x1fU;
  } else if (lead >= 0xe0U && lead <= 0xefU) {
    size = 3;
    value = lead & 0x0fU;
  } else if (lead >= 0xf0U && lead <= 0xf4U) {
    size = 4;
    value = lead & 0x07U;
  }
  if (size == 0 || text.size() < size) return {};
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  const bool overlong = (size == 3 && value < 0x800U) || (size == 4 && value < 0x10000U);
  const bool surrogate = value >= 0xd800U && value <= 0xdfffU;
  if (overlong || surrogate || value > 0x10ffffU) return {};
  return {value, size};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Characters that are no control codes and still never belong on a line: they turn its direction,
/// break it, or cannot be seen.
constexpr std::array hidden{
    Range{0x00ad, 0x00ad},    // soft hyphen
    Range{0x061c, 0x061c},    // Arabic letter mark
    Range{0x115f, 0x1160},    // Hangul fillers
    Range{0x17b4, 0x17b5},    // Khmer inherent vowels
    Range{0x180e, 0x180e},    // Mongolian vowel separator
    Range{0x200b, 0x200b},    // zero width space
    Range{0x200e, 0x200f},    // direction marks
    Range{0x2028, 0x202e},    // line and paragraph separators, embeddings and overrides
    Range{0x2060, 0x206f},    // word joiner, invisible operators, isolates, deprecated shapings
    Range{0x3164, 0x3164},    // Hangul filler
    Range{0xfdd0, 0xfdef},    // noncharacters
    Range{0xfeff, 0xfeff},    // byte order mark
    Range{0xffa0, 0xffa0},    // half-width Hangul filler
    Range{0xfff0, 0xfffb},    // interlinear annotations and their unassigned neighbours
    Range{0xe0000, 0xe0fff},  // tags and other characters that are ignored when drawn
};

bool is_hidden(std::uint32_t character) {
  if ((character & 0xfffeU) == 0xfffeU) return true;  // the last two of every plane are noncharacters
  for (const auto& range : hidden) {
    if (character >= range.first && character <= range.last) return true;
  }
  return false;
}

bool is_control(std::uint32_t character) { return character < 0x20U || (character >= 0x7fU && character <= 0x9fU); }

std::string written_out(const char* format, std::uint32_t value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), format, static_cast<unsigned>(value));
  return text.data();
}

}  // namespace

std::string printable(std::string_view foreign) { return printable(foreign, std::string_view::npos); }

std::string printable(std::string_view foreign, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  while (!foreign.empty()) {
    const auto character = first_of(foreign);
    std::string piece;
    if (character.size == 0) {
      piece = written_out("\\x%02x", static_cast<std::uint8_t>(foreign.front()));
    } else if (is_control(character.value)) {
      piece = written_out("\\x%02x", character.value);
    } else if (is_hidden(character.value)) {
      piece = written_out("\\u{%x}", character.value);
    } else {
      piece = std::string(foreign.substr(0, character.size));
    }
    const auto taken = character.size == 0 ? 1 : character.size;
    foreign.remove_prefix(taken);
    const auto wide = width(piece);
    if (columns != std::string_view::npos && used + wide + (foreign.empty() ? 0 : 1) > columns) {
      return out + "…";
    }
    out += piece;
    used += wide;
  }
  return out;
}

std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) {
    if ((static_cast<std::uint8_t>(byte) & 0xc0U) != 0x80U) ++count;
  }
  return count;
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/._-+=:@%,").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace bookchain::cli
