// Whether a transaction is valid after the blocks below it (sections 3 and 5), and what it does.
#include "ledger/book.hpp"
#include "ledger/chain.hpp"
#include "ledger/fraud.hpp"

namespace bookchain::ledger {

namespace {

Error misfit(std::string what) { return Error{Token::bad_statement, std::move(what), {}, {}}; }

/// Statements of distinct witnesses, each good and passing `fits`, at least `least` of them.
template <class Body, class Fits>
Result<void> check_witnesses(const Genesis& genesis, const Signed<Request>& request,
                             const std::vector<Signed<Body>>& statements, std::size_t least, Fits fits) {
  if (statements.size() < least) {
    return Error{
        Token::no_quorum, "a transfer brings statements of too few witnesses", std::string(name(Body::type)), {}};
  }
  PeerPort last{};
  for (const auto& statement : statements) {
    // Keyed by the signer: a witness that signs twice counts once, so it may not stand twice.
    if (!(last < statement.signer)) return misfit("the witnesses of a transfer are not distinct");
    last = statement.signer;
    const bool witness = statement.signer != request.body.sender_port && statement.signer != request.body.receiver_port;
    if (!witness || !fits(statement.body)) return misfit("a witness's statement does not fit the transfer");
    BOOKCHAIN_CHECK(genesis.check(statement));
  }
  return success();
}

Result<void> check_turn(const Ownership& stand, PeerPort owner, Version version, Turn turn) {
  if (stand.owner != owner) {
    return Error{Token::not_owner, "the owner in a transaction does not own the book", std::to_string(owner.value), {}};
  }
  if (stand.version != version || stand.turn != turn) {
    return Error{Token::stale_version, "the chain has moved on since the grant", {}, {}};
  }
  return success();
}

Result<void> check_transfer(const Genesis& genesis, const State& state, const Signed<Transfer>& signed_transfer) {
  const auto& transfer = signed_transfer.body;
  BOOKCHAIN_CHECK(check_book_unless_known(genesis, state, transfer.book));
  BOOKCHAIN_TRY(const auto exchange, check_grant_of(genesis, transfer.book, transfer.request, transfer.grant));
  BOOKCHAIN_CHECK(check_turn(standing(genesis, state, transfer.book), transfer.request.body.receiver_port,
                             transfer.grant.body.version, transfer.grant.body.turn));
  const auto requester = transfer.request.body.sender_port;
  const auto owner = transfer.request.body.receiver_port;
  if (signed_transfer.signer != (transfer.form == TransferForm::settled ? owner : requester)) {
    return misfit("a transfer is signed by the wrong party");
  }
  const auto grant_id = genesis.id_of(transfer.grant);
  BOOKCHAIN_CHECK(genesis.check(transfer.consent));
  if (transfer.consent.signer != requester || transfer.consent.body.exchange != exchange ||
      transfer.consent.body.grant != grant_id) {
    return misfit("the consent of a transfer does not fit its grant");
  }
  const auto consent_id = genesis.id_of(transfer.consent);
  BOOKCHAIN_CHECK(check_witnesses(genesis, transfer.request, transfer.acks, genesis.ack_quorum(),
                                  [&](const Ack& ack) { return ack.exchange == exchange && ack.grant == grant_id; }));
  BOOKCHAIN_CHECK(check_witnesses(genesis, transfer.request, transfer.id_answers, genesis.witness_majority(),
                                  [&](const IdAnswer& answer) {
                                    return answer.exchange == exchange && answer.consent == consent_id && answer.yes;
                                  }));
  const bool mined = transfer.form == TransferForm::mined;
  if (!mined && !transfer.key_answers.empty()) return misfit("only a mined transfer carries answers about the key");
  return check_witnesses(genesis, transfer.request, transfer.key_answers, mined ? genesis.witness_majority() : 0,
                         [&](const KeyAnswer& answer) {
                           return answer.exchange == exchange && answer.grant == grant_id &&
                                  answer.key_commitment == transfer.grant.body.key_commitment;
                         });
}

Result<void> check_abort(const Genesis& genesis, const State& state, const Signed<Abort>& abort) {
  BOOKCHAIN_CHECK(check_book_unless_known(genesis, state, abort.body.book));
  return check_turn(standing(genesis, state, abort.body.book), abort.signer, abort.body.version, abort.body.turn);
}

// ---- disputes (section 5) ----

/// True if the TRANSFER of this very exchange is the last move of the book: the requester holds it still.
bool is_after_transfer(const Ownership& stand, const ExchangeId& exchange, const Signed<Dispute>& dispute) {
  return stand.moved_by == exchange && stand.owner == dispute.signer &&
         stand.version.value == dispute.body.grant.body.version.value + 1;
}

Result<void> check_dispute(const Genesis& genesis, const State& state, const Signed<Dispute>& dispute) {
  const auto& body = dispute.body;
  BOOKCHAIN_CHECK(check_book_unless_known(genesis, state, body.book));
  BOOKCHAIN_TRY(const auto exchange, check_grant_of(genesis, body.book, body.request, body.grant));
  if (dispute.signer != body.request.signer) return misfit("a dispute is signed by the wrong party");
  const auto stand = standing(genesis, state, body.book);
  if (!is_after_transfer(stand, exchange, dispute)) {
    BOOKCHAIN_CHECK(check_turn(stand, body.grant.signer, body.grant.body.version, body.grant.body.turn));
  }
  if (const auto* chunk = std::get_if<BadChunk>(&body.proof)) {
    return check_bad_chunk(exchange, body.book.body, body.grant.body, *chunk);
  }
  return check_bad_deal(genesis, exchange, body.request.body, body.grant.body, std::get<BadDeal>(body.proof));
}

}  // namespace

const Signed<Book>& book_of(const Transaction& transaction) {
  return std::visit([](const auto& held) -> const Signed<Book>& { return held.body.book; }, transaction);
}

Ownership standing(const Genesis& genesis, const State& state, const Signed<Book>& book) {
  if (auto row = ownership.get(state, genesis.book_of(book))) return *row;
  return Ownership{book.signer, Version{0}, Turn{0}, std::nullopt, Height{0}};
}

Result<void> check_book_unless_known(const Genesis& genesis, const State& state, const Signed<Book>& book) {
  if (catalogue.get(state, genesis.book_of(book)) == book) return success();
  return check_book(genesis, book);
}

Result<void> check_transaction(const Genesis& genesis, const State& state, const Transaction& transaction,
                               PeerPort miner) {
  BOOKCHAIN_CHECK(std::visit([&](const auto& held) { return genesis.check(held); }, transaction));
  return check_unsigned_transaction(genesis, state, transaction, miner);
}

Result<void> check_unsigned_transaction(const Genesis& genesis, const State& state, const Transaction& transaction,
                                        PeerPort miner) {
  const auto signer = std::visit([](const auto& held) { return held.signer; }, transaction);
  if (signer != miner) return misfit("a transaction is not signed by the miner of its block");
  if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
    return check_transfer(genesis, state, *transfer);
  }
  if (const auto* abort = std::get_if<Signed<Abort>>(&transaction)) return check_abort(genesis, state, *abort);
  return check_dispute(genesis, state, std::get<Signed<Dispute>>(transaction));
}

