// Statements: what a peer signs and anyone can check later (docs/protocol.md, section 2). Pure data
// with its canonical layout, plus making and checking of one signature. Whether statements fit each
// other is decided elsewhere (exchange, chain, consensus, evidence).
#pragma once

#include "ledger/codec.hpp"
#include "ledger/crypto.hpp"
#include "ledger/merkle.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t max_peers = 64;
inline constexpr std::size_t max_witnesses = max_peers - 2;
inline constexpr std::size_t max_title_bytes = 255;
inline constexpr std::size_t max_media_type_bytes = 127;
inline constexpr std::size_t max_block_transactions = 256;
inline constexpr std::size_t max_chunk_bytes = std::size_t{1} << 20U;

/// The tag that every signature covers. The numbers are part of the format.
enum class StatementType : std::uint8_t {
  book = 1,
  request = 2,
  grant = 3,
  ack = 4,
  consent = 5,
  id_answer = 6,
  release = 7,
  key_answer = 8,
  receipt = 9,
  transfer = 10,
  abort = 11,
  dispute = 12,
  answer = 13,
  propose = 14,
  prevote = 15,
  precommit = 16,
  block = 17,
  card = 18,
};
[[nodiscard]] std::string_view name(StatementType type);

/// A body with its signer and signature. On the wire: signer, body, signature.
template <class Body>
struct Signed {
  PeerPort signer;
  Body body;
  Signature signature;
  friend bool operator==(const Signed&, const Signed&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("signer", self.signer);
    visitor("body", self.body);
    visitor("signature", self.signature);
  }
};

struct Book {
  static constexpr auto type = StatementType::book;
  std::uint64_t serial{};  ///< the registrar's own count, so that equal files are two copies
  std::string title;
  std::string media_type;
  std::uint64_t size{};        ///< bytes of plaintext
  std::uint32_t chunk_size{};  ///< bytes of plaintext in every chunk but the last
  Hash root;                   ///< RFC 6962 root over SHA-256(0x00 || salt_i || chunk_i)
  friend bool operator==(const Book&, const Book&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("serial", self.serial);
    visitor.text("title", self.title, max_title_bytes);
    visitor.text("media_type", self.media_type, max_media_type_bytes);
    visitor("size", self.size);
    visitor("chunk_size", self.chunk_size);
    visitor("root", self.root);
  }
};

/// Signed by the requester; its id is X.
struct Request {
  static constexpr auto type = StatementType::request;
  PeerPort sender_port;
  PeerPort receiver_port;
  BookId book;
  Hash id_hash;  ///< SHA-256 of tag and request id, see request_id_hash
  friend bool operator==(const Request&, const Request&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("sender_port", self.sender_port);
    visitor("receiver_port", self.receiver_port);
    visitor("book", self.book);
    visitor("id_hash", self.id_hash);
  }
};

/// Signed by the owner.
struct Grant {
  static constexpr auto type = StatementType::grant;
  ExchangeId exchange;
  Version version;
  Turn turn;
  Hash ciphertext_root;                 ///< RFC 6962 root over the encrypted chunks
  Hash key_commitment;                  ///< kc, see key_commitment()
  std::vector<Hash> share_commitments;  ///< C_i, one a witness in port order
  friend bool operator==(const Grant&, const Grant&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("version", self.version);
    visitor("turn", self.turn);
    visitor("ciphertext_root", self.ciphertext_root);
    visitor("key_commitment", self.key_commitment);
    visitor.list("share_commitments", self.share_commitments, max_witnesses);
  }
};

/// Statements about one grant: the exchange and the id of its GRANT.
template <StatementType Type>
struct AboutGrant {
  static constexpr auto type = Type;
  ExchangeId exchange;
  Hash grant;
  friend bool operator==(const AboutGrant&, const AboutGrant&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("grant", self.grant);
  }
};
using Ack = AboutGrant<StatementType::ack>;          ///< a witness holds its share of this GRANT
using Consent = AboutGrant<StatementType::consent>;  ///< the requester cannot go back
using Release = AboutGrant<StatementType::release>;  ///< the owner gave the key

/// Signed by a witness: whether the requester gave it the id that the owner was given.
struct IdAnswer {
  static constexpr auto type = StatementType::id_answer;
  ExchangeId exchange;
  Hash consent;
  bool yes{};
  friend bool operator==(const IdAnswer&, const IdAnswer&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("consent", self.consent);
    visitor("yes", self.yes);
  }
};

/// Signed by a witness: the key commitment that it holds.
struct KeyAnswer {
  static constexpr auto type = StatementType::key_answer;
  ExchangeId exchange;
  Hash grant;
  Hash key_commitment;
  friend bool operator==(const KeyAnswer&, const KeyAnswer&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("grant", self.grant);
    visitor("key_commitment", self.key_commitment);
  }
};

/// Signed by the requester: it can read the book, the witnesses may forget their shares.
struct Receipt {
  static constexpr auto type = StatementType::receipt;
  ExchangeId exchange;
  friend bool operator==(const Receipt&, const Receipt&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
  }
};

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
    visitor.blob("ciphertext", self.ciphertext, max_chunk_bytes + Salt::size + chunk_tag_size);
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
  static constexpr std::string_view magic = "bookchain/1";
  Writer writer;
  for (const char letter : magic) writer.write(static_cast<std::uint8_t>(letter));
  writer.write(static_cast<std::uint8_t>(Body::type));
  writer.write(network);
  writer.write(signer);
  writer.write(body);
  return writer.take();
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

// ---- commitments: SHA-256 over a tag of the type byte's kind and the parts ----

/// H(id) in a REQUEST.
[[nodiscard]] Hash request_id_hash(const RequestId& id);
/// kc in a GRANT: binds the key to its exchange.
[[nodiscard]] Hash key_commitment(const ExchangeId& exchange, const BookKey& key);
/// C_i in a GRANT: binds share `index` (from 0, in port order of the witnesses) to its exchange.
[[nodiscard]] Hash share_commitment(const ExchangeId& exchange, std::uint32_t index, const KeyShare& share);
/// SHA-256 of the canonical list of transactions, as it stands in the block header.
[[nodiscard]] Hash transactions_hash(const std::vector<Transaction>& transactions);

}  // namespace bookchain::ledger
