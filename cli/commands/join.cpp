#include "cli/ceremony.hpp"
#include "cli/commands/commands.hpp"
#include "cli/fingerprint.hpp"
#include "cli/host_access.hpp"
#include "cli/network_file.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

std::string describe(const Session& session, const Joined& joined, const path& home) {
  const auto& genesis = joined.genesis;
  auto text = "peer " + std::to_string(joined.port.value) +
              (joined.made ? " has joined the network of " : " had joined it before, the network of ") +
              std::to_string(genesis.peer_count()) + " peers\n";
  text += "network      " + short_id(genesis.id()) + "\n";
  text += "fingerprint  " + session.report().bold(fingerprint(genesis.id())) + "\n";
  text += "spool        " + printable(joined.spool.string()) + "\n";
  if (genesis.fields().test_network) {
    text += session.report().bad("a test network: its keys come from a seed and can be guessed") + "\n";
  }
  text += "next: hear from each of the others, by voice, that it has the same fingerprint of the network; then\n";
  return text + "  bookchain --home " + printable(shell_word(home.string())) + " serve\n" +
         fingerprint_table(session.report(), genesis, joined.port);
}

Result<Answer> run_join(Session& session, const Arguments& arguments) {
  JoinPlan plan;
  BOOKCHAIN_TRY(plan.home, session.place_of_home());
  plan.network_file = *arguments.at(0);
  if (const auto spool = arguments.get("spool")) plan.spool = *spool;
  if (arguments.has("private")) plan.access = Access{Access::To::nobody, {}};
  if (const auto name = arguments.get("group")) {
    if (plan.access) return usage_error("--private and --group exclude each other", *name);
    const auto group = find_group(*name);
    if (!group) return usage_error("this host has no such group", *name);
    plan.access = Access{Access::To::group, *group};
  }
  plan.trust_group = arguments.has("trust-group");
  if (session.global().port) {
    BOOKCHAIN_TRY(plan.port, session.named_port());
  }
  BOOKCHAIN_TRY(const auto joined, join_network(plan));
  const bool listens = joined.genesis.find(joined.port)->address.starts_with(socket_scheme);
  if (listens && joined.made && !arguments.has("private")) {
    session.report().note(
        "no other user of this host may connect to the socket of this peer yet: say socket_mode: \"0666\" in its "
        "config.yaml");
  }
  Answer answer;
  answer.value["port"] = joined.port.value;
  answer.value["home"] = plan.home.string();
  answer.value["network"] = to_hex(joined.genesis.id());
  answer.value["fingerprint"] = fingerprint(joined.genesis.id());
  answer.value["spool"] = joined.spool.string();
  answer.value["peers"] = fingerprint_list(joined.genesis);
  answer.brief = to_hex(joined.genesis.id()) + "\n";
  answer.text = describe(session, joined, plan.home);
  return answer;
}

}  // namespace

Command join_command() {
  return Command{
      "join",
      "make the home of a peer complete: join the network of a network file",
      "For a home that has keys (see keygen). Checks that the network file has the very card of this home:\n"
      "its port, keys and address; then makes the rest of the home, with a copy of the network file.\n"
      "Again with the same file it changes nothing, but for the modes of the home and its spool where they\n"
      "are not those that config.yaml says (access); another network, spool or access is refused\n"
      "(home-exists). The users of this host can then reach the spool, each a folder of its own in it, and\n"
      "nothing else in the home. Whether all have the same network file is seen by its fingerprint.\n"
      "\n"
      "Example: bookchain --home ~/library join network.yaml",
      {{"NETWORK.yaml", true}},
      {{"group", 0, OptionKind::value, "GROUP", "only users of this group can deliver; by default all of this host"},
       {"private", 0, OptionKind::flag, "", "no other user of this host can deliver"},
       {"trust-group", 0, OptionKind::flag, "",
        "although others are in this user's group, who reach what is delivered"},
       {"spool", 0, OptionKind::value, "DIR", "where this peer sees its own spool, if not at the address on its card"}},
      run_join};
}

}  // namespace bookchain::cli
