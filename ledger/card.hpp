// The public card of a peer: its name, its public keys, and where others deliver to it, signed with its own
// Ed25519 key. A network is put together from cards. A card exists before there is a network, so it names none.
#pragma once

#include "ledger/genesis.hpp"

namespace bookchain::ledger {

/// The body of the statement CARD; its signer is the port that the peer wants.
struct Card {
  static constexpr auto type = StatementType::card;
  VerifyKey verify_key;
  AgreementPoint agreement_point;
  std::string address;
  bool test_network = false;  ///< the keys come from a seed and can be guessed
  friend bool operator==(const Card&, const Card&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("verify_key", self.verify_key);
    visitor("agreement_point", self.agreement_point);
    visitor.text("address", self.address, max_address_bytes);
    visitor("test_network", self.test_network);
  }
};

/// What stands in a CARD where other statements have the network id.
inline constexpr NetworkId no_network{};

[[nodiscard]] Signed<Card> sign_card(PeerPort port, const SigningKey& signing_key, const AgreementKey& agreement_key,
                                     std::string address, bool test_network);

/// The id of the statement: what a fingerprint is made of.
[[nodiscard]] Hash card_id(const Signed<Card>& card);
/// The id of the card that this peer of a network gave: nothing else could have put it there.
[[nodiscard]] Hash card_id(const Genesis& genesis, const Peer& peer);

/// Whether the one who made it has the Ed25519 key, and whether both keys can be used. That the X25519 key is
/// the signer's own is only claimed. Tokens: `bad-signature`, `bad-value`.
[[nodiscard]] Result<void> check_card(const Signed<Card>& card);

/// The network of these cards, in any order. Tokens: those of check_card and of Genesis::make, `bad-value` (a
/// port twice; keys from a seed beside keys that are not).
[[nodiscard]] Result<Genesis> network_of_cards(std::vector<Signed<Card>> cards, std::uint8_t work_bits);

}  // namespace bookchain::ledger
