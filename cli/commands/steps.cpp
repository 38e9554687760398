// Steps 2 to 8 by hand, refuse and abort: one function, one row a step. EXCHANGE may be left out where
// just one exchange can be meant.
#include "cli/commands/commands.hpp"
#include "cli/guidance.hpp"
#include "cli/home.hpp"
#include "cli/next_steps.hpp"
#include "cli/outgoing.hpp"
#include "cli/progress.hpp"
#include "cli/rehearsal.hpp"
#include "cli/selection.hpp"
#include "cli/session.hpp"
#include "cli/step_choice.hpp"
#include "cli/turn_report.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Answer describe(const Session& session, Home& home, const transport::StepReport& step,
                const std::string& sentence_of_step) {
  Answer answer;
  answer.value = step_value(session, home, step);
  answer.value.erase("error");
  answer.brief = "";
  answer.shown_by = "show-exchange " + short_id(step.exchange);
  const auto guidance = guide(home, step.exchange);
  note_unheard(session, home);
  answer.text = session.report().bold(std::string(name(step.step)) + " " + short_id(step.exchange)) + ": " +
                (step.sent.empty() ? std::string("done before, nothing was sent") : sentence_of_step) + "\n";
  answer.text += sent_text(step.sent, unreached_peers(home.files(), home.store()));
  answer.text += "state  " + state_of(home.store(), step.exchange) + "\n";
  answer.text += next_text(session, guidance);
  return answer;
}

/// Rehearsals of a cheat, for lessons and tests: the rules allow them on test networks only.
constexpr const char* wrong_id_option = "rehearse-wrong-id";
constexpr const char* wrong_key_option = "rehearse-wrong-key";
constexpr const char* bad_chunk_option = "rehearse-bad-chunk";
constexpr const char* bad_shares_option = "rehearse-bad-shares";
/// Section 5: recording the exchange when the other side fell silent after consent.
constexpr const char* settle_option = "settle";
constexpr const char* claim_option = "without-owner";

Result<transport::Report> decide(Home& home, const Due& due, const Arguments& arguments) {
  std::optional<Wish> other;
  if (arguments.has(settle_option)) other = WishSettle{due.exchange};
  if (arguments.has(claim_option)) other = WishClaim{due.exchange};
  if (arguments.has(wrong_id_option)) other = WishConsent{due.exchange, home.environment().draw<RequestId>()};
  if (arguments.has(wrong_key_option)) other = WishRelease{due.exchange, home.environment().draw<BookKey>()};
  if (arguments.has(bad_chunk_option) || arguments.has(bad_shares_option)) {
    const auto cheat = arguments.has(bad_chunk_option) ? GrantCheat::bad_chunk : GrantCheat::bad_shares;
    BOOKCHAIN_TRY(other, rehearse_grant(home, due.exchange, cheat));
  }
  if (!other) return home.courier().take_step(due);
  BOOKCHAIN_TRY(auto report, home.courier().wish(*other));
  report.steps.push_back(transport::StepReport{due.exchange, due.step, report.sent, std::nullopt});
  return report;
}

Result<Answer> take(Session& session, const Arguments& arguments, Step step) {
  if (arguments.has(settle_option) && arguments.has(claim_option)) {
    return usage_error("one is for the owner, the other for the requester", "--settle --without-owner",
                       "bookchain mine --help");
  }
  const auto role = arguments.has(settle_option) ? Role::owner : role_of(step);
  BOOKCHAIN_TRY(auto files, session.peer());
  WorkProgress progress(session.report(), step == Step::grant ? "encrypting" : "decrypting");
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files), &progress));
  auto words = std::string(name(step));
  for (const auto* option : {settle_option, claim_option}) {
    if (arguments.has(option)) words += std::string(" --") + option;
  }
  const auto failed = [&](const Error& error) {
    return at_the_right_peer(session, home->store(), arguments.at(0), words, role, error);
  };
  const auto chosen = choose_exchange(*home, arguments.at(0), step, role);
  if (!chosen) return failed(chosen.error());
  const auto exchange = chosen.value();
  const auto before = exchanges.get(home->store(), exchange);
  const auto decided = decide(*home, Due{exchange, step}, arguments);
  const auto not_taken = [&](const Error& error) { return failed(with_what_goes_on(session, *home, exchange, error)); };
  if (!decided) return not_taken(decided.error());
  const auto& report = decided.value();
  if (report.steps.front().error) return not_taken(*report.steps.front().error);
  const bool only_asked =
      arguments.has(claim_option) && state_of(home->store(), exchange) != name(ExchangeState::mined);
  auto answer =
      describe(session, *home, report.steps.front(),
               only_asked ? "the witnesses are asked for what the owner should have asked them"
                          : step_text(step, report.steps.front().sent, unreached_peers(home->files(), home->store())));
  answer.failure = delivery_failure(report);
  // Opening sends nothing: that it was done before shows in the state alone.
  if (step == Step::open && report.steps.front().sent.empty()) {
    const bool done_before = before && before->plaintext_ready;
    answer.text = session.report().bold("open " + short_id(exchange)) + ": " +
                  (done_before ? "done before, nothing was sent" : step_text(step)) + "\nstate  " +
                  state_of(home->store(), exchange) + "\n" + next_text(session, guide(*home, exchange));
  }
  return answer;
}

