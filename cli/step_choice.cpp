#include "cli/step_choice.hpp"

#include "cli/guidance.hpp"
#include "cli/next_steps.hpp"
#include "cli/selection.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

Role role_of(Step step) {
  switch (step) {
    case Step::grant:
    case Step::check_id:
    case Step::release: return Role::owner;
    case Step::request:
    case Step::consent:
    case Step::open:
    case Step::check_key:
    case Step::mine:
    case Step::abort:
    case Step::dispute: break;
  }
  return Role::requester;
}

namespace {

using Fits = std::function<bool(const ExchangeId&)>;

/// "4456faf67905 grant at 5001, ...": the next step in each open exchange that fits, of the first few.
std::string what_is_due(const Home& home, const State& state, const Fits& fits) {
  constexpr std::size_t most = 8;
  std::vector<ExchangeId> found;
  for (const auto& exchange : open_exchanges(state)) {
    if (found.size() > most) break;
    if (fits(exchange)) found.push_back(exchange);
  }
  std::string text;
  for (std::size_t i = 0; i < found.size() && i < most; ++i) {
    const auto guidance = guide(home.node(), state, found[i]);
    const auto* next = next_step(guidance);
    text += (i == 0 ? "" : ", ") + short_id(found[i]) + " ";
    if (next != nullptr) {
      text += step_word(*next) + " at " + std::to_string(next->port.value);
    } else {
      text += guidance.repeat ? "votes" : "nothing";
    }
  }
  return text + (found.size() > most ? ", ..." : "");
}

}  // namespace

Result<ExchangeId> choose_exchange(Home& home, const std::optional<std::string>& named, Step step, Role role) {
  const auto& state = home.store();
  if (named) return select_exchange(state, *named);
  const auto of_role = [&](const ExchangeId& exchange) { return exchanges.get(state, exchange)->role == role; };
  const auto runs = [&](const ExchangeId& exchange) { return !has_ended(exchanges.get(state, exchange)->state); };
  const auto runs_in_role = [&](const ExchangeId& exchange) { return of_role(exchange) && runs(exchange); };
  const auto word = std::string(name(step));
  auto found = select_only_exchange(state, Among::open, word, [&](const ExchangeId& exchange) {
    return home.node().due_step(state, exchange) == step;
  });
  if (found || found.error().token == Token::ambiguous) return found;
  for (const auto& [among, wider] : {std::pair(Among::open, Fits(runs_in_role)), std::pair(Among::all, Fits(of_role)),
                                     std::pair(Among::open, Fits(runs))}) {
    auto only = select_only_exchange(state, among, word, wider);
    if (only) return only;
    // Of all, and not only the open ones, several are several that are over.
    if (only.error().token != Token::ambiguous || among == Among::all) continue;
    return Error{Token::wrong_step,
                 "the step is due in none of the exchanges here, but " + what_is_due(home, state, wider), word,
                 "list-exchanges"};
  }
  return Error{Token::wrong_step, "no exchange is open here in which the step could be due", word, "receive"};
}

Error at_the_right_peer(const Session& session, const State& state, const std::optional<std::string>& named,
                        const std::string& words, Role role, Error error) {
  if (error.token == Token::unknown_exchange && named) {
    const auto requester = who_gave_id(state, *named);
    if (!requester) return error;
    // Who the owner is, the requester alone can say.
    const auto there = role == Role::requester ? words : std::string("show-exchange");
    return Error{Token::unexpected, "this peer is a witness of the exchange, not its " + std::string(name(role)),
                 *named, session.command_at(*requester, there + " " + *named)};
  }
  if (error.token != Token::unexpected) return error;
  const auto exchange = fixed_from_hex<ExchangeId>(error.subject);
  const auto record = exchange ? exchanges.get(state, *exchange) : std::nullopt;
  if (!record || record->role == role) return error;
  const auto port = role == Role::owner ? owner_of(*record) : requester_of(*record);
  error.hint = session.command_at(port, words + " " + short_id(*exchange));
  return error;
}

Error with_what_goes_on(const Session& session, Home& home, const ExchangeId& exchange, Error error) {
  constexpr int not_yet = 5;
  if (exit_code(error.token) != not_yet && error.token != Token::too_late) return error;
  if (auto hint = go_on_hint(session, guide(home, exchange)); !hint.empty()) error.hint = std::move(hint);
  return error;
}

}  // namespace bookchain::cli
