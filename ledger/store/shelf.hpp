// The shelf: the files of a peer's books and of its running exchanges, below its home. Reads, hashes,
// encrypts and writes in chunks, never a whole book in memory. Decides nothing: what to do comes from
// the rules, and the database alone says what is true; a file without a row is a leftover.
//
//   books/<book id>/content, salts, leaves        a book this peer keeps
//   exchanges/<exchange id>/package               encrypted book with its leaf list
//   exchanges/<exchange id>/package.new           one that is being written, or copied and not yet accepted
//   exchanges/<exchange id>/package.key           the key it is written with, while it is
//   exchanges/<exchange id>/package.moved         one that was moved in and is not yet accepted
//   exchanges/<exchange id>/content, salts, leaves    decrypted, kept aside until the book is ours; content.new
//                                                 while it is being decrypted
//   work/                                         files in the making, finished or removed by clear_work
#pragma once

#include <functional>

#include "ledger/store/package_store.hpp"

namespace bookchain::ledger {

class Shelf final : public PackageStore {
 public:
  /// Makes the folders (mode 0700) if missing. Tokens: `io`, `permission`, `disk-full`.
  [[nodiscard]] static Result<Shelf> open(boost::filesystem::path home);

  /// Whether the state has a row for that book.
  using IsRegistered = std::function<bool(const BookId&)>;
  /// Puts away what a killed process left in work/: a named draft of a registered book is kept, the rest
  /// is removed. Only for the holder of the home's lock.
  [[nodiscard]] Result<void> clear_work(const IsRegistered& is_registered);

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
  /// A draft gets the id of its book as its name, durably. Once the book is registered it will be kept, by
  /// keep_draft or, if this process is killed, by clear_work; if it never is, it leaves nothing behind.
  [[nodiscard]] Result<void> name_draft(const std::string& draft, const BookId& book);
  /// A draft becomes books/<id>, durably. Doing it again is no failure.
  [[nodiscard]] Result<void> keep_draft(const std::string& draft, const BookId& book);

  [[nodiscard]] Result<Hash> write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                           const BookKey& key, Progress* progress = nullptr) override;
  [[nodiscard]] std::optional<BookKey> begun_key(const ExchangeId& exchange) const override;
  [[nodiscard]] std::optional<KeptPackage> package(const ExchangeId& exchange) const override;
  [[nodiscard]] boost::filesystem::path package_path(const ExchangeId& exchange) const;
  [[nodiscard]] Result<ReceivedPackage> take_package(const ExchangeId& exchange, PackageSource& source,
                                                     const Book& book, Progress* progress = nullptr) override;
  [[nodiscard]] std::unique_ptr<PackageSource> moved_package(const ExchangeId& exchange) const override;
  [[nodiscard]] Result<void> keep_package(const ExchangeId& exchange) override;
  void forget_package(const ExchangeId& exchange) override;
  [[nodiscard]] Result<OpenedPackage> open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                                   Progress* progress = nullptr) override;
  [[nodiscard]] Result<BadChunk> prove_bad_chunk(const Book& book, const ExchangeId& exchange,
                                                 const BookKey& key) const override;
  [[nodiscard]] Result<void> perform(const ShelfTask& task) override;

  /// Writes the plaintext of a kept book to `descriptor`, checking every chunk against its leaf and the
  /// leaves against BOOK. Tokens: `wrong-book`, `no-such-file`, `io`, `disk-full`.
  [[nodiscard]] Result<void> read_book(const BookId& id, const Book& book, int descriptor,
                                       Progress* progress = nullptr) const;
  [[nodiscard]] bool has_book(const BookId& id) const;

 private:
  explicit Shelf(boost::filesystem::path home) : home_(std::move(home)) {}
  /// A file in the folder of an exchange.
  [[nodiscard]] boost::filesystem::path exchange_file(const ExchangeId& exchange, const char* file) const;
  boost::filesystem::path home_;
};

/// A package in an open file, for take_package.
class PackageFileSource final : public PackageSource {
 public:
  /// The descriptor stays the caller's.
  explicit PackageFileSource(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override;
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override;

 private:
  int descriptor_;
};

}  // namespace bookchain::ledger
