// How exchanges end, and how what was lost is sent again: OVER before consent, the chain after it.
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

Result<void> on_over(Context& context, PeerPort from, const Over& message) {
  auto record = exchanges.get(context.draft, message.exchange);
  if (!record) {
    return keep_beside_id(context, from, message.exchange, [&](WitnessIdRecord& given) {
      given.over = true;
      given.token = message.token;
      given.reason = message.reason;
    });
  }
  const auto other = record->role == Role::requester ? owner_of(*record) : requester_of(*record);
  if (from != other) {
    return rejected(Token::wrong_sender, "the peer cannot give up this exchange", std::to_string(from.value));
  }
  if (has_ended(record->state)) return success();
  // Before CONSENT a failed check ends the request; after it only the chain does.
  if (record->consent) {
    return rejected(Token::too_late, "after consent only the chain ends an exchange", to_hex(message.exchange));
  }
  const bool before_grant = record->state == ExchangeState::requested;
  const bool by_owner = record->role == Role::requester;
  const auto by_owner_state = before_grant ? ExchangeState::refused : ExchangeState::aborted;
  const auto state = by_owner ? by_owner_state : given_up_state(message.token);
  end(context, message.exchange, *record, state, message.token, message.reason);
  if (by_owner) tell_over(context, message.exchange, *record);
  keep(context, message.exchange, *record);
  return success();
}

// ---- what was lost is sent again ----

namespace {

void send_again_as_owner(Context& context, PeerPort to, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (!record.grant) return;
  if (to == requester_of(record)) {
    if (record.state == ExchangeState::granted && record.book) {
      // Each older grant of the turn would cost a copy of the book: its requester has the package, or asked anew.
      const bool with_package = owes_package(context.draft, exchange, record);
      context.draft.send(to, GrantMessage{record.request, *record.grant, *record.book}, with_package);
    }
    if (record.release && record.key) {
      context.draft.send(to, ReleaseMessage{*record.key, record.id_answers, *record.release});
    }
    return;
  }
  const auto share = std::ranges::find(record.shares, to, &DealtShare::signer);
  if (share != record.shares.end()) context.draft.send(to, WitnessShare{record.request, *record.grant, share->share});
  if (record.id_check_sent && record.request_id && record.consent) {
    context.draft.send(to, CheckId{*record.request_id, record.request, *record.grant, *record.consent});
  }
}

void send_again_as_requester(Context& context, PeerPort to, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (!record.request_id) return;
  if (to == owner_of(record)) {
    context.draft.send(to, RequestMessage{record.request});
    if (record.consent) context.draft.send(to, ConsentMessage{*record.request_id, *record.consent, record.acks});
    return;
  }
  if (record.state == ExchangeState::committed) {
    // A share is all that a witness may still have. Between the two it is of no use, and the book not read yet.
    if (record.plaintext_ready) context.draft.send(to, ReceiptMessage{context.sign(Receipt{{exchange}})});
    if (!record.key) context.draft.send(to, WantShare{exchange});
    return;
  }
  context.draft.send(to, WitnessId{exchange, *record.request_id});
  if (is_over(record.state) && !record.consent) {
    context.draft.send(to, Over{exchange, record.token, record.reason});
  }
  if (record.claiming && record.grant && record.consent) {
    context.draft.send(to, CheckId{*record.request_id, record.request, *record.grant, *record.consent});
  }
  if (record.key_check_sent && record.grant) {
    context.draft.send(to, CheckKey{exchange, context.genesis.id_of(*record.grant)});
  }
}

void send_again_as_witness(Context& context, PeerPort to, const ExchangeRecord& record) {
  if (!record.acks.empty()) context.draft.send(to, AckMessage{record.acks.front()});
  if (!record.id_answers.empty()) context.draft.send(to, IdAnswerMessage{record.id_answers.front()});
  if (!record.key_answers.empty() && to == requester_of(record)) {
    context.draft.send(to, KeyAnswerMessage{record.key_answers.front()});
  }
  const bool may_have_share = to == requester_of(record) && record.state == ExchangeState::committed;
  if (may_have_share && !record.shares.empty()) {
    context.draft.send(to, ShareMessage{record.grant->body.exchange, record.shares.front().share});
  }
}

}  // namespace

void give_again(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (has_ended(record.state) || record.role == Role::witness) return;
  if (record.role == Role::requester) send_again_as_requester(context, owner_of(record), exchange, record);
  for (const auto witness : witnesses_of(context.genesis, record)) {
    if (record.role == Role::requester) send_again_as_requester(context, witness, exchange, record);
    if (record.role == Role::owner) send_again_as_owner(context, witness, exchange, record);
  }
}

