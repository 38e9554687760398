#include "ledger/card.hpp"

#include <algorithm>

namespace bookchain::ledger {

Signed<Card> sign_card(PeerPort port, const SigningKey& signing_key, const AgreementKey& agreement_key,
                       std::string address, bool test_network) {
  Card card{verify_key(signing_key), agreement_point(agreement_key), std::move(address), test_network};
  return sign_statement(no_network, port, signing_key, std::move(card));
}

Hash card_id(const Signed<Card>& card) { return statement_id(no_network, card); }

Hash card_id(const Genesis& genesis, const Peer& peer) {
  const Card card{peer.verify_key, peer.agreement_point, peer.address, genesis.fields().test_network};
  return statement_id(no_network, peer.port, card);
}

Result<void> check_card(const Signed<Card>& card) {
  const auto port = std::to_string(card.signer.value);
  const auto& body = card.body;
  if (card.signer == PeerPort{} || body.address.empty() || body.address.size() > max_address_bytes ||
      !is_utf8(body.address)) {
    return Error{Token::bad_value, "a card has no port or no address that can be used", port, {}};
  }
  if (!is_sound(body.verify_key)) return Error{Token::bad_value, "the Ed25519 key of a card is unsound", port, {}};
  if (!is_sound(body.agreement_point)) {
    return Error{Token::bad_value, "the X25519 key of a card is unsound", port, {}};
  }
  if (!verify(body.verify_key, unsigned_bytes(no_network, card.signer, body), card.signature)) {
    return Error{Token::bad_signature, "a card is not signed with the key that it shows", port,
                 "ask its owner for the card again"};
  }
  return success();
}

Result<Genesis> network_of_cards(std::vector<Signed<Card>> cards, std::uint8_t work_bits) {
  std::ranges::sort(cards, {}, &Signed<Card>::signer);
  GenesisFields fields;
  fields.work_bits = work_bits;
  for (auto& card : cards) {
    BOOKCHAIN_CHECK(check_card(card));
    const auto port = std::to_string(card.signer.value);
    if (!fields.peers.empty() && fields.peers.back().port == card.signer) {
      return Error{Token::bad_value, "two cards have the same port", port, "one of the two takes another port"};
    }
    if (!fields.peers.empty() && fields.test_network != card.body.test_network) {
      return Error{Token::bad_value, "only some of the cards have keys that come from a seed", port,
                   "a test network takes all keys from seeds, any other none"};
    }
    fields.test_network = card.body.test_network;
    auto& body = card.body;
    fields.peers.push_back(Peer{card.signer, body.verify_key, body.agreement_point, std::move(body.address)});
  }
  return Genesis::make(std::move(fields));
}

}  // namespace bookchain::ledger
