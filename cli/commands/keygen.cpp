#include "cli/ceremony.hpp"
#include "cli/commands/commands.hpp"
#include "cli/fingerprint.hpp"
#include "cli/network_file.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Result<KeyPlan> read_plan(const Session& session, const Arguments& arguments) {
  KeyPlan plan;
  BOOKCHAIN_TRY(const auto port, session.named_port());
  if (!port) return usage_error("no port is named", "--port N", "each peer of a network has one of its own");
  plan.port = *port;
  BOOKCHAIN_TRY(plan.home, session.place_of_new_home());
  if (plan.home.empty()) return usage_error("the directory has no name", "--home");
  plan.address = arguments.get("address");
  if (plan.address && !is_address(*plan.address)) return Error{Token::bad_value, address_forms, *plan.address, {}};
  // DIR/N is where the others find it, too, if all share the network directory.
  if (!plan.address && !session.global().home && session.global().network) {
    plan.address = "spool:" + std::to_string(plan.port.value) + "/spool";
  }
  plan.seed = arguments.get("seed");
  return plan;
}

Result<Answer> run_keygen(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(const auto plan, read_plan(session, arguments));
  BOOKCHAIN_TRY(const auto made, make_keys(plan));
  const auto& card = made.card;
  const auto id = card_id(card);
  Answer answer;
  answer.value["port"] = card.signer.value;
  answer.value["home"] = plan.home.string();
  answer.value["card"] = made.card_file.string();
  answer.value["new_card"] = made.made || made.new_card;
  answer.value["id"] = to_hex(id);
  answer.value["fingerprint"] = fingerprint(id);
  answer.value["address"] = card.body.address;
  answer.value["test_network"] = card.body.test_network;
  answer.brief = made.card_file.string() + "\n";
  const auto file = printable(made.card_file.string());
  answer.text = (made.made ? "made the keys of peer " : "the keys are there already, of peer ") +
                std::to_string(card.signer.value) + "\n";
  if (made.new_card) answer.text += "the card is new: the one given out before no longer fits\n";
  answer.text += "card         " + file + "\n";
  answer.text += "fingerprint  " + session.report().bold(fingerprint(id)) + "\n";
  answer.text += "address      " + printable(card.body.address) + "\n";
  if (card.body.test_network) {
    answer.text += session.report().bad("for a test network: the keys come from a seed and can be guessed") + "\n";
  }
  answer.text +=
      "next: give the card to whoever makes the network file, tell them the fingerprint by voice, and join:\n"
      "  bookchain init DIR --cards CARD.yaml CARD.yaml ...\n"
      "  bookchain --home " +
      printable(shell_word(plan.home.string())) + " join DIR/network.yaml\n";
  return answer;
}

}  // namespace

Command keygen_command() {
  return Command{
      "keygen",
      "make the keys of one peer and its public card",
      "Writes keys.yaml (mode 0600, it never leaves the home) and card.yaml into the home: the card has\n"
      "the port, the public keys and the address, signed. Its fingerprint is to be told by voice. Again\n"
      "with the same options it changes nothing; the keys of a home are never replaced (home-exists).\n"
      "The address is where the others deliver to: spool:FOLDER, the folder as they see it, absolute or\n"
      "relative to the directory of the network file; by default the folder `spool` of the home. Or socket:PATH.\n"
      "The home is --home, else DIR/N with -n, else $BOOKCHAIN_HOME, else DIR/N.\n"
      "\n"
      "Example: bookchain keygen --home ~/library --port 5000",
      {},
      {{"address", 0, OptionKind::value, "ADDRESS", "where the others deliver to: spool:FOLDER or socket:PATH"},
       {"seed", 0, OptionKind::value, "S", "for a test network: the keys that init --seed S gives this port"}},
      run_keygen};
}

}  // namespace bookchain::cli
