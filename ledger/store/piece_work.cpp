#include "ledger/store/piece_work.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>

namespace bookchain::ledger {

namespace {

/// The pieces of one piece of work on their way.
class PieceLine {
 public:
  explicit PieceLine(PieceWork& work) : work_(work) {}

  void run(unsigned worker) noexcept {
    Piece piece;
    piece.worker = worker;
    while (auto turn = take(piece)) {
      auto done = turn->failure ? Result<void>(success()) : or_failure([&] { return work_.work(piece); });
      if (!hand_on(*turn, piece, std::move(done))) return;
    }
  }

  [[nodiscard]] Result<void> result() {
    if (failure_) return std::move(*failure_);
    return success();
  }

 private:
  struct Turn {
    std::uint64_t number;
    std::optional<Error> failure;  ///< of taking the piece up: told when its turn comes
  };

  /// An exception, such as that no memory is left, is a failure like others, and waits for its turn like them: out of
  /// a thread it would end the program.
  template <class Call>
  static auto or_failure(const Call& call) -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& exception) {
      return Error{Token::io, std::string("a book cannot be gone through: ") + exception.what(), {}, {}};
    }
  }

  std::optional<Turn> take(Piece& piece) {
    const std::lock_guard lock(taking_);
    if (ended_) return std::nullopt;
    auto more = or_failure([&] { return work_.next(piece); });
    if (more && more.value()) return Turn{taken_++, std::nullopt};
    ended_ = true;
    if (more) return std::nullopt;
    return Turn{taken_++, std::move(more).error()};
  }

  /// False once something has failed.
  bool hand_on(Turn& turn, Piece& piece, Result<void> done) {
    std::unique_lock lock(finishing_);
    turn_came_.wait(lock, [&] { return failure_ || finished_ == turn.number; });
    if (failure_) return false;
    if (turn.failure) {
      failure_ = std::move(turn.failure);
    } else {
      if (done) done = or_failure([&] { return work_.finish(piece); });
      if (!done) failure_ = std::move(done).error();
    }
    ++finished_;
    if (failure_) ended_ = true;
    turn_came_.notify_all();
    return !failure_;
  }

  PieceWork& work_;
  std::mutex taking_;
  std::atomic<bool> ended_{false};
  std::uint64_t taken_ = 0;
  std::mutex finishing_;
  std::condition_variable turn_came_;
  std::uint64_t finished_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

bool PieceLayout::take_up(Piece& piece, const Book& book, std::uint64_t& next) const {
  piece.first = next;
  piece.count = static_cast<std::size_t>(std::min<std::uint64_t>(chunks_a_piece(), chunk_count(book) - next));
  next += piece.count;
  piece.sizes.clear();
  for (std::size_t i = 0; i < piece.count; ++i) piece.sizes.push_back(chunk_length(book, piece.first + i));
  piece.salted.resize(piece.count * (Salt::size + chunk_size_));
  piece.encrypted.resize(plain_bytes(piece) + piece.count * chunk_overhead);
  piece.leaves.resize(piece.count);
  piece.hashes.resize(piece.count);
  piece.bad.reset();
  return piece.count > 0;
}

std::span<std::uint8_t> PieceLayout::salted(Piece& piece, std::size_t i) const {
  return std::span(piece.salted).subspan(i * (Salt::size + chunk_size_), Salt::size + piece.sizes[i]);
}

std::span<std::uint8_t> PieceLayout::chunk(Piece& piece, std::size_t i) const {
  return salted(piece, i).subspan(Salt::size);
}

std::span<std::uint8_t> PieceLayout::encrypted(Piece& piece, std::size_t i) const {
  // All chunks before the last are of full size.
  return std::span(piece.encrypted).subspan(i * (chunk_size_ + chunk_overhead), piece.sizes[i] + chunk_overhead);
}

std::uint64_t PieceLayout::plain_bytes(const Piece& piece) {
  return std::accumulate(piece.sizes.begin(), piece.sizes.end(), std::uint64_t{0});
}

Result<void> do_pieces(PieceWork& work, std::uint64_t bytes) {
  PieceLine line(work);
  std::optional<std::thread> second;
  if (bytes > piece_bytes) {
    try {
      second.emplace([&line] { line.run(1); });
    } catch (const std::system_error&) {
      second.reset();  // no thread is to be had: one does it, too
    }
  }
  line.run(0);
  if (second) second->join();
  return line.result();
}

}  // namespace bookchain::ledger
