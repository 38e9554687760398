#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <iterator>

#include "cli/commands/commands.hpp"
#include "cli/new_network.hpp"
#include "cli/next_steps.hpp"
#include "cli/session.hpp"
#include "ledger/genesis.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::uint64_t most_auto_books = 1000;

Result<std::vector<PeerPort>> parse_ports(const std::string& text) {
  std::vector<PeerPort> ports;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto port = text.substr(begin, end - begin);
    BOOKCHAIN_TRY(const auto number, whole_number("--ports", port, 1, 65535));
    ports.push_back(PeerPort{static_cast<std::uint16_t>(number)});
    begin = end + 1;
  }
  std::ranges::sort(ports);
  if (std::ranges::adjacent_find(ports) != ports.end()) return usage_error("a port stands twice", text);
  if (ports.size() < min_peers || ports.size() > max_peers) {
    return usage_error("a network has " + std::to_string(min_peers) + " to " + std::to_string(max_peers) + " peers",
                       text);
  }
  return ports;
}

Result<NetworkPlan> read_plan(const Arguments& arguments) {
  NetworkPlan plan;
  BOOKCHAIN_TRY(plan.ports, parse_ports(arguments.get("ports").value_or("5000,5001,5002,5003")));
  plan.transport = arguments.get("transport").value_or("spool");
  if (plan.transport != "spool" && plan.transport != "socket")
    return usage_error("--transport takes spool or socket", plan.transport);
  if (const auto count = arguments.get("auto-books")) {
    BOOKCHAIN_TRY(plan.auto_books, whole_number("--auto-books", *count, 0, most_auto_books));
  }
  if (const auto bits = arguments.get("work-bits")) {
    BOOKCHAIN_TRY(const auto number, whole_number("--work-bits", *bits, 0, max_work_bits));
    plan.work_bits = static_cast<std::uint8_t>(number);
  }
  plan.seed = arguments.get("seed");
  return plan;
}

/// Of peers whose homes are here.
std::string next_commands(const MadeNetwork& made, const path& folder, const NetworkPlan& plan) {
  std::vector<PeerPort> here;
  std::ranges::set_difference(made.ports, made.elsewhere, std::back_inserter(here));
  if (here.empty()) return {};
  const auto at = "  bookchain -n " + shell_word(folder.string());
  auto text = "next:\n" + at + " list-books --all\n";
  if (plan.auto_books == 0) {
    text += at + " -p " + std::to_string(here[here.size() > 1 ? 1 : 0].value) + " add-book FILE\n";
  } else if (here.size() > 1) {
    text += at + " -p " + std::to_string(here[0].value) + " request --from " + std::to_string(here[1].value) +
            " --book VALUE\n";
  }
  return text;
}

std::string describe(const Session& session, const MadeNetwork& made, const path& folder, const NetworkPlan& plan) {
  const auto ports = made.ports;
  std::string text = (made.made ? "made a network of " : "the network is there already, made with the same options: ") +
                     std::to_string(ports.size()) + " peers in " + printable(folder.string()) + "\n";
  text += "network  " + short_id(made.id) + "\npeers   ";
  for (const auto port : ports) text += " " + std::to_string(port.value);
  text += "\n";
  if (!made.elsewhere.empty())
    text += "not here " + ports_text(made.elsewhere) + ": their homes were moved or removed\n";
  if (plan.seed) text += session.report().bad("a test network: its keys come from a seed and can be guessed") + "\n";
  return text + next_commands(made, folder, plan);
}

Result<Answer> run_init(Session& session, const Arguments& arguments) {
  const path folder(*arguments.at(0));
  boost::system::error_code failed;
  const auto there = boost::filesystem::status(folder, failed).type();
  if (there != boost::filesystem::file_not_found && there != boost::filesystem::directory_file && !failed) {
    return Error{Token::bad_file, "a file stands where the network directory is to be made", folder.string(), {}};
  }
  if (arguments.has("cards")) return init_from_cards(session, arguments);
  BOOKCHAIN_TRY(const auto plan, read_plan(arguments));
  BOOKCHAIN_TRY(const auto made, make_network(folder, plan));
  Answer answer;
  answer.value["network"] = to_hex(made.id);
  answer.value["dir"] = folder.string();
  answer.value["peers"] = Json::array();
  for (const auto port : made.ports) {
    const bool is_here = std::ranges::find(made.elsewhere, port) == made.elsewhere.end();
    const auto home = (folder / std::to_string(port.value)).string();
    answer.value["peers"].push_back({{"port", port.value}, {"home", home}, {"here", is_here}});
  }
  answer.text = describe(session, made, folder, plan);
  answer.brief = to_hex(made.id) + "\n";
  return answer;
}

}  // namespace

Command init_command() {
  return Command{
      "init",
      "make a network of peers in a directory",
      "Makes keys and homes for every peer and the network file that all of them share:\n"
      "DIR/network.yaml, DIR/5000, DIR/5001, ... Each peer starts with a few value books (0 to 9).\n"
      "Doing it again with the same options changes nothing; with others it is refused (home-exists), and\n"
      "so it is where a file of a home is gone (home-missing).\n"
      "With --seed the keys come from the seed, for tests and lessons: anybody who knows the seed can\n"
      "act as any peer, so such a network is marked as a test network and says so.\n"
      "With --cards only the network file is made, of owners who made their keys themselves (see keygen): the\n"
      "ports, keys and addresses are those of the cards, and each card must be signed by its owner's key.\n"
      "\n"
      "Examples: bookchain init library --auto-books 5\n"
      "          bookchain init library --cards ann.yaml ben.yaml cleo.yaml dora.yaml",
      {{"DIR", true}},
      {{"ports", 0, OptionKind::value, "LIST", "ports of the peers, 4 to 64 of them; default 5000,5001,5002,5003"},
       {"transport", 0, OptionKind::value, "KIND", "how peers deliver to each other: spool (default) or socket"},
       {"auto-books", 0, OptionKind::value, "K", "value books each peer starts with; default 3, 0 for none"},
       {"work-bits", 0, OptionKind::value, "B",
        "proof of work: leading zero bits of a block's hash, 0 to 24; default 8"},
       {"seed", 0, OptionKind::value, "S", "a test network: the same seed gives the same keys and books"},
       {"cards", 0, OptionKind::values, "CARD", "a network of these cards, 4 to 64 of them"}},
      run_init};
}

}  // namespace bookchain::cli
