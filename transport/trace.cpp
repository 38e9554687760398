#include "transport/trace.hpp"

#include <map>

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

void add_traces(Draft& draft, const std::vector<Traced>& traced) {
  std::map<ExchangeId, std::uint64_t> lengths;
  for (const auto& [of, record] : traced) {
    for (const auto& exchange : of) {
      if (!takes_part(draft, record.from, exchange)) continue;
      const auto [place, is_new] = lengths.try_emplace(exchange, 0);
      auto& length = place->second;
      if (is_new) {
        if (const auto last = trace_rows.last(draft, encode(exchange))) length = last->first.order;
      }
      if (length < max_trace_rows) trace_rows.put(draft, TraceKey{exchange, ++length}, record);
    }
  }
}

}  // namespace bookchain::transport
