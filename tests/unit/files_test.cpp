// Calls to the operating system that fail in odd ways end in an error, not in a loop.
#include "ledger/store/files.hpp"

#include <fcntl.h>

#include <boost/filesystem/operations.hpp>

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(directories_are_made_with_those_above_them) {
  TemporaryFolder folder;
  require_success(make_directory(folder / "a/b/c", 0750));
  for (const auto* made : {"a", "a/b", "a/b/c"}) {
    BOOST_TEST((boost::filesystem::status(folder / made).permissions() & 0777) == 0750, made);
  }
  require_success(make_directory(folder / "a/b/c"));
}

// The directory above is there, and still the system says that it is not: that was asked again for ever.
BOOST_AUTO_TEST_CASE(where_no_directory_can_be_made_the_attempt_ends) {
  const auto made = make_directory("/proc/bookchain/home");
  BOOST_TEST(token_of(made) == "io");
  BOOST_TEST(made.error().what == "no directory can be made here");
}

// What the system says of it are too many levels of links.
BOOST_AUTO_TEST_CASE(a_link_that_is_not_followed_is_named_as_such) {
  TemporaryFolder folder;
  write_file(folder / "file", bytes_of("text"));
  boost::filesystem::create_symlink("file", folder / "link");
  for (const int flags : {O_RDONLY, O_RDWR | O_CREAT}) {
    const auto opened = open_file(folder / "link", flags | O_NOFOLLOW, 0600);
    BOOST_TEST(token_of(opened) == "bad-file");
    BOOST_TEST(opened.error().what == "a link stands where a file should be, and is not followed");
  }
  BOOST_TEST(open_file(folder / "link", O_RDONLY).has_value());
}

BOOST_AUTO_TEST_CASE(a_file_in_the_way_is_named_as_such) {
  TemporaryFolder folder;
  write_file(folder / "file", bytes_of("text"));
  for (const auto* below : {"file", "file/a", "file/a/b"}) {
    const auto made = make_directory(folder / below);
    BOOST_TEST(token_of(made) == "io", below);
    BOOST_TEST(made.error().what.find("a file stands") == 0U, made.error().what);
  }
}

BOOST_AUTO_TEST_SUITE_END()
