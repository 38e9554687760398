#include "cli/peer_files.hpp"

#include <boost/filesystem/operations.hpp>

#include "cli/network_file.hpp"
#include "cli/strict_yaml.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t max_config_bytes = std::size_t{1} << 18U;
constexpr std::uint64_t file_version = 1;

struct Config {
  PeerPort port;
  path network_file;
  std::map<PeerPort, std::string> addresses;
  unsigned socket_mode = 0600;
};

Result<PeerPort> read_port(const YamlView& view) {
  BOOKCHAIN_TRY(const auto number, view.number(1, 65535));
  return PeerPort{static_cast<std::uint16_t>(number)};
}

Result<std::map<PeerPort, std::string>> read_addresses(const YamlView& view) {
  std::map<PeerPort, std::string> addresses;
  BOOKCHAIN_TRY(const auto fields, view.map());
  for (const auto& [name, value] : fields) {
    const bool digits = name.find_first_not_of("0123456789") == std::string::npos && name.size() <= 5;
    const auto number = digits && !name.empty() ? std::stoul(name) : 0;
    if (number < 1 || number > 65535 || std::to_string(number) != name) {
      return value.fault(Token::bad_type, "addresses are named by ports");
    }
    BOOKCHAIN_TRY(auto address, value.text());
    if (!is_address(address)) return value.fault(Token::bad_value, address_forms);
    addresses[PeerPort{static_cast<std::uint16_t>(number)}] = std::move(address);
  }
  return addresses;
}

/// As chmod has it, four octal digits; nobody but the owner may be left out.
Result<unsigned> read_mode(const YamlView& view) {
  BOOKCHAIN_TRY(const auto text, view.text());
  for (const unsigned mode : {0600U, 0660U, 0666U}) {
    if (text == "0" + std::to_string(mode / 64) + std::to_string(mode / 8 % 8) + std::to_string(mode % 8)) return mode;
  }
  return view.fault(Token::bad_value, "the mode of a socket is \"0600\", \"0660\" or \"0666\"");
}

