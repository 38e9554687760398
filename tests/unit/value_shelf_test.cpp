// The shelf of value books: from one peer's state to another's, within the transaction of the caller, and what is
// false on the way (docs/protocol.md, section 3 steps 2, 3 and 6).
#include "ledger/store/value_shelf.hpp"

#include <boost/filesystem/operations.hpp>

#include "ledger/merkle.hpp"
#include "ledger/store/memory_store.hpp"
#include "ledger/store/shelf.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

const auto exchange = filled<ExchangeId>(1);
const auto key = rename<BookKey>(sha256(view_of("key of a value")));
const auto id = filled<BookId>(4);
const ValueText seven{filled<Salt>(9), {'7'}};
const Book book{1, "7", std::string(value_media_type), 1, 1024, chunk_leaf(seven.salt, seven.text)};

class Bytewise final : public PackageSource {
 public:
  explicit Bytewise(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override {
    return std::optional<std::uint64_t>(bytes_.size());
  }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override {
    const auto count = std::min(bytes.size(), bytes_.size() - place_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(place_), count, bytes.begin());
    place_ += count;
    return count;
  }

 private:
  Bytes bytes_;
  std::size_t place_ = 0;
};

struct Home {
  TemporaryFolder folder;
  Shelf files = value_of(Shelf::open(folder.path()));
  MemoryStore store;
  ValueShelf shelf{files, store};

