// The key of a row in a large map in memory, with its first bytes beside it as a number: two keys are mostly told apart
// by these, without a look at where the rest of them lies.
#pragma once

#include <boost/endian/conversion.hpp>
#include <cstring>

#include "ledger/state.hpp"

namespace bookchain::ledger {

class RowKey {
 public:
  explicit RowKey(ByteView key) : first_(first_of(key)), bytes_(key.begin(), key.end()) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a key is its bytes
  operator ByteView() const { return bytes_; }

  /// The order of ByBytes.
  struct Less {
    using is_transparent = void;
    bool operator()(const RowKey& left, const RowKey& right) const {
      return is_less(left.first_, left, right.first_, right);
    }
    bool operator()(const RowKey& left, ByteView right) const {
      return is_less(left.first_, left, first_of(right), right);
    }
    bool operator()(ByteView left, const RowKey& right) const {
      return is_less(first_of(left), left, right.first_, right);
    }
  };

 private:
  /// The first eight bytes, the highest first; zeros behind the end of a shorter key.
  [[nodiscard]] static std::uint64_t first_of(ByteView key) {
    std::uint64_t number = 0;
    if (key.size() >= sizeof(number)) {
      std::memcpy(&number, key.data(), sizeof(number));
      return boost::endian::big_to_native(number);
    }
    for (std::size_t i = 0; i < sizeof(number); ++i) number = number << 8U | (i < key.size() ? key[i] : 0U);
    return number;
  }
  [[nodiscard]] static bool is_less(std::uint64_t left_first, ByteView left, std::uint64_t right_first,
                                    ByteView right) {
    return left_first == right_first ? ByBytes{}(left, right) : left_first < right_first;
  }

  std::uint64_t first_;
  Bytes bytes_;
};

}  // namespace bookchain::ledger
