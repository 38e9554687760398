// trace: the messages of an exchange in order, merged from the homes that can be read, drawn as a sequence
// diagram: one column a peer, one arrow a message.
#include "transport/trace.hpp"

#include <algorithm>
#include <map>

#include "cli/commands/commands.hpp"
#include "cli/exchange_view.hpp"
#include "cli/readers.hpp"

namespace bookchain::cli {

using namespace ledger;
using transport::TraceRecord;

namespace {

constexpr std::size_t column_width = 20;

struct Traced {
  TraceRecord record;
  std::uint64_t order{};   ///< in the trace of the home it was read from
  bool by_sender = false;  ///< read at the peer that sent it
};

struct Trace {
  ExchangeId exchange;
  std::vector<Traced> messages;
  std::vector<PeerPort> ports;  ///< columns: requester, owner, witnesses, as far as they appear
  std::map<PeerPort, Role> roles;
};

/// Whether it answers another message of its step.
bool is_answer(const TraceRecord& record) {
  return record.type == AckMessage::name || record.type == IdAnswerMessage::name ||
         record.type == KeyAnswerMessage::name || record.type == CommitMessage::name;
}

/// Messages by id; of what both ends saw, the sender's account counts.
class Collector {
 public:
  void add(const Reader& reader, const ExchangeId& exchange) {
    transport::trace_parts.each(reader.state(), encode(exchange),
                                [&](const transport::TraceKey& key, const transport::TracePart& part) {
                                  auto order = key.order;
                                  for (const auto& record : part.messages) {
                                    keep(Traced{record, order++, record.from == reader.port()});
                                  }
                                  return true;
                                });
  }
  /// As the protocol orders them, an answer behind what it answers; then by time. Clocks of several peers differ,
  /// so that by time alone an answer could stand before its question. What belongs to no step comes last.
  [[nodiscard]] std::vector<Traced> in_order() const {
    std::vector<Traced> messages;
    for (const auto& [id, traced] : by_id_) messages.push_back(traced);
    const auto step = [](const Traced& traced) { return traced.record.step == 0 ? 9 : traced.record.step; };
    std::ranges::sort(messages, {}, [&](const Traced& traced) {
      return std::tuple(step(traced), is_answer(traced.record), traced.record.time, traced.order, traced.record.from,
                        traced.record.to, traced.record.id);
    });
    return messages;
  }

 private:
  void keep(Traced traced) {
    const auto [place, is_new] = by_id_.try_emplace(traced.record.id, traced);
    if (is_new || place->second.by_sender) return;
    if (traced.by_sender || traced.record.time < place->second.record.time) place->second = std::move(traced);
  }

