// Parts of the shelf: a buffered writer of a new file, a checked reader of a kept book, and a meter for
// progress. Internal to the store.
#pragma once

#include <cstddef>

#include "ledger/store/files.hpp"
#include "ledger/store/shelf.hpp"

namespace bookchain::ledger {

/// Writes a new file in large pieces; finish() makes its content durable.
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

/// Reads a kept book chunk by chunk and checks every chunk against its leaf; the leaves were checked
/// against BOOK when it was opened.
class KeptBook {
 public:
  struct Chunk {
    Salt salt;
    Hash leaf;
    Bytes bytes;
  };
  /// Tokens: `unknown-book`, `wrong-book`, `io`.
  [[nodiscard]] static Result<KeptBook> open(const boost::filesystem::path& folder, const Book& book);
  /// The next chunk, valid until the next call. Precondition: fewer than chunk_count calls so far.
  [[nodiscard]] Result<const Chunk*> next();
  [[nodiscard]] const std::vector<Hash>& leaves() const { return leaves_; }

 private:
  KeptBook(const boost::filesystem::path& folder, const Book& book, Descriptor content, Descriptor salts)
      : folder_(folder), book_(book), content_(std::move(content)), salts_(std::move(salts)) {}
  boost::filesystem::path folder_;
  Book book_;
  Descriptor content_;
  Descriptor salts_;
  std::vector<Hash> leaves_;
  std::uint64_t index_{};
  Chunk chunk_;
};

/// Tells a Progress, at every few MiB; turns its wish to stop into an error.
class ProgressMeter {
 public:
  ProgressMeter(Progress* progress, std::uint64_t in_all) : progress_(progress), in_all_(in_all) {}
  [[nodiscard]] Result<void> advance(std::uint64_t bytes);

 private:
  Progress* progress_;
  std::uint64_t in_all_;
  std::uint64_t done_{};
  std::uint64_t told_{};
};

/// The leaf list of a book, from the present place of the source on. Token `wrong-book` if its root is not
/// the book's, or it is cut short.
[[nodiscard]] Result<std::vector<Hash>> read_leaves(PackageSource& source, const Book& book);

}  // namespace bookchain::ledger
