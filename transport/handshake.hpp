// The handshake of a connection (docs/formats.md, "The socket"): whoever opened it says who it is and whom
// it means; both then prove it with the keys of their channel, over randomness of both. Three pieces of a
// fixed size, so that nothing is read or allocated at the word of a stranger. A proof seen once is of no
// use again. Pure bytes: no socket here.
#pragma once

#include "transport/channel.hpp"

namespace bookchain::transport {

inline constexpr std::string_view greeting_magic = "bookchain/1 sock\n";

/// What the opener says first.
struct Greeting {
  std::uint8_t version = protocol_version;
  ledger::NetworkId network;
  ledger::PeerPort from;
  ledger::PeerPort to;
  ledger::Hash challenge;  ///< fresh

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("version", self.version);
    visitor("network", self.network);
    visitor("from", self.from);
    visitor("to", self.to);
    visitor("challenge", self.challenge);
  }
};
inline constexpr std::size_t greeting_size = greeting_magic.size() + sizeof protocol_version + ledger::NetworkId::size +
                                             2 * ledger::PeerPort::size + ledger::Hash::size;
/// The listener's challenge and proof.
inline constexpr std::size_t answer_size = 2 * ledger::Hash::size;
/// What a listener of another network says in its place: its network id and zeros, which are no proof.
[[nodiscard]] ledger::Bytes write_other_network(const ledger::NetworkId& network);
/// At the opener. The network that these bytes name; nothing if they are no such thing. Precondition: answer_size
/// bytes.
[[nodiscard]] std::optional<ledger::NetworkId> read_other_network(ledger::ByteView answer);
/// The opener's proof.
inline constexpr std::size_t proof_size = ledger::Hash::size;

[[nodiscard]] ledger::Bytes write_greeting(const Greeting& greeting);
/// Precondition: greeting_size bytes. Token `bad-message` (no greeting, or of another version).
[[nodiscard]] ledger::Result<Greeting> read_greeting(ledger::ByteView bytes);
/// Whether it is for this peer. Tokens: `wrong-recipient`, `wrong-network`.
[[nodiscard]] ledger::Result<void> check_greeting(const Greeting& greeting, const ledger::NetworkId& network,
                                                  ledger::PeerPort self);

/// The listener's answer to a greeting, by its channel with the opener. `challenge` is fresh.
[[nodiscard]] ledger::Bytes write_answer(const Channel& channel, ledger::ByteView greeting,
                                         const ledger::Hash& challenge);
/// At the opener. Precondition: answer_size bytes.
[[nodiscard]] bool is_answer(const Channel& channel, ledger::ByteView greeting, ledger::ByteView answer);
/// What the opener says to a good answer.
[[nodiscard]] ledger::Bytes write_proof(const Channel& channel, ledger::ByteView greeting, ledger::ByteView answer);
/// At the listener. Precondition: proof_size bytes.
[[nodiscard]] bool is_proof(const Channel& channel, ledger::ByteView greeting, ledger::ByteView answer,
                            ledger::ByteView proof);

}  // namespace bookchain::transport
