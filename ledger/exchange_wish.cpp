// What the user of a peer may do in an exchange: the eight steps by hand, and giving up. A step that was
// done before succeeds and sends nothing; a step out of order says what is due, and at whom.
#include "ledger/book.hpp"
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::ledger {

namespace {

std::string at(PeerPort port) { return "at " + std::to_string(port.value); }

Error wrong_step(const ExchangeId& exchange, const std::string& due) {
  return rejected(Token::wrong_step, "the step is not due yet: " + due, to_hex(exchange));
}

Error over_error(const ExchangeId& exchange, const ExchangeRecord& record) {
  const auto why = record.token.empty() ? std::string(name(record.state)) : record.token;
  return rejected(Token::exchange_over, "the exchange is over (" + why + ")", to_hex(exchange), "make a new request");
}

bool lacks_yes(const Genesis& genesis, const ExchangeRecord& record) {
  return yes_answers(record) < genesis.witness_majority();
}

std::string missing_id_answers(const Genesis& genesis, const ExchangeRecord& record) {
  const auto missing = missing_from(genesis, record, record.id_answers);
  if (missing.empty()) return "too few witnesses say that the id is theirs";
  return "answers about the id are missing, receive is due at " + join(missing);
}

/// Where the exchange stands, for messages about a step that is not due.
std::string due_now(const Genesis& genesis, const ExchangeRecord& record) {
  switch (record.state) {
    case ExchangeState::requested: return "grant is due " + at(owner_of(record));
    case ExchangeState::granted:
      if (record.acks.size() < genesis.ack_quorum()) {
        return "ACKs of witnesses are missing, receive is due at " + join(missing_from(genesis, record, record.acks));
      }
      return "consent is due " + at(requester_of(record));
    case ExchangeState::consented:
      if (record.id_check_sent || record.claiming) {
        return missing_id_answers(genesis, record);
      }
      return "check-id is due " + at(owner_of(record));
    case ExchangeState::id_checked: return "release is due " + at(owner_of(record));
    case ExchangeState::released: return "open is due " + at(requester_of(record));
    case ExchangeState::opened:
      if (record.key_check_sent) {
        return "answers about the key are missing, receive is due at " +
               join(missing_from(genesis, record, record.key_answers));
      }
      return "check-key is due " + at(requester_of(record));
    case ExchangeState::key_checked:
      if (record.claiming && lacks_yes(genesis, record)) return missing_id_answers(genesis, record);
      return "mine is due " + at(requester_of(record));
    case ExchangeState::mined: return "votes are missing, receive is due at the other peers";
    case ExchangeState::committed:
    case ExchangeState::refused:
    case ExchangeState::invalid:
    case ExchangeState::aborted: break;
  }
  return "nothing";
}

Error not_due(const Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  const bool waits = (record.state == ExchangeState::granted && record.acks.size() < context.genesis.ack_quorum()) ||
                     (record.state == ExchangeState::consented && (record.id_check_sent || record.claiming)) ||
                     (record.state == ExchangeState::opened && record.key_check_sent) ||
                     (record.state == ExchangeState::key_checked && record.claiming) ||
                     record.state == ExchangeState::mined;
  auto error = wrong_step(exchange, due_now(context.genesis, record));
  if (waits) {
    error.token = Token::waiting;
    if (context.genesis.witness_majority() == context.genesis.witness_count()) {
      error.hint = "with " + std::to_string(context.genesis.peer_count()) + " peers every witness must answer";
    }
  }
  return error;
}

// ---- books and step 1 ----

Result<void> add_book(Context& context, const WishAddBook& wish) {
  BOOKCHAIN_CHECK(check_book(context.genesis, wish.book));
  if (wish.book.signer != context.self()) {
    return rejected(Token::wrong_sender, "a book is registered by another peer",
                    std::to_string(wish.book.signer.value));
  }
  const auto id = context.genesis.book_of(wish.book);
  if (catalogue.get(context.draft, id)) return success();
  catalogue.put(context.draft, id, wish.book);
  shelf.put(context.draft, id, ShelfRecord{next_order(context)});
  next_serial_fact.put(context.draft, wish.book.body.serial + 1);
  context.send_to_others(Announce{wish.book});
  return success();
}

Result<void> make_request(Context& context, const WishRequest& wish) {
  if (wish.owner == context.self()) {
    return rejected(Token::self_exchange, "a peer cannot request a book from itself", std::to_string(wish.owner.value));
  }
  if (context.genesis.find(wish.owner) == nullptr) {
    return rejected(Token::unknown_peer, "the network has no such peer", std::to_string(wish.owner.value));
  }
  auto book = catalogue.get(context.draft, wish.book);
  if (!book) return rejected(Token::unknown_book, "this peer knows no such book", to_hex(wish.book));
  const auto owner = standing(context.genesis, context.draft, *book).owner;
  if (owner != wish.owner) {
    return rejected(Token::not_owner, "peer " + std::to_string(wish.owner.value) + " does not own the book",
                    book->body.title, "by the chain it is at " + std::to_string(owner.value));
  }
  ExchangeRecord record;
  record.role = Role::requester;
  record.request = context.sign(Request{context.self(), wish.owner, wish.book, request_id_hash(wish.request_id)});
  record.book = std::move(book);
  record.request_id = wish.request_id;
  record.began = context.now;
  const auto exchange = context.genesis.exchange_of(record.request);
  for (const auto witness : witnesses_of(context.genesis, record)) {
    context.draft.send(witness, WitnessId{exchange, wish.request_id});
  }
  context.draft.send(wish.owner, RequestMessage{record.request});
  context.draft.note(Event{"requested", exchange, {}});
  keep(context, exchange, record);
  return success();
}

// ---- step 2 ----

/// One book goes to one requester: the other requests for it are refused at once.
void refuse_the_others(Context& context, const ExchangeId& granted, const ExchangeRecord& record) {
  for (const auto& [exchange, unused] : open_exchanges.all(context.draft)) {
    auto other = exchanges.get(context.draft, exchange);
    if (exchange == granted || !other || other->role != Role::owner || other->state != ExchangeState::requested ||
        other->request.body.book != record.request.body.book || requester_of(*other) == requester_of(record)) {
      continue;
    }
    end(context, exchange, *other, ExchangeState::refused, std::string(name(Token::book_busy)),
        "the book was granted to another requester");
    tell_over(context, exchange, *other);
    keep(context, exchange, *other);
  }
}

Result<void> grant(Context& context, const WishGrant& wish, const ExchangeRecord& checked) {
  auto record = checked;
  if (record.state != ExchangeState::requested) return success();
  const auto stand = standing(context.genesis, context.draft, *record.book);
  const auto ports = witnesses_of(context.genesis, record);
  const auto shares = split(wish.key, context.genesis.share_threshold(), ports.size(), wish.coefficients);
  Grant body{
      wish.exchange, stand.version, stand.turn, wish.ciphertext_root, key_commitment(wish.exchange, wish.key), {}};
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    body.share_commitments.push_back(share_commitment(wish.exchange, i, shares[i]));
    add_share(record.shares, DealtShare{ports[i], shares[i]});
  }
  record.grant = context.sign(std::move(body));
  record.key = wish.key;
  record.state = ExchangeState::granted;
  const auto key = turn_of(record);
  auto turn = turns.get(context.draft, key).value_or(TurnRecord{requester_of(record), {}, false, false});
  if (turn.exchanges.size() >= max_turn_exchanges) return too_many_grants(*record.book);
  // One encrypted copy for a requester and a turn: whoever asks again has no use for the older one.
  if (!turn.exchanges.empty()) {
    shelf_task(context, ShelfAction::drop_exchange, record.request.body.book, turn.exchanges.back());
  }
  turn.exchanges.push_back(wish.exchange);
  turns.put(context.draft, key, turn);
  context.draft.send(requester_of(record), GrantMessage{record.request, *record.grant, *record.book}, true);
  for (const auto& share : record.shares) {
    context.draft.send(share.signer, WitnessShare{record.request, *record.grant, share.share});
  }
  refuse_the_others(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

// ---- steps 3 to 5 ----

Result<void> consent(Context& context, const WishConsent& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (record.consent) return success();
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state != ExchangeState::granted || !record.package_arrived ||
      record.acks.size() < context.genesis.ack_quorum()) {
    return not_due(context, wish.exchange, record);
  }
  if (grant_age(context.draft, record) == GrantAge::future) {
    return rejected(Token::waiting, "the chain of this peer is behind the grant", to_hex(wish.exchange),
                    "receive first");
  }
  const auto owner = standing(context.genesis, context.draft, *record.book).owner;
  if (grant_age(context.draft, record) == GrantAge::past || owner != owner_of(record)) {
    return rejected(Token::stale_version, "the chain has moved on since the grant", to_hex(wish.exchange),
                    "abort it and make a new request");
  }
  if (wish.rehearsed_id && !context.genesis.fields().test_network) {
    return rejected(Token::not_a_test_network, "another id may be rehearsed on test networks only");
  }
  record.consent = context.sign(Consent{wish.exchange, context.genesis.id_of(*record.grant)});
  record.state = ExchangeState::consented;
  context.draft.send(owner_of(record),
                     ConsentMessage{wish.rehearsed_id.value_or(*record.request_id), *record.consent, record.acks});
  keep(context, wish.exchange, record);
  return success();
}

Result<void> check_id(Context& context, const WishCheckId& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state < ExchangeState::consented) return not_due(context, wish.exchange, record);
  if (record.consent_refused) {
    return rejected(Token::wrong_id, "the id that came with the consent does not fit the request",
                    to_hex(wish.exchange), "end the exchange with abort");
  }
  if (yes_out_of_reach(context.genesis, record)) {
    return rejected(Token::no_consensus, "too many witnesses say that the id is not theirs", to_hex(wish.exchange),
                    "end the exchange with abort");
  }
  if (record.id_check_sent) return success();
  record.id_check_sent = true;
  for (const auto witness : witnesses_of(context.genesis, record)) {
    context.draft.send(witness, CheckId{*record.request_id, record.request, *record.grant, *record.consent});
  }
  keep(context, wish.exchange, record);
  return success();
}

Result<void> release(Context& context, const WishRelease& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.release && !wish.rehearsed_key) return success();
  if (record.state < ExchangeState::id_checked) return not_due(context, wish.exchange, record);
  auto turn = turns.get(context.draft, turn_of(record)).value_or(TurnRecord{requester_of(record), {}, false, false});
  // An owner never signs both RELEASE and ABORT in one turn (section 5).
  if (turn.abort_signed) {
    return rejected(Token::too_late, "this peer signed an ABORT of the turn", to_hex(wish.exchange));
  }
  if (wish.rehearsed_key && !context.genesis.fields().test_network) {
    return rejected(Token::not_a_test_network, "a wrong key may be rehearsed on test networks only");
  }
  const auto statement = context.sign(Release{wish.exchange, context.genesis.id_of(*record.grant)});
  const auto key = wish.rehearsed_key.value_or(*record.key);
  context.draft.send(requester_of(record), ReleaseMessage{key, record.id_answers, statement});
  // The rehearsed cheat keeps no memory of its signature: that is what makes it a cheat.
  if (wish.rehearsed_key) return success();
  record.release = statement;
  if (!has_ended(record.state)) record.state = ExchangeState::released;
  turn.released = true;
  turns.put(context.draft, turn_of(record), turn);
  keep(context, wish.exchange, record);
  return success();
}

