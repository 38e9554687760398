// Channel: seals and opens the messages of one pair of peers (docs/protocol.md, section 2). X25519
// between their static keys, HKDF-SHA-256, one key a direction, XChaCha20-Poly1305 with a nonce that
// repeats for no two messages even if the generator does. Only a channel can make an Opened, so
// unchecked bytes cannot reach the rules. It authenticates; it proves nothing to a third.
#pragma once

#include "ledger/codec.hpp"
#include "ledger/crypto.hpp"
#include "ledger/genesis.hpp"
#include "ledger/node.hpp"

namespace bookchain::transport {

inline constexpr std::uint8_t protocol_version = 1;

/// Associated data of every sealed message.
struct Header {
  std::uint8_t version = protocol_version;
  ledger::NetworkId network;
  ledger::PeerPort from;
  ledger::PeerPort to;
  ledger::Epoch epoch;
  ledger::MessageNumber number;  ///< from 1; 0 is a delivery note: not numbered, not acknowledged

  friend bool operator==(const Header&, const Header&) = default;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("version", self.version);
    visitor("network", self.network);
    visitor("from", self.from);
    visitor("to", self.to);
    visitor("epoch", self.epoch);
    visitor("number", self.number);
  }
};
inline constexpr std::size_t header_size = sizeof protocol_version + ledger::NetworkId::size +
                                           2 * ledger::PeerPort::size + ledger::Epoch::size +
                                           ledger::MessageNumber::size;
inline constexpr std::size_t seal_overhead = header_size + ledger::SealNonce::size + ledger::seal_tag_size;

/// A message whose seal was checked. Nobody but Channel makes one.
class Opened {
 public:
  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] const ledger::Bytes& payload() const { return payload_; }

 private:
  friend class Channel;
  Opened(const Header& header, ledger::Bytes payload) : header_(header), payload_(std::move(payload)) {}
  Header header_;
  ledger::Bytes payload_;
};

class Channel {
 public:
  /// Token `bad-value` if the peer's key gives no secret.
  [[nodiscard]] static ledger::Result<Channel> make(const ledger::Genesis& genesis, const ledger::Identity& identity,
                                                    ledger::PeerPort peer);

  /// Header, nonce, ciphertext and tag. `fresh` is 32 bytes of randomness.
  [[nodiscard]] ledger::Bytes seal(const ledger::Epoch& epoch, ledger::MessageNumber number, ledger::ByteView payload,
                                   const ledger::Hash& fresh) const;
  /// Opens what the peer sealed for this one. Tokens: `bad-message` (no envelope, another version),
  /// `wrong-network`, `wrong-recipient`, `wrong-sender`, `bad-signature`.
  [[nodiscard]] ledger::Result<Opened> open(ledger::ByteView envelope) const;
  /// Opens what this peer sealed itself: for showing what lies in a spool.
  [[nodiscard]] ledger::Result<Opened> open_own(ledger::ByteView envelope) const;

  /// HMAC of `text` under a key that only this pair has, another one a direction: shows the peer who made `text`.
  [[nodiscard]] ledger::Hash prove(ledger::ByteView text) const;
  /// Whether the peer made that proof; takes the same time for every wrong one.
  [[nodiscard]] bool is_proof(ledger::ByteView text, ledger::ByteView proof) const;

 private:
  struct Direction {
    mutable ledger::SealCipher cipher;  ///< what it has done changes nothing of what it does
    ledger::Hash nonce_key;
    ledger::Hash proof_key;
  };
  Channel(const ledger::NetworkId& network, ledger::PeerPort self, ledger::PeerPort peer, Direction sending,
          Direction receiving)
      : network_(network), self_(self), peer_(peer), sending_(std::move(sending)), receiving_(std::move(receiving)) {}

  ledger::NetworkId network_;
  ledger::PeerPort self_;
  ledger::PeerPort peer_;
  Direction sending_;
  Direction receiving_;
};

}  // namespace bookchain::transport
