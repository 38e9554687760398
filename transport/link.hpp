// Link: how sealed bytes reach another peer and come from it. Knows folders or sockets, and nothing
// of what the bytes mean. Receive, then (after the caller's commit) acknowledge; send only what is
// durable, or may be forgotten. The spool link and the socket link look the same from above.
#pragma once

#include <boost/filesystem/path.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "ledger/error.hpp"
#include "ledger/store/package_store.hpp"
#include "ledger/types.hpp"

namespace bookchain::transport {

using ledger::Bytes;
using ledger::Error;
using ledger::ExchangeId;
using ledger::PeerPort;
using ledger::Result;

/// What one delivery brought: the sealed messages of one spool file, or some that came over a connection. The
/// sender is only claimed, by the folder it lies in; the seal proves it.
struct Parcel {
  PeerPort from;
  std::string name;              ///< names the delivery to the link that gave it
  std::vector<Bytes> envelopes;  ///< size-capped; empty if `fault` is set
  std::optional<Error> fault;    ///< it cannot be what it claims; the link has put it in bad/ already
};

/// Names of parcels, by their senders.
using ParcelNames = std::map<PeerPort, std::set<std::string, std::less<>>>;
[[nodiscard]] inline bool is_among(const ParcelNames& names, PeerPort from, std::string_view name) {
  const auto of_sender = names.find(from);
  return of_sender != names.end() && of_sender->second.contains(name);
}

/// A package to deliver: the encrypted book of an exchange, durable on this side.
struct PackageFile {
  ExchangeId exchange;
  boost::filesystem::path path;
  std::size_t envelope{};  ///< place of its message among those it goes with: that must not come before it
  bool may_move = false;   ///< the file itself may be handed over, which saves the receiver a copy; it is gone then
  std::optional<Bytes> bytes = std::nullopt;  ///< the package itself, where it is not in a file
};

/// What leaves for one peer in one piece: sealed messages, and packages of them.
struct Delivery {
  PeerPort to;
  std::vector<Bytes> envelopes;
  std::vector<PackageFile> packages;
};
/// Each for another peer. They stay whose they are.
using Deliveries = std::vector<std::reference_wrapper<const Delivery>>;

/// A package that a peer has for this one and brings if it is wanted.
struct OfferedPackage {
  PeerPort from;
  ExchangeId exchange;
  std::uint64_t size{};
  bool with_mail = false;  ///< here, in a delivery that is not acknowledged: its message decides what becomes of it
};

/// What one turn seals for one peer at most.
inline constexpr std::size_t max_bytes_sealed_a_turn = std::size_t{32} << 20U;

class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;

  /// Takes what waits, at most `most` parcels, without removing it. Never blocks. A parcel that cannot
  /// be read is reported with its fault and out of the way. Tokens: `io`, `permission`.
  [[nodiscard]] Result<std::vector<Parcel>> receive(std::size_t most) { return receive_beside({}, most); }
  /// The same, without those that the caller has already: they stay where they are.
  [[nodiscard]] virtual Result<std::vector<Parcel>> receive_beside(const ParcelNames& held, std::size_t most) = 0;
  /// How many parcels of each sender wait now; none of those that are not named.
  [[nodiscard]] virtual std::map<PeerPort, std::size_t> waiting() const = 0;
  /// The same as the last receive() saw it, without another look.
  [[nodiscard]] virtual std::map<PeerPort, std::size_t> seen_waiting() const { return waiting(); }
  [[nodiscard]] std::size_t count_waiting() const {
    std::size_t count = 0;
    for (const auto& [from, parcels] : waiting()) count += parcels;
    return count;
  }
  /// After the commit of all that the parcel brought: it will not be given again by this link, even if it
  /// cannot be removed.
  [[nodiscard]] virtual Result<void> acknowledge(const Parcel& parcel) = 0;
  /// The parcel could not be opened: kept for a person to look at, with the reason, bounded in number.
  [[nodiscard]] virtual Result<void> put_aside(const Parcel& parcel, const Error& reason) = 0;
  /// Opens the package that `from` brought for an exchange. Tokens: `no-such-file` if there is none,
  /// `bad-file` or `permission` if what lies there is no package that can be read, `io`.
  [[nodiscard]] virtual Result<std::unique_ptr<ledger::PackageSource>> open_package(PeerPort from,
                                                                                    const ExchangeId& exchange) = 0;
  /// The package is copied or unwanted: remove it. No failure if there is none.
  [[nodiscard]] virtual Result<void> drop_package(PeerPort from, const ExchangeId& exchange) = 0;

  /// The packages that lie here, with who brought them; of one sender no more than it may have waiting.
  [[nodiscard]] virtual std::vector<std::pair<PeerPort, ExchangeId>> packages() const = 0;
  /// Delivers sealed messages in one piece, and each package before its message. In a spool they are durable when it
  /// returns; a connection may lose them, and take_renewed() tells so. Precondition: room_for(to) gives a number.
  /// Tokens: `io`, `disk-full`, `permission`, `over-quota`, `home-missing`.
  [[nodiscard]] virtual Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                          const std::vector<PackageFile>& packages) = 0;
  /// Several deliveries; gives for each what send() would. What they wait for, they wait for together.
  [[nodiscard]] virtual std::vector<Result<void>> send_all(const Deliveries& deliveries) {
    std::vector<Result<void>> sent;
    sent.reserve(deliveries.size());
    for (const Delivery& each : deliveries) sent.push_back(send(each.to, each.envelopes, each.packages));
    return sent;
  }
  /// Whether a package of that exchange that this peer delivered lies at `to` now.
  [[nodiscard]] virtual bool package_waits_at(PeerPort /*to*/, const ExchangeId& /*exchange*/) const { return false; }
  /// Whether something this peer delivered still waits at `to`, so that sending again is no help.
  [[nodiscard]] virtual bool still_waiting_at(PeerPort to) const = 0;

  /// What was not sent although the rest was: told once. Its message counts as sent, and is sent again later.
  [[nodiscard]] virtual std::vector<Error> take_troubles() { return {}; }

  // What only a link over connections has more to say about.

  /// Bytes that can be given for `to` now; nothing while there is no way to it.
  [[nodiscard]] virtual std::optional<std::size_t> room_for(PeerPort /*to*/) const { return max_bytes_sealed_a_turn; }
  /// Peers that may have lost what was given for them and not acknowledged, and can be reached: told once.
  [[nodiscard]] virtual std::vector<PeerPort> take_renewed() { return {}; }
  /// Packages that wait to be fetched, or lie in memory and nobody took them; drop_package() declines one.
  [[nodiscard]] virtual std::vector<OfferedPackage> offers() const { return {}; }
  /// Begins to fetch a package, or goes on where it broke off; keeps one that is here. Tokens: `io`, `disk-full`,
  /// `permission`.
  [[nodiscard]] virtual Result<void> fetch_package(const OfferedPackage& /*offer*/) { return ledger::success(); }
  /// Whether somebody waits for the end of this turn, and for all that it has to say.
  [[nodiscard]] virtual bool is_waited_for() const { return false; }
  /// The end of a turn: what was acknowledged is decided, and what followed was given to send.
  virtual void end_turn() {}
};

}  // namespace bookchain::transport
