// What a signed statement is, and the statements of an exchange (docs/protocol.md, sections 2 and 3). Pure data with
// its canonical layout. All statements together, and how they are signed: ledger/statement.hpp.
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
/// What an encrypted chunk has beyond its plaintext.
inline constexpr std::size_t chunk_overhead = Salt::size + chunk_tag_size;

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
  batch = 19,
};
[[nodiscard]] std::string_view name(StatementType type);

/// The statements that a peer makes of exchanges and the transactions of a block may be signed together; all others
/// are signed alone.
[[nodiscard]] constexpr bool is_signed_in_batches(StatementType type) {
  return (type >= StatementType::request && type <= StatementType::key_answer) ||
         (type >= StatementType::transfer && type <= StatementType::dispute);
}

inline constexpr std::size_t max_batch_statements = 64;

/// What is signed of several statements of one peer: the RFC 6962 root over the leaf hashes of their unsigned bytes.
struct Batch {
  static constexpr auto type = StatementType::batch;
  std::uint8_t count{};  ///< of the statements, 2 to 64
  Hash root;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("count", self.count);
    visitor("root", self.root);
  }
};

/// The place of a statement in the batch that was signed.
struct BatchPlace {
  std::uint8_t index{};
  std::uint8_t count{};
  MerklePath path;
  friend bool operator==(const BatchPlace&, const BatchPlace&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("index", self.index);
    visitor("count", self.count);
    visitor("path", self.path);
  }
};

/// Of a place in a batch of 64, encoded, beyond that of none.
inline constexpr std::size_t max_place_bytes = 6 + 6 * Hash::size;

/// A body with its signer and signature. On the wire: signer, body, signature; and where the body may be signed in a
/// batch, its place in one, or none.
template <class Body>
struct Signed {
  PeerPort signer;
  Body body;
  Signature signature;
  std::optional<BatchPlace> place = std::nullopt;  ///< nothing: the signature is of this statement alone
  friend bool operator==(const Signed&, const Signed&) = default;

  /// The rules may leave the signature to the end of a turn (ledger/batch_signing.hpp). No good signature is all zeros:
  /// its first half would be a point of small order.
  [[nodiscard]] bool is_signed() const { return signature != Signature{}; }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("signer", self.signer);
    visitor("body", self.body);
    visitor("signature", self.signature);
    if constexpr (is_signed_in_batches(Body::type)) visitor("place", self.place);
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

/// Signed by the requester: it can read the books of these exchanges, the witnesses may forget their shares.
struct Receipt {
  static constexpr auto type = StatementType::receipt;
  std::vector<ExchangeId> exchanges;  ///< those that one block brought home, ascending
  friend bool operator==(const Receipt&, const Receipt&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("exchanges", self.exchanges, max_block_transactions);
  }
};
/// Names at least one exchange, and each once. One that does not is refused, and counts for none.
[[nodiscard]] bool is_sound(const Receipt& receipt);

}  // namespace bookchain::ledger
