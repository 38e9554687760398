#include "tests/formats/refused_blocks.hpp"

#include <limits>

namespace bookchain::golden {

namespace {

/// S + L for S: verifies with a library that does not look.
Signature malleated(Signature signature) {
  constexpr std::array<std::uint8_t, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += unsigned{signature.bytes[32 + i]} + order[i];
    signature.bytes[32 + i] = static_cast<std::uint8_t>(carry & 0xffU);
    carry >>= 8U;
  }
  return signature;
}

}  // namespace

std::vector<RefusedBlock> RefusedBlocks::all() {
  blocks();
  certificates();
  encodings();
  books();
  grants();
  transfers();
  places();
  witnesses();
  aborts_and_disputes();
  return std::move(cases_);
}

// ---- making ----

Exchange RefusedBlocks::exchange() const { return make_exchange(world_, four_.number, p0, p1, Version{0}, Turn{0}); }

/// The second block of the chain: the settled transfer, mined by p3.
Block RefusedBlocks::good_block() const { return four_.chain.blocks()[1].block; }

void RefusedBlocks::seal(Block& block, PeerPort miner) const {
  auto header = block.header.body;
  header.nonce = 0;
  while (leading_zero_bits(statement_id(world_.genesis.id(), miner, header)) < world_.genesis.fields().work_bits) {
    ++header.nonce;
  }
  block.header = world_.sign(miner, header);
}

void RefusedBlocks::add(std::string name, std::string rule, Token token, std::size_t after, const Block& block,
                        const ChangeVotes& change) {
  auto certificate = certify(world_, block, {Round{1}, p0}, quorum(world_));
  if (change) change(certificate);
  auto block_bytes = encode(block);
  auto certificate_bytes = encode(certificate);
  auto line = export_line(Height{after + 1}, world_.genesis.block_hash(block), block_bytes, certificate_bytes);
  cases_.push_back(RefusedBlock{std::move(name), std::move(rule), token, after, std::move(block_bytes),
                                std::move(certificate_bytes), std::move(line)});
}

void RefusedBlocks::add_bytes(std::string name, std::string rule, std::size_t after, Bytes block, Bytes certificate) {
  const auto hash = world_.genesis.block_hash(four_.chain.blocks()[after].block);
  auto line = export_line(Height{after + 1}, hash, block, certificate);
  cases_.push_back(RefusedBlock{std::move(name), std::move(rule), Token::bad_message, after, std::move(block),
                                std::move(certificate), std::move(line)});
}

void RefusedBlocks::add_block(std::string name, std::string rule, Token token, const ChangeBlock& change) {
  auto block = good_block();
  change(block);
  add(std::move(name), std::move(rule), token, 1, block);
}

void RefusedBlocks::add_votes(std::string name, std::string rule, Token token, const ChangeVotes& change) {
  add(std::move(name), std::move(rule), token, 1, good_block(), change);
}

// ---- blocks ----

void RefusedBlocks::blocks() {
  const auto resealed = [this](auto change) {
    return [this, change](Block& block) {
      change(block.header.body);
      seal(block, p3);
    };
  };
  add_block("the height of the block below", "B1", Token::bad_chain,
            resealed([](BlockHeader& header) { header.height = Height{1}; }));
  add_block("a height is left out", "B1", Token::bad_chain,
            resealed([](BlockHeader& header) { header.height = Height{3}; }));
  add_block("the last height of 64 bits", "B1", Token::bad_chain,
            resealed([](BlockHeader& header) { header.height = Height{std::numeric_limits<std::uint64_t>::max()}; }));
  add_block("height 0", "B1", Token::bad_chain, resealed([](BlockHeader& header) { header.height = Height{0}; }));
  add_block("the network id below the second block", "B2", Token::bad_chain,
            resealed([this](BlockHeader& header) { header.previous = rename<Hash>(world_.genesis.id()); }));
  add_block("no transaction", "B3", Token::bad_chain, [this](Block& block) {
    block.transactions.clear();
    block.header.body.transactions_hash = transactions_hash({});
    seal(block, p3);
  });
  add_block("a hash of other transactions", "B4", Token::bad_chain,
            resealed([](BlockHeader& header) { header.transactions_hash = transactions_hash({}); }));
  add_block("too little work", "B6", Token::bad_work, [this](Block& block) {
    auto header = block.header.body;
    const auto wanted = world_.genesis.fields().work_bits;
    while (leading_zero_bits(statement_id(world_.genesis.id(), p3, header)) + 1U != wanted) ++header.nonce;
    block.header = world_.sign(p3, header);
  });
  add_block("a header signed with another peer's key", "B7", Token::bad_signature,
            [this](Block& block) { block.header.signature = world_.sign(p2, block.header.body).signature; });
  add_block("a header signed with S + L", "B7", Token::bad_signature,
            [](Block& block) { block.header.signature = malleated(block.header.signature); });
  add_block("a miner that is no peer", "B7", Token::unknown_peer, [this](Block& block) {
    auto header = block.header.body;
    while (leading_zero_bits(statement_id(world_.genesis.id(), stranger, header)) < 8) ++header.nonce;
    block.header = sign_statement(world_.genesis.id(), stranger, world_.identities.at(p3).signing_key, header);
  });
  add_block("a header signed for another network", "B7", Token::bad_signature, [this](Block& block) {
    block.header.signature =
        sign_statement(derived<NetworkId>("network"), p3, world_.identities.at(p3).signing_key, block.header.body)
            .signature;
  });
  add_block("another peer mines the owner's settlement", "X1", Token::bad_statement,
            [this](Block& block) { seal(block, p2); });
}

