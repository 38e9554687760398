// A file that somebody writes while a book is made from it: what was read is neither what it was nor what it became.
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <fstream>
#include <functional>

#include "ledger/store/shelf.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t size_of_chunks = 64 * 1024;
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20U;
constexpr std::size_t mebibyte = std::size_t{1} << 20U;
/// Long after the clock by which the system stamps files has gone on.
constexpr unsigned a_while_us = 50'000;

/// Does something to a file, once, when so much of it was read.
class Meddler final : public Progress {
 public:
  Meddler(std::uint64_t when, std::function<void()> meddle) : when_(when), meddle_(std::move(meddle)) {}
  bool advanced(std::uint64_t done, std::uint64_t /*all*/) override {
    if (done >= when_ && !done_) {
      done_ = true;
      meddle_();
    }
    return true;
  }
  [[nodiscard]] bool meddled() const { return done_; }

 private:
  std::uint64_t when_;
  std::function<void()> meddle_;
  bool done_ = false;
};

struct Drafting {
  TemporaryFolder folder;
  Shelf shelf = value_of(Shelf::open(folder.path()));
  path file = folder / "book.txt";

  explicit Drafting(std::size_t size) {
    write_file(file, scrambled(size, 1));
    ::usleep(a_while_us);
  }
  [[nodiscard]] Result<Shelf::Measured> draft(Progress* progress = nullptr) {
    return shelf.draft_from_file(file, size_of_chunks, most_bytes, filled<BookSecret>(3), progress);
  }
  /// Fails as it must, and leaves nothing behind.
  void check_refused(std::uint64_t when, const std::function<void()>& meddle) {
    Meddler meddler(when, meddle);
    const auto drafted = draft(&meddler);
    BOOST_TEST(meddler.meddled());
    BOOST_TEST(token_of(drafted) == "bad-file");
    if (!drafted) BOOST_TEST(drafted.error().what == "the file changed while it was read");
    BOOST_TEST(boost::filesystem::is_empty(folder / "work"));
    BOOST_TEST(token_of(draft()) == "success");
  }
};

/// Before the first byte is read, after some of them, after the last one.
const auto moments = {std::size_t{0}, mebibyte, 3 * mebibyte};

}  // namespace

BOOST_AUTO_TEST_SUITE(changing_file)

BOOST_AUTO_TEST_CASE(a_file_that_is_cut_while_it_is_read_becomes_no_book) {
  for (const auto moment : moments) {
    BOOST_TEST_CONTEXT("after " << moment << " bytes") {
      Drafting drafting(3 * mebibyte);
      drafting.check_refused(moment, [&] { boost::filesystem::resize_file(drafting.file, 2 * mebibyte + 7); });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_grows_while_it_is_read_becomes_no_book) {
  for (const auto moment : moments) {
    BOOST_TEST_CONTEXT("after " << moment << " bytes") {
      Drafting drafting(3 * mebibyte);
      drafting.check_refused(
          moment, [&] { std::ofstream(drafting.file.string(), std::ios::binary | std::ios::app) << "more"; });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_whose_bytes_are_exchanged_while_it_is_read_becomes_no_book) {
  for (const bool hides_it : {false, true}) {
    BOOST_TEST_CONTEXT((hides_it ? "the time of the last write is put back" : "plainly")) {
      Drafting drafting(3 * mebibyte);
      drafting.check_refused(mebibyte, [&] {
        const auto written = boost::filesystem::last_write_time(drafting.file);
        std::fstream(drafting.file.string(), std::ios::binary | std::ios::in | std::ios::out) << "other words";
        if (hides_it) boost::filesystem::last_write_time(drafting.file, written);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_only_read_by_others_meanwhile_becomes_a_book) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{size_of_chunks}, 3 * mebibyte}) {
    Drafting drafting(size);
    Meddler reader(0, [&] { (void)read_file(drafting.file); });
    BOOST_TEST(value_of(drafting.draft(&reader)).size == size);
  }
}

BOOST_AUTO_TEST_SUITE_END()
