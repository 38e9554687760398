// Statements: what a peer signs and anyone can check later (docs/protocol.md, section 2). Pure data
// with its canonical layout, plus making and checking of one signature. Whether statements fit each
// other is decided elsewhere (exchange, chain, consensus, evidence).
#pragma once

#include "ledger/exchange_statement.hpp"

namespace bookchain::ledger {

// ---- transactions ----

enum class TransferForm : std::uint8_t { mined = 0, settled = 1, claimed = 2 };
template <>
struct EnumBounds<TransferForm> {
  static constexpr auto last = TransferForm::claimed;
};
[[nodiscard]] std::string_view name(TransferForm form);

/// Signed by the miner of its block: the requester (mined, claimed) or the owner (settled).
struct Transfer {
  static constexpr auto type = StatementType::transfer;
  TransferForm form{};
  Signed<Book> book;
  Signed<Request> request;
  Signed<Grant> grant;
  Signed<Consent> consent;
  std::vector<Signed<Ack>> acks;
  std::vector<Signed<IdAnswer>> id_answers;
  std::vector<Signed<KeyAnswer>> key_answers;  ///< empty unless mined
  friend bool operator==(const Transfer&, const Transfer&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("form", self.form);
    visitor("book", self.book);
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("consent", self.consent);
    visitor.list("acks", self.acks, max_witnesses);
    visitor.list("id_answers", self.id_answers, max_witnesses);
    visitor.list("key_answers", self.key_answers, max_witnesses);
  }
};

/// Signed by the owner: ends every GRANT of this turn.
struct Abort {
  static constexpr auto type = StatementType::abort;
  Signed<Book> book;
  Version version;
  Turn turn;
  friend bool operator==(const Abort&, const Abort&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("version", self.version);
    visitor("turn", self.turn);
  }
};

/// BAD-CHUNK: the key fits its commitment, and chunk `index` does not decrypt or has another leaf.
struct BadChunk {
  BookKey key;
  std::uint64_t index{};
  Bytes ciphertext;            ///< chunk `index` as the owner sent it, tag included
  MerklePath ciphertext_path;  ///< to the GRANT's ciphertext root
  Hash leaf;                   ///< of chunk `index` in the BOOK's tree
  MerklePath leaf_path;        ///< to the BOOK's root
  friend bool operator==(const BadChunk&, const BadChunk&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("key", self.key);
    visitor("index", self.index);
    visitor.blob("ciphertext", self.ciphertext, max_chunk_bytes + chunk_overhead);
    visitor("ciphertext_path", self.ciphertext_path);
    visitor("leaf", self.leaf);
    visitor("leaf_path", self.leaf_path);
  }
};

struct DealtShare {
  PeerPort signer;  ///< the witness it was dealt to; lists are in port order
  KeyShare share;
  friend bool operator==(const DealtShare&, const DealtShare&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("witness", self.signer);
    visitor("share", self.share);
  }
};

/// BAD-DEAL: t shares that fit their commitments give a key that does not fit its own.
struct BadDeal {
  std::vector<DealtShare> shares;
  friend bool operator==(const BadDeal&, const BadDeal&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("shares", self.shares, max_witnesses);
  }
};

/// Signed by the requester: a mark against the owner of that GRANT.
struct Dispute {
  static constexpr auto type = StatementType::dispute;
  Signed<Book> book;
  Signed<Request> request;
  Signed<Grant> grant;
  std::variant<BadChunk, BadDeal> proof;
  friend bool operator==(const Dispute&, const Dispute&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("proof", self.proof);
  }
};

using Transaction = std::variant<Signed<Transfer>, Signed<Abort>, Signed<Dispute>>;

// ---- the chain and its votes ----

/// Signed by the miner. The id of this statement is the block hash and carries the proof of work.
struct BlockHeader {
  static constexpr auto type = StatementType::block;
  Height height;
  Hash previous;           ///< block hash below; the network id at height 1
  Hash transactions_hash;  ///< SHA-256 of the canonical list of transactions
  Time time;               ///< claimed by the miner; nothing is decided by it
  std::uint64_t nonce{};
  friend bool operator==(const BlockHeader&, const BlockHeader&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("previous", self.previous);
    visitor("transactions_hash", self.transactions_hash);
    visitor("time", self.time);
    visitor("nonce", self.nonce);
  }
};

struct Block {
  Signed<BlockHeader> header;
  std::vector<Transaction> transactions;
  friend bool operator==(const Block&, const Block&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("header", self.header);
    visitor.list("transactions", self.transactions, max_block_transactions);
  }
};

struct Lock {
  Ballot ballot;
  Hash block;
  friend bool operator==(const Lock&, const Lock&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("ballot", self.ballot);
    visitor("block", self.block);
  }
};

/// Answer to NEWROUND(height, ballot): a promise, and what the voter is locked on.
struct Answer {
  static constexpr auto type = StatementType::answer;
  Height height;
  Ballot ballot;
  std::optional<Lock> lock;
  friend bool operator==(const Answer&, const Answer&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("ballot", self.ballot);
    visitor("lock", self.lock);
  }
};

template <StatementType Type>
struct AboutBlock {
  static constexpr auto type = Type;
  Height height;
  Ballot ballot;
  Hash block;
  friend bool operator==(const AboutBlock&, const AboutBlock&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("ballot", self.ballot);
    visitor("block", self.block);
  }
};
using Propose = AboutBlock<StatementType::propose>;
using Prevote = AboutBlock<StatementType::prevote>;
using Precommit = AboutBlock<StatementType::precommit>;

struct VoteSignature {
  PeerPort signer;
  Signature signature;
  friend bool operator==(const VoteSignature&, const VoteSignature&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("signer", self.signer);
    visitor("signature", self.signature);
  }
};

/// Votes of one phase for one (height, ballot, block). Whose: keyed by signer, in port order.
template <class Vote>
struct Certificate {
  Vote vote;
  std::vector<VoteSignature> votes;
  friend bool operator==(const Certificate&, const Certificate&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("vote", self.vote);
    visitor.list("votes", self.votes, max_peers);
  }
};
using PrevoteCertificate = Certificate<Prevote>;
using CommitCertificate = Certificate<Precommit>;

struct CommittedBlock {
  Block block;
  CommitCertificate certificate;
  friend bool operator==(const CommittedBlock&, const CommittedBlock&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("block", self.block);
    visitor("certificate", self.certificate);
  }
};

// ---- signing ----

/// The bytes that are signed: "bookchain/1", type, network id, signer, body.
template <class Body>
[[nodiscard]] Bytes unsigned_bytes(const NetworkId& network, PeerPort signer, const Body& body) {
  return encode_with([&](auto& writer) {
    writer.raw(view_of("bookchain/1"));
    writer.write(static_cast<std::uint8_t>(Body::type));
    writer.write(network);
    writer.write(signer);
    writer.write(body);
  });
}

/// SHA-256 of the unsigned bytes: signature bytes never make an identity.
template <class Body>
[[nodiscard]] Hash statement_id(const NetworkId& network, PeerPort signer, const Body& body) {
  return sha256(unsigned_bytes(network, signer, body));
}
template <class Body>
[[nodiscard]] Hash statement_id(const NetworkId& network, const Signed<Body>& statement) {
  return statement_id(network, statement.signer, statement.body);
}

template <class Body>
[[nodiscard]] Signed<Body> sign_statement(const NetworkId& network, PeerPort signer, const SigningKey& key, Body body) {
  const auto signature = sign(key, unsigned_bytes(network, signer, body));
  return Signed<Body>{signer, std::move(body), signature};
}

// ---- commitments: SHA-256 of a text tag and the canonical bytes of the parts ----

/// H(id) in a REQUEST.
[[nodiscard]] Hash request_id_hash(const RequestId& id);
/// kc in a GRANT: binds the key to its exchange.
[[nodiscard]] Hash key_commitment(const ExchangeId& exchange, const BookKey& key);
/// C_i in a GRANT: binds share `index` (from 0, in port order of the witnesses) to its exchange.
[[nodiscard]] Hash share_commitment(const ExchangeId& exchange, std::uint32_t index, const KeyShare& share);

/// SHA-256 of the canonical list of transactions, as it stands in the block header.
[[nodiscard]] Hash transactions_hash(const std::vector<Transaction>& transactions);

}  // namespace bookchain::ledger