  Home() { require_success(store.begin()); }
  void keep(const ValueText& text) {
    Draft draft(store);
    value_books.put(draft, id, text);
    store.apply(draft.take_effects().writes);
  }
  [[nodiscard]] std::string token_of_taking(Bytes package) {
    Bytewise source(std::move(package));
    return token_of(shelf.take_package(exchange, source, book, nullptr));
  }
  [[nodiscard]] bool has_files() const {
    return !boost::filesystem::is_empty(folder / "books") || !boost::filesystem::is_empty(folder / "exchanges");
  }
};

Bytes granted_package() {
  Home owner;
  owner.keep(seven);
  (void)value_of(owner.shelf.write_package(id, book, exchange, key, nullptr));
  return *owner.shelf.package(exchange)->bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(value_shelf)

BOOST_AUTO_TEST_CASE(a_value_goes_from_shelf_to_shelf_as_rows_of_the_state) {
  Home owner;
  owner.keep(seven);
  const auto root = value_of(owner.shelf.write_package(id, book, exchange, key, nullptr));
  auto package = *owner.shelf.package(exchange)->bytes;
  BOOST_TEST(package.size() == package_size(book));

  Home requester;
  Bytewise source(package);
  const auto received = value_of(requester.shelf.take_package(exchange, source, book, nullptr));
  BOOST_TEST((received.leaf_root == book.root && received.ciphertext_root == root && received.chunks == 1));
  BOOST_TEST(!requester.shelf.package(exchange));  // not before it is accepted
  require_success(requester.shelf.keep_package(exchange));
  BOOST_TEST((requester.shelf.package(exchange)->bytes == package));
  BOOST_TEST(!value_of(requester.shelf.open_package(book, exchange, key, nullptr)).failure);
  BOOST_TEST(token_of(value_on_shelf(requester.store, id, book)) == "no-such-file");  // aside until it is ours

  for (int twice = 0; twice < 2; ++twice) {
    require_success(requester.shelf.perform(ShelfTask{ShelfAction::promote, id, exchange}));
    require_success(owner.shelf.perform(ShelfTask{ShelfAction::remove_book, id, exchange}));
    require_success(owner.shelf.perform(ShelfTask{ShelfAction::drop_exchange, id, exchange}));
  }
  BOOST_TEST((value_of(value_on_shelf(requester.store, id, book)).text == seven.text));
  BOOST_TEST(!requester.shelf.package(exchange));
  BOOST_TEST(token_of(value_on_shelf(owner.store, id, book)) == "no-such-file");
  BOOST_TEST(!owner.shelf.package(exchange));
  BOOST_TEST((!owner.has_files() && !requester.has_files()));
}

BOOST_AUTO_TEST_CASE(each_changed_byte_of_a_package_is_seen_when_it_comes_or_when_it_is_opened) {
  const auto package = granted_package();
  for (std::size_t at = 0; at < package.size(); ++at) {
    auto changed = package;
    changed[at] ^= 0x20U;
    Home requester;
    if (at < package_chunk_offset(book, 0)) {
      BOOST_TEST(requester.token_of_taking(changed) == "wrong-book");
      continue;
    }
    BOOST_REQUIRE(requester.token_of_taking(changed) == "success");
    require_success(requester.shelf.keep_package(exchange));
    const auto opened = value_of(requester.shelf.open_package(book, exchange, key, nullptr));
    BOOST_REQUIRE(opened.failure);
    BOOST_TEST((opened.failure->token == Token::wrong_book && opened.bad_chunk == 0U));
    BOOST_TEST(requester.shelf.prove_bad_chunk(book, exchange, key).has_value());
    require_success(requester.shelf.perform(ShelfTask{ShelfAction::promote, id, exchange}));
    BOOST_TEST(token_of(value_on_shelf(requester.store, id, book)) == "no-such-file");
  }
  auto longer = package;
  longer.push_back(0);
  const Bytes shorter(package.begin(), package.end() - 1);
  BOOST_TEST(Home().token_of_taking(longer) == "wrong-book");
  BOOST_TEST(Home().token_of_taking(shorter) == "wrong-book");
}

BOOST_AUTO_TEST_CASE(an_honest_package_gives_no_proof_of_a_bad_chunk) {
  Home requester;
  BOOST_REQUIRE(requester.token_of_taking(granted_package()) == "success");
  require_success(requester.shelf.keep_package(exchange));
  BOOST_TEST(token_of(requester.shelf.prove_bad_chunk(book, exchange, key)) == "unexpected");
}

BOOST_AUTO_TEST_CASE(what_is_rolled_back_or_forgotten_leaves_nothing) {
  Home home;
  home.keep(seven);
  (void)value_of(home.shelf.write_package(id, book, exchange, key, nullptr));
  home.store.rollback();
  BOOST_TEST(!home.shelf.package(exchange));
  Home requester;
  BOOST_REQUIRE(requester.token_of_taking(granted_package()) == "success");
  requester.shelf.forget_package(exchange);
  BOOST_TEST(!requester.shelf.package(exchange));
  BOOST_TEST(token_of(requester.shelf.open_package(book, exchange, key, nullptr)) == "io");
}

BOOST_AUTO_TEST_CASE(a_value_that_was_changed_on_the_shelf_is_not_granted) {
  Home owner;
  BOOST_TEST(token_of(owner.shelf.write_package(id, book, exchange, key, nullptr)) == "no-such-file");
  owner.keep(ValueText{seven.salt, {'8'}});
  BOOST_TEST(token_of(owner.shelf.write_package(id, book, exchange, key, nullptr)) == "wrong-book");
}

BOOST_AUTO_TEST_CASE(all_other_books_lie_in_files) {
  Home home;
  const Bytes text(3000, 'x');
  const auto measured = value_of(home.files.draft_from_bytes(text, 1024, filled<BookSecret>(3)));
  require_success(home.files.keep_draft(measured.draft, id));
  const Book file{1, "A title", "text/plain", measured.size, 1024, measured.root};
  (void)value_of(home.shelf.write_package(id, file, exchange, key, nullptr));
  const auto kept = home.shelf.package(exchange);
  BOOST_REQUIRE(kept);
  BOOST_TEST((!kept->bytes && boost::filesystem::file_size(kept->file) == package_size(file)));
  require_success(home.shelf.perform(ShelfTask{ShelfAction::remove_book, id, exchange}));
  BOOST_TEST(!home.files.has_book(id));
}

BOOST_AUTO_TEST_SUITE_END()
