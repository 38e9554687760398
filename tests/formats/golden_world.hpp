// Networks, books and exchanges whose every byte is derived from a name, so that the vectors of
// tests/vectors/formats can be made again at any time. Builds statements directly, without the state
// machine: what it builds may be false on purpose.
#pragma once

#include <map>

#include "ledger/book.hpp"
#include "ledger/chain.hpp"
#include "ledger/store/memory_store.hpp"

namespace bookchain::golden {

using namespace ledger;  // NOLINT(google-build-using-namespace)

/// The first bytes of SHA-256("bookchain golden " || purpose || number).
[[nodiscard]] Hash derived_hash(std::string_view purpose, std::uint64_t number);
template <class Fixed>
[[nodiscard]] Fixed derived(std::string_view purpose, std::uint64_t number = 0) {
  const auto hash = derived_hash(purpose, number);
  Fixed value;
  std::copy_n(hash.bytes.begin(), Fixed::size, value.bytes.begin());
  return value;
}

[[nodiscard]] Bytes bytes_of(std::string_view text);
/// Text of a book, of exactly that many bytes.
[[nodiscard]] Bytes book_text(std::string_view title, std::size_t size);

inline constexpr PeerPort p0{5000};
inline constexpr PeerPort p1{5001};
inline constexpr PeerPort p2{5002};
inline constexpr PeerPort p3{5003};
inline constexpr PeerPort stranger{6000};  ///< of no network

/// A network and all its secret keys.
struct World {
  Genesis genesis;
  std::map<PeerPort, Identity> identities;

  template <class Body>
  [[nodiscard]] Signed<Body> sign(PeerPort signer, Body body) const {
    return sign_statement(genesis.id(), signer, identities.at(signer).signing_key, std::move(body));
  }
};
/// Ports 5000, 5001, ...; 8 bits of work.
[[nodiscard]] World make_world(std::size_t peers, std::uint32_t chunk_size = 1024);

/// A registered book with what its registrar knows of it.
struct Content {
  Signed<Book> book;
  Bytes text;
  BookSecret secret;

  [[nodiscard]] Bytes chunk(std::uint64_t index) const;
  [[nodiscard]] std::vector<Hash> leaves() const;
};
[[nodiscard]] Content make_book(const World& world, PeerPort registrar, std::uint64_t serial, std::string title,
                                std::string media_type, Bytes text);
[[nodiscard]] Content make_value_book(const World& world, PeerPort registrar, std::uint64_t serial, std::string value);

/// How an owner cheats in a grant.
struct Cheat {
  std::optional<std::uint64_t> other_chunk;   ///< this chunk is encrypted with another text
  std::optional<std::uint64_t> broken_chunk;  ///< this chunk does not decrypt
  bool other_key_shared = false;              ///< the shares give another key
};

/// All that an exchange brings about, from the request to the receipt.
struct Exchange {
  Content content;
  RequestId request_id;
  Signed<Request> request;
  ExchangeId id;
  BookKey key;
  std::vector<KeyShare> shares;
  std::vector<Bytes> ciphertext;  ///< one entry a chunk
  Signed<Grant> grant;
  Signed<Consent> consent;
  std::vector<Signed<Ack>> acks;
  std::vector<Signed<IdAnswer>> id_answers;
  std::vector<Signed<KeyAnswer>> key_answers;
  Signed<Release> release;
  Signed<Receipt> receipt;

  [[nodiscard]] PeerPort requester() const { return request.signer; }
  [[nodiscard]] PeerPort owner() const { return grant.signer; }
};
[[nodiscard]] Exchange make_exchange(const World& world, const Content& content, PeerPort requester, PeerPort owner,
                                     Version version, Turn turn, const Cheat& cheat = {});

/// Signs the GRANT of `owner` again, for the request as it stands, and all that follows from it.
void sign_from_grant(const World& world, Exchange& exchange, PeerPort owner);

/// Signs all statements of these exchanges again, those of each peer in one batch.
void sign_together(const World& world, const std::vector<Exchange*>& exchanges);

/// The bytes that go beside a GRANT.
[[nodiscard]] Bytes package_of(const Exchange& exchange);

/// A transfer that brings just as many statements as it needs, signed by whom its form asks for.
[[nodiscard]] Transfer transfer_body(const World& world, const Exchange& exchange, TransferForm form);
[[nodiscard]] Signed<Transfer> make_transfer(const World& world, const Exchange& exchange, TransferForm form);
[[nodiscard]] BadChunk bad_chunk(const Exchange& exchange, std::uint64_t index);
[[nodiscard]] BadDeal bad_deal(const World& world, const Exchange& exchange);
[[nodiscard]] Signed<Dispute> make_dispute(const World& world, const Exchange& exchange,
                                           std::variant<BadChunk, BadDeal> proof);

/// A chain in memory. Every block that is appended has passed the rules.
class Chain {
 public:
  explicit Chain(const World& world) : world_(world) {}

  [[nodiscard]] Block mine(PeerPort miner, std::vector<Transaction> transactions) const;
  /// Mines and appends; the votes are of the peers in `voters`, in the ballot given.
  void append(PeerPort miner, std::vector<Transaction> transactions, const Ballot& ballot,
              const std::vector<PeerPort>& voters);
  [[nodiscard]] const std::vector<CommittedBlock>& blocks() const { return blocks_; }
  [[nodiscard]] const State& state() const { return store_; }
  [[nodiscard]] Head head() const { return chain_head(world_.genesis, store_); }
  /// Takes a checked block as it is: for building on a chain again.
  void take(const CommittedBlock& committed);

 private:
  const World& world_;
  MemoryStore store_;
  std::vector<CommittedBlock> blocks_;
};

[[nodiscard]] CommitCertificate certify(const World& world, const Block& block, const Ballot& ballot,
                                        const std::vector<PeerPort>& voters);
/// The first q peers.
[[nodiscard]] std::vector<PeerPort> quorum(const World& world);

/// One line of an exported chain, its end of line included; and the whole (docs/formats.md).
[[nodiscard]] std::string export_line(Height height, const Hash& hash, ByteView block, ByteView certificate);
[[nodiscard]] std::string export_line(const World& world, const CommittedBlock& committed);
[[nodiscard]] std::string export_chain(const World& world, const std::vector<CommittedBlock>& blocks);

}  // namespace bookchain::golden
