#include "transport/trace.hpp"

#include "ledger/records.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Whether this peer has anything to do with it: a record, or an id that its requester gave it as a witness.
bool takes_part(const State& state, PeerPort from, const ExchangeId& exchange) {
  return state.get(Table::exchanges, encode(exchange)) ||
         state.get(Table::witness_ids, encode(WitnessIdKey{from, exchange}));
}

}  // namespace

Traced trace_of(const Genesis& genesis, const Message& message, const Header& header, const MessageId& id, Time now,
                std::uint64_t size) {
  return Traced{
      traced_exchanges_of(genesis.id(), message),
      TraceRecord{id, header.from, header.to, std::string(name(message)), traced_step_of(message), now, size}};
}

void add_trace(Draft& draft, Traced& traced) {
  std::erase_if(traced.exchanges, [&](const ExchangeId& exchange) {
    if (!takes_part(draft, traced.record.from, exchange)) return false;
    const auto last = trace_rows.last(draft, encode(exchange));
    const auto order = last ? last->first.order + 1 : 1;
    if (order <= max_trace_rows) trace_rows.put(draft, TraceKey{exchange, order}, traced.record);
    return true;
  });
}

}  // namespace bookchain::transport
