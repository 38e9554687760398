// MixedLink: one Link over two, for a network in which some peers are reached by folders and some by sockets.
// What comes may come either way; what goes, goes the way of the recipient's address.
#pragma once

#include <set>

#include "transport/socket_link.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::transport {

class MixedLink final : public Link {
 public:
  /// `by_socket`: the peers whose address is a socket.
  MixedLink(std::unique_ptr<SpoolLink> spools, std::unique_ptr<SocketLink> sockets, std::set<PeerPort> by_socket)
      : spools_(std::move(spools)), sockets_(std::move(sockets)), by_socket_(std::move(by_socket)) {}

  [[nodiscard]] SocketLink& sockets() { return *sockets_; }

  [[nodiscard]] Result<std::vector<Parcel>> receive_beside(const ParcelNames& held, std::size_t most) override;
  [[nodiscard]] std::map<PeerPort, std::size_t> waiting() const override;
  [[nodiscard]] std::map<PeerPort, std::size_t> seen_waiting() const override;
  [[nodiscard]] Result<void> acknowledge(const Parcel& parcel) override;
  [[nodiscard]] Result<void> put_aside(const Parcel& parcel, const Error& reason) override;
  [[nodiscard]] Result<std::unique_ptr<ledger::PackageSource>> open_package(PeerPort from,
                                                                            const ExchangeId& exchange) override;
  [[nodiscard]] Result<void> drop_package(PeerPort from, const ExchangeId& exchange) override;
  [[nodiscard]] std::vector<std::pair<PeerPort, ExchangeId>> packages() const override;
  [[nodiscard]] Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                  const std::vector<PackageFile>& packages) override;
  [[nodiscard]] std::vector<Result<void>> send_all(const Deliveries& deliveries) override;
  [[nodiscard]] bool still_waiting_at(PeerPort to) const override { return way_to(to).still_waiting_at(to); }
  [[nodiscard]] bool package_waits_at(PeerPort to, const ExchangeId& exchange) const override {
    return way_to(to).package_waits_at(to, exchange);
  }
  [[nodiscard]] std::optional<std::size_t> room_for(PeerPort to) const override { return way_to(to).room_for(to); }
  [[nodiscard]] std::vector<Error> take_troubles() override { return sockets_->take_troubles(); }
  [[nodiscard]] std::vector<PeerPort> take_renewed() override { return sockets_->take_renewed(); }
  [[nodiscard]] std::vector<OfferedPackage> offers() const override { return sockets_->offers(); }
  [[nodiscard]] Result<void> fetch_package(const OfferedPackage& offer) override {
    return sockets_->fetch_package(offer);
  }
  [[nodiscard]] bool is_waited_for() const override { return sockets_->is_waited_for(); }
  void end_turn() override { sockets_->end_turn(); }

 private:
  [[nodiscard]] Link& way_to(PeerPort to) const;
  /// The link that gave a parcel.
  [[nodiscard]] Link& giver_of(const Parcel& parcel) const;

  std::unique_ptr<SpoolLink> spools_;
  std::unique_ptr<SocketLink> sockets_;
  std::set<PeerPort> by_socket_;
  bool sockets_first_ = false;  ///< which of the two has the larger half of this turn
};

}  // namespace bookchain::transport
