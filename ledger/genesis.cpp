#include "ledger/genesis.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace bookchain::ledger {

namespace {

constexpr std::string_view genesis_magic = "bookchain/1 genesis";
constexpr std::uint32_t dispute_bytes = 65536;  ///< of a DISPUTE and its block, beside the chunk

/// What was found good, so that one statement is not verified at every place it comes to: alone, in a message, in a
/// block, in a certificate. Its name is a hash of all that decides for ever whether it is good: so it changes nothing
/// but time. What is bad is not remembered. Bounded: each has two places to be in, side by side in one line of the
/// processor's caches, and the older of the two makes room.
class GoodNames {
 public:
  [[nodiscard]] bool has(const Hash& name) const {
    const auto& set = sets_[place_of(name)];
    return set.younger == name || set.older == name;
  }
  void add(const Hash& name) {
    auto& set = sets_[place_of(name)];
    if (set.younger != name) set.older = std::exchange(set.younger, name);
  }

 private:
  /// No hash is all zeros.
  struct alignas(64) Set {
    Hash younger;
    Hash older;
  };
  static constexpr std::size_t set_count = std::size_t{1} << 12U;
  [[nodiscard]] static std::size_t place_of(const Hash& name) {
    std::size_t first = 0;
    std::memcpy(&first, name.bytes.data(), sizeof first);
    return first % set_count;
  }
  std::vector<Set> sets_ = std::vector<Set>(set_count);
};

/// Each thread remembers for itself.
struct Good {
  GoodNames signatures;
  GoodNames in_batches;  ///< statements, by the signature of a batch and the path to its root
};
Good& good() {
  thread_local Good good;
  return good;
}

/// Key and signature have fixed sizes: no two triples give the same bytes.
Hash name_of(const VerifyKey& key, ByteView bytes, const Signature& signature) {
  return sha256({key.view(), signature.view(), bytes});
}

/// `verify`, but what was found good once is known.
bool verify_once(const VerifyKey& key, ByteView bytes, const Signature& signature) {
  auto& known = good().signatures;
  const auto name = name_of(key, bytes, signature);
  if (known.has(name)) return true;
  if (!verify(key, bytes, signature)) return false;
  known.add(name);
  return true;
}

/// As name_of: the encoding of a place says itself where it ends.
Hash name_in_batch(const VerifyKey& key, ByteView bytes, const Signature& signature, const BatchPlace& place) {
  const auto encoded = encode(place);
  return sha256({key.view(), signature.view(), encoded, bytes});
}

Error out_of_range(std::string subject) {
  return Error{Token::bad_value, "the network cannot be used", std::move(subject), {}};
}

Result<void> check_peers(const std::vector<Peer>& peers) {
  if (peers.size() < min_peers || peers.size() > max_peers) {
    return out_of_range("peers: a network has 4 to 64 peers, not " + std::to_string(peers.size()));
  }
  std::set<std::array<std::uint8_t, 32>> keys;
  PeerPort last{};
  for (const auto& peer : peers) {
    const auto port = std::to_string(peer.port.value);
    if (!(last < peer.port)) return out_of_range("peers: port " + port + " is 0, repeated or out of order");
    last = peer.port;
    if (!keys.insert(peer.verify_key.bytes).second || !keys.insert(peer.agreement_point.bytes).second) {
      return out_of_range("peers: a key of port " + port + " is used twice");
    }
    if (!is_sound(peer.verify_key)) return out_of_range("peers: the Ed25519 key of port " + port + " is unsound");
    if (!is_sound(peer.agreement_point)) {
      return out_of_range("peers: the X25519 key of port " + port + " is unsound");
    }
    if (peer.address.empty() || peer.address.size() > max_address_bytes || !is_utf8(peer.address)) {
      return out_of_range("peers: the address of port " + port);
    }
  }
  return success();
}

Result<void> check_sizes(const GenesisFields& fields) {
  if (fields.chunk_size < min_chunk_size || fields.chunk_size > max_chunk_bytes) {
    return out_of_range("chunk_size: 1024 to 1048576");
  }
  if (fields.work_bits > max_work_bits) return out_of_range("work_bits: 0 to 24");
  const auto& limits = fields.limits;
  if (limits.book_bytes == 0 || limits.book_bytes > max_book_bytes) {
    return out_of_range("book_bytes: 1 to 2^40");
  }
  if (limits.message_bytes < min_message_bytes || limits.message_bytes > max_message_bytes) {
    return out_of_range("message_bytes: 2^20 to 2^26");
  }
  if (limits.block_bytes < min_block_bytes || limits.block_bytes > limits.message_bytes / 2) {
    return out_of_range("block_bytes: 2^18 to half of message_bytes");
  }
  // A DISPUTE carries a whole chunk with its paths: what cannot be recorded could be done unpunished.
  if (limits.block_bytes < fields.chunk_size + dispute_bytes) {
    return out_of_range("block_bytes: at least chunk_size and " + std::to_string(dispute_bytes));
  }
  return success();
}

}  // namespace

