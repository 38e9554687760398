#include "cli/chain_file.hpp"
#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/progress.hpp"
#include "cli/readers.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Answer answer_of(const Report& report, const ChainVerdict& verdict, const std::string& whose) {
  Answer answer;
  const auto height = std::to_string(verdict.head.height.value);
  answer.value["valid"] = !verdict.failure.has_value();
  answer.value["height"] = verdict.head.height.value;
  answer.value["head"] = to_hex(verdict.head.hash);
  answer.value["bad_block"] = verdict.bad ? Json(verdict.bad->value) : Json(nullptr);
  answer.value["reason"] = verdict.failure ? Json(sentence(*verdict.failure)) : Json(nullptr);
  answer.failure = verdict.failure;
  if (!verdict.failure) {
    answer.text = whose + ": " + report.good("valid") + ", " + height +
                  (verdict.head.height.value == 1 ? " block" : " blocks") + ", head " + to_hex(verdict.head.hash) +
                  "\n";
    return answer;
  }
  answer.text = whose + ": " + report.bad("not valid") +
                (verdict.bad ? ", the first bad block is " + std::to_string(verdict.bad->value) : std::string()) +
                "; good up to block " + height + "\n";
  return answer;
}

Result<Answer> run_verify_chain(Session& session, const Arguments& arguments) {
  if (const auto file = arguments.at(0)) {
    BOOKCHAIN_TRY(const auto genesis, network_alone(session));
    WorkProgress progress(session.report(), "checking", ProgressUnit::bytes, Stop::at_once);
    BOOKCHAIN_TRY(const auto verdict, verify_chain_file(genesis, *file, &progress));
    return answer_of(session.report(), verdict, *file == "-" ? std::string("standard input") : printable(*file));
  }
  BOOKCHAIN_TRY(const auto reader, any_reader(session));
  WorkProgress progress(session.report(), "checking", ProgressUnit::blocks, Stop::at_once);
  BOOKCHAIN_TRY(const auto verdict, verify_stored_chain(reader->genesis(), reader->state(), &progress));
  BOOKCHAIN_CHECK(reader->state().status());
  return answer_of(session.report(), verdict, "chain of peer " + std::to_string(reader->port().value));
}

}  // namespace

Command verify_chain_command() {
  return Command{
      "verify-chain",
      "check every block, signature and vote of a chain",
      "Checks, from the network file and the blocks alone: every hash, statement and signature, the proof of\n"
      "work, the votes that made each block final, and that each book was its giver's to give. FILE is an\n"
      "exported chain, - is standard input; it must be byte for byte what export-chain writes. For FILE no\n"
      "home is needed: -n names a directory with a network.yaml, or such a file. Without FILE this peer's own\n"
      "chain is checked (without -p that of the lowest port here), and that the head and the owners stored\n"
      "beside it follow from its blocks.\n"
      "\n"
      "Exit codes: 0 valid; 3 not valid, the first bad block is named and `height` and `head` are those of the\n"
      "last good one; 4 no such file; 6 the file is no exported chain.\n"
      "\n"
      "Example: bookchain -n library verify-chain chain.jsonl",
      {{"FILE", false}},
      {},
      run_verify_chain};
}

}  // namespace bookchain::cli