Result<void> on_send_again(Context& context, PeerPort from, const SendAgain& message) {
  const auto record = exchanges.get(context.draft, message.exchange);
  if (!record) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(message.exchange));
  switch (record->role) {
    case Role::requester: send_again_as_requester(context, from, message.exchange, *record); return success();
    case Role::owner: send_again_as_owner(context, from, message.exchange, *record); return success();
    case Role::witness:
      if (is_witness(context.genesis, *record, from)) {
        return rejected(Token::wrong_sender, "witnesses have nothing for each other", std::to_string(from.value));
      }
      send_again_as_witness(context, from, *record);
      return success();
  }
  return success();
}

// ---- the chain ends exchanges ----

void take_book_home(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  const auto book = record.request.body.book;
  shelf.put(context.draft, book, ShelfRecord{next_order(context)});
  shelf_task(context, ShelfAction::promote, book, exchange);
}

/// Owner and witnesses of each are all the others.
void tell_received(Context& context, std::vector<ExchangeId> received) {
  std::ranges::sort(received);
  context.send_to_others(ReceiptMessage{context.sign(Receipt{std::move(received)})});
}

namespace {

/// The owner is asked beside the witnesses: where it is honest, a share that was lost does no harm.
void ask_for_shares(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  if (!record.key) context.send_to_others(WantShare{exchange});
}

/// Adds the exchange to those whose book comes home, if it does.
void commit_transfer(Context& context, const Transfer& transfer, Height height, std::vector<ExchangeId>& home) {
  const auto exchange = context.genesis.exchange_of(transfer.request);
  const auto book = transfer.request.body.book;
  const auto owner = transfer.request.body.receiver_port;
  // The owner's copy leaves its shelf even if this home forgot the exchange (a restored backup).
  if (owner == context.self() && shelf.get(context.draft, book)) {
    shelf.erase(context.draft, book);
    shelf_task(context, ShelfAction::remove_book, book, exchange);
  }
  auto record = exchanges.get(context.draft, exchange);
  if (!record) {
    // A witness that the GRANT never reached was given the id all the same: nothing more comes of it.
    forget_id(context, WitnessIdKey{transfer.request.signer, exchange});
    return;
  }
  record->state = ExchangeState::committed;
  record->height = height;
  // A book found false stays so, and can be disputed as it is.
  if (!found_wrong(*record)) {
    record->token.clear();
    record->reason.clear();
  }
  const bool mined = transfer.form == TransferForm::mined;
  switch (record->role) {
    case Role::requester:
      if (record->plaintext_ready) {
        take_book_home(context, exchange, *record);
        home.push_back(exchange);
      } else {
        ask_for_shares(context, exchange, *record);
      }
      break;
    case Role::owner:
      // A requester that mined could read the book: nobody needs the package again.
      if (mined) shelf_task(context, ShelfAction::drop_exchange, book, exchange);
      if (record->share_wanted) hand_out_shares(context, exchange, *record);
      break;
    case Role::witness:
      // The share is kept in any form until the requester signs that it can read (section 5).
      if (record->share_wanted) hand_out_shares(context, exchange, *record);
      forget_id(context, WitnessIdKey{requester_of(*record), exchange});
      break;
  }
  context.draft.note(Event{"committed", exchange, std::to_string(height.value)});
  keep(context, exchange, *record);
}

/// Ends every open exchange about `book` that the chain has left behind, but for the one committed.
void end_left_behind(Context& context, const BookId& book, const std::optional<ExchangeId>& committed, bool by_abort,
                     Height height) {
  const auto stand = ownership.get(context.draft, book);
  for (const auto& exchange : open_exchanges(context.draft, book)) {
    if (committed && exchange == *committed) continue;
    auto record = exchanges.get(context.draft, exchange);
    if (!record || record->state == ExchangeState::committed) continue;
    if (is_over(record->state)) {
      keep(context, exchange, *record);  // the turn it waited to free is over: it leaves the open ones
      continue;
    }
    const bool granted_before = record->grant && grant_age(context.draft, *record) == GrantAge::past;
    const bool asked_in_vain = !record->grant && stand && stand->owner != owner_of(*record);
    if (!granted_before && !asked_in_vain) continue;
    record->height = height;
    if (by_abort) {
      // What the owner itself gave as the reason is with it alone.
      const auto told = record->abort_sent ? record->reason : std::string();
      end(context, exchange, *record, ExchangeState::aborted,
          record->consent_refused ? std::string(name(Token::wrong_id)) : record->token,
          told.empty() ? "the owner ended its turn with an ABORT in block " + std::to_string(height.value) : told);
    } else {
      end(context, exchange, *record, ExchangeState::invalid, std::string(name(Token::stale_version)),
          "block " + std::to_string(height.value) + " moved the book on");
    }
    forget_id(context, WitnessIdKey{requester_of(*record), exchange});
    keep(context, exchange, *record);
  }
}

/// How far an exchange whose TRANSFER is not under way has come.
ExchangeState state_before_mining(const Genesis& genesis, const ExchangeRecord& record) {
  const auto majority = genesis.witness_majority();
  if (record.role == Role::owner) return record.release ? ExchangeState::released : ExchangeState::id_checked;
  if (record.plaintext_ready && record.key_answers.size() >= majority) return ExchangeState::key_checked;
  if (record.plaintext_ready) return ExchangeState::opened;
  if (record.key) return ExchangeState::released;
  return yes_answers(record) >= majority ? ExchangeState::id_checked : ExchangeState::consented;
}

/// A mark against the owner; the exchange it is about is over, committed or not.
void commit_dispute(Context& context, const Signed<Dispute>& dispute, Height height) {
  const auto& body = dispute.body;
  const auto exchange = context.genesis.exchange_of(body.request);
  const auto book = context.genesis.book_of(body.book);
  const auto kind = std::holds_alternative<BadChunk>(body.proof) ? MarkKind::bad_chunk : MarkKind::bad_deal;
  marks.put(context.draft, MarkKey{body.grant.signer, height, exchange}, Mark{book, kind});
  const bool lost = dispute.signer == context.self() && shelf.get(context.draft, book).has_value() &&
                    standing(context.genesis, context.draft, body.book).owner != context.self();
  if (lost) {
    shelf.erase(context.draft, book);
    shelf_task(context, ShelfAction::remove_book, book, exchange);
  }
  auto record = exchanges.get(context.draft, exchange);
  if (!record) forget_id(context, WitnessIdKey{body.request.signer, exchange});
  if (!record || is_over(record->state)) return;
  record->height = height;
  const auto token = kind == MarkKind::bad_chunk ? Token::wrong_book : Token::wrong_share;
  end(context, exchange, *record, ExchangeState::invalid, std::string(name(token)),
      "disputed in block " + std::to_string(height.value) + ": " + std::string(name(kind)));
  record->shares.clear();
  forget_id(context, WitnessIdKey{requester_of(*record), exchange});
  keep(context, exchange, *record);
}

}  // namespace

