// What lies in a spool to be taken in: whose, how many, and in which order.
#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "transport/spool_link.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// More than any caller holds of one sender: what is above the quota waits, however much is in hand.
constexpr std::size_t more_than_in_hand = std::numeric_limits<std::uint32_t>::max();

}  // namespace

/// A folder in which nothing can be removed would be told again and again, file by file: it is told as a whole, and
/// what is in it waits.
void SpoolLink::list_anew(PeerPort from, std::deque<std::string>& names) {
  unlisted_.erase(from);
  const auto opened = inbox(from);
  if (!opened) return tell_no_folder(from, opened.error());
  const auto& folder = *opened.value();
  no_folder_.erase(from);
  if (!folder.lets_remove()) {
    const auto count = folder.names().size();
    if (count == 0 || !closed_.insert(from).second) return;
    return tell(from,
                "nothing can be removed from this folder, and nothing is taken in: " + std::to_string(count) +
                    (count == 1 ? " file waits" : " files wait"),
                folder.shown);
  }
  closed_.erase(from);
  std::erase_if(stuck_, [&](const auto& each) { return each.first == from && !folder.facts_of(each.second); });
  auto found = waiting_from(folder, from);
  drop_excess(folder, from, found);
  std::ranges::move(found.mail, std::back_inserter(names));
}

/// Takes from each sender in turn, and begins with another one each time, so that one who floods, with many files
/// or with large ones, does not starve the others. A folder is listed again when what was listed has been looked at:
/// however many files lie there, each is listed once or twice.
std::vector<std::pair<PeerPort, std::string>> SpoolLink::next_names(const ParcelNames& held, std::size_t most) {
  std::vector<std::pair<PeerPort, std::vector<const std::string*>>> by_sender;
  for (const auto port : settings_.senders) {
    auto& listed = listed_[port];
    const auto is_held = [&](const std::string& name) { return is_among(held, port, name); };
    if (std::ranges::all_of(listed, is_held)) {
      listed.clear();
      list_anew(port, listed);
    }
    std::vector<const std::string*> names;
    for (const auto& name : listed) {
      if (names.size() == most) break;
      if (!is_held(name)) names.push_back(&name);
    }
    if (!names.empty()) by_sender.emplace_back(port, std::move(names));
  }
  if (by_sender.size() > 1) {
    std::rotate(by_sender.begin(), by_sender.begin() + static_cast<std::ptrdiff_t>(first_ % by_sender.size()),
                by_sender.end());
  }
  std::vector<std::pair<PeerPort, std::string>> next;
  for (std::size_t place = 0; next.size() < most; ++place) {
    bool any = false;
    for (const auto& [port, names] : by_sender) {
      if (place >= names.size() || next.size() >= most) continue;
      next.emplace_back(port, *names[place]);
      any = true;
    }
    if (!any) break;
  }
  return next;
}

std::map<PeerPort, std::size_t> SpoolLink::waiting() const {
  std::map<PeerPort, std::size_t> counts;
  for (const auto port : settings_.senders) {
    std::uint64_t count = 0;
    if (const auto listed = listed_.find(port); listed != listed_.end() && !listed->second.empty()) {
      count = listed->second.size();
    } else if (const auto folder = from_folder(port, "new"); folder && folder.value().lets_remove()) {
      count = waiting_from(folder.value(), port).mail.size();
    }
    // What is above the quota is not taken in.
    if (count > 0) counts[port] = std::min(count, settings_.quota.files);
  }
  return counts;
}

std::map<PeerPort, std::size_t> SpoolLink::seen_waiting() const {
  std::map<PeerPort, std::size_t> counts;
  for (const auto& [port, names] : listed_) {
    if (!names.empty()) counts[port] = names.size();
  }
  for (const auto port : unlisted_) counts[port] += more_than_in_hand;
  return counts;
}

}  // namespace bookchain::transport
