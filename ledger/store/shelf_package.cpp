// Packages on the shelf: an encrypted book with its leaf list, written by the owner and taken in by the requester.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {

/// A smaller package is made anew sooner than its key is made durable.
constexpr std::uint64_t resumable_bytes = std::uint64_t{16} << 20U;

/// A package that cannot fit is not begun: other programs need the space that is left.
Result<void> check_space(const fs::path& folder, std::uint64_t size) {
  boost::system::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= size) return success();
  return Error{
      Token::disk_full, "no space is left for a package of " + std::to_string(size) + " bytes", folder.string(), {}};
}

Error wrong_package(std::string what) { return Error{Token::wrong_book, std::move(what), "package", {}}; }

/// Step 2: chunks are checked against their leaves, encrypted, hashed and written. What an earlier attempt wrote
/// under the same key is kept where it decrypts: with this key nobody but this peer can have encrypted it, and it
/// encrypted only what fitted its leaf.
class PackageWriting final : public PieceWork {
 public:
  PackageWriting(KeptBook& kept, const Book& book, const ExchangeId& exchange, const BookKey& key, PlacedFile& out,
                 Progress* progress)
      : kept_(kept),
        book_(book),
        exchange_(exchange),
        ciphers_{ChunkCipher(key), ChunkCipher(key)},
        layout_(book.chunk_size),
        out_(out),
        meter_(progress, book.size) {}

  [[nodiscard]] Result<bool> next(Piece& piece) override { return kept_.next(piece); }

  [[nodiscard]] Result<void> work(Piece& piece) override {
    bool all_there = true;
    for (std::size_t i = 0; i < piece.count; ++i) {
      BOOKCHAIN_TRY(const auto there, is_there(piece, i));
      if (!there) BOOKCHAIN_CHECK(make(piece, i));
      all_there = all_there && there;
      piece.hashes[i] = leaf_hash(layout_.encrypted(piece, i));
    }
    if (all_there) return success();
    return out_.write(piece.encrypted, package_chunk_offset(book_, piece.first));
  }

  [[nodiscard]] Result<void> finish(Piece& piece) override {
    for (const auto& hash : piece.hashes) tree_.push(hash);
    out_.complete_to(package_chunk_offset(book_, piece.first + piece.count));
    return meter_.advance(PieceLayout::plain_bytes(piece));
  }

  [[nodiscard]] Hash root() const { return tree_.root(); }

 private:
  [[nodiscard]] bool is_last(std::uint64_t index) const { return index + 1 == chunk_count(book_); }

  [[nodiscard]] Result<bool> is_there(Piece& piece, std::size_t i) {
    const auto index = piece.first + i;
    if (out_.left_behind() < package_chunk_offset(book_, index + 1)) return false;
    const auto encrypted = layout_.encrypted(piece, i);
    BOOKCHAIN_TRY(const auto whole, out_.read(encrypted, package_chunk_offset(book_, index)));
    return whole && decrypt_salted(ciphers_[piece.worker], exchange_, index, is_last(index), encrypted,
                                   layout_.salted(piece, i));
  }

  [[nodiscard]] Result<void> make(Piece& piece, std::size_t i) {
    const auto index = piece.first + i;
    BOOKCHAIN_CHECK(kept_.load(piece, i));
    encrypt_salted(ciphers_[piece.worker], exchange_, index, is_last(index), layout_.salted(piece, i),
                   layout_.encrypted(piece, i));
    return success();
  }

  KeptBook& kept_;
  const Book& book_;
  const ExchangeId& exchange_;
  std::array<ChunkCipher, most_workers> ciphers_;
  PieceLayout layout_;
  PlacedFile& out_;
  MerkleAccumulator tree_;
  ProgressMeter meter_;
};

/// Step 3: the encrypted chunks of a package are hashed, and written if it is a copy. What is hashed is what is
/// written: the sender may change its own file at any time.
class PackageTaking final : public PieceWork {
 public:
  PackageTaking(PackageSource& source, const Book& book, PlacedFile* copy, Progress* progress)
      : source_(source), book_(book), layout_(book.chunk_size), copy_(copy), meter_(progress, book.size) {}

