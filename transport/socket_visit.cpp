// A visit over sockets: a process that serves nobody calls the peers that listen, waits a bounded time until they
// have decided what it gave them, and goes. The lock of the home is held meanwhile, so no peer may hold it here.
#include <algorithm>

#include "transport/socket_link.hpp"

namespace bookchain::transport {

using namespace ledger;
using std::chrono::milliseconds;

/// Moves sockets until something happens or the time is over.
void SocketLink::run_once(SteadyClock::time_point until) {
  io_.restart();
  const auto work = boost::asio::make_work_guard(io_);
  io_.run_one_until(until);
  run_ready();
}

void SocketLink::meet(milliseconds patience) {
  if (beside_) return;
  for (auto& [port, side] : peers_) {
    if (side.socket && side.lines.empty() && !side.calling) call(port, side);
  }
  const auto until = SteadyClock::now() + patience;
  const auto is_called = [](const auto& each) { return each.second.calling != nullptr; };
  run_ready();
  while (std::ranges::any_of(peers_, is_called) && SteadyClock::now() < until) run_once(until);
}

namespace {

bool has_packages_under_way(const LineState& line) {
  return !line.packages.empty() ||
         std::ranges::any_of(line.offers, [](const auto& each) { return each.second.wanted; });
}

}  // namespace

bool SocketLink::is_busy() const {
  return std::ranges::any_of(states_, [](const auto& each) { return has_packages_under_way(each.second); });
}

std::vector<SocketLink::Awaited> SocketLink::ask_all(SteadyClock::time_point until) {
  std::erase_if(awaited_, [](const auto& each) { return each.second.expired(); });
  std::vector<Awaited> asked;
  for (const auto& [port, side] : peers_) {
    for (const auto& line : side.lines) {
      const auto& state = state_of(*line);
      if (state.given_up) continue;
      asked.push_back(Awaited{line, next_mark_++, line->written_in_all(), state.progress.steps(), until});
    }
  }
  for (const auto& each : asked) {
    put_frame(each.line->out(), FrameKind::all_sent, Mark{each.mark});
    each.line->flush();
    awaited_[each.mark] = each.line;
  }
  return asked;
}

/// Whether there is nothing more to wait for; so it is too when the connection has ended.
bool SocketLink::has_answered(const Awaited& each) const {
  return !each.line->is_open() || (!awaited_.contains(each.mark) && !has_packages_under_way(state_of(*each.line)));
}

/// Frames are no reason to wait longer: a peer could send some for ever. What is given to it and taken is one, up to a
/// bound for the whole visit, and packages that come on are one for as long as they do.
bool SocketLink::await_answers(milliseconds patience) {
  const auto has_lines = [](const auto& each) { return !each.second.lines.empty(); };
  if (std::ranges::none_of(peers_, has_lines)) return true;
  auto idle_since = SteadyClock::now();
  auto awaited = ask_all(idle_since + patience);
  bool any = false;
  for (run_ready(); !awaited.empty();) {
    const auto now = SteadyClock::now();
    auto next = SteadyClock::time_point::max();
    std::erase_if(awaited, [&](Awaited& each) {
      if (has_answered(each)) return any = true;
      auto& state = state_of(*each.line);
      const bool came_on = std::exchange(each.steps, state.progress.steps()) != state.progress.steps();
      const bool was_written = std::exchange(each.written, each.line->written_in_all()) != each.line->written_in_all();
      if (came_on) idle_since = now;
      if (came_on || was_written) each.until = now + patience;
      const auto until = std::min(each.until, idle_since + patience_left_);
      next = std::min(next, until);
      state.given_up = now >= until;
      return state.given_up;
    });
    if (!awaited.empty()) run_once(next);
  }
  patience_left_ -= std::min(patience_left_, SteadyClock::now() - idle_since);
  return any;
}

bool SocketLink::settle_up(milliseconds patience) {
  has_asked_ = false;
  // The message of a large package goes only after it, behind the first mark.
  const bool twice = is_busy();
  return await_answers(patience) && (!twice || await_answers(patience));
}

}  // namespace bookchain::transport
