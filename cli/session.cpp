#include "cli/session.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cstdlib>

#include "cli/home.hpp"
#include "cli/network_file.hpp"

namespace bookchain::cli {

using namespace ledger;
namespace fs = boost::filesystem;

namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

/// Ports for which `folder` has a home, also those of homes that this user may not look into. Token `permission`.
Result<std::vector<PeerPort>> homes_in(const path& folder) {
  std::vector<PeerPort> ports;
  boost::system::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto port = port_in(entry->path().filename().string());
    boost::system::error_code failed;
    const bool there =
        fs::exists(entry->path() / "config.yaml", failed) || failed == boost::system::errc::permission_denied;
    if (port && there) ports.push_back(*port);
  }
  if (error == boost::system::errc::permission_denied) {
    return Error{Token::permission, "a network directory cannot be read", folder.string(), {}};
  }
  std::ranges::sort(ports);
  return ports;
}

Error no_home_in(const path& folder) {
  return Error{Token::home_missing, "there is a network here, but no home of a peer", folder.string(),
               "name one with --home DIR"};
}

}  // namespace

path Session::network_folder() const {
  if (global_.network) return *global_.network;
  return variable("BOOKCHAIN_NETWORK").value_or(".");
}

std::optional<path> Session::named_home() const {
  switch (home_named_by()) {
    case NamedBy::home_option: return path(*global_.home);
    case NamedBy::home_variable: return path(*variable("BOOKCHAIN_HOME"));
    case NamedBy::port_option:
    case NamedBy::port_variable:
    case NamedBy::nothing: break;
  }
  return std::nullopt;
}

NamedBy Session::home_named_by() const {
  if (global_.home) return NamedBy::home_option;
  // A port or a network on the command line is nearer than a home in the environment.
  if (global_.port) return NamedBy::port_option;
  if (variable("BOOKCHAIN_HOME") && !global_.network) return NamedBy::home_variable;
  return variable("BOOKCHAIN_PORT") ? NamedBy::port_variable : NamedBy::nothing;
}

Result<std::optional<PeerPort>> Session::named_port() const {
  if (global_.port) return std::optional(PeerPort{*global_.port});
  const auto text = variable("BOOKCHAIN_PORT");
  if (!text) return std::optional<PeerPort>{};
  BOOKCHAIN_TRY(const auto number, whole_number("BOOKCHAIN_PORT", *text, 1, 65535));
  return std::optional(PeerPort{static_cast<std::uint16_t>(number)});
}

Result<path> Session::place_of_home() const {
  if (const auto home = named_home()) return *home;
  BOOKCHAIN_TRY(const auto port, named_port());
  if (!port) return usage_error("no home is named", "--home DIR", "or name it as DIR/N by -n DIR -p N");
  return network_folder() / std::to_string(port->value);
}

Result<path> Session::place_of_new_home() const {
  if (const auto home = variable("BOOKCHAIN_HOME"); home && !global_.home && !global_.network) return path(*home);
  return place_of_home();
}

bool Session::names_a_peer() const {
  return named_home().has_value() || global_.port.has_value() || variable("BOOKCHAIN_PORT").has_value();
}

Result<std::unique_ptr<PeerFiles>> Session::peer() const {
  BOOKCHAIN_TRY(const auto port, named_port());
  if (const auto home = named_home()) {
    BOOKCHAIN_TRY(auto files, load_peer_files(*home));
    if (global_.port && files->port() != *port) {
      return usage_error("--home and --port name two peers", home->string() + ", " + std::to_string(port->value));
    }
    return files;
  }
  const auto folder = network_folder();
  if (!port) {
    BOOKCHAIN_TRY(const auto homes, homes_in(folder));
    std::string ports;
    for (const auto each : homes) ports += (ports.empty() ? "" : ", ") + std::to_string(each.value);
    if (!ports.empty()) return usage_error("no peer is named", "-p PORT", "the peers here are " + ports);
    BOOKCHAIN_CHECK(load_network(folder / std::string(network_file_name)));
    return no_home_in(folder);
  }
  return peer_or(*port);
}

