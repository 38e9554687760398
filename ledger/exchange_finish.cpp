// What the user of a peer may do at the end of an exchange: steps 6 to 8, going on without the other party (section 5),
// and giving up.
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::ledger {

// ---- steps 6 to 8 ----

Result<void> do_open(Context& context, const WishOpen& wish, const ExchangeRecord& checked) {
  auto record = checked;
  if (record.plaintext_ready) return success();
  if (wish.failure) {
    // The consent stands, so only the chain can end it; what was wrong is remembered and not tried again.
    record.token = name(wish.failure->token);
    record.reason = wish.failure->what;
    record.wrong_book_seen = wish.failure->token == Token::wrong_book;
    if (!keep_bad_chunk(context, record, wish.bad_chunk)) {
      return rejected(Token::bad_file, "the package in the home was changed", to_hex(wish.exchange));
    }
    keep(context, wish.exchange, record);
    return success();
  }
  record.plaintext_ready = true;
  if (record.state == ExchangeState::released) record.state = ExchangeState::opened;
  if (record.state == ExchangeState::committed) {
    take_book_home(context, wish.exchange, record);
    tell_received(context, {wish.exchange});
  }
  keep(context, wish.exchange, record);
  return success();
}

namespace {

/// Long beside what is left of an exchange whose peers answer.
constexpr std::uint64_t standstill_us = 10'000'000;
/// More exchanges that are open are not looked at one by one.
constexpr std::size_t most_open_ones = 16;

/// Whether another exchange moves, too. Every peer has a part in every one that was granted, and has seen it.
bool another_moves(const Context& context, const ExchangeId& exchange) {
  std::size_t seen = 0;
  return any_open(context.draft, [&](const ExchangeId& other) {
    if (other == exchange) return false;
    const auto record = exchanges.get(context.draft, other);
    return ++seen > most_open_ones || (record && !has_passed(record->changed, context.now, standstill_us));
  });
}

}  // namespace

Result<void> do_check_key(Context& context, const WishCheckKey& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.key_check_sent || has_ended(record.state)) return success();
  if (record.state != ExchangeState::opened) return not_due(context, wish.exchange, record, Step::check_key);
  record.key_check_sent = true;
  for (const auto witness : witnesses_of(context.genesis, record)) {
    context.draft.send(witness, CheckKey{wish.exchange, context.genesis.id_of(*record.grant)});
  }
  keep(context, wish.exchange, record);
  // Voters are not asked twice for what they can answer at once. Where others are about to mine as well, each waits for
  // its turn instead.
  if (another_moves(context, wish.exchange)) return success();
  // The witnesses that answer first about the key are enough for a ballot, too, or the owner is needed as well.
  const bool is_enough = 1 + context.genesis.witness_majority() >= context.genesis.vote_quorum();
  open_ballot_ahead(context, is_enough ? std::optional(owner_of(record)) : std::nullopt);
  return success();
}

namespace {

/// Only what fits goes in: one statement that does not would make the whole invalid.
Signed<Transfer> make_transfer(const Context& context, ExchangeRecord record, TransferForm form) {
  context.complete(record.request);
  context.complete(*record.grant);
  context.complete(*record.consent);
  const auto grant_id = context.genesis.id_of(*record.grant);
  const auto consent_id = context.genesis.id_of(*record.consent);
  drop_misfitting_acks(context.genesis, record);
  std::erase_if(record.id_answers,
                [&](const auto& answer) { return !answer.body.yes || answer.body.consent != consent_id; });
  std::erase_if(record.key_answers, [&](const auto& answer) {
    return answer.body.grant != grant_id || answer.body.key_commitment != record.grant->body.key_commitment;
  });
  if (form != TransferForm::mined) record.key_answers.clear();
  return context.unsigned_statement(Transfer{form, *record.book, record.request, *record.grant, *record.consent,
                                             std::move(record.acks), std::move(record.id_answers),
                                             std::move(record.key_answers)});
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
  record.claiming = true;
  for (const auto witness : missing_from(context.genesis, record, record.id_answers)) {
    context.draft.send(witness, CheckId{*record.request_id, record.request, *record.grant, *record.consent});
  }
  keep(context, exchange, record);
  return success();
}

}  // namespace

Result<void> do_mine(Context& context, const WishMine& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) {
    return ask_for_votes_again(context, wish.exchange, record);
  }
  // The key may have come without the answers that belong beside it.
  const bool lacks_answers = lacks_yes(context.genesis, record);
  if (record.state != ExchangeState::key_checked || (lacks_answers && record.claiming)) {
    return not_due(context, wish.exchange, record, Step::mine);
  }
  if (lacks_answers) return collect_id_answers(context, wish.exchange, record);
  return submit_transfer(context, wish.exchange, record, TransferForm::mined);
}

// ---- section 5 ----

