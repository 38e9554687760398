// How people name things: an exchange or a book by any unique prefix of its id of at least 6 digits, a
// book also by its value or title.
#pragma once

#include <functional>

#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "ledger/records.hpp"

namespace bookchain::cli {

inline constexpr std::size_t min_prefix_digits = 6;

/// So many ids are named where a name fits more than one.
inline constexpr std::size_t most_listed_ids = 8;
/// "one of A, B", and ", ..." after the last of so many.
[[nodiscard]] std::string one_of(const std::vector<std::string>& names);

/// Tokens: `unknown-exchange`, `ambiguous` (its hint lists the ids), `bad-value` (no prefix of an id).
[[nodiscard]] ledger::Result<ledger::ExchangeId> select_exchange(const ledger::State& state, const std::string& prefix);

/// The requester that gave this peer, as a witness, the id of an exchange that `prefix` names: all that it knows of the
/// exchange before the grant.
[[nodiscard]] std::optional<ledger::PeerPort> who_gave_id(const ledger::State& state, const std::string& prefix);

/// Those that ended are many after a while: only what must is looked for among all.
enum class Among : std::uint8_t { open, all };
/// The only exchange for which `fits` holds; `step` is what it is looked for. Tokens: `unknown-exchange` (none
/// fits), `ambiguous` (several; the hint lists some).
[[nodiscard]] ledger::Result<ledger::ExchangeId> select_only_exchange(
    const ledger::State& state, Among among, const std::string& step,
    const std::function<bool(const ledger::ExchangeId&)>& fits);

/// A book of the catalogue by its id, else by its title: one for which `fits` holds, or if there is none, another,
/// so that the caller can say why it does not fit. Tokens: `unknown-book`, `ambiguous`.
[[nodiscard]] ledger::Result<ledger::BookId> select_book(
    const ledger::State& state, const std::string& selector,
    const std::function<bool(const ledger::Signed<ledger::Book>&)>& fits);

/// Whether `self` may ask that peer for a book. Tokens: `self-exchange`, `unknown-peer`.
[[nodiscard]] ledger::Result<void> check_owner(const ledger::Genesis& genesis, ledger::PeerPort self,
                                               ledger::PeerPort owner);

/// SELECTOR of `request`: among the books that `owner` owns by the chain, a book id, else a value, else a
/// title. Of several equal values the oldest that is not busy, as far as this peer can know; of several
/// titles `ambiguous`. Token `unknown-book`; `not-owner` if it is somebody else's.
[[nodiscard]] ledger::Result<ledger::BookId> select_book_of(const ledger::Genesis& genesis, const ledger::State& state,
                                                            ledger::PeerPort owner, const std::string& selector);

/// The book that `self` may ask `owner` for: the tokens of both, and `book-busy` where this peer, as a witness of it,
/// knows that the book is granted to another requester.
[[nodiscard]] ledger::Result<ledger::BookId> book_to_request(const ledger::Genesis& genesis, const ledger::State& state,
                                                             ledger::PeerPort self, ledger::PeerPort owner,
                                                             const std::string& selector);

}  // namespace bookchain::cli
