// The work of a whole book on two threads: what happens when a piece throws.
#include "ledger/store/piece_work.hpp"

#include <stdexcept>

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t pieces = 40;
constexpr std::uint64_t broken = 17;

enum class Where : std::uint8_t { taken_up, worked_on, finished, nowhere };

/// Counts pieces up and throws at one of them.
class Throwing final : public PieceWork {
 public:
  explicit Throwing(Where where) : where_(where) {}
  [[nodiscard]] Result<bool> next(Piece& piece) override {
    if (next_ == pieces) return false;
    piece.first = next_++;
    throw_at(Where::taken_up, piece);
    return true;
  }
  [[nodiscard]] Result<void> work(Piece& piece) override {
    throw_at(Where::worked_on, piece);
    return success();
  }
  [[nodiscard]] Result<void> finish(Piece& piece) override {
    throw_at(Where::finished, piece);
    BOOST_TEST(piece.first == finished_++);
    return success();
  }
  [[nodiscard]] std::uint64_t finished() const { return finished_; }

 private:
  void throw_at(Where where, const Piece& piece) const {
    if (where == where_ && piece.first == broken) throw std::runtime_error("a piece broke");
  }

  Where where_;
  std::uint64_t next_ = 0;
  std::uint64_t finished_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(piece_work)

BOOST_AUTO_TEST_CASE(an_exception_at_a_piece_is_the_failure_on_one_thread_and_on_two) {
  for (const auto where : {Where::taken_up, Where::worked_on, Where::finished}) {
    for (const std::size_t bytes : {std::size_t{1}, pieces * piece_bytes}) {
      for (int i = 0; i < 50; ++i) {
        Throwing work(where);
        const auto done = do_pieces(work, bytes);
        BOOST_REQUIRE(!done);
        BOOST_TEST(token_of(done) == "io");
        BOOST_TEST(done.error().what.find("a piece broke") != std::string::npos);
        BOOST_TEST(work.finished() == broken);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(without_one_all_pieces_are_finished) {
  Throwing work(Where::nowhere);
  require_success(do_pieces(work, pieces * piece_bytes));
  BOOST_TEST(work.finished() == pieces);
}

BOOST_AUTO_TEST_SUITE_END()