Result<std::unique_ptr<PeerFiles>> Session::peer_or(PeerPort port) const {
  if (names_a_peer()) {
    BOOKCHAIN_TRY(const auto named, named_port());
    if (named_home() || (named && *named != port)) return peer();
  }
  const auto folder = network_folder();
  const auto home = folder / std::to_string(port.value);
  // One that is there and not whole says by itself what is missing.
  if (!parts_of_home(home).any) {
    BOOKCHAIN_TRY(const auto genesis, load_network(folder / std::string(network_file_name)));
    if (genesis.find(port) == nullptr) {
      std::string ports;
      for (const auto& each : genesis.peers()) ports += (ports.empty() ? "" : ", ") + std::to_string(each.port.value);
      return Error{Token::unknown_peer, "the network has no such peer", std::to_string(port.value),
                   "its peers are " + ports};
    }
    return Error{Token::home_missing, "there is no home of this peer here", home.string(),
                 "name its home with --home DIR"};
  }
  return load_peer_files(home);
}

Result<std::unique_ptr<PeerFiles>> Session::any_peer() const {
  if (names_a_peer()) return peer();
  BOOKCHAIN_TRY(auto peers, readable_peers());
  return std::move(peers.front());
}

Result<std::vector<std::unique_ptr<PeerFiles>>> Session::readable_peers() const {
  std::vector<std::unique_ptr<PeerFiles>> peers;
  if (named_home()) {
    BOOKCHAIN_TRY(auto files, peer());
    peers.push_back(std::move(files));
    return peers;
  }
  const auto folder = network_folder();
  std::optional<Error> first;
  BOOKCHAIN_TRY(const auto homes, homes_in(folder));
  for (const auto port : homes) {
    auto files = load_peer_files(folder / std::to_string(port.value));
    if (files) {
      peers.push_back(std::move(files).value());
    } else if (!first) {
      first = std::move(files).error();
    }
  }
  if (!peers.empty()) return peers;
  if (first) return *first;
  BOOKCHAIN_CHECK(load_network(folder / std::string(network_file_name)));
  return no_home_in(folder);
}

std::optional<std::string> Session::options_for(PeerPort port) const {
  const auto known = options_.find(port);
  if (known != options_.end()) return known->second;
  return options_[port] = find_options_for(port);
}

/// What the environment says holds for the next command as well.
std::optional<std::string> Session::find_options_for(PeerPort port) const {
  const auto is_home = [&](const path& home) {
    boost::system::error_code failed;
    return fs::status(home / std::string(config_file_name), failed).type() != fs::file_not_found;
  };
  const auto by_network = [&](const std::string& network) {
    return (network.empty() ? "" : "-n " + shell_word(network) + " ") + "-p " + std::to_string(port.value) + " ";
  };
  const auto home = named_home();
  if (!home && is_home(network_folder() / std::to_string(port.value))) return by_network(global_.network.value_or(""));
  const auto acting = peer();
  if (!acting) return std::nullopt;
  if (home) {
    if (port == acting.value()->port()) return global_.home ? "--home " + shell_word(*global_.home) + " " : "";
    // Beside a home that bears its port as its name lie those of the others, as init makes them.
    boost::system::error_code failed;
    const auto whole = fs::canonical(*home, failed);
    const bool made_by_init = !failed && whole.filename() == std::to_string(acting.value()->port().value);
    if (made_by_init && is_home(whole.parent_path() / std::to_string(port.value))) {
      return by_network(whole.parent_path().string());
    }
  }
  // Of the others each says where it is reached, and most have their spool in their home.
  const auto addresses = addresses_of(*acting.value());
  for (const auto& places : {addresses.spools, addresses.sockets}) {
    const auto place = places.find(port);
    if (place == places.end()) continue;
    const auto beside = place->second.parent_path();
    const auto files = load_peer_files(beside);
    if (files && files.value()->port() == port) return "--home " + shell_word(beside.string()) + " ";
  }
  return std::nullopt;
}

std::optional<std::string> Session::command_line_at(PeerPort port, const std::string& words) const {
  const auto options = options_for(port);
  if (!options) return std::nullopt;
  return "bookchain " + *options + words;
}

std::string Session::command_at(PeerPort port, const std::string& words) const {
  return command_line_at(port, words).value_or("at peer " + std::to_string(port.value) + ":  bookchain " + words);
}

std::string Session::command_here(const std::string& words) const {
  if (names_a_peer()) {
    if (const auto acting = peer()) return command_at(acting.value()->port(), words);
  }
  return "bookchain " + (global_.network ? "-n " + shell_word(*global_.network) + " " : std::string()) + words;
}

}  // namespace bookchain::cli
