#include "ledger/store/last_keys.hpp"

namespace bookchain::ledger {

namespace {

/// Some 2 MiB of them. With more, all are learned anew.
constexpr std::size_t most_groups = 8'192;

Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::optional<bool> LastKeys::is_behind_all(ByteView key) const {
  const auto known = last_.find(group_of(key));
  if (known == last_.end()) return std::nullopt;
  return ByBytes{}(known->second, key);
}

void LastKeys::learn(ByteView group, ByteView last) {
  if (last_.size() >= most_groups) last_.clear();
  last_.insert_or_assign(copy_of(group), copy_of(last));
}

void LastKeys::added(ByteView key) {
  const auto known = last_.find(group_of(key));
  if (known != last_.end() && ByBytes{}(known->second, key)) known->second = copy_of(key);
}

}  // namespace bookchain::ledger