template <Step step>
Result<Answer> run_step(Session& session, const Arguments& arguments) {
  return take(session, arguments, step);
}

/// Who may still give it up, as a peer sees it that may not.
Role who_aborts(const State& state, const Result<ExchangeId>& exchange) {
  const auto record = exchange ? exchanges.get(state, exchange.value()) : std::nullopt;
  return record && record->consent ? Role::owner : Role::requester;
}

template <class W>
Result<Answer> run_end(Session& session, const Arguments& arguments, const char* word, const char* sentence_of_step) {
  const bool refuses = std::is_same_v<W, WishRefuse>;
  const auto reason = arguments.get("reason").value_or("");
  if (!is_utf8(reason) || reason.size() > max_reason_bytes) {
    return usage_error("a reason is UTF-8 text of at most " + std::to_string(max_reason_bytes) + " bytes", "--reason");
  }
  BOOKCHAIN_TRY(auto files, session.peer());
  BOOKCHAIN_TRY(const auto home, Home::open(std::move(files)));
  const auto chosen = select_exchange(home->store(), *arguments.at(0));
  const auto failed = [&](const Error& error) {
    const auto role = refuses ? Role::owner : who_aborts(home->store(), chosen);
    return at_the_right_peer(session, home->store(), arguments.at(0), word, role, error);
  };
  if (!chosen) return failed(chosen.error());
  const auto exchange = chosen.value();
  const auto ended = home->courier().wish(W{exchange, reason});
  if (!ended) {
    auto error = with_what_goes_on(session, *home, exchange, ended.error());
    const auto left = guide(*home, exchange).give_up;
    if (refuses && error.token == Token::too_late && left) error.hint = session.command_at(left->port, left->words);
    return failed(error);
  }
  const auto& report = ended.value();
  // An owner that has granted gives up by the chain.
  const auto record = exchanges.get(home->store(), exchange);
  const bool is_up = record && has_ended(record->state);
  auto answer = describe(session, *home, transport::StepReport{exchange, Step::abort, report.sent, std::nullopt},
                         is_up ? sentence_of_step : step_text(Step::abort));
  answer.value["step"] = word;
  answer.failure = delivery_failure(report);
  if (refuses) {
    answer.text = session.report().bold("refuse " + short_id(exchange)) + ": " +
                  (report.sent.empty() ? "done before, nothing was sent" : sentence_of_step) + "\n" +
                  sent_text(report.sent, unreached_peers(home->files(), home->store())) + "state  " +
                  state_of(home->store(), exchange) + "\n";
  }
  return answer;
}

Result<Answer> run_refuse(Session& session, const Arguments& arguments) {
  return run_end<WishRefuse>(session, arguments, "refuse", "the requester is told; it must make a new request");
}

Result<Answer> run_abort(Session& session, const Arguments& arguments) {
  return run_end<WishAbort>(session, arguments, "abort", "the exchange is given up");
}

constexpr const char* exchange_help =
    "\n\nEXCHANGE is an id or the first 6 or more digits of it; where just one exchange can be meant it may\n"
    "be left out. Done before: exit 0, nothing is sent. Not due yet: exit 5, and what is due at whom.";

Command command_of_step(const char* word, const char* summary, const char* details,
                        Result<Answer> (*run)(Session&, const Arguments&), std::vector<OptionSpec> options = {}) {
  return Command{word, summary, details, {{"EXCHANGE", false}}, std::move(options), run};
}

}  // namespace