// ---- steps 6 to 8 ----

Result<void> open(Context& context, const WishOpen& wish, const ExchangeRecord& checked) {
  auto record = checked;
  if (record.plaintext_ready) return success();
  if (wish.failure) {
    // The consent stands, so only the chain can end it; what was wrong is remembered and not tried again.
    record.token = name(wish.failure->token);
    record.reason = wish.failure->what;
    keep(context, wish.exchange, record);
    return success();
  }
  record.plaintext_ready = true;
  if (record.state == ExchangeState::released) record.state = ExchangeState::opened;
  if (record.state == ExchangeState::committed) take_book_home(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

Result<void> check_key(Context& context, const WishCheckKey& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.key_check_sent || has_ended(record.state)) return success();
  if (record.state != ExchangeState::opened) return not_due(context, wish.exchange, record);
  record.key_check_sent = true;
  for (const auto witness : witnesses_of(context.genesis, record)) {
    context.draft.send(witness, CheckKey{wish.exchange, context.genesis.id_of(*record.grant)});
  }
  keep(context, wish.exchange, record);
  return success();
}

/// Only what fits goes in: one statement that does not would make the whole invalid.
Signed<Transfer> make_transfer(const Context& context, ExchangeRecord record, TransferForm form) {
  const auto grant_id = context.genesis.id_of(*record.grant);
  const auto consent_id = context.genesis.id_of(*record.consent);
  drop_misfitting_acks(context.genesis, record);
  std::erase_if(record.id_answers,
                [&](const auto& answer) { return !answer.body.yes || answer.body.consent != consent_id; });
  std::erase_if(record.key_answers, [&](const auto& answer) {
    return answer.body.grant != grant_id || answer.body.key_commitment != record.grant->body.key_commitment;
  });
  if (form != TransferForm::mined) record.key_answers.clear();
  return context.sign(Transfer{form, *record.book, record.request, *record.grant, *record.consent,
                               std::move(record.acks), std::move(record.id_answers), std::move(record.key_answers)});
}

/// A block that waits for votes: done again within 5 s the step sends nothing, later it asks those again who have
/// not voted, in case what was sent to them is lost for good.
Result<void> ask_for_votes_again(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  static constexpr std::uint64_t quiet_us = 5'000'000;
  if (record.state != ExchangeState::mined || context.now.value - record.changed.value < quiet_us) return success();
  ask_voters_again(context);
  keep(context, exchange, record);
  return success();
}

Result<void> submit_transfer(Context& context, const ExchangeId& exchange, ExchangeRecord& record, TransferForm form) {
  const auto transfer = make_transfer(context, record, form);
  record.state = ExchangeState::mined;
  if (!found_wrong(record)) {
    record.token.clear();
    record.reason.clear();
  }
  keep(context, exchange, record);
  return submit(context, transfer);
}

/// The requester has the witnesses asked that did not answer yet. Done once; asking again is a wish of its own.
Result<void> collect_id_answers(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (record.claiming) return not_due(context, exchange, record);
  record.claiming = true;
  for (const auto witness : missing_from(context.genesis, record, record.id_answers)) {
    context.draft.send(witness, CheckId{*record.request_id, record.request, *record.grant, *record.consent});
  }
  keep(context, exchange, record);
  return success();
}

Result<void> mine(Context& context, const WishMine& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) {
    return ask_for_votes_again(context, wish.exchange, record);
  }
  if (record.state != ExchangeState::key_checked) return not_due(context, wish.exchange, record);
  // The key may have come without the answers that belong beside it.
  if (lacks_yes(context.genesis, record)) return collect_id_answers(context, wish.exchange, record);
  return submit_transfer(context, wish.exchange, record, TransferForm::mined);
}

