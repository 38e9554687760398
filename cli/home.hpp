// Home: a peer at work. Puts together what a writing command needs (lock, state, shelf, link, courier)
// and keeps their order: nothing is opened before the lock is held, nothing is written without it.
// Reading commands use Reader, which takes no lock and sees one moment of the state.
#pragma once

#include <memory>

#include "cli/contacts.hpp"
#include "cli/environment.hpp"
#include "cli/home_lock.hpp"
#include "cli/peer_files.hpp"
#include "ledger/store/gathering_store.hpp"
#include "ledger/store/journals.hpp"
#include "ledger/store/numbered_store.hpp"
#include "ledger/store/shelf.hpp"
#include "ledger/store/sqlite_store.hpp"
#include "ledger/store/value_shelf.hpp"
#include "transport/courier.hpp"

namespace bookchain::transport {
class SocketLink;
}

namespace bookchain::cli {

/// Where an address is a folder: the folder; a relative one is taken from `base`.
[[nodiscard]] std::optional<path> spool_at(std::string_view address, const path& base);
/// Where the peers are reached, by the network file and this home's config.
struct Addresses {
  std::map<ledger::PeerPort, path> spools;   ///< of other peers
  std::map<ledger::PeerPort, path> sockets;  ///< of other peers
  std::optional<path> own_socket;            ///< nothing: this peer is reached by its spool
};
[[nodiscard]] Addresses addresses_of(const PeerFiles& files);

class Home {
 public:
  enum class Role : std::uint8_t { visit, serve };
  /// Takes the lock, opens everything, finishes what a killed process left on the shelf. `progress` may
  /// be null and outlives the home. With sockets: `serve` listens; `visit` connects to the peers that listen, unless
  /// another process serves this home. Tokens: `locked`, `io`, `permission`, `disk-full`, `bad-file`, `bad-value`.
  [[nodiscard]] static Result<std::unique_ptr<Home>> open(std::unique_ptr<PeerFiles> files,
                                                          ledger::Progress* progress = nullptr,
                                                          Role role = Role::visit);
  /// A visit ends when the peers have taken what was sent to them, or do not move for a while. While another process
  /// holds the lock nothing is written any more.
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  [[nodiscard]] const PeerFiles& files() const { return *files_; }
  [[nodiscard]] ledger::PeerPort port() const { return files_->port(); }
  [[nodiscard]] const ledger::Genesis& genesis() const { return files_->genesis; }
  [[nodiscard]] const ledger::Node& node() const { return node_; }
  [[nodiscard]] ledger::Store& store() { return *gathering_; }
  [[nodiscard]] ledger::Shelf& shelf() { return *shelf_; }
  /// Of all books: those in files, and the value books in the state.
  [[nodiscard]] ledger::PackageStore& packages() { return *value_shelf_; }
  [[nodiscard]] transport::Courier& courier() { return *courier_; }
  [[nodiscard]] ProcessEnvironment& environment() { return environment_; }

  /// On a visit: waits shortly until what the peers have for this one is here, to be taken in; false if one of them
  /// does not move. With folders, and beside a process that serves this home, there is nothing to wait for.
  bool collect();
  /// Whether a package is on its way here: collect() waits for it.
  [[nodiscard]] bool is_fetching() const;

  /// Null where no address is a socket.
  [[nodiscard]] transport::SocketLink* sockets() { return sockets_; }
  /// Tells the process that serves this home that there is something to send.
  void wake_server() const { lock_.touch(); }

  /// For `serve`: what a turn changes goes to the journals of the state (ledger/store/journals.hpp).
  void keep_journals();
  /// For who serves until a signal comes: it takes its time and 8 MiB of disk once (ledger/store/sqlite_log.hpp).
  void lengthen_log();
  /// Puts what the journals hold into the tables, where others find it at once. Tokens: `io`, `disk-full`, `locked`.
  [[nodiscard]] Result<void> settle() { return journals_->settle(); }
  /// For `serve`: other commands on this home take their turn while the lock is not held.
  void release();
  [[nodiscard]] Result<void> take(const HomeLock::Stop& stop);

 private:
  Home(std::unique_ptr<PeerFiles> files, HomeLock lock, std::optional<ledger::Time> fixed_clock);
  class Watcher;
  [[nodiscard]] Result<void> open_link(Role role);
  void part();

  std::unique_ptr<PeerFiles> files_;
  HomeLock lock_;
  ProcessEnvironment environment_;
  ledger::Node node_;
  Contacts contacts_;
  std::unique_ptr<Watcher> watcher_;
  std::unique_ptr<ledger::SqliteStore> store_;
  std::optional<ledger::Journals> journals_;
  std::optional<ledger::NumberedStore> numbered_;
  std::optional<ledger::GatheringStore> gathering_;
  std::optional<ledger::Shelf> shelf_;
  std::optional<ledger::ValueShelf> value_shelf_;
  std::unique_ptr<transport::Link> link_;
  transport::SocketLink* sockets_ = nullptr;  ///< a part of the link
  Role role_ = Role::visit;
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
  [[nodiscard]] const ledger::Store& state() const { return state_; }

 private:
  Reader(std::unique_ptr<PeerFiles> files, std::unique_ptr<ledger::SqliteStore> store);

  std::unique_ptr<PeerFiles> files_;
  ledger::Node node_;
  std::unique_ptr<ledger::SqliteStore> store_;
  ledger::Journals journals_;
  ledger::NumberedStore state_;
  ledger::Reading moment_;
};

}  // namespace bookchain::cli
