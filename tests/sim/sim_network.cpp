#include "tests/sim/sim_network.hpp"

#include <algorithm>
#include <iterator>

namespace bookchain::sim {

namespace {

constexpr std::size_t most_old_files = 48;
constexpr std::size_t most_kept_files = 256;
constexpr std::uint64_t longest_delay_steps = 60;

}  // namespace

Misfortune::Misfortune(const Plan& plan, Counts& counts) : plan_(plan), counts_(counts) {
  for (std::size_t i = 0; i < fault_count; ++i) streams_.emplace_back(plan.seed, name(static_cast<Fault>(i)));
}

bool Misfortune::happens(Fault fault, std::uint64_t in_a_thousand) {
  if (healed_ || !plan_.has(fault)) return false;
  // These three are no matter of rate: an order, a clock, one backup in a whole run.
  const bool fixed = fault == Fault::reordering || fault == Fault::clock_skew || fault == Fault::restore ||
                     fault == Fault::undeclared_restore;
  const auto in_a_million = in_a_thousand * 10 * (fixed ? 100 : plan_.harshness);
  if (chance(fault).below(1'000'000) >= in_a_million) return false;
  counts_.add(fault);
  return true;
}

// ---- the network ----

bool SimNetwork::is_apart(PeerPort from, PeerPort to) const {
  if (sides_.empty()) return false;
  return one_way_ ? sides_.at(from) < sides_.at(to) : sides_.at(from) != sides_.at(to);
}

void SimNetwork::send(Flight flight) {
  if (misfortune_.happens(Fault::duplication, 60)) flights_.push_back(flight);
  flights_.push_back(std::move(flight));
}

Bytes SimNetwork::damaged(Bytes file) {
  auto& chance = misfortune_.chance(Fault::bad_bytes);
  // Where there is nothing to change or to cut off, something is added.
  switch (const auto kind = chance.below(3); file.empty() ? 2 : kind) {
    case 0: file[chance.below(file.size())] ^= static_cast<std::uint8_t>(1U << chance.below(8)); break;
    case 1: file.resize(chance.below(file.size())); break;
    default: file.push_back(static_cast<std::uint8_t>(chance.next())); break;
  }
  return file;
}

/// One that is cut short may still be growing, as far as its receiver can tell: so the whole of it comes later.
void SimNetwork::damage_packages(Flight& flight, std::uint64_t step) {
  for (auto& [exchange, package] : flight.packages) {
    if (!misfortune_.happens(Fault::bad_bytes, 60)) continue;
    auto bad = damaged(package);
    if (bad.size() < package.size()) {
      const auto later = step + misfortune_.chance(Fault::bad_bytes).between(5, longest_delay_steps);
      flights_.push_back(Flight{flight.from, flight.to, {}, {{exchange, std::move(package)}}, later});
    }
    package = std::move(bad);
    misfortune_.counts().add(Work::damaged_packages);
  }
}

void SimNetwork::arrive(Flight flight, std::uint64_t step) {
  auto& place = places_[flight.to];
  if (const auto kept = kept_.find(flight.to); kept != kept_.end() && kept->second.size() < most_kept_files) {
    kept->second.push_back(flight);
  }
  if (old_.size() < most_old_files) {
    old_.push_back(flight);
  } else if (chance_.chance(100)) {
    old_[chance_.below(old_.size())] = flight;
  }
  damage_packages(flight, step);
  if (!flight.envelopes.empty() && misfortune_.happens(Fault::bad_bytes, 20)) {
    auto& envelope = flight.envelopes[misfortune_.chance(Fault::bad_bytes).below(flight.envelopes.size())];
    envelope = damaged(std::move(envelope));
  }
  for (auto& [exchange, package] : flight.packages) place.packages[{flight.from, exchange}] = std::move(package);
  if (flight.envelopes.empty()) return;
  place.parcels.push_back(Parcel{flight.from, std::to_string(++names_), std::move(flight.envelopes), std::nullopt});
}

bool SimNetwork::move_one(std::uint64_t step) {
  std::vector<std::size_t> movable;
  for (std::size_t i = 0; i < flights_.size(); ++i) {
    if (flights_[i].not_before <= step && !is_apart(flights_[i].from, flights_[i].to)) movable.push_back(i);
  }
  if (movable.empty()) return false;
  auto place = movable.front();
  if (movable.size() > 1 && misfortune_.happens(Fault::reordering, 700)) {
    place = movable[misfortune_.chance(Fault::reordering).below(movable.size())];
  }
  if (misfortune_.happens(Fault::delay, 60)) {
    flights_[place].not_before = step + misfortune_.chance(Fault::delay).between(5, longest_delay_steps);
    return true;
  }
  auto flight = std::move(flights_[place]);
  flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(place));
  if (misfortune_.happens(Fault::loss, 40)) return true;
  if (!flight.packages.empty() && misfortune_.happens(Fault::lost_package, 300)) {
    auto late = flight;
    late.envelopes.clear();
    late.not_before = step + misfortune_.chance(Fault::lost_package).between(5, longest_delay_steps);
    flights_.push_back(std::move(late));
    flight.packages.clear();
  }
  arrive(std::move(flight), step);
  return true;
}

