#include "ledger/store/value_shelf.hpp"

#include <algorithm>

#include "ledger/bad_chunk.hpp"
#include "ledger/merkle.hpp"

namespace bookchain::ledger {

namespace {

Error not_the_package(std::string what) { return Error{Token::wrong_book, std::move(what), "package", {}}; }

bool is_value_book(const Book& book) { return book_value(book).has_value(); }

/// What stands before the one encrypted chunk. The root of a tree with one leaf is that leaf.
Bytes head_of(const Book& book) {
  auto head = package_head(book);
  head.insert(head.end(), book.root.bytes.begin(), book.root.bytes.end());
  return head;
}

ByteView chunk_in(const Book& book, const Bytes& package) {
  return ByteView(package).subspan(package_chunk_offset(book, 0));
}

}  // namespace

Result<ValueText> value_on_shelf(const State& state, const BookId& id, const Book& book) {
  auto kept = value_books.get(state, id);
  if (!kept) {
    return Error{Token::no_such_file, "the content of the book is gone from the shelf of this peer", book.title, {}};
  }
  if (chunk_leaf(kept->salt, kept->text) != book.root) {
    return Error{Token::wrong_book, "the book on the shelf was changed", book.title, {}};
  }
  return std::move(*kept);
}

template <class Key, class Value>
void ValueShelf::put(const TypedTable<Key, Value>& table, const Key& key, const Value& value) {
  store_.hand_over({Write{table.id, encode(key), encode(value)}});
}

template <class Key, class Value>
void ValueShelf::erase(const TypedTable<Key, Value>& table, const Key& key) {
  store_.apply({Write{table.id, encode(key), std::nullopt}});
}

Result<Hash> ValueShelf::write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                       const BookKey& key, Progress* progress) {
  if (!is_value_book(book)) return files_.write_package(id, book, exchange, key, progress);
  BOOKCHAIN_TRY(const auto kept, value_on_shelf(store_, id, book));
  auto package = head_of(book);
  ChunkCipher cipher(key);
  const auto chunk = encrypt_chunk(cipher, exchange, 0, true, kept.salt, kept.text);
  package.insert(package.end(), chunk.begin(), chunk.end());
  put(value_packages, exchange, ValuePackage{std::move(package), std::nullopt});
  return leaf_hash(chunk);
}

std::optional<KeptPackage> ValueShelf::package(const ExchangeId& exchange) const {
  if (auto row = value_packages.get(store_, exchange)) return KeptPackage{{}, std::move(row->package)};
  return files_.package(exchange);
}

Result<ReceivedPackage> ValueShelf::take_package(const ExchangeId& exchange, PackageSource& source, const Book& book,
                                                 Progress* progress) {
  if (!is_value_book(book)) return files_.take_package(exchange, source, book, progress);
  BOOKCHAIN_TRY(const auto size, source.size());
  if (size != package_size(book)) return not_the_package("the package is not of the size that the book gives");
  Bytes package(*size);
  BOOKCHAIN_TRY(const auto got, source.read(package));
  const auto head = head_of(book);
  if (got != package.size() || !std::equal(head.begin(), head.end(), package.begin())) {
    return not_the_package("the package has another header or leaf");
  }
  const auto root = leaf_hash(chunk_in(book, package));
  taken_[exchange] = std::move(package);
  return ReceivedPackage{book.root, root, 1};
}

Result<void> ValueShelf::keep_package(const ExchangeId& exchange) {
  auto taken = taken_.extract(exchange);
  if (taken.empty()) return files_.keep_package(exchange);
  put(value_packages, exchange, ValuePackage{std::move(taken.mapped()), std::nullopt});
  return success();
}

void ValueShelf::forget_package(const ExchangeId& exchange) {
  if (taken_.erase(exchange) == 0) files_.forget_package(exchange);
}

Result<OpenedPackage> ValueShelf::open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                               Progress* progress) {
  if (!is_value_book(book)) return files_.open_package(book, exchange, key, progress);
  auto row = value_packages.get(store_, exchange);
  if (!row) return Error{Token::io, "the package is gone", to_hex(exchange), {}};
  ChunkCipher cipher(key);
  auto open = decrypt_chunk(cipher, exchange, book, 0, chunk_in(book, row->package));
  if (!open || chunk_leaf(open.value().salt, open.value().chunk) != book.root) {
    return OpenedPackage{Error{Token::wrong_book, "chunk 0 is not as it was registered", book.title, {}}, 0};
  }
  row->opened = ValueText{open.value().salt, std::move(open.value().chunk)};
  put(value_packages, exchange, *row);
  return OpenedPackage{};
}

Result<BadChunk> ValueShelf::prove_bad_chunk(const Book& book, const ExchangeId& exchange, const BookKey& key) const {
  if (!is_value_book(book)) return files_.prove_bad_chunk(book, exchange, key);
  const auto row = value_packages.get(store_, exchange);
  if (!row) return Error{Token::no_such_file, "the package is gone", to_hex(exchange), {}};
  BadChunkFinder finder(book, exchange, key, {book.root});
  finder.push(chunk_in(book, row->package));
  if (auto proof = finder.finish()) return std::move(*proof);
  return Error{Token::unexpected, "every chunk of the book is as it was registered", book.title, {}};
}

bool ValueShelf::is_of_rows(const ShelfTask& task) const {
  if (task.action == ShelfAction::remove_book) return value_books.get(store_, task.book).has_value();
  return value_packages.get(store_, task.exchange).has_value();
}

Result<void> ValueShelf::perform(const ShelfTask& task) {
  const auto package = value_packages.get(store_, task.exchange);
  switch (task.action) {
    case ShelfAction::promote:
      if (!package) break;
      if (package->opened) {
        put(value_books, task.book, *package->opened);
        erase(value_packages, task.exchange);
      }
      return success();
    case ShelfAction::remove_book:
      if (!value_books.get(store_, task.book)) break;
      erase(value_books, task.book);
      return success();
    case ShelfAction::drop_exchange:
      if (!package) break;
      erase(value_packages, task.exchange);
      return success();
  }
  return files_.perform(task);
}

}  // namespace bookchain::ledger
