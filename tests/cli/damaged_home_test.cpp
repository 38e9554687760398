// A home that lost its state, or holds a record that cannot be read, and places where none can be made: each
// ends in an error of the table, and nothing is decided or sent.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

}  // namespace

BOOST_AUTO_TEST_SUITE(damaged_homes)

BOOST_AUTO_TEST_CASE(init_where_no_directory_can_be_made_ends_in_an_error) {
  const Network network;
  const auto folder = network.scratch("").string();
  for (const auto* lines :
       {"mkdir gone; cd gone; rmdir ../gone; exec bookchain -o json init ./x", "exec bookchain -o json init /proc/x",
        "echo x > file; exec bookchain -o json init file/net"}) {
    const auto ended = network.shell("cd " + folder + "; " + lines);
    BOOST_TEST(ended.exit_code == 1, lines << ended.err);
    BOOST_TEST(ended.token() == "io", lines << ended.err);
  }
}

BOOST_AUTO_TEST_SUITE_END()
