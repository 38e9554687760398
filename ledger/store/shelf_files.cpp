#include "ledger/store/shelf_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {
constexpr std::size_t buffer_bytes = std::size_t{1} << 20U;
constexpr std::uint64_t tell_every_bytes = std::uint64_t{1} << 20U;
/// What is handed to the disk at once. Much smaller parts keep it busy with seeking.
constexpr std::uint64_t write_back_bytes = std::uint64_t{16} << 20U;

/// The leaf that begins at that place of a leaf list.
Hash leaf_at(ByteView list, std::size_t place) {
  Hash leaf;
  std::ranges::copy(list.subspan(place, Hash::size), leaf.bytes.begin());
  return leaf;
}

}  // namespace

Result<BufferedWriter> BufferedWriter::create(fs::path path) {
  BOOKCHAIN_TRY(auto file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  BufferedWriter writer(std::move(file), std::move(path));
  return writer;
}

Result<void> BufferedWriter::flush() {
  BOOKCHAIN_CHECK(write_all(file_.get(), buffer_, path_));
  buffer_.clear();
  return success();
}

Result<void> BufferedWriter::write(ByteView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (buffer_.size() >= buffer_bytes) return flush();
  return success();
}

Result<void> BufferedWriter::finish() {
  BOOKCHAIN_CHECK(flush());
  return sync_file(file_.get(), path_);
}

Result<PlacedFile> PlacedFile::open(fs::path path, bool go_on) {
  const int fresh = go_on ? 0 : O_TRUNC;
  BOOKCHAIN_TRY(auto file, open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW | fresh, 0600));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("cannot look at a file", path);
  PlacedFile placed(std::move(file), std::move(path));
  placed.left_behind_ = static_cast<std::uint64_t>(info.st_size);
  return placed;
}

Result<bool> PlacedFile::read(std::span<std::uint8_t> bytes, std::uint64_t place) const {
  BOOKCHAIN_TRY(const auto got, read_at(file_.get(), bytes, place, path_));
  return got == bytes.size();
}

void PlacedFile::complete_to(std::uint64_t place) {
  if (place - begun_ < write_back_bytes) return;
  // Only begins it, and promises nothing: a failure shows when the file is synced.
  (void)::sync_file_range(file_.get(), static_cast<off_t>(begun_), static_cast<off_t>(place - begun_),
                          SYNC_FILE_RANGE_WRITE);
  begun_ = place;
}

Result<void> PlacedFile::finish(std::uint64_t size) const {
  if (left_behind_ > size && ::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    return system_error("cannot cut a file", path_);
  }
  return sync_file(file_.get(), path_);
}

Unfinished::~Unfinished() {
  if (!kept_) ::unlink(path_.c_str());
}

Result<std::optional<std::uint64_t>> PackageFileSource::size() {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return system_error("cannot look at a package", "package");
  if (!S_ISREG(info.st_mode)) return std::optional<std::uint64_t>{};
  return std::optional(static_cast<std::uint64_t>(info.st_size));
}

Result<std::size_t> PackageFileSource::read(std::span<std::uint8_t> bytes) {
  return read_up_to(descriptor_, bytes, "package");
}

Result<void> pass_leaves(PackageSource& source, const Book& book, const std::function<Result<void>(ByteView)>& sink) {
  const Error wrong{Token::wrong_book, "the leaf list does not fit the registered book", book.title, {}};
  const auto count = chunk_count(book);
  MerkleAccumulator tree;
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(count, 4096)) * Hash::size);
  for (std::uint64_t done = 0; done < count;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), (count - done) * Hash::size));
    BOOKCHAIN_TRY(const auto got, source.read(std::span(buffer).first(wanted)));
    if (got != wanted) return wrong;
    for (std::size_t at = 0; at < got; at += Hash::size, ++done) {
      tree.push(leaf_at(buffer, at));
    }
    BOOKCHAIN_CHECK(sink(ByteView(buffer).first(got)));
  }
  if (tree.root() != book.root) return wrong;
  return success();
}

