// What the courier needs of a shelf of books: packages written, taken and opened, and the tasks that the
// rules leave for after a commit. Shelf keeps them in files; the simulator has its own.
#pragma once

#include <boost/filesystem/path.hpp>
#include <memory>

#include "ledger/book.hpp"
#include "ledger/node.hpp"

namespace bookchain::ledger {

/// Told of long work as it goes on: once with nothing done, then every MiB or so, at last with all of it, one call at
/// a time, from whichever thread did the work. Returning false stops the work with token `interrupted`.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;
  virtual bool advanced(std::uint64_t bytes_done, std::uint64_t bytes_in_all) = 0;
};

/// A package that a peer brought, read once from front to back. Its bytes may change while they are read.
class PackageSource {
 public:
  PackageSource() = default;
  PackageSource(const PackageSource&) = delete;
  PackageSource& operator=(const PackageSource&) = delete;
  virtual ~PackageSource() = default;
  /// Bytes in all, or nothing if this is no regular file.
  [[nodiscard]] virtual Result<std::optional<std::uint64_t>> size() = 0;
  /// Fills `bytes` unless the package ends before; gives how many were read. Token `io`.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::uint8_t> bytes) = 0;
  /// Moves the file itself to `target`, which saves copying it, if it seems that nobody else can reach it then; gives
  /// whether it did. What lies there afterwards may be another file: the sender owns the folder it came from.
  [[nodiscard]] virtual bool move_to(const boost::filesystem::path& /*target*/) { return false; }
};

/// What came of opening a package. The environment's failures are not in here.
struct OpenedPackage {
  std::optional<Error> failure;            ///< `wrong-book`: what is wrong with the book
  std::optional<std::uint64_t> bad_chunk;  ///< the chunk, where it is one
};

/// A package that lies in the home: a file, or bytes of the state where it is small.
struct KeptPackage {
  boost::filesystem::path file;
  std::optional<Bytes> bytes;
};

class PackageStore {
 public:
  PackageStore() = default;
  PackageStore(const PackageStore&) = default;
  PackageStore& operator=(const PackageStore&) = default;
  PackageStore(PackageStore&&) = default;
  PackageStore& operator=(PackageStore&&) = default;
  virtual ~PackageStore() = default;

  /// Step 2: checks each chunk of a kept book against its leaf, encrypts it, writes the package durably;
  /// gives the ciphertext root. An older package of the exchange is replaced. Tokens: `wrong-book`
  /// (the file on the shelf was changed), `no-such-file` (it is gone), `io`, `disk-full`, `interrupted`. What an
  /// earlier call with the same key left when it was killed or interrupted is checked and gone on with.
  [[nodiscard]] virtual Result<Hash> write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                                   const BookKey& key, Progress* progress) = 0;
  /// The key under which a package was begun and not finished; a grant that goes on with it must take that key.
  [[nodiscard]] virtual std::optional<BookKey> begun_key(const ExchangeId& /*exchange*/) const { return std::nullopt; }
  /// The package of an exchange, if it is here.
  [[nodiscard]] virtual std::optional<KeptPackage> package(const ExchangeId& exchange) const = 0;
  /// Brings a package that a peer delivered into the home, beside the one that is kept for this exchange: moves it
  /// if it is this user's and nobody else can change it, else copies it, and hashes what lies in the home then, not
  /// what is read twice. One that is false or does not fit leaves nothing behind. Tokens: `wrong-book`
  /// (not of the size and leaves that `book` gives), `io`, `disk-full`, `interrupted`.
  [[nodiscard]] virtual Result<ReceivedPackage> take_package(const ExchangeId& exchange, PackageSource& source,
                                                             const Book& book, Progress* progress) = 0;
  /// The package that was moved in by a process that was killed before its commit, so that the state does not know of
  /// it; null if there is none. It lies nowhere else any more.
  [[nodiscard]] virtual std::unique_ptr<PackageSource> moved_package(const ExchangeId& /*exchange*/) const {
    return nullptr;
  }
  /// What was taken last becomes the package of the exchange, durably. Token `io`.
  [[nodiscard]] virtual Result<void> keep_package(const ExchangeId& exchange) = 0;
  /// Removes what was taken and not kept.
  virtual void forget_package(const ExchangeId& exchange) = 0;
  /// Step 6: decrypts the package, checks every chunk against its leaf and the leaf list against BOOK,
  /// keeps the plaintext aside, durably. The outer result is the environment's: `io`, `disk-full`, `interrupted`.
  /// What an earlier call left when it was killed or interrupted is checked and gone on with.
  [[nodiscard]] virtual Result<OpenedPackage> open_package(const Book& book, const ExchangeId& exchange,
                                                           const BookKey& key, Progress* progress) = 0;
  /// Section 5: the first chunk of a package that does not decrypt or is not the registered one, with its paths.
  /// Tokens: `unexpected` (every chunk is as registered), `no-such-file`, `bad-file`, `io`.
  [[nodiscard]] virtual Result<BadChunk> prove_bad_chunk(const Book& book, const ExchangeId& exchange,
                                                         const BookKey& key) const = 0;
  /// Whether a task is a matter of rows of the state alone, and may be done in the transaction that asks for it.
  [[nodiscard]] virtual bool is_of_rows(const ShelfTask& /*task*/) const { return false; }
  /// Does one task of the rules; doing it again is no failure.
  [[nodiscard]] virtual Result<void> perform(const ShelfTask& task) = 0;
};

}  // namespace bookchain::ledger
