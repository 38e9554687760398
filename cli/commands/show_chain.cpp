// show-chain: the blocks of the chain, ascending, as text, JSON or a graph.
#include <algorithm>

#include "cli/chain_file.hpp"
#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/next_steps.hpp"
#include "cli/readers.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// A transaction as it is listed; what a kind of transaction does not have is left out.
struct Entry {
  std::string type;
  std::optional<std::string> form;
  std::optional<ExchangeId> exchange;
  BookId book;
  std::string title;  ///< foreign text
  std::optional<PeerPort> sender;
  PeerPort receiver;  ///< the owner
  Version version;    ///< of the book before this transaction
};

struct EntryOf {
  const Genesis& genesis;

  Entry operator()(const Signed<Transfer>& transfer) const {
    auto entry = of_request(transfer.body, "transfer");
    entry.form = name(transfer.body.form);
    return entry;
  }
  Entry operator()(const Signed<Dispute>& dispute) const {
    auto entry = of_request(dispute.body, "dispute");
    const bool chunk = std::holds_alternative<BadChunk>(dispute.body.proof);
    entry.form = name(chunk ? MarkKind::bad_chunk : MarkKind::bad_deal);
    return entry;
  }
  Entry operator()(const Signed<Abort>& abort) const {
    const auto& book = abort.body.book;
    return Entry{"abort", {}, {}, genesis.book_of(book), book.body.title, {}, abort.signer, abort.body.version};
  }
  template <class Body>
  [[nodiscard]] Entry of_request(const Body& body, const char* type) const {
    return Entry{type,
                 {},
                 genesis.exchange_of(body.request),
                 genesis.book_of(body.book),
                 body.book.body.title,
                 body.request.body.sender_port,
                 body.request.body.receiver_port,
                 body.grant.body.version};
  }
};

Entry entry_of(const Genesis& genesis, const Transaction& transaction) {
  return std::visit(EntryOf{genesis}, transaction);
}

std::vector<PeerPort> voters_of(const CommitCertificate& certificate) {
  std::vector<PeerPort> ports;
  for (const auto& vote : certificate.votes) ports.push_back(vote.signer);
  return ports;
}

Json entry_value(const Entry& entry) {
  Json value;
  value["type"] = entry.type;
  value["form"] = entry.form ? Json(*entry.form) : Json(nullptr);
  value["exchange"] = entry.exchange ? Json(to_hex(*entry.exchange)) : Json(nullptr);
  value["book"] = to_hex(entry.book);
  value["title"] = entry.title;
  value["sender_port"] = entry.sender ? Json(entry.sender->value) : Json(nullptr);
  value["receiver_port"] = entry.receiver.value;
  value["version"] = entry.version.value;
  return value;
}

Json block_value(const Genesis& genesis, const CommittedBlock& committed) {
  const auto& header = committed.block.header;
  Json value;
  value["height"] = header.body.height.value;
  value["hash"] = to_hex(genesis.block_hash(committed.block));
  value["previous"] = to_hex(header.body.previous);
  value["miner"] = header.signer.value;
  value["work"] = header.body.nonce;
  value["time"] = write_iso_time(header.body.time);
  value["transactions"] = Json::array();
  for (const auto& transaction : committed.block.transactions) {
    value["transactions"].push_back(entry_value(entry_of(genesis, transaction)));
  }
  const auto& ballot = committed.certificate.vote.ballot;
  value["certificate"]["ballot"] = {{"round", ballot.round.value}, {"port", ballot.port.value}};
  value["certificate"]["ports"] = Json::array();
  for (const auto port : voters_of(committed.certificate)) value["certificate"]["ports"].push_back(port.value);
  return value;
}

std::string entry_text(const Report& report, const Entry& entry) {
  const auto owner = std::to_string(entry.receiver.value);
  auto text = entry.type + (entry.form ? " (" + *entry.form + ")" : std::string()) + "  \"" +
              printable(entry.title, 60) + "\" " + report.id(entry.book) + "  ";
  if (entry.type == "transfer" && entry.sender) {
    text += "from " + owner + " to " + std::to_string(entry.sender->value) + ", version " +
            std::to_string(entry.version.value) + " -> " + std::to_string(entry.version.value + 1);
  } else {
    text += "owner " + owner + ", version " + std::to_string(entry.version.value);
  }
  return text + (entry.exchange ? ", exchange " + report.id(*entry.exchange) : std::string());
}

std::string block_text(const Report& report, const Genesis& genesis, const CommittedBlock& committed) {
  const auto& header = committed.block.header;
  const auto& ballot = committed.certificate.vote.ballot;
  auto text = report.bold("block " + std::to_string(header.body.height.value)) + "  " +
              to_hex(genesis.block_hash(committed.block)) + "\n";
  text += "  mined by " + std::to_string(header.signer.value) + ", " + write_time(header.body.time) + ", work nonce " +
          std::to_string(header.body.nonce) + "\n";
  for (const auto& transaction : committed.block.transactions) {
    text += "  " + entry_text(report, entry_of(genesis, transaction)) + "\n";
  }
  return text + "  committed by " + ports_text(voters_of(committed.certificate)) + " in ballot " +
         std::to_string(ballot.round.value) + " of " + std::to_string(ballot.port.value) + "\n";
}