// ---- certificates ----

void RefusedBlocks::certificates() {
  using Votes = CommitCertificate;
  const auto signed_again = [this](Votes& certificate) {
    for (auto& each : certificate.votes) each.signature = world_.sign(each.signer, certificate.vote).signature;
  };
  add_votes("votes for another height", "Q1", Token::bad_chain, [&](Votes& certificate) {
    certificate.vote.height = Height{3};
    signed_again(certificate);
  });
  add_votes("votes for another block", "Q1", Token::bad_chain, [&](Votes& certificate) {
    certificate.vote.block = derived<Hash>("another block");
    signed_again(certificate);
  });
  add_votes("one vote too few", "Q2", Token::no_quorum, [](Votes& certificate) { certificate.votes.pop_back(); });
  add_votes("a vote of no peer", "Q2", Token::unknown_peer, [this](Votes& certificate) {
    const auto& key = world_.identities.at(p3).signing_key;
    certificate.votes.back() =
        VoteSignature{stranger, sign_statement(world_.genesis.id(), stranger, key, certificate.vote).signature};
  });
  add_votes("a prevote passed off as a precommit", "Q2", Token::bad_signature, [this](Votes& certificate) {
    const auto& vote = certificate.vote;
    certificate.votes.back().signature =
        world_.sign(certificate.votes.back().signer, Prevote{vote.height, vote.ballot, vote.block}).signature;
  });
  add_votes("votes given in another ballot", "Q2", Token::bad_signature,
            [](Votes& certificate) { certificate.vote.ballot.round = Round{2}; });
  add_votes("one peer votes for another", "Q2", Token::bad_signature, [this](Votes& certificate) {
    certificate.votes.back().signature = world_.sign(p0, certificate.vote).signature;
  });
  add_votes("a vote with S + L", "Q2", Token::bad_signature, [](Votes& certificate) {
    certificate.votes.back().signature = malleated(certificate.votes.back().signature);
  });
  add_votes("one peer votes twice", "C5", Token::bad_message,
            [](Votes& certificate) { certificate.votes.back() = certificate.votes.front(); });
  add_votes("votes out of order", "C5", Token::bad_message,
            [](Votes& certificate) { std::swap(certificate.votes.front(), certificate.votes.back()); });
}

// ---- encodings ----

void RefusedBlocks::encodings() {
  constexpr std::size_t count_place = 2 + 88 + 64;
  constexpr std::size_t tag_place = count_place + 4;
  constexpr std::size_t form_place = tag_place + 1 + 2;
  constexpr std::size_t title_length_place = form_place + 1 + 2 + 8;
  const auto& committed = four_.chain.blocks()[1];
  const auto block = encode(committed.block);
  const auto certificate = encode(committed.certificate);
  const auto with_byte = [&](std::size_t place, std::uint8_t byte) {
    auto changed = block;
    changed[place] = byte;
    return changed;
  };
  auto longer = block;
  longer.push_back(0);
  add_bytes("a byte after the block", "C1", 1, longer, certificate);
  add_bytes("a byte of the block is missing", "C1", 1, Bytes(block.begin(), block.end() - 1), certificate);
  auto longer_votes = certificate;
  longer_votes.push_back(0);
  add_bytes("a byte after the certificate", "C1", 1, block, longer_votes);
  add_bytes("no certificate", "C1", 1, block, {});
  add_bytes("an unknown kind of transaction", "C2", 1, with_byte(tag_place, 3), certificate);
  add_bytes("an unknown form of transfer", "C2", 1, with_byte(form_place, 3), certificate);
  add_bytes("a title that is not UTF-8", "C3", 1, with_byte(title_length_place + 4, 0xff), certificate);
  add_bytes("a title of 256 bytes", "C4", 1, with_byte(title_length_place + 2, 1), certificate);
  add_bytes("257 transactions", "C4", 1, with_byte(count_place + 2, 1), certificate);
}

}  // namespace bookchain::golden
