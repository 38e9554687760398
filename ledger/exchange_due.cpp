// Where an exchange stands: which step may be taken, and what an error says of one that may not.
#include "ledger/consensus.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::ledger {

namespace {

constexpr std::size_t short_digits = 12;

std::string step_at(PeerPort port) { return "at " + std::to_string(port.value); }

Error wrong_step(const ExchangeId& exchange, const std::string& due) {
  return rejected(Token::wrong_step, "the step is not due yet: " + due, to_hex(exchange));
}

std::string missing_id_answers(const Genesis& genesis, const ExchangeRecord& record) {
  const auto missing = missing_from(genesis, record, record.id_answers);
  if (missing.empty()) return "too few witnesses say that the id is theirs";
  return "answers about the id are missing, receive is due at " + join(missing);
}

/// After the consent only an owner that was put back can lack them.
bool lacks_acks(const Genesis& genesis, const ExchangeRecord& record) {
  const bool needed = record.state == ExchangeState::granted || record.state == ExchangeState::consented;
  return needed && record.acks.size() < genesis.ack_quorum();
}

std::string missing_acks(const Genesis& genesis, const ExchangeRecord& record) {
  return "ACKs of witnesses are missing, receive is due at " + join(missing_from(genesis, record, record.acks));
}

/// Where the exchange stands, for messages about a step that is not due.
std::string due_now(const Genesis& genesis, const ExchangeRecord& record) {
  switch (record.state) {
    case ExchangeState::requested: return "grant is due " + step_at(owner_of(record));
    case ExchangeState::granted:
      if (lacks_acks(genesis, record)) return missing_acks(genesis, record);
      if (lacks_package(record)) {
        return "the encrypted book has not come, which belongs beside the grant of " +
               std::to_string(owner_of(record).value);
      }
      return "consent is due " + step_at(requester_of(record));
    case ExchangeState::consented:
      if (lacks_acks(genesis, record)) return missing_acks(genesis, record);
      if (record.id_check_sent || record.claiming) {
        return missing_id_answers(genesis, record);
      }
      return "check-id is due " + step_at(owner_of(record));
    case ExchangeState::id_checked: return "release is due " + step_at(owner_of(record));
    case ExchangeState::released: return "open is due " + step_at(requester_of(record));
    case ExchangeState::opened:
      if (record.key_check_sent) {
        return "answers about the key are missing, receive is due at " +
               join(missing_from(genesis, record, record.key_answers));
      }
      return "check-key is due " + step_at(requester_of(record));
    case ExchangeState::key_checked:
      if (record.claiming && lacks_yes(genesis, record)) return missing_id_answers(genesis, record);
      return "mine is due " + step_at(requester_of(record));
    case ExchangeState::mined: return "votes are missing, receive is due at the other peers";
    case ExchangeState::committed:
    case ExchangeState::refused:
    case ExchangeState::invalid:
    case ExchangeState::aborted: break;
  }
  return "nothing";
}

}  // namespace

bool lacks_package(const ExchangeRecord& record) {
  return record.role == Role::requester && record.state == ExchangeState::granted && !record.package_arrived;
}

bool lacks_yes(const Genesis& genesis, const ExchangeRecord& record) {
  return yes_answers(record) < genesis.witness_majority();
}

Error over_error(const ExchangeId& exchange, const ExchangeRecord& record) {
  const auto why = record.token.empty() ? std::string(name(record.state)) : record.token;
  return rejected(Token::exchange_over, "the exchange is over (" + why + ")", to_hex(exchange), new_request(record));
}

std::string short_name(const ExchangeId& exchange) { return to_hex(exchange).substr(0, short_digits); }

std::string new_request(const ExchangeRecord& record) {
  if (record.role != Role::requester) return {};
  return "request --from " + std::to_string(owner_of(record).value) + " --book " +
         to_hex(record.request.body.book).substr(0, short_digits);
}

