#include "cli/card_file.hpp"

#include "cli/network_file.hpp"
#include "cli/strict_yaml.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::uint64_t card_file_version = 1;
constexpr std::size_t max_card_bytes = 8192;

}  // namespace

std::string write_card(const Signed<Card>& card) {
  const auto& body = card.body;
  std::string text =
      "# The public card of a peer. There is no secret in it: give it to whoever makes the network file.\n";
  if (body.test_network) text += "# FOR A TEST NETWORK: made from a seed, so its keys can be guessed.\n";
  text += "bookchain: " + std::to_string(card_file_version) + "\n";
  text += "port: " + std::to_string(card.signer.value) + "\n";
  text += "verify_key: " + in_quotes(to_hex(body.verify_key)) + "\n";
  text += "agreement_point: " + in_quotes(to_hex(body.agreement_point)) + "\n";
  text += "address: " + in_quotes(body.address) + "\n";
  text += std::string("test_network: ") + (body.test_network ? "true" : "false") + "\n";
  text += "signature: " + in_quotes(to_hex(card.signature)) + "\n";
  return text;
}

Result<Signed<Card>> read_card(const std::string& file, const std::string& text) {
  BOOKCHAIN_TRY(const auto tree, parse_strict_yaml(file, text));
  const YamlView view(file, tree, {});
  BOOKCHAIN_CHECK(
      view.check_keys({"bookchain", "port", "verify_key", "agreement_point", "address", "test_network", "signature"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(card_file_version, card_file_version));
  Signed<Card> card;
  BOOKCHAIN_TRY(const auto port_view, view.at("port"));
  BOOKCHAIN_TRY(const auto port, port_view.number(1, 65535));
  card.signer = PeerPort{static_cast<std::uint16_t>(port)};
  BOOKCHAIN_TRY(const auto verify_view, view.at("verify_key"));
  BOOKCHAIN_TRY(card.body.verify_key, verify_view.hex<VerifyKey>());
  BOOKCHAIN_TRY(const auto point_view, view.at("agreement_point"));
  BOOKCHAIN_TRY(card.body.agreement_point, point_view.hex<AgreementPoint>());
  BOOKCHAIN_TRY(const auto address_view, view.at("address"));
  BOOKCHAIN_TRY(card.body.address, read_address(address_view));
  BOOKCHAIN_TRY(const auto test_view, view.at("test_network"));
  BOOKCHAIN_TRY(card.body.test_network, test_view.truth());
  BOOKCHAIN_TRY(const auto signature_view, view.at("signature"));
  BOOKCHAIN_TRY(card.signature, signature_view.hex<Signature>());
  if (auto checked = check_card(card); !checked) {
    auto error = std::move(checked).error();
    error.subject = file;
    return error;
  }
  return card;
}

Result<Signed<Card>> load_card(const path& file) {
  BOOKCHAIN_TRY(const auto text, read_text_file(file, max_card_bytes));
  return read_card(file.string(), text);
}

}  // namespace bookchain::cli
