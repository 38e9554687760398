// The exchanges in which this peer may still have something to do, by their books: what a block ends, and what waits
// for one book, is found without looking at all the others.
#pragma once

#include <set>

#include "ledger/records.hpp"

namespace bookchain::ledger {

/// In ascending order.
[[nodiscard]] std::vector<ExchangeId> open_exchanges(const State& state);
/// Those about one book, in ascending order.
[[nodiscard]] std::vector<ExchangeId> open_exchanges(const State& state, const BookId& book);
/// Those about some books, in ascending order; all are looked at for it, but not their records.
[[nodiscard]] std::vector<ExchangeId> open_exchanges(const State& state, const std::set<BookId>& books);

/// Whether `found` says so of one of them, in no order; it is asked until it does.
[[nodiscard]] bool any_open(const State& state, const std::function<bool(const ExchangeId&)>& found);
[[nodiscard]] bool is_open(const State& state, const BookId& book, const ExchangeId& exchange);
/// The exchange is one of them from now on, or is none any more.
void set_open(Draft& draft, const BookId& book, const ExchangeId& exchange, bool open);

}  // namespace bookchain::ledger
