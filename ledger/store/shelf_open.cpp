// Step 6 on the shelf: a package becomes plaintext, every chunk of it checked.
#include <fcntl.h>
#include <unistd.h>

#include "ledger/store/shelf_files.hpp"

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {

/// The files of the plaintext in the making. What an earlier attempt left in them is kept where it fits its leaf.
struct OpenedFiles {
  PlacedFile content;
  PlacedFile salts;

  [[nodiscard]] static Result<OpenedFiles> open(const fs::path& folder) {
    BOOKCHAIN_TRY(auto content, PlacedFile::open(folder / "content.new", true));
    BOOKCHAIN_TRY(auto salts, PlacedFile::open(folder / "salts", true));
    return OpenedFiles{std::move(content), std::move(salts)};
  }
};

class PackageOpening final : public PieceWork {
 public:
  PackageOpening(int package, const Book& book, const ExchangeId& exchange, const BookKey& key, OpenedFiles& files,
                 Progress* progress)
      : package_(package),
        book_(book),
        exchange_(exchange),
        ciphers_{ChunkCipher(key), ChunkCipher(key)},
        layout_(book.chunk_size),
        files_(files),
        meter_(progress, book.size) {}

  [[nodiscard]] Result<bool> next(Piece& piece) override {
    if (!layout_.take_up(piece, book_, next_)) {
      if (used_.root() != book_.root) return cut_short();
      return false;
    }
    BOOKCHAIN_TRY(const auto whole, read_leaves_of(piece, package_, package_head_bytes, "package", used_));
    if (!whole) return cut_short();
    return true;
  }

  [[nodiscard]] Result<void> work(Piece& piece) override {
    for (std::size_t i = 0; i < piece.count; ++i) {
      BOOKCHAIN_TRY(const auto there, is_there(piece, i));
      if (there) continue;
      BOOKCHAIN_TRY(const auto is_registered, open(piece, i));
      if (is_registered) continue;
      piece.bad = piece.first + i;
      break;
    }
    return success();
  }

  /// Token `wrong-book` at the first chunk that is not the registered one: bad_chunk() says which.
  [[nodiscard]] Result<void> finish(Piece& piece) override {
    if (piece.bad) {
      bad_chunk_ = piece.bad;
      const auto what = "chunk " + std::to_string(*piece.bad) + " is not as it was registered";
      return Error{Token::wrong_book, what, book_.title, {}};
    }
    files_.content.complete_to((piece.first + piece.count - 1) * book_.chunk_size + piece.sizes.back());
    return meter_.advance(PieceLayout::plain_bytes(piece));
  }

  [[nodiscard]] std::optional<std::uint64_t> bad_chunk() const { return bad_chunk_; }

  static Error cut_short() { return Error{Token::bad_file, "the package in the home was changed", "package", {}}; }

 private:
  [[nodiscard]] Result<bool> is_there(Piece& piece, std::size_t i) {
    const auto index = piece.first + i;
    const auto end = index * book_.chunk_size + piece.sizes[i];
    if (files_.content.left_behind() < end || files_.salts.left_behind() < (index + 1) * Salt::size) return false;
    const auto salted = layout_.salted(piece, i);
    BOOKCHAIN_TRY(const auto content, files_.content.read(layout_.chunk(piece, i), index * book_.chunk_size));
    BOOKCHAIN_TRY(const auto salt, files_.salts.read(salted.first(Salt::size), index * Salt::size));
    return content && salt && leaf_hash(salted) == piece.leaves[i];
  }

  /// False if it is not the registered chunk.
  [[nodiscard]] Result<bool> open(Piece& piece, std::size_t i) {
    const auto index = piece.first + i;
    const auto encrypted = layout_.encrypted(piece, i);
    const auto salted = layout_.salted(piece, i);
    BOOKCHAIN_TRY(const auto got, read_at(package_, encrypted, package_chunk_offset(book_, index), "package"));
    if (got != encrypted.size()) return cut_short();
    const bool last = index + 1 == chunk_count(book_);
    if (!decrypt_salted(ciphers_[piece.worker], exchange_, index, last, encrypted, salted) ||
        leaf_hash(salted) != piece.leaves[i]) {
      return false;
    }
    BOOKCHAIN_CHECK(files_.salts.write(salted.first(Salt::size), index * Salt::size));
    BOOKCHAIN_CHECK(files_.content.write(layout_.chunk(piece, i), index * book_.chunk_size));
    return true;
  }

  int package_;
  const Book& book_;
  const ExchangeId& exchange_;
  std::array<ChunkCipher, most_workers> ciphers_;
  PieceLayout layout_;
  OpenedFiles& files_;
  std::uint64_t next_{};
  MerkleAccumulator used_;
  std::optional<std::uint64_t> bad_chunk_;
  ProgressMeter meter_;
};

/// The leaf list that a package begins with, checked, into a file of its own.
Result<void> write_leaves(int package, const Book& book, const fs::path& target) {
  if (::lseek(package, static_cast<off_t>(package_head_bytes), SEEK_SET) < 0) {
    return system_error("cannot read a package", "package");
  }
  PackageFileSource source(package);
  BOOKCHAIN_TRY(auto leaves, BufferedWriter::create(target));
  BOOKCHAIN_CHECK(pass_leaves(source, book, [&](ByteView part) { return leaves.write(part); }));
  return leaves.finish();
}

}  // namespace

Result<OpenedPackage> Shelf::open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                          Progress* progress) {
  const auto path = package_path(exchange);
  const auto folder = path.parent_path();
  BOOKCHAIN_TRY(const auto package, open_file(path, O_RDONLY | O_NOFOLLOW));
  (void)::posix_fadvise(package.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  BOOKCHAIN_CHECK(write_leaves(package.get(), book, folder / "leaves"));
  Unfinished guard(folder / "content.new");
  BOOKCHAIN_TRY(auto files, OpenedFiles::open(folder));
  PackageOpening opening(package.get(), book, exchange, key, files, progress);
  if (auto opened = do_pieces(opening, book.size); !opened) {
    guard.keep_if_interrupted(opened.error());
    if (!opening.bad_chunk()) return std::move(opened).as_failure();
    return OpenedPackage{std::move(opened).error(), opening.bad_chunk()};
  }
  BOOKCHAIN_CHECK(files.content.finish(book.size));
  BOOKCHAIN_CHECK(files.salts.finish(chunk_count(book) * Salt::size));
  BOOKCHAIN_CHECK(rename_durably(folder / "content.new", folder / "content"));
  guard.keep();
  return OpenedPackage{};
}

}  // namespace bookchain::ledger
