#include "cli/turn_report.hpp"

#include <algorithm>

#include "cli/next_steps.hpp"
#include "cli/outgoing.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

bool is_in(const std::vector<PeerPort>& ports, PeerPort port) { return std::ranges::find(ports, port) != ports.end(); }

}  // namespace

Json sent_value(const std::vector<transport::SentReport>& sent, const std::vector<PeerPort>& unheard) {
  Json list = Json::array();
  for (const auto& each : sent) {
    list.push_back({{"to", each.to.value}, {"type", each.type}});
    if (is_in(unheard, each.to)) list.back()["delivered"] = false;
  }
  return list;
}

Json received_value(const std::vector<transport::ReceivedReport>& received) {
  Json list = Json::array();
  for (const auto& each : received) {
    Json item;
    item["id"] = each.id ? Json(to_hex(*each.id)) : Json(nullptr);
    item["from"] = each.from ? Json(each.from->value) : Json(nullptr);
    item["type"] = each.type.empty() ? Json(nullptr) : Json(each.type);
    item["exchange"] = each.exchange ? Json(to_hex(*each.exchange)) : Json(nullptr);
    item["result"] = transport::name(each.result);
    item["token"] = each.error ? Json(ledger::name(each.error->token)) : Json(nullptr);
    if (each.error) item["reason"] = sentence(*each.error);
    list.push_back(std::move(item));
  }
  return list;
}

Json step_value(const Session& session, Home& home, const transport::StepReport& step) {
  Json value;
  value["exchange"] = to_hex(step.exchange);
  value["step"] = ledger::name(step.step);
  value["state"] = state_of(home.store(), step.exchange);
  value["sent"] = sent_value(step.sent, unreached_peers(home.files(), home.store()));
  value["next"] = next_value(session, guide(home, step.exchange));
  if (step.error) {
    value["error"] = {{"token", ledger::name(step.error->token)}, {"message", sentence(*step.error)}};
  }
  return value;
}

namespace {

/// "grant to 5000; witness-share to 5002, 5003"
std::string by_type(const std::vector<transport::SentReport>& sent, const char* preposition) {
  std::vector<std::pair<std::string, std::string>> ports_of;
  for (const auto& each : sent) {
    const auto port = std::to_string(each.to.value);
    const auto found = std::ranges::find(ports_of, each.type, &std::pair<std::string, std::string>::first);
    if (found == ports_of.end()) {
      ports_of.emplace_back(each.type, port);
    } else {
      found->second += ", " + port;
    }
  }
  std::string text;
  for (const auto& [type, ports] : ports_of) {
    if (!text.empty()) text += "; ";
    text.append(type).append(preposition).append(ports);
  }
  return text;
}

}  // namespace

std::string sent_text(const std::vector<transport::SentReport>& sent, const std::vector<PeerPort>& unheard) {
  auto given = sent;
  auto queued = sent;
  std::erase_if(given, [&](const auto& each) { return is_in(unheard, each.to); });
  std::erase_if(queued, [&](const auto& each) { return !is_in(unheard, each.to); });
  std::string text;
  if (!given.empty() || queued.empty()) text += "sent   " + (given.empty() ? "nothing" : by_type(given, " to ")) + "\n";
  if (!queued.empty()) text += "queued " + by_type(queued, " for ") + "\n";
  return text;
}

std::string received_text(const Report& report, const std::vector<transport::ReceivedReport>& received) {
  std::string text;
  for (const auto& each : received) {
    text += each.from ? std::to_string(each.from->value) + "  " : std::string("?     ");
    text += (each.type.empty() ? std::string("unreadable") : each.type) +
            std::string(each.type.size() < 14 ? 14 - each.type.size() : 1, ' ');
    text += each.exchange ? report.id(*each.exchange) : std::string(12, ' ');
    switch (each.result) {
      case transport::ReceiveResult::accepted: text += "  accepted"; break;
      case transport::ReceiveResult::duplicate: text += "  known already"; break;
      case transport::ReceiveResult::refused: text += "  " + report.bad("refused"); break;
    }
    if (each.error) text += ": " + sentence(*each.error) + " [" + std::string(ledger::name(each.error->token)) + "]";
    text += "\n";
  }
  return text;
}

namespace {

bool has_height(const Event& event) {
  return event.what == "committed" || event.what == "block" || event.what == "fork";
}

}  // namespace