  [[nodiscard]] Result<bool> next(Piece& piece) override {
    if (!layout_.take_up(piece, book_, next_)) return false;
    BOOKCHAIN_TRY(const auto got, source_.read(piece.encrypted));
    if (got != piece.encrypted.size()) return wrong_package("the package is cut short");
    return true;
  }
  [[nodiscard]] Result<void> work(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) piece.hashes[i] = leaf_hash(layout_.encrypted(piece, i));
    if (copy_ == nullptr) return success();
    return copy_->write(piece.encrypted, package_chunk_offset(book_, piece.first));
  }
  [[nodiscard]] Result<void> finish(Piece& piece) override {
    for (const auto& hash : piece.hashes) tree_.push(hash);
    if (copy_ != nullptr) copy_->complete_to(package_chunk_offset(book_, piece.first + piece.count));
    return meter_.advance(PieceLayout::plain_bytes(piece));
  }
  [[nodiscard]] Hash root() const { return tree_.root(); }

 private:
  PackageSource& source_;
  const Book& book_;
  PieceLayout layout_;
  PlacedFile* copy_;
  std::uint64_t next_{};
  MerkleAccumulator tree_;
  ProgressMeter meter_;
};

/// Reads a package from its first byte to its last, into a copy if there is one to be.
Result<ReceivedPackage> measure_package(PackageSource& source, const Book& book, PlacedFile* copy, Progress* progress) {
  const auto expected = package_head(book);
  auto head = expected;
  BOOKCHAIN_TRY(const auto got, source.read(head));
  if (got != head.size() || head != expected) return wrong_package("the package has another header");
  if (copy != nullptr) BOOKCHAIN_CHECK(copy->write(head, 0));
  auto place = static_cast<std::uint64_t>(head.size());
  BOOKCHAIN_CHECK(pass_leaves(source, book, [&](ByteView leaves) -> Result<void> {
    if (copy != nullptr) BOOKCHAIN_CHECK(copy->write(leaves, place));
    place += leaves.size();
    return success();
  }));
  PackageTaking taking(source, book, copy, progress);
  BOOKCHAIN_CHECK(do_pieces(taking, book.size));
  return ReceivedPackage{book.root, taking.root(), chunk_count(book)};
}

/// A package that lies in the home already, where nobody else can reach it.
Result<ReceivedPackage> measure_moved(const fs::path& package, const Book& book, Progress* progress) {
  // Its sender may have put something else in its place before it was moved, or have kept a way to this one.
  const auto wrong = wrong_package("the package is not what its sender showed");
  boost::system::error_code ignored;
  if (fs::symlink_status(package, ignored).type() != fs::regular_file) return wrong;
  BOOKCHAIN_TRY(const auto file, open_file(package, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!is_ours_alone(file.get())) return wrong;
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  PackageFileSource source(file.get());
  BOOKCHAIN_TRY(const auto size, source.size());
  if (size != package_size(book)) return wrong_package("the package is not of the size that the book gives");
  BOOKCHAIN_TRY(const auto received, measure_package(source, book, nullptr, progress));
  BOOKCHAIN_CHECK(sync_file(file.get(), package));
  return received;
}

/// A package that was moved into the home, and that the state may not know of.
class MovedPackage final : public PackageSource {
 public:
  MovedPackage(Descriptor file, fs::path path) : file_(std::move(file)), source_(file_.get()), path_(std::move(path)) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override { return source_.size(); }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return source_.read(bytes); }
  [[nodiscard]] bool move_to(const fs::path& target) override {
    return target == path_ || ::rename(path_.c_str(), target.c_str()) == 0;
  }

 private:
  Descriptor file_;
  PackageFileSource source_;
  fs::path path_;
};

}  // namespace

fs::path Shelf::exchange_file(const ExchangeId& exchange, const char* file) const {
  return home_ / "exchanges" / to_hex(exchange) / file;
}

fs::path Shelf::package_path(const ExchangeId& exchange) const { return exchange_file(exchange, "package"); }

std::optional<BookKey> Shelf::begun_key(const ExchangeId& exchange) const {
  boost::system::error_code ignored;
  if (!fs::exists(exchange_file(exchange, "package.new"), ignored)) return std::nullopt;
  const auto bytes = read_small_file(exchange_file(exchange, "package.key"), BookKey::size);
  if (!bytes || bytes.value().size() != BookKey::size) return std::nullopt;
  BookKey key;
  std::ranges::copy(bytes.value(), key.bytes.begin());
  return key;
}

