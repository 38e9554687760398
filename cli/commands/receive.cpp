#include <algorithm>
#include <chrono>

#include "cli/commands/commands.hpp"
#include "cli/home.hpp"
#include "cli/mailbox.hpp"
#include "cli/next_steps.hpp"
#include "cli/outgoing.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/turn_report.hpp"
#include "cli/waiting.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::chrono::seconds lock_held_at_most{2};

void append(transport::Report& all, transport::Report report) {
  const auto move_into = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move_into(all.received, report.received);
  move_into(all.sent, report.sent);
  move_into(all.steps, report.steps);
  move_into(all.events, report.events);
  move_into(all.troubles, report.troubles);
  all.deliveries += report.deliveries;
  all.undelivered = std::move(report.undelivered);
  all.more_waits = report.more_waits;
  all.sweeps = report.sweeps;
}

/// Takes in everything that waits at the start, or `limit` messages; then one step of each exchange if asked for.
/// Who sends faster than this peer takes in does not hold it here.
Result<transport::Report> take_in(Home& home, std::optional<std::uint64_t> limit, bool steps) {
  transport::Report all;
  transport::Courier::Intake intake;
  if (limit) intake.messages = *limit;
  home.collect();
  const auto at_start = home.courier().count_waiting();
  auto since = std::chrono::steady_clock::now();
  for (;;) {
    BOOKCHAIN_TRY(auto report, home.courier().turn(intake, transport::Policy{}));
    append(all, std::move(report));
    if (!all.more_waits || limit || (all.deliveries > at_start && !all.sweeps)) break;
    if (std::chrono::steady_clock::now() - since < lock_held_at_most) continue;
    // Other commands on this home have their turn in between.
    home.release();
    BOOKCHAIN_CHECK(home.take({}));
    since = std::chrono::steady_clock::now();
  }
  // Over sockets the package of a large book comes once it is asked for, and its message behind it.
  while (!limit && home.is_fetching() && home.collect()) {
    BOOKCHAIN_TRY(auto report, home.courier().turn(intake, transport::Policy{}));
    append(all, std::move(report));
  }
  if (!steps) return all;
  intake.messages = 0;
  BOOKCHAIN_TRY(auto report, home.courier().turn(intake, transport::Policy{true, true, true}));
  append(all, std::move(report));
  return all;
}

/// That a peer has as much waiting as it takes is told and no failure, unless a step taken now sent something to it:
/// else whoever lets its spool fill up would make every command of the others fail.
std::optional<Error> failure_of(const Session& session, transport::Report& report, Json& value) {
  value["undelivered"] = Json::array();
  for (const auto& [port, error] : report.undelivered) {
    value["undelivered"].push_back({{"port", port.value}, {"token", name(error.token)}});
  }
  const auto is_for = [](PeerPort port) { return [port](const auto& sent) { return sent.to == port; }; };
  std::vector<PeerPort> held_back;
  std::erase_if(report.undelivered, [&](const auto& each) {
    const auto is_for_it = is_for(each.first);
    const bool by_a_step =
        std::ranges::any_of(report.steps, [&](const auto& step) { return std::ranges::any_of(step.sent, is_for_it); });
    if (each.second.token != Token::over_quota || by_a_step) return false;
    held_back.push_back(each.first);
    return true;
  });
  if (!held_back.empty()) {
    session.report().note("messages to " + ports_text(held_back) +
                          " wait in the outbox until these have taken in what lies in their spools");
  }
  return delivery_failure(report);
}

/// What came of it; of a book that is now on the shelf, how to read it.
std::string events_text(const Session& session, const Home& home, const State& state,
                        const std::vector<Event>& events) {
  std::string text;
  for (const auto& event : events) {
    text += event_text(session.report(), state, event);
    const auto record = event.exchange ? exchanges.get(state, *event.exchange) : std::nullopt;
    if (event.what == "committed" && record) text += reading_text(session, home.port(), *record);
  }
  return text;
}

std::string due_text(const Session& session, const Home& home, const State& state) {
  const auto due = home.node().due(state);
  if (due.empty()) return {};
  std::string text = "due here:\n";
  for (const auto& each : due) {
    text += "  " + session.command_at(home.port(), std::string(name(each.step)) + " " + short_id(each.exchange)) + "\n";
  }
  return text;
}

Json due_value(const Home& home, const State& state) {
  Json list = Json::array();
  for (const auto& each : home.node().due(state)) {
    list.push_back({{"exchange", to_hex(each.exchange)}, {"step", name(each.step)}});
  }
  return list;
}

/// A line that takes the steps which are due here, of the first few; null where none is.
Json due_line(const Session& session, const Home& home, const State& state) {
  constexpr std::size_t most = 8;
  Guidance steps;
  for (const auto& each : home.node().due(state)) {
    if (steps.commands.size() == most) break;
    steps.commands.push_back(CommandAt{home.port(), std::string(name(each.step)) + " " + short_id(each.exchange)});
  }
  return next_value(session, steps);
}

/// What both commands end with: the steps that are due here, and those who lack the newest block.
void add_what_is_next(const Session& session, Home& home, Answer& answer) {
  const auto spreading = guide_newest_block(home);
  answer.value["due"] = due_value(home, home.store());
  answer.value["next"] = next_value(session, spreading);
  if (answer.value["next"].is_null()) answer.value["next"] = due_line(session, home, home.store());
  answer.text += next_text(session, spreading);
  note_unheard(session, home);
  answer.brief = "";
  answer.shown_by = "status";
}

