// Files that others put into a spool, read while their owner still writes them.
#include "transport/spool_folder.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;

BOOST_AUTO_TEST_SUITE(spool_folder)

/// Appends to a file until it ends, a little at a time and back from the start when it is large.
class Appender {
 public:
  Appender(const fs::path& file, std::size_t begin, std::size_t most)
      : file_(file.string()), thread_([this, begin, most] { append(begin, most); }) {}
  ~Appender() {
    stop_ = true;
    thread_.join();
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

 private:
  void append(std::size_t begin, std::size_t most) const {
    const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    for (std::size_t size = begin; !stop_; ++size) {
      if (::write(file, "x", 1) != 1) break;
      if (size < most) continue;
      if (::ftruncate(file, static_cast<off_t>(begin)) != 0) break;
      size = begin;
    }
    ::close(file);
  }

  std::string file_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

BOOST_AUTO_TEST_CASE(a_delivery_that_grows_while_it_is_read_is_no_delivery_and_is_never_read_beyond_its_bound) {
  constexpr std::size_t begin = std::size_t{4} << 20U;
  constexpr std::size_t most = std::size_t{6} << 20U;
  const Folder folder;
  const auto file = folder / "delivery";
  BOOST_REQUIRE(write_file_durably(file, Bytes(begin, 'x'), 0600).has_value());
  const Appender appender(file, begin, most);
  bool seen = false;
  // Reading it takes longer than a write of another thread: the first times show it.
  for (int tries = 0; tries < 10'000 && !seen; ++tries) {
    const auto read = read_foreign(AT_FDCWD, file.string(), file, most);
    if (read) {
      BOOST_TEST(read.value().size() <= most);
      continue;
    }
    BOOST_TEST((read.error().token == Token::bad_file));
    seen = read.error().what == "a delivery grows while it is read";
  }
  BOOST_TEST(seen);
}

/// A folder with so many folders, each of which holds so many files.
void make_tree(const fs::path& root, int folders, int files) {
  for (int i = 0; i < folders; ++i) {
    const auto folder = root / ("folder" + std::to_string(i));
    fs::create_directories(folder);
    for (int k = 0; k < files; ++k) {
      BOOST_REQUIRE(::mknod((folder / std::to_string(k)).c_str(), S_IFREG | 0600, 0) == 0);
    }
  }
}

// Its sender decides how many they are.
BOOST_AUTO_TEST_CASE(no_more_names_of_a_folder_are_listed_than_are_asked_for) {
  const Folder folder;
  make_tree(folder / ".", 1, 50);
  const auto opened = SpoolFolder::open(folder / "folder0");
  BOOST_REQUIRE(opened.has_value());
  BOOST_TEST(opened.value().names().size() == 50U);
  BOOST_TEST(opened.value().names(50).size() == 50U);
  const auto some = opened.value().names(7);
  BOOST_TEST(some.size() == 7U);
  BOOST_TEST(std::ranges::is_sorted(some));
  BOOST_TEST(opened.value().names(0).empty());
}

// The entries that a weight names are those that were listed: memory and time follow them.
BOOST_AUTO_TEST_CASE(of_a_tree_that_is_too_much_no_more_is_listed_than_shows_it) {
  const Folder folder;
  make_tree(folder / "wide", 1, 2'000);
  make_tree(folder / "many", 40, 50);
  const auto opened = SpoolFolder::open(folder / ".");
  BOOST_REQUIRE(opened.has_value());
  for (const auto* name : {"wide", "many"}) {
    for (const std::uint64_t most : {0U, 1U, 2U, 40U, 41U, 100U}) {
      const auto weight = opened.value().weight_of(name, most);
      BOOST_TEST(!weight.is_whole, name << " of " << most);
      BOOST_TEST(weight.entries == most + 1, name << " of " << most);
    }
  }
  const auto wide = opened.value().weight_of("wide", 2'002);
  BOOST_TEST(wide.is_whole);
  BOOST_TEST(wide.entries == 2'002U);
  BOOST_TEST(!opened.value().weight_of("wide", 2'001).is_whole);
  BOOST_TEST(opened.value().weight_of("many", 2'041).is_whole);
}

BOOST_AUTO_TEST_CASE(a_tree_of_any_width_is_removed_and_one_that_is_too_full_comes_nearer_to_it_each_time) {
  const Folder folder;
  make_tree(folder / "wide", 3, 600);
  make_tree(folder / "full", 30, 500);
  const auto opened = SpoolFolder::open(folder / ".");
  BOOST_REQUIRE(opened.has_value());
  BOOST_TEST(opened.value().remove("wide").has_value());
  BOOST_TEST(!fs::exists(folder / "wide"));
  const auto first = opened.value().remove("full");
  BOOST_REQUIRE(!first.has_value());
  BOOST_TEST((first.error().token == Token::bad_file));
  BOOST_TEST(opened.value().remove("full").has_value());
  BOOST_TEST(!fs::exists(folder / "full"));
}

/// What the system says of this process, in KiB.
long memory_kib(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what + ":")) return std::stol(line.substr(what.size() + 1));
  }
  return -1;
}

/// From now on the peak is counted anew, and without what was freed before; false where the system does not do that.
bool count_peak_anew() {
  ::malloc_trim(0);
  std::ofstream counters("/proc/self/clear_refs");
  return static_cast<bool>(counters << "5" << std::flush);
}

// What one level may take, not every level may take at once.
BOOST_AUTO_TEST_CASE(removing_a_deep_and_wide_tree_holds_a_few_names_of_each_level) {
  const Folder folder;
  fs::path level = folder / "deep";
  for (int depth = 0; depth < 8; ++depth) {
    fs::create_directories(level);
    for (int k = 0; k < 1'000; ++k) {
      const auto name = std::to_string(10'000 + k) + std::string(245, 'n');
      BOOST_REQUIRE(::mknod((level / name).c_str(), S_IFREG | 0600, 0) == 0);
    }
    level /= "z";  // taken before the others
  }
  const auto opened = SpoolFolder::open(folder / ".");
  BOOST_REQUIRE(opened.has_value());
  const bool is_counted = count_peak_anew();
  const auto before = memory_kib("VmRSS");
  BOOST_TEST(opened.value().remove("deep").has_value());
  BOOST_TEST(!fs::exists(folder / "deep"));
  const auto taken_kib = memory_kib("VmHWM") - before;
#ifdef __SANITIZE_ADDRESS__
  (void)taken_kib;  // it keeps what was freed
  (void)is_counted;
#else
  if (is_counted) BOOST_TEST(taken_kib < 1'000);
#endif
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
