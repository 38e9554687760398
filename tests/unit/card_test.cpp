// The public card: written and read as the same, nobody but its owner can make or change it, and a network is
// made only of cards that go together.
#include "cli/card_file.hpp"
#include "cli/fingerprint.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

Signed<Card> card_of(std::uint16_t number, std::string address = "spool:somewhere/spool", bool test = false) {
  const PeerPort port{number};
  return sign_card(port, signing_key_of(port), agreement_key_of(port), std::move(address), test);
}

std::vector<Signed<Card>> four_cards() { return {card_of(5003), card_of(5000), card_of(5002), card_of(5001)}; }

/// "token: key" of what is wrong with a text.
std::string fault_of_card(const std::string& text) {
  const auto card = read_card("c.yaml", text);
  if (card) return "";
  const auto& subject = card.error().subject;
  BOOST_TEST(subject.starts_with("c.yaml"), subject);
  const auto key = subject.find(": ");
  return token_of(card) + (key == std::string::npos ? "" : subject.substr(key));
}

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
  const auto at = text.find(old);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no such text: " << old);
  return text.replace(at, old.size(), fresh);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(card)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_as_the_same) {
  for (const auto* address : {"spool:a", "spool:/srv/books/5000", "spool:a\"b\\c\n\x01 é 書"}) {
    for (const bool test : {false, true}) {
      const auto card = card_of(5000, address, test);
      BOOST_TEST((value_of(read_card("c.yaml", write_card(card))) == card));
    }
  }
}

// All that it says is under the signature: no byte of it can be another's.
BOOST_AUTO_TEST_CASE(a_card_that_was_changed_anywhere_is_refused) {
  const auto card = card_of(5000);
  const auto text = write_card(card);
  const auto hex_of_point = to_hex(card.body.agreement_point);
  BOOST_TEST(fault_of_card(replaced(text, "port: 5000", "port: 5001")) == "bad-signature");
  BOOST_TEST(fault_of_card(replaced(text, "spool:somewhere", "spool:elsewhere")) == "bad-signature");
  BOOST_TEST(fault_of_card(replaced(text, "test_network: false", "test_network: true")) == "bad-signature");
  BOOST_TEST(fault_of_card(replaced(text, hex_of_point, to_hex(agreement_point(agreement_key_of(PeerPort{5001}))))) ==
             "bad-signature");
  BOOST_TEST(fault_of_card(replaced(text, to_hex(card.body.verify_key),
                                    to_hex(verify_key(signing_key_of(PeerPort{5001}))))) == "bad-signature");
  auto twisted = card;
  for (const std::size_t byte : {0U, 31U, 32U, 63U}) {
    twisted.signature = card.signature;
    twisted.signature.bytes[byte] ^= 1U;
    BOOST_TEST(fault_of_card(write_card(twisted)) == "bad-signature");
  }
}

BOOST_AUTO_TEST_CASE(a_statement_of_another_type_or_network_is_no_card) {
  const PeerPort port{5000};
  auto card = card_of(5000);
  const auto network = network_of(4).id();
  card.signature = sign(signing_key_of(port), unsigned_bytes(network, port, card.body));
  BOOST_TEST(token_of(check_card(card)) == "bad-signature");
  auto bytes = unsigned_bytes(no_network, port, card.body);
  bytes[11] = static_cast<std::uint8_t>(StatementType::book);
  card.signature = sign(signing_key_of(port), bytes);
  BOOST_TEST(token_of(check_card(card)) == "bad-signature");
}

