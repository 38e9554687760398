#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cli/commands/commands.hpp"
#include "cli/event_teller.hpp"
#include "cli/grant_rules.hpp"
#include "cli/misbehaviour.hpp"
#include "cli/next_steps.hpp"
#include "cli/serving.hpp"
#include "cli/waiting.hpp"
#include "transport/socket_link.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Error unheard(const Report& report) { return report.unwritten("the events cannot be written"); }

/// An exchange that is still open at this peer, one in which others are awaited if there is one; and how many more are.
std::optional<Error> open_exchanges_error(const Session& session, Home& home) {
  std::vector<ExchangeId> open;
  for (const auto& exchange : open_exchanges(home.store())) {
    const auto record = exchanges.get(home.store(), exchange);
    if (record && !has_ended(record->state)) open.push_back(exchange);
  }
  if (open.empty()) return std::nullopt;
  const auto waits = [&](const ExchangeId& exchange) { return !guide(home, exchange).waiting_for.empty(); };
  const auto waiting = std::ranges::find_if(open, waits);
  const auto& told = waiting == open.end() ? open.front() : *waiting;
  const auto missing = awaited(session, home, told);
  const auto more = open.size() == 1 ? std::string() : "; " + std::to_string(open.size() - 1) + " more are";
  return Error{Token::waiting, "an exchange is still open" + missing.what + more, to_hex(told), missing.hint};
}

/// `rules` are those of a file that --grant names, if it names one.
Result<ServePlan> read_plan(const Arguments& arguments, std::optional<GrantRules>& rules) {
  ServePlan plan;
  const auto grant = arguments.get("grant").value_or("all");
  plan.policy.grants = grant != "none";
  if (grant != "all" && grant != "none") {
    auto loaded = load_grant_rules(grant);
    if (!loaded && loaded.error().token == Token::no_such_file) {
      return usage_error("--grant takes all, none or a file of rules", grant);
    }
    BOOKCHAIN_TRY(rules, std::move(loaded));
    plan.policy.judge = [&rules](PeerPort owner, const State& state) {
      return [judge = GrantJudge(*rules, owner, state)](const ExchangeRecord& record) mutable {
        return judge.judge(record);
      };
    };
  }
  plan.policy.steps = !arguments.has("manual");
  if (const auto idle = arguments.get("until-idle")) {
    BOOKCHAIN_TRY(const auto time, seconds_to_microseconds("--until-idle", idle->empty() ? "1" : *idle));
    plan.until_idle = std::chrono::microseconds(time);
  }
  if (const auto after = arguments.get("recover-after")) {
    plan.recover_after.reset();
    if (*after != "never") {
      BOOKCHAIN_TRY(const auto time, seconds_to_microseconds("--recover-after", *after));
      if (time > 0) plan.recover_after = std::chrono::microseconds(time);
    }
  }
  return plan;
}

/// Null unless the peer is to misbehave.
Result<std::unique_ptr<Misbehaviour>> misbehaviour(const Session& session, Home& home, const Arguments& arguments,
                                                   ServePlan& plan) {
  const auto kind = arguments.get("misbehave");
  if (!kind) return std::unique_ptr<Misbehaviour>{};
  BOOKCHAIN_TRY(auto made, Misbehaviour::make(home, *kind));
  if (made->grants_by_itself()) plan.policy.grants = false;
  plan.after_turn = [&act = *made] { return act.after_turn(); };
  home.courier().set_tamper(made.get());
  session.report().warning("this peer misbehaves: " + *kind);
  return made;
}

std::string details() {
  std::string text =
      "Runs until SIGINT (exit 130) or SIGTERM (exit 0). Tells what happens, one line an event; with\n"
      "-o json one object a line; also whom an exchange has waited for, for two seconds or more. Other\n"
      "commands may be used on the same home meanwhile. Never ends an exchange because of time alone.\n"
      "Where nothing moved for --recover-after seconds after the consent, it completes the exchange\n"
      "without the other side: a requester has it claimed and takes the key from the witnesses, an owner\n"
      "has it settled. It also asks again for an encrypted book that did not come beside its grant.\n"
      "\n"
      "--grant FILE: YAML with rules; a request is granted if one of them fits, and else refused or left:\n"
      "  bookchain: 1\n"
      "  grants:\n"
      "    - peer: 5000         # this peer, and if no book stands here any book\n"
      "      book: \"9a75c0\"     # the first 6 or more digits of its id\n"
      "      count: 1           # so many grants by this rule at most\n"
      "  otherwise: refuse      # or wait, for a person\n"
      "  reason: \"ask first\"    # what the requester sees\n"
      "\n"
      "On test networks (init --seed) --misbehave shows what one peer can do against the others. What other\n"
      "commands do on its home is honest; requests to lie in come with --requests. KIND:\n";
  for (const auto& kind : misbehaviour_kinds()) {
    constexpr std::size_t columns = 26;
    std::string line = "  " + std::string(kind.name);
    line.resize(std::max(line.size() + 2, columns), ' ');
    text += line + std::string(kind.summary) + "\n";
  }
  text +=
      "What several liars do together, or one with bytes that no home writes, is played by the simulator\n"
      "(docs/simulator.md).";
  return text;
}