Result<std::vector<Hash>> read_leaves(PackageSource& source, const Book& book) {
  std::vector<Hash> leaves;
  BOOKCHAIN_CHECK(pass_leaves(source, book, [&](ByteView part) -> Result<void> {
    for (std::size_t at = 0; at < part.size(); at += Hash::size) leaves.push_back(leaf_at(part, at));
    return success();
  }));
  return leaves;
}

Result<bool> read_leaves_of(Piece& piece, int file, std::uint64_t list, const fs::path& shown,
                            MerkleAccumulator& tree) {
  Bytes bytes(piece.count * Hash::size);
  BOOKCHAIN_TRY(const auto got, read_at(file, bytes, list + piece.first * Hash::size, shown));
  if (got != bytes.size()) return false;
  for (std::size_t i = 0; i < piece.count; ++i) {
    piece.leaves[i] = leaf_at(bytes, i * Hash::size);
    tree.push(piece.leaves[i]);
  }
  return true;
}

Result<KeptBook> KeptBook::open(const fs::path& folder, const Book& book) {
  boost::system::error_code ignored;
  if (!fs::exists(folder / "content", ignored)) {
    return Error{Token::no_such_file, "the content of the book is gone from the shelf of this peer", book.title,
                 "put it back from a backup: " + folder.string()};
  }
  KeptBook kept(folder, book);
  BOOKCHAIN_TRY(kept.content_, open_file(folder / "content", O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(kept.salts_, open_file(folder / "salts", O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(kept.leaves_, open_file(folder / "leaves", O_RDONLY | O_NOFOLLOW));
  (void)::posix_fadvise(kept.content_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  BOOKCHAIN_CHECK(kept.copy_leaves([](ByteView) { return Result<void>(success()); }));
  return kept;
}

Result<void> KeptBook::copy_leaves(const std::function<Result<void>(ByteView)>& sink) const {
  if (::lseek(leaves_.get(), 0, SEEK_SET) < 0) return system_error("cannot read the leaves of a book", folder_);
  PackageFileSource source(leaves_.get());
  return pass_leaves(source, book_, sink);
}

Result<bool> KeptBook::next(Piece& piece) {
  const Error wrong{Token::wrong_book, "the leaves of the book on the shelf were changed", book_.title, {}};
  if (!layout_.take_up(piece, book_, next_)) {
    if (used_.root() != book_.root) return wrong;
    return false;
  }
  BOOKCHAIN_TRY(const auto whole, read_leaves_of(piece, leaves_.get(), 0, folder_ / "leaves", used_));
  if (!whole) return wrong;
  return true;
}

Result<void> KeptBook::load(Piece& piece, std::size_t i) const {
  const auto index = piece.first + i;
  const auto salted = layout_.salted(piece, i);
  const auto chunk = salted.subspan(Salt::size);
  BOOKCHAIN_TRY(const auto got, read_at(content_.get(), chunk, index * book_.chunk_size, folder_ / "content"));
  BOOKCHAIN_TRY(const auto salt,
                read_at(salts_.get(), salted.first(Salt::size), index * Salt::size, folder_ / "salts"));
  if (got == chunk.size() && salt == Salt::size && leaf_hash(salted) == piece.leaves[i]) return success();
  return Error{Token::wrong_book, "the book on the shelf was changed: chunk " + std::to_string(index), book_.title, {}};
}

ProgressMeter::ProgressMeter(Progress* progress, std::uint64_t in_all) : progress_(progress), in_all_(in_all) {
  stopped_ = progress_ != nullptr && !progress_->advanced(0, in_all_);
}

Result<void> ProgressMeter::advance(std::uint64_t bytes) {
  done_ += bytes;
  const bool tells = progress_ != nullptr && (done_ - told_ >= tell_every_bytes || done_ == in_all_);
  if (tells) {
    told_ = done_;
    stopped_ = !progress_->advanced(done_, in_all_) || stopped_;
  }
  if (!stopped_) return success();
  return Error{Token::interrupted, "interrupted", {}, "nothing is half done: give the command again to go on"};
}

}  // namespace bookchain::ledger