Result<Hash> Shelf::write_package(const BookId& id, const Book& book, const ExchangeId& exchange, const BookKey& key,
                                  Progress* progress) {
  BOOKCHAIN_TRY(auto kept, KeptBook::open(home_ / "books" / to_hex(id), book));
  const auto path = exchange_file(exchange, "package.new");
  const auto key_path = exchange_file(exchange, "package.key");
  BOOKCHAIN_CHECK(make_directory(path.parent_path()));
  const bool goes_on = begun_key(exchange) == key;
  Unfinished package_guard(path);
  Unfinished key_guard(key_path);
  if (!goes_on && package_size(book) >= resumable_bytes) {
    BOOKCHAIN_CHECK(remove_tree(path));
    BOOKCHAIN_CHECK(write_file_durably(key_path, key.view(), 0600));
  }
  BOOKCHAIN_TRY(auto out, PlacedFile::open(path, goes_on));
  const auto head = package_head(book);
  BOOKCHAIN_CHECK(out.write(head, 0));
  auto place = static_cast<std::uint64_t>(head.size());
  BOOKCHAIN_CHECK(kept.copy_leaves([&](ByteView leaves) -> Result<void> {
    BOOKCHAIN_CHECK(out.write(leaves, place));
    place += leaves.size();
    return success();
  }));
  PackageWriting writing(kept, book, exchange, key, out, progress);
  if (auto written = do_pieces(writing, book.size); !written) {
    package_guard.keep_if_interrupted(written.error());
    key_guard.keep_if_interrupted(written.error());
    return std::move(written).as_failure();
  }
  BOOKCHAIN_CHECK(out.finish(package_size(book)));
  BOOKCHAIN_CHECK(rename_durably(path, package_path(exchange)));
  package_guard.keep();
  return writing.root();
}

std::unique_ptr<PackageSource> Shelf::moved_package(const ExchangeId& exchange) const {
  // It got its last name before the commit that makes it known.
  for (const auto* name : {"package.moved", "package"}) {
    auto path = exchange_file(exchange, name);
    auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file) return std::make_unique<MovedPackage>(std::move(file).value(), std::move(path));
  }
  return nullptr;
}

Result<ReceivedPackage> Shelf::take_package(const ExchangeId& exchange, PackageSource& source, const Book& book,
                                            Progress* progress) {
  BOOKCHAIN_TRY(const auto size, source.size());
  if (size != package_size(book)) {
    return wrong_package("the package is not of the size that the book gives");
  }
  const auto in_home = exchange_file(exchange, "package.moved");
  BOOKCHAIN_CHECK(make_directory(in_home.parent_path()));
  if (source.move_to(in_home)) {
    auto received = measure_moved(in_home, book, progress);
    // Whatever else failed may succeed when it is tried again, and it lies nowhere else.
    if (!received && received.error().token == Token::wrong_book) (void)remove_tree(in_home);
    return received;
  }
  BOOKCHAIN_CHECK(check_space(in_home.parent_path(), *size));
  BOOKCHAIN_CHECK(remove_tree(in_home));
  const auto copy = exchange_file(exchange, "package.new");
  Unfinished guard(copy);
  BOOKCHAIN_TRY(auto out, PlacedFile::open(copy, false));
  BOOKCHAIN_TRY(const auto received, measure_package(source, book, &out, progress));
  BOOKCHAIN_CHECK(out.finish(*size));
  guard.keep();
  return received;
}

Result<void> Shelf::keep_package(const ExchangeId& exchange) {
  boost::system::error_code ignored;
  const auto in_home = exchange_file(exchange, "package.moved");
  const bool was_moved = fs::exists(in_home, ignored);
  return rename_durably(was_moved ? in_home : exchange_file(exchange, "package.new"), package_path(exchange));
}

void Shelf::forget_package(const ExchangeId& exchange) {
  for (const auto* file : {"package.new", "package.moved"}) (void)remove_tree(exchange_file(exchange, file));
}

}  // namespace bookchain::ledger
