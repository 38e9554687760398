#include "tests/sim/sim_shelf.hpp"

#include <algorithm>

#include "ledger/bad_chunk.hpp"
#include "ledger/merkle.hpp"
#include "tests/sim/planted_switch.hpp"
#include "tests/sim/sim_store.hpp"

namespace bookchain::sim {

namespace {

std::vector<Hash> leaves_of(const Text& text) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < text.chunks.size(); ++i) leaves.push_back(chunk_leaf(text.salts[i], text.chunks[i]));
  return leaves;
}

ByteView chunk_of(const Book& book, const Bytes& package, std::uint64_t index) {
  const auto from = package_chunk_offset(book, index);
  const auto to = package_chunk_offset(book, index + 1);
  return ByteView(package).subspan(from, to - from);
}

/// The leaf list of a package that is of the right size.
std::vector<Hash> leaves_in(const Book& book, const Bytes& package) {
  std::vector<Hash> leaves(chunk_count(book));
  const auto first = package.begin() + static_cast<std::ptrdiff_t>(package_magic.size()) + 8;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    std::copy_n(first + static_cast<std::ptrdiff_t>(i * Hash::size), Hash::size, leaves[i].bytes.begin());
  }
  return leaves;
}

Error wrong_book(std::string what) { return Error{Token::wrong_book, std::move(what), {}, {}}; }

}  // namespace

Hash Text::root() const { return merkle_root(leaves_of(*this)); }

Text random_text(Random& chance, std::uint64_t size, std::uint32_t chunk_size) {
  Text text;
  const auto secret = chance.draw<BookSecret>();
  for (std::uint64_t done = 0; done < size || text.chunks.empty();) {
    Bytes chunk(std::min<std::uint64_t>(chunk_size, size - done));
    chance.fill(chunk);
    done += chunk.size();
    text.salts.push_back(chunk_salt(secret, text.chunks.size()));
    text.chunks.push_back(std::move(chunk));
  }
  return text;
}

Bytes make_package(const Text& text, const ExchangeId& exchange, const BookKey& key) {
  auto package = encode_with([&](auto& writer) {
    writer.raw(view_of(package_magic));
    writer.write(std::uint64_t{text.chunks.size()});
    for (const auto& leaf : leaves_of(text)) writer.write(leaf);
  });
  ChunkCipher cipher(key);
  for (std::size_t i = 0; i < text.chunks.size(); ++i) {
    const auto sealed = encrypt_chunk(cipher, exchange, i, i + 1 == text.chunks.size(), text.salts[i], text.chunks[i]);
    package.insert(package.end(), sealed.begin(), sealed.end());
  }
  return package;
}

Hash ciphertext_root(const Book& book, const Bytes& package) {
  MerkleAccumulator tree;
  for (std::uint64_t i = 0; i < chunk_count(book); ++i) tree.push(leaf_hash(chunk_of(book, package, i)));
  return tree.root();
}

Result<std::size_t> SimPackage::read(std::span<std::uint8_t> bytes) {
  const auto count = std::min(bytes.size(), bytes_.size() - place_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(place_), count, bytes.begin());
  place_ += count;
  return count;
}

std::optional<BookKey> SimShelf::begun_key(const ExchangeId& exchange) const {
  const auto found = contents.begun.find(exchange);
  if (found == contents.begun.end()) return std::nullopt;
  return found->second.key;
}

/// Of what was begun under the same key each chunk is kept that is whole and decrypts, as on a real shelf.
Bytes SimShelf::encrypted(const Text& text, const Book& book, const ExchangeId& exchange, const BookKey& key) const {
  auto package = make_package(text, exchange, key);
  const auto begun = contents.begun.find(exchange);
  if (begun == contents.begun.end() || begun->second.key != key) return package;
  const auto& left = begun->second.bytes;
  ChunkCipher cipher(key);
  for (std::uint64_t i = 0; i < chunk_count(book); ++i) {
    if (left.size() < package_chunk_offset(book, i + 1)) break;
    const auto kept = chunk_of(book, left, i);
    if (!planted::is_on(Bug::torn_package_trusted) && !decrypt_chunk(cipher, exchange, book, i, kept)) continue;
    std::ranges::copy(kept, package.begin() + static_cast<std::ptrdiff_t>(package_chunk_offset(book, i)));
  }
  return package;
}

std::optional<KeptPackage> SimShelf::package(const ExchangeId& exchange) const {
  const auto found = contents.packages.find(exchange);
  if (found == contents.packages.end()) return std::nullopt;
  return KeptPackage{{}, found->second};
}

Result<Hash> SimShelf::write_package(const BookId& id, const Book& book, const ExchangeId& exchange, const BookKey& key,
                                     Progress* /*progress*/) {
  BOOKCHAIN_CHECK(ask());
  const auto found = contents.books.find(id);
  if (found == contents.books.end()) return Error{Token::no_such_file, "no such book on the shelf", to_hex(id), {}};
  auto package = encrypted(found->second, book, exchange, key);
  const auto root = ciphertext_root(book, package);
  if (tears && tears(package)) {
    contents.begun[exchange] = {key, std::move(package)};
    throw Crashed{};
  }
  contents.begun.erase(exchange);
  contents.packages[exchange] = std::move(package);
  sync();
  BOOKCHAIN_CHECK(ask());
  return root;
}

