// DISPUTE (docs/protocol.md, section 5): the requester brings the proof of a false book or of false shares to
// the chain.
#include "ledger/consensus.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

/// Evidence of one kind about the record's own grant. Another may be kept about the same exchange: an owner can sign
/// any grant of it and accuse itself with that.
template <class Kind>
std::optional<FalseGrant> kept(const Genesis& genesis, const State& state, const ExchangeRecord& record,
                               const Kind& like) {
  const auto about = accusation(genesis, like);
  const auto row = evidence_rows.get(state, EvidenceKey{about.accused, about.id});
  if (!row) return std::nullopt;
  const auto* held = std::get_if<Kind>(&row->evidence);
  if (held == nullptr || held->grant.body != record.grant->body) return std::nullopt;
  return held->proof;
}

/// What was found when the book was opened, or when the shares were put together.
bool found_false(const Genesis& genesis, const ExchangeRecord& record) {
  return found_wrong(record) || (!record.key && record.shares.size() >= genesis.share_threshold());
}

}  // namespace

std::optional<FalseGrant> kept_proof(const Genesis& genesis, const State& state, const ExchangeRecord& record) {
  if (!record.grant || !record.book) return std::nullopt;
  if (auto chunk = kept(genesis, state, record, FalseBook{*record.book, record.request, *record.grant, {}})) {
    return chunk;
  }
  return kept(genesis, state, record, FalseShares{record.request, *record.grant, {}});
}

bool keep_bad_chunk(Context& context, const ExchangeRecord& record, const std::optional<BadChunk>& found) {
  if (found) accuse(context, FalseBook{*record.book, record.request, *record.grant, *found});
  return kept_proof(context.genesis, context.draft, record).has_value();
}

bool is_marked(const State& state, const ExchangeId& exchange, const ExchangeRecord& record) {
  return record.height && marks.get(state, MarkKey{owner_of(record), *record.height, exchange});
}

bool is_disputable(const Genesis& genesis, const State& state, const ExchangeRecord& record) {
  if (record.role != Role::requester || record.disputed || !record.grant || !record.book) return false;
  const auto& stand = standing(genesis, state, *record.book);
  const bool in_turn = grant_age(state, record) == GrantAge::present;
  const bool holds_it = stand.owner == requester_of(record) && record.state == ExchangeState::committed &&
                        stand.version.value == record.grant->body.version.value + 1;
  if (!in_turn && !holds_it) return false;
  return found_false(genesis, record) && kept_proof(genesis, state, record).has_value();
}

Result<ExchangeRecord> Node::may_dispute(const State& state, const ExchangeId& exchange) const {
  BOOKCHAIN_TRY(auto record, find_exchange(state, exchange, Role::requester));
  if (record.disputed || is_disputable(genesis_, state, record)) return record;
  auto error = is_over(record.state)
                   ? over_error(exchange, record)
                   : rejected(Token::unexpected, "nothing in the exchange can be disputed", to_hex(exchange));
  if (kept_proof(genesis_, state, record)) {
    error.what += "; the proof against the owner is kept";
    error.hint = "evidence list";
  } else if (!has_ended(record.state)) {
    error.hint = "show-exchange " + short_name(exchange);
  }
  return error;
}

Result<void> do_dispute(Context& context, const WishDispute& wish) {
  const Node node(context.genesis, context.identity);
  BOOKCHAIN_TRY(auto record, node.may_dispute(context.draft, wish.exchange));
  if (record.disputed) return success();
  context.complete(record.request);
  auto proof = kept_proof(context.genesis, context.draft, record);
  auto dispute = Dispute{*record.book, record.request, *record.grant, std::move(proof).value()};
  record.disputed = true;
  keep(context, wish.exchange, record);
  return submit(context, context.unsigned_statement(std::move(dispute)));
}

std::string_view name(MarkKind kind) {
  switch (kind) {
    case MarkKind::bad_chunk: return "bad-chunk";
    case MarkKind::bad_deal: return "bad-deal";
  }
  return "";
}

}  // namespace bookchain::ledger
