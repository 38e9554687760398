#include "transport/mixed_link.hpp"

#include <algorithm>
#include <iterator>

namespace bookchain::transport {

using namespace ledger;

Link& MixedLink::way_to(PeerPort to) const {
  if (by_socket_.contains(to)) return *sockets_;
  return *spools_;
}

Link& MixedLink::giver_of(const Parcel& parcel) const {
  if (SocketLink::is_name_of_batch(parcel.name)) return *sockets_;
  return *spools_;
}

/// Beside a process that serves, nothing is taken in: its acknowledgement could not be sent from here. Each link has
/// half of a turn, and what the other does not use: who floods over one holds up nobody on the other.
Result<std::vector<Parcel>> MixedLink::receive_beside(const ParcelNames& held, std::size_t most) {
  if (sockets_->is_beside()) return std::vector<Parcel>{};
  sockets_first_ = !sockets_first_;
  const auto half = most / 2 + (sockets_first_ ? most % 2 : 0);
  BOOKCHAIN_TRY(auto parcels, sockets_->receive_beside(held, most));
  BOOKCHAIN_TRY(auto files, spools_->receive_beside(held, most - std::min(parcels.size(), half)));
  // What does not fit stays with the link, as everything that is not acknowledged.
  if (parcels.size() + files.size() > most) parcels.resize(most - std::min(most, files.size()));
  parcels.insert(parcels.end(), std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  return parcels;
}

namespace {

std::map<PeerPort, std::size_t> sum_of(std::map<PeerPort, std::size_t> counts,
                                       const std::map<PeerPort, std::size_t>& others) {
  for (const auto& [from, count] : others) counts[from] += count;
  return counts;
}

}  // namespace

std::map<PeerPort, std::size_t> MixedLink::waiting() const {
  if (sockets_->is_beside()) return {};
  return sum_of(sockets_->waiting(), spools_->waiting());
}

std::map<PeerPort, std::size_t> MixedLink::seen_waiting() const {
  if (sockets_->is_beside()) return {};
  return sum_of(sockets_->seen_waiting(), spools_->seen_waiting());
}

Result<void> MixedLink::acknowledge(const Parcel& parcel) { return giver_of(parcel).acknowledge(parcel); }

Result<void> MixedLink::put_aside(const Parcel& parcel, const Error& reason) {
  return giver_of(parcel).put_aside(parcel, reason);
}

/// An owner that is reached one way may deliver the other way.
Result<std::unique_ptr<PackageSource>> MixedLink::open_package(PeerPort from, const ExchangeId& exchange) {
  auto over_socket = sockets_->open_package(from, exchange);
  if (over_socket || over_socket.error().token != Token::no_such_file) return over_socket;
  return spools_->open_package(from, exchange);
}

Result<void> MixedLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  BOOKCHAIN_CHECK(sockets_->drop_package(from, exchange));
  auto dropped = spools_->drop_package(from, exchange);
  // Who delivers over sockets alone has no folder here.
  if (!dropped && dropped.error().token == Token::no_such_file) return success();
  return dropped;
}

std::vector<std::pair<PeerPort, ExchangeId>> MixedLink::packages() const {
  auto all = sockets_->packages();
  const auto files = spools_->packages();
  all.insert(all.end(), files.begin(), files.end());
  return all;
}

Result<void> MixedLink::send(PeerPort to, const std::vector<Bytes>& envelopes,
                             const std::vector<PackageFile>& packages) {
  return way_to(to).send(to, envelopes, packages);
}

/// Those over sockets first: they wait for nothing.
std::vector<Result<void>> MixedLink::send_all(const Deliveries& deliveries) {
  std::vector<Result<void>> sent(deliveries.size(), success());
  Deliveries by_spool;
  std::vector<std::size_t> places;  // of these among all
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    const Delivery& each = deliveries[i];
    if (by_socket_.contains(each.to)) {
      sent[i] = sockets_->send(each.to, each.envelopes, each.packages);
    } else {
      by_spool.emplace_back(each);
      places.push_back(i);
    }
  }
  auto spooled = spools_->send_all(by_spool);
  for (std::size_t i = 0; i < spooled.size(); ++i) sent[places[i]] = std::move(spooled[i]);
  return sent;
}

}  // namespace bookchain::transport