// Cards come from files and from other programs: what no network could take is refused before its keys are looked at.
BOOST_AUTO_TEST_CASE(a_card_without_a_port_or_with_an_address_of_no_use_is_refused) {
  BOOST_TEST(token_of(check_card(card_of(0))) == "bad-value");
  BOOST_TEST(token_of(check_card(card_of(5000, ""))) == "bad-value");
  BOOST_TEST(token_of(check_card(card_of(5000, std::string(max_address_bytes, 'a')))) == "success");
  BOOST_TEST(token_of(check_card(card_of(5000, std::string(max_address_bytes + 1, 'a')))) == "bad-value");
  BOOST_TEST(token_of(check_card(card_of(5000, "spool:\xff"))) == "bad-value");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_card_is_refused_with_its_key) {
  const auto text = write_card(card_of(5000));
  BOOST_TEST(fault_of_card("") != "");
  BOOST_TEST(fault_of_card(text + "extra: 1\n") == "unknown-key: extra");
  BOOST_TEST(fault_of_card(text + "port: 5000\n") == "repeated-key: port");
  BOOST_TEST(fault_of_card(replaced(text, "port: 5000", "port: 0")) == "bad-value: port");
  BOOST_TEST(fault_of_card(replaced(text, "port: 5000", "port: 05000")) == "bad-type: port");
  BOOST_TEST(fault_of_card(replaced(text, "port: 5000\n", "")) == "missing-key: port");
  BOOST_TEST(fault_of_card(replaced(text, "bookchain: 1", "bookchain: 2")) == "bad-value: bookchain");
  BOOST_TEST(fault_of_card(replaced(text, "spool:somewhere/spool", "http://somewhere")) == "bad-value: address");
  BOOST_TEST(fault_of_card(replaced(text, "spool:somewhere/spool", "spool:" + std::string(250, 'a'))) ==
             "bad-value: address");
  const auto card = card_of(5000);
  BOOST_TEST(fault_of_card(replaced(text, to_hex(card.body.verify_key), std::string(64, '0'))) == "bad-value");
  BOOST_TEST(fault_of_card(replaced(text, to_hex(card.body.agreement_point), std::string(64, '0'))) == "bad-value");
}

BOOST_AUTO_TEST_CASE(cards_in_any_order_make_one_network_in_which_each_peer_has_its_fingerprint) {
  const auto genesis = value_of(network_of_cards(four_cards(), 8));
  auto cards = four_cards();
  std::ranges::sort(cards, {}, &Signed<Card>::signer);
  BOOST_TEST((value_of(network_of_cards(cards, 8)).id() == genesis.id()));
  BOOST_TEST((value_of(network_of_cards(cards, 9)).id() != genesis.id()));
  for (std::size_t i = 0; i < cards.size(); ++i) {
    BOOST_TEST((card_id(genesis, genesis.peers()[i]) == card_id(cards[i])));
  }
  BOOST_TEST(fingerprint(card_id(cards[0])).size() == 49U);
  BOOST_TEST(fingerprint(card_id(cards[0])) != fingerprint(card_id(cards[1])));
}

BOOST_AUTO_TEST_CASE(cards_that_do_not_go_together_make_no_network) {
  const auto refused = [](std::vector<Signed<Card>> cards) { return token_of(network_of_cards(std::move(cards), 8)); };
  auto cards = four_cards();
  cards.pop_back();
  BOOST_TEST(refused(cards) == "bad-value");  // three
  cards = four_cards();
  cards.push_back(cards.front());
  BOOST_TEST(refused(cards) == "bad-value");  // a port twice
  cards = four_cards();
  cards[0] = card_of(5003, "spool:x", true);
  BOOST_TEST(refused(cards) == "bad-value");  // one of them with keys from a seed
  for (auto& card : cards) card = card_of(card.signer.value, "spool:x", true);
  BOOST_TEST(value_of(network_of_cards(cards, 8)).fields().test_network);
  // Somebody else's X25519 key under one's own signature: the card is good, the network is not.
  cards = four_cards();
  cards[0] =
      sign_card(PeerPort{5003}, signing_key_of(PeerPort{5003}), agreement_key_of(PeerPort{5000}), "spool:x", false);
  BOOST_TEST(token_of(check_card(cards[0])) == "success");
  BOOST_TEST(refused(cards) == "bad-value");
  // The same keys under two ports.
  cards[0] =
      sign_card(PeerPort{5004}, signing_key_of(PeerPort{5000}), agreement_key_of(PeerPort{5004}), "spool:x", false);
  BOOST_TEST(refused(cards) == "bad-value");
  cards = four_cards();
  cards[2].signature.bytes[5] ^= 1U;
  BOOST_TEST(refused(cards) == "bad-signature");
}

BOOST_AUTO_TEST_SUITE_END()
