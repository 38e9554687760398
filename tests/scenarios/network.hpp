// Whole networks in memory for the tests of the rules: real nodes over memory stores, real encryption of
// small books, and messages that lie in a queue until the test delivers, reorders, repeats or drops them.
// Every message goes through its canonical bytes. Keys, time and randomness follow from the seed alone.
#pragma once

#include <boost/test/unit_test.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "ledger/book.hpp"
#include "ledger/chain.hpp"
#include "ledger/node.hpp"
#include "ledger/store/memory_store.hpp"

namespace bookchain::scenarios {

using namespace ledger;  // NOLINT(google-build-using-namespace)

/// An encrypted book as it goes beside a GRANT.
struct Package {
  std::vector<Hash> leaves;
  std::vector<Bytes> chunks;
};

/// The text of a book with the salts that fit its registered leaves.
struct Text {
  std::vector<Salt> salts;
  std::vector<Bytes> chunks;
  [[nodiscard]] Bytes whole() const;
};

struct Envelope {
  PeerPort from;
  PeerPort to;
  Message message;
  std::optional<Package> package;
};

/// One peer: its state, its shelf, its packages.
struct Home {
  Identity identity;
  std::unique_ptr<MemoryStore> store = std::make_unique<MemoryStore>();
  std::map<BookId, Text> books;
  std::map<ExchangeId, Package> packages;  ///< made (owner) or received (requester)
  std::map<ExchangeId, Text> plaintexts;   ///< opened, not yet on the shelf
  std::uint64_t next_serial = 1;
  bool alive = true;
  bool takes_steps = true;  ///< whether run() takes its due steps
  bool grants = true;
  std::optional<BookKey> deals;  ///< an owner that cheats deals shares of this key
};

class Network {
 public:
  explicit Network(std::size_t peers, std::uint64_t seed = 1, std::uint8_t work_bits = 0, bool test_network = true);
  /// A network whose sizes are not the usual ones: `change` is given its fields before the peers are added.
  Network(std::size_t peers, std::uint64_t seed, const std::function<void(GenesisFields&)>& change);

  [[nodiscard]] const Genesis& genesis() const { return *genesis_; }
  [[nodiscard]] PeerPort port(std::size_t index) const { return genesis_->peers().at(index).port; }
  [[nodiscard]] Home& home(PeerPort peer) { return homes_.at(peer); }
  [[nodiscard]] const Home& home(PeerPort peer) const { return homes_.at(peer); }
  [[nodiscard]] const MemoryStore& state(PeerPort peer) const { return *home(peer).store; }
  [[nodiscard]] Node node(PeerPort peer) const { return Node(*genesis_, home(peer).identity); }

  template <class Body>
  [[nodiscard]] Signed<Body> sign(PeerPort signer, Body body) const {
    return sign_statement(genesis_->id(), signer, home(signer).identity.signing_key, std::move(body));
  }
  template <class Fixed>
  [[nodiscard]] Fixed draw() {
    Fixed value;
    for (auto& byte : value.bytes) byte = static_cast<std::uint8_t>(random_());
    return value;
  }

  // ---- inputs ----

  /// Whether proposers let others go before them: Input::patient.
  bool patient = false;
  bool goes_first = true;  ///< see Input; where they are patient

  /// Gives one input to a peer: its writes are committed, its messages queued.
  Result<Outcome> input(PeerPort peer, Cause what);
  /// A wish that must succeed.
  void wish(PeerPort peer, Wish wish);
  /// A wish that must be refused, and what with.
  [[nodiscard]] Token refused_wish(PeerPort peer, Wish wish);
  /// Takes one of the eight steps with all that belongs to it: encrypts, decrypts, draws keys.
  Result<Outcome> take_step(PeerPort peer, const Due& due);
  /// Takes it and requires success.
  void take(PeerPort peer, const ExchangeId& exchange, Step step);
  /// Gives a message to a peer at once; the token of its refusal, or nothing.
  std::optional<Token> give(PeerPort from, PeerPort to, const Message& message,
                            std::optional<Package> package = std::nullopt);
  void tick(PeerPort peer) { (void)input(peer, Tick{}); }

  // ---- books and exchanges ----

