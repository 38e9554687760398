#include "ledger/store/key_filter.hpp"

namespace bookchain::ledger {

std::pair<std::size_t, std::size_t> KeyFilter::places(Table table, ByteView key) {
  static_assert(sizeof(std::size_t) == 8, "two places come from one hash");
  const std::string_view text{reinterpret_cast<const char*>(key.data()), key.size()};
  const auto hash = std::hash<std::string_view>{}(text) + static_cast<std::size_t>(table) * 0x9E3779B97F4A7C15U;
  return {hash % bits, (hash >> 32U) % bits};
}

void KeyFilter::add(Table table, ByteView key) {
  if (set_ == nullptr) set_ = std::make_unique<std::bitset<bits>>();
  const auto [first, second] = places(table, key);
  set_->set(first);
  set_->set(second);
}

bool KeyFilter::may_have(Table table, ByteView key) const {
  if (set_ == nullptr) return false;
  const auto [first, second] = places(table, key);
  return set_->test(first) && set_->test(second);
}

void KeyFilter::clear() noexcept {
  if (set_ != nullptr) set_->reset();
}

}  // namespace bookchain::ledger
