// BAD-CHUNK (docs/protocol.md, section 5): the proof that a package does not hold the registered book.
#pragma once

#include "ledger/book.hpp"
#include "ledger/merkle.hpp"

namespace bookchain::ledger {

/// Is shown the encrypted chunks of a package in order and keeps the first that does not decrypt or has another leaf
/// than the registered one. Holds 64 bytes a chunk and one chunk, never the book.
class BadChunkFinder {
 public:
  /// `leaves` are those of the book: their root is `book.root`. Keeps a reference to `book`.
  BadChunkFinder(const Book& book, const ExchangeId& exchange, const BookKey& key, std::vector<Hash> leaves)
      : book_(book), exchange_(exchange), key_(key), cipher_(key), leaves_(std::move(leaves)) {}

  /// The next chunk, tag included.
  void push(ByteView ciphertext);
  /// After the last chunk: the proof, or nothing if every chunk is as it was registered.
  [[nodiscard]] std::optional<BadChunk> finish() const;

 private:
  const Book& book_;
  ExchangeId exchange_;
  BookKey key_;
  ChunkCipher cipher_;
  std::vector<Hash> leaves_;
  std::vector<Hash> encrypted_;
  std::optional<BadChunk> found_;
};

}  // namespace bookchain::ledger
