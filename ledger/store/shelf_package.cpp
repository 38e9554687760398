// Packages on the shelf: an encrypted book with its leaf list, written by the owner, copied and opened
// by the requester.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cstring>

#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {

ByteView bytes_of(std::string_view text) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// Removes a file in the making, unless it was finished.
class Unfinished {
 public:
  explicit Unfinished(const fs::path& path) : path_(path) {}
  ~Unfinished() {
    if (!finished_) ::unlink(path_.c_str());
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void finish() { finished_ = true; }

 private:
  const fs::path& path_;
  bool finished_ = false;
};

/// A package that cannot fit is not begun: other programs need the space that is left.
Result<void> check_space(const fs::path& folder, std::uint64_t size) {
  boost::system::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= size) return success();
  return Error{
      Token::disk_full, "no space is left for a package of " + std::to_string(size) + " bytes", folder.string(), {}};
}

Error wrong_package(std::string what) { return Error{Token::wrong_book, std::move(what), "package", {}}; }

}  // namespace

fs::path Shelf::package_path(const ExchangeId& exchange) const {
  return home_ / "exchanges" / to_hex(exchange) / "package";
}

fs::path Shelf::unfinished_package(const ExchangeId& exchange) const {
  return home_ / "exchanges" / to_hex(exchange) / "package.new";
}

Result<Hash> Shelf::write_package(const BookId& id, const Book& book, const ExchangeId& exchange, const BookKey& key,
                                  Progress* progress) {
  BOOKCHAIN_TRY(auto kept, KeptBook::open(home_ / "books" / to_hex(id), book));
  const auto unfinished = unfinished_package(exchange);
  BOOKCHAIN_CHECK(make_directory(unfinished.parent_path()));
  Unfinished guard(unfinished);
  BOOKCHAIN_TRY(auto out, BufferedWriter::create(unfinished));
  BOOKCHAIN_CHECK(out.write(bytes_of(package_magic)));
  const auto count = chunk_count(book);
  BOOKCHAIN_CHECK(out.write(encode(count)));
  for (const auto& leaf : kept.leaves()) BOOKCHAIN_CHECK(out.write(leaf.view()));
  ChunkCipher cipher(key);
  MerkleAccumulator tree;
  ProgressMeter meter(progress, book.size);
  for (std::uint64_t index = 0; index < count; ++index) {
    BOOKCHAIN_TRY(const auto* chunk, kept.next());
    const auto encrypted = encrypt_chunk(cipher, exchange, index, index + 1 == count, chunk->salt, chunk->bytes);
    tree.push(leaf_hash(encrypted));
    BOOKCHAIN_CHECK(out.write(encrypted));
    BOOKCHAIN_CHECK(meter.advance(chunk->bytes.size()));
  }
  BOOKCHAIN_CHECK(out.finish());
  BOOKCHAIN_CHECK(rename_durably(unfinished, package_path(exchange)));
  guard.finish();
  return tree.root();
}