Command grant_command() {
  static const std::string details =
      std::string(
          "Makes a fresh key, checks every chunk of the book against its registration and encrypts it. The\n"
          "requester gets the encrypted book, each witness a share of the key that tells it nothing.") +
      exchange_help;
  return command_of_step("grant", "step 2, owner: encrypt the book, hand out shares of the key", details.c_str(),
                         run_step<Step::grant>,
                         {{bad_chunk_option, 0, OptionKind::flag, "", "test networks: encrypt another book"},
                          {bad_shares_option, 0, OptionKind::flag, "", "test networks: deal shares of another key"}});
}

Command consent_command() {
  static const std::string details =
      std::string(
          "The requester has the encrypted book and enough ACKs of witnesses: it gives the owner the request\n"
          "id and signs that it consents. From here it cannot go back.") +
      exchange_help;
  return command_of_step(
      "consent", "step 3, requester: give the owner the request id", details.c_str(), run_step<Step::consent>,
      {{wrong_id_option, 0, OptionKind::flag, "", "test networks: give the owner another id, to see what happens"}});
}

Command check_id_command() {
  static const std::string details =
      std::string(
          "The owner asks every witness whether the requester gave it the same id. More than half of the\n"
          "witnesses must say yes; with four peers that is both.") +
      exchange_help;
  return command_of_step("check-id", "step 4, owner: have the witnesses check the id", details.c_str(),
                         run_step<Step::check_id>);
}

Command release_command() {
  static const std::string details =
      std::string(
          "The witnesses agreed about the id: the owner gives the requester the key. From here the owner\n"
          "cannot abort.") +
      exchange_help;
  return command_of_step("release", "step 5, owner: give the requester the key", details.c_str(),
                         run_step<Step::release>,
                         {{wrong_key_option, 0, OptionKind::flag, "",
                           "test networks: give a key that does not fit, to see what happens"}});
}

Command open_command() {
  static const std::string details =
      std::string(
          "Decrypts the book and checks every chunk against its registration. The plaintext is kept aside\n"
          "until the chain says that the book is this peer's.") +
      exchange_help;
  return command_of_step("open", "step 6, requester: decrypt the book and check it", details.c_str(),
                         run_step<Step::open>);
}

Command check_key_command() {
  static const std::string details =
      std::string(
          "The requester asks every witness for the key commitment it holds; more than half of them must\n"
          "hold that of the key it got.") +
      exchange_help;
  return command_of_step("check-key", "step 7, requester: have the witnesses check the key", details.c_str(),
                         run_step<Step::check_key>);
}

Command mine_command() {
  static const std::string details =
      std::string(
          "Turns the request into a transaction and proposes it in the next block. All peers vote; when\n"
          "enough of them did, the block is final, the same at every peer, and the book is the requester's.\n"
          "By hand: every other peer receives, then this one, until show-exchange says committed.") +
      exchange_help;
  return command_of_step(
      "mine", "step 8, requester: record the exchange on the chain", details.c_str(), run_step<Step::mine>,
      {{settle_option, 0, OptionKind::flag, "", "owner: the requester consented and fell silent; record it as settled"},
       {claim_option, 0, OptionKind::flag, "",
        "requester: the owner fell silent after consent; go on with the witnesses alone. Asks them for their "
        "answers first; run it again when they came"}});
}

Command dispute_command() {
  static const std::string details =
      std::string(
          "The book that came is not the registered one, or the shares of its key are false: brings the proof,\n"
          "signed, to the chain. It ends the turn; after the transfer it gives the book back to the owner. Either\n"
          "way the chain keeps a mark against the owner, and anybody can check the proof.") +
      exchange_help;
  return command_of_step("dispute", "requester: prove on the chain that the owner cheated", details.c_str(),
                         run_step<Step::dispute>);
}

Command refuse_command() {
  return Command{"refuse",
                 "owner: decline a request before it is granted",
                 "The request is over for good, at every peer; a new one can be made. After grant, use abort.",
                 {{"EXCHANGE", true}},
                 {{"reason", 0, OptionKind::value, "TEXT", "what the requester is told", true}},
                 run_refuse};
}

Command abort_command() {
  return Command{
      "abort",
      "give an exchange up",
      "The requester may before its consent; the owner as long as it has not released the key. If the\n"
      "book was granted, the owner's ABORT goes into a block first: then the book can be granted anew.\n"
      "An ABORT in the chain carries no reason: what --reason says is then kept at the owner alone.",
      {{"EXCHANGE", true}},
      {{"reason", 0, OptionKind::value, "TEXT", "what the other side is told, where it is not granted", true}},
      run_abort};
}

}  // namespace bookchain::cli
