// What a message says stands on the disk of the peer that signed it when it leaves (docs/protocol.md, sections 3 and
// 4): one that says more than it will remember says something else tomorrow.
#include <algorithm>

#include "ledger/records.hpp"
#include "tests/sim/durable_row.hpp"
#include "tests/sim/watcher.hpp"

namespace bookchain::sim {

namespace {

/// Whether the disk holds what a message of that peer says of itself. Of what it hands on nothing is asked.
struct KeptByItsSigner {
  PeerPort self;
  const Watcher& watcher;
  const SimStore& store;

  bool operator()(const GrantMessage& m) const { return m.grant.signer != self || holds(m.request, m.grant); }
  bool operator()(const WitnessShare& m) const {
    if (m.grant.signer != self) return true;
    const auto record = exchange(m.grant.body.exchange);
    const bool has_share =
        record && std::ranges::find(record->shares, m.share, &DealtShare::share) != record->shares.end();
    return holds(m.request, m.grant) && (has_share || may_lack_key(m.grant.body.exchange) || has_ended(record->state));
  }
  bool operator()(const ConsentMessage& m) const { return has_consented(m.consent); }
  bool operator()(const CheckId& m) const {
    return has_consented(m.consent) && (m.grant.signer != self || holds(m.request, m.grant));
  }
  bool operator()(const ReleaseMessage& m) const {
    if (m.release.signer != self) return true;
    const auto record = exchange(m.release.body.exchange);
    if (!record || !record->grant || !record->release || record->release->body != m.release.body) return false;
    const auto& grant = record->grant->body;
    const auto turn = durable_row<TurnRecord>(
        store, Table::turns, encode(TurnKey{self, record->request.body.book, grant.version, grant.turn}));
    return turn && turn->released;
  }
  bool operator()(const AnswerMessage& m) const {
    const auto& body = m.answer.body;
    return m.answer.signer != self || has_promised(body.height, body.ballot);
  }
  bool operator()(const PrevoteMessage& m) const {
    return m.vote.signer != self || has_voted(m.vote.body, &VoterRecord::prevote);
  }
  bool operator()(const PrevotesMessage& m) const {
    const bool is_of_self =
        std::ranges::find(m.certificate.votes, self, &VoteSignature::signer) != m.certificate.votes.end();
    return !is_of_self || has_voted(m.certificate.vote, &VoterRecord::prevote);
  }
  bool operator()(const PrecommitMessage& m) const {
    return m.vote.signer != self || has_voted(m.vote.body, &VoterRecord::precommit);
  }
  template <class Other>
  bool operator()(const Other& /*binds nobody, or is looked at elsewhere*/) const {
    return true;
  }

 private:
  [[nodiscard]] std::optional<ExchangeRecord> exchange(const ExchangeId& id) const {
    return durable_row<ExchangeRecord>(store, Table::exchanges, encode(id));
  }
  [[nodiscard]] bool has_consented(const Signed<Consent>& consent) const {
    if (consent.signer != self) return true;
    const auto record = exchange(consent.body.exchange);
    return record && record->consent && record->consent->body == consent.body;
  }
  /// A GRANT with the key that it commits to, and its turn.
  [[nodiscard]] bool holds(const Signed<Request>& request, const Signed<Grant>& grant) const {
    const auto record = exchange(grant.body.exchange);
    if (!record || !record->grant || record->grant->body != grant.body || !record->grant->is_signed()) return false;
    const TurnKey key{self, request.body.book, grant.body.version, grant.body.turn};
    const auto turn = durable_row<TurnRecord>(store, Table::turns, encode(key));
    const bool is_in_turn = turn && std::ranges::find(turn->exchanges, grant.body.exchange) != turn->exchanges.end();
    return is_in_turn && (record->key || may_lack_key(grant.body.exchange) || has_ended(record->state));
  }
  /// Its signer was put back, and others told it of the GRANT.
  [[nodiscard]] bool may_lack_key(const ExchangeId& id) const { return watcher.may_forget(self, id); }
  [[nodiscard]] std::optional<VoterRecord> voter() const {
    return durable_row<VoterRecord>(store, Table::voter, encode(std::uint8_t{0}));
  }
  /// Or it has left that height behind.
  [[nodiscard]] bool has_promised(Height height, const Ballot& ballot) const {
    const auto row = voter();
    return row && std::pair(height, ballot) <= std::pair(row->height, row->promise);
  }
  template <class Vote>
  [[nodiscard]] bool has_voted(const Vote& vote, std::optional<Signed<Vote>> VoterRecord::*given) const {
    const auto row = voter();
    if (!row || row->height < vote.height) return false;
    if (vote.height < row->height) return true;
    const auto& own = (*row).*given;
    return own && vote.ballot <= row->promise && (vote.ballot < own->body.ballot || own->body == vote);
  }
};

}  // namespace

void Watcher::check_kept_by_signer(PeerPort from, const Message& message, const SimStore& store) const {
  if (std::visit(KeptByItsSigner{from, *this, store}, message)) return;
  throw Violation{"what a peer signs is durable before it is sent",
                  at_port(from) + " sends " + std::string(ledger::name(message))};
}

// ---- what a witness acknowledged, and what anybody found out ----

/// Whoever answers for a share keeps it until it is of no use: the requester has the book, a DISPUTE gave that back, or
/// the exchange is over.
void Watcher::check_share_kept(PeerPort peer, const ExchangeId& exchange, const SimStore& store) const {
  if (!acked_.contains({peer, exchange}) || may_forget(peer, exchange)) return;
  const auto record = exchanges.get(store, exchange);
  const bool is_done = record && (is_over(record->state) || is_received(*record, exchange));
  if (is_done || (record && !record->shares.empty())) return;
  throw Violation{"a witness keeps the share that it acknowledged", at_port(peer) + " of " + to_hex(exchange)};
}

/// The list of a witness and its ids name each other, and none that it lists has a GRANT.
void Watcher::check_waiting_ids(PeerPort peer, const SimStore& store) const {
  const auto refuse = [&](const ExchangeId& exchange) {
    throw Violation{"a witness lists the ids that wait for a GRANT, and no others",
                    at_port(peer) + " of " + to_hex(exchange)};
  };
  std::size_t waiting = 0;
  for (const auto& [key, given] : witness_ids.all(store)) {
    if (given.order == 0) continue;
    ++waiting;
    const auto listed = given_ids.get(store, GivenIdKey{key.requester, given.order});
    const auto record = exchanges.get(store, key.exchange);
    const bool has_grant = record && record->role == Role::witness && record->request.signer == key.requester;
    if (!listed || *listed != key.exchange || has_grant) refuse(key.exchange);
  }
  for (const auto& [key, exchange] : given_ids.all(store)) {
    if (key.order > 0 && waiting-- == 0) refuse(exchange);
  }
}

/// After a crash and at the end: what its disk held once is there. No evidence and no mark ever goes.
void Watcher::check_kept(PeerPort peer, const SimStore& store) {
  if (!is_honest(peer)) return;
  check_waiting_ids(peer, store);
  for (const auto& [witness, exchange] : acked_) {
    if (witness == peer) check_share_kept(peer, exchange, store);
  }
  for (const auto& [table, key] : found_[peer]) {
    if (!store.get(table, key)) throw Violation{"evidence is never lost", at_port(peer)};
  }
}

/// A row about somebody's fault that has come: from when it is durable on it is never missed.
void Watcher::found_out(PeerPort peer, Table table, const Bytes& key, const SimStore& store) {
  if (store.durable(table, key)) found_[peer].emplace(table, key);
}

}  // namespace bookchain::sim
