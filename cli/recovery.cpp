#include "cli/recovery.hpp"

#include <algorithm>
#include <set>

#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::chrono::seconds look_every{1};
constexpr std::chrono::hours longest_pause{1};

/// How long nothing has changed in an exchange, by this peer's clock; none if that was put back meanwhile.
std::uint64_t quiet_us(const ExchangeRecord& record, Time now) {
  return now.value < record.changed.value ? 0 : now.value - record.changed.value;
}

/// What is told of it: who was silent, and what this peer does without.
Event told(const ExchangeId& exchange, const ExchangeRecord& record, const Wish& wish) {
  const auto other = record.role == Role::requester ? owner_of(record) : requester_of(record);
  std::string what = "asking those again whose answers are missing";
  if (record.state == ExchangeState::granted) what = "asking again for the encrypted book";
  if (std::holds_alternative<WishClaim>(wish)) what = "going on without the owner";
  if (std::holds_alternative<WishSettle>(wish)) what = "having the transfer settled without the requester";
  return Event{"recovery", exchange, std::to_string(other.value) + " is silent: " + what};
}

}  // namespace

bool Recovery::may_ask(const ExchangeId& exchange, ExchangeState state, Moment now) const {
  const auto asked = asked_.find(exchange);
  return asked == asked_.end() || asked->second.state != state || asked->second.next <= now;
}

void Recovery::note_asked(const ExchangeId& exchange, ExchangeState state, Moment now) {
  const auto known = asked_.find(exchange);
  const bool goes_on = known != asked_.end() && known->second.state == state;
  const auto longest = std::max<std::chrono::microseconds>(after_, longest_pause);
  const auto pause = goes_on ? std::min(2 * known->second.pause, longest) : after_;
  asked_.insert_or_assign(exchange, Asked{state, now + pause, pause});
}

void Recovery::go_on(Home& home, const std::function<void(const transport::Report&)>& took,
                     const std::function<void(const Error&)>& failed) {
  const auto now = std::chrono::steady_clock::now();
  if (now < look_again_) return;
  look_again_ = now + look_every;
  const auto open = open_exchanges(home.store());
  if (!asked_.empty()) {
    const std::set<ExchangeId> still(open.begin(), open.end());
    std::erase_if(asked_, [&](const auto& asked) { return !still.contains(asked.first); });
  }
  for (const auto& exchange : open) {
    const auto recovery = home.node().recovery(home.store(), exchange);
    if (!recovery) continue;
    const auto record = exchanges.get(home.store(), exchange);
    const auto after = static_cast<std::uint64_t>(after_.count());
    if (!recovery->under_way && quiet_us(*record, home.environment().now()) < after) continue;
    const bool asks = std::holds_alternative<WishAskAgain>(recovery->wish);
    if (asks && !may_ask(exchange, record->state, now)) continue;
    // Also where it fails: it may have been decided before.
    if (asks) note_asked(exchange, record->state, now);
    auto report = home.courier().wish(recovery->wish);
    if (!report) {
      failed(report.error());
      continue;
    }
    report.value().events.insert(report.value().events.begin(), told(exchange, *record, recovery->wish));
    took(report.value());
  }
}

}  // namespace bookchain::cli
