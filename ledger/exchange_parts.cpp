#include "ledger/exchange_parts.hpp"

#include "ledger/exchange_wish.hpp"

namespace bookchain::ledger {

std::vector<PeerPort> witnesses_of(const Genesis& genesis, const ExchangeRecord& record) {
  return genesis.witnesses(requester_of(record), owner_of(record));
}

bool is_witness(const Genesis& genesis, const ExchangeRecord& record, PeerPort port) {
  return port != requester_of(record) && port != owner_of(record) && genesis.find(port) != nullptr;
}

Result<ExchangeRecord> find_exchange(const State& state, const ExchangeId& exchange, Role role) {
  auto record = exchanges.get(state, exchange);
  if (!record) {
    return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(exchange));
  }
  if (record->role != role) {
    return rejected(
        Token::unexpected,
        "this peer is the " + std::string(name(record->role)) + " of the exchange, not its " + std::string(name(role)),
        to_hex(exchange));
  }
  return std::move(*record);
}

void keep(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  record.changed = context.now;
  exchanges.put(context.draft, exchange, record);
  const bool book_to_open =
      record.role == Role::requester && record.state == ExchangeState::committed && !record.plaintext_ready;
  const bool turn_to_free = record.role == Role::owner && is_over(record.state) && record.grant &&
                            grant_age(context.draft, record) == GrantAge::present;
  const bool open = !has_ended(record.state) || book_to_open || turn_to_free;
  set_open(context.draft, record.request.body.book, exchange, open);
}

Result<void> keep_beside_id(Context& context, PeerPort requester, const ExchangeId& exchange,
                            const std::function<void(WitnessIdRecord&)>& change) {
  const WitnessIdKey key{requester, exchange};
  auto given = witness_ids.get(context.draft, key);
  if (!given) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(exchange));
  change(*given);
  witness_ids.put(context.draft, key, *given);
  return success();
}

void id_has_grant(Context& context, const WitnessIdKey& key) {
  auto given = witness_ids.get(context.draft, key);
  if (!given || given->order == 0) return;
  given_ids.erase(context.draft, GivenIdKey{key.requester, std::exchange(given->order, 0)});
  witness_ids.put(context.draft, key, *given);
}

void forget_id(Context& context, const WitnessIdKey& key) {
  const auto given = witness_ids.get(context.draft, key);
  if (!given) return;
  if (given->order > 0) given_ids.erase(context.draft, GivenIdKey{key.requester, given->order});
  witness_ids.erase(context.draft, key);
}

void end(Context& context, const ExchangeId& exchange, ExchangeRecord& record, ExchangeState state, std::string token,
         std::string reason) {
  record.state = state;
  record.token = std::move(token);
  record.reason = std::move(reason);
  if (record.reason.size() > max_reason_bytes) record.reason.resize(max_reason_bytes);
  if (!is_utf8(record.reason)) record.reason = record.token;
  if (record.role != Role::witness) {
    shelf_task(context, ShelfAction::drop_exchange, record.request.body.book, exchange);
    // What is dropped is not held any more: nothing without content comes to a shelf.
    record.package_arrived = false;
    record.plaintext_ready = false;
  }
  context.draft.note(Event{"exchange-over", exchange, record.token.empty() ? record.reason : record.token});
}

void drop_misfitting_acks(const Genesis& genesis, ExchangeRecord& record) {
  const auto grant_id = genesis.id_of(*record.grant);
  std::erase_if(record.acks, [&](const auto& ack) {
    return ack.body.grant != grant_id || ack.body.exchange != record.grant->body.exchange;
  });
}

std::size_t yes_answers(const ExchangeRecord& record) {
  return static_cast<std::size_t>(
      std::ranges::count_if(record.id_answers, [](const auto& answer) { return answer.body.yes; }));
}

bool is_agreed(const Genesis& genesis, const ExchangeRecord& record) {
  return record.consent && record.acks.size() >= genesis.ack_quorum() &&
         yes_answers(record) >= genesis.witness_majority();
}

void count_statements(const Genesis& genesis, ExchangeRecord& record) {
  if (has_ended(record.state) || record.state < ExchangeState::consented || !is_agreed(genesis, record)) return;
  const bool has_released = record.role == Role::owner && record.release;
  record.state = std::max(record.state, has_released ? ExchangeState::released : ExchangeState::id_checked);
}

bool yes_out_of_reach(const Genesis& genesis, const ExchangeRecord& record) {
  const auto no = record.id_answers.size() - yes_answers(record);
  return genesis.witness_count() - no < genesis.witness_majority();
}

std::string join(const std::vector<PeerPort>& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port.value);
  return text;
}

TurnKey turn_of(const ExchangeRecord& record) {
  return TurnKey{record.grant->signer, record.request.body.book, record.grant->body.version, record.grant->body.turn};
}

TurnRecord turn_row(const State& state, const ExchangeRecord& record) {
  return turns.get(state, turn_of(record)).value_or(TurnRecord{.requester = requester_of(record)});
}

bool owes_package(const State& state, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (record.role != Role::owner || record.state != ExchangeState::granted || !record.grant || !record.book) {
    return false;
  }
  const auto turn = turns.get(state, turn_of(record));
  return turn && !turn->exchanges.empty() && turn->exchanges.back() == exchange;
}

GrantAge grant_age(const State& state, const ExchangeRecord& record) {
  const auto& grant = record.grant->body;
  Version version{};
  Turn turn{};
  if (const auto row = ownership.get(state, record.request.body.book)) {
    version = row->version;
    turn = row->turn;
  }
  if (std::pair(grant.version, grant.turn) < std::pair(version, turn)) return GrantAge::past;
  if (std::pair(version, turn) < std::pair(grant.version, grant.turn)) return GrantAge::future;
  return GrantAge::present;
}

Error too_many_grants(const Signed<Book>& book, const ExchangeId& last) {
  return rejected(Token::over_quota, "too many grants of the book went nowhere in this turn", book.body.title,
                  "abort " + short_name(last));
}

std::uint64_t next_order(Context& context) {
  const auto order = next_order_fact.get(context.draft).value_or(1);
  next_order_fact.put(context.draft, order + 1);
  return order;
}

void shelf_task(Context& context, ShelfAction action, const BookId& book, const ExchangeId& exchange) {
  shelf_tasks.put(context.draft, ShelfTaskKey{next_order(context)}, ShelfTask{action, book, exchange});
}

void tell_over(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  const Over message{exchange, record.token, record.reason};
  if (record.role == Role::owner) return context.draft.send(requester_of(record), message);
  if (record.role == Role::witness) return;
  context.draft.send(owner_of(record), message);
  for (const auto witness : witnesses_of(context.genesis, record)) context.draft.send(witness, message);
}

}  // namespace bookchain::ledger
