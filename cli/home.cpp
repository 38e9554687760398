#include "cli/home.hpp"

#include <boost/filesystem/operations.hpp>
#include <csignal>
#include <cstdlib>
#include <set>

#include "cli/network_file.hpp"
#include "cli/spool_access.hpp"
#include "ledger/book.hpp"
#include "transport/mixed_link.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// How long a visit waits for a peer that does not move: one that is stopped costs no more.
constexpr std::chrono::milliseconds visit_patience{2'000};
/// Of a peer that serves. A command that ends at once needs no threads.
constexpr std::size_t syncs_at_once = 8;

path resolve(std::string_view relative, const path& base) {
  return boost::filesystem::absolute(path(std::string(relative)), base).lexically_normal();
}

}  // namespace

std::optional<path> spool_at(std::string_view address, const path& base) {
  if (!address.starts_with(spool_scheme)) return std::nullopt;
  return resolve(address.substr(spool_scheme.size()), base);
}

Addresses addresses_of(const PeerFiles& files) {
  Addresses addresses;
  for (const auto& peer : files.genesis.peers()) {
    const auto own = files.addresses.find(peer.port);
    const std::string_view address = own == files.addresses.end() ? peer.address : own->second;
    const bool self = peer.port == files.port();
    if (address.starts_with(socket_scheme)) {
      auto socket = resolve(address.substr(socket_scheme.size()), files.address_base);
      if (self) {
        addresses.own_socket = std::move(socket);
      } else {
        addresses.sockets[peer.port] = std::move(socket);
      }
    } else if (!self) {
      addresses.spools[peer.port] = resolve(address.substr(spool_scheme.size()), files.address_base);
    }
  }
  return addresses;
}

/// Looks on at the courier. After each commit it notes who was heard, for `status`. And for tests of what a crash
/// leaves it kills the process: BOOKCHAIN_KILL=POINT:N ends it with SIGKILL when POINT is reached for the Nth time.
class Home::Watcher final : public transport::Observer {
 public:
  Watcher(Home& home, const char* setting) : home_(home) {
    if (setting == nullptr) return;
    const std::string text = setting;
    const auto colon = text.find(':');
    point_ = text.substr(0, colon);
    left_ = colon == std::string::npos ? 1 : std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  }
  void reached(transport::KillPoint point) override {
    if (point_.empty() || transport::name(point) != point_) return;
    if (--left_ == 0) std::raise(SIGKILL);
  }
  void committed(const transport::Report& report) override {
    static const std::map<PeerPort, NetworkId> none;
    const auto& others = home_.sockets_ == nullptr ? none : home_.sockets_->other_networks();
    home_.contacts_.note(report.heard, others, home_.environment_.now());
  }

 private:
  Home& home_;
  std::string point_;
  unsigned long left_ = 0;
};

Home::Home(std::unique_ptr<PeerFiles> files, HomeLock lock, std::optional<Time> fixed_clock)
    : files_(std::move(files)),
      lock_(std::move(lock)),
      environment_(files_->seed, files_->home / "draws", fixed_clock),
      node_(files_->genesis, files_->identity),
      contacts_(files_->home),
      watcher_(std::make_unique<Watcher>(*this, std::getenv("BOOKCHAIN_KILL"))) {}

Home::~Home() {
  if (gathering_) gathering_->rollback();  // what a damaged state broke off
  // The state is closed under the lock, since the last connection to close may write. Without it take() has waited
  // already, and was told to stop.
  if (lock_.held() || lock_.take_at_once()) {
    part();
  } else if (store_) {
    store_->write_nothing_more();
  }
  courier_.reset();
  store_.reset();
}

Result<std::unique_ptr<Home>> Home::open(std::unique_ptr<PeerFiles> files, Progress* progress, Role role) {
  std::optional<Time> clock;
  if (files->seed) {
    BOOKCHAIN_TRY(clock, fixed_clock());
  }
  BOOKCHAIN_TRY(auto lock, HomeLock::open(files->home));
  // Who serves handles signals by itself; all others are ended by them.
  HomeLock::Stop stop;
  if (role == Role::serve && progress != nullptr) stop = [&] { return !progress->advanced(0, 1); };
  BOOKCHAIN_CHECK(lock.take(stop));
  std::unique_ptr<Home> home(new Home(std::move(files), std::move(lock), clock));
  BOOKCHAIN_TRY(home->store_, SqliteStore::open(home->files().state_file(), SqliteStore::Mode::read_write));
  home->journals_.emplace(*home->store_);
  home->numbered_.emplace(home->journals_->store());
  home->gathering_.emplace(*home->numbered_);
  BOOKCHAIN_TRY(auto shelf, Shelf::open(home->files().home));
  home->shelf_.emplace(std::move(shelf));
  BOOKCHAIN_CHECK(
      home->shelf_->clear_work([&](const BookId& id) { return catalogue.get(*home->gathering_, id).has_value(); }));
  home->value_shelf_.emplace(*home->shelf_, *home->gathering_);
  BOOKCHAIN_CHECK(home->open_link(role));
  BOOKCHAIN_TRY(auto courier,
                transport::Courier::make({home->node_, *home->gathering_, *home->value_shelf_, *home->link_,
                                          home->environment_, home->watcher_.get(), progress}));
  home->courier_.emplace(std::move(courier));
  return home;
}