Result<std::optional<std::uint64_t>> limit_of(const Arguments& arguments) {
  const auto text = arguments.get("limit");
  if (!text) return std::optional<std::uint64_t>{};
  BOOKCHAIN_TRY(const auto limit, whole_number("--limit", *text, 1, 1'000'000));
  return std::optional(limit);
}

Result<Answer> run_receive(Session& session, const Arguments& arguments) {
  BOOKCHAIN_TRY(const auto limit, limit_of(arguments));
  BOOKCHAIN_TRY(auto files, session.peer());
  WorkProgress progress(session.report(), "taking in");
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files), &progress));
  BOOKCHAIN_TRY(auto report, take_in(*home, limit, false));
  Answer answer;
  answer.value["received"] = received_value(report.received);
  answer.value["events"] = events_value(report.events);
  answer.failure = failure_of(session, report, answer.value);
  answer.text = report.received.empty() ? "nothing was waiting\n" : received_text(session.report(), report.received);
  if (!report.sent.empty()) answer.text += sent_text(report.sent, unreached_peers(home->files(), home->store()));
  answer.text += events_text(session, *home, home->store(), report.events);
  answer.text += due_text(session, *home, home->store());
  if (report.received.empty()) answer.text += waits_text(waits(home->node(), home->store()));
  add_what_is_next(session, *home, answer);
  return answer;
}

/// Says what waits and which steps are due now, and changes nothing.
Result<Answer> dry_run(Session& session) {
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto reader, Reader::open(std::move(files)));
  Answer answer;
  BOOKCHAIN_TRY(const auto mailbox, Mailbox::open(*reader));
  answer.value["received"] = Json::array();
  mailbox.each_in_inbox([&](const Letter& letter) {
    if (letter.type == delivery_note_type) return true;
    auto value = letter_value(letter);
    for (const auto* key : {"to", "size", "reason"}) value.erase(key);
    value["result"] = nullptr;
    if (!letter.error) value["token"] = nullptr;
    answer.text += "would take in  " + (letter.type.empty() ? "what cannot be opened" : letter.type) +
                   (letter.from ? " of " + std::to_string(letter.from->value) : std::string()) + "\n";
    answer.value["received"].push_back(std::move(value));
    return true;
  });
  answer.value["steps"] = Json::array();
  for (const auto& due : reader->node().due(reader->state())) {
    Json value;
    value["exchange"] = to_hex(due.exchange);
    value["step"] = name(due.step);
    value["state"] = state_of(reader->state(), due.exchange);
    value["sent"] = Json::array();
    value["next"] = next_value(session, guide(*reader, due.exchange));
    answer.value["steps"].push_back(std::move(value));
    answer.text += "would take  " + std::string(name(due.step)) + " " + short_id(due.exchange) + "\n";
  }
  if (answer.text.empty()) answer.text = "nothing waits, no step is due\n";
  return answer;
}

Result<Answer> run_step(Session& session, const Arguments& arguments) {
  if (arguments.has("dry-run")) return dry_run(session);
  BOOKCHAIN_TRY(auto files, session.peer());
  WorkProgress progress(session.report(), "working");
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files), &progress));
  BOOKCHAIN_TRY(auto report, take_in(*home, std::nullopt, true));
  Answer answer;
  answer.value["received"] = received_value(report.received);
  answer.value["steps"] = Json::array();
  answer.text = received_text(session.report(), report.received);
  const auto unheard = unreached_peers(home->files(), home->store());
  for (const auto& step : report.steps) {
    answer.value["steps"].push_back(step_value(session, *home, step));
    const auto done = step_text(step.step, step.sent, unheard);
    answer.text += session.report().bold(std::string(name(step.step)) + " " + short_id(step.exchange)) + ": " +
                   (step.error ? session.report().bad("failed") + ": " + sentence(*step.error) : done) + "\n" +
                   (step.error ? std::string() : sent_text(step.sent, unheard)) +
                   next_text(session, guide(*home, step.exchange));
    if (step.error && !answer.failure) answer.failure = step.error;
  }
  answer.value["events"] = events_value(report.events);
  answer.text += events_text(session, *home, home->store(), report.events);
  auto undelivered = failure_of(session, report, answer.value);
  if (!answer.failure) answer.failure = std::move(undelivered);
  if (report.received.empty() && report.steps.empty()) {
    answer.text = "nothing was waiting, no step is due\n" + waits_text(waits(home->node(), home->store()));
  }
  add_what_is_next(session, *home, answer);
  return answer;
}

}  // namespace

Command receive_command() {
  return Command{"receive",
                 "take in all waiting messages, answer and vote; start no step",
                 "Checks, stores and acknowledges what the other peers delivered, answers their questions, votes, and\n"
                 "carries on a block that this peer's mine began. Exit 0 whatever it refused: what was refused, and\n"
                 "why, stands in the result.",
                 {},
                 {{"limit", 0, OptionKind::value, "K", "take in at most K messages"}},
                 run_receive};
}

Command step_command() {
  return Command{"step",
                 "receive, then the next due step of each exchange",
                 "For going on without naming each step: run it at every peer, again and again.",
                 {},
                 {{"dry-run", 0, OptionKind::flag, "", "say which steps are due, and do nothing"}},
                 run_step};
}

}  // namespace bookchain::cli
