#include "cli/peer_files.hpp"

#include <boost/filesystem/operations.hpp>

#include "cli/network_file.hpp"
#include "cli/new_peer.hpp"
#include "cli/printable.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t max_config_bytes = std::size_t{1} << 18U;
constexpr std::uint64_t home_file_version = 1;

struct Config {
  PeerPort port;
  path network_file;
  path address_base;
  path spool;
  std::map<PeerPort, std::string> addresses;
  unsigned socket_mode = 0600;
  std::map<PeerPort, std::uint32_t> users;
  transport::Quota quota;
  std::optional<Access> access;
  std::set<std::string> stated;
};

/// Of a home that is none, not yet one, or not whole any more.
Error no_config(const path& home) {
  if (is_there(home / std::string(state_file_name))) {
    // A join that was cut short leaves a state that nobody worked with, and is to be given again.
    const auto is_new = is_new_state(home / std::string(state_file_name));
    if (!is_new || !is_new.value()) {
      return Error{Token::home_missing, "the home has the state of a peer, but no config.yaml", home.string(),
                   "put config.yaml back from a backup"};
    }
  }
  if (is_there(home / std::string(keys_file_name))) {
    return Error{Token::home_missing, "the peer has keys but has joined no network", home.string(),
                 "bookchain --home " + shell_word(home.string()) + " join NETWORK.yaml"};
  }
  return Error{Token::home_missing, "there is no home of a peer here", home.string(),
               "name the network with -n DIR and the peer with -p PORT, or its home with --home DIR"};
}

/// A path of config.yaml, absolute.
Result<path> read_path(const YamlView& view, const path& home) {
  BOOKCHAIN_TRY(const auto text, view.text());
  if (text.empty()) return view.fault(Token::bad_value, "a path is empty");
  return boost::filesystem::absolute(path(text), home).lexically_normal();
}

/// A map whose keys are ports.
template <class Value>
Result<std::map<PeerPort, Value>> read_by_port(const YamlView& view, Result<Value> (*read)(const YamlView&)) {
  std::map<PeerPort, Value> values;
  BOOKCHAIN_TRY(const auto fields, view.map());
  for (const auto& [name, value] : fields) {
    const auto port = port_in(name);
    if (!port) return value.fault(Token::bad_type, "ports are wanted here");
    BOOKCHAIN_TRY(values[*port], read(value));
  }
  return values;
}

Result<transport::Quota> read_quota(const YamlView& view) {
  BOOKCHAIN_CHECK(view.check_keys({"bytes", "files"}));
  transport::Quota quota;
  if (view.has("bytes")) {
    BOOKCHAIN_TRY(const auto bytes, view.at("bytes"));
    BOOKCHAIN_TRY(quota.bytes, bytes.number(least_quota.bytes, most_quota.bytes));
  }
  if (view.has("files")) {
    BOOKCHAIN_TRY(const auto files, view.at("files"));
    BOOKCHAIN_TRY(quota.files, files.number(least_quota.files, most_quota.files));
  }
  return quota;
}

Result<std::uint32_t> read_user(const YamlView& view) {
  BOOKCHAIN_TRY(const auto name, view.text());
  const auto user = find_user(name);
  if (!user) return view.fault(Token::bad_value, "this host has no such user");
  return *user;
}