Result<Config> read_config(const path& file) {
  auto text = read_text_file(file, max_config_bytes);
  if (!text) {
    if (text.error().token != Token::no_such_file) return std::move(text).as_failure();
    return Error{Token::home_missing, "there is no home of a peer here", file.parent_path().string(),
                 "name the network with -n DIR and the peer with -p PORT"};
  }
  const auto& name = file.string();
  BOOKCHAIN_TRY(const auto tree, parse_strict_yaml(name, text.value()));
  const YamlView view(name, tree, {});
  BOOKCHAIN_CHECK(view.check_keys({"bookchain", "port", "network", "addresses", "socket_mode"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(file_version, file_version));
  Config config;
  BOOKCHAIN_TRY(const auto port, view.at("port"));
  BOOKCHAIN_TRY(config.port, read_port(port));
  BOOKCHAIN_TRY(const auto network_view, view.at("network"));
  BOOKCHAIN_TRY(const auto network, network_view.text());
  if (network.empty()) return network_view.fault(Token::bad_value, "the path of the network file is empty");
  config.network_file = boost::filesystem::absolute(path(network), file.parent_path()).lexically_normal();
  if (view.has("addresses")) {
    BOOKCHAIN_TRY(const auto addresses, view.at("addresses"));
    BOOKCHAIN_TRY(config.addresses, read_addresses(addresses));
  }
  if (view.has("socket_mode")) {
    BOOKCHAIN_TRY(const auto mode, view.at("socket_mode"));
    BOOKCHAIN_TRY(config.socket_mode, read_mode(mode));
  }
  return config;
}

struct Keys {
  Identity identity;
  std::optional<Hash> seed;
};

Result<Keys> read_keys(const path& file) {
  BOOKCHAIN_TRY(auto text, read_secret_file(file, max_config_bytes));
  const auto& name = file.string();
  auto parsed = parse_strict_yaml(name, text);
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  BOOKCHAIN_TRY(const auto tree, std::move(parsed));
  const YamlView view(name, tree, {});
  BOOKCHAIN_CHECK(view.check_keys({"bookchain", "port", "signing_key", "agreement_key", "seed"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(file_version, file_version));
  Keys keys{};
  BOOKCHAIN_TRY(const auto port, view.at("port"));
  BOOKCHAIN_TRY(keys.identity.port, read_port(port));
  BOOKCHAIN_TRY(const auto signing, view.at("signing_key"));
  BOOKCHAIN_TRY(keys.identity.signing_key, signing.hex<SigningKey>());
  BOOKCHAIN_TRY(const auto agreement, view.at("agreement_key"));
  BOOKCHAIN_TRY(keys.identity.agreement_key, agreement.hex<AgreementKey>());
  if (view.has("seed")) {
    BOOKCHAIN_TRY(const auto seed, view.at("seed"));
    BOOKCHAIN_TRY(keys.seed, seed.hex<Hash>());
  }
  return keys;
}

Error misfit(std::string what, const path& file) {
  return Error{Token::bad_config, std::move(what), file.string(), {}};
}

}  // namespace

std::string write_config(PeerPort port, const std::string& network_file) {
  return "# The home of one peer. Paths are relative to this folder.\n"
         "bookchain: " +
         std::to_string(file_version) +
         "\n"
         "port: " +
         std::to_string(port.value) +
         "\n"
         "network: \"" +
         network_file +
         "\"\n"
         "# Where another peer's spool lies, if not where the network file says (relative to it):\n"
         "# addresses:\n"
         "#   5001: \"spool:/somewhere/else/spool\"\n"
         "# Who may connect, if this peer listens on a socket; 0600 is this user alone:\n"
         "# socket_mode: \"0600\"\n";
}

std::string write_keys(const Identity& identity, const std::optional<Hash>& seed) {
  std::string text =
      "# Secret. Whoever has these keys is this peer.\n"
      "bookchain: " +
      std::to_string(file_version) +
      "\n"
      "port: " +
      std::to_string(identity.port.value) +
      "\n"
      "signing_key: \"" +
      to_hex(identity.signing_key) +
      "\"\n"
      "agreement_key: \"" +
      to_hex(identity.agreement_key) + "\"\n";
  if (seed) {
    text +=
        "# A TEST NETWORK: the randomness of this peer comes from here and can be repeated.\n"
        "seed: \"" +
        to_hex(*seed) + "\"\n";
  }
  return text;
}

Result<std::unique_ptr<PeerFiles>> load_peer_files(const path& home) {
  BOOKCHAIN_TRY(auto config, read_config(home / "config.yaml"));
  BOOKCHAIN_TRY(auto keys, read_keys(home / "keys.yaml"));
  BOOKCHAIN_TRY(auto genesis, load_network(config.network_file));
  const auto* peer = genesis.find(config.port);
  if (peer == nullptr) {
    return Error{
        Token::unknown_peer, "the network has no peer of this home's port", std::to_string(config.port.value), {}};
  }
  if (keys.identity.port != config.port) return misfit("keys.yaml is of another port", home);
  if (verify_key(keys.identity.signing_key) != peer->verify_key ||
      agreement_point(keys.identity.agreement_key) != peer->agreement_point) {
    return misfit("the keys of this home are not those of the network file", home / "keys.yaml");
  }
  if (keys.seed && !genesis.fields().test_network) {
    return misfit("only a test network may take its randomness from a seed", home / "keys.yaml");
  }
  for (const auto& [port, address] : config.addresses) {
    if (genesis.find(port) == nullptr) {
      return Error{Token::unknown_peer,
                   "config.yaml has the address of a peer that the network does not have",
                   std::to_string(port.value),
                   {}};
    }
  }
  return std::make_unique<PeerFiles>(PeerFiles{home, std::move(config.network_file), std::move(genesis), keys.identity,
                                               keys.seed, std::move(config.addresses), config.socket_mode});
}

}  // namespace bookchain::cli
