// Files that others put into a spool, read while their owner still writes them.
#include "transport/spool_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
