#include "cli/refusal_limit.hpp"

#include <algorithm>

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

}  // namespace bookchain::cli
