// RFC 6962 Merkle trees over hashes of leaves: roots, audit paths and their strict check. Pure
// functions; leaves are hashed by the caller with leaf_hash, so that no tree ever sees whole data.
#pragma once

#include "ledger/codec.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t max_path_length = 64;

/// SHA-256(0x00 || bytes || more), RFC 6962 section 2.1: of a leaf that lies in two parts, or in one.
[[nodiscard]] Hash leaf_hash(ByteView bytes, ByteView more = {});

/// Takes leaf hashes one by one in O(log n) memory.
class MerkleAccumulator {
 public:
  void push(const Hash& leaf);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Root over the leaves so far; SHA-256 of nothing if there are none.
  [[nodiscard]] Hash root() const;

 private:
  std::vector<Hash> peaks_;  ///< roots of the full subtrees, largest first: one a set bit of count_
  std::uint64_t count_{};
};

[[nodiscard]] Hash merkle_root(std::span<const Hash> leaves);

/// Siblings from the leaf up (RFC 6962 section 2.1.1).
struct MerklePath {
  std::vector<Hash> siblings;
  friend bool operator==(const MerklePath&, const MerklePath&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("siblings", self.siblings, max_path_length);
  }
};

/// Precondition: index < leaves.size().
[[nodiscard]] MerklePath merkle_path(std::span<const Hash> leaves, std::size_t index);

/// The paths of all leaves, and the root: hashes each node once. `leaves` is not empty.
struct MerklePaths {
  Hash root;
  std::vector<MerklePath> paths;
};
[[nodiscard]] MerklePaths merkle_paths(std::span<const Hash> leaves);

/// The root of the tree of `count` leaves in which `leaf` is leaf `index` and `path` its path; nothing if the path is
/// too long or too short for that place.
[[nodiscard]] std::optional<Hash> merkle_root_of(const Hash& leaf, std::uint64_t index, std::uint64_t count,
                                                 const MerklePath& path);

/// True if `leaf` is leaf `index` of a tree of `count` leaves with this root; a path that is too long
/// or too short for that tree is refused.
[[nodiscard]] bool merkle_verify(const Hash& leaf, std::uint64_t index, std::uint64_t count, const MerklePath& path,
                                 const Hash& root);

}  // namespace bookchain::ledger
