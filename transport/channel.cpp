#include "transport/channel.hpp"

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;

namespace {

constexpr std::string_view key_purpose = "bookchain/1 channel";

/// HKDF of the pair's secret, with version, network, from and to in that order: one key a direction.
template <class Direction>
Direction derive_direction(const Hash& secret, const NetworkId& network, PeerPort from, PeerPort to) {
  auto context = encode_all(protocol_version, network, from, to);
  auto keys = hkdf_sha256(secret.view(), view_of(key_purpose), context, SealKey::size + 2 * Hash::size);
  SealKey seal_key;
  std::copy_n(keys.begin(), SealKey::size, seal_key.bytes.begin());
  Direction direction{SealCipher(seal_key), {}, {}};
  std::copy_n(keys.begin() + SealKey::size, Hash::size, direction.nonce_key.bytes.begin());
  std::copy_n(keys.begin() + SealKey::size + Hash::size, Hash::size, direction.proof_key.bytes.begin());
  wipe(seal_key.bytes);
  wipe(keys);
  return direction;
}

struct Envelope {
  Header header;
  ByteView header_bytes;
  SealNonce nonce;
  ByteView sealed;
};

Result<Envelope> take_apart(ByteView bytes) {
  if (bytes.size() < seal_overhead) return Error{Token::bad_message, "a message is too short for its envelope", {}, {}};
  // Looked at before the rest, so that another version is named as what it is.
  if (bytes.front() != protocol_version) {
    return Error{
        Token::bad_message, "a message is of another version of the protocol", std::to_string(bytes.front()), {}};
  }
  Envelope envelope;
  envelope.header_bytes = bytes.first(header_size);
  BOOKCHAIN_TRY(envelope.header, decode<Header>(envelope.header_bytes));
  std::copy_n(bytes.begin() + header_size, SealNonce::size, envelope.nonce.bytes.begin());
  envelope.sealed = bytes.subspan(header_size + SealNonce::size);
  return envelope;
}

Result<void> check_pair(const Header& header, const NetworkId& network, PeerPort from, PeerPort to) {
  if (header.network != network) {
    return Error{Token::wrong_network, "a message is of another network", to_hex(header.network), {}};
  }
  if (header.from != from) {
    return Error{Token::wrong_sender, "a message names another sender", std::to_string(header.from.value), {}};
  }
  if (header.to != to) {
    return Error{Token::wrong_recipient, "a message is for another peer", std::to_string(header.to.value), {}};
  }
  return success();
}

}  // namespace

Result<Channel> Channel::make(const Genesis& genesis, const Identity& identity, PeerPort peer) {
  const auto* other = genesis.find(peer);
  if (other == nullptr) {
    return Error{Token::unknown_peer, "the network has no such peer", std::to_string(peer.value), {}};
  }
  BOOKCHAIN_TRY(auto secret, agree(identity.agreement_key, other->agreement_point));
  Channel channel(genesis.id(), identity.port, peer,
                  derive_direction<Direction>(secret, genesis.id(), identity.port, peer),
                  derive_direction<Direction>(secret, genesis.id(), peer, identity.port));
  wipe(secret.bytes);
  return channel;
}

Bytes Channel::seal(const Epoch& epoch, MessageNumber number, ByteView payload, const Hash& fresh) const {
  auto envelope = encode(Header{protocol_version, network_, self_, peer_, epoch, number});
  // A generator that repeats itself repeats no nonce for two messages: header and plaintext are in it.
  const auto mixed = hmac_sha256(sending_.nonce_key.view(), {fresh.view(), envelope, payload});
  SealNonce nonce;
  std::copy_n(mixed.bytes.begin(), SealNonce::size, nonce.bytes.begin());
  const auto sealed = sending_.cipher.seal(nonce, envelope, payload);
  envelope.reserve(envelope.size() + SealNonce::size + sealed.size());
  envelope.insert(envelope.end(), nonce.bytes.begin(), nonce.bytes.end());
  envelope.insert(envelope.end(), sealed.begin(), sealed.end());
  return envelope;
}

Result<Opened> Channel::open(ByteView envelope) const {
  BOOKCHAIN_TRY(const auto parts, take_apart(envelope));
  BOOKCHAIN_CHECK(check_pair(parts.header, network_, peer_, self_));
  BOOKCHAIN_TRY(auto payload, receiving_.cipher.open(parts.nonce, parts.header_bytes, parts.sealed));
  return Opened(parts.header, std::move(payload));
}

Hash Channel::prove(ByteView text) const { return hmac_sha256(sending_.proof_key.view(), {text}); }

bool Channel::is_proof(ByteView text, ByteView proof) const {
  return equal_in_constant_time(hmac_sha256(receiving_.proof_key.view(), {text}).view(), proof);
}

Result<Opened> Channel::open_own(ByteView envelope) const {
  BOOKCHAIN_TRY(const auto parts, take_apart(envelope));
  BOOKCHAIN_CHECK(check_pair(parts.header, network_, self_, peer_));
  BOOKCHAIN_TRY(auto payload, sending_.cipher.open(parts.nonce, parts.header_bytes, parts.sealed));
  return Opened(parts.header, std::move(payload));
}

}  // namespace bookchain::transport