Result<Access> read_access_of(const YamlView& view) {
  BOOKCHAIN_TRY(const auto text, view.text());
  auto access = read_access(text);
  if (!access) return view.fault(Token::bad_value, access.error().what);
  return access;
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
    return no_config(file.parent_path());
  }
  const auto& name = file.string();
  BOOKCHAIN_TRY(const auto tree, parse_strict_yaml(name, text.value()));
  const YamlView view(name, tree, {});
  BOOKCHAIN_CHECK(view.check_keys({"bookchain", "port", "network", "relative_to", "spool", "access", "addresses",
                                   "users", "quota", "socket_mode"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(home_file_version, home_file_version));
  Config config;
  BOOKCHAIN_TRY(const auto port, view.at("port"));
  BOOKCHAIN_TRY(config.port, read_port(port));
  BOOKCHAIN_TRY(const auto network_view, view.at("network"));
  const auto home = file.parent_path();
  // Paths are relative to the home itself, not to a link that leads to it.
  boost::system::error_code failed;
  auto place = boost::filesystem::canonical(home, failed);
  if (failed) place = home;
  BOOKCHAIN_TRY(config.network_file, read_path(network_view, place));
  config.address_base = config.network_file.parent_path();
  if (view.has("relative_to")) {
    BOOKCHAIN_TRY(const auto base, view.at("relative_to"));
    BOOKCHAIN_TRY(config.address_base, read_path(base, place));
  }
  config.spool = home / "spool";
  if (view.has("spool")) {
    BOOKCHAIN_TRY(const auto spool, view.at("spool"));
    BOOKCHAIN_TRY(config.spool, read_path(spool, place));
  }
  if (view.has("access")) {
    BOOKCHAIN_TRY(const auto access, view.at("access"));
    BOOKCHAIN_TRY(config.access, read_access_of(access));
  }
  for (const auto* key : {"relative_to", "spool", "access"}) {
    if (view.has(key)) config.stated.insert(key);
  }
  if (view.has("addresses")) {
    BOOKCHAIN_TRY(const auto addresses, view.at("addresses"));
    BOOKCHAIN_TRY(config.addresses, read_by_port(addresses, read_address));
  }
  if (view.has("users")) {
    BOOKCHAIN_TRY(const auto users, view.at("users"));
    BOOKCHAIN_TRY(config.users, read_by_port(users, read_user));
  }
  if (view.has("quota")) {
    BOOKCHAIN_TRY(const auto quota, view.at("quota"));
    BOOKCHAIN_TRY(config.quota, read_quota(quota));
    for (const auto* key : {"bytes", "files"}) {
      if (quota.has(key)) config.stated.insert(std::string("quota.") + key);
    }
  }
  if (view.has("socket_mode")) {
    BOOKCHAIN_TRY(const auto mode, view.at("socket_mode"));
    BOOKCHAIN_TRY(config.socket_mode, read_mode(mode));
    config.stated.insert("socket_mode");
  }
  return config;
}

Result<PeerKeys> read_keys(const path& file) {
  BOOKCHAIN_TRY(auto text, read_secret_file(file, max_config_bytes));
  const auto& name = file.string();
  auto parsed = parse_strict_yaml(name, text);
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  BOOKCHAIN_TRY(const auto tree, std::move(parsed));
  const YamlView view(name, tree, {});
  BOOKCHAIN_CHECK(view.check_keys({"bookchain", "port", "signing_key", "agreement_key", "seed"}));
  BOOKCHAIN_TRY(const auto version, view.at("bookchain"));
  BOOKCHAIN_CHECK(version.number(home_file_version, home_file_version));
  PeerKeys keys{};
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

/// The network that config.yaml leads to; a home that was moved may lead nowhere.
Result<Genesis> load_network_of(const Config& config, const path& home) {
  auto genesis = load_network(config.network_file);
  if (genesis || genesis.error().token != Token::home_missing) return genesis;
  return Error{Token::home_missing, "the network file is not where config.yaml of this home says",
               config.network_file.string(),
               "edit `network` in " + printable((home / std::string(config_file_name)).string())};
}

Error misfit(std::string what, const path& file) {
  return Error{Token::bad_config, std::move(what), file.string(), {}};
}

}  // namespace

std::string write_config(const HomeConfig& config) {
  std::string text = "# The home of one peer. Paths are relative to this folder.\n";
  text += "bookchain: " + std::to_string(home_file_version) + "\n";
  text += "port: " + std::to_string(config.port.value) + "\n";
  text += "network: " + in_quotes(config.network) + "\n";
  if (config.relative_to) {
    text += "# What the addresses of the network file are relative to.\n";
    text += "relative_to: " + in_quotes(*config.relative_to) + "\n";
  }
  if (config.spool) {
    text += "# Where this peer finds what others deliver.\n";
    text += "spool: " + in_quotes(*config.spool) + "\n";
  }
  if (config.access) {
    text +=
        "# Which other users of this host reach the spool: all, private (none) or group:G. After a change: join "
        "again.\n";
    text += "access: " + in_quotes(write_access(*config.access)) + "\n";
  }
  return text +
         "# Where another peer's spool lies, if not where the network file says (relative to it):\n"
         "# addresses:\n"
         "#   5001: \"spool:/somewhere/else/spool\"\n"
         "# Who may connect, if this peer listens on a socket; 0600 is this user alone:\n"
         "# socket_mode: \"0600\"\n"
         "# The user of this host that delivers for another peer: nobody else can take its place.\n"
         "# users:\n"
         "#   5001: ben\n"
         "# What each of the others may have waiting here; what is more it holds back.\n"
         "# quota:\n"
         "#   bytes: " +
         std::to_string(transport::Quota{}.bytes) + "\n#   files: " + std::to_string(transport::Quota{}.files) + "\n";
}

std::string write_keys(const PeerKeys& keys) {
  const auto& identity = keys.identity;
  std::string text = "# Secret. Whoever has these keys is this peer.\n";
  text += "bookchain: " + std::to_string(home_file_version) + "\n";
  text += "port: " + std::to_string(identity.port.value) + "\n";
  text += "signing_key: " + in_quotes(to_hex(identity.signing_key)) + "\n";
  text += "agreement_key: " + in_quotes(to_hex(identity.agreement_key)) + "\n";
  if (keys.seed) {
    text += "# A TEST NETWORK: the randomness of this peer comes from here and can be repeated.\n";
    text += "seed: " + in_quotes(to_hex(*keys.seed)) + "\n";
  }
  return text;
}

HomeParts parts_of_home(const path& home) {
  HomeParts parts;
  for (const auto name : {config_file_name, keys_file_name, state_file_name}) {
    boost::system::error_code failed;
    const auto file = home / std::string(name);
    if (boost::filesystem::status(file, failed).type() != boost::filesystem::file_not_found) {
      parts.any = true;
    } else if (!parts.missing) {
      parts.missing = file;
    }
  }
  return parts;
}

Result<PeerKeys> load_keys(const path& home) {
  auto keys = read_keys(home / std::string(keys_file_name));
  if (keys || keys.error().token != Token::no_such_file) return keys;
  auto error = std::move(keys).error();
  error.hint = "put keys.yaml back from a backup: without it nobody can speak for this peer";
  return error;
}

Result<std::unique_ptr<PeerFiles>> load_peer_files(const path& home) {
  BOOKCHAIN_CHECK(check_home_is_own(home));
  BOOKCHAIN_TRY(auto config, read_config(home / std::string(config_file_name)));
  BOOKCHAIN_TRY(auto keys, load_keys(home));
  BOOKCHAIN_TRY(auto genesis, load_network_of(config, home));
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
  const auto check_known = [&](const auto& by_port, const char* what) -> Result<void> {
    for (const auto& [port, value] : by_port) {
      if (genesis.find(port) != nullptr) continue;
      return Error{Token::unknown_peer,
                   std::string("config.yaml has ") + what + " of a peer that the network does not have",
                   std::to_string(port.value),
                   {}};
    }
    return success();
  };
  BOOKCHAIN_CHECK(check_known(config.addresses, "the address"));
  BOOKCHAIN_CHECK(check_known(config.users, "the user"));
  return std::make_unique<PeerFiles>(
      PeerFiles{home, std::move(config.network_file), std::move(config.spool), std::move(config.address_base),
                std::move(genesis), keys.identity, keys.seed, std::move(config.addresses), config.socket_mode,
                std::move(config.users), config.quota, config.access, std::move(config.stated)});
}

}  // namespace bookchain::cli
