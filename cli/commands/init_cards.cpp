// init --cards: the network file of owners who made their keys themselves.
#include "cli/ceremony.hpp"
#include "cli/commands/commands.hpp"
#include "cli/fingerprint.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Result<void> check_options(const Arguments& arguments, std::size_t cards) {
  for (const auto* option : {"ports", "transport", "auto-books", "seed"}) {
    if (arguments.has(option)) {
      return usage_error("with --cards this is not for whoever makes the network file to say",
                         "--" + std::string(option), "ports, addresses and keys are on the cards");
    }
  }
  if (cards < min_peers || cards > max_peers) {
    return usage_error(
        "a network has " + std::to_string(min_peers) + " to " + std::to_string(max_peers) + " peers: a card for each",
        std::to_string(cards) + " cards");
  }
  return success();
}

std::string describe(const Session& session, const AssembledNetwork& made) {
  const auto& genesis = made.genesis;
  auto text = (made.made ? "made the network file of " : "the network file is there already, of the same ") +
              std::to_string(genesis.peer_count()) + " cards\n";
  text += "file         " + printable(made.file.string()) + "\n";
  text += "network      " + short_id(genesis.id()) + "\n";
  text += "fingerprint  " + session.report().bold(fingerprint(genesis.id())) + "\n";
  if (genesis.fields().test_network) {
    text += session.report().bad("a test network: its keys come from a seed and can be guessed") + "\n";
  }
  text += "next: hear from each owner, by voice, that the card below is its own; give the file to all; each joins:\n";
  return text + "  bookchain --home HOME join " + printable(shell_word(made.file.string())) + "\n" +
         fingerprint_table(session.report(), genesis, std::nullopt);
}

}  // namespace

Result<Answer> init_from_cards(const Session& session, const Arguments& arguments) {
  const path folder(*arguments.at(0));
  const auto& names = arguments.all("cards");
  BOOKCHAIN_CHECK(check_options(arguments, names.size()));
  std::uint8_t work_bits = GenesisFields{}.work_bits;
  if (const auto bits = arguments.get("work-bits")) {
    BOOKCHAIN_TRY(const auto number, whole_number("--work-bits", *bits, 0, max_work_bits));
    work_bits = static_cast<std::uint8_t>(number);
  }
  BOOKCHAIN_TRY(const auto made, assemble_network(folder, std::vector<path>(names.begin(), names.end()), work_bits));
  Answer answer;
  answer.value["network"] = to_hex(made.genesis.id());
  answer.value["fingerprint"] = fingerprint(made.genesis.id());
  answer.value["dir"] = folder.string();
  answer.value["file"] = made.file.string();
  answer.value["peers"] = fingerprint_list(made.genesis);
  answer.brief = to_hex(made.genesis.id()) + "\n";
  answer.text = describe(session, made);
  return answer;
}

}  // namespace bookchain::cli
