#include "cli/refusal_limit.hpp"

#include <charconv>

namespace bookchain::cli {

bool RefusalLimit::admit(ledger::PeerPort sender, Time now) {
  const auto place = periods_.try_emplace(sender, Period{now, 0}).first;
  return ++place->second.count <= told_at_most;
}

std::vector<RefusalLimit::Untold> RefusalLimit::take_untold(Time now) {
  std::vector<Untold> untold;
  std::erase_if(periods_, [&](const auto& each) {
    const auto& [sender, seen] = each;
    if (now != Time::max() && now < seen.began + period) return false;
    if (seen.count > told_at_most) untold.push_back(Untold{sender, seen.count - told_at_most});
    return true;
  });
  return untold;
}

namespace {

/// Both events begin their detail with the port of the peer that they blame.
std::optional<ledger::PeerPort> blamed_by(const ledger::Event& event) {
  if (event.what != "evidence" && event.what != "equivocation") return std::nullopt;
  std::uint16_t port = 0;
  const auto* end = event.detail.data() + event.detail.size();
  if (std::from_chars(event.detail.data(), end, port).ec != std::errc{}) return std::nullopt;
  return ledger::PeerPort{port};
}

}  // namespace

bool BlameLimit::admit(const ledger::Event& event, Time now) {
  const auto blamed = blamed_by(event);
  return !blamed || limits_[event.what].admit(*blamed, now);
}

std::vector<BlameLimit::Untold> BlameLimit::take_untold(Time now) {
  std::vector<Untold> untold;
  for (auto& [event, limit] : limits_) {
    for (const auto& [blamed, count] : limit.take_untold(now)) untold.push_back(Untold{event, blamed, count});
  }
  return untold;
}

}  // namespace bookchain::cli
