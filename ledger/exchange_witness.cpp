// The witness of an exchange: the id that the requester gives it, its share of the key, and what it signs about both
// (docs/protocol.md, section 3, steps 1, 2, 4 and 7).
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/fraud.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// How far a witness has come in an exchange that is open, in whichever order it was asked.
ExchangeState state_of_witness(const ExchangeRecord& record) {
  if (!record.key_answers.empty()) return ExchangeState::key_checked;
  if (!record.id_answers.empty()) return ExchangeState::id_checked;
  return record.consent ? ExchangeState::consented : ExchangeState::granted;
}

/// Signs the ACK of a witness once the id it has from the requester fits the request, the share is
/// kept, and no other grant is known. Section 3, step 2.
void acknowledge_share(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (!record.acks.empty() || !record.grant || record.shares.empty() || has_ended(record.state)) return;
  const auto given = witness_ids.get(context.draft, WitnessIdKey{requester_of(record), exchange});
  if (!given || given->over) return;
  record.request_id = given->request_id;
  if (request_id_hash(given->request_id) != record.request.body.id_hash) return;
  const auto ack = context.sign(Ack{exchange, context.genesis.id_of(*record.grant)});
  record.acks.push_back(ack);
  context.draft.send(requester_of(record), AckMessage{ack});
  context.draft.send(owner_of(record), AckMessage{ack});
}

/// Signs the answer of a witness to a CONSENT once the requester gave it an id. Section 3, step 4.
void answer_id(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (!record.consent || !record.id_answers.empty() || record.height) return;
  const auto given = witness_ids.get(context.draft, WitnessIdKey{requester_of(record), exchange});
  // Who gave the exchange up before there was an ACK cannot have it checked: a yes without an ACK is of use to nobody
  // but one that wants the key for nothing.
  if (!given || (given->over && record.acks.empty())) return;
  // The id that came with CHECK-ID fits the request, so it is the same exactly if this one fits too.
  const bool yes = request_id_hash(given->request_id) == record.request.body.id_hash;
  const auto answer = context.sign(IdAnswer{exchange, context.genesis.id_of(*record.consent), yes});
  record.id_answers.push_back(answer);
  record.state = state_of_witness(record);
  context.draft.send(owner_of(record), IdAnswerMessage{answer});
  context.draft.send(requester_of(record), IdAnswerMessage{answer});
}

/// Signs the answer of a witness about the key, once, and gives it to the requester. Section 3, step 7.
void answer_key(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (record.key_answers.empty()) {
    record.key_answers.push_back(
        context.sign(KeyAnswer{exchange, context.genesis.id_of(*record.grant), record.grant->body.key_commitment}));
    if (!has_ended(record.state)) record.state = state_of_witness(record);
  }
  context.draft.send(requester_of(record), KeyAnswerMessage{record.key_answers.front()});
}

/// Now that the GRANT is here: what the requester asked and said before.
void take_what_waited(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  const auto given = witness_ids.get(context.draft, WitnessIdKey{requester_of(record), exchange});
  if (!given) return;
  record.share_wanted = given->share_wanted;
  record.share_done = given->share_done;
  if (!given->over && given->key_check == context.genesis.id_of(*record.grant)) answer_key(context, exchange, record);
}

/// Begins the record of a witness, once it knows the GRANT. What the chain has ended meanwhile is over here too, as it
/// is for those who took part in time. A share may still be called for after the TRANSFER.
Result<void> begin_record(Context& context, const ExchangeId& exchange, const Signed<Request>& request,
                          const Signed<Grant>& grant, ExchangeRecord& record) {
  record.role = Role::witness;
  record.state = ExchangeState::granted;
  record.request = request;
  record.grant = grant;
  record.book = catalogue.get(context.draft, request.body.book);
  record.began = context.now;
  const bool past = grant_age(context.draft, record) == GrantAge::past;
  const auto height = moved.get(context.draft, exchange);
  const WitnessIdKey id{request.signer, exchange};
  if (!past && !height) {
    id_has_grant(context, id);
    take_what_waited(context, exchange, record);
    return success();
  }
  bool disputed = false;
  marks.each(context.draft, encode(grant.signer), [&](const MarkKey& key, const Mark&) {
    disputed = key.exchange == exchange;
    return !disputed;
  });
  // The GRANT of a TRANSFER is past: one that is not is another one of the same exchange.
  if (!past || !height || disputed) {
    forget_id(context, id);
    return rejected(Token::stale_version, "the chain has moved on since the grant", to_hex(exchange));
  }
  id_has_grant(context, id);
  record.state = ExchangeState::committed;
  record.height = height;
  return success();
}

