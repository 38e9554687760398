// Evidence: what this peer found out or was told about others, a file of it, and the check of such a file by anybody.
#include <unistd.h>

#include "cli/commands/commands.hpp"
#include "cli/environment.hpp"
#include "cli/evidence_view.hpp"
#include "cli/network_file.hpp"
#include "cli/readers.hpp"
#include "cli/selection.hpp"
#include "ledger/records.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

struct Kept {
  EvidenceKey key;
  EvidenceRecord record;
};

/// In the order in which it was seen.
std::vector<Kept> all_evidence(const State& state) {
  std::vector<Kept> found;
  evidence_rows.each(state, {}, [&](const EvidenceKey& key, const EvidenceRecord& record) {
    found.push_back({key, record});
    return true;
  });
  std::ranges::stable_sort(found, {}, [](const Kept& each) { return each.record.seen; });
  return found;
}

Result<Answer> list(Session& session, const Arguments& /*arguments*/) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  const auto found = all_evidence(reader->state());
  BOOKCHAIN_CHECK(reader->state().status());
  Answer answer;
  answer.value["evidence"] = Json::array();
  TextTable table({"ID", "AGAINST", "AS", "ABOUT", "SEEN", "TOLD BY", "WHAT IT DID"});
  for (const auto& [key, record] : found) {
    auto value = evidence_value(reader->genesis(), record.evidence);
    value["seen"] = write_iso_time(record.seen);
    value["told_by"] = record.told_by.value;
    answer.value["evidence"].push_back(std::move(value));
    table.add({session.report().id(key.id), std::to_string(key.accused.value), std::string(part(record.evidence)),
               about_text(accusation(reader->genesis(), record.evidence)), write_time(record.seen),
               record.told_by == reader->port() ? "itself" : std::to_string(record.told_by.value),
               std::string(fault_in_words(record.evidence))});
  }
  answer.text = table.empty() ? "no evidence against anybody\n" : table.draw(session.report());
  return answer;
}

Result<Kept> select_evidence(const State& state, const std::string& prefix) {
  const bool hex = prefix.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || prefix.size() < min_prefix_digits || prefix.size() > 2 * EvidenceId::size) {
    return Error{Token::bad_value, "evidence is named by the first 6 or more digits of its id", prefix,
                 "evidence list"};
  }
  std::vector<Kept> found;
  for (auto& each : all_evidence(state)) {
    if (to_hex(each.key.id).starts_with(prefix)) found.push_back(std::move(each));
  }
  if (found.empty()) {
    return Error{Token::unknown_evidence, "this peer has no such evidence", prefix, "evidence list"};
  }
  if (found.size() == 1) return std::move(found.front());
  std::string ids;
  for (const auto& each : found) ids += (ids.empty() ? "" : ", ") + to_hex(each.key.id);
  return Error{Token::ambiguous, "more than one piece of evidence is meant", prefix, ids};
}

Result<Answer> export_one(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  BOOKCHAIN_TRY(const auto kept, select_evidence(reader->state(), *arguments.at(0)));
  const auto target = arguments.get("to").value_or(short_id(kept.key.id) + ".evidence");
  if (target.empty()) return usage_error("an option needs a value", "--to");
  const bool to_stdout = target == "-";
  if (to_stdout && session.report().format() != Format::text) {
    return usage_error("standard output cannot take the evidence and a report", "--to -", "leave out -o");
  }
  const auto bytes = write_evidence(reader->genesis().id(), kept.record.evidence);
  if (to_stdout) {
    BOOKCHAIN_CHECK(write_all(STDOUT_FILENO, bytes, "standard output"));
  } else {
    BOOKCHAIN_CHECK(replace_file(target, [&](int descriptor) { return write_all(descriptor, bytes, target); }));
  }
  Answer answer;
  answer.printed = to_stdout;
  answer.value = evidence_value(reader->genesis(), kept.record.evidence);
  answer.value["file"] = target;
  answer.value["size"] = bytes.size();
  answer.text = "wrote the evidence against " + std::to_string(kept.key.accused.value) + " (" +
                std::string(fault(kept.record.evidence)) + ", " + write_size(bytes.size()) + ") to " +
                printable(target) + "\n";
  return answer;
}

