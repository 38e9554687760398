#include "cli/printable.hpp"

#include <algorithm>
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

/// Characters that terminals draw over the one before (Unicode: Mn and Me of the scripts in use, joiners, variants).
constexpr std::array combining{
    Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd}, Range{0x05bf, 0x05bf}, Range{0x05c1, 0x05c2},
    Range{0x0610, 0x061a}, Range{0x064b, 0x065f}, Range{0x0670, 0x0670}, Range{0x06d6, 0x06dc}, Range{0x093c, 0x093c},
    Range{0x0941, 0x0948}, Range{0x094d, 0x094d}, Range{0x0e31, 0x0e31}, Range{0x0e34, 0x0e3a}, Range{0x0e47, 0x0e4e},
    Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff}, Range{0x200c, 0x200d}, Range{0x20d0, 0x20ff}, Range{0x302a, 0x302d},
    Range{0x3099, 0x309a}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
};

/// Characters that terminals draw two columns wide (Unicode: East Asian Width W and F).
constexpr std::array wide{
    Range{0x1100, 0x115f},   Range{0x2329, 0x232a},   Range{0x2e80, 0x303e},   Range{0x3041, 0x4dbf},
    Range{0x4e00, 0xa4cf},   Range{0xa960, 0xa97f},   Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},
    Range{0xfe30, 0xfe6f},   Range{0xff01, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
    Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd},
};

template <class Ranges>
bool is_among(const Ranges& ranges, std::uint32_t character) {
  return std::ranges::any_of(ranges,
                             [&](const Range& range) { return character >= range.first && character <= range.last; });
}

bool is_hidden(std::uint32_t character) {
  if ((character & 0xfffeU) == 0xfffeU) return true;  // the last two of every plane are noncharacters
  return is_among(hidden, character);
}

std::size_t columns_of(std::uint32_t character) {
  if (is_among(combining, character)) return 0;
  return is_among(wide, character) ? 2 : 1;
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
    const auto taken_columns = width(piece);
    if (columns != std::string_view::npos && used + taken_columns + (foreign.empty() ? 0 : 1) > columns) {
      return out + "…";
    }
    out += piece;
    used += taken_columns;
  }
  return out;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto character = first_of(text);
    columns += character.size == 0 ? 1 : columns_of(character.value);
    text.remove_prefix(character.size == 0 ? 1 : character.size);
  }
  return columns;
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
