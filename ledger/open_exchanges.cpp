#include "ledger/open_exchanges.hpp"

#include <algorithm>

namespace bookchain::ledger {

namespace {

struct OpenKey {
  BookId book;
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("exchange", self.exchange);
  }
};

constexpr TypedTable<OpenKey, bool> open_rows{Table::open_exchanges};

template <class Wanted>
std::vector<ExchangeId> open_under(const State& state, ByteView prefix, const Wanted& is_wanted) {
  std::vector<ExchangeId> found;
  open_rows.each(state, prefix, [&](const OpenKey& key, bool) {
    if (is_wanted(key.book)) found.push_back(key.exchange);
    return true;
  });
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::vector<ExchangeId> open_exchanges(const State& state) {
  return open_under(state, {}, [](const BookId&) { return true; });
}

std::vector<ExchangeId> open_exchanges(const State& state, const BookId& book) {
  return open_under(state, book.view(), [](const BookId&) { return true; });
}

std::vector<ExchangeId> open_exchanges(const State& state, const std::set<BookId>& books) {
  if (books.empty()) return {};
  return open_under(state, {}, [&](const BookId& book) { return books.contains(book); });
}

bool any_open(const State& state, const std::function<bool(const ExchangeId&)>& found) {
  bool any = false;
  open_rows.each(state, {}, [&](const OpenKey& key, bool) {
    any = found(key.exchange);
    return !any;
  });
  return any;
}

bool is_open(const State& state, const BookId& book, const ExchangeId& exchange) {
  return open_rows.get(state, OpenKey{book, exchange}).has_value();
}

void set_open(Draft& draft, const BookId& book, const ExchangeId& exchange, bool open) {
  if (open) {
    open_rows.put(draft, OpenKey{book, exchange}, true);
  } else {
    open_rows.erase(draft, OpenKey{book, exchange});
  }
}

}  // namespace bookchain::ledger
