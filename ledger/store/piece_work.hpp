// The work of a whole book in pieces of about a MiB: reading, hashing, encrypting and writing go on at once, on two
// threads at most, and in memory that does not grow with the book. Internal to the store.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "ledger/book.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
inline constexpr unsigned most_workers = 2;

/// Some chunks, one after another.
struct Piece {
  std::uint64_t first{};             ///< index of the first of them
  std::size_t count{};               ///< how many
  unsigned worker{};                 ///< which thread has it: below most_workers
  std::vector<std::uint32_t> sizes;  ///< of the chunks, in bytes of plaintext
  Bytes salted;                      ///< salt and chunk, salt and chunk, each pair at its own place
  Bytes encrypted;                   ///< the encrypted chunks, without gaps
  std::vector<Hash> leaves;          ///< of the registered chunks
  std::vector<Hash> hashes;          ///< of what was made of the chunks
  std::optional<std::uint64_t> bad;  ///< index of the first chunk that is not the registered one, where work() saw one
};

/// Where the chunks of a book lie in a piece.
class PieceLayout {
 public:
  explicit PieceLayout(std::uint32_t chunk_size) : chunk_size_(chunk_size) {}
  [[nodiscard]] std::size_t chunks_a_piece() const { return std::max<std::size_t>(piece_bytes / chunk_size_, 1); }
  /// The next chunks of a book from `next` on, with room for each; false if there are none. Moves `next` behind them.
  [[nodiscard]] bool take_up(Piece& piece, const Book& book, std::uint64_t& next) const;
  /// Chunk `i` of the piece with its salt before it, and by itself.
  [[nodiscard]] std::span<std::uint8_t> salted(Piece& piece, std::size_t i) const;
  [[nodiscard]] std::span<std::uint8_t> chunk(Piece& piece, std::size_t i) const;
  [[nodiscard]] std::span<std::uint8_t> encrypted(Piece& piece, std::size_t i) const;
  /// Bytes of plaintext in the piece.
  [[nodiscard]] static std::uint64_t plain_bytes(const Piece& piece);

 private:
  std::uint32_t chunk_size_;
};

/// What is done with each piece. The members that next() changes, those that finish() changes and those of each
/// worker are apart from one another.
class PieceWork {
 public:
  PieceWork() = default;
  PieceWork(const PieceWork&) = delete;
  PieceWork& operator=(const PieceWork&) = delete;
  virtual ~PieceWork() = default;
  /// Takes up the next piece; false if there is none. One call at a time, in order.
  [[nodiscard]] virtual Result<bool> next(Piece& piece) = 0;
  /// What takes the time. Several calls at once, each with its own piece and worker.
  [[nodiscard]] virtual Result<void> work(Piece& piece) = 0;
  /// What must happen in order. One call at a time.
  [[nodiscard]] virtual Result<void> finish(Piece& piece) = 0;
};

/// Puts all pieces through the work; gives the failure of the first that failed, after which none is finished.
/// One thread does it all if `bytes`, which need only be estimated, are few.
[[nodiscard]] Result<void> do_pieces(PieceWork& work, std::uint64_t bytes);

}  // namespace bookchain::ledger
