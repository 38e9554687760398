#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/outgoing.hpp"
#include "cli/session.hpp"
#include "cli/spool_access.hpp"
#include "cli/turn_report.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Result<Answer> run_restore(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  {
    BOOKCHAIN_TRY(auto lock, HomeLock::open(files->home));
    BOOKCHAIN_CHECK(lock.take());
    BOOKCHAIN_CHECK(reopen_spool(*files, false));
  }
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files)));
  BOOKCHAIN_TRY(const auto report, home->courier().restore());
  const auto head = chain_head(home->genesis(), home->store());
  Answer answer;
  answer.value["port"] = home->port().value;
  answer.value["height"] = head.height.value;
  answer.value["sent"] = sent_value(report.sent, unreached_peers(home->files(), home->store()));
  answer.value["next"] = session.command_at(home->port(), "receive");
  answer.text = "peer " + std::to_string(home->port().value) + " knows now that its home was put back, at block " +
                std::to_string(head.height.value) + "\n" +
                "it asks the others how far they are, and until it has come as far it neither votes nor grants\n" +
                "next, when they have answered:\n  " + printable(session.command_at(home->port(), "receive")) + "\n";
  answer.failure = delivery_failure(report);
  note_unheard(session, *home);
  return answer;
}

}  // namespace

Command restore_command() {
  return Command{"restore",
                 "say that this home was put back from a backup",
                 "To be given once, before anything else, after a home was put back from a copy: what the peer has\n"
                 "signed since then it has forgotten, and must not contradict. It asks all others for the highest\n"
                 "votes and blocks they can prove, takes in what a quorum answers, and until it has come as far it\n"
                 "grants, releases and aborts nothing; it votes again above the heights it may have voted in.\n"
                 "A home that was only moved, while nothing was done with the copy, needs none of this.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 restore",
                 {},
                 {},
                 run_restore};
}

}  // namespace bookchain::cli
