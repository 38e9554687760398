// What the handlers of an exchange share: finding and keeping its record, ending it, counting the
// statements of distinct witnesses, and building what it sends. Internal to the rules.
#pragma once

#include "ledger/by_signer.hpp"
#include "ledger/chain.hpp"
#include "ledger/context.hpp"
#include "ledger/open_exchanges.hpp"

namespace bookchain::ledger {

// exchange_parts.cpp
[[nodiscard]] inline PeerPort requester_of(const ExchangeRecord& record) { return record.request.body.sender_port; }
[[nodiscard]] inline PeerPort owner_of(const ExchangeRecord& record) { return record.request.body.receiver_port; }
[[nodiscard]] std::vector<PeerPort> witnesses_of(const Genesis& genesis, const ExchangeRecord& record);
[[nodiscard]] bool is_witness(const Genesis& genesis, const ExchangeRecord& record, PeerPort port);

/// Token `unknown-exchange`, or `unexpected` if this peer has another role in it.
[[nodiscard]] Result<ExchangeRecord> find_exchange(const State& state, const ExchangeId& exchange, Role role);

/// Stores the record and keeps the list of open exchanges true.
void keep(Context& context, const ExchangeId& exchange, ExchangeRecord& record);

/// Ends it at this peer and cleans up what it left on the shelf. Does not store the record.
void end(Context& context, const ExchangeId& exchange, ExchangeRecord& record, ExchangeState state, std::string token,
         std::string reason);

/// How an exchange ends, before consent, that its requester gives up: a wish has no token, what it found wrong has one.
[[nodiscard]] inline ExchangeState given_up_state(const std::string& token) {
  return token.empty() ? ExchangeState::aborted : ExchangeState::invalid;
}

/// Drops the ACKs of another grant than the record's. Precondition: it has one.
void drop_misfitting_acks(const Genesis& genesis, ExchangeRecord& record);

/// The requester opened the package and found that it is not the registered book. What others say of it is no finding.
[[nodiscard]] inline bool found_wrong(const ExchangeRecord& record) {
  return record.wrong_book_seen && !record.plaintext_ready;
}

[[nodiscard]] std::size_t yes_answers(const ExchangeRecord& record);
/// The record holds CONSENT, A ACKs and a yeses: what an owner needs before it gives the key away (section 3, step 5),
/// since a TRANSFER needs them.
[[nodiscard]] bool is_agreed(const Genesis& genesis, const ExchangeRecord& record);
/// Section 3, step 4: once all that is there, the check is passed. An owner that was put back may know by then that it
/// released.
void count_statements(const Genesis& genesis, ExchangeRecord& record);
/// True once so many witnesses said no that a majority of yes can no longer come.
[[nodiscard]] bool yes_out_of_reach(const Genesis& genesis, const ExchangeRecord& record);

/// Witnesses whose statement is missing from `list`.
template <class Body>
[[nodiscard]] std::vector<PeerPort> missing_from(const Genesis& genesis, const ExchangeRecord& record,
                                                 const std::vector<Signed<Body>>& list) {
  auto ports = witnesses_of(genesis, record);
  std::erase_if(ports, [&](PeerPort port) { return holds_from(list, port); });
  return ports;
}
[[nodiscard]] std::string join(const std::vector<PeerPort>& ports);

/// Precondition: the record has a grant.
[[nodiscard]] TurnKey turn_of(const ExchangeRecord& record);
/// The row of its turn, or a fresh one. Precondition: the record has a grant.
[[nodiscard]] TurnRecord turn_row(const State& state, const ExchangeRecord& record);
/// This owner still owes its requester the encrypted book: of the grants of a turn the last one alone, of which it
/// keeps a copy.
[[nodiscard]] bool owes_package(const State& state, const ExchangeId& exchange, const ExchangeRecord& record);
/// How the grant of a record relates to the chain of this peer.
enum class GrantAge : std::uint8_t { present, past, future };
[[nodiscard]] GrantAge grant_age(const State& state, const ExchangeRecord& record);

/// The owner made as many grants in this turn as it may.
[[nodiscard]] Error too_many_grants(const Signed<Book>& book, const ExchangeId& last);

void shelf_task(Context& context, ShelfAction action, const BookId& book, const ExchangeId& exchange);
[[nodiscard]] std::uint64_t next_order(Context& context);

/// What a requester asks or says of an exchange of which this witness knows no GRANT yet is kept beside the id that it
/// gave, and so bounded with that. Token `unknown-exchange` if it gave none.
[[nodiscard]] Result<void> keep_beside_id(Context& context, PeerPort requester, const ExchangeId& exchange,
                                          const std::function<void(WitnessIdRecord&)>& change);

/// The GRANT of an id is here: however many others its requester gives, it stays.
void id_has_grant(Context& context, const WitnessIdKey& key);
/// Forgets an id, with what its requester asked and said beside it.
void forget_id(Context& context, const WitnessIdKey& key);

/// Tells the other peers of an exchange that it is over before consent: the requester tells all, the
/// owner the requester.
void tell_over(Context& context, const ExchangeId& exchange, const ExchangeRecord& record);

/// Common checks of a statement that `from` sent and must have signed itself.
template <class Body>
[[nodiscard]] Result<void> check_from(const Context& context, PeerPort from, const Signed<Body>& statement) {
  if (statement.signer != from) {
    return rejected(Token::wrong_sender, "a statement comes from a peer that did not sign it",
                    std::string(name(Body::type)));
  }
  return context.genesis.check(statement);
}

// exchange_request.cpp
/// Remembers a grant of a turn: one owner, one requester.
void remember_turn(Context& context, const ExchangeId& exchange, const ExchangeRecord& record);
/// A grant that is known here and excludes the one at hand: of the same X, or of the same turn to another requester.
[[nodiscard]] std::optional<ExchangeRecord> conflicting_grant(const Context& context, const ExchangeId& exchange,
                                                              const Signed<Request>& request,
                                                              const Signed<Grant>& grant);

// exchange_share.cpp
/// Sends the requester the shares that this peer holds: a witness its own, the owner as many as give the key. Only
/// where the chain holds the TRANSFER (section 5).
void hand_out_shares(Context& context, const ExchangeId& exchange, const ExchangeRecord& record);

// exchange_dispute.cpp
/// What this peer keeps to prove that the book or the shares of the record's grant are false.
using FalseGrant = std::variant<BadChunk, BadDeal>;
[[nodiscard]] std::optional<FalseGrant> kept_proof(const Genesis& genesis, const State& state,
                                                   const ExchangeRecord& record);
/// The chain holds a DISPUTE about the record's grant.
[[nodiscard]] bool is_marked(const State& state, const ExchangeId& exchange, const ExchangeRecord& record);
/// The requester can prove that the book or the shares of its grant are false, and did not bring that to the chain.
[[nodiscard]] bool is_disputable(const Genesis& genesis, const State& state, const ExchangeRecord& record);

// exchange_end.cpp
/// The chain says that an opened book is this requester's: it goes on the shelf.
void take_book_home(Context& context, const ExchangeId& exchange, const ExchangeRecord& record);
/// RECEIPT tells the others that they may forget the packages and their shares (section 5). Precondition: those books
/// are taken home in this step; at least one, and not more than a block has transactions.
void tell_received(Context& context, std::vector<ExchangeId> received);
/// Sends again what this peer gave in an open exchange to those who may never have heard of it, and so cannot
/// ask. The package is not among it: a requester knows that it lacks it.
void give_again(Context& context, const ExchangeId& exchange, const ExchangeRecord& record);

}  // namespace bookchain::ledger