  std::map<MessageId, Traced> by_id_;
};

/// The whole id that `prefix` names in any of the homes. Tokens: `unknown-exchange`, `ambiguous`.
Result<ExchangeId> find_exchange_in(const Session& session, const std::vector<std::unique_ptr<Reader>>& readers,
                                    const std::string& prefix) {
  std::optional<ExchangeId> found;
  std::optional<Error> failure;
  for (const auto& reader : readers) {
    auto view = select_exchange_view(*reader, prefix);
    if (!view) {
      if (view.error().token == Token::ambiguous) return view.error();
      failure = view.error();
      continue;
    }
    if (found && *found != view.value().id) {
      return Error{Token::ambiguous, "the name fits more than one", prefix,
                   "one of " + short_id(*found) + ", " + short_id(view.value().id)};
    }
    found = view.value().id;
  }
  if (found) return *found;
  // Which peer's, if none was named, nobody can say: of the first.
  if (failure->hint == "list-exchanges") failure->hint = session.command_at(readers.front()->port(), failure->hint);
  return *failure;
}

void add_roles(Trace& trace, const std::vector<std::unique_ptr<Reader>>& readers) {
  std::vector<PeerPort> known;
  for (const auto& reader : readers) {
    const auto record = exchanges.get(reader->state(), trace.exchange);
    if (!record) continue;
    const auto& request = record->request.body;
    known = {request.sender_port, request.receiver_port};
    trace.roles[request.sender_port] = Role::requester;
    trace.roles[request.receiver_port] = Role::owner;
    for (const auto port : reader->genesis().witnesses(request.sender_port, request.receiver_port)) {
      known.push_back(port);
      trace.roles[port] = Role::witness;
    }
    break;
  }
  if (known.empty()) {
    for (const auto& peer : readers.front()->genesis().peers()) known.push_back(peer.port);
  }
  for (const auto port : known) {
    const bool appears = std::ranges::any_of(
        trace.messages, [&](const Traced& traced) { return traced.record.from == port || traced.record.to == port; });
    if (appears) trace.ports.push_back(port);
  }
}

std::string role_text(const Trace& trace, PeerPort port) {
  const auto role = trace.roles.find(port);
  return role == trace.roles.end() ? std::string() : std::string(name(role->second));
}

std::string step_text_of(const TraceRecord& record) {
  return record.step == 0 ? std::string("-") : std::to_string(record.step);
}

// ---- text ----

/// One line of the diagram: lifelines, and over them the arrow from one column to another.
std::string arrow(const TraceRecord& record, const std::vector<PeerPort>& ports) {
  std::string line;
  for (std::size_t i = 0; i < ports.size(); ++i) line += std::string(i == 0 ? 0 : column_width - 1, ' ') + "|";
  const auto place = [&](PeerPort port) {
    return static_cast<std::size_t>(std::ranges::find(ports, port) - ports.begin()) * column_width;
  };
  const auto from = place(record.from);
  const auto to = place(record.to);
  const auto first = std::min(from, to) + 1;
  const auto last = std::max(from, to) - 1;
  if (first > last) return line;
  for (auto i = first; i <= last; ++i) line[i] = '-';
  line[from < to ? last : first] = from < to ? '>' : '<';
  auto label = " " + printable(record.type) + " ";
  const auto room = column_width - 3;
  if (label.size() > room) label.resize(room);
  // Beside the sender, so that long arrows can be followed from their beginning.
  const auto begin = from < to ? first + 1 : last - label.size();
  line.replace(begin, label.size(), label);
  return line;
}

std::string centred(const std::string& word) {
  const auto left = word.size() / 2;
  std::string cell(column_width, ' ');
  return cell.replace(column_width / 2 - left, word.size(), word);
}

std::string draw_text(const Report& report, const Trace& trace) {
  constexpr std::size_t left = 20;  // step and time, up to the first lifeline
  std::string ports(left - column_width / 2, ' ');
  auto roles = ports;
  for (const auto port : trace.ports) {
    ports += centred(std::to_string(port.value));
    roles += centred(role_text(trace, port));
  }
  const auto trimmed = [](std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  };
  std::string text = report.bold(trimmed(ports)) + trimmed(roles);
  std::string day;
  for (const auto& [record, order, by_sender] : trace.messages) {
    const auto time = write_time(record.time);
    const auto has_clock = time.size() >= 23;
    if (has_clock && time.substr(0, 10) != day) {
      day = time.substr(0, 10);
      text += report.faint(day) + "\n";
    }
    auto margin = step_text_of(record) + "  " + (has_clock ? time.substr(11, 12) : time);
    margin.resize(left, ' ');
    text += margin + arrow(record, trace.ports) + "  " + write_size(record.size) + "\n";
  }
  return text;
}

// ---- mermaid ----

std::string draw_mermaid(const Trace& trace) {
  std::string text = "sequenceDiagram\n";
  for (const auto port : trace.ports) {
    const auto number = std::to_string(port.value);
    const auto role = role_text(trace, port);
    text.append("  participant p").append(number).append(" as ").append(number);
    if (!role.empty()) text.append(" ").append(role);
    text += '\n';
  }
  for (const auto& [record, order, by_sender] : trace.messages) {
    text += "  p" + std::to_string(record.from.value) + "->>p" + std::to_string(record.to.value) + ": " +
            (record.step == 0 ? std::string() : std::to_string(record.step) + " ") + printable(record.type) + "\n";
  }
  return text;
}

Json value_of(const Trace& trace) {
  Json value;
  value["exchange"] = to_hex(trace.exchange);
  value["messages"] = Json::array();
  for (const auto& [record, order, by_sender] : trace.messages) {
    Json message;
    message["step"] = record.step == 0 ? Json(nullptr) : Json(record.step);
    message["from"] = record.from.value;
    message["to"] = record.to.value;
    message["type"] = record.type;
    message["time"] = write_iso_time(record.time);
    message["size"] = record.size;
    message["id"] = to_hex(record.id);
    value["messages"].push_back(std::move(message));
  }
  return value;
}

Result<Answer> run_trace(Session& session, const Arguments& arguments) {
  const auto format = arguments.get("format").value_or("text");
  if (format != "text" && format != "mermaid") {
    return usage_error("there is no such format of a trace", format, "the formats are text and mermaid");
  }
  BOOKCHAIN_TRY(const auto readers, all_readers(session));
  Trace trace;
  BOOKCHAIN_TRY(trace.exchange, find_exchange_in(session, readers, *arguments.at(0)));
  Collector collector;
  for (const auto& reader : readers) {
    collector.add(*reader, trace.exchange);
    BOOKCHAIN_CHECK(reader->state().status());
  }
  trace.messages = collector.in_order();
  add_roles(trace, readers);
  Answer answer;
  answer.value = value_of(trace);
  if (format == "mermaid") {
    answer.text = draw_mermaid(trace);
  } else if (trace.messages.empty()) {
    answer.text = "no messages of this exchange were sent or taken in yet\n";
  } else {
    answer.text = draw_text(session.report(), trace);
  }
  return answer;
}

}  // namespace

Command trace_command() {
  return Command{"trace",
                 "the messages of an exchange as a sequence diagram",
                 "Draws every message of an exchange from sender to recipient, in order, with the number of the\n"
                 "step it belongs to, its time and its size. With -p: as this peer sent and took them in. Without:\n"
                 "merged from all homes of the network that can be read. A message that was delivered again is\n"
                 "listed once. Times are those of each peer's own clock; the order is that of the steps. Sizes are\n"
                 "of the messages, without the encrypted book beside a grant. The votes on the block are not\n"
                 "drawn: show-chain names who voted. --format mermaid gives the source of a diagram.\n"
                 "\n"
                 "Exit codes: 4 no such exchange, 6 the name fits more than one.\n"
                 "\n"
                 "Example: bookchain -n library trace 3f2a90",
                 {{"EXCHANGE", true}},
                 {{"format", 0, OptionKind::value, "FORMAT", "text (default) or mermaid"}},
                 run_trace};
}

}  // namespace bookchain::cli
