// The connections of a SocketLink: listening, calling, waiting, and what happens when one opens or ends.
#include "transport/socket_link.hpp"

#include <fcntl.h>

#include <algorithm>

namespace bookchain::transport {

using namespace ledger;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds first_pause{20};
constexpr milliseconds longest_pause{2'000};
constexpr milliseconds pause_without_descriptors{100};
constexpr milliseconds pause_before_taking_over{500};
/// Handlers that run before whoever waits is asked: a flood must not keep the rest from its turn.
constexpr int handlers_at_once = 512;

boost::asio::local::stream_protocol protocol() { return {}; }

}  // namespace

SocketLink::SocketLink(Settings settings, Role role, PackageInbox inbox)
    : settings_(std::move(settings)), role_(role), inbox_(std::move(inbox)), io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {
  std::array<std::uint8_t, 4> seed{};
  settings_.terms.entropy(seed);
  jitter_.seed((std::uint32_t{seed[0]} << 24U) | (std::uint32_t{seed[1]} << 16U) | (std::uint32_t{seed[2]} << 8U) |
               seed[3]);
  for (const auto& [port, channel] : settings_.terms.channels) {
    auto& side = peers_[port];
    const auto socket = settings_.sockets.find(port);
    if (socket != settings_.sockets.end()) side.socket = socket->second;
  }
}

Result<std::unique_ptr<SocketLink>> SocketLink::open(Settings settings, Role role) {
  BOOKCHAIN_TRY(auto inbox, PackageInbox::open(settings.incoming));
  std::unique_ptr<SocketLink> link(new SocketLink(std::move(settings), role, std::move(inbox)));
  BOOKCHAIN_CHECK(link->take_place());
  return link;
}

SocketLink::~SocketLink() {
  try {
    close_all();
  } catch (...) {
    // There was no memory to end it in order: what is left open closes with its own destructor.
  }
}

void SocketLink::close_all() {
  for (auto& stranger : std::exchange(strangers_, {})) stranger->close();
  for (auto& [port, side] : peers_) {
    for (auto& line : std::exchange(side.lines, {})) line->close();
    if (side.calling) std::exchange(side.calling, nullptr)->close();
  }
  // What they had begun ends here, while everything that it touches is there.
  if (acceptor_) {
    error_code ignored;
    acceptor_->close(ignored);
  }
  watched_.clear();
  io_.restart();
  while (io_.poll_one() > 0) {
  }
}

/// Becomes the process that serves, or sees that there is one.
Result<void> SocketLink::take_place() {
  BOOKCHAIN_TRY(auto lock, ServingLock::take(settings_.serving_lock));
  beside_ = !lock;
  if (beside_ || role_ == Role::visit) return success();
  serving_lock_ = std::move(lock);
  if (!settings_.own_socket) return success();
  BOOKCHAIN_TRY(auto place, ListeningPlace::open(*settings_.own_socket, settings_.socket_mode));
  place_.emplace(std::move(place));
  acceptor_.emplace(io_);
  error_code error;
  acceptor_->assign(protocol(), place_->give_descriptor(), error);
  if (error) return Error{Token::io, "cannot listen (" + error.message() + ")", settings_.own_socket->string(), {}};
  accept_next();
  return success();
}

// ---- listening ----

void SocketLink::accept_next() {
  accepting_ = true;
  acceptor_->async_accept([this](const error_code& error, Connection::Socket socket) {
    accepting_ = false;
    if (error == boost::asio::error::operation_aborted) return;
    if (error) {
      // Most likely there are no descriptors left; asked again at once it would only fail again.
      accept_after_ = SteadyClock::now() + pause_without_descriptors;
      return;
    }
    take_stranger(std::move(socket));
    accept_next();
  });
}

/// Whoever fills the places of strangers loses its own: the oldest that has said nothing goes first, so that a
/// peer, which speaks at once, gets through.
void SocketLink::take_stranger(Connection::Socket socket) {
  const auto stranger =
      std::make_shared<Connection>(std::move(socket), settings_.terms, static_cast<ConnectionOwner&>(*this));
  const auto user = stranger->user();
  const auto of_user = [&](const Line& line) { return line->user() == user; };
  const bool user_has_too_many =
      static_cast<std::size_t>(std::ranges::count_if(strangers_, of_user)) >= max_strangers_of_a_user;
  if (user_has_too_many || strangers_.size() >= max_strangers) {
    const auto goes = [&](const Line& line) { return !user_has_too_many || of_user(line); };
    auto leaving = std::ranges::find_if(strangers_, [&](const Line& line) { return goes(line) && line->is_silent(); });
    if (leaving == strangers_.end()) leaving = std::ranges::find_if(strangers_, goes);
    const auto line = *leaving;
    line->close();
  }
  strangers_.push_back(stranger);
  stranger->await_greeting();
}

// ---- calling ----

void SocketLink::put_off_call(PeerSide& side) {
  side.pause = std::clamp(side.pause * 2, first_pause, longest_pause);
  // Between half of it and all of it, so that two that lost each other do not keep meeting at the same moments.
  const auto half = side.pause.count() / 2;
  side.next_call = SteadyClock::now() + milliseconds(half + static_cast<std::int64_t>(jitter_()) % (half + 1));
}

void SocketLink::call(PeerPort port, PeerSide& side) {
  put_off_call(side);
  auto made = connect_to(*side.socket);
  if (!made) return;
  Connection::Socket socket(io_);
  error_code error;
  socket.assign(protocol(), ::fcntl(made.value().get(), F_DUPFD_CLOEXEC, 0), error);
  if (error) return;
  side.calling = std::make_shared<Connection>(std::move(socket), settings_.terms, static_cast<ConnectionOwner&>(*this));
  side.calling->greet(port);
}

/// What time alone brings about.
void SocketLink::tend() {
  const auto now = SteadyClock::now();
  if (role_ == Role::serve && beside_ && now >= next_try_) {
    next_try_ = now + pause_before_taking_over;
    (void)take_place();
  }
  if (acceptor_ && !accepting_ && now >= accept_after_) accept_next();
  std::vector<Line> overdue;
  for (const auto& line : strangers_) {
    if (now >= line->deadline()) overdue.push_back(line);
  }
  for (auto& [port, side] : peers_) {
    for (const auto& line : side.lines) {
      if (now >= line->deadline()) overdue.push_back(line);
    }
    if (side.calling && now >= side.calling->deadline()) overdue.push_back(side.calling);
  }
  for (const auto& line : overdue) line->close();
  if (!serving_lock_) return;
  for (auto& [port, side] : peers_) {
    if (side.socket && side.lines.empty() && !side.calling && now >= side.next_call) call(port, side);
  }
}

SteadyClock::time_point SocketLink::next_due() const {
  auto due = SteadyClock::time_point::max();
  const auto until = [&](SteadyClock::time_point time) { due = std::min(due, time); };
  if (role_ == Role::serve && beside_) until(next_try_);
  if (acceptor_ && !accepting_) until(accept_after_);
  for (const auto& line : strangers_) until(line->deadline());
  for (const auto& [port, side] : peers_) {
    for (const auto& line : side.lines) until(line->deadline());
    if (side.calling) until(side.calling->deadline());
    if (serving_lock_ && side.socket && side.lines.empty() && !side.calling) until(side.next_call);
  }
  return due;
}

// ---- waiting ----

void SocketLink::watch(int descriptor) {
  boost::asio::posix::stream_descriptor copy(io_);
  error_code error;
  copy.assign(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0), error);
  if (!error) watched_.push_back(Watched{std::move(copy)});
}