void SimNetwork::disturb(std::uint64_t step, const std::vector<PeerPort>& peers) {
  if (sides_.empty() && misfortune_.happens(Fault::partition, 8)) {
    auto& chance = misfortune_.chance(Fault::partition);
    for (const auto peer : peers) sides_[peer] = static_cast<unsigned>(chance.below(2));
    // Nobody is alone with nobody.
    const auto one = chance.below(peers.size());
    sides_[peers[one]] = 0;
    sides_[peers[(one + 1) % peers.size()]] = 1;
    one_way_ = chance.below(4) == 0;
    if (one_way_) misfortune_.counts().add(Work::one_way_partitions);
  } else if (!sides_.empty() && misfortune_.chance(Fault::partition).chance(30)) {
    sides_.clear();
  }
  if (!old_.empty() && misfortune_.happens(Fault::old_file, 15)) {
    auto again = old_[misfortune_.chance(Fault::old_file).below(old_.size())];
    again.not_before = step;
    flights_.push_back(std::move(again));
  }
}

void SimNetwork::put_back_what_came_to(PeerPort peer) {
  auto kept = kept_.extract(peer);
  if (kept.empty()) return;
  for (auto& flight : kept.mapped()) flight.not_before = 0;
  flights_.insert(flights_.begin(), std::make_move_iterator(kept.mapped().begin()),
                  std::make_move_iterator(kept.mapped().end()));
}

void SimNetwork::heal() {
  sides_.clear();
  for (auto& flight : flights_) flight.not_before = 0;
}

bool SimNetwork::anything_from(PeerPort from, PeerPort to) const {
  const auto matches = [&](const Flight& flight) { return flight.from == from && flight.to == to; };
  if (std::ranges::any_of(flights_, matches)) return true;
  const auto place = places_.find(to);
  if (place == places_.end()) return false;
  return std::ranges::any_of(place->second.parcels, [&](const Parcel& parcel) { return parcel.from == from; });
}

// ---- one peer's link ----

Result<void> SimLink::ask() {
  if (misfortune_.happens(Fault::link_error, 8)) return Error{Token::io, "the simulated link failed", {}, {}};
  return success();
}

Result<std::vector<Parcel>> SimLink::receive_beside(const ParcelNames& held, std::size_t most) {
  BOOKCHAIN_CHECK(ask());
  auto parcels = network_.at(self_).parcels;
  std::erase_if(parcels, [&](const Parcel& parcel) { return transport::is_among(held, parcel.from, parcel.name); });
  chance_.shuffle(parcels);
  if (parcels.size() > most) parcels.resize(most);
  return parcels;
}

Result<void> SimLink::acknowledge(const Parcel& parcel) {
  BOOKCHAIN_CHECK(ask());
  std::erase_if(network_.at(self_).parcels, [&](const Parcel& waiting) { return waiting.name == parcel.name; });
  return success();
}

Result<void> SimLink::put_aside(const Parcel& parcel, const Error& /*reason*/) { return acknowledge(parcel); }

Result<std::unique_ptr<PackageSource>> SimLink::open_package(PeerPort from, const ExchangeId& exchange) {
  const auto& packages = network_.at(self_).packages;
  const auto found = packages.find({from, exchange});
  if (found == packages.end()) return Error{Token::no_such_file, "no such package", to_hex(exchange), {}};
  return std::unique_ptr<PackageSource>(std::make_unique<SimPackage>(found->second));
}

Result<void> SimLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  network_.at(self_).packages.erase({from, exchange});
  return success();
}

std::vector<std::pair<PeerPort, ExchangeId>> SimLink::packages() const {
  std::vector<std::pair<PeerPort, ExchangeId>> found;
  for (const auto& [key, bytes] : network_.at(self_).packages) found.push_back(key);
  return found;
}

Result<void> SimLink::send(PeerPort to, const std::vector<Bytes>& envelopes, const std::vector<PackageFile>& packages) {
  if (watch) watch(to, envelopes);
  if (misfortune_.happens(Fault::send_error, 15)) return Error{Token::io, "the simulated folder failed", {}, {}};
  Flight flight{self_, to, envelopes, {}, 0};
  for (const auto& package : packages) {
    if (package.bytes) flight.packages[package.exchange] = *package.bytes;
    // Over sockets, and into the spool of another user, the file stays with its sender.
    const bool moves = self_.value % 2 == 0;
    if (package.may_move && moves) shelf_.hand_over(package.exchange);
  }
  network_.send(std::move(flight));
  // Such as where it has its name, and the folder cannot be synced.
  if (misfortune_.happens(Fault::late_send_error, 15)) return Error{Token::io, "the simulated sync failed", {}, {}};
  return success();
}

std::vector<Result<void>> SimLink::send_all(const transport::Deliveries& deliveries) {
  std::vector<Result<void>> sent;
  for (const transport::Delivery& each : deliveries) {
    if (!sent.empty() && between_sends) between_sends();
    sent.push_back(send(each.to, each.envelopes, each.packages));
  }
  return sent;
}

Time SimEnvironment::now() { return Time{world_time_ + static_cast<std::uint64_t>(offset_us)}; }

}  // namespace bookchain::sim
