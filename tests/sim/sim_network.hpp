// The network of the simulator: files on their way, files that wait at a peer, and what happens to them.
// One SimLink a peer is what its courier sees; everything that a peer sends is shown to a watcher before
// it is on its way.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "tests/sim/counts.hpp"
#include "tests/sim/sim_shelf.hpp"
#include "transport/environment.hpp"
#include "transport/link.hpp"

namespace bookchain::sim {

using transport::PackageFile;
using transport::Parcel;
using transport::ParcelNames;

/// Decides whether a fault happens now: each kind from a stream of its own, none after heal().
class Misfortune {
 public:
  Misfortune(const Plan& plan, Counts& counts);
  [[nodiscard]] bool happens(Fault fault, std::uint64_t in_a_thousand);
  [[nodiscard]] Random& chance(Fault fault) { return streams_[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] Counts& counts() { return counts_; }
  void heal() { healed_ = true; }
  [[nodiscard]] bool healed() const { return healed_; }

 private:
  const Plan& plan_;
  Counts& counts_;
  std::vector<Random> streams_;
  bool healed_ = false;
};

/// What one peer put on its way to another.
struct Flight {
  PeerPort from;
  PeerPort to;
  std::vector<Bytes> envelopes;
  std::map<ExchangeId, Bytes> packages;
  std::uint64_t not_before = 0;  ///< step of the world
};

class SimNetwork {
 public:
  SimNetwork(Misfortune& misfortune, Random chance) : misfortune_(misfortune), chance_(std::move(chance)) {}

  void send(Flight flight);
  /// Moves one file on its way to where it goes, or loses it. False if nothing can move.
  bool move_one(std::uint64_t step);
  /// An old file is put back, a partition begins or ends.
  void disturb(std::uint64_t step, const std::vector<PeerPort>& peers);
  void heal();
  /// From here on what comes to a peer is kept, to be put back all at once.
  void keep_what_comes_to(PeerPort peer) { kept_.try_emplace(peer); }
  void put_back_what_came_to(PeerPort peer);

  struct Place {
    std::vector<Parcel> parcels;
    std::map<std::pair<PeerPort, ExchangeId>, Bytes> packages;
  };
  [[nodiscard]] Place& at(PeerPort peer) { return places_[peer]; }
  [[nodiscard]] bool anything_from(PeerPort from, PeerPort to) const;

 private:
  [[nodiscard]] bool is_apart(PeerPort from, PeerPort to) const;
  void arrive(Flight flight, std::uint64_t step);
  [[nodiscard]] Bytes damaged(Bytes file);
  void damage_packages(Flight& flight, std::uint64_t step);

  Misfortune& misfortune_;
  Random chance_;
  std::vector<Flight> flights_;
  std::vector<Flight> old_;  ///< a few that were delivered, to be put back
  std::map<PeerPort, std::vector<Flight>> kept_;
  std::map<PeerPort, Place> places_;
  std::map<PeerPort, unsigned> sides_;  ///< of a partition; empty: none
  bool one_way_ = false;                ///< what the second side sends arrives all the same
  std::uint64_t names_ = 0;
};

/// Called before anything leaves; may throw Violation or Crashed.
using SendWatch = std::function<void(PeerPort to, const std::vector<Bytes>& envelopes)>;

class SimLink final : public transport::Link {
 public:
  SimLink(PeerPort self, SimNetwork& network, Misfortune& misfortune, SimShelf& shelf, Random chance)
      : self_(self), network_(network), misfortune_(misfortune), shelf_(shelf), chance_(std::move(chance)) {}

  [[nodiscard]] Result<std::vector<Parcel>> receive_beside(const ParcelNames& held, std::size_t most) override;
  [[nodiscard]] Result<void> acknowledge(const Parcel& parcel) override;
  [[nodiscard]] Result<void> put_aside(const Parcel& parcel, const Error& reason) override;
  [[nodiscard]] Result<std::unique_ptr<PackageSource>> open_package(PeerPort from, const ExchangeId& exchange) override;
  [[nodiscard]] Result<void> drop_package(PeerPort from, const ExchangeId& exchange) override;
  [[nodiscard]] std::map<PeerPort, std::size_t> waiting() const override {
    std::map<PeerPort, std::size_t> counts;
    for (const auto& parcel : network_.at(self_).parcels) ++counts[parcel.from];
    return counts;
  }
  [[nodiscard]] std::vector<std::pair<PeerPort, ExchangeId>> packages() const override;
  [[nodiscard]] Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                  const std::vector<PackageFile>& packages) override;
  [[nodiscard]] std::vector<Result<void>> send_all(const transport::Deliveries& deliveries) override;
  [[nodiscard]] bool still_waiting_at(PeerPort to) const override { return network_.anything_from(self_, to); }

  SendWatch watch;
  std::function<void()> between_sends;  ///< of a turn: one has what is for it, the next has not

 private:
  [[nodiscard]] Result<void> ask();
  PeerPort self_;
  SimNetwork& network_;
  Misfortune& misfortune_;
  SimShelf& shelf_;
  Random chance_;
};

/// Clock and entropy of one peer.
class SimEnvironment final : public transport::Environment {
 public:
  SimEnvironment(const std::uint64_t& world_time, Random entropy)
      : world_time_(world_time), entropy_(std::move(entropy)) {}
  [[nodiscard]] Time now() override;
  void random(std::span<std::uint8_t> out) override { entropy_.fill(out); }

  std::int64_t offset_us = 0;

 private:
  const std::uint64_t& world_time_;
  Random entropy_;
};

}  // namespace bookchain::sim
