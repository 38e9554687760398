// What the user of a peer may do in an exchange, by hand: books and steps 1 to 5; the rest is in exchange_finish.cpp. A
// step that was done before succeeds and sends nothing; a step out of order says what is due, and at whom.
#include "ledger/exchange_wish.hpp"

#include "ledger/book.hpp"
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::ledger {

namespace {

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
  if (wish.value) value_books.put(context.draft, id, *wish.value);
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
  for (const auto& exchange : open_exchanges(context.draft, record.request.body.book)) {
    auto other = exchanges.get(context.draft, exchange);
    if (exchange == granted || !other || other->role != Role::owner || other->state != ExchangeState::requested ||
        requester_of(*other) == requester_of(record)) {
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
  if (wish.rehearsed_dealt && !context.genesis.fields().test_network) {
    return rejected(Token::not_a_test_network, "false shares may be rehearsed on test networks only");
  }
  const auto shares = split(wish.rehearsed_dealt.value_or(wish.key), context.genesis.share_threshold(), ports.size(),
                            wish.coefficients);
  Grant body{
      wish.exchange, stand.version, stand.turn, wish.ciphertext_root, key_commitment(wish.exchange, wish.key), {}};
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    body.share_commitments.push_back(share_commitment(wish.exchange, i, shares[i]));
    add_by_signer(record.shares, DealtShare{ports[i], shares[i]});
  }
  record.grant = context.sign(std::move(body));
  record.key = wish.key;
  record.state = ExchangeState::granted;
  const auto key = turn_of(record);
  auto turn = turn_row(context.draft, record);
  if (turn.exchanges.size() >= max_turn_exchanges) return too_many_grants(*record.book, turn.exchanges.back());
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

/// A grant of which a restored home knows only what others told it.
Error forgotten(const Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  const auto left = is_agreed(context.genesis, record) ? "mine --settle " : "abort ";
  return rejected(Token::exchange_over, "this home was restored and forgot the key of the exchange", to_hex(exchange),
                  left + short_name(exchange));
}

Result<void> consent(Context& context, const WishConsent& wish) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, wish.exchange, Role::requester));
  if (record.consent) return success();
  if (is_over(record.state)) return over_error(wish.exchange, record);
  if (record.state != ExchangeState::granted || !record.package_arrived ||
      record.acks.size() < context.genesis.ack_quorum()) {
    return not_due(context, wish.exchange, record, Step::consent);
  }
  if (grant_age(context.draft, record) == GrantAge::future) {
    return rejected(Token::waiting, "the chain of this peer is behind the grant", to_hex(wish.exchange), "receive");
  }
  const auto owner = standing(context.genesis, context.draft, *record.book).owner;
  if (grant_age(context.draft, record) == GrantAge::past || owner != owner_of(record)) {
    return rejected(Token::stale_version, "the chain has moved on since the grant", to_hex(wish.exchange),
                    "abort " + short_name(wish.exchange));
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
  if (record.id_check_sent && !record.consent_refused && !yes_out_of_reach(context.genesis, record)) return success();
  if (record.abort_sent || (record.grant && turn_row(context.draft, record).abort_signed)) {
    return rejected(Token::too_late, "this peer signed an ABORT of the turn", to_hex(wish.exchange));
  }
  if (record.state < ExchangeState::consented) return not_due(context, wish.exchange, record, Step::check_id);
  if (record.consent_refused) {
    return rejected(Token::wrong_id, "the id that came with the consent does not fit the request",
                    to_hex(wish.exchange), "abort " + short_name(wish.exchange));
  }
  if (yes_out_of_reach(context.genesis, record)) {
    return rejected(Token::no_consensus, "too many witnesses say that the id is not theirs", to_hex(wish.exchange),
                    "abort " + short_name(wish.exchange));
  }
  if (!record.request_id) return forgotten(context, wish.exchange, record);
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
  if (record.state < ExchangeState::id_checked || !is_agreed(context.genesis, record)) {
    return not_due(context, wish.exchange, record, Step::release);
  }
  if (!record.key) return forgotten(context, wish.exchange, record);
  BOOKCHAIN_CHECK(check_caught_up(context.genesis, context.draft, context.self()));
  auto turn = turn_row(context.draft, record);
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
  // The requester may do without this peer's vote, and die before it tells of the block.
  expect_block(context);
  return success();
}

}  // namespace

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
          return do_open(context, wanted, record);
        }
        if constexpr (std::is_same_v<W, WishCheckKey>) return do_check_key(context, wanted);
        if constexpr (std::is_same_v<W, WishMine>) return do_mine(context, wanted);
        if constexpr (std::is_same_v<W, WishSettle>) return do_settle(context, wanted);
        if constexpr (std::is_same_v<W, WishClaim>) return do_claim(context, wanted);
        if constexpr (std::is_same_v<W, WishDispute>) return do_dispute(context, wanted);
        if constexpr (std::is_same_v<W, WishRefuse>) return do_refuse(context, wanted);
        if constexpr (std::is_same_v<W, WishAbort>) return do_abort(context, wanted);
        if constexpr (std::is_same_v<W, WishAskAgain>) return do_ask_again(context, wanted);
        if constexpr (std::is_same_v<W, WishRestore>) {
          begin_restore(context);
          return success();
        }
      },
      wish);
}

}  // namespace bookchain::ledger
