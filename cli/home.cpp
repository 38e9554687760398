#include "cli/home.hpp"

#include <boost/filesystem/operations.hpp>
#include <csignal>
#include <cstdlib>

namespace bookchain::cli {

using namespace ledger;

namespace {

constexpr std::string_view spool_scheme = "spool:";

path resolve(const std::string& address, const path& network_file) {
  const path relative(address.substr(spool_scheme.size()));
  return boost::filesystem::absolute(relative, network_file.parent_path()).lexically_normal();
}

}  // namespace

std::map<PeerPort, path> spools_of(const PeerFiles& files) {
  std::map<PeerPort, path> spools;
  for (const auto& peer : files.genesis.peers()) {
    if (peer.port == files.port()) continue;
    const auto own = files.addresses.find(peer.port);
    spools[peer.port] = resolve(own == files.addresses.end() ? peer.address : own->second, files.network_file);
  }
  return spools;
}

/// Kills the process at a named point, for tests of what a crash leaves: BOOKCHAIN_KILL=POINT:N ends it
/// with SIGKILL when POINT is reached for the Nth time.
class Home::Killer final : public transport::Observer {
 public:
  explicit Killer(const char* setting) {
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

 private:
  std::string point_;
  unsigned long left_ = 0;
};

Home::Home(std::unique_ptr<PeerFiles> files, HomeLock lock, std::optional<Time> fixed_clock)
    : files_(std::move(files)),
      lock_(std::move(lock)),
      environment_(files_->seed, files_->home / "draws", fixed_clock),
      node_(files_->genesis, files_->identity),
      killer_(std::make_unique<Killer>(std::getenv("BOOKCHAIN_KILL"))) {}

Home::~Home() {
  // The state is closed under the lock: the last connection to close may write.
  if (!lock_.held()) (void)lock_.take();
  courier_.reset();
  store_.reset();
}

Result<std::unique_ptr<Home>> Home::open(std::unique_ptr<PeerFiles> files, Progress* progress) {
  std::optional<Time> clock;
  if (files->seed) {
    BOOKCHAIN_TRY(clock, fixed_clock());
  }
  BOOKCHAIN_TRY(auto lock, HomeLock::open(files->home));
  BOOKCHAIN_CHECK(lock.take());
  std::unique_ptr<Home> home(new Home(std::move(files), std::move(lock), clock));
  BOOKCHAIN_TRY(home->store_, SqliteStore::open(home->files().state_file(), SqliteStore::Mode::read_write));
  BOOKCHAIN_TRY(auto shelf, Shelf::open(home->files().home));
  home->shelf_.emplace(std::move(shelf));
  BOOKCHAIN_CHECK(
      home->shelf_->clear_work([&](const BookId& id) { return catalogue.get(*home->store_, id).has_value(); }));
  transport::SpoolLink::Settings settings{home->port(), home->files().spool(), spools_of(home->files()),
                                          home->genesis().fields().limits.message_bytes + transport::seal_overhead};
  BOOKCHAIN_TRY(home->link_, transport::SpoolLink::open(std::move(settings), home->environment_));
  BOOKCHAIN_TRY(auto courier, transport::Courier::make({home->node_, *home->store_, *home->shelf_, *home->link_,
                                                        home->environment_, home->killer_.get(), progress}));
  home->courier_.emplace(std::move(courier));
  return home;
}

void Home::release() { lock_.release(); }

Result<void> Home::take() {
  BOOKCHAIN_CHECK(lock_.take());
  environment_.begin_turn();
  return success();
}

Reader::Reader(std::unique_ptr<PeerFiles> files, std::unique_ptr<SqliteStore> store)
    : files_(std::move(files)), node_(files_->genesis, files_->identity), store_(std::move(store)) {}

Result<std::unique_ptr<Reader>> Reader::open(std::unique_ptr<PeerFiles> files) {
  BOOKCHAIN_TRY(auto store, SqliteStore::open(files->state_file(), SqliteStore::Mode::read_only));
  return std::unique_ptr<Reader>(new Reader(std::move(files), std::move(store)));
}

}  // namespace bookchain::cli
