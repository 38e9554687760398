#include "transport/trace.hpp"

#include <algorithm>
#include <iterator>

#include "ledger/records.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Whether this peer has anything to do with it: a record, or an id that its requester gave it as a witness.
bool takes_part(const State& state, PeerPort from, const ExchangeId& exchange) {
  const auto nothing = [](ByteView) {};
  return state.look_up(Table::exchanges, exchange.view(), nothing) ||
         state.look_up(Table::witness_ids, encode(WitnessIdKey{from, exchange}), nothing);
}

}  // namespace

Traced trace_of(const Genesis& genesis, const Message& message, const Header& header, const MessageId& id, Time now,
                std::uint64_t size) {
  return Traced{
      traced_exchanges_of(genesis.id(), message),
      TraceRecord{id, header.from, header.to, std::string(name(message)), traced_step_of(message), now, size}};
}

std::optional<Precommit> vote_without_block(const Message& message) {
  const auto* commit = std::get_if<CommitMessage>(&message);
  if (commit == nullptr || commit->block) return std::nullopt;
  return commit->certificate.vote;
}

std::vector<ExchangeId> exchanges_committed_by(const Genesis& genesis, const State& state, const Precommit& vote) {
  const auto committed = blocks.get(state, vote.height);
  if (!committed || genesis.block_hash(committed->block) != vote.block) return {};
  return exchanges_moved_by(genesis.id(), committed->block);
}

void collect_passed(const State& state, const std::vector<Traced>& traced, Passed& passed) {
  for (const auto& [of, record] : traced) {
    for (const auto& exchange : of) {
      if (takes_part(state, record.from, exchange)) passed[exchange].push_back(record);
    }
  }
}

void add_to_trace(Draft& draft, const ExchangeId& exchange, std::vector<TraceRecord> messages) {
  std::uint64_t length = 0;
  if (const auto last = trace_parts.last(draft, encode(exchange))) {
    length = last->first.order - 1 + last->second.messages.size();
  }
  const auto room = max_traced_messages - std::min(length, max_traced_messages);
  if (messages.size() > room) messages.resize(room);
  if (!messages.empty()) trace_parts.put(draft, TraceKey{exchange, length + 1}, TracePart{std::move(messages)});
}

namespace {

/// Some hundreds of KiB.
constexpr std::size_t most_waiting = 4096;

void move_to_end(std::vector<TraceRecord>& messages, std::vector<TraceRecord>& more) {
  messages.insert(messages.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

void TraceBook::write_down(Draft& draft, Time now, bool may_wait, const std::vector<ExchangeId>& ended) {
  // What a turn sends is given to the outboxes at its end, and was decided in the midst of what came.
  std::ranges::stable_sort(of_turn_, {}, [](const auto& traced) { return traced.record.time; });
  collect_passed(draft, std::exchange(of_turn_, {}), fresh_);
  const bool is_due = (since_ && has_passed(*since_, now, delay_us)) || waiting_messages_ >= most_waiting;
  if (may_wait && !is_due) {
    written_.insert(ended.begin(), ended.end());
  } else {
    for (const auto* passed : {&waiting_, &fresh_}) {
      for (const auto& [exchange, messages] : *passed) written_.insert(exchange);
    }
  }
  for (const auto& exchange : written_) {
    std::vector<TraceRecord> messages;
    for (const auto* passed : {&waiting_, &fresh_}) {
      const auto place = passed->find(exchange);
      if (place != passed->end()) messages.insert(messages.end(), place->second.begin(), place->second.end());
    }
    add_to_trace(draft, exchange, std::move(messages));
  }
}

void TraceBook::committed(Time now) {
  for (const auto& exchange : std::exchange(written_, {})) {
    if (const auto place = waiting_.find(exchange); place != waiting_.end()) {
      waiting_messages_ -= place->second.size();
      waiting_.erase(place);
    }
    fresh_.erase(exchange);
  }
  for (auto& [exchange, messages] : fresh_) {
    waiting_messages_ += messages.size();
    move_to_end(waiting_[exchange], messages);
  }
  fresh_.clear();
  if (waiting_.empty()) {
    since_.reset();
  } else if (!since_) {
    since_ = now;
  }
}

void TraceBook::rolled_back() {
  of_turn_.clear();
  fresh_.clear();
  written_.clear();
}

std::optional<Time> TraceBook::due_at() const {
  if (!since_) return std::nullopt;
  return Time{since_->value + delay_us};
}

}  // namespace bookchain::transport
