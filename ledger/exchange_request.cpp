// Steps 1 and 2 of the exchange, as messages, at requester and owner: books announced, requests, grants, ACKs. What a
// witness does is in exchange_witness.cpp.
#include <cassert>

#include "ledger/book.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/fraud.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

Result<void> on_announce(Context& context, PeerPort from, const Announce& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.book));
  BOOKCHAIN_CHECK(check_book_unless_known(context.genesis, context.draft, message.book));
  const auto id = context.genesis.book_of(message.book);
  if (catalogue.get(context.draft, id)) return success();
  const auto count = announced.get(context.draft, from).value_or(0);
  if (count >= max_announced_books) {
    return rejected(Token::over_quota, "the registrar has announced more books than are kept of one",
                    std::to_string(from.value));
  }
  announced.put(context.draft, from, count + 1);
  catalogue.put(context.draft, id, message.book);
  return success();
}

// ---- step 1 ----

namespace {

Result<void> check_request(Context& context, const Signed<Book>& book, const Signed<Request>& request) {
  const auto stand = standing(context.genesis, context.draft, book);
  if (stand.owner != context.self()) {
    return rejected(Token::not_owner, "peer " + std::to_string(context.self().value) + " does not own the book",
                    book.body.title);
  }
  const auto turn = turns.get(context.draft, TurnKey{context.self(), request.body.book, stand.version, stand.turn});
  if (turn && !turn->exchanges.empty() && turn->requester != request.signer) {
    return rejected(Token::book_busy, "the book is granted to another requester in this turn", book.body.title);
  }
  if (turn && turn->exchanges.size() >= max_turn_exchanges) {
    return too_many_grants(book, turn->exchanges.back());
  }
  return success();
}

/// Of one requester and one book one request waits for its grant, the newest: else each would cost this owner a record
/// and an encrypted copy.
void end_older_request(Context& context, const Signed<Request>& request) {
  for (const auto& exchange : open_exchanges(context.draft, request.body.book)) {
    auto older = exchanges.get(context.draft, exchange);
    if (!older || older->role != Role::owner || older->state != ExchangeState::requested ||
        requester_of(*older) != request.signer) {
      continue;
    }
    end(context, exchange, *older, ExchangeState::refused, {}, "a newer request took its place");
    tell_over(context, exchange, *older);
    keep(context, exchange, *older);
  }
}

}  // namespace

Result<void> on_request(Context& context, PeerPort from, const RequestMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.request));
  BOOKCHAIN_CHECK(check_request_form(context.genesis, message.request));
  if (message.request.body.receiver_port != context.self()) {
    return rejected(Token::wrong_recipient, "the request is meant for another peer",
                    std::to_string(message.request.body.receiver_port.value));
  }
  const auto exchange = context.genesis.exchange_of(message.request);
  if (exchanges.get(context.draft, exchange)) return success();
  auto refuse = [&](Error error) -> Result<void> {
    context.draft.send(from, Over{exchange, std::string(name(error.token)), error.what});
    return error;
  };
  auto book = catalogue.get(context.draft, message.request.body.book);
  if (!book) {
    return refuse(rejected(Token::unknown_book, "the owner knows no such book", to_hex(message.request.body.book)));
  }
  if (auto checked = check_request(context, *book, message.request); !checked) return refuse(checked.error());
  end_older_request(context, message.request);
  ExchangeRecord record;
  record.role = Role::owner;
  record.request = message.request;
  record.book = std::move(book);
  record.began = context.now;
  keep(context, exchange, record);
  return success();
}

// ---- step 2 ----

void remember_turn(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  auto turn = turn_row(context.draft, record);
  const bool fits = turn.exchanges.size() < max_turn_exchanges;
  if (fits && std::ranges::find(turn.exchanges, exchange) == turn.exchanges.end()) turn.exchanges.push_back(exchange);
  turns.put(context.draft, turn_of(record), turn);
}

std::optional<ExchangeRecord> conflicting_grant(const Context& context, const ExchangeId& exchange,
                                                const Signed<Request>& request, const Signed<Grant>& grant) {
  if (auto known = exchanges.get(context.draft, exchange); known && known->grant && known->grant->body != grant.body) {
    return known;
  }
  const TurnKey key{grant.signer, request.body.book, grant.body.version, grant.body.turn};
  const auto turn = turns.get(context.draft, key);
  if (!turn || turn->requester == request.signer || turn->exchanges.empty()) return std::nullopt;
  return exchanges.get(context.draft, turn->exchanges.front());
}

namespace {

Result<void> check_package(const ExchangeRecord& record, const GrantMessage& message, const ReceivedPackage& package) {
  const auto& book = message.book.body;
  if (package.leaf_root != book.root || package.ciphertext_root != message.grant.body.ciphertext_root ||
      package.chunks != chunk_count(book)) {
    return rejected(Token::wrong_book, "the encrypted book does not fit the grant or the registered book",
                    record.book ? record.book->body.title : book.title);
  }
  return success();
}

/// The requester ends an exchange in which a check failed before its consent. After it only the chain does
/// (section 5): to end it here would drop the package of a book that the chain may yet give to this peer.
Error fail_before_consent(Context& context, const ExchangeId& exchange, ExchangeRecord& record, Error error) {
  assert(!record.consent);
  end(context, exchange, record, ExchangeState::invalid, std::string(name(error.token)), error.what);
  tell_over(context, exchange, record);
  keep(context, exchange, record);
  return error;
}

/// A GRANT that comes again after all that belongs to it is here: one that misfits is refused and changes nothing,
/// but for a second GRANT of the owner's own before consent, which excludes the first.
Result<void> check_grant_again(Context& context, const ExchangeId& exchange, ExchangeRecord& record,
                               const GrantMessage& message) {
  if (record.grant->body != message.grant.body) {
    context.draft.note(Event{"equivocation", exchange, std::to_string(owner_of(record).value)});
    accuse(context, contradiction(context.genesis.id(), *record.grant, message.grant));
    auto error = rejected(Token::equivocation, "the owner made two grants for one request", to_hex(exchange));
    return record.consent ? error : fail_before_consent(context, exchange, record, std::move(error));
  }
  if (context.genesis.book_of(message.book) != record.request.body.book) {
    return rejected(Token::wrong_book, "the owner granted another book", message.book.body.title);
  }
  return success();
}

}  // namespace

