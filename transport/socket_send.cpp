// The sending side of a SocketLink: messages go out at once, large packages a part at a time behind them.
#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "transport/socket_link.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Parts of packages are added while less than this is unwritten, so that a message never waits behind much.
constexpr std::size_t pumped_bytes = 2 * max_part_bytes;

}  // namespace

Result<void> SocketLink::put_with_package(Connection& line, const PackageFile& package, const Bytes& envelope) {
  if (package.bytes) {
    put_packaged(line.out(), PackagedMessage{package.exchange, *package.bytes, envelope});
    return success();
  }
  boost::system::error_code error;
  const auto size = boost::filesystem::file_size(package.path, error);
  if (error) return Error{Token::io, "cannot read a package", package.path.string(), {}};
  if (size <= max_small_package) {
    BOOKCHAIN_TRY(const auto bytes, read_small_file(package.path, max_small_package));
    put_packaged(line.out(), PackagedMessage{package.exchange, bytes, envelope});
    return success();
  }
  auto& outbox = state_of(line).packages;
  if (outbox.has(package.exchange)) return success();  // under way already
  outbox.offer(package.exchange, package.path, envelope);
  put_frame(line.out(), FrameKind::offer, PackageOffer{package.exchange, size});
  return success();
}

Result<void> SocketLink::send(PeerPort to, const std::vector<Bytes>& envelopes,
                              const std::vector<PackageFile>& packages) {
  auto& side = peers_.at(to);
  if (side.lines.empty()) {
    return Error{Token::io, "nobody listens for peer " + std::to_string(to.value), {}, {}};
  }
  const auto line = side.lines.back();
  state_of(*line).used = true;
  has_sent_ = true;
  auto package = packages.begin();
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    if (package != packages.end() && package->envelope == i) {
      // A package that cannot be read holds up its own message and no other.
      auto put = put_with_package(*line, *package, envelopes[i]);
      if (!put) troubles_.push_back(std::move(put).error());
      ++package;
    } else {
      put_frame(line->out(), FrameKind::message, {envelopes[i]});
    }
  }
  line->flush();
  side.was_full = line->unwritten() >= max_unwritten_bytes;
  return success();
}

void SocketLink::written(Connection& connection) {
  auto& side = peers_.at(connection.peer());
  if (std::exchange(side.was_full, false)) stirred_ = true;
  hold_if_due(side, connection);
  pump_packages(connection);
}

void SocketLink::pump_packages(Connection& connection) {
  auto& state = state_of(connection);
  while (connection.unwritten() < pumped_bytes) {
    const auto gone = state.packages.put_next_part(connection.out());
    if (!gone) break;
    state.progress.add(*gone);
    progress_.add(*gone);
  }
  connection.flush();
}

void SocketLink::release_message(Connection& connection, const ExchangeId& exchange) {
  auto& state = state_of(connection);
  const auto envelope = state.packages.finish(exchange);
  if (!envelope) return;
  put_frame(connection.out(), FrameKind::message, {*envelope});
  connection.flush();
  state.progress.end_one();
  progress_.end_one();
}

bool SocketLink::still_waiting_at(PeerPort to) const {
  const auto& lines = peers_.at(to).lines;
  return std::ranges::any_of(
      lines, [this](const Line& line) { return line->unwritten() > 0 || !state_of(*line).packages.empty(); });
}

std::optional<std::size_t> SocketLink::room_for(PeerPort to) const {
  const auto& side = peers_.at(to);
  if (side.lines.empty()) return std::nullopt;
  const auto& line = side.lines.back();
  const auto taken = line->unwritten() + state_of(*line).packages.held_bytes();
  return taken >= max_unwritten_bytes ? 0 : max_unwritten_bytes - taken;
}

std::vector<PeerPort> SocketLink::take_renewed() {
  std::vector<PeerPort> renewed;
  for (auto& [port, side] : peers_) {
    if (!side.lines.empty() && std::exchange(side.renewed, false)) renewed.push_back(port);
  }
  return renewed;
}

}  // namespace bookchain::transport
