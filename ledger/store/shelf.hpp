// The shelf: the files of a peer's books and of its running exchanges, below its home. Reads, hashes,
// encrypts and writes in chunks, never a whole book in memory. Decides nothing: what to do comes from
// the rules, and the database alone says what is true; a file without a row is a leftover.
//
//   books/<book id>/content, salts, leaves        a book this peer keeps
//   exchanges/<exchange id>/package               encrypted book with its leaf list
//   exchanges/<exchange id>/content, salts, leaves    decrypted, kept aside until the book is ours
//   work/                                         files in the making, removed by clear_work
#pragma once

#include <boost/filesystem/path.hpp>

#include "ledger/book.hpp"
#include "ledger/node.hpp"

namespace bookchain::ledger {

/// Told of long work as it goes on. Returning false stops the work with token `io`, "interrupted".
class Progress {
 public:
  virtual ~Progress() = default;
  virtual bool advanced(std::uint64_t bytes_done, std::uint64_t bytes_in_all) = 0;
};

class Shelf {
 public:
  /// Makes the folders (mode 0700) if missing. Tokens: `io`, `permission`, `disk-full`.
  [[nodiscard]] static Result<Shelf> open(boost::filesystem::path home);

  /// Removes what a killed process left in work/. Only for the holder of the home's lock.
  [[nodiscard]] Result<void> clear_work();

  struct Measured {
    std::uint64_t size{};
    Hash root;
    std::string draft;  ///< name of the folder in work/ that holds it
  };
  /// Copies a file into work/ chunk by chunk, with salts from `secret`. "-" is not special here.
  /// Tokens: `no-such-file`, `bad-file` (no regular file), `book-too-large`, `io`, `disk-full`, `permission`.
  [[nodiscard]] Result<Measured> draft_from_file(const boost::filesystem::path& file, std::uint32_t chunk_size,
                                                 std::uint64_t most_bytes, const BookSecret& secret,
                                                 Progress* progress = nullptr);
  [[nodiscard]] Result<Measured> draft_from_bytes(ByteView content, std::uint32_t chunk_size, const BookSecret& secret);
  /// A draft becomes books/<id>, durably. Doing it again is no failure.
  [[nodiscard]] Result<void> keep_draft(const std::string& draft, const BookId& book);

  /// Step 2: checks each chunk of a kept book against its leaf, encrypts it, writes the package durably;
  /// gives the ciphertext root. An older package of the exchange is replaced. Tokens: `wrong-book`
  /// (the file on the shelf was changed), `unknown-book`, `io`, `disk-full`.
  [[nodiscard]] Result<Hash> write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                           const BookKey& key, Progress* progress = nullptr);
  [[nodiscard]] boost::filesystem::path package_path(const ExchangeId& exchange) const;

  /// Copies a package that a peer brought into the home, hashing what is written, not what is read
  /// twice: the file it comes from may be changed by its owner at any time. `descriptor` is an open
  /// file. Tokens: `wrong-book` (not of the size and leaves that `book` gives), `io`, `disk-full`.
  [[nodiscard]] Result<ReceivedPackage> take_package(const ExchangeId& exchange, int descriptor, const Book& book,
                                                     Progress* progress = nullptr);

  /// Step 6: decrypts the package, checks every chunk against its leaf and the leaf list against BOOK,
  /// keeps the plaintext aside, durably. The outer result is the environment's, the inner error what is
  /// wrong with the book: `wrong-book`, its subject names the chunk.
  struct Opened {
    std::optional<Error> failure;
    std::optional<std::uint64_t> bad_chunk;
  };
  [[nodiscard]] Result<Opened> open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                            Progress* progress = nullptr);

  /// Does one task of the rules; doing it again is no failure.
  [[nodiscard]] Result<void> perform(const ShelfTask& task);

  /// Writes the plaintext of a kept book to `descriptor`, checking every chunk against its leaf and the
  /// leaves against BOOK. Tokens: `wrong-book`, `unknown-book`, `io`, `disk-full`.
  [[nodiscard]] Result<void> read_book(const BookId& id, const Book& book, int descriptor,
                                       Progress* progress = nullptr) const;
  [[nodiscard]] bool has_book(const BookId& id) const;

 private:
  explicit Shelf(boost::filesystem::path home) : home_(std::move(home)) {}
  boost::filesystem::path home_;
};

}  // namespace bookchain::ledger