Result<void> do_settle(Context& context, const WishSettle& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) {
    return ask_for_votes_again(context, wish.exchange, record);
  }
  if (record.state < ExchangeState::id_checked || !is_agreed(context.genesis, record)) {
    return not_due(context, wish.exchange, record, Step::release);
  }
  // All that release needs: no ABORT of this turn, whichever grant it was signed for.
  const auto turn = turns.get(context.draft, turn_of(record));
  if (record.abort_sent || (turn && turn->abort_signed)) {
    return rejected(Token::too_late, "this peer signed an ABORT of the turn", to_hex(wish.exchange));
  }
  return submit_transfer(context, wish.exchange, record, TransferForm::settled);
}

Result<void> do_claim(Context& context, const WishClaim& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::mined || record.state == ExchangeState::committed) return success();
  if (!record.consent) return not_due(context, wish.exchange, record, Step::release);
  if (lacks_yes(context.genesis, record)) {
    if (record.claiming) return success();
    return collect_id_answers(context, wish.exchange, record);
  }
  return submit_transfer(context, wish.exchange, record, TransferForm::claimed);
}

// ---- giving up ----

namespace {

Error committed_error(const ExchangeId& exchange) {
  return rejected(Token::too_late, "the exchange is committed", to_hex(exchange));
}

}  // namespace

Result<void> do_refuse(Context& context, const WishRefuse& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::owner));
  if (record.state == ExchangeState::refused) return success();
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state == ExchangeState::committed) return committed_error(wish.exchange);
  if (record.state != ExchangeState::requested) {
    return rejected(Token::too_late, "the request is granted already", to_hex(wish.exchange));
  }
  end(context, wish.exchange, record, ExchangeState::refused, {},
      wish.reason.empty() ? "the owner declined the request" : wish.reason);
  tell_over(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

namespace {

/// The owner frees the book: ABORT ends every grant of the turn once it is in a block.
Result<void> abort_turn(Context& context, const ExchangeId& exchange, ExchangeRecord& record, const std::string& why) {
  const bool by_another_grant = record.state == ExchangeState::aborted && record.height;
  if (record.abort_sent || by_another_grant) return success();
  const auto age = grant_age(context.draft, record);
  if (age != GrantAge::present) return over_error(exchange, record);
  const auto key = turn_of(record);
  auto turn = turn_row(context.draft, record);
  if (turn.released) {
    return rejected(Token::too_late, "the key is released, so the turn cannot be aborted", to_hex(exchange));
  }
  BOOKCHAIN_CHECK(check_caught_up(context.genesis, context.draft, context.self()));
  const bool first = !turn.abort_signed;
  turn.abort_signed = true;
  turns.put(context.draft, key, turn);
  record.abort_sent = true;
  if (!why.empty() && !is_over(record.state)) record.reason = why;
  if (yes_out_of_reach(context.genesis, record)) record.token = name(Token::no_consensus);
  if (record.consent_refused) record.token = name(Token::wrong_id);
  keep(context, exchange, record);
  if (!first) return success();
  return submit(context, context.unsigned_statement(Abort{*record.book, key.version, key.turn}));
}

}  // namespace

Result<void> do_abort(Context& context, const WishAbort& wish) {
  auto found = exchanges.get(context.draft, wish.exchange);
  if (!found) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(wish.exchange));
  auto record = std::move(*found);
  if (record.role == Role::witness) {
    return rejected(Token::unexpected, "a witness cannot give up an exchange", to_hex(wish.exchange));
  }
  if (record.state == ExchangeState::committed) return committed_error(wish.exchange);
  if (record.role == Role::owner && record.grant) return abort_turn(context, wish.exchange, record, wish.reason);
  if (is_over(record.state)) {
    // Done before by this peer, or the end that another brought about.
    const bool by_this_peer = record.role == Role::owner ? record.abort_sent : !record.height;
    if (record.state == ExchangeState::aborted && by_this_peer) return success();
    return over_error(wish.exchange, record);
  }
  if (record.consent) {
    return rejected(Token::too_late, "the requester cannot go back after its consent", to_hex(wish.exchange));
  }
  // There is no ABORT without a grant; that it was this owner, nothing else would tell.
  record.abort_sent = record.role == Role::owner;
  end(context, wish.exchange, record, ExchangeState::aborted, {},
      wish.reason.empty() ? "given up by " + std::to_string(context.self().value) : wish.reason);
  tell_over(context, wish.exchange, record);
  keep(context, wish.exchange, record);
  return success();
}

Result<void> do_ask_again(Context& context, const WishAskAgain& wish) {
  const auto record = exchanges.get(context.draft, wish.exchange);
  if (!record) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(wish.exchange));
  for (const auto& peer : context.genesis.peers()) {
    const bool both_witnesses = record->role == Role::witness && is_witness(context.genesis, *record, peer.port);
    if (peer.port != context.self() && !both_witnesses) context.draft.send(peer.port, SendAgain{wish.exchange});
  }
  give_again(context, wish.exchange, *record);
  if (record->state == ExchangeState::mined || record->abort_sent || record->disputed) ask_voters_again(context);
  return success();
}

}  // namespace bookchain::ledger
