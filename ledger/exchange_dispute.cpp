// DISPUTE (docs/protocol.md, section 5): the requester brings the proof of a false book or of false shares to
// the chain.
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// t of the shares, all of which fit their commitments, if there are as many. No key that fits came of them.
std::optional<BadDeal> bad_deal_of(const Genesis& genesis, const ExchangeRecord& record) {
  const auto threshold = static_cast<std::ptrdiff_t>(genesis.share_threshold());
  if (record.key || std::ssize(record.shares) < threshold) return std::nullopt;
  return BadDeal{{record.shares.begin(), record.shares.begin() + threshold}};
}

}  // namespace

bool is_disputable(const Genesis& genesis, const State& state, const ExchangeRecord& record) {
  if (record.role != Role::requester || record.disputed || !record.grant || !record.book) return false;
  const auto& stand = standing(genesis, state, *record.book);
  const bool in_turn = grant_age(state, record) == GrantAge::present;
  const bool holds_it = stand.owner == requester_of(record) && record.state == ExchangeState::committed &&
                        stand.version.value == record.grant->body.version.value + 1;
  if (!in_turn && !holds_it) return false;
  const bool false_book = record.key && !record.plaintext_ready && record.token == name(Token::wrong_book);
  return false_book || bad_deal_of(genesis, record).has_value();
}

Result<ExchangeRecord> Node::may_dispute(const State& state, const ExchangeId& exchange) const {
  BOOKCHAIN_TRY(auto record, find_exchange(state, exchange, Role::requester));
  if (record.disputed || is_disputable(genesis_, state, record)) return record;
  return rejected(Token::unexpected, "nothing in the exchange can be disputed", to_hex(exchange),
                  "open finds a book that is not the registered one");
}

Result<void> do_dispute(Context& context, const WishDispute& wish) {
  const Node node(context.genesis, context.identity);
  BOOKCHAIN_TRY(auto record, node.may_dispute(context.draft, wish.exchange));
  if (record.disputed) return success();
  auto dispute = Dispute{*record.book, record.request, *record.grant, {}};
  if (auto deal = bad_deal_of(context.genesis, record)) {
    dispute.proof = std::move(*deal);
  } else {
    dispute.proof = wish.bad_chunk.value();  // what is disputable has one of the two
  }
  accuse(context, evidence_of(dispute));
  record.disputed = true;
  keep(context, wish.exchange, record);
  return submit(context, context.sign(std::move(dispute)));
}

std::string_view name(MarkKind kind) {
  switch (kind) {
    case MarkKind::bad_chunk: return "bad-chunk";
    case MarkKind::bad_deal: return "bad-deal";
  }
  return "";
}

}  // namespace bookchain::ledger
