// Home: a peer at work. Puts together what a writing command needs (lock, state, shelf, link, courier)
// and keeps their order: nothing is opened before the lock is held, nothing is written without it.
// Reading commands use Reader, which takes no lock and sees one moment of the state.
#pragma once

#include <memory>

#include "cli/environment.hpp"
#include "cli/home_lock.hpp"
#include "cli/peer_files.hpp"
#include "ledger/store/shelf.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "transport/courier.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::cli {

/// The spools of the other peers, by the network file and this home's config.
[[nodiscard]] std::map<ledger::PeerPort, path> spools_of(const PeerFiles& files);

class Home {
 public:
  /// Takes the lock, opens everything, finishes what a killed process left on the shelf. `progress` may
  /// be null and outlives the home. Tokens: `locked`, `io`, `permission`, `disk-full`, `bad-file`, `bad-value`.
  [[nodiscard]] static Result<std::unique_ptr<Home>> open(std::unique_ptr<PeerFiles> files,
                                                          ledger::Progress* progress = nullptr);
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  [[nodiscard]] const PeerFiles& files() const { return *files_; }
  [[nodiscard]] ledger::PeerPort port() const { return files_->port(); }
  [[nodiscard]] const ledger::Genesis& genesis() const { return files_->genesis; }
  [[nodiscard]] const ledger::Node& node() const { return node_; }
  [[nodiscard]] ledger::Store& store() { return *store_; }
  [[nodiscard]] ledger::Shelf& shelf() { return *shelf_; }
  [[nodiscard]] transport::Courier& courier() { return *courier_; }
  [[nodiscard]] ProcessEnvironment& environment() { return environment_; }

  /// For `serve`: other commands on this home take their turn while the lock is not held.
  void release();
  [[nodiscard]] Result<void> take();

 private:
  Home(std::unique_ptr<PeerFiles> files, HomeLock lock, std::optional<ledger::Time> fixed_clock);
  class Killer;

  std::unique_ptr<PeerFiles> files_;
  HomeLock lock_;
  ProcessEnvironment environment_;
  ledger::Node node_;
  std::unique_ptr<Killer> killer_;
  std::unique_ptr<ledger::SqliteStore> store_;
  std::optional<ledger::Shelf> shelf_;
  std::unique_ptr<transport::Link> link_;
  std::optional<transport::Courier> courier_;
};

/// A peer as reading commands see it.
class Reader {
 public:
  /// Tokens: `home-missing`, `bad-file`, `io`, `permission`.
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(std::unique_ptr<PeerFiles> files);

  [[nodiscard]] const PeerFiles& files() const { return *files_; }
  [[nodiscard]] ledger::PeerPort port() const { return files_->port(); }
  [[nodiscard]] const ledger::Genesis& genesis() const { return files_->genesis; }
  [[nodiscard]] const ledger::Node& node() const { return node_; }
  [[nodiscard]] const ledger::SqliteStore& state() const { return *store_; }

 private:
  Reader(std::unique_ptr<PeerFiles> files, std::unique_ptr<ledger::SqliteStore> store);

  std::unique_ptr<PeerFiles> files_;
  ledger::Node node_;
  std::unique_ptr<ledger::SqliteStore> store_;
};

}  // namespace bookchain::cli
