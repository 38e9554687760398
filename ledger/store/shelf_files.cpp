#include "ledger/store/shelf_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>

namespace bookchain::ledger {

namespace fs = boost::filesystem;

namespace {
constexpr std::size_t buffer_bytes = std::size_t{1} << 20U;
constexpr std::uint64_t tell_every_bytes = std::uint64_t{4} << 20U;
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
  if (bytes.size() >= buffer_bytes) {
    BOOKCHAIN_CHECK(flush());
    return write_all(file_.get(), bytes, path_);
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (buffer_.size() >= buffer_bytes) return flush();
  return success();
}

Result<void> BufferedWriter::finish() {
  BOOKCHAIN_CHECK(flush());
  return sync_file(file_.get(), path_);
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

Result<std::vector<Hash>> read_leaves(PackageSource& source, const Book& book) {
  const Error wrong{Token::wrong_book, "the leaf list does not fit the registered book", book.title, {}};
  std::vector<Hash> leaves(chunk_count(book));
  MerkleAccumulator tree;
  Bytes buffer(std::min<std::size_t>(leaves.size(), 4096) * Hash::size);
  for (std::size_t done = 0; done < leaves.size();) {
    const auto wanted = std::min(buffer.size(), (leaves.size() - done) * Hash::size);
    BOOKCHAIN_TRY(const auto got, source.read(std::span(buffer).first(wanted)));
    if (got != wanted) return wrong;
    for (std::size_t at = 0; at < got; at += Hash::size, ++done) {
      std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(at), Hash::size, leaves[done].bytes.begin());
      tree.push(leaves[done]);
    }
  }
  if (tree.root() != book.root) return wrong;
  return leaves;
}

Result<KeptBook> KeptBook::open(const fs::path& folder, const Book& book) {
  boost::system::error_code ignored;
  if (!fs::exists(folder / "content", ignored)) {
    return Error{Token::unknown_book, "the book is not on the shelf of this peer", book.title, {}};
  }
  BOOKCHAIN_TRY(auto content, open_file(folder / "content", O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(auto salts, open_file(folder / "salts", O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(const auto leaves, open_file(folder / "leaves", O_RDONLY | O_NOFOLLOW));
  (void)::posix_fadvise(content.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  KeptBook kept(folder, book, std::move(content), std::move(salts));
  PackageFileSource leaf_list(leaves.get());
  BOOKCHAIN_TRY(kept.leaves_, read_leaves(leaf_list, book));
  return kept;
}

Result<const KeptBook::Chunk*> KeptBook::next() {
  const Error wrong{
      Token::wrong_book, "the book on the shelf was changed: chunk " + std::to_string(index_), book_.title, {}};
  chunk_.bytes.resize(chunk_length(book_, index_));
  BOOKCHAIN_TRY(const auto got, read_up_to(content_.get(), chunk_.bytes, folder_ / "content"));
  BOOKCHAIN_TRY(const auto salted, read_up_to(salts_.get(), chunk_.salt.bytes, folder_ / "salts"));
  if (got != chunk_.bytes.size() || salted != Salt::size) return wrong;
  chunk_.leaf = leaves_[index_];
  if (chunk_leaf(chunk_.salt, chunk_.bytes) != chunk_.leaf) return wrong;
  ++index_;
  const Chunk* chunk = &chunk_;
  return chunk;
}

Result<void> ProgressMeter::advance(std::uint64_t bytes) {
  done_ += bytes;
  if (progress_ == nullptr || (done_ - told_ < tell_every_bytes && done_ != in_all_)) return success();
  told_ = done_;
  if (progress_->advanced(done_, in_all_)) return success();
  return Error{Token::io, "interrupted", {}, {}};
}

}  // namespace bookchain::ledger
