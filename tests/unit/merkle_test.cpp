// RFC 6962 trees: the reference vectors of Certificate Transparency, and the strictness of the check of a
// path: of all places, sizes and leaves only the true ones pass (docs/protocol.md, section 7: "paths of two
// different chunks").
#include "ledger/merkle.hpp"

#include <bit>

#include "ledger/crypto.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

/// The eight leaves of the reference tests of Certificate Transparency, and the root over the first n.
constexpr std::array<std::string_view, 8> reference_leaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
constexpr std::array<std::string_view, 8> reference_roots{
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct ReferencePath {
  std::size_t index;
  std::size_t count;
  std::vector<std::string_view> siblings;
};
const std::vector<ReferencePath> reference_paths{
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

std::vector<Hash> reference_tree(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(hex(reference_leaves[i])));
  return leaves;
}

constexpr std::size_t most_leaves = 70;

std::vector<Hash> tree_of(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(encode(i)));
  return leaves;
}

/// RFC 6962, section 2.1.1: the larger half is the largest power of two below the size.
std::size_t path_length(std::size_t index, std::size_t count) {
  if (count == 1) return 0;
  const auto split = std::bit_floor(count - 1);
  return 1 + (index < split ? path_length(index, split) : path_length(index - split, count - split));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(merkle)

BOOST_AUTO_TEST_CASE(roots_are_those_of_certificate_transparency) {
  BOOST_TEST(to_hex(merkle_root({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t count = 1; count <= reference_roots.size(); ++count) {
    BOOST_TEST(to_hex(merkle_root(reference_tree(count))) == reference_roots[count - 1]);
  }
}

BOOST_AUTO_TEST_CASE(paths_are_those_of_certificate_transparency) {
  for (const auto& reference : reference_paths) {
    const auto path = merkle_path(reference_tree(reference.count), reference.index);
    BOOST_REQUIRE(path.siblings.size() == reference.siblings.size());
    for (std::size_t i = 0; i < path.siblings.size(); ++i) {
      BOOST_TEST(to_hex(path.siblings[i]) == reference.siblings[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(leaves_one_by_one_give_the_root_of_them_all_at_every_count) {
  const auto leaves = tree_of(most_leaves);
  MerkleAccumulator tree;
  for (std::size_t count = 1; count <= leaves.size(); ++count) {
    tree.push(leaves[count - 1]);
    BOOST_TEST(tree.count() == count);
    // By the recursion of RFC 6962, through the path of the last leaf.
    const auto first = std::span(leaves).first(count);
    const auto path = merkle_path(first, count - 1);
    BOOST_TEST(merkle_verify(leaves[count - 1], count - 1, count, path, tree.root()));
  }
}

BOOST_AUTO_TEST_CASE(every_path_of_every_tree_holds_for_its_own_place_alone) {
  for (std::size_t count = 1; count <= most_leaves; ++count) {
    const auto leaves = tree_of(count);
    const auto root = merkle_root(leaves);
    for (std::size_t index = 0; index < count; ++index) {
      const auto path = merkle_path(leaves, index);
      BOOST_TEST(merkle_verify(leaves[index], index, count, path, root));
      for (std::size_t other = 0; other <= count + 1; ++other) {
        if (other != index && merkle_verify(leaves[index], other, count, path, root)) {
          BOOST_ERROR("leaf " << index << " of " << count << " passes for leaf " << other);
        }
      }
      if (count > 1 && merkle_verify(leaves[(index + 1) % count], index, count, path, root)) {
        BOOST_ERROR("another leaf passes for leaf " << index << " of " << count);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_path_with_a_sibling_more_less_or_changed_is_refused) {
  for (const std::size_t count : {1U, 2U, 3U, 7U, 8U, 33U, 70U}) {
    const auto leaves = tree_of(count);
    const auto root = merkle_root(leaves);
    for (std::size_t index = 0; index < count; ++index) {
      const auto path = merkle_path(leaves, index);
      auto longer = path;
      longer.siblings.push_back(Hash{});
      BOOST_TEST(!merkle_verify(leaves[index], index, count, longer, root));
      for (std::size_t i = 0; i < path.siblings.size(); ++i) {
        auto shorter = path;
        shorter.siblings.erase(shorter.siblings.begin() + static_cast<std::ptrdiff_t>(i));
        BOOST_TEST(!merkle_verify(leaves[index], index, count, shorter, root));
        auto changed = path;
        changed.siblings[i].bytes[31] ^= 1U;
        BOOST_TEST(!merkle_verify(leaves[index], index, count, changed, root));
      }
    }
  }
}

// A tree's size says how long its paths are: a path of another length is refused, whatever is in it.
BOOST_AUTO_TEST_CASE(the_path_of_the_last_leaf_is_refused_for_every_size_that_wants_another_length) {
  for (std::size_t count = 2; count <= most_leaves; ++count) {
    const auto leaves = tree_of(count);
    const auto root = merkle_root(leaves);
    const auto last = count - 1;
    const auto path = merkle_path(leaves, last);
    BOOST_TEST(path.siblings.size() == path_length(last, count));
    for (std::size_t other = 0; other <= 2 * most_leaves; ++other) {
      const bool fits = last < other && path_length(last, other) == path.siblings.size();
      if (!fits && merkle_verify(leaves[last], last, other, path, root)) {
        BOOST_ERROR("the last leaf of " << count << " passes in a tree of " << other);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(indexes_and_counts_at_the_edge_of_64_bits_are_refused_and_end) {
  const auto leaf = leaf_hash(hex("00"));
  const auto most = std::numeric_limits<std::uint64_t>::max();
  MerklePath path;
  path.siblings.resize(max_path_length);
  BOOST_TEST(!merkle_verify(leaf, most, most, path, Hash{}));
  BOOST_TEST(!merkle_verify(leaf, most - 1, most, path, Hash{}));
  BOOST_TEST(!merkle_verify(leaf, 0, most, path, Hash{}));
  BOOST_TEST(!merkle_verify(leaf, 0, 0, {}, leaf));
}

// RFC 6962, section 2.1: the prefixes keep a node from being passed off as a leaf.
BOOST_AUTO_TEST_CASE(an_inner_node_is_no_leaf) {
  const auto leaves = tree_of(4);
  const auto left = merkle_root(std::span(leaves).first(2));
  const auto right = merkle_root(std::span(leaves).subspan(2));
  const auto as_text = encode_all(leaves[0], leaves[1]);
  BOOST_TEST((leaf_hash(as_text) != left));
  MerklePath path;
  path.siblings = {right};
  BOOST_TEST(!merkle_verify(leaf_hash(as_text), 0, 2, path, merkle_root(leaves)));
}

BOOST_AUTO_TEST_CASE(a_leaf_of_parts_is_the_leaf_of_the_whole) {
  BOOST_TEST((leaf_hash(hex("0011"), hex("22")) == leaf_hash(hex("001122"))));
}

BOOST_AUTO_TEST_CASE(all_paths_made_at_once_are_those_made_one_by_one) {
  std::vector<Hash> leaves;
  for (std::uint8_t count = 1; count <= 70; ++count) {
    leaves.push_back(filled<Hash>(count));
    const auto made = merkle_paths(leaves);
    BOOST_TEST((made.root == merkle_root(leaves)));
    BOOST_REQUIRE(made.paths.size() == leaves.size());
    for (std::size_t index = 0; index < leaves.size(); ++index) {
      BOOST_TEST((made.paths[index] == merkle_path(leaves, index)), index << " of " << leaves.size());
      BOOST_TEST((merkle_root_of(leaves[index], index, count, made.paths[index]) == made.root));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