void on_transaction_dropped(Context& context, const Transaction& transaction, const Error& why) {
  const auto* transfer = std::get_if<Signed<Transfer>>(&transaction);
  if (transfer == nullptr) return;
  const auto exchange = context.genesis.exchange_of(transfer->body.request);
  auto record = exchanges.get(context.draft, exchange);
  if (!record || record->state != ExchangeState::mined) return;
  record->state = state_before_mining(context.genesis, *record);
  if (!found_wrong(*record)) {
    record->token = name(why.token);
    record->reason = why.what;
  }
  context.draft.note(Event{"transfer-dropped", exchange, std::string(name(why.token))});
  keep(context, exchange, *record);
}

void on_block_committed(Context& context, const CommittedBlock& committed) {
  const auto height = committed.block.header.body.height;
  std::vector<ExchangeId> home;
  for (const auto& transaction : committed.block.transactions) {
    const auto book = context.genesis.book_of(book_of(transaction));
    if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
      commit_transfer(context, transfer->body, height, home);
      end_left_behind(context, book, context.genesis.exchange_of(transfer->body.request), false, height);
    } else if (const auto* abort = std::get_if<Signed<Abort>>(&transaction)) {
      see_abort(context, *abort);
      end_left_behind(context, book, std::nullopt, true, height);
    } else {
      const auto& dispute = std::get<Signed<Dispute>>(transaction);
      keep_evidence(context, evidence_of(dispute.body), dispute.signer);
      commit_dispute(context, dispute, height);
      end_left_behind(context, book, std::nullopt, false, height);
    }
  }
  if (!home.empty()) tell_received(context, std::move(home));
}

}  // namespace bookchain::ledger