// ---- dot ----

std::string dot_text(const std::string& text) {
  std::string quoted;
  for (const char c : text) quoted += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  return quoted;
}

std::string block_dot(const Genesis& genesis, const CommittedBlock& committed) {
  const auto& header = committed.block.header;
  const auto number = std::to_string(header.body.height.value);
  auto label = "block " + number + "\\n" + short_id(genesis.block_hash(committed.block)) + "\\nmined by " +
               std::to_string(header.signer.value);
  for (const auto& transaction : committed.block.transactions) {
    const auto entry = entry_of(genesis, transaction);
    label += "\\n" + entry.type + " " + dot_text(printable(entry.title, 30));
    if (entry.type == "transfer" && entry.sender) {
      label += ": " + std::to_string(entry.receiver.value) + " to " + std::to_string(entry.sender->value);
    }
  }
  const auto below =
      header.body.height.value == 1 ? std::string("genesis") : "block" + std::to_string(header.body.height.value - 1);
  return "  block" + number + " [label=\"" + label + "\"];\n  block" + number + " -> " + below + ";\n";
}

std::string dot_begin(const Genesis& genesis, Height first) {
  const std::string node = first.value <= 1 ? "genesis" : "block" + std::to_string(first.value - 1);
  const auto label = first.value <= 1 ? "network\\n" + short_id(genesis.id()) : std::string("...");
  return "digraph chain {\n  rankdir=RL;\n  node [shape=box, fontname=monospace];\n  " + node + " [label=\"" + label +
         "\"];\n";
}

// ---- the command ----

struct WantedBlocks {
  Height first;
  bool dot = false;
};

Result<WantedBlocks> read_wanted(const Arguments& arguments, const Head& head, Format output) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  const auto format = arguments.get("format").value_or("text");
  if (format != "text" && format != "dot") {
    return usage_error("there is no such format of a chain", format, "the formats are text and dot");
  }
  if (format == "dot" && output != Format::text) {
    return usage_error("a graph is no report", "--format dot", "leave out -o");
  }
  WantedBlocks wanted{Height{1}, format == "dot"};
  if (const auto from = arguments.get("from")) {
    BOOKCHAIN_TRY(wanted.first.value, whole_number("--from", *from, 1, most));
  }
  if (const auto tail = arguments.get("tail")) {
    BOOKCHAIN_TRY(const auto count, whole_number("--tail", *tail, 1, most));
    if (count < head.height.value) {
      wanted.first.value = std::max(wanted.first.value, head.height.value - count + 1);
    }
  }
  return wanted;
}

Result<Answer> run_show_chain(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(const auto reader, any_reader(session));
  const auto& genesis = reader->genesis();
  const auto head = chain_head(genesis, reader->state());
  BOOKCHAIN_TRY(const auto wanted, read_wanted(arguments, head, session.report().format()));
  const bool as_text = session.report().format() == Format::text;
  Answer answer;
  answer.value["network"] = to_hex(genesis.id());
  answer.value["port"] = reader->port().value;
  answer.value["height"] = head.height.value;
  answer.value["head"] = to_hex(head.hash);
  auto& list = answer.value["blocks"] = Json::array();
  if (wanted.dot) answer.text = dot_begin(genesis, wanted.first);
  BOOKCHAIN_CHECK(each_block(reader->state(), wanted.first, [&](const CommittedBlock& committed) -> Result<void> {
    if (!as_text) {
      list.push_back(block_value(genesis, committed));
    } else if (wanted.dot) {
      answer.text += block_dot(genesis, committed);
    } else {
      answer.text += (answer.text.empty() ? "" : "\n") + block_text(session.report(), genesis, committed);
    }
    return success();
  }));
  BOOKCHAIN_CHECK(reader->state().status());
  if (wanted.dot) {
    answer.text += "}\n";
  } else if (head.height.value == 0) {
    answer.text = "the chain has no blocks yet; the first exchange that is mined makes one\n";
  } else if (answer.text.empty()) {
    answer.text = "the chain ends at block " + std::to_string(head.height.value) + "\n";
  }
  return answer;
}

}  // namespace

Command show_chain_command() {
  return Command{"show-chain",
                 "the blocks of the chain",
                 "Lists the committed blocks, ascending: hash, miner, transactions, and the peers whose votes made\n"
                 "each final. Nothing is checked; verify-chain does that. A transfer shows the version of the book\n"
                 "before and after it; in JSON `version` is the one before, as it stands in the GRANT, and `work`\n"
                 "the nonce. Without -p the chain of the lowest port that can be read; all peers' are the same,\n"
                 "though one may be behind. --format dot gives the source of a graph for Graphviz.\n"
                 "\n"
                 "Exit codes: 3 a stored block cannot be read, 4 there is no such home.\n"
                 "\n"
                 "Example: bookchain -n library show-chain --tail 3",
                 {},
                 {{"from", 0, OptionKind::value, "H", "begin with the block of this height"},
                  {"tail", 0, OptionKind::value, "K", "the last K blocks only"},
                  {"format", 0, OptionKind::value, "FORMAT", "text (default) or dot"}},
                 run_show_chain};
}

}  // namespace bookchain::cli