Result<Answer> verify(Session& session, const Arguments& arguments) {
  const auto network_file = arguments.get("network-file");
  auto loaded = network_file ? load_network(*network_file) : network_alone(session);
  if (!loaded && loaded.error().token == Token::home_missing) {
    loaded = Error{Token::home_missing, loaded.error().what, loaded.error().subject,
                   "name the network file with --network-file FILE"};
  }
  BOOKCHAIN_TRY(const auto genesis, std::move(loaded));
  BOOKCHAIN_TRY(const auto text, read_text_file(*arguments.at(0), max_evidence_bytes, true));
  const Bytes bytes(text.begin(), text.end());
  BOOKCHAIN_TRY(const auto evidence, read_evidence(genesis.id(), bytes));
  const auto examination = examine(genesis, evidence);
  const auto accused = std::to_string(accusation(genesis, evidence).accused.value);
  const auto& report = session.report();
  Answer answer;
  answer.value["valid"] = !examination.failure.has_value();
  answer.value.update(evidence_value(genesis, evidence));
  answer.value["checks"] = Json::array({"the evidence is of network " + to_hex(genesis.id())});
  for (const auto& passed : examination.passed) answer.value["checks"].push_back(passed);
  answer.value["reason"] = examination.failure ? Json(sentence(*examination.failure)) : Json(nullptr);
  answer.failure = examination.failure;
  answer.text = std::string(fault(evidence)) + ", against " + accused + " as " + std::string(part(evidence)) + "\n";
  for (const auto& check : answer.value["checks"]) {
    answer.text += "  " + report.good("passed") + "  " + check.get<std::string>() + "\n";
  }
  answer.text += examination.failure
                     ? report.bad("not proven") + ": the next check does not pass\n"
                     : report.good("proven") + ": " + accused + " " + std::string(fault_in_words(evidence)) + "\n";
  return answer;
}

}  // namespace

Command list_evidence_command() {
  return Command{"evidence list",
                 "what this peer found out, or was told, about others that broke the rules",
                 "Every peer keeps what proves that another broke the rules, and tells the others; each checks it by\n"
                 "itself. Silence is no fault: there is no evidence of it.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 evidence list",
                 {},
                 {},
                 list};
}

Command export_evidence_command() {
  return Command{"evidence export",
                 "write evidence to a file that anyone can check",
                 "ID is that of `evidence list`, or the first 6 or more digits of it. A file that is there already is\n"
                 "replaced.\n"
                 "\n"
                 "Exit codes: 4 this peer has no such evidence, 6 the digits fit more than one.\n"
                 "\n"
                 "Example: bookchain -n library -p 5000 evidence export 3f2a90 --to proof.evidence",
                 {{"ID", true}},
                 {{"to", 0, OptionKind::value, "FILE",
                   "where to write it; - is standard output; default the first digits of ID and .evidence"}},
                 export_one};
}

Command verify_evidence_command() {
  return Command{
      "evidence verify",
      "check a file of evidence, with nothing but the network file",
      "Prints every check that passed, down to the fault itself. Needs no home: who gives you the file need\n"
      "not be trusted, only the network file must be the right one. - is standard input.\n"
      "\n"
      "Exit codes: 0 proven; 3 a check does not pass, or it is of another network; 4 no such file; 6 the\n"
      "file is no evidence.\n"
      "\n"
      "Example: bookchain evidence verify proof.evidence --network-file network.yaml",
      {{"FILE", true}},
      {{"network-file", 0, OptionKind::value, "FILE",
        "the network file; without it that of -n, as for other commands"}},
      verify};
}

}  // namespace bookchain::cli
