#include <cstdlib>

#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/network_file.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// One value of a home, as it is in force.
struct Setting {
  std::string name;
  Json value;
  std::string origin;  ///< flag, environment, file, network, default
  Json fallback = nullptr;
  Json least = nullptr;
  Json most = nullptr;
  Json choices = nullptr;  ///< the values it may have, where they are few
};

bool in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string octal(unsigned mode) {
  return "0" + std::to_string(mode / 64) + std::to_string(mode / 8 % 8) + std::to_string(mode % 8);
}

/// Where home and port come from: with a home the port is that of its config.yaml, with a port the home is its folder
/// in the network, and comes from where that does.
std::pair<const char*, const char*> origins(const Session& session) {
  const bool flag = session.global().network.has_value();
  const char* const network = flag ? "flag" : in_environment("BOOKCHAIN_NETWORK") ? "environment" : "default";
  switch (session.home_named_by()) {
    case NamedBy::home_option: return {"flag", "file"};
    case NamedBy::port_option: return {network, "flag"};
    case NamedBy::home_variable: return {"environment", "file"};
    case NamedBy::port_variable: return {network, "environment"};
    case NamedBy::nothing: break;
  }
  return {network, "file"};
}

/// Which home it is, and how the program talks.
void add_invocation(const Session& session, const PeerFiles& files, std::vector<Setting>& settings) {
  const auto& global = session.global();
  const auto [home, port] = origins(session);
  settings.push_back({"home", files.home.string(), home});
  settings.push_back({"port", files.port().value, global.port ? "flag" : port, nullptr, 1, 65535});
  const char* output = global.format == Format::json ? "json" : global.format == Format::yaml ? "yaml" : "text";
  settings.push_back({"output", output, global.format_given ? "flag" : "default", "text"});
  settings.back().choices = {"text", "json", "yaml"};
  const bool plain = in_environment("NO_COLOR") && global.color == Color::automatic;
  const char* color = global.color == Color::always           ? "always"
                      : global.color == Color::never || plain ? "never"
                                                              : "auto";
  settings.push_back({"color", color, plain ? "environment" : global.color_given ? "flag" : "default", "auto"});
  settings.back().choices = {"auto", "always", "never"};
  settings.push_back({"quiet", global.quiet, global.quiet ? "flag" : "default", false});
  settings.push_back({"verbose", global.verbose, global.verbose ? "flag" : "default", false});
  settings.push_back({"clock", in_environment("BOOKCHAIN_CLOCK") && files.seed ? "fixed" : "system",
                      in_environment("BOOKCHAIN_CLOCK") && files.seed ? "environment" : "default", "system"});
}

void add_places(const PeerFiles& files, std::vector<Setting>& settings) {
  const auto from = [&](const char* key) { return files.stated.contains(key) ? "file" : "default"; };
  settings.push_back({"network", files.network_file.string(), "file"});
  settings.push_back(
      {"relative_to", files.address_base.string(), from("relative_to"), files.network_file.parent_path().string()});
  settings.push_back({"spool", files.spool.string(), from("spool"), (files.home / "spool").string()});
  settings.push_back({"access", files.access ? Json(write_access(*files.access)) : Json(nullptr), from("access")});
  settings.back().choices = {"all", "private", "group:G"};
  settings.push_back({"socket_mode", octal(files.socket_mode), from("socket_mode"), "0600"});
  settings.back().choices = {"0600", "0660", "0666"};
  settings.push_back({"quota.bytes", files.quota.bytes, from("quota.bytes"), transport::Quota{}.bytes,
                      least_quota.bytes, most_quota.bytes});
  settings.push_back({"quota.files", files.quota.files, from("quota.files"), transport::Quota{}.files,
                      least_quota.files, most_quota.files});
}

/// What all peers of the network keep to, as `init` has it where nothing else is said.
void add_limits(const PeerFiles& files, std::vector<Setting>& settings) {
  const auto& fields = files.genesis.fields();
  const GenesisFields usual;
  const auto add = [&](const char* name, std::uint64_t value, std::uint64_t fallback, std::uint64_t least,
                       std::uint64_t most) {
    settings.push_back({std::string("network.") + name, value, "network", fallback, least, most});
  };
  add("book_bytes", fields.limits.book_bytes, usual.limits.book_bytes, 1, max_book_bytes);
  add("message_bytes", fields.limits.message_bytes, usual.limits.message_bytes, min_message_bytes, max_message_bytes);
  add("block_bytes", fields.limits.block_bytes, usual.limits.block_bytes, min_block_bytes,
      fields.limits.message_bytes / 2);
  add("chunk_size", fields.chunk_size, usual.chunk_size, min_chunk_size, max_chunk_bytes);
  add("work_bits", fields.work_bits, usual.work_bits, 0, max_work_bits);
}

void add_peers(const PeerFiles& files, std::vector<Setting>& settings) {
  for (const auto& peer : files.genesis.peers()) {
    if (peer.port == files.port()) continue;
    const auto port = std::to_string(peer.port.value);
    const auto own = files.addresses.find(peer.port);
    const bool stated = own != files.addresses.end();
    settings.push_back(
        {"addresses." + port, stated ? own->second : peer.address, stated ? "file" : "network", peer.address});
    const auto user = files.users.find(peer.port);
    const bool known = user != files.users.end();
    settings.push_back({"users." + port, known ? Json(user->second) : Json(nullptr), known ? "file" : "default"});
  }
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? printable(value.get<std::string>()) : value.dump();
}

std::string bounds_of(const Setting& setting) {
  if (!setting.choices.is_null()) {
    std::string text;
    for (const auto& each : setting.choices) text += (text.empty() ? "" : ", ") + text_of(each);
    return text;
  }
  return setting.least.is_null() ? "-" : text_of(setting.least) + " to " + text_of(setting.most);
}

std::string draw(const Report& report, const std::vector<Setting>& settings) {
  TextTable table({"NAME", "VALUE", "FROM", "DEFAULT", "BOUNDS"});
  for (const auto& each : settings) {
    table.add({each.name, text_of(each.value), each.origin, text_of(each.fallback), bounds_of(each)});
  }
  return table.draw(report);
}

Result<Answer> run_config(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(const auto files, session.peer());
  std::vector<Setting> settings;
  add_invocation(session, *files, settings);
  add_places(*files, settings);
  add_limits(*files, settings);
  add_peers(*files, settings);
  Answer answer;
  answer.value["port"] = files->port().value;
  answer.value["file"] = (files->home / std::string(config_file_name)).string();
  answer.value["values"] = Json::array();
  for (const auto& each : settings) {
    answer.value["values"].push_back({{"name", each.name},
                                      {"value", each.value},
                                      {"origin", each.origin},
                                      {"default", each.fallback},
                                      {"least", each.least},
                                      {"most", each.most},
                                      {"choices", each.choices}});
  }
  answer.text = draw(session.report(), settings);
  return answer;
}

}  // namespace

Command config_command() {
  return Command{"config",
                 "each value of this peer's home, and where it comes from",
                 "Shows what is in force, where it comes from, what it would be otherwise and its bounds. From:\n"
                 "flag (the command line), environment, file (config.yaml of the home), network (the network file)\n"
                 "or default. To change a value, edit config.yaml; what is not understood there is refused with its\n"
                 "line. Nothing secret is shown.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 config",
                 {},
                 {},
                 run_config};
}

}  // namespace bookchain::cli
