// Steps 3 to 8 of the exchange, as messages: consent, answers about the id, release of the key, answers
// about the key.
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// Adds the ACKs that came with a CONSENT; those known already are not verified again.
Result<void> add_acks(const Context& context, ExchangeRecord& record, const std::vector<Signed<Ack>>& acks) {
  const auto grant_id = context.genesis.id_of(*record.grant);
  drop_misfitting_acks(context.genesis, record);
  for (const auto& ack : acks) {
    if (std::ranges::find(record.acks, ack) != record.acks.end()) continue;
    if (!is_witness(context.genesis, record, ack.signer) || ack.body.grant != grant_id ||
        ack.body.exchange != record.grant->body.exchange) {
      return rejected(Token::bad_statement, "an ACK does not fit the grant", std::to_string(ack.signer.value));
    }
    BOOKCHAIN_CHECK(context.genesis.check(ack));
    add_by_signer(record.acks, ack);
  }
  if (record.acks.size() < context.genesis.ack_quorum()) {
    return rejected(Token::no_quorum, "the consent brings ACKs of too few witnesses",
                    join(missing_from(context.genesis, record, record.acks)));
  }
  return success();
}

/// One answer about the id: of a witness, to the consent at hand. The first one stays, but that a yes, which a TRANSFER
/// can carry, takes the place of a no: what a witness signed twice is its fault and nobody else's loss.
Result<void> add_id_answer(Context& context, const ExchangeId& exchange, ExchangeRecord& record,
                           const Signed<IdAnswer>& answer) {
  if (std::ranges::find(record.id_answers, answer) != record.id_answers.end()) return success();
  if (!record.consent || answer.body.exchange != exchange ||
      answer.body.consent != context.genesis.id_of(*record.consent) ||
      !is_witness(context.genesis, record, answer.signer)) {
    return rejected(Token::bad_statement, "an answer about the id does not fit the consent",
                    std::to_string(answer.signer.value));
  }
  BOOKCHAIN_CHECK(context.genesis.check(answer));
  auto [first, is_new] = add_by_signer(record.id_answers, answer);
  if (is_new || first.body == answer.body) return success();
  context.draft.note(Event{"equivocation", exchange, std::to_string(answer.signer.value)});
  accuse(context, contradiction(context.genesis.id(), first, answer));
  if (answer.body.yes) {
    first = answer;
    return success();
  }
  return rejected(Token::equivocation, "a witness gave two answers to one consent",
                  std::to_string(answer.signer.value));
}

}  // namespace

// ---- steps 3 and 4, at owner and requester ----

Result<void> on_consent(Context& context, PeerPort from, const ConsentMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.consent));
  const auto& exchange = message.consent.body.exchange;
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, exchange, Role::owner));
  if (from != requester_of(record)) {
    return rejected(Token::wrong_sender, "a consent comes from a peer that is not the requester",
                    std::to_string(from.value));
  }
  if (record.consent && record.consent->body != message.consent.body) {
    accuse(context, contradiction(context.genesis.id(), *record.consent, message.consent));
  }
  if (!record.grant || message.consent.body.grant != context.genesis.id_of(*record.grant)) {
    return rejected(Token::bad_statement, "the consent is to another grant", to_hex(exchange));
  }
  if (record.request_id) return success();
  // A requester that gave up and consents all the same is taken at its signed word, while the turn lasts.
  const bool goes_on =
      !record.abort_sent && !record.height && (!has_ended(record.state) || record.state == ExchangeState::aborted);
  const bool is_forgotten = !record.key && is_over(record.state);
  if (!goes_on || is_forgotten) return rejected(Token::exchange_over, "the exchange is over", to_hex(exchange));
  BOOKCHAIN_CHECK(add_acks(context, record, message.acks));
  record.consent = message.consent;
  if (record.state == ExchangeState::granted || record.state == ExchangeState::aborted) {
    record.state = ExchangeState::consented;
    record.token.clear();
    record.reason.clear();
  }
  record.consent_refused = request_id_hash(message.request_id) != record.request.body.id_hash;
  if (!record.consent_refused) {
    record.request_id = message.request_id;
    count_statements(context.genesis, record);
  }
  keep(context, exchange, record);
  if (record.consent_refused) return rejected(Token::wrong_id, "the id does not fit the request", to_hex(exchange));
  return success();
}

Result<void> on_id_answer(Context& context, PeerPort from, const IdAnswerMessage& message) {
  const auto& exchange = message.answer.body.exchange;
  auto record = exchanges.get(context.draft, exchange);
  if (!record) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(exchange));
  if (record->role == Role::witness) {
    return rejected(Token::unexpected, "an answer about an id, to a witness", to_hex(exchange));
  }
  if (message.answer.signer != from) {
    return rejected(Token::wrong_sender, "an answer comes from a peer that did not sign it",
                    std::to_string(from.value));
  }
  BOOKCHAIN_CHECK(add_id_answer(context, exchange, *record, message.answer));
  count_statements(context.genesis, *record);
  keep(context, exchange, *record);
  return success();
}

// ---- step 5, at the requester ----

Result<void> on_release(Context& context, PeerPort from, const ReleaseMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.release));
  const auto& exchange = message.release.body.exchange;
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, exchange, Role::requester));
  if (from != owner_of(record) || !record.grant || !record.consent ||
      message.release.body.grant != context.genesis.id_of(*record.grant)) {
    return rejected(Token::bad_statement, "the release does not fit the exchange", to_hex(exchange));
  }
  if (is_over(record.state)) {
    see_late_release(context, record, message.release);
    return rejected(Token::exchange_over, "the exchange is over", to_hex(exchange));
  }
  // Each answer is judged by itself: one that is refused is left out, and takes neither the others nor the key along.
  for (const auto& answer : message.id_answers) (void)add_id_answer(context, exchange, record, answer);
  count_statements(context.genesis, record);
  record.release = message.release;
  if (record.key) {
    keep(context, exchange, record);
    return success();
  }
  // Section 3, step 6: a key that does not fit kc is no key. The RELEASE is kept all the same.
  if (key_commitment(exchange, message.key) != record.grant->body.key_commitment) {
    record.wrong_key_seen = true;
    keep(context, exchange, record);
    return rejected(Token::wrong_key, "the key does not fit the commitment in the grant", to_hex(exchange));
  }
  record.key = message.key;
  record.wrong_key_seen = false;
  if (!has_ended(record.state) && record.state < ExchangeState::released) record.state = ExchangeState::released;
  keep(context, exchange, record);
  return success();
}

// ---- step 7, at the requester ----

Result<void> on_key_answer(Context& context, PeerPort from, const KeyAnswerMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.answer));
  const auto& exchange = message.answer.body.exchange;
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, exchange, Role::requester));
  if (!is_witness(context.genesis, record, from) || !record.grant ||
      message.answer.body.grant != context.genesis.id_of(*record.grant)) {
    return rejected(Token::bad_statement, "an answer about the key does not fit the grant", to_hex(exchange));
  }
  if (message.answer.body.key_commitment != record.grant->body.key_commitment) {
    return rejected(Token::wrong_key, "a witness holds another key commitment", std::to_string(from.value));
  }
  add_by_signer(record.key_answers, message.answer);
  if (record.state == ExchangeState::opened && record.key_answers.size() >= context.genesis.witness_majority()) {
    record.state = ExchangeState::key_checked;
  }
  keep(context, exchange, record);
  return success();
}

}  // namespace bookchain::ledger
