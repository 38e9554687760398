#include "cli/selection.hpp"

#include <algorithm>

#include "cli/printable.hpp"
#include "cli/report.hpp"
#include "ledger/book.hpp"
#include "ledger/chain.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

template <class Id>
std::string list_ids(const std::vector<Id>& ids) {
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const auto& id : ids) names.push_back(short_id(id));
  return one_of(names);
}

bool is_prefix(const std::string& text, std::size_t digits) {
  return text.size() >= min_prefix_digits && text.size() <= digits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Ids of a table whose hex begins with `prefix`.
template <class Id, class Value>
std::vector<Id> ids_with(const State& state, const TypedTable<Id, Value>& table, const std::string& prefix) {
  const auto whole = from_hex(prefix.substr(0, prefix.size() / 2 * 2));
  std::vector<Id> found;
  table.each(state, *whole, [&](const Id& id, const Value&) {
    if (to_hex(id).starts_with(prefix)) found.push_back(id);
    return true;
  });
  return found;
}

template <class Id>
Result<Id> only_one(const std::vector<Id>& found, Token unknown, const std::string& what, const std::string& subject,
                    const std::string& hint) {
  if (found.size() == 1) return found.front();
  if (found.empty()) return Error{unknown, what, subject, hint};
  return Error{Token::ambiguous, "the name fits more than one", subject, list_ids(found)};
}

}  // namespace

std::string one_of(const std::vector<std::string>& names) {
  std::string text = "one of ";
  for (std::size_t i = 0; i < names.size() && i < most_listed_ids; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return text + (names.size() > most_listed_ids ? ", ..." : "");
}

Result<ExchangeId> select_exchange(const State& state, const std::string& prefix) {
  if (!is_prefix(prefix, 2 * ExchangeId::size)) {
    return Error{Token::bad_value, "an exchange is named by the first 6 to 64 digits of its id, 0-9 and a-f", prefix,
                 "list-exchanges"};
  }
  return only_one(ids_with(state, exchanges, prefix), Token::unknown_exchange, "this peer knows no such exchange",
                  prefix, "list-exchanges");
}

std::optional<PeerPort> who_gave_id(const State& state, const std::string& prefix) {
  std::optional<PeerPort> found;
  if (!is_prefix(prefix, 2 * ExchangeId::size)) return found;
  witness_ids.each(state, {}, [&](const WitnessIdKey& key, const WitnessIdRecord&) {
    if (to_hex(key.exchange).starts_with(prefix)) found = key.requester;
    return !found;
  });
  return found;
}

Result<ExchangeId> select_only_exchange(const State& state, Among among, const std::string& step,
                                        const std::function<bool(const ExchangeId&)>& fits) {
  std::vector<ExchangeId> found;
  const auto look_at = [&](const ExchangeId& exchange) {
    if (fits(exchange)) found.push_back(exchange);
    return found.size() <= most_listed_ids;
  };
  switch (among) {
    case Among::open:
      for (const auto& exchange : open_exchanges(state)) {
        if (!look_at(exchange)) break;
      }
      break;
    case Among::all:
      exchanges.each(state, {}, [&](const ExchangeId& id, const ExchangeRecord&) { return look_at(id); });
      break;
  }
  if (found.size() > 1) {
    return Error{Token::ambiguous, "this can be meant in more than one exchange", step, list_ids(found)};
  }
  return only_one(found, Token::unknown_exchange, "there is no exchange in which this is due", step, "list-exchanges");
}

Result<BookId> select_book(const State& state, const std::string& selector,
                           const std::function<bool(const Signed<Book>&)>& fits) {
  std::vector<BookId> found;
  if (is_prefix(selector, 2 * BookId::size)) found = ids_with(state, catalogue, selector);
  if (found.empty()) {
    std::vector<BookId> unfit;
    catalogue.each(state, {}, [&](const BookId& id, const Signed<Book>& book) {
      if (book.body.title == selector) (fits(book) ? found : unfit).push_back(id);
      return true;
    });
    // Whichever of them: the caller says why it does not fit.
    if (found.empty() && !unfit.empty()) found.push_back(unfit.front());
  }
  return only_one(found, Token::unknown_book, "this peer knows no book of that title or id", selector,
                  "list-books --all");
}

namespace {

struct Candidate {
  BookId id;
  std::uint64_t serial{};
  bool busy = false;
};

/// Busy, as far as this peer can know: an exchange about it is under way.
bool is_busy(const State& state, const BookId& book) {
  return std::ranges::any_of(open_exchanges(state, book), [&](const ExchangeId& exchange) {
    const auto record = exchanges.get(state, exchange);
    return record && !has_ended(record->state);
  });
}

}  // namespace

/// Refusals that need no search for the book come first, so that they are named as what they are.
Result<void> check_owner(const Genesis& genesis, PeerPort self, PeerPort owner) {
  if (owner == self) {
    return Error{Token::self_exchange, "a peer cannot request a book from itself", std::to_string(owner.value), {}};
  }
  if (genesis.find(owner) != nullptr) return success();
  std::string ports;
  for (const auto& peer : genesis.peers()) ports += (ports.empty() ? "" : ", ") + std::to_string(peer.port.value);
  return Error{Token::unknown_peer, "the network has no such peer", std::to_string(owner.value),
               "its peers are " + ports};
}

Result<BookId> select_book_of(const Genesis& genesis, const State& state, PeerPort owner, const std::string& selector) {
  if (is_prefix(selector, 2 * BookId::size)) {
    const auto found = ids_with(state, catalogue, selector);
    if (!found.empty()) return only_one(found, Token::unknown_book, {}, selector, {});
  }
  std::vector<Candidate> values;
  std::vector<BookId> titles;
  std::optional<PeerPort> elsewhere;
  catalogue.each(state, {}, [&](const BookId& id, const Signed<Book>& book) {
    const auto value = book_value(book.body);
    const bool by_value = value && *value == selector;
    if (!by_value && book.body.title != selector) return true;
    const auto holder = standing(genesis, state, book).owner;
    if (holder != owner) {
      elsewhere = holder;
    } else if (by_value) {
      values.push_back(Candidate{id, book.body.serial, is_busy(state, id)});
    } else {
      titles.push_back(id);
    }
    return true;
  });
  if (!values.empty()) {
    const auto best =
        std::ranges::min_element(values, {}, [](const auto& each) { return std::pair(each.busy, each.serial); });
    return best->id;
  }
  if (titles.empty() && elsewhere) {
    return Error{Token::not_owner, "peer " + std::to_string(owner.value) + " owns no such book", selector,
                 "by the chain one is at " + std::to_string(elsewhere->value)};
  }
  return only_one(titles, Token::unknown_book, "this peer knows no such book of peer " + std::to_string(owner.value),
                  selector, "list-books --all");
}

Result<BookId> book_to_request(const Genesis& genesis, const State& state, PeerPort self, PeerPort owner,
                               const std::string& selector) {
  BOOKCHAIN_CHECK(check_owner(genesis, self, owner));
  BOOKCHAIN_TRY(const auto id, select_book_of(genesis, state, owner, selector));
  const auto book = catalogue.get(state, id);
  if (!book) return id;
  const auto stand = standing(genesis, state, *book);
  const auto turn = turns.get(state, TurnKey{stand.owner, id, stand.version, stand.turn});
  if (turn && !turn->exchanges.empty() && turn->requester != self) {
    return Error{Token::book_busy, "the book is granted to another requester in this turn", book->body.title, {}};
  }
  return id;
}

}  // namespace bookchain::cli