std::string silent_witness_hint(const Genesis& genesis, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (record.role == Role::witness || record.state == ExchangeState::mined || has_ended(record.state)) return {};
  const bool lacks_answers = record.consent && lacks_yes(genesis, record);
  if (lacks_acks(genesis, record) || lacks_answers) {
    if (genesis.witness_majority() < genesis.witness_count()) return {};
    return "with " + std::to_string(genesis.peer_count()) +
           " peers every witness must answer: no exchange passes without one that is silent";
  }
  // A claim needs no answers about the key.
  if (record.state != ExchangeState::opened || !record.key_check_sent) return {};
  return "go on without the answer: mine --without-owner " + short_name(exchange);
}

namespace {

/// The others were asked for what the step needs, or gave it unasked, and not all of it came.
bool waits_for(const Genesis& genesis, const ExchangeRecord& record, Step wanted) {
  const bool asked_about_id = (record.id_check_sent || record.claiming) && lacks_yes(genesis, record);
  switch (wanted) {
    case Step::consent:
      return record.state == ExchangeState::granted && (lacks_acks(genesis, record) || lacks_package(record));
    case Step::release: return record.consent && (lacks_acks(genesis, record) || asked_about_id);
    case Step::mine:
      if (record.state == ExchangeState::key_checked) return asked_about_id;
      return record.state == ExchangeState::opened && record.key_check_sent;
    case Step::request:
    case Step::grant:
    case Step::check_id:
    case Step::open:
    case Step::check_key:
    case Step::abort:
    case Step::dispute: return false;
  }
  return false;
}

}  // namespace

Error not_due(const Context& context, const ExchangeId& exchange, const ExchangeRecord& record, Step wanted) {
  auto error = wrong_step(exchange, due_now(context.genesis, record));
  if (waits_for(context.genesis, record, wanted)) error.token = Token::waiting;
  const auto meaning = silent_witness_hint(context.genesis, exchange, record);
  if (!meaning.empty()) error.what += "; " + meaning;
  return error;
}

Result<ExchangeRecord> Node::may_grant(const State& state, const ExchangeId& exchange) const {
  BOOKCHAIN_TRY(auto record, find_exchange(state, exchange, Role::owner));
  if (is_over(record.state)) return over_error(exchange, record);
  if (record.state != ExchangeState::requested) return record;
  BOOKCHAIN_CHECK(check_caught_up(genesis_, state, identity_.port));
  const auto stand = standing(genesis_, state, *record.book);
  if (stand.owner != identity_.port) {
    return rejected(Token::not_owner, "peer " + std::to_string(identity_.port.value) + " does not own the book",
                    record.book->body.title);
  }
  if (!shelf.get(state, record.request.body.book)) {
    return rejected(Token::waiting, "the book is owned but was not opened yet", record.book->body.title);
  }
  const auto turn = turns.get(state, TurnKey{identity_.port, record.request.body.book, stand.version, stand.turn});
  if (turn && turn->requester != requester_of(record) && !turn->exchanges.empty()) {
    return rejected(Token::book_busy, "the book is granted to another requester in this turn", record.book->body.title,
                    "abort " + short_name(turn->exchanges.back()));
  }
  if (turn && turn->exchanges.size() >= max_turn_exchanges) {
    return too_many_grants(*record.book, turn->exchanges.back());
  }
  if (turn && turn->abort_signed) {
    return rejected(Token::waiting, "the ABORT of the last grant waits for its block", record.book->body.title);
  }
  return record;
}

Result<ExchangeRecord> Node::may_open(const State& state, const ExchangeId& exchange) const {
  BOOKCHAIN_TRY(auto record, find_exchange(state, exchange, Role::requester));
  if (is_over(record.state)) return over_error(exchange, record);
  if (found_wrong(record)) {
    return rejected(Token::wrong_book, "the book that came is not the one registered: " + record.reason,
                    to_hex(exchange));
  }
  if (record.plaintext_ready || record.key) return record;
  if (record.wrong_key_seen) {
    return rejected(Token::wrong_key, "the key that came does not fit the commitment in the grant", to_hex(exchange),
                    "mine --without-owner " + short_name(exchange));
  }
  if (record.state == ExchangeState::committed) {
    return rejected(Token::waiting, "neither the key nor enough shares of it have come", to_hex(exchange));
  }
  auto due = due_now(genesis_, record);
  if (record.state == ExchangeState::consented) due = "check-id is due " + step_at(owner_of(record));
  return wrong_step(exchange, due);
}

}  // namespace bookchain::ledger
