#include "ledger/merkle.hpp"

#include <bit>

#include "ledger/crypto.hpp"

namespace bookchain::ledger {

namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0};
constexpr std::array<std::uint8_t, 1> node_prefix{1};

Hash node_hash(const Hash& left, const Hash& right) { return sha256({node_prefix, left.view(), right.view()}); }

}  // namespace

Hash leaf_hash(ByteView bytes, ByteView more) { return sha256({leaf_prefix, bytes, more}); }

void MerkleAccumulator::push(const Hash& leaf) {
  auto node = leaf;
  // Every trailing one bit of the count is a full subtree that the new leaf completes a larger one with.
  for (auto ones = count_; (ones & 1U) != 0; ones >>= 1U) {
    node = node_hash(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++count_;
}

Hash MerkleAccumulator::root() const {
  if (peaks_.empty()) return sha256(ByteView{});
  auto root = peaks_.back();
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = node_hash(*peak, root);
  return root;
}

Hash merkle_root(std::span<const Hash> leaves) {
  MerkleAccumulator tree;
  for (const auto& leaf : leaves) tree.push(leaf);
  return tree.root();
}

MerklePath merkle_path(std::span<const Hash> leaves, std::size_t index) {
  MerklePath path;
  while (leaves.size() > 1) {
    const auto split = std::bit_floor(leaves.size() - 1);
    const auto left = leaves.first(split);
    const auto right = leaves.subspan(split);
    if (index < split) {
      path.siblings.insert(path.siblings.begin(), merkle_root(right));
      leaves = left;
    } else {
      path.siblings.insert(path.siblings.begin(), merkle_root(left));
      leaves = right;
      index -= split;
    }
  }
  return path;
}

namespace {

/// Appends to each path the sibling of every subtree above its leaf, from below; gives the root.
Hash add_siblings(std::span<const Hash> leaves, std::span<MerklePath> paths) {
  if (leaves.size() == 1) return leaves.front();
  const auto split = std::bit_floor(leaves.size() - 1);
  const auto left = add_siblings(leaves.first(split), paths.first(split));
  const auto right = add_siblings(leaves.subspan(split), paths.subspan(split));
  for (auto& path : paths.first(split)) path.siblings.push_back(right);
  for (auto& path : paths.subspan(split)) path.siblings.push_back(left);
  return node_hash(left, right);
}

}  // namespace

MerklePaths merkle_paths(std::span<const Hash> leaves) {
  MerklePaths made{{}, std::vector<MerklePath>(leaves.size())};
  made.root = add_siblings(leaves, made.paths);
  return made;
}

std::optional<Hash> merkle_root_of(const Hash& leaf, std::uint64_t index, std::uint64_t count, const MerklePath& path) {
  if (index >= count) return std::nullopt;
  // RFC 9162 section 2.1.3.2: walk up with the index of the node and of the last node of its level.
  auto node = leaf;
  auto last = count - 1;
  for (const auto& sibling : path.siblings) {
    if (last == 0) return std::nullopt;
    if ((index & 1U) != 0 || index == last) {
      node = node_hash(sibling, node);
      while ((index & 1U) == 0 && index != 0) {
        index >>= 1U;
        last >>= 1U;
      }
    } else {
      node = node_hash(node, sibling);
    }
    index >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return std::nullopt;
  return node;
}

bool merkle_verify(const Hash& leaf, std::uint64_t index, std::uint64_t count, const MerklePath& path,
                   const Hash& root) {
  return merkle_root_of(leaf, index, count, path) == root;
}

}  // namespace bookchain::ledger