/// Keeps the share of this witness until it has done its work. The requester may have asked for one that comes after
/// the TRANSFER already, or signed that it needs none: it is asked which.
void take_share(Context& context, const ExchangeId& exchange, ExchangeRecord& record, const KeyShare& share) {
  if (record.share_done || is_over(record.state)) return;
  const bool is_first = add_by_signer(record.shares, DealtShare{context.self(), share}).is_new;
  if (is_first && record.state == ExchangeState::committed) {
    context.draft.send(requester_of(record), SendAgain{exchange});
  }
}

/// Sends two GRANTs that exclude each other to those that they were made for: to each once a turn, since the owner can
/// send its share any number of times, and what follows goes to others.
void tell_requesters(Context& context, const ExchangeRecord& first, const WitnessShare& second) {
  auto turn = turn_row(context.draft, first);
  for (const auto& request : {second.request, first.request}) {
    if (std::ranges::find(turn.told, request.signer) != turn.told.end()) continue;
    turn.told.push_back(request.signer);
    context.draft.send(request.signer, GrantConflict{context.genesis.exchange_of(request), first.request, *first.grant,
                                                     second.request, second.grant});
  }
  turns.put(context.draft, turn_of(first), turn);
}

/// An id waits for its GRANT while its requester gives so many others: those that never get one go, the oldest first.
/// Gives its order among them.
std::uint64_t let_wait_for_grant(Context& context, PeerPort requester, const ExchangeId& exchange) {
  const auto prefix = encode(requester);
  const auto last = given_ids.last(context.draft, prefix);
  const auto order = last ? last->first.order + 1 : 1;
  given_ids.put(context.draft, GivenIdKey{requester, order}, exchange);
  std::optional<std::pair<GivenIdKey, ExchangeId>> oldest;
  given_ids.each(context.draft, prefix, [&](const GivenIdKey& key, const ExchangeId& given) {
    if (key.order > 0) oldest.emplace(key, given);
    return key.order == 0;
  });
  if (!oldest || order - oldest->first.order < max_given_ids) return order;
  given_ids.erase(context.draft, oldest->first);
  forget_id(context, WitnessIdKey{requester, oldest->second});
  // That it is there says that one went.
  given_ids.put(context.draft, GivenIdKey{requester, 0}, oldest->second);
  return order;
}

/// The id may have been one of those that went: its requester is asked for it, as long as it is of use.
void ask_for_lost_id(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (record.height) return;
  const auto requester = requester_of(record);
  if (witness_ids.get(context.draft, WitnessIdKey{requester, exchange})) return;
  if (given_ids.get(context.draft, GivenIdKey{requester, 0})) context.draft.send(requester, SendAgain{exchange});
}

/// What the requester gave up before the GRANT came here is over, as it is where the GRANT came first.
void end_if_given_up(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (record.consent || has_ended(record.state)) return;
  const auto given = witness_ids.get(context.draft, WitnessIdKey{requester_of(record), exchange});
  if (given && given->over) {
    end(context, exchange, record, given_up_state(given->token), given->token, given->reason);
  }
}

}  // namespace

Result<void> on_witness_id(Context& context, PeerPort from, const WitnessId& message) {
  auto record = exchanges.get(context.draft, message.exchange);
  // An id that comes after the end in the chain has nothing to be asked about.
  if (moved.get(context.draft, message.exchange) || (record && record->height)) return success();
  const WitnessIdKey key{from, message.exchange};
  if (const auto first = witness_ids.get(context.draft, key)) {
    if (first->request_id == message.request_id) return success();
    return rejected(Token::equivocation, "the requester gave another id before", to_hex(message.exchange));
  }
  WitnessIdRecord given{.request_id = message.request_id, .began = context.now};
  const bool has_grant = record && record->role == Role::witness && requester_of(*record) == from;
  if (!has_grant) given.order = let_wait_for_grant(context, from, message.exchange);
  witness_ids.put(context.draft, key, given);
  if (!has_grant) return success();
  acknowledge_share(context, message.exchange, *record);
  answer_id(context, message.exchange, *record);
  keep(context, message.exchange, *record);
  return success();
}

// ---- step 2 ----