void SocketLink::arm_watches() {
  for (auto& watched : watched_) {
    if (watched.armed) continue;
    watched.armed = true;
    watched.descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [this, &watched](const error_code& error) {
                                    if (error) return;
                                    watched.armed = false;
                                    stirred_ = true;
                                  });
  }
}

void SocketLink::run_ready() {
  io_.restart();
  for (int i = 0; i < handlers_at_once && io_.poll_one() > 0; ++i) {
  }
}

void SocketLink::wait(std::chrono::microseconds at_most) {
  const auto until = SteadyClock::now() + at_most;
  arm_watches();
  run_ready();
  for (;;) {
    tend();
    const auto now = SteadyClock::now();
    if (stirred_ || now >= until) return;
    io_.restart();
    const auto work = boost::asio::make_work_guard(io_);
    io_.run_one_until(std::min(until, next_due()));
    run_ready();
  }
}

// ---- what connections tell ----

void SocketLink::proven(Connection& connection) {
  const auto line = connection.shared_from_this();
  auto& side = peers_.at(connection.peer());
  strangers_.remove(line);
  other_networks_.erase(connection.peer());
  if (side.calling == line) side.calling = nullptr;
  // What was given to an older line is on its way there, or its end will tell.
  if (side.lines.empty()) side.renewed = true;
  states_.try_emplace(&connection);
  side.lines.push_back(line);
  side.pause = {};
  hold_if_due(side, connection);
  stirred_ = true;
  if (side.lines.size() > max_connections_of_a_peer) {
    const auto oldest = side.lines.front();
    oldest->close();
  }
}

void SocketLink::is_of_other_network(PeerPort from, const NetworkId& network) {
  if (peers_.at(from).lines.empty()) other_networks_[from] = network;
}

void SocketLink::closed(Connection& connection) {
  const auto line = connection.shared_from_this();
  strangers_.remove(line);
  if (connection.peer() == PeerPort{}) return;
  auto& side = peers_.at(connection.peer());
  if (side.calling == line) side.calling = nullptr;
  if (std::erase(side.lines, line) == 0) return;
  const auto state = std::move(states_.extract(&connection).mapped());
  if (state.used) {
    side.renewed = true;
    stirred_ = stirred_ || !side.lines.empty();
  }
  // What came on this connection can go on over another one that offers it, now or later.
  for (const auto& [exchange, offer] : state.offers) {
    if (!offer.wanted) continue;
    inbox_.suspend(connection.peer(), exchange);
    stirred_ = true;
  }
  std::erase_if(side.marks, [&](const AskedMark& each) { return each.line.lock() == line; });
  put_off_call(side);
}

}  // namespace bookchain::transport