Result<ReceivedPackage> SimShelf::take_package(const ExchangeId& exchange, PackageSource& source, const Book& book,
                                               Progress* /*progress*/) {
  BOOKCHAIN_CHECK(ask());
  BOOKCHAIN_TRY(const auto size, source.size());
  if (!size || *size != package_size(book)) return wrong_book("a package of another size");
  Bytes bytes(*size);
  BOOKCHAIN_TRY(const auto read, source.read(bytes));
  const auto header = package_magic.size() + 8;
  const bool magic = std::equal(package_magic.begin(), package_magic.end(), bytes.begin());
  if (read != bytes.size() || !magic ||
      encode(chunk_count(book)) !=
          Bytes(bytes.begin() + package_magic.size(), bytes.begin() + static_cast<std::ptrdiff_t>(header))) {
    return wrong_book("a package without its header");
  }
  const auto leaves = leaves_in(book, bytes);
  if (auto torn = bytes; tears && tears(torn)) {
    contents.taken[exchange] = std::move(torn);
    throw Crashed{};
  }
  const ReceivedPackage received{merkle_root(leaves), ciphertext_root(book, bytes), leaves.size()};
  contents.taken[exchange] = std::move(bytes);
  BOOKCHAIN_CHECK(ask());
  return received;
}

Result<void> SimShelf::keep_package(const ExchangeId& exchange) {
  BOOKCHAIN_CHECK(ask());
  contents.packages[exchange] = std::move(contents.taken[exchange]);
  contents.taken.erase(exchange);
  sync();
  return ask();
}

Result<OpenedPackage> SimShelf::open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                             Progress* /*progress*/) {
  BOOKCHAIN_CHECK(ask());
  const auto package = contents.packages.find(exchange);
  if (package == contents.packages.end()) return Error{Token::io, "the package is gone", to_hex(exchange), {}};
  Text text;
  ChunkCipher cipher(key);
  const auto leaves = leaves_in(book, package->second);
  const auto& left = contents.unopened[exchange];
  const bool trusts_what_is_left = planted::is_on(Bug::torn_text_trusted);
  for (std::uint64_t i = 0; i < chunk_count(book); ++i) {
    const bool is_left = i < left.chunks.size();
    if (is_left && (trusts_what_is_left || chunk_leaf(left.salts[i], left.chunks[i]) == leaves[i])) {
      text.salts.push_back(left.salts[i]);
      text.chunks.push_back(left.chunks[i]);
      continue;
    }
    auto open = decrypt_chunk(cipher, exchange, book, i, chunk_of(book, package->second, i));
    // Each chunk is held against its leaf, as on a real shelf: the first that is another one is named.
    const bool is_registered = open && chunk_leaf(open.value().salt, open.value().chunk) == leaves[i];
    if (!is_registered) return OpenedPackage{wrong_book("a chunk is not as it was registered"), i};
    text.salts.push_back(open.value().salt);
    text.chunks.push_back(std::move(open.value().chunk));
    // The chunk that is being written may be cut short, and those before it are there.
    if (auto torn = text.chunks.back(); tears && tears(torn)) {
      text.chunks.back() = std::move(torn);
      contents.unopened[exchange] = std::move(text);
      throw Crashed{};
    }
  }
  // The leaves were those of the book when it was taken: the package was changed since.
  if (merkle_root(leaves) != book.root) return Error{Token::bad_file, "the package in the home was changed", {}, {}};
  contents.unopened.erase(exchange);
  contents.plaintexts[exchange] = std::move(text);
  sync();
  BOOKCHAIN_CHECK(ask());
  return OpenedPackage{};
}

Result<BadChunk> SimShelf::prove_bad_chunk(const Book& book, const ExchangeId& exchange, const BookKey& key) const {
  const auto package = contents.packages.find(exchange);
  if (package == contents.packages.end()) return Error{Token::io, "the package is gone", to_hex(exchange), {}};
  BadChunkFinder finder(book, exchange, key, leaves_in(book, package->second));
  for (std::uint64_t i = 0; i < chunk_count(book); ++i) finder.push(chunk_of(book, package->second, i));
  if (auto proof = finder.finish()) return std::move(*proof);
  return Error{Token::unexpected, "every chunk is as registered", to_hex(exchange), {}};
}

Result<void> SimShelf::perform(const ShelfTask& task) {
  BOOKCHAIN_CHECK(ask());
  if (forgets && forgets(task)) return success();
  switch (task.action) {
    case ShelfAction::promote: {
      const auto text = contents.plaintexts.find(task.exchange);
      if (text != contents.plaintexts.end()) contents.books[task.book] = text->second;
      remove(&Contents::plaintexts, task.exchange);
      remove(&Contents::packages, task.exchange);
      remove(&Contents::begun, task.exchange);
      break;
    }
    case ShelfAction::remove_book: remove(&Contents::books, task.book); break;
    case ShelfAction::drop_exchange:
      remove(&Contents::packages, task.exchange);
      remove(&Contents::plaintexts, task.exchange);
      remove(&Contents::begun, task.exchange);
      remove(&Contents::unopened, task.exchange);
      break;
  }
  // It may die here, or fail: then the task is done once more.
  BOOKCHAIN_CHECK(ask());
  sync();
  return success();
}

void SimShelf::lose_power(Random* chance) {
  const auto kept = chance == nullptr ? removed_.size() : chance->below(removed_.size() + 1);
  for (; removed_.size() > kept; removed_.pop_back()) removed_.back()(contents);
  removed_.clear();
}

void SimShelf::put_back(Contents other) {
  contents = std::move(other);
  removed_.clear();
}

}  // namespace bookchain::sim