Result<void> on_witness_share(Context& context, PeerPort from, const WitnessShare& message) {
  BOOKCHAIN_TRY(const auto exchange, check_request_and_grant(context.genesis, message.request, message.grant));
  if (from != message.grant.signer) {
    return rejected(Token::wrong_sender, "a share comes from a peer that did not make the grant",
                    std::to_string(from.value));
  }
  const auto index = context.genesis.witness_index(message.request.body.sender_port, message.request.body.receiver_port,
                                                   context.self());
  if (!index) return rejected(Token::wrong_recipient, "this peer is no witness of the exchange", to_hex(exchange));
  if (share_commitment(exchange, *index, message.share) != message.grant.body.share_commitments[*index]) {
    return rejected(Token::wrong_share, "the share does not fit its commitment", to_hex(exchange));
  }
  if (const auto other = conflicting_grant(context, exchange, message.request, message.grant)) {
    tell_requesters(context, *other, message);
    accuse(context, two_grants(context.genesis.id(), other->request, *other->grant, message.request, message.grant));
    return rejected(Token::equivocation, "the owner made two grants that exclude each other", to_hex(exchange));
  }
  auto record = exchanges.get(context.draft, exchange).value_or(ExchangeRecord{});
  if (!record.grant) {
    BOOKCHAIN_CHECK(begin_record(context, exchange, message.request, message.grant, record));
  }
  take_share(context, exchange, record, message.share);
  remember_turn(context, exchange, record);
  ask_for_lost_id(context, exchange, record);
  acknowledge_share(context, exchange, record);
  end_if_given_up(context, exchange, record);
  keep(context, exchange, record);
  return success();
}

// ---- step 4 ----

Result<void> on_check_id(Context& context, PeerPort from, const CheckId& message) {
  BOOKCHAIN_TRY(const auto exchange, check_request_and_grant(context.genesis, message.request, message.grant));
  BOOKCHAIN_CHECK(context.genesis.check(message.consent));
  const auto& consent = message.consent;
  if (consent.signer != message.request.signer || consent.body.exchange != exchange ||
      consent.body.grant != context.genesis.id_of(message.grant)) {
    return rejected(Token::bad_statement, "the consent does not fit the grant", to_hex(exchange));
  }
  if (from != message.grant.signer && from != message.request.signer) {
    return rejected(Token::wrong_sender, "only owner and requester may have an id checked", std::to_string(from.value));
  }
  if (from == context.self() || context.self() == message.grant.signer || context.self() == message.request.signer) {
    return rejected(Token::wrong_recipient, "this peer is no witness of the exchange", to_hex(exchange));
  }
  if (request_id_hash(message.request_id) != message.request.body.id_hash) {
    return rejected(Token::wrong_id, "the id does not fit the request", to_hex(exchange));
  }
  if (const auto other = conflicting_grant(context, exchange, message.request, message.grant)) {
    accuse(context, two_grants(context.genesis.id(), other->request, *other->grant, message.request, message.grant));
    if (other->consent && other->consent->body.exchange == exchange) {
      accuse(context, contradiction(context.genesis.id(), *other->consent, consent));
    }
    return rejected(Token::equivocation, "another grant is known that excludes this one", to_hex(exchange));
  }
  auto record = exchanges.get(context.draft, exchange).value_or(ExchangeRecord{});
  if (!record.grant) {
    BOOKCHAIN_CHECK(begin_record(context, exchange, message.request, message.grant, record));
    remember_turn(context, exchange, record);
  }
  if (!record.id_answers.empty()) {
    context.draft.send(from, IdAnswerMessage{record.id_answers.front()});
    return success();
  }
  record.consent = message.consent;
  if (!record.height) {
    // Given up here or not: what the requester signed counts for more.
    record.state = state_of_witness(record);
    record.token.clear();
    record.reason.clear();
  }
  answer_id(context, exchange, record);
  keep(context, exchange, record);
  return success();
}

// ---- step 7 ----

Result<void> on_check_key(Context& context, PeerPort from, const CheckKey& message) {
  auto found = find_exchange(context.draft, message.exchange, Role::witness);
  if (!found && found.error().token == Token::unknown_exchange) {
    // Messages of two peers may come in any order, and the requester goes on with a majority of the witnesses: its
    // question waits for the owner's GRANT.
    return keep_beside_id(context, from, message.exchange,
                          [&](WitnessIdRecord& given) { given.key_check = message.grant; });
  }
  if (!found) return found.error();
  auto& record = found.value();
  if (from != requester_of(record)) {
    return rejected(Token::wrong_sender, "only the requester may have a key checked", std::to_string(from.value));
  }
  if (context.genesis.id_of(*record.grant) != message.grant) {
    return rejected(Token::bad_statement, "this witness holds another grant", to_hex(message.exchange));
  }
  const bool is_first = record.key_answers.empty();
  answer_key(context, message.exchange, record);
  if (is_first) keep(context, message.exchange, record);
  return success();
}

}  // namespace bookchain::ledger
