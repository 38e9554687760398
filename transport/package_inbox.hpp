// The packages of large books as they come over sockets, in files below the home: SENDER/X.part while one
// comes, SENDER/X.package when it is whole. What was there when a connection broke is kept and gone on from.
// Nothing here is synced: the message of a package is acknowledged only after a copy of it is durable, and
// what an earlier run of the machine left is removed. Checks no content: the courier does.
#pragma once

#include <map>
#include <set>

#include "ledger/store/package_store.hpp"
#include "transport/framing.hpp"
#include "transport/spool_folder.hpp"

namespace bookchain::transport {

/// Packages that come from one peer at once; others wait.
inline constexpr std::size_t max_packages_at_once = 4;

class PackageInbox {
 public:
  /// Makes the folder (mode 0700) if it is missing. Tokens: `io`, `permission`, `disk-full`.
  [[nodiscard]] static ledger::Result<PackageInbox> open(boost::filesystem::path folder);

  /// Begins or goes on with a package of `size` bytes; gives how much of it is there. Nothing if it cannot be
  /// taken now: another process takes it, or too many come from this peer. Tokens: `io`, `permission`, `disk-full`.
  [[nodiscard]] ledger::Result<std::optional<std::uint64_t>> begin(ledger::PeerPort from,
                                                                   const ledger::ExchangeId& exchange,
                                                                   std::uint64_t size);
  enum class Added : std::uint8_t { more_to_come, complete, unexpected };
  /// The next bytes. `unexpected`: it was not begun, they are not the next ones, or it would become larger than said.
  [[nodiscard]] ledger::Result<Added> add(ledger::PeerPort from, const PackagePart& next);
  /// Whether a package of that size is here already: its connection broke before its message came.
  [[nodiscard]] bool has_whole(ledger::PeerPort from, const ledger::ExchangeId& exchange, std::uint64_t size) const;
  /// Its connection broke: what is there stays.
  void suspend(ledger::PeerPort from, const ledger::ExchangeId& exchange) { coming_.erase({from, exchange}); }
  [[nodiscard]] bool is_coming(ledger::PeerPort from, const ledger::ExchangeId& exchange) const;
  [[nodiscard]] std::size_t coming_from(ledger::PeerPort from) const;

  /// Tokens: `no-such-file`, `bad-file`, `permission`, `io`.
  [[nodiscard]] ledger::Result<std::unique_ptr<ledger::PackageSource>> open_package(
      ledger::PeerPort from, const ledger::ExchangeId& exchange) const;
  /// Removes it, whole or not.
  [[nodiscard]] ledger::Result<void> drop(ledger::PeerPort from, const ledger::ExchangeId& exchange);
  /// The whole ones and those in parts.
  [[nodiscard]] std::vector<std::pair<ledger::PeerPort, ledger::ExchangeId>> packages() const {
    return {on_disk_.begin(), on_disk_.end()};
  }

 private:
  struct Coming {
    ledger::Descriptor file;
    std::uint64_t size{};
    std::uint64_t there{};
  };
  using Key = std::pair<ledger::PeerPort, ledger::ExchangeId>;
  explicit PackageInbox(boost::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] ledger::Result<void> forget_other_boots();
  [[nodiscard]] std::vector<Key> files() const;
  [[nodiscard]] boost::filesystem::path place(ledger::PeerPort from) const;
  [[nodiscard]] boost::filesystem::path part(ledger::PeerPort from, const ledger::ExchangeId& exchange) const;
  [[nodiscard]] boost::filesystem::path whole(ledger::PeerPort from, const ledger::ExchangeId& exchange) const;

  boost::filesystem::path folder_;
  std::map<Key, Coming> coming_;
  std::set<Key> on_disk_;  ///< of what there may be files
};

}  // namespace bookchain::transport