  /// Registers a value book; its announcement is queued.
  BookId add_book(PeerPort registrar, const std::string& value);
  /// The same for any text, in chunks of the network's size.
  BookId add_text(PeerPort registrar, const std::string& title, const Bytes& text);
  ExchangeId request(PeerPort requester, PeerPort owner, const BookId& book);
  /// Takes the steps of an exchange after the one last taken, up to `last`, delivering everything after each.
  void play(const ExchangeId& exchange, Step last);
  /// A book of `owner`, requested by `requester` and played up to `last`.
  ExchangeId start(PeerPort requester, PeerPort owner, const std::string& value, Step last);
  [[nodiscard]] ExchangeRecord record(PeerPort peer, const ExchangeId& exchange) const;
  [[nodiscard]] bool knows(PeerPort peer, const ExchangeId& exchange) const;
  [[nodiscard]] ExchangeState state_of(PeerPort peer, const ExchangeId& exchange) const;
  [[nodiscard]] PeerPort owner_of_book(PeerPort seen_by, const BookId& book) const;

  // ---- delivery ----

  /// What lies between the peers. Tests may look, reorder and remove.
  std::deque<Envelope> queue;
  /// Called before each delivery: false drops the message for good.
  std::function<bool(const Envelope&)> filter;
  /// Called for each message delivered: transcripts.
  std::function<void(const Envelope&, const std::optional<Error>&)> watch;

  /// Delivers the envelope at a place of the queue.
  void deliver(std::size_t place = 0);
  /// Delivers all of one kind of message, and what follows of that kind.
  template <class Kind>
  void deliver_all() {
    for (std::size_t i = 0; i < queue.size();) {
      if (std::holds_alternative<Kind>(queue[i].message)) {
        deliver(i);
        i = 0;
      } else {
        ++i;
      }
    }
  }
  /// Delivers in order until nothing is queued; takes no steps.
  void deliver_until_quiet();
  /// As `serve` at every live peer: deliveries, due steps, ticks as time passes, until nothing is left to do.
  /// Fails the test if that does not happen within `most` inputs.
  void run(std::size_t most = 200'000);
  /// Whether run_shuffled leaves the messages from one peer to another in their order, as most links do.
  bool keeps_directions = false;
  /// From whom to whom: what goes these ways is delivered by run_shuffled when nothing else is under way.
  std::set<std::pair<PeerPort, PeerPort>> slow;
  /// The same with deliveries in random order, each message twice with that probability in percent.
  void run_shuffled(unsigned duplicates_percent, std::size_t most = 200'000);

  /// A copy of all that a peer remembers: a backup. Putting it back forgets what came since.
  [[nodiscard]] std::unique_ptr<MemoryStore> backup(PeerPort peer) const;
  void restore(PeerPort peer, std::unique_ptr<MemoryStore> store) { home(peer).store = std::move(store); }
  /// Changes a peer's rows behind its back.
  void edit(PeerPort peer, const std::function<void(Draft&)>& change);

  void kill(PeerPort peer) { home(peer).alive = false; }
  void revive(PeerPort peer) { home(peer).alive = true; }
  [[nodiscard]] Time now() const { return Time{now_}; }
  void pass(std::uint64_t microseconds) { now_ += microseconds; }

  // ---- what must hold ----

  [[nodiscard]] Head head(PeerPort peer) const { return chain_head(*genesis_, state(peer)); }
  [[nodiscard]] std::vector<CommittedBlock> chain(PeerPort peer) const;
  /// All live peers have the same chain, of that height; it verifies from the genesis alone.
  void require_equal_chains(std::uint64_t height) const;
  /// No two peers, live or not, hold different blocks at one height.
  void require_no_fork() const;

 private:
  [[nodiscard]] std::size_t random_place();
  void run_until_idle(bool shuffled, unsigned duplicates_percent, std::size_t most);
  bool take_due_steps();
  void tend_shelf(PeerPort peer);
  [[nodiscard]] std::optional<ReceivedPackage> take_package(PeerPort to, PeerPort from, const Message& message,
                                                            const Package& package);
  [[nodiscard]] BookId register_book(PeerPort registrar, Book body, const Bytes& text);

  std::unique_ptr<Genesis> genesis_;
  std::map<PeerPort, Home> homes_;
  std::mt19937_64 random_;
  std::uint64_t now_ = 1'767'225'600'000'000;
};

[[nodiscard]] Bytes bytes_of(std::string_view text);
/// A message that brings a block, or makes a peer ask for one.
[[nodiscard]] inline bool tells_of_a_block(const Message& message) {
  return std::holds_alternative<CommitMessage>(message) || std::holds_alternative<BlocksMessage>(message) ||
         std::holds_alternative<ReceiptMessage>(message);
}
/// The first transaction of a block as a TRANSFER.
[[nodiscard]] const Transfer& transfer_in(const CommittedBlock& committed);

}  // namespace bookchain::scenarios