Result<ReceivedPackage> Shelf::take_package(const ExchangeId& exchange, PackageSource& source, const Book& book,
                                            Progress* progress) {
  BOOKCHAIN_TRY(const auto size, source.size());
  if (size != package_size(book)) {
    return wrong_package("the package is not of the size that the book gives");
  }
  const auto unfinished = unfinished_package(exchange);
  BOOKCHAIN_CHECK(make_directory(unfinished.parent_path()));
  BOOKCHAIN_CHECK(check_space(unfinished.parent_path(), *size));
  Unfinished guard(unfinished);
  BOOKCHAIN_TRY(auto out, BufferedWriter::create(unfinished));
  Bytes start(package_magic.size() + 8);
  BOOKCHAIN_TRY(const auto started, source.read(start));
  const auto count = chunk_count(book);
  Bytes expected(package_magic.begin(), package_magic.end());
  const auto encoded_count = encode(count);
  expected.insert(expected.end(), encoded_count.begin(), encoded_count.end());
  if (started != start.size() || start != expected) return wrong_package("the package has another header");
  BOOKCHAIN_CHECK(out.write(start));
  BOOKCHAIN_TRY(const auto leaves, read_leaves(source, book));
  for (const auto& leaf : leaves) BOOKCHAIN_CHECK(out.write(leaf.view()));
  // What is hashed is what is written: the sender may change its file at any time.
  MerkleAccumulator tree;
  ProgressMeter meter(progress, book.size);
  Bytes buffer;
  for (std::uint64_t index = 0; index < count; ++index) {
    buffer.resize(chunk_length(book, index) + Salt::size + chunk_tag_size);
    BOOKCHAIN_TRY(const auto got, source.read(buffer));
    if (got != buffer.size()) return wrong_package("the package is cut short");
    tree.push(leaf_hash(buffer));
    BOOKCHAIN_CHECK(out.write(buffer));
    BOOKCHAIN_CHECK(meter.advance(chunk_length(book, index)));
  }
  BOOKCHAIN_CHECK(out.finish());
  guard.finish();
  return ReceivedPackage{book.root, tree.root(), count};
}

Result<void> Shelf::keep_package(const ExchangeId& exchange) {
  return rename_durably(unfinished_package(exchange), package_path(exchange));
}

void Shelf::forget_package(const ExchangeId& exchange) { ::unlink(unfinished_package(exchange).c_str()); }

Result<Shelf::Opened> Shelf::open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                          Progress* progress) {
  const auto package = package_path(exchange);
  const auto folder = package.parent_path();
  BOOKCHAIN_TRY(const auto source, open_file(package, O_RDONLY | O_NOFOLLOW));
  (void)::posix_fadvise(source.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  if (::lseek(source.get(), static_cast<off_t>(package_magic.size() + 8), SEEK_SET) < 0) {
    return system_error("cannot read a package", package);
  }
  PackageFileSource own_package(source.get());
  BOOKCHAIN_TRY(const auto leaves, read_leaves(own_package, book));
  BOOKCHAIN_TRY(auto content, BufferedWriter::create(folder / "content.new"));
  BOOKCHAIN_TRY(auto salts, BufferedWriter::create(folder / "salts"));
  BOOKCHAIN_TRY(auto kept_leaves, BufferedWriter::create(folder / "leaves"));
  ChunkCipher cipher(key);
  ProgressMeter meter(progress, book.size);
  Bytes buffer;
  for (std::uint64_t index = 0; index < chunk_count(book); ++index) {
    buffer.resize(chunk_length(book, index) + Salt::size + chunk_tag_size);
    BOOKCHAIN_TRY(const auto got, read_up_to(source.get(), buffer, package));
    if (got != buffer.size()) return wrong_package("the package is cut short");
    auto open = decrypt_chunk(cipher, exchange, book, index, buffer);
    const bool fits = open && chunk_leaf(open.value().salt, open.value().chunk) == leaves[index];
    if (!fits) {
      BOOKCHAIN_CHECK(remove_tree(folder / "content.new"));
      Error wrong{Token::wrong_book, "chunk " + std::to_string(index) + " is not as it was registered", book.title, {}};
      return Opened{std::move(wrong), index};
    }
    BOOKCHAIN_CHECK(content.write(open.value().chunk));
    BOOKCHAIN_CHECK(salts.write(open.value().salt.view()));
    BOOKCHAIN_CHECK(kept_leaves.write(leaves[index].view()));
    BOOKCHAIN_CHECK(meter.advance(open.value().chunk.size()));
  }
  BOOKCHAIN_CHECK(content.finish());
  BOOKCHAIN_CHECK(salts.finish());
  BOOKCHAIN_CHECK(kept_leaves.finish());
  BOOKCHAIN_CHECK(rename_durably(folder / "content.new", folder / "content"));
  return Opened{std::nullopt, std::nullopt};
}

}  // namespace bookchain::ledger
