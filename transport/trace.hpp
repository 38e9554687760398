// The trace of an exchange: which of its messages this peer sent and took in, and when, for people to look at. Nothing
// depends on it.
#pragma once

#include "ledger/state.hpp"
#include "transport/channel.hpp"

namespace bookchain::transport {

/// Messages of one exchange in its trace; an exchange has some dozens, so what lies beyond was sent for its own sake.
inline constexpr std::uint64_t max_trace_rows = 1'024;

struct TraceKey {
  ledger::ExchangeId exchange;
  std::uint64_t order{};

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
inline constexpr ledger::TypedTable<TraceKey, TraceRecord> trace_rows{ledger::Table::trace};

/// A message that leaves or arrives, and the exchanges that it is about: its own, or those that a block on its way
/// records.
struct Traced {
  std::vector<ledger::ExchangeId> exchanges;
  TraceRecord record;
};
[[nodiscard]] Traced trace_of(const ledger::Genesis& genesis, const ledger::Message& message, const Header& header,
                              const ledger::MessageId& id, ledger::Time now, std::uint64_t size);
/// Adds them, in their order, to the traces of those of their exchanges that this peer takes part in: anybody can name
/// others without end.
void add_traces(ledger::Draft& draft, const std::vector<Traced>& traced);

}  // namespace bookchain::transport
