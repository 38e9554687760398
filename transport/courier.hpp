// Courier: the one loop of a peer. Take in, decide, commit, acknowledge, send (docs/architecture.md).
// A crash between any two of these repeats work and loses nothing. A wish of the user enters by the
// same door as a message. Keeps no state of the protocol: all of it is in the Store, so that several
// processes can take turns on one home.
#pragma once

#include "ledger/node.hpp"
#include "ledger/store/shelf.hpp"
#include "ledger/store/store.hpp"
#include "transport/channel.hpp"
#include "transport/link.hpp"

namespace bookchain::transport {

/// The two things the rules may not have by themselves. The simulator has its own.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual ledger::Time now() = 0;
  /// Fresh randomness; never fails (a generator that cannot deliver ends the process).
  virtual void random(std::span<std::uint8_t> out) = 0;
};

/// Points at which a test kills the process or the simulator crashes it.
enum class KillPoint : std::uint8_t {
  before_commit,
  after_commit,
  before_acknowledge,
  after_acknowledge,
  before_send,
  after_send,
  before_shelf,
  after_shelf,
};
[[nodiscard]] std::string_view name(KillPoint point);

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void reached(KillPoint point) = 0;
};

enum class ReceiveResult : std::uint8_t { accepted, refused, duplicate };

struct ReceivedReport {
  std::optional<ledger::MessageId> id;  ///< nothing for what cannot be opened
  std::optional<ledger::PeerPort> from;
  std::string type;  ///< empty for what cannot be opened
  std::optional<ledger::ExchangeId> exchange;
  ReceiveResult result{};
  std::optional<ledger::Error> error;
};

struct SentReport {
  ledger::PeerPort to;
  std::string type;
};

/// What one call did.
struct Report {
  std::vector<ReceivedReport> received;
  std::vector<SentReport> sent;  ///< put into the outbox by this call
  std::vector<ledger::Event> events;
};

class Courier {
 public:
  struct Parts {
    const ledger::Node& node;
    ledger::Store& store;
    ledger::Shelf& shelf;
    Link& link;
    Environment& environment;
    Observer* observer = nullptr;
    ledger::Progress* progress = nullptr;
  };
  /// Token `bad-value` if a channel cannot be made.
  [[nodiscard]] static ledger::Result<Courier> make(Parts parts);

  /// Takes in at most `most` parcels: opens, sorts by sender and number, drops what was seen, decides all of
  /// it in one transaction, commits, acknowledges, then delivers. Fails only for the environment.
  [[nodiscard]] ledger::Result<Report> receive(std::size_t most);

  /// Decides one wish, commits, delivers. Tokens: the rules', and the environment's.
  [[nodiscard]] ledger::Result<Report> wish(const ledger::Wish& wish);

  // Wishes that need randomness or the shelf; the rest go through wish().
  [[nodiscard]] ledger::Result<Report> request(ledger::PeerPort owner, const ledger::BookId& book);
  /// Encrypts first. An exchange that is granted already is no failure; nothing is sent then.
  [[nodiscard]] ledger::Result<Report> grant(const ledger::ExchangeId& exchange);
  [[nodiscard]] ledger::Result<Report> open(const ledger::ExchangeId& exchange);
  /// The step that is due of an exchange, by its name.
  [[nodiscard]] ledger::Result<Report> take_step(const ledger::Due& due);

  /// Gives the clock to the rules (back-off).
  [[nodiscard]] ledger::Result<Report> tick();

  /// Delivers what lies in the outbox and was not delivered yet, or was delivered long ago and never
  /// acknowledged; finishes shelf tasks. Called by all of the above; by itself after a start.
  [[nodiscard]] ledger::Result<void> deliver();

  [[nodiscard]] const ledger::Node& node() const { return parts_.node; }
  [[nodiscard]] ledger::Store& store() { return parts_.store; }

 private:
  explicit Courier(Parts parts) : parts_(parts) {}
  Parts parts_;
};

}  // namespace bookchain::transport