Result<void> on_grant(Context& context, PeerPort from, const GrantMessage& message,
                      const std::optional<ReceivedPackage>& package) {
  BOOKCHAIN_TRY(const auto exchange, check_request_and_grant(context.genesis, message.request, message.grant));
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, exchange, Role::requester));
  if (from != owner_of(record)) {
    return rejected(Token::wrong_sender, "a grant comes from a peer that is not the owner", std::to_string(from.value));
  }
  if (has_ended(record.state)) {
    // The OVER of this peer came before the REQUEST, so the owner does not know: it is told again.
    if (is_over(record.state) && !record.consent) {
      context.draft.send(from, Over{exchange, record.token, record.reason});
    }
    return rejected(Token::exchange_over, "the exchange is over", to_hex(exchange));
  }
  BOOKCHAIN_CHECK(check_book_unless_known(context.genesis, context.draft, message.book));
  const bool complete = record.consent || record.package_arrived;
  const bool second = record.grant && record.grant->body != message.grant.body;
  if (complete || second) return check_grant_again(context, exchange, record, message);
  if (context.genesis.book_of(message.book) != record.request.body.book) {
    return fail_before_consent(context, exchange, record,
                               rejected(Token::wrong_book, "the owner granted another book", message.book.body.title));
  }
  // A requester may be the witness of another exchange of this book: it knows both grants then.
  if (const auto other = conflicting_grant(context, exchange, message.request, message.grant)) {
    accuse(context, two_grants(context.genesis.id(), other->request, *other->grant, message.request, message.grant));
    return fail_before_consent(context, exchange, record,
                               rejected(Token::equivocation, "the owner granted the book to another in this turn"));
  }
  record.grant = message.grant;
  record.book = message.book;
  remember_turn(context, exchange, record);
  if (grant_age(context.draft, record) == GrantAge::past) {
    return fail_before_consent(
        context, exchange, record,
        rejected(Token::stale_version, "the chain has moved on since the grant", to_hex(exchange)));
  }
  if (package) {
    if (auto checked = check_package(record, message, *package); !checked) {
      return fail_before_consent(context, exchange, record, checked.error());
    }
    record.package_arrived = true;
  }
  drop_misfitting_acks(context.genesis, record);
  if (record.state == ExchangeState::requested) record.state = ExchangeState::granted;
  keep(context, exchange, record);
  return success();
}

Result<void> on_ack(Context& context, PeerPort from, const AckMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.ack));
  const auto& exchange = message.ack.body.exchange;
  auto record = exchanges.get(context.draft, exchange);
  if (!record) return rejected(Token::unknown_exchange, "this peer knows no such exchange", to_hex(exchange));
  if (record->role == Role::witness || !is_witness(context.genesis, *record, from)) {
    return rejected(Token::unexpected, "an ACK between peers that do not need it", to_hex(exchange));
  }
  if (record->grant && message.ack.body.grant != context.genesis.id_of(*record->grant)) {
    return rejected(Token::bad_statement, "the ACK is of another grant", to_hex(exchange));
  }
  // Nobody can acknowledge what this owner has not granted.
  if (!record->grant && record->role == Role::owner) {
    return rejected(Token::unexpected, "an ACK before there is a grant", to_hex(exchange));
  }
  // At the requester an ACK may overtake its GRANT; then it is held against it when the GRANT comes.
  if (add_by_signer(record->acks, message.ack).is_new) {
    count_statements(context.genesis, *record);
    keep(context, exchange, *record);
  }
  return success();
}

Result<void> on_grant_conflict(Context& context, PeerPort from, const GrantConflict& message) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, message.exchange, Role::requester));
  if (!is_witness(context.genesis, record, from)) {
    return rejected(Token::wrong_sender, "the peer is no witness of the exchange", std::to_string(from.value));
  }
  BOOKCHAIN_TRY(const auto first, check_request_and_grant(context.genesis, message.first_request, message.first));
  BOOKCHAIN_TRY(const auto second, check_request_and_grant(context.genesis, message.second_request, message.second));
  const bool same_exchange = first == second && message.first.body != message.second.body;
  const bool same_turn = message.first_request.body.book == message.second_request.body.book &&
                         message.first.body.version == message.second.body.version &&
                         message.first.body.turn == message.second.body.turn &&
                         message.first_request.signer != message.second_request.signer;
  const bool one_owner = message.first.signer == message.second.signer && message.first.signer == owner_of(record);
  const bool ours = first == message.exchange || second == message.exchange;
  if (!one_owner || !ours || (!same_exchange && !same_turn)) {
    return rejected(Token::bad_statement, "the two grants do not exclude each other", to_hex(message.exchange));
  }
  context.draft.note(Event{"equivocation", message.exchange, std::to_string(owner_of(record).value)});
  accuse(context, two_grants(context.genesis.id(), message.first_request, message.first, message.second_request,
                             message.second));
  if (has_ended(record.state) || record.consent) return success();
  (void)fail_before_consent(context, message.exchange, record,
                            rejected(Token::equivocation, "the owner made two grants that exclude each other"));
  return success();
}

}  // namespace bookchain::ledger