// ---- section 5 ----

Result<void> settle(Context& context, const WishSettle& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) {
    return ask_for_votes_again(context, wish.exchange, record);
  }
  if (record.state < ExchangeState::id_checked) return not_due(context, wish.exchange, record);
  // All that release needs: no ABORT of this turn, whichever grant it was signed for.
  const auto turn = turns.get(context.draft, turn_of(record));
  if (record.abort_sent || (turn && turn->abort_signed))
    return rejected(Token::too_late, "this peer signed an ABORT of the turn", to_hex(wish.exchange));
  return submit_transfer(context, wish.exchange, record, TransferForm::settled);
}

Result<void> claim(Context& context, const WishClaim& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) return success();
  if (!record.consent) return not_due(context, wish.exchange, record);
  if (lacks_yes(context.genesis, record)) return collect_id_answers(context, wish.exchange, record);
  return submit_transfer(context, wish.exchange, record, TransferForm::claimed);
}

// ---- giving up ----

Result<void> refuse(Context& context, const WishRefuse& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (record.state == ExchangeState::refused) return success();
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state != ExchangeState::requested) {
    return rejected(Token::too_late, "the request is granted already", to_hex(wish.exchange), "end it with abort");
  }
  end(context, wish.exchange, record, ExchangeState::refused, {},
      wish.reason.empty() ? "the owner declined the request" : wish.reason);
  tell_over(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

/// The owner frees the book: ABORT ends every grant of the turn once it is in a block.
Result<void> abort_turn(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  if (record.abort_sent || (is_over(record.state) && record.height)) return success();
  const auto age = grant_age(context.draft, record);
  if (age != GrantAge::present) return over_error(exchange, record);
  const auto key = turn_of(record);
  auto turn = turns.get(context.draft, key).value_or(TurnRecord{requester_of(record), {}, false, false});
  if (turn.released) {
    return rejected(Token::too_late, "the key is released, so the turn cannot be aborted", to_hex(exchange));
  }
  const bool first = !turn.abort_signed;
  turn.abort_signed = true;
  turns.put(context.draft, key, turn);
  record.abort_sent = true;
  if (yes_out_of_reach(context.genesis, record)) record.token = name(Token::no_consensus);
  if (record.consent_refused) record.token = name(Token::wrong_id);
  keep(context, exchange, record);
  if (!first) return success();
  return submit(context, context.sign(Abort{*record.book, key.version, key.turn}));
}

Result<void> abort(Context& context, const WishAbort& wish) {
  auto found = exchanges.get(context.draft, wish.exchange);
  if (!found) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(wish.exchange));
  auto record = std::move(*found);
  if (record.role == Role::witness) {
    return rejected(Token::unexpected, "a witness cannot give up an exchange", to_hex(wish.exchange));
  }
  if (record.state == ExchangeState::committed) {
    return rejected(Token::too_late, "the exchange is committed", to_hex(wish.exchange));
  }
  if (record.role == Role::owner && record.grant) return abort_turn(context, wish.exchange, record);
  if (is_over(record.state)) return success();
  if (record.consent) {
    return rejected(Token::too_late, "the requester cannot go back after its consent", to_hex(wish.exchange));
  }
  end(context, wish.exchange, record, ExchangeState::aborted, {},
      wish.reason.empty() ? "given up by " + std::to_string(context.self().value) : wish.reason);
  tell_over(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

Result<void> ask_again(Context& context, const WishAskAgain& wish) {
  const auto record = exchanges.get(context.draft, wish.exchange);
  if (!record) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(wish.exchange));
  for (const auto& peer : context.genesis.peers()) {
    const bool both_witnesses = record->role == Role::witness && is_witness(context.genesis, *record, peer.port);
    if (peer.port != context.self() && !both_witnesses) context.draft.send(peer.port, SendAgain{wish.exchange});
  }
  give_again(context, wish.exchange, *record);
  if (record->state == ExchangeState::mined || record->abort_sent) ask_voters_again(context);
  return success();
}

}  // namespace