void apply_transaction(const Genesis& genesis, Draft& draft, const Transaction& transaction, Height height) {
  const auto& book = book_of(transaction);
  const auto id = genesis.book_of(book);
  auto stand = standing(genesis, draft, book);
  stand.height = height;
  const auto move_to = [&](PeerPort owner, std::optional<ExchangeId> by) {
    if (stand.version.value == 0) history.put(draft, MoveKey{id, Version{0}}, Move{book.signer, Height{0}});
    stand.owner = owner;
    ++stand.version.value;
    stand.turn = Turn{0};
    stand.moved_by = by;
    history.put(draft, MoveKey{id, stand.version}, Move{owner, height});
  };
  if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
    const auto exchange = genesis.exchange_of(transfer->body.request);
    move_to(transfer->body.request.body.sender_port, exchange);
    moved.put(draft, exchange, height);
  } else if (std::holds_alternative<Signed<Abort>>(transaction)) {
    ++stand.turn.value;
  } else {
    const auto& dispute = std::get<Signed<Dispute>>(transaction);
    const auto exchange = genesis.exchange_of(dispute.body.request);
    if (is_after_transfer(stand, exchange, dispute)) {
      move_to(dispute.body.grant.signer, std::nullopt);
    } else {
      ++stand.turn.value;
    }
  }
  const bool is_new = !ownership.get(draft, id);
  ownership.put(draft, id, stand);
  // One book fewer of those that only their registrar speaks of.
  const auto count = is_new && catalogue.get(draft, id) ? announced.get(draft, book.signer).value_or(0) : 0;
  if (count > 0) announced.put(draft, book.signer, count - 1);
  if (!catalogue.get(draft, id)) catalogue.put(draft, id, book);
}

}  // namespace bookchain::ledger
