#include <unistd.h>

#include "cli/chain_file.hpp"
#include "cli/commands/commands.hpp"
#include "cli/files.hpp"
#include "cli/home.hpp"
#include "cli/readers.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Result<Head> write_to(const Genesis& genesis, const State& state, const path& target) {
  Head head;
  BOOKCHAIN_CHECK(replace_file(target, [&](int descriptor) -> Result<void> {
    BOOKCHAIN_TRY(head, write_chain(genesis, state, descriptor, target));
    return success();
  }));
  return head;
}

Result<Answer> run_export_chain(Session& session, const Arguments& arguments) {
  const path target(*arguments.at(0));
  if (target.empty()) return usage_error("an argument is missing", "FILE", "name the file to write");
  const bool to_stdout = target == "-";
  if (to_stdout && session.report().format() != Format::text) {
    return usage_error("standard output cannot take the chain and a report", "-", "leave out -o");
  }
  BOOKCHAIN_TRY(const auto reader, any_reader(session));
  BOOKCHAIN_TRY(const auto head, to_stdout
                                     ? write_chain(reader->genesis(), reader->state(), STDOUT_FILENO, "standard output")
                                     : write_to(reader->genesis(), reader->state(), target));
  BOOKCHAIN_CHECK(reader->state().status());
  Answer answer;
  answer.printed = to_stdout;
  answer.value["file"] = target.string();
  answer.value["height"] = head.height.value;
  answer.value["head"] = to_hex(head.hash);
  answer.brief = "";
  answer.text = "wrote the chain of peer " + std::to_string(reader->port().value) + " (" +
                std::to_string(head.height.value) + (head.height.value == 1 ? " block" : " blocks") + ", head " +
                short_id(head.hash) + ") to " + printable(target.string()) + "\n";
  return answer;
}

}  // namespace

Command export_chain_command() {
  return Command{"export-chain",
                 "write the chain to a file that anyone can check",
                 "Writes the chain as JSON lines, the same bytes at every peer that has the same blocks with the same\n"
                 "votes (where a proposer died halfway, the votes that finished its block may be others). The file\n"
                 "appears under its name only when it is complete; a file that is there already is replaced. - is\n"
                 "standard output. Without -p the chain of the lowest port that can be read. Nothing is checked:\n"
                 "verify-chain does that.\n"
                 "\n"
                 "Exit codes: 1 the file cannot be written, 3 a stored block cannot be read, 4 no such home\n"
                 "or no folder for the file.\n"
                 "\n"
                 "Example: bookchain -n library export-chain chain.jsonl",
                 {{"FILE", true}},
                 {},
                 run_export_chain};
}

}  // namespace bookchain::cli
