#include "cli/network_file.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::uint64_t network_file_version = 1;

Result<Peer> read_peer(const YamlView& view) {
  BOOKCHAIN_CHECK(view.check_keys({"port", "verify_key", "agreement_point", "address"}));
  Peer peer;
  BOOKCHAIN_TRY(const auto port_view, view.at("port"));
  BOOKCHAIN_TRY(peer.port, read_port(port_view));
  BOOKCHAIN_TRY(const auto verify_view, view.at("verify_key"));
  BOOKCHAIN_TRY(peer.verify_key, verify_view.hex<VerifyKey>());
  if (!is_sound(peer.verify_key)) return verify_view.fault(Token::bad_value, "an Ed25519 key is unsound");
  BOOKCHAIN_TRY(const auto point_view, view.at("agreement_point"));
  BOOKCHAIN_TRY(peer.agreement_point, point_view.hex<AgreementPoint>());
  BOOKCHAIN_TRY(const auto address_view, view.at("address"));
  BOOKCHAIN_TRY(peer.address, read_address(address_view));
  return peer;
}

Result<Limits> read_limits(const YamlView& view) {
  BOOKCHAIN_CHECK(view.check_keys({"book_bytes", "message_bytes", "block_bytes"}));
  Limits limits;
  BOOKCHAIN_TRY(const auto book, view.at("book_bytes"));
  BOOKCHAIN_TRY(limits.book_bytes, book.number(1, max_book_bytes));
  BOOKCHAIN_TRY(const auto message, view.at("message_bytes"));
  BOOKCHAIN_TRY(const auto message_bytes, message.number(min_message_bytes, max_message_bytes));
  limits.message_bytes = static_cast<std::uint32_t>(message_bytes);
  BOOKCHAIN_TRY(const auto block, view.at("block_bytes"));
  BOOKCHAIN_TRY(const auto block_bytes, block.number(min_block_bytes, limits.message_bytes / 2));
  limits.block_bytes = static_cast<std::uint32_t>(block_bytes);
  return limits;
}