Result<void> Home::open_link(Role role) {
  role_ = role;
  const auto addresses = addresses_of(*files_);
  const std::size_t max_envelope_bytes = genesis().fields().limits.message_bytes + transport::seal_overhead;
  Book largest;
  largest.size = genesis().fields().limits.book_bytes;
  largest.chunk_size = genesis().fields().chunk_size;
  transport::SpoolLink::Settings spools{port(),
                                        files_->spool,
                                        addresses.spools,
                                        max_envelope_bytes,
                                        {},
                                        files_->users,
                                        files_->quota,
                                        package_size(largest),
                                        role == Role::serve ? syncs_at_once : 1};
  transport::ConnectionTerms terms{genesis().id(), port(), {}, max_envelope_bytes, draw_random};
  for (const auto& peer : genesis().peers()) {
    if (peer.port == port()) continue;
    BOOKCHAIN_TRY(auto channel, transport::Channel::make(genesis(), files_->identity, peer.port));
    terms.channels.emplace(peer.port, std::move(channel));
    if (!addresses.own_socket) spools.senders.push_back(peer.port);
  }
  BOOKCHAIN_CHECK(keep_spool_open(*files_));
  BOOKCHAIN_TRY(auto spool_link, transport::SpoolLink::open(std::move(spools), environment_));
  if (!addresses.own_socket && addresses.sockets.empty()) {
    link_ = std::move(spool_link);
    return success();
  }
  // In the home and not beside the socket: where others may write, anybody could hold it first.
  auto serving_lock = files_->home / "serving.lock";
  BOOKCHAIN_TRY(auto socket_link,
                transport::SocketLink::open(
                    {std::move(terms), addresses.own_socket, files_->socket_mode, std::move(serving_lock),
                     addresses.sockets, files_->incoming()},
                    role == Role::serve ? transport::SocketLink::Role::serve : transport::SocketLink::Role::visit));
  sockets_ = socket_link.get();
  std::set<PeerPort> by_socket;
  for (const auto& [peer, socket] : addresses.sockets) by_socket.insert(peer);
  link_ = std::make_unique<transport::MixedLink>(std::move(spool_link), std::move(socket_link), std::move(by_socket));
  if (role == Role::visit) sockets_->meet(visit_patience);
  return success();
}

bool Home::collect() { return sockets_ == nullptr || role_ != Role::visit || sockets_->settle_up(visit_patience); }

bool Home::is_fetching() const { return sockets_ != nullptr && role_ == Role::visit && sockets_->has_asked(); }

void Home::part() {
  if (sockets_ == nullptr || role_ != Role::visit || !courier_ || !sockets_->has_sent()) return;
  try {
    sockets_->settle_up(visit_patience);
    // What was not acknowledged stays in the outbox, and any later process of this home sends it.
    (void)courier_->take_notes();
  } catch (const Abandoned&) {
    gathering_->rollback();  // told already, or by the next command
  }
}

void Home::keep_journals() {
  // Whoever reads the state meanwhile reads so much beside it (docs/performance.md).
  constexpr std::size_t mebibyte = std::size_t{1} << 20U;
  journals_->keep({.first = 3 * mebibyte / 2, .second = 4 * mebibyte});
}

void Home::lengthen_log() { store_->lengthen_log(); }

void Home::release() { lock_.release(); }

Result<void> Home::take(const HomeLock::Stop& stop) {
  BOOKCHAIN_CHECK(lock_.take(stop));
  environment_.begin_turn();
  return success();
}

Reader::Reader(std::unique_ptr<PeerFiles> files, std::unique_ptr<SqliteStore> store)
    : files_(std::move(files)),
      node_(files_->genesis, files_->identity),
      store_(std::move(store)),
      journals_(*store_),
      state_(journals_.store()),
      moment_(state_) {}

Result<std::unique_ptr<Reader>> Reader::open(std::unique_ptr<PeerFiles> files) {
  BOOKCHAIN_TRY(auto store, SqliteStore::open(files->state_file(), SqliteStore::Mode::read_only));
  try {
    return std::unique_ptr<Reader>(new Reader(std::move(files), std::move(store)));
  } catch (const DamagedState& damage) {
    return damage.error();  // of a journal: the home may be another one than that of this command
  }
}

}  // namespace bookchain::cli
