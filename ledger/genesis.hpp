// The network: its peers, sizes and limits, and the numbers that follow from them (docs/protocol.md,
// section 2). A value that never changes; its hash, the network id, is inside everything signed.
#pragma once

#include "ledger/statement.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t min_peers = 4;
inline constexpr std::size_t max_address_bytes = 255;
inline constexpr std::uint32_t min_chunk_size = 1024;
inline constexpr std::uint8_t max_work_bits = 24;
inline constexpr std::uint64_t max_book_bytes = std::uint64_t{1} << 40U;
inline constexpr std::uint32_t min_message_bytes = std::uint32_t{1} << 20U;
inline constexpr std::uint32_t max_message_bytes = std::uint32_t{1} << 26U;
inline constexpr std::uint32_t min_block_bytes = std::uint32_t{1} << 18U;

struct Peer {
  PeerPort port;
  VerifyKey verify_key;
  AgreementPoint agreement_point;
  std::string address;  ///< "spool:DIR" or "socket:PATH", relative to the network file

  friend bool operator==(const Peer&, const Peer&) = default;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.port);
    visitor("verify_key", self.verify_key);
    visitor("agreement_point", self.agreement_point);
    visitor.text("address", self.address, max_address_bytes);
  }
};

struct Limits {
  std::uint64_t book_bytes = std::uint64_t{1} << 36U;     ///< plaintext of one book, at most 2^40
  std::uint32_t message_bytes = std::uint32_t{1} << 24U;  ///< one sealed message, at most 2^26
  std::uint32_t block_bytes = std::uint32_t{1} << 22U;    ///< canonical block, at most message / 2

  friend bool operator==(const Limits&, const Limits&) = default;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book_bytes", self.book_bytes);
    visitor("message_bytes", self.message_bytes);
    visitor("block_bytes", self.block_bytes);
  }
};

/// What the network file says. Not checked by itself: Genesis::make checks it.
struct GenesisFields {
  std::vector<Peer> peers;  ///< in port order
  std::uint32_t chunk_size = 65536;
  std::uint8_t work_bits = 8;
  bool test_network = false;  ///< made from a seed: keys are guessable, rehearsals are allowed
  Limits limits;

  friend bool operator==(const GenesisFields&, const GenesisFields&) = default;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("peers", self.peers, max_peers);
    visitor("chunk_size", self.chunk_size);
    visitor("work_bits", self.work_bits);
    visitor("test_network", self.test_network);
    visitor("limits", self.limits);
  }
};

/// Signatures that were found good, or made, are not verified again by the same thread. For tests in which one thread
/// plays several processes: from here on it has verified none.
void forget_good_signatures();

class Genesis {
 public:
  /// Checks 4 to 64 peers in strict port order, ports 1..65535, distinct and sound keys, sizes within
  /// bounds. Tokens: `bad-value`, subject names the field.
  [[nodiscard]] static Result<Genesis> make(GenesisFields fields);

  [[nodiscard]] const GenesisFields& fields() const { return fields_; }
  [[nodiscard]] const std::vector<Peer>& peers() const { return fields_.peers; }
  [[nodiscard]] const NetworkId& id() const { return id_; }
  /// Null if the network has no such peer.
  [[nodiscard]] const Peer* find(PeerPort port) const;

  // The numbers of section 2, for n peers and m = n - 2 witnesses.
  [[nodiscard]] std::size_t peer_count() const { return fields_.peers.size(); }
  [[nodiscard]] std::size_t witness_count() const { return peer_count() - 2; }
  [[nodiscard]] std::size_t faults_borne() const { return (peer_count() - 1) / 3; }                  ///< f
  [[nodiscard]] std::size_t vote_quorum() const { return (peer_count() + faults_borne()) / 2 + 1; }  ///< q
  [[nodiscard]] std::size_t witness_majority() const { return witness_count() / 2 + 1; }             ///< a
  [[nodiscard]] std::size_t ack_quorum() const;                                                      ///< A
  [[nodiscard]] std::size_t share_threshold() const { return ack_quorum() - faults_borne() + 1; }    ///< t

  /// The witnesses of an exchange between the two, in port order.
  [[nodiscard]] std::vector<PeerPort> witnesses(PeerPort requester, PeerPort owner) const;
  /// Place of a witness in that order, or nothing if it is none.
  [[nodiscard]] std::optional<std::uint32_t> witness_index(PeerPort requester, PeerPort owner, PeerPort witness) const;

  /// As sign_statement, and this thread need not verify it when it comes back.
  template <class Body>
  [[nodiscard]] Signed<Body> sign(PeerPort signer, const SigningKey& key, Body body) const {
    const auto signature = sign_bytes(key, unsigned_bytes(id_, signer, body));
    return Signed<Body>{signer, std::move(body), signature};
  }
  /// The same of the unsigned bytes of a statement.
  [[nodiscard]] static Signature sign_bytes(const SigningKey& key, ByteView bytes);
  /// Token `unknown-peer` or `bad-signature`.
  template <class Body>
  [[nodiscard]] Result<void> check(const Signed<Body>& statement) const {
    if (statement.place) {
      return check_in_batch(statement.signer, unsigned_bytes(id_, statement.signer, statement.body),
                            statement.signature, *statement.place, name(Body::type));
    }
    return check_signature(statement.signer, unsigned_bytes(id_, statement.signer, statement.body), statement.signature,
                           name(Body::type));
  }
  template <class Body>
  [[nodiscard]] Hash id_of(const Signed<Body>& statement) const {
    return statement_id(id_, statement);
  }
  [[nodiscard]] ExchangeId exchange_of(const Signed<Request>& request) const {
    return rename<ExchangeId>(id_of(request));
  }
  [[nodiscard]] BookId book_of(const Signed<Book>& book) const { return rename<BookId>(id_of(book)); }
  [[nodiscard]] Hash block_hash(const Block& block) const { return id_of(block.header); }

  /// Checks that a certificate has q good votes of distinct peers and nothing else.
  /// Tokens: `no-quorum`, `unknown-peer`, `bad-signature`.
  template <class Vote>
  [[nodiscard]] Result<void> check_certificate(const Certificate<Vote>& certificate) const {
    if (certificate.votes.size() < vote_quorum()) {
      return Error{Token::no_quorum, "a certificate has too few votes", name(Vote::type).data(), {}};
    }
    PeerPort last{};
    for (const auto& vote : certificate.votes) {
      // Keyed by the signer, not by (signer, signature): else one peer with two signatures is a quorum.
      if (!(last < vote.signer)) {
        return Error{Token::no_quorum, "the votes of a certificate are not of distinct peers", {}, {}};
      }
      last = vote.signer;
      BOOKCHAIN_CHECK(check(Signed<Vote>{vote.signer, certificate.vote, vote.signature}));
    }
    return success();
  }

 private:
  Genesis(GenesisFields fields, const NetworkId& id) : fields_(std::move(fields)), id_(id) {}
  [[nodiscard]] Result<void> check_signature(PeerPort signer, ByteView bytes, const Signature& signature,
                                             std::string_view what) const;
  [[nodiscard]] Result<void> check_in_batch(PeerPort signer, ByteView bytes, const Signature& signature,
                                            const BatchPlace& place, std::string_view what) const;

  GenesisFields fields_;
  NetworkId id_;
};

}  // namespace bookchain::ledger
