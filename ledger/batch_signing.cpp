#include "ledger/batch_signing.hpp"

namespace bookchain::ledger {

void BatchSigner::add(Bytes statement) {
  const auto leaf = leaf_hash(statement);
  unsigned_.try_emplace(leaf, std::move(statement));
}

void BatchSigner::sign() {
  if (unsigned_.empty()) return;
  if (unsigned_.size() == 1) {
    const auto& [leaf, bytes] = *unsigned_.begin();
    signed_[leaf] = {genesis_.sign_bytes(identity_.signing_key, bytes), std::nullopt};
    return;
  }
  std::vector<Hash> leaves;
  leaves.reserve(unsigned_.size());
  for (const auto& [leaf, bytes] : unsigned_) leaves.push_back(leaf);
  // Of about one size, so that none has less than two.
  const auto batches = (leaves.size() + max_batch_statements - 1) / max_batch_statements;
  for (std::size_t i = 0; i < batches; ++i) {
    const auto first = i * leaves.size() / batches;
    const auto end = (i + 1) * leaves.size() / batches;
    sign_together(std::span<const Hash>(leaves).subspan(first, end - first));
  }
}

void BatchSigner::sign_together(std::span<const Hash> leaves) {
  auto [root, paths] = merkle_paths(leaves);
  const auto count = static_cast<std::uint8_t>(leaves.size());
  const auto signature = genesis_.sign(identity_.port, identity_.signing_key, Batch{count, root}).signature;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    signed_[leaves[i]] = {signature, BatchPlace{static_cast<std::uint8_t>(i), count, std::move(paths[i])}};
  }
}

void BatchSigner::fill_in(PeerPort signer, Signature& signature, std::optional<BatchPlace>& place,
                          const std::function<Bytes()>& make_unsigned) const {
  if (signature != Signature{} || signer != identity_.port) return;
  const auto made = signed_.find(leaf_hash(make_unsigned()));
  if (made == signed_.end()) return;
  signature = made->second.signature;
  place = made->second.place;
}

}  // namespace bookchain::ledger