Result<ExchangeRecord> Node::may_grant(const State& state, const ExchangeId& exchange) const {
  BOOKCHAIN_TRY(auto record, find_exchange(state, exchange, Role::owner));
  if (is_over(record.state)) return over_error(exchange, record);
  if (record.state != ExchangeState::requested) return record;
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
                    "abort that exchange first");
  }
  if (turn && turn->exchanges.size() >= max_turn_exchanges) return too_many_grants(*record.book);
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
                    "go on without the owner: mine --without-owner");
  }
  if (record.state == ExchangeState::committed) {
    return rejected(Token::waiting, "neither the key nor enough shares of it have come", to_hex(exchange));
  }
  auto due = due_now(genesis_, record);
  if (record.state == ExchangeState::consented) due = "check-id is due " + at(owner_of(record));
  return wrong_step(exchange, due);
}

Result<void> do_wish(Context& context, const Wish& wish) {
  const Node node(context.genesis, context.identity);
  return std::visit(
      [&](const auto& wanted) -> Result<void> {
        using W = std::decay_t<decltype(wanted)>;
        if constexpr (std::is_same_v<W, WishAddBook>) return add_book(context, wanted);
        if constexpr (std::is_same_v<W, WishRequest>) return make_request(context, wanted);
        if constexpr (std::is_same_v<W, WishGrant>) {
          BOOKCHAIN_TRY(const auto record, node.may_grant(context.draft, wanted.exchange));
          return grant(context, wanted, record);
        }
        if constexpr (std::is_same_v<W, WishConsent>) return consent(context, wanted);
        if constexpr (std::is_same_v<W, WishCheckId>) return check_id(context, wanted);
        if constexpr (std::is_same_v<W, WishRelease>) return release(context, wanted);
        if constexpr (std::is_same_v<W, WishOpen>) {
          BOOKCHAIN_TRY(const auto record, node.may_open(context.draft, wanted.exchange));
          return open(context, wanted, record);
        }
        if constexpr (std::is_same_v<W, WishCheckKey>) return check_key(context, wanted);
        if constexpr (std::is_same_v<W, WishMine>) return mine(context, wanted);
        if constexpr (std::is_same_v<W, WishSettle>) return settle(context, wanted);
        if constexpr (std::is_same_v<W, WishClaim>) return claim(context, wanted);
        if constexpr (std::is_same_v<W, WishRefuse>) return refuse(context, wanted);
        if constexpr (std::is_same_v<W, WishAbort>) return abort(context, wanted);
        if constexpr (std::is_same_v<W, WishAskAgain>) return ask_again(context, wanted);
      },
      wish);
}

}  // namespace bookchain::ledger
