#include "cli/waiting.hpp"

#include <algorithm>

#include "cli/next_steps.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::size_t most_looked_at = 1024;  ///< of the open exchanges, most of them perhaps of a witness
constexpr std::size_t most_of_own = 64;
constexpr std::size_t most_lines = 4;
constexpr std::chrono::milliseconds look_again_every{900};
constexpr std::chrono::seconds told_after{2};

}  // namespace

std::vector<Waiting> waits(const Node& node, const State& state) {
  std::vector<Waiting> found;
  std::size_t own = 0;
  auto open = open_exchanges(state);
  if (open.size() > most_looked_at) open.resize(most_looked_at);
  for (const auto& exchange : open) {
    const auto record = exchanges.get(state, exchange);
    if (!record || record->role == Role::witness || has_ended(record->state)) continue;
    if (++own > most_of_own) break;
    auto guidance = guide(node, state, exchange);
    if (guidance.due || guidance.waiting_for.empty()) continue;
    found.push_back(Waiting{exchange, std::move(guidance.waiting_for), std::move(guidance.hint)});
  }
  return found;
}

std::string wait_text(const Waiting& wait) {
  return short_id(wait.exchange) + " waits for " + ports_text(wait.ports) +
         (wait.hint.empty() ? std::string() : "; " + wait.hint);
}

std::string waits_text(const std::vector<Waiting>& waits) {
  std::string text;
  for (std::size_t i = 0; i < std::min(waits.size(), most_lines); ++i) text += wait_text(waits[i]) + "\n";
  if (waits.size() > most_lines) text += "and more: list-exchanges --open\n";
  return text;
}

Awaited awaited(const Session& session, Home& home, const ExchangeId& exchange) {
  const auto guidance = guide(home, exchange);
  Awaited result{{}, go_on_hint(session, guidance)};
  if (!guidance.waiting_for.empty()) result.what = ", waiting for " + ports_text(guidance.waiting_for);
  if (!guidance.hint.empty()) result.what += "; " + guidance.hint;
  if (result.hint.empty()) result.hint = session.command_at(home.port(), "show-exchange " + short_id(exchange));
  return result;
}

bool WaitTeller::look() {
  const auto now = Clock::now();
  if (now < look_again_) return true;
  look_again_ = now + look_again_every;
  bool heard = true;
  std::map<ExchangeId, Seen> seen;
  for (const auto& wait : waits(home_.node(), home_.store())) {
    const auto before = seen_.find(wait.exchange);
    const bool same = before != seen_.end() && before->second.wait == wait;
    auto& entry = seen.emplace(wait.exchange, same ? before->second : Seen{wait, now}).first->second;
    if (entry.told || now - entry.since < told_after) continue;
    entry.told = true;
    heard = tell_(entry.wait) && heard;
  }
  seen_ = std::move(seen);
  return heard;
}

bool tell_wait_event(const Report& report, const Waiting& wait) {
  Json ports = Json::array();
  for (const auto port : wait.ports) ports.push_back(port.value);
  return report.event({{"event", "waiting"},
                       {"exchange", to_hex(wait.exchange)},
                       {"waiting_for", ports},
                       {"hint", wait.hint.empty() ? Json(nullptr) : Json(wait.hint)}},
                      "waiting: " + wait_text(wait));
}

}  // namespace bookchain::cli
