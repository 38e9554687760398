// The books that honest peers register in a simulated network.
#include "ledger/records.hpp"
#include "tests/sim/world.hpp"

namespace bookchain::sim {

/// Every third is a value book, whose content lies in the state.
WishAddBook World::make_book(Home& home) {
  const auto port = home.identity.port;
  const auto serial = ++serials_[port];
  const auto sign = [&](std::string title, std::string_view type, const Text& text, std::uint64_t size) {
    const auto book =
        sign_statement(genesis_->id(), port, home.identity.signing_key,
                       Book{serial, std::move(title), std::string(type), size, min_chunk_size, text.root()});
    texts_[genesis_->book_of(book)] = text;
    return book;
  };
  if (serial % 3 == 0) {
    const auto digits = std::to_string(serial);
    ValueText value{chance_.draw<Salt>(), Bytes(digits.begin(), digits.end())};
    return WishAddBook{sign(digits, value_media_type, Text{{value.salt}, {value.text}}, digits.size()), value};
  }
  const auto size = chance_.below(5) == 0 ? 0 : chance_.below(std::uint64_t{3} * min_chunk_size);
  const auto text = random_text(chance_, size, min_chunk_size);
  const auto book = sign("book " + std::to_string(serial), "text/plain", text, size);
  home.shelf.contents.books[genesis_->book_of(book)] = text;
  return WishAddBook{book};
}

bool World::add_book(Home& home) {
  const auto wish = make_book(home);
  const auto id = genesis_->book_of(wish.book);
  if (!home.courier) start(home);
  bool done = false;
  event(home, [&] { done = home.courier->wish(wish).has_value(); });
  if (done) {
    registered_.emplace_back(home.identity.port, id);
  } else {
    home.drafts.insert(id);
  }
  return done;
}

}  // namespace bookchain::sim
