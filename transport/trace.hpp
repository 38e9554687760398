// The trace of an exchange: which of its messages this peer sent and took in, and when, for people to look at. Nothing
// depends on it.
#pragma once

#include <set>

#include "ledger/state.hpp"
#include "transport/channel.hpp"

namespace bookchain::transport {

/// Messages of one exchange in its trace; an exchange has some dozens, so what lies beyond was sent for its own sake.
inline constexpr std::uint64_t max_traced_messages = 1'024;

struct TraceKey {
  ledger::ExchangeId exchange;
  std::uint64_t order{};  ///< of the first message of that part, from 1

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("order", self.order);
  }
};

/// One message of an exchange as this peer sent or took it, for `trace`.
struct TraceRecord {
  ledger::MessageId id;
  ledger::PeerPort from;
  ledger::PeerPort to;
  std::string type;
  std::uint8_t step{};  ///< 1 to 8, 0 if it belongs to none of them
  ledger::Time time;    ///< by this peer's clock
  std::uint64_t size{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("id", self.id);
    visitor("from", self.from);
    visitor("to", self.to);
    visitor.text("type", self.type, 64);
    visitor("step", self.step);
    visitor("time", self.time);
    visitor("size", self.size);
  }
};
/// Messages that followed one another and were written down together.
struct TracePart {
  std::vector<TraceRecord> messages;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("messages", self.messages, max_traced_messages);
  }
};
inline constexpr ledger::TypedTable<TraceKey, TracePart> trace_parts{ledger::Table::trace};

/// A message that leaves or arrives, and the exchanges that it is about: its own, or those that the block records which
/// comes with it.
struct Traced {
  std::vector<ledger::ExchangeId> exchanges;
  TraceRecord record;
};
[[nodiscard]] Traced trace_of(const ledger::Genesis& genesis, const ledger::Message& message, const Header& header,
                              const ledger::MessageId& id, ledger::Time now, std::uint64_t size);
/// The vote of a COMMIT that leaves its block out.
[[nodiscard]] std::optional<ledger::Precommit> vote_without_block(const ledger::Message& message);
/// The exchanges that the block records which that vote committed; none if it is not in the chain of this state.
[[nodiscard]] std::vector<ledger::ExchangeId> exchanges_committed_by(const ledger::Genesis& genesis,
                                                                     const ledger::State& state,
                                                                     const ledger::Precommit& vote);

/// What passed of each exchange, in its order.
using Passed = std::map<ledger::ExchangeId, std::vector<TraceRecord>>;
/// Of those exchanges alone that this peer takes part in: anybody can name others without end.
void collect_passed(const ledger::State& state, const std::vector<Traced>& traced, Passed& passed);
/// Adds a part to the trace of an exchange.
void add_to_trace(ledger::Draft& draft, const ledger::ExchangeId& exchange, std::vector<TraceRecord> messages);

/// The traces of a process. Where it goes on serving they are written down a little later, or when the exchange ends:
/// an exchange has a few parts then, where each turn would write one. What is in memory alone goes with the process.
class TraceBook {
 public:
  /// Nothing waits longer.
  static constexpr std::uint64_t delay_us = 250'000;

  void passed(Traced traced) {
    if (!traced.exchanges.empty()) of_turn_.push_back(std::move(traced));
  }
  /// At the end of a turn, within its transaction: then it is known which exchanges this peer takes part in. Writes
  /// down all, or if it may wait and nothing is due what passed of the exchanges that have `ended`.
  void write_down(ledger::Draft& draft, ledger::Time now, bool may_wait, const std::vector<ledger::ExchangeId>& ended);
  /// That transaction was committed, or rolled back.
  void committed(ledger::Time now);
  void rolled_back();

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::optional<ledger::Time> due_at() const;

 private:
  std::vector<Traced> of_turn_;
  Passed fresh_;                          ///< of the turn
  Passed waiting_;                        ///< of turns before
  std::size_t waiting_messages_ = 0;      ///< in waiting_
  std::set<ledger::ExchangeId> written_;  ///< of both, in the transaction
  std::optional<ledger::Time> since_;     ///< something waits
};

}  // namespace bookchain::transport
