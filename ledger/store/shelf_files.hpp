// Parts of the shelf: writers of files, a checked reader of a kept book, and a meter for progress. Internal to the
// store.
#pragma once

#include <cstddef>
#include <functional>

#include "ledger/merkle.hpp"
#include "ledger/store/files.hpp"
#include "ledger/store/piece_work.hpp"
#include "ledger/store/shelf.hpp"

namespace bookchain::ledger {

/// Writes a new file from front to back in large parts; finish() makes its content durable.
class BufferedWriter {
 public:
  [[nodiscard]] static Result<BufferedWriter> create(boost::filesystem::path path);
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<void> finish();

 private:
  BufferedWriter(Descriptor file, boost::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}
  [[nodiscard]] Result<void> flush();
  Descriptor file_;
  boost::filesystem::path path_;
  Bytes buffer_;
};

/// A file that several threads write, each at its places. What is complete goes to the disk while the rest is made,
/// so that finish(), which makes all of it durable, has little left to wait for.
class PlacedFile {
 public:
  /// Makes the file, or opens what an earlier attempt left of it if `go_on`.
  [[nodiscard]] static Result<PlacedFile> open(boost::filesystem::path path, bool go_on);
  /// Bytes that an earlier attempt left.
  [[nodiscard]] std::uint64_t left_behind() const { return left_behind_; }
  [[nodiscard]] Result<void> write(ByteView bytes, std::uint64_t place) const {
    return write_at(file_.get(), bytes, place, path_);
  }
  /// False if the file ends before.
  [[nodiscard]] Result<bool> read(std::span<std::uint8_t> bytes, std::uint64_t place) const;
  /// All below `place` is written.
  void complete_to(std::uint64_t place);
  [[nodiscard]] Result<void> finish(std::uint64_t size) const;

 private:
  PlacedFile(Descriptor file, boost::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}
  Descriptor file_;
  boost::filesystem::path path_;
  std::uint64_t left_behind_{};
  std::uint64_t begun_{};  ///< all below is on its way to the disk
};

/// Removes a file in the making, unless it was finished or is to be gone on with.
class Unfinished {
 public:
  explicit Unfinished(boost::filesystem::path path) : path_(std::move(path)) {}
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void keep() { kept_ = true; }
  /// Keeps it if the failure is no more than an interruption.
  void keep_if_interrupted(const Error& failure) { kept_ = failure.token == Token::interrupted; }

 private:
  boost::filesystem::path path_;
  bool kept_ = false;
};

/// A kept book, read by several threads, every chunk checked against its leaf and the leaves against BOOK.
class KeptBook {
 public:
  /// Checks the leaves. Tokens: `no-such-file`, `wrong-book`, `io`.
  [[nodiscard]] static Result<KeptBook> open(const boost::filesystem::path& folder, const Book& book);
  /// The leaf list, once more, to a sink.
  [[nodiscard]] Result<void> copy_leaves(const std::function<Result<void>(ByteView)>& sink) const;
  /// Takes up the next chunks and their leaves; see PieceWork::next. Token `wrong-book` at the end if the leaves are
  /// not those that were checked.
  [[nodiscard]] Result<bool> next(Piece& piece);
  /// Reads chunk `i` of a piece with its salt. Token `wrong-book` if it does not fit its leaf.
  [[nodiscard]] Result<void> load(Piece& piece, std::size_t i) const;

 private:
  KeptBook(boost::filesystem::path folder, Book book)
      : folder_(std::move(folder)), book_(std::move(book)), layout_(book_.chunk_size) {}
  boost::filesystem::path folder_;
  Book book_;
  PieceLayout layout_;
  Descriptor content_;
  Descriptor salts_;
  Descriptor leaves_;
  std::uint64_t next_{};
  MerkleAccumulator used_;
};

/// Tells a Progress, at the beginning and at every MiB; turns its wish to stop into an error.
class ProgressMeter {
 public:
  ProgressMeter(Progress* progress, std::uint64_t in_all);
  [[nodiscard]] Result<void> advance(std::uint64_t bytes);

 private:
  Progress* progress_;
  std::uint64_t in_all_;
  std::uint64_t done_{};
  std::uint64_t told_{};
  bool stopped_ = false;
};

/// Passes the leaf list of a book on, from the present place of the source. Token `wrong-book` if its root is not
/// the book's, or it is cut short; much of it may have been passed on then.
[[nodiscard]] Result<void> pass_leaves(PackageSource& source, const Book& book,
                                       const std::function<Result<void>(ByteView)>& sink);
/// The same as a list.
[[nodiscard]] Result<std::vector<Hash>> read_leaves(PackageSource& source, const Book& book);
/// Reads the leaves of a piece from a leaf list that begins at `list` of a file, and adds them to `tree`. False if the
/// file ends before.
[[nodiscard]] Result<bool> read_leaves_of(Piece& piece, int file, std::uint64_t list,
                                          const boost::filesystem::path& shown, MerkleAccumulator& tree);

}  // namespace bookchain::ledger
