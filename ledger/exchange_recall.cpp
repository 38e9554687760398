// A restored owner asks the others for what it signed in turns that have not ended (docs/protocol.md, section 4): else
// it could grant a book again that it had granted to somebody else, or abort what it had released. Of a grant that it
// forgot it has no key any more. It has the transfer settled where it can, and otherwise ends the turn with an ABORT.
#include "ledger/book.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"
#include "ledger/fraud.hpp"

namespace bookchain::ledger {

void ask_for_own_statements(Context& context) {
  recall_fact.put(context.draft, RecallRecord{{}, context.random});
  context.send_to_others(WantOwn{{}, context.random});
}

// ---- the others ----

namespace {

bool has_ended_before(const State& state, const TurnKey& key) {
  const auto stand = ownership.get(state, key.book);
  return stand && std::pair(key.version, key.turn) < std::pair(stand->version, stand->turn);
}

/// The grants of one turn that matter to their owner: those that were consented to, or one, which shows to whom.
std::vector<OwnGrant> grants_of(const State& state, const TurnKey& key, const TurnRecord& turn) {
  std::vector<OwnGrant> grants;
  for (const auto& exchange : turn.exchanges) {
    const auto record = exchanges.get(state, exchange);
    if (!record || !record->grant || record->grant->signer != key.owner) continue;
    OwnGrant grant{record->request, *record->grant,     record->book,   record->acks,
                   record->consent, record->id_answers, record->release};
    const bool went_on = grant.consent || grant.release;
    if (grants.size() == 1 && !grants.front().consent && went_on) grants.clear();
    if (grants.empty() || went_on) grants.push_back(std::move(grant));
  }
  return grants;
}

}  // namespace

Result<void> on_want_own(Context& context, PeerPort from, const WantOwn& message) {
  OwnMessage answer;
  answer.question = message.question;
  std::size_t bytes = 0;
  const std::size_t most = context.genesis.fields().limits.message_bytes / 2;
  const TurnKey first{from, message.from.book, message.from.version, message.from.turn};
  turns.each_from(context.draft, encode(from), encode(first), [&](const TurnKey& key, const TurnRecord& turn) {
    if (has_ended_before(context.draft, key)) return true;
    auto grants = grants_of(context.draft, key, turn);
    for (const auto& grant : grants) bytes += encoded_size(grant);
    const bool full = bytes > most || answer.grants.size() + grants.size() > max_own_grants;
    if (full && !answer.grants.empty()) {
      answer.next = TurnPlace{key.book, key.version, key.turn};
      return false;
    }
    std::ranges::move(grants, std::back_inserter(answer.grants));
    return true;
  });
  context.draft.send(from, std::move(answer));
  return success();
}

// ---- the restored owner ----

namespace {

/// Statements about this very exchange, each checked; one that does not fit is left out.
template <class Body, class Fits>
void add_fitting(const Context& context, const ExchangeRecord& record, std::vector<Signed<Body>>& list,
                 const std::vector<Signed<Body>>& told, Fits&& fits) {
  for (const auto& statement : told) {
    const bool good = is_witness(context.genesis, record, statement.signer) && fits(statement.body) &&
                      context.genesis.check(statement).has_value();
    if (good) add_by_signer(list, statement);
  }
}

void add_what_followed(Context& context, const ExchangeId& exchange, ExchangeRecord& record, const OwnGrant& told) {
  const auto& genesis = context.genesis;
  const auto grant_id = genesis.id_of(*record.grant);
  const auto names_grant = [&](const auto& body) { return body.exchange == exchange && body.grant == grant_id; };
  add_fitting(context, record, record.acks, told.acks, names_grant);
  const bool consented = told.consent && told.consent->signer == requester_of(record) &&
                         names_grant(told.consent->body) && genesis.check(*told.consent).has_value();
  if (consented && !record.consent) record.consent = told.consent;
  if (record.consent) {
    const auto consent_id = genesis.id_of(*record.consent);
    add_fitting(context, record, record.id_answers, told.id_answers,
                [&](const IdAnswer& answer) { return answer.exchange == exchange && answer.consent == consent_id; });
  }
  const bool released = told.release && told.release->signer == context.self() && names_grant(told.release->body) &&
                        genesis.check(*told.release).has_value();
  if (!released) return;
  record.release = told.release;
  auto turn = turn_row(context.draft, record);
  turn.released = true;
  turns.put(context.draft, turn_of(record), turn);
}

/// Never back, and never to what only a key could lead to.
void raise_state(const Genesis& genesis, ExchangeRecord& record) {
  if (has_ended(record.state)) return;
  record.state = std::max(record.state, record.consent ? ExchangeState::consented : ExchangeState::granted);
  count_statements(genesis, record);
}

/// The home has the key, and forgot a consent: who told of that need not have told all that belongs to it, as the id,
/// which nobody tells for another. Asked for once, when the consent comes to light.
void ask_for_the_rest(Context& context, const ExchangeId& exchange, const ExchangeRecord& record,
                      ExchangeState before) {
  const bool came_to_light = before < ExchangeState::consented && record.state == ExchangeState::consented;
  if (came_to_light && record.key) context.send_to_others(SendAgain{exchange});
}

Result<void> take_own_grant(Context& context, const OwnGrant& told) {
  const auto& genesis = context.genesis;
  BOOKCHAIN_TRY(const auto exchange, check_request_and_grant(genesis, told.request, told.grant));
  if (told.grant.signer != context.self()) {
    return rejected(Token::wrong_sender, "a grant is told to a peer that did not make it", to_hex(exchange));
  }
  auto record = exchanges.get(context.draft, exchange).value_or(ExchangeRecord{});
  const bool is_new = !record.grant;
  if (is_new) {
    record.role = Role::owner;
    record.request = told.request;
    record.grant = told.grant;
    const auto& id = told.request.body.book;
    if (!record.book) record.book = catalogue.get(context.draft, id);
    const bool brings_book = told.book && genesis.book_of(*told.book) == id && check_book(genesis, *told.book);
    if (!record.book && brings_book) record.book = told.book;
    if (record.began == Time{}) record.began = context.now;
  }
  const bool other = record.grant->body != told.grant.body;
  if (other || !record.book || grant_age(context.draft, record) == GrantAge::past) return success();
  if (is_new) remember_turn(context, exchange, record);
  const auto before = record.state;
  add_what_followed(context, exchange, record, told);
  raise_state(genesis, record);
  ask_for_the_rest(context, exchange, record, before);
  keep(context, exchange, record);
  return success();
}

/// The requester has told what it holds, so what was released to it is known: its forgotten grants are settled or end.
void finish_forgotten_grants(Context& context, PeerPort requester) {
  for (const auto& exchange : open_exchanges(context.draft)) {
    auto record = exchanges.get(context.draft, exchange);
    const bool is_forgotten = record && record->role == Role::owner && record->grant && !record->key &&
                              requester_of(*record) == requester && !has_ended(record->state) &&
                              record->state != ExchangeState::mined;
    if (!is_forgotten) continue;
    if (is_agreed(context.genesis, *record) && do_settle(context, WishSettle{exchange})) continue;
    const auto turn = turns.get(context.draft, turn_of(*record));
    if (turn && turn->released) continue;
    end(context, exchange, *record, ExchangeState::aborted, {}, "the owner's home was restored and forgot the key");
    if (!record->consent) tell_over(context, exchange, *record);
    keep(context, exchange, *record);
  }
}

}  // namespace

Result<void> on_own(Context& context, PeerPort from, const OwnMessage& message) {
  auto recall = recall_fact.get(context.draft);
  if (!recall || message.question != recall->question) return success();
  for (const auto& grant : message.grants) {
    BOOKCHAIN_CHECK(take_own_grant(context, grant));
  }
  if (message.next) {
    context.draft.send(from, WantOwn{*message.next, recall->question});
    return success();
  }
  finish_forgotten_grants(context, from);
  if (std::ranges::find(recall->answered, from) == recall->answered.end()) recall->answered.push_back(from);
  if (recall->answered.size() + 1 < context.genesis.peer_count()) {
    recall_fact.put(context.draft, *recall);
  } else {
    recall_fact.erase(context.draft);
  }
  return success();
}

}  // namespace bookchain::ledger
