#include "ledger/bad_chunk.hpp"

namespace bookchain::ledger {

void BadChunkFinder::push(ByteView ciphertext) {
  const auto index = encrypted_.size();
  encrypted_.push_back(leaf_hash(ciphertext));
  if (found_) return;
  const auto open = decrypt_chunk(cipher_, exchange_, book_, index, ciphertext);
  if (open && chunk_leaf(open.value().salt, open.value().chunk) == leaves_[index]) return;
  found_ = BadChunk{key_, index, Bytes(ciphertext.begin(), ciphertext.end()), {}, leaves_[index], {}};
}

std::optional<BadChunk> BadChunkFinder::finish() const {
  auto proof = found_;
  if (!proof) return proof;
  const auto index = static_cast<std::size_t>(proof->index);
  proof->ciphertext_path = merkle_path(encrypted_, index);
  proof->leaf_path = merkle_path(leaves_, index);
  return proof;
}

}  // namespace bookchain::ledger
