#include "ledger/chain.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "ledger/batch_signing.hpp"

namespace bookchain::ledger {

namespace {

Error broken(std::string what, Height height) {
  return Error{Token::bad_chain, std::move(what), "block " + std::to_string(height.value), {}};
}

}  // namespace

Head chain_head(const Genesis& genesis, const State& state) {
  return head_fact.get(state).value_or(Head{Height{0}, rename<Hash>(genesis.id()), {}});
}

unsigned leading_zero_bits(const Hash& hash) {
  unsigned bits = 0;
  for (const auto byte : hash.bytes) {
    const auto zeros = static_cast<unsigned>(std::countl_zero(byte));
    bits += zeros;
    if (zeros < 8) break;
  }
  return bits;
}

Result<void> check_sealed(const Genesis& genesis, const State& state, const Block& block) {
  const auto head = chain_head(genesis, state);
  const auto& header = block.header.body;
  if (head.height.value == std::numeric_limits<std::uint64_t>::max() || header.height.value != head.height.value + 1) {
    return broken("a block is not of the next height", header.height);
  }
  if (header.previous != head.hash) return broken("a block does not name the block below it", header.height);
  if (block.transactions.empty()) return broken("a block has no transaction", header.height);
  if (header.transactions_hash != transactions_hash(block.transactions)) {
    return broken("the header of a block does not fit its transactions", header.height);
  }
  if (encoded_size(block) > genesis.fields().limits.block_bytes) return broken("a block is too large", header.height);
  if (leading_zero_bits(genesis.block_hash(block)) < genesis.fields().work_bits) {
    return Error{
        Token::bad_work, "a block lacks the proof of work", "block " + std::to_string(header.height.value), {}};
  }
  return genesis.check(block.header);
}

Result<void> check_block(const Genesis& genesis, const State& state, const Block& block) {
  BOOKCHAIN_CHECK(check_sealed(genesis, state, block));
  Draft draft(state);
  for (const auto& transaction : block.transactions) {
    BOOKCHAIN_CHECK(check_transaction(genesis, draft, transaction, block.header.signer));
    apply_transaction(genesis, draft, transaction, block.header.body.height);
  }
  return success();
}

Result<void> check_commit(const Genesis& genesis, Height height, const Hash& block,
                          const CommitCertificate& certificate) {
  if (certificate.vote.height != height || certificate.vote.block != block) {
    return broken("a certificate commits another block", height);
  }
  return genesis.check_certificate(certificate);
}

Result<void> check_commit(const Genesis& genesis, const Block& block, const CommitCertificate& certificate) {
  return check_commit(genesis, block.header.body.height, genesis.block_hash(block), certificate);
}

void append_block(const Genesis& genesis, Draft& draft, const CommittedBlock& committed, bool keep_blocks) {
  const auto& block = committed.block;
  const auto height = block.header.body.height;
  for (const auto& transaction : block.transactions) apply_transaction(genesis, draft, transaction, height);
  head_fact.put(draft, Head{height, genesis.block_hash(block), block.header.signer});
  if (keep_blocks) blocks.put(draft, height, committed);
}

Result<void> verify_and_append(const Genesis& genesis, Draft& draft, const CommittedBlock& committed,
                               bool keep_blocks) {
  BOOKCHAIN_CHECK(check_block(genesis, draft, committed.block));
  BOOKCHAIN_CHECK(check_commit(genesis, committed.block, committed.certificate));
  append_block(genesis, draft, committed, keep_blocks);
  return success();
}

namespace {

/// Counts the nonce up to the first that does the work. It stands last in what is hashed.
void search_work(const Genesis& genesis, PeerPort miner, BlockHeader& header) {
  auto bytes = unsigned_bytes(genesis.id(), miner, header);
  while (leading_zero_bits(sha256(bytes)) < genesis.fields().work_bits) {
    ++header.nonce;
    std::ranges::copy(encode(header.nonce), bytes.end() - sizeof header.nonce);
  }
}

}  // namespace

Block mine_block(const Genesis& genesis, const Identity& identity, const Head& head, Time time,
                 std::vector<Transaction> transactions) {
  BatchSigner signer(genesis, identity);
  const auto add_unsigned = [&](const auto& held) {
    if (!held.is_signed()) signer.add(unsigned_bytes(genesis.id(), held.signer, held.body));
  };
  for (const auto& transaction : transactions) std::visit(add_unsigned, transaction);
  signer.sign();
  for (auto& transaction : transactions) signer.fill(transaction);
  BlockHeader header{Height{head.height.value + 1}, head.hash, transactions_hash(transactions), time, 0};
  search_work(genesis, identity.port, header);
  return Block{genesis.sign(identity.port, identity.signing_key, header), std::move(transactions)};
}

}  // namespace bookchain::ledger
