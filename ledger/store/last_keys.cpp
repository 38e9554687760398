#include "ledger/store/last_keys.hpp"

namespace bookchain::ledger {

namespace {

/// Some 2 MiB of them. With more, all are learned anew.
constexpr std::size_t most_groups = 8'192;

/// Strings compare byte by byte, as keys do.
std::string_view text_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::optional<bool> LastKeys::is_behind_all(ByteView key) const {
  const auto known = last_.find(std::string(text_of(group_of(key))));
  if (known == last_.end()) return std::nullopt;
  return text_of(key) > known->second;
}

void LastKeys::learn(ByteView group, ByteView last) {
  if (last_.size() >= most_groups) last_.clear();
  last_[std::string(text_of(group))] = text_of(last);
}

void LastKeys::added(ByteView key) {
  const auto known = last_.find(std::string(text_of(group_of(key))));
  if (known != last_.end() && text_of(key) > known->second) known->second = text_of(key);
}

}  // namespace bookchain::ledger
