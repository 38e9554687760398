#include "cli/event_teller.hpp"

#include <algorithm>

#include "cli/turn_report.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

bool runs(const State& state, const ExchangeId& exchange) {
  const auto record = exchanges.get(state, exchange);
  return record && !has_ended(record->state);
}

/// The event that the rules note when an exchange ends.
Event end_of(const ExchangeId& exchange, const ExchangeRecord& record) {
  if (record.state == ExchangeState::committed) {
    return Event{"committed", exchange, std::to_string(record.height.value_or(Height{}).value)};
  }
  return Event{"exchange-over", exchange, record.token.empty() ? record.reason : record.token};
}

}  // namespace

EventTeller::EventTeller(const Session& session, Home& home)
    : session_(session),
      home_(home),
      foreign_commits_(home.store().foreign_commits()),
      height_(chain_head(home.genesis(), home.store()).height) {
  follow_open_exchanges();
}

void EventTeller::follow(const ExchangeId& exchange) {
  if (!running_.contains(exchange) && runs(home_.store(), exchange)) running_.insert(exchange);
}

void EventTeller::follow_open_exchanges() {
  for (const auto& exchange : open_exchanges(home_.store())) follow(exchange);
}

/// What other processes of this home committed since the last turn. `told` are the events of this one.
std::vector<Event> EventTeller::missed(const std::vector<Event>& told) {
  std::vector<Event> events;
  const auto add = [&](Event event) {
    const bool is_told = std::ranges::any_of(told, [&](const Event& each) {
      return each.what == event.what && each.exchange == event.exchange && each.detail == event.detail;
    });
    if (!is_told) events.push_back(std::move(event));
  };
  const auto head = chain_head(home_.genesis(), home_.store()).height;
  while (height_ < head) {
    ++height_.value;
    add(Event{"block", std::nullopt, std::to_string(height_.value)});
  }
  // Without another process's commit, what ended has an event of this turn.
  const auto before = foreign_commits_;
  foreign_commits_ = home_.store().foreign_commits();
  if (foreign_commits_ == before) return events;
  std::erase_if(running_, [&](const ExchangeId& exchange) {
    if (runs(home_.store(), exchange)) return false;
    if (const auto record = exchanges.get(home_.store(), exchange)) add(end_of(exchange, *record));
    return true;
  });
  follow_open_exchanges();
  return events;
}

bool EventTeller::tell_event(const Event& event, RefusalLimit::Time now) {
  if (!blames_.admit(event, now) || !is_told(event)) return true;
  const auto& out = session_.report();
  return out.event_from([&] { return events_value({event}).front(); },
                        [&] {
                          auto line = event_text(out, home_.store(), event);
                          if (!line.empty()) line.pop_back();
                          return line;
                        });
}

bool EventTeller::tell_untold(const std::vector<RefusalLimit::Untold>& untold) {
  const auto& out = session_.report();
  bool heard = true;
  for (const auto& [sender, count] : untold) {
    const auto text = std::to_string(sender.value) + "  " + std::to_string(count) + " more " + out.bad("refused");
    heard = out.event({{"event", "refused"}, {"place", sender.value}, {"count", count}}, text) && heard;
  }
  return heard;
}

bool EventTeller::tell_untold(const std::vector<BlameLimit::Untold>& untold) {
  bool heard = true;
  for (const auto& [event, blamed, count] : untold) {
    const auto text = event + ": " + std::to_string(blamed.value) + ", " + std::to_string(count) + " more";
    heard =
        session_.report().event({{"event", event}, {"detail", std::to_string(blamed.value)}, {"count", count}}, text) &&
        heard;
  }
  return heard;
}

bool EventTeller::tell_received(const transport::ReceivedReport& received, RefusalLimit::Time now) {
  const auto& out = session_.report();
  if (received.result == transport::ReceiveResult::duplicate) return true;
  const auto sender = received.from ? received.from : received.place;
  const bool refused = received.result == transport::ReceiveResult::refused;
  if (refused && sender && !refusals_.admit(*sender, now)) return true;
  const auto value = [&] {
    Json event{{"event", "received"}};
    event.update(received_value({received}).front());
    return event;
  };
  const auto text = [&] {
    if (!out.verbose() && !refused) return std::string();
    auto line = received_text(out, {received});
    line.pop_back();
    return line;
  };
  return out.event_from(value, text);
}

bool EventTeller::tell_step(const transport::StepReport& step) {
  const auto& out = session_.report();
  const auto value = [&] {
    Json event{{"event", "step"}};
    event.update(step_value(session_, home_, step));
    return event;
  };
  const auto text = [&] {
    const auto done = step.error ? out.bad("failed") + ": " + sentence(*step.error) : step_text(step.step);
    return std::string(name(step.step)) + " " + short_id(step.exchange) + ": " + done;
  };
  return out.event_from(value, text);
}

bool EventTeller::tell(const transport::Report& report) {
  const auto now = std::chrono::steady_clock::now();
  Report::Together together(session_.report());
  bool heard = tell_untold(refusals_.take_untold(now));
  heard = tell_untold(blames_.take_untold(now)) && heard;
  for (const auto& event : missed(report.events)) heard = tell_event(event, now) && heard;
  for (const auto& each : report.received) {
    if (each.exchange) follow(*each.exchange);
  }
  for (const auto& each : report.wishes) {
    if (each.exchange) follow(*each.exchange);
  }
  for (const auto& each : report.received) heard = tell_received(each, now) && heard;
  for (const auto& step : report.steps) heard = tell_step(step) && heard;
  for (const auto& each : report.events) {
    heard = tell_event(each, now) && heard;
    if (each.exchange && !runs(home_.store(), *each.exchange)) running_.erase(*each.exchange);
  }
  return together.write() && heard;
}

}  // namespace bookchain::cli
