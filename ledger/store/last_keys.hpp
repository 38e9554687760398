// The last key of each group of keys of a table, as far as it is known: a key behind it is not there. Of every turn of
// a book that nobody has granted yet that is so.
#pragma once

#include <optional>
#include <unordered_map>

#include "ledger/store/key_hash.hpp"

namespace bookchain::ledger {

class LastKeys {
 public:
  /// A group is all keys that begin with the same so many bytes. Keys have more bytes than that.
  explicit LastKeys(std::size_t group_bytes) : group_bytes_(group_bytes) {}

  [[nodiscard]] ByteView group_of(ByteView key) const { return key.first(group_bytes_); }
  /// Whether a key is behind all others of its group. Nothing: that is not known of the group.
  [[nodiscard]] std::optional<bool> is_behind_all(ByteView key) const;
  /// The last key of a group is that; empty: it has none.
  void learn(ByteView group, ByteView last);
  /// That key is there from now on. One that goes may stay the last that is known: nothing is behind it either.
  void added(ByteView key);
  void forget() noexcept { last_.clear(); }

 private:
  std::size_t group_bytes_;
  std::unordered_map<Bytes, Bytes, KeyHash, KeyEqual> last_;
};

}  // namespace bookchain::ledger
