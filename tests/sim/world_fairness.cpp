// What the one honest side of an exchange is promised, whatever the other side does (docs/protocol.md, section 6): at
// the end of a run its user tries to get it, and the chain and the evidence show whether it did.
#include <algorithm>

#include "ledger/records.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

namespace {

constexpr std::string_view reads = "an honest requester has the book or evidence";
constexpr std::string_view can_record = "an honest requester that has key and RELEASE can have it recorded";
constexpr std::string_view can_settle = "an honest owner that released can have it recorded";
constexpr std::string_view ends = "an exchange that was consented to ends, or there is evidence";

bool is_of_turn(const Signed<Request>& request, const Grant& grant, const ExchangeRecord& record) {
  return request.body.book == record.request.body.book && grant.version == record.grant->body.version &&
         grant.turn == record.grant->body.turn;
}

/// Two exchanges of the same two peers in one turn: only one of them can be recorded.
bool are_siblings(const ExchangeRecord& one, const ExchangeRecord& other) {
  return one.grant && other.grant && one.request.signer == other.request.signer &&
         one.request.body.receiver_port == other.request.body.receiver_port &&
         is_of_turn(other.request, other.grant->body, one);
}

}  // namespace

/// Whether the chain holds a TRANSFER of this exchange, or of another one of its turn that gives the same peer the
/// book.
bool World::is_recorded(const Records& all, const ExchangeId& exchange, const ExchangeRecord& record) const {
  const auto& transfers = watcher_->chain().transfers();
  if (transfers.contains(exchange.bytes)) return true;
  const auto is_one_of = [&](const Records& known) {
    return std::ranges::any_of(known, [&](const auto& other) {
      return transfers.contains(other.first.bytes) && are_siblings(record, other.second);
    });
  };
  if (is_one_of(all)) return true;
  // A requester that was put back has forgotten the other one; its owner and the witnesses have not.
  return std::ranges::any_of(homes_, [&](const auto& one) { return is_one_of(exchanges.all(one.second->store)); });
}

/// Whether a requester can show that the owner gave it a false book or false shares in this very exchange. Nothing less
/// excuses that it cannot read what the chain gave it.
bool World::is_false_book_proven(const Home& home, const ExchangeId& exchange, const ExchangeRecord& record) const {
  const auto against_owner = evidence_rows.all(home.store, encode(record.request.body.receiver_port));
  return std::ranges::any_of(against_owner, [&](const auto& row) {
    const auto& evidence = row.second.evidence;
    const bool of_the_book =
        std::holds_alternative<FalseBook>(evidence) || std::holds_alternative<FalseShares>(evidence);
    return of_the_book && accusation(*genesis_, evidence).exchange == exchange;
  });
}

/// Whether it keeps evidence against the owner of one of its exchanges, about this exchange or its turn.
bool World::is_proven_against_owner(const Home& home, const Records& all, const ExchangeId& exchange,
                                    const ExchangeRecord& record) const {
  const auto against_owner = evidence_rows.all(home.store, encode(record.request.body.receiver_port));
  return std::ranges::any_of(against_owner, [&](const auto& row) {
    if (const auto* sale = std::get_if<DoubleSale>(&row.second.evidence)) {
      const bool names_this_peer =
          sale->first_request.signer == home.identity.port || sale->second_request.signer == home.identity.port;
      if (names_this_peer && record.grant && is_of_turn(sale->first_request, sale->first.body, record)) return true;
    }
    const auto about = accusation(*genesis_, row.second.evidence).exchange;
    if (about == exchange) return true;
    return std::ranges::any_of(
        all, [&](const auto& other) { return about == other.first && are_siblings(record, other.second); });
  });
}

/// What an honest requester lacks: the book it was given, the transfer it has the key for, or the end of what it
/// consented to; nothing where it has evidence instead.
std::optional<World::Debt> World::debt_to_requester(const Home& home, const Records& all, const ExchangeId& exchange,
                                                    const ExchangeRecord& record) const {
  const auto owes = [&](std::string_view invariant, std::optional<Wish> wish) -> std::optional<Debt> {
    const bool is_proven = invariant == reads ? is_false_book_proven(home, exchange, record)
                                              : is_proven_against_owner(home, all, exchange, record);
    if (is_proven) return std::nullopt;
    return Debt{invariant, home.identity.port, exchange, std::string(ledger::name(record.state)), std::move(wish)};
  };
  if (watcher_->chain().transfers().contains(exchange.bytes))
    return record.plaintext_ready ? std::nullopt : owes(reads, std::nullopt);
  if (record.key && record.release)
    return is_recorded(all, exchange, record) ? std::nullopt : owes(can_record, WishClaim{exchange});
  if (record.consent && !has_ended(record.state)) return owes(ends, WishClaim{exchange});
  return std::nullopt;
}

/// An honest owner gives no cause for evidence: what it released must be recorded.
std::optional<World::Debt> World::debt_to_owner(const Home& home, const Records& all, const ExchangeId& exchange,
                                                const ExchangeRecord& record) const {
  if (!record.release || is_recorded(all, exchange, record)) return std::nullopt;
  return Debt{can_settle, home.identity.port, exchange, std::string(ledger::name(record.state)), WishSettle{exchange}};
}

std::vector<World::Debt> World::debts() const {
  std::vector<Debt> owed;
  for (const auto port : honest_) {
    const auto& at = *homes_.at(port);
    const auto all = exchanges.all(at.store);
    for (const auto& [exchange, record] : all) {
      if (watcher_->may_forget(port, exchange)) continue;
      std::optional<Debt> debt;
      switch (record.role) {
        case Role::requester: debt = debt_to_requester(at, all, exchange, record); break;
        case Role::owner: debt = debt_to_owner(at, all, exchange, record); break;
        case Role::witness: break;
      }
      if (debt) owed.push_back(std::move(*debt));
    }
  }
  return owed;
}

/// The users do what the protocol gives them, once each, or again where nothing moves any more.
void World::collect(const std::vector<Debt>& owed, bool once_more) {
  for (const auto& debt : owed) {
    if (!collected_.emplace(debt.port, debt.exchange).second && !once_more) continue;
    auto& at = home(debt.port);
    if (once_more) event(at, [&] { (void)at.courier->wish(WishAskAgain{debt.exchange}); });
    if (debt.wish) event(at, [&] { (void)at.courier->wish(*debt.wish); });
  }
}

}  // namespace bookchain::sim