bool is_told(const Event& event) { return event.what != "requested"; }

Json events_value(const std::vector<Event>& events) {
  Json list = Json::array();
  for (const auto& each : events) {
    if (!is_told(each)) continue;
    Json value{{"event", each.what}};
    if (each.exchange) value["exchange"] = to_hex(*each.exchange);
    if (has_height(each)) {
      value["height"] = std::stoull(each.detail);
    } else {
      value["detail"] = each.detail;
    }
    list.push_back(std::move(value));
  }
  return list;
}

namespace {

/// Why an exchange is over, in words where they are known.
std::string over_text(const State& state, const Event& event) {
  const auto record = event.exchange ? exchanges.get(state, *event.exchange) : std::nullopt;
  const auto known = std::ranges::find(all_tokens(), event.detail, &TokenInfo::name);
  if (known == all_tokens().end()) return printable(event.detail);
  const bool has_reason = record && !record->reason.empty();
  return printable(has_reason ? record->reason : std::string(known->meaning)) + " [" + std::string(known->name) + "]";
}

}  // namespace

std::string event_text(const Report& report, const State& state, const Event& event) {
  if (!is_told(event) || (event.what == "block" && !report.verbose())) return {};
  if (event.what == "exchange-over" && event.exchange) {
    return event.what + " " + report.id(*event.exchange) + ": " + over_text(state, event) + "\n";
  }
  return event.what + (event.exchange ? " " + report.id(*event.exchange) : "") + ": " +
         (has_height(event) ? "block " : "") + printable(event.detail) + "\n";
}

std::string step_text(Step step) {
  switch (step) {
    case Step::request: return "the owner has the request, the witnesses its id";
    case Step::grant: return "the encrypted book is at the requester, a share of its key at each witness";
    case Step::consent: return "the owner has the request id; the requester cannot go back";
    case Step::check_id: return "the witnesses are asked whether the requester gave them this id";
    case Step::release: return "the requester has the key";
    case Step::open: return "the book is decrypted, every chunk is as registered";
    case Step::check_key: return "the witnesses are asked for the key commitment they hold";
    case Step::mine: return "the request is a transaction in a block that the peers now vote on";
    case Step::dispute: return "the proof that the owner cheated is in a block that the peers now vote on";
    case Step::abort:
      return "an ABORT is in a block that the peers now vote on: it gives the exchange up, and frees the book";
  }
  return "";
}

std::string step_text(Step step, const std::vector<transport::SentReport>& sent, const std::vector<PeerPort>& unheard) {
  const bool waits = std::ranges::any_of(sent, [&](const auto& each) { return is_in(unheard, each.to); });
  return waits ? "done at this peer; what is queued leaves as soon as the other side can take it" : step_text(step);
}

std::optional<Error> delivery_failure(const transport::Report& report) {
  if (report.undelivered.empty()) {
    if (report.troubles.empty()) return std::nullopt;
    auto first = report.troubles.front();
    first.what += "; what was done stands";
    if (first.hint.empty()) first.hint = "receive";
    return first;
  }
  std::string ports;
  for (const auto& [port, error] : report.undelivered)
    ports += (ports.empty() ? "" : ", ") + std::to_string(port.value);
  const auto& first = report.undelivered.begin()->second;
  return Error{first.token, "what was done stands, and messages to " + ports + " wait in the outbox: " + first.what,
               first.subject, "receive"};
}

std::string state_of(const State& state, const ExchangeId& exchange) {
  const auto record = exchanges.get(state, exchange);
  return record ? std::string(ledger::name(record->state)) : std::string();
}

std::optional<Error> over_error(const State& state, const ExchangeId& exchange) {
  const auto record = exchanges.get(state, exchange);
  if (!record || !is_over(record->state)) return std::nullopt;
  // The reason is another peer's: it stands for nothing that the program says.
  const auto reason = record->reason.empty() ? std::string() : ": " + without_quotes(record->reason);
  Error error{Token::exchange_over, "the exchange is over (" + std::string(ledger::name(record->state)) + ")" + reason,
              to_hex(exchange), new_request(*record)};
  const auto known = std::ranges::find(all_tokens(), record->token, &TokenInfo::name);
  if (known != all_tokens().end() && known->exit_code == 3) error.token = known->token;
  return error;
}

}  // namespace bookchain::cli