Result<GenesisFields> read_fields(const YamlView& view) {
  BOOKCHAIN_CHECK(
      view.check_keys({"bookchain", "network_id", "test_network", "chunk_size", "work_bits", "limits", "peers"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(network_file_version, network_file_version));
  GenesisFields fields;
  BOOKCHAIN_TRY(const auto test_network, view.at("test_network"));
  BOOKCHAIN_TRY(fields.test_network, test_network.truth());
  BOOKCHAIN_TRY(const auto chunk_view, view.at("chunk_size"));
  BOOKCHAIN_TRY(const auto chunk_size, chunk_view.number(min_chunk_size, max_chunk_bytes));
  fields.chunk_size = static_cast<std::uint32_t>(chunk_size);
  BOOKCHAIN_TRY(const auto work_view, view.at("work_bits"));
  BOOKCHAIN_TRY(const auto work_bits, work_view.number(0, max_work_bits));
  fields.work_bits = static_cast<std::uint8_t>(work_bits);
  BOOKCHAIN_TRY(const auto limits_view, view.at("limits"));
  BOOKCHAIN_TRY(fields.limits, read_limits(limits_view));
  BOOKCHAIN_TRY(const auto peers_view, view.at("peers"));
  BOOKCHAIN_TRY(const auto peers, peers_view.list());
  if (peers.size() < min_peers || peers.size() > max_peers) {
    return peers_view.fault(Token::bad_value, "a network has 4 to 64 peers");
  }
  for (const auto& each : peers) {
    BOOKCHAIN_TRY(auto peer, read_peer(each));
    if (!fields.peers.empty() && !(fields.peers.back().port < peer.port)) {
      return each.fault(Token::bad_value, "peers stand in the order of their ports, each once");
    }
    fields.peers.push_back(std::move(peer));
  }
  return fields;
}

}  // namespace

bool is_address(std::string_view text) {
  if (text.size() > max_address_bytes) return false;
  if (text.starts_with(spool_scheme)) return text.size() > spool_scheme.size();
  if (!text.starts_with(socket_scheme)) return false;
  const auto name = text.substr(std::max(text.rfind('/') + 1, socket_scheme.size()));
  return !name.empty() && name.size() <= max_socket_name_bytes;
}

Result<PeerPort> read_port(const YamlView& view) {
  BOOKCHAIN_TRY(const auto number, view.number(1, 65535));
  return PeerPort{static_cast<std::uint16_t>(number)};
}

Result<std::string> read_address(const YamlView& view) {
  BOOKCHAIN_TRY(auto address, view.text());
  if (!is_address(address)) return view.fault(Token::bad_value, address_forms);
  return address;
}

std::string write_network(const Genesis& genesis) {
  const auto& fields = genesis.fields();
  std::string text =
      "# The network: its peers, sizes and limits. The same file at every peer; its hash, the\n"
      "# network id, is inside everything that is signed, so nothing in it can be changed later.\n";
  if (fields.test_network) {
    text += "# A TEST NETWORK: made from a seed, so its keys can be guessed. Not for real books.\n";
  }
  text += "bookchain: " + std::to_string(network_file_version) + "\n";
  text += "network_id: " + in_quotes(to_hex(genesis.id())) + "\n";
  text += std::string("test_network: ") + (fields.test_network ? "true" : "false") + "\n";
  text += "chunk_size: " + std::to_string(fields.chunk_size) + "\n";
  text += "work_bits: " + std::to_string(fields.work_bits) + "\n";
  text += "limits:\n";
  text += "  book_bytes: " + std::to_string(fields.limits.book_bytes) + "\n";
  text += "  message_bytes: " + std::to_string(fields.limits.message_bytes) + "\n";
  text += "  block_bytes: " + std::to_string(fields.limits.block_bytes) + "\n";
  text += "peers:\n";
  for (const auto& peer : fields.peers) {
    text += "  - port: " + std::to_string(peer.port.value) + "\n";
    text += "    verify_key: " + in_quotes(to_hex(peer.verify_key)) + "\n";
    text += "    agreement_point: " + in_quotes(to_hex(peer.agreement_point)) + "\n";
    text += "    address: " + in_quotes(peer.address) + "\n";
  }
  return text;
}

Result<Genesis> read_network(const std::string& file, const std::string& text) {
  BOOKCHAIN_TRY(const auto tree, parse_strict_yaml(file, text));
  const YamlView view(file, tree, {});
  const auto taken_for = [&](const char* what) {
    return Error{Token::bad_config, std::string(what) + ", not a network file", file,
                 "the network file is the network.yaml that init makes"};
  };
  if (view.has("signing_key")) return taken_for("these are the secret keys of a peer");
  if (view.has("signature")) return taken_for("this is the card of a peer");
  BOOKCHAIN_TRY(auto fields, read_fields(view));
  auto genesis = Genesis::make(std::move(fields));
  if (!genesis) {
    auto error = std::move(genesis).error();
    error.subject = file + ": " + error.subject;
    return error;
  }
  BOOKCHAIN_TRY(const auto id_view, view.at("network_id"));
  BOOKCHAIN_TRY(const auto id, id_view.hex<NetworkId>());
  if (id != genesis.value().id()) {
    return id_view.fault(Token::wrong_network, "the network id does not fit the rest of the file: it was changed");
  }
  return genesis;
}

Result<Genesis> load_network(const path& file) {
  auto text = read_text_file(file, max_network_file_bytes);
  if (!text) {
    auto error = std::move(text).error();
    if (error.token == Token::no_such_file) {
      return Error{Token::home_missing, "there is no network here", file.string(),
                   "name its folder with -n DIR, or make one: bookchain init DIR"};
    }
    return error;
  }
  return read_network(file.string(), text.value());
}

}  // namespace bookchain::cli