Result<Answer> run_serve(Session& session, const Arguments& arguments) {
  std::optional<GrantRules> rules;
  BOOKCHAIN_TRY(auto plan, read_plan(arguments, rules));
  std::optional<RequestStream> requests;
  if (const auto file = arguments.get("requests")) {
    BOOKCHAIN_TRY(requests, RequestStream::open(*file));
    plan.requests = &*requests;
  }
  BOOKCHAIN_TRY(auto files, session.peer());
  if (rules) BOOKCHAIN_CHECK(check_peers(*rules, *arguments.get("grant"), files->genesis));
  // Before the lock: a signal that comes while waiting for it ends the program as well.
  const StopSignals signals;
  StopOnSignal stop(signals);
  auto opened = Home::open(std::move(files), &stop, Home::Role::serve);
  Answer answer;
  answer.printed = true;
  if (!opened && opened.error().token == Token::interrupted && signals.caught() == SIGTERM) return answer;
  BOOKCHAIN_TRY(const auto home, std::move(opened));
  BOOKCHAIN_TRY(const auto lies, misbehaviour(session, *home, arguments, plan));
  plan.policy.shows_deliveries = session.report().format() != Format::text;
  EventTeller teller(session, *home);
  WaitTeller waits(*home, [&](const Waiting& wait) { return tell_wait_event(session.report(), wait); });
  plan.tell = [&](const transport::Report& report) { return teller.tell(report) && waits.look(); };
  const auto port = std::to_string(home->port().value);
  const auto& out = session.report();
  const bool heard =
      out.event({{"event", "started"}, {"port", home->port().value}, {"pid", ::getpid()}},
                "serving " + port + " of network " + short_id(home->genesis().id()) + "; Ctrl-C stops it");
  if (!heard) return unheard(out);
  if (home->sockets() != nullptr && home->sockets()->is_beside()) {
    out.warning("another process serves " + port + "; this one works beside it, and listens only when that one ends");
  }
  BOOKCHAIN_TRY(const auto end, serve_home(session, *home, signals, plan));
  if (end == ServeEnd::unheard || !teller.tell_rest()) return unheard(out);
  std::string reason = "idle";
  if (end == ServeEnd::interrupted) reason = "interrupted";
  if (end == ServeEnd::terminated) reason = "terminated";
  if (!out.event({{"event", "stopped"}, {"reason", reason}}, "stopped: " + reason)) return unheard(out);
  if (end == ServeEnd::interrupted) answer.exit_code = exit_code_interrupted;
  if (end == ServeEnd::idle) answer.failure = open_exchanges_error(session, *home);
  if (end == ServeEnd::idle && requests && requests->failure()) answer.failure = requests->failure();
  if (end == ServeEnd::idle && !answer.failure && requests) answer.failure = requests->all_refused();
  return answer;
}

}  // namespace

Command serve_command() {
  static const auto page = details();
  return Command{
      "serve",
      "take in, answer, vote and take every step that is due, until a signal",
      page.c_str(),
      {},
      {{"grant", 0, OptionKind::value, "WHOM", "whom to grant requests to: all (default), none, or a file of rules"},
       {"recover-after", 0, OptionKind::value, "SECONDS",
        "go on without a silent other side, or ask again, after that time (default 600); 0 or never: wait for ever"},
       {"misbehave", 0, OptionKind::value, "KIND", "test networks: break the rules in one way, see above"},
       {"manual", 0, OptionKind::flag, "", "only take in, answer and vote; take no step"},
       {"requests", 0, OptionKind::value, "FILE",
        "make a request for each line OWNER SELECTOR of FILE as it comes; - is standard input"},
       {"until-idle", 0, OptionKind::optional_value, "SECONDS",
        "stop when nothing came or was due that long (default 1); exit 5 if an exchange is still open"}},
      run_serve};
}

}  // namespace bookchain::cli
