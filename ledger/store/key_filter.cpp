#include "ledger/store/key_filter.hpp"

#include "ledger/store/key_hash.hpp"

namespace bookchain::ledger {

namespace {

constexpr std::size_t least_bits = std::size_t{1} << 16U;
constexpr std::size_t most_bits = std::size_t{1} << 24U;  // 2 MiB
/// With less, it is made anew with twice as many.
constexpr std::size_t least_bits_a_key = 8;

}  // namespace

std::pair<std::size_t, std::size_t> KeyFilter::places(ByteView key) const {
  static_assert(sizeof(std::size_t) == 8, "two places come from one hash");
  const auto hash = KeyHash{}(key);
  const auto mask = bits_.size() - 1;
  return {hash & mask, (hash >> 32U) & mask};
}

void KeyFilter::set(ByteView key) {
  const auto [first, second] = places(key);
  bits_[first] = true;
  bits_[second] = true;
  ++keys_;
}

void KeyFilter::grow_if_full() {
  const auto bits = bits_.size();
  if (bits >= most_bits || keys_ * least_bits_a_key <= bits) return;
  forget();
  bits_.resize(2 * bits);
}

void KeyFilter::learn(const Store& below) {
  if (has_all_) return;
  if (bits_.empty()) bits_.resize(least_bits);
  auto left = keys_a_step;
  std::optional<Bytes> next;
  below.scan(table_, {}, next_, [&](ByteView key, ByteView) {
    if (left-- == 0) {
      next.emplace(key.begin(), key.end());
      return false;
    }
    set(key);
    return true;
  });
  // A read that failed gave less than there is.
  if (!below.status()) return;
  has_all_ = !next;
  if (next) next_ = std::move(*next);
  grow_if_full();
}

void KeyFilter::added(ByteView key) {
  if (bits_.empty()) return;  // it will be learned with all others
  set(key);
  grow_if_full();
}

bool KeyFilter::lacks(ByteView key) const {
  if (!has_all_) return false;
  const auto [first, second] = places(key);
  return !bits_[first] || !bits_[second];
}

void KeyFilter::forget() noexcept {
  bits_.clear();
  keys_ = 0;
  next_.clear();
  has_all_ = false;
}

}  // namespace bookchain::ledger