void forget_good_signatures() { good() = {}; }

Result<Genesis> Genesis::make(GenesisFields fields) {
  BOOKCHAIN_CHECK(check_peers(fields.peers));
  BOOKCHAIN_CHECK(check_sizes(fields));
  const auto magic = view_of(genesis_magic);
  const auto id = rename<NetworkId>(sha256({magic, encode(fields)}));
  return Genesis(std::move(fields), id);
}

const Peer* Genesis::find(PeerPort port) const {
  const auto found = std::ranges::lower_bound(fields_.peers, port, {}, &Peer::port);
  if (found == fields_.peers.end() || found->port != port) return nullptr;
  return &*found;
}

std::size_t Genesis::ack_quorum() const { return std::max(witness_majority(), 2 * faults_borne() - 1); }

std::vector<PeerPort> Genesis::witnesses(PeerPort requester, PeerPort owner) const {
  std::vector<PeerPort> ports;
  for (const auto& peer : fields_.peers) {
    if (peer.port != requester && peer.port != owner) ports.push_back(peer.port);
  }
  return ports;
}

std::optional<std::uint32_t> Genesis::witness_index(PeerPort requester, PeerPort owner, PeerPort witness) const {
  const auto ports = witnesses(requester, owner);
  const auto found = std::ranges::find(ports, witness);
  if (found == ports.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - ports.begin());
}

Signature Genesis::sign_bytes(const SigningKey& key, ByteView bytes) {
  const auto signature = ledger::sign(key, bytes);
  good().signatures.add(name_of(verify_key(key), bytes, signature));
  return signature;
}

namespace {

Error bad_signature(std::string_view what) {
  return Error{Token::bad_signature, "the signature of a statement does not verify", std::string(what), {}};
}

Error no_such_signer(PeerPort signer) {
  return Error{
      Token::unknown_peer, "a statement is signed by a port that is no peer", std::to_string(signer.value), {}};
}

}  // namespace

Result<void> Genesis::check_signature(PeerPort signer, ByteView bytes, const Signature& signature,
                                      std::string_view what) const {
  const auto* peer = find(signer);
  if (peer == nullptr) return no_such_signer(signer);
  if (!verify_once(peer->verify_key, bytes, signature)) return bad_signature(what);
  return success();
}

Result<void> Genesis::check_in_batch(PeerPort signer, ByteView bytes, const Signature& signature,
                                     const BatchPlace& place, std::string_view what) const {
  const auto* peer = find(signer);
  if (peer == nullptr) return no_such_signer(signer);
  auto& known = good().in_batches;
  const auto name = name_in_batch(peer->verify_key, bytes, signature, place);
  if (known.has(name)) return success();
  if (place.count < 2 || place.count > max_batch_statements) return bad_signature(what);
  const auto root = merkle_root_of(leaf_hash(bytes), place.index, place.count, place.path);
  if (!root) return bad_signature(what);
  BOOKCHAIN_CHECK(check_signature(signer, unsigned_bytes(id_, signer, Batch{place.count, *root}), signature, what));
  known.add(name);
  return success();
}

}  // namespace bookchain::ledger
