// A book of 2 GiB goes through a whole exchange, and no command ever holds more than 64 MiB: books are read,
// hashed, encrypted and written in chunks (docs/protocol.md, section 2, book).
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

#ifdef __SANITIZE_ADDRESS__
// The sanitizer multiplies memory and time: the flow is checked with a smaller book, the limit is not.
constexpr std::uint64_t book_bytes = std::uint64_t{96} << 20U;
constexpr long most_kib = 1024L * 1024;
#else
constexpr std::uint64_t book_bytes = std::uint64_t{2} << 30U;
constexpr long most_kib = 64L * 1024;
#endif

/// Source, the owner's copy, the package at both, the plaintext at the requester, and what it writes out.
constexpr std::uint64_t copies_at_once = 6;

/// Some marks far apart in a file that is otherwise empty: cheap to make and to compare.
constexpr std::uint64_t mark_every = std::uint64_t{150} << 20U;

void write_marked(const path& file) {
  std::ofstream out(file.string(), std::ios::binary);
  for (std::uint64_t place = 0; place < book_bytes; place += mark_every) {
    out.seekp(static_cast<std::streamoff>(place));
    out << "mark at " << place;
  }
  out.close();
  fs::resize_file(file, book_bytes);
}

/// In pieces, so that this process stays small: its size counts for the programs it starts.
bool same_content(const path& left, const path& right) {
  if (fs::file_size(left) != fs::file_size(right)) return false;
  std::ifstream first(left.string(), std::ios::binary);
  std::ifstream second(right.string(), std::ios::binary);
  std::vector<char> a(std::size_t{1} << 20U);
  std::vector<char> b(a.size());
  while (first && second) {
    first.read(a.data(), static_cast<std::streamsize>(a.size()));
    second.read(b.data(), static_cast<std::streamsize>(b.size()));
    if (first.gcount() != second.gcount()) return false;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(first.gcount()), b.begin())) return false;
  }
  return true;
}

/// Every command of the exchange, with the most memory that any of them held.
class Measured {
 public:
  Json ok(int port, const Words& words) {
    const auto ended = network_.at(port, words);
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, words.front() << ": " << ended.err);
    BOOST_TEST(ended.peak_kib < most_kib, words.front() << " at " << port << " held " << ended.peak_kib << " KiB");
    if (ended.peak_kib > peak_kib_) {
      peak_kib_ = ended.peak_kib;
      peak_at_ = words.front();
    }
    return ended.json();
  }
  void all_receive() {
    for (const int port : network_.ports()) ok(port, {"receive"});
  }
  [[nodiscard]] const Network& network() const { return network_; }
  ~Measured() { BOOST_TEST_MESSAGE("most memory: " << peak_kib_ << " KiB, by " << peak_at_); }
  Measured() = default;
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

 private:
  Network network_{{"--auto-books", "0"}};
  long peak_kib_ = 0;
  std::string peak_at_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(large)

BOOST_AUTO_TEST_CASE(two_gibibytes_are_handed_over_within_64_mebibytes_of_memory) {
  ::setenv("TMPDIR", fs::temp_directory_path().c_str(), 1);  // on the disk: memory is what is measured
  const auto free = fs::space(fs::temp_directory_path()).available;
  if (free < book_bytes * copies_at_once) {
    BOOST_TEST_MESSAGE("SKIPPED: " << (book_bytes * copies_at_once >> 30U) << " GiB of free disk are needed, "
                                   << (free >> 30U) << " GiB are there");
    return;
  }
  Measured measured;
  const auto file = measured.network().scratch("large.bin");
  write_marked(file);
  const auto added = measured.ok(5001, {"add-book", file.string()});
  BOOST_TEST(added["size"] == book_bytes);
  const std::string book = added["book"];
  measured.all_receive();
  const std::string id = measured.ok(5000, {"request", "--from", "5001", "--book", book})["exchange"];
  for (const auto& step : steps_after_request()) {
    measured.all_receive();
    measured.all_receive();
    measured.ok(step.by_owner ? 5001 : 5000, {step.name, id});
  }
  for (int phase = 0; phase < 6; ++phase) measured.all_receive();
  BOOST_TEST(measured.network().state(5000, id) == "committed");
  const auto got = measured.network().scratch("got.bin");
  measured.ok(5000, {"get-book", book, "--to", got.string()});
  BOOST_TEST(same_content(got, file));
  BOOST_TEST(!measured.network().on_shelf(5001, book));
  BOOST_TEST(measured.network().equal_chains() == 1);
  // The giver and the packages are gone: one copy lies in the homes.
  std::uint64_t stored = 0;
  for (fs::recursive_directory_iterator entry(measured.network().folder()), end; entry != end; ++entry) {
    if (fs::is_regular_file(entry->symlink_status())) stored += fs::file_size(entry->path());
  }
  BOOST_TEST(stored < book_bytes + book_bytes / 8, stored << " bytes are kept in the homes");
}

BOOST_AUTO_TEST_SUITE_END()
