#include "ledger/codec.hpp"

namespace bookchain::ledger {

namespace {

/// Length of the sequence that `lead` opens and the least code point it may hold; 0 if it opens none.
struct Utf8Lead {
  std::size_t length;
  std::uint32_t least;
  std::uint32_t bits;
};

Utf8Lead utf8_lead(std::uint8_t lead) {
  if (lead < 0x80U) return {1, 0, lead};
  if ((lead & 0xe0U) == 0xc0U) return {2, 0x80, lead & 0x1fU};
  if ((lead & 0xf0U) == 0xe0U) return {3, 0x800, lead & 0x0fU};
  if ((lead & 0xf8U) == 0xf0U) return {4, 0x10000, lead & 0x07U};
  return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = utf8_lead(static_cast<std::uint8_t>(text[i]));
    if (lead.length == 0 || i + lead.length > text.size()) return false;
    auto point = lead.bits;
    for (std::size_t k = 1; k < lead.length; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i + k]);
      if ((byte & 0xc0U) != 0x80U) return false;
      point = (point << 6U) | (byte & 0x3fU);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < lead.least || point > 0x10ffff || surrogate) return false;
    i += lead.length;
  }
  return true;
}

void Reader::fail(std::string_view name, std::string_view what) {
  if (failed()) return;
  fault_ = std::string(name.empty() ? "value" : name) + " " + std::string(what);
  left_ = {};
}

ByteView Reader::counted(std::string_view name, std::size_t most) {
  const auto size = integer<std::uint32_t>(name);
  if (size > most) {
    fail(name, "is too long");
    return {};
  }
  return take(name, size);
}

}  // namespace bookchain::ledger
