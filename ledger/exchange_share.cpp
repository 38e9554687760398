// The shares of the key: handed out against the TRANSFER in the chain and nothing else (section 5), put together by the
// requester, and forgotten when it signs that it can read.
#include <algorithm>

#include "ledger/book.hpp"
#include "ledger/consensus_parts.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

void hand_out_shares(Context& context, const ExchangeId& exchange, const ExchangeRecord& record) {
  const auto most = record.role == Role::owner ? context.genesis.share_threshold() : 1;
  for (std::size_t i = 0; i < std::min<std::size_t>(most, record.shares.size()); ++i) {
    context.draft.send(requester_of(record), ShareMessage{exchange, record.shares[i].share});
  }
}

Result<void> on_want_share(Context& context, PeerPort from, const WantShare& message) {
  auto record = exchanges.get(context.draft, message.exchange);
  if (!record) {
    BOOKCHAIN_CHECK(
        keep_beside_id(context, from, message.exchange, [](WitnessIdRecord& given) { given.share_wanted = true; }));
    ask_for_blocks(context, from);
    return rejected(Token::waiting, "the share of this peer has not come yet", to_hex(message.exchange));
  }
  if (record->role == Role::requester || from != requester_of(*record)) {
    return rejected(Token::wrong_sender, "shares are for the requester alone", std::to_string(from.value));
  }
  if (!moved.get(context.draft, message.exchange)) {
    // The question overtook the block, or whoever told of that told this peer nothing: it is answered when the block
    // comes, and the requester has it.
    record->share_wanted = true;
    keep(context, message.exchange, *record);
    ask_for_blocks(context, from);
    return rejected(Token::waiting, "the chain of this peer does not hold the transfer", to_hex(message.exchange));
  }
  if (record->shares.empty()) {
    return rejected(Token::exchange_over, "this peer holds no share any more", to_hex(message.exchange));
  }
  hand_out_shares(context, message.exchange, *record);
  return success();
}

namespace {

/// Whose share this is: a witness brings its own, the owner any that it dealt.
std::optional<std::uint32_t> index_of_share(const Genesis& genesis, const ExchangeRecord& record, PeerPort from,
                                            const ShareMessage& message) {
  const auto fits = [&](std::uint32_t index) {
    return share_commitment(message.exchange, index, message.share) == record.grant->body.share_commitments[index];
  };
  if (const auto own = genesis.witness_index(requester_of(record), owner_of(record), from)) {
    return fits(*own) ? own : std::nullopt;
  }
  for (std::uint32_t index = 0; index < genesis.witness_count(); ++index) {
    if (fits(index)) return index;
  }
  return std::nullopt;
}

/// Shares that fit their commitments and a key that does not: the owner dealt falsely (BAD-DEAL).
void put_shares_together(Context& context, const ExchangeId& exchange, ExchangeRecord& record) {
  const auto& genesis = context.genesis;
  std::vector<NumberedShare> numbered;
  for (std::size_t i = 0; i < genesis.share_threshold(); ++i) {
    const auto place = genesis.witness_index(requester_of(record), owner_of(record), record.shares[i].signer);
    numbered.push_back(NumberedShare{place.value_or(0), record.shares[i].share});
  }
  const auto key = combine(numbered);
  if (key_commitment(exchange, key) == record.grant->body.key_commitment) {
    record.key = key;
  } else {
    record.wrong_key_seen = true;
    const auto fitting = std::span(record.shares).first(genesis.share_threshold());
    accuse(context, FalseShares{record.request, *record.grant, BadDeal{{fitting.begin(), fitting.end()}}});
  }
}

}  // namespace

Result<void> on_share(Context& context, PeerPort from, const ShareMessage& message) {
  BOOKCHAIN_TRY(auto record, find_exchange(context.draft, message.exchange, Role::requester));
  if (!record.grant) {
    return rejected(Token::unexpected, "a share that this peer did not ask for", to_hex(message.exchange));
  }
  const auto index = index_of_share(context.genesis, record, from, message);
  if (!index) {
    return rejected(Token::wrong_share, "the share does not fit its commitment", std::to_string(from.value));
  }
  if (record.key) return success();
  add_by_signer(record.shares, DealtShare{witnesses_of(context.genesis, record)[*index], message.share});
  if (record.shares.size() >= context.genesis.share_threshold()) {
    put_shares_together(context, message.exchange, record);
  }
  keep(context, message.exchange, record);
  return success();
}

namespace {

/// Whether that is an exchange of this requester.
bool forget_what_was_received(Context& context, PeerPort requester, const ExchangeId& exchange) {
  auto record = exchanges.get(context.draft, exchange);
  if (!record) {
    return keep_beside_id(context, requester, exchange, [](WitnessIdRecord& given) { given.share_done = true; })
        .has_value();
  }
  if (requester_of(*record) != requester) return false;
  if (record->role == Role::witness) {
    record->shares.clear();
    record->share_done = true;
  }
  if (record->role == Role::owner) {
    shelf_task(context, ShelfAction::drop_exchange, record->request.body.book, exchange);
  }
  keep(context, exchange, *record);
  return true;
}

}  // namespace

Result<void> on_receipt(Context& context, PeerPort from, const ReceiptMessage& message) {
  BOOKCHAIN_CHECK(check_from(context, from, message.receipt));
  const auto& received = message.receipt.body.exchanges;
  if (!is_sound(message.receipt.body)) {
    return rejected(Token::unexpected, "a receipt names no exchange, or one twice", std::to_string(received.size()));
  }
  // Who has the book knows the block. Another may be the only one who was told it.
  const auto is_missing = [&](const ExchangeId& exchange) { return !moved.get(context.draft, exchange); };
  if (std::ranges::any_of(received, is_missing)) ask_for_blocks(context, from);
  std::size_t taken = 0;
  for (const auto& exchange : received) taken += forget_what_was_received(context, from, exchange) ? 1U : 0U;
  // Who was put back may have forgotten some of them.
  if (taken > 0) return success();
  return rejected(Token::unexpected, "a receipt of no exchange that is the sender's", to_hex(received.front()));
}

}  // namespace bookchain::ledger
