// A disk that is really full under the homes of a network: what fails says so, and is done when there is room again.
// Needs user namespaces, or root, to have a small file system of its own; skipped, and said to be, otherwise.
#include <boost/test/unit_test.hpp>
#include <iostream>
#include <optional>
#include <sstream>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// What every script begins with: a network on a small disk of its own, and the streams of its commands elsewhere.
/// `told` prints the command, its exit code and its token; `rounds` lets all peers go on.
const std::string beginning = R"sh(
mkdir disk streams
mount -t tmpfs -o "$options" none disk
mount -t tmpfs none streams
streams=$PWD/streams
cd disk
at() { port=$1; shift; bookchain -n net -p $port -o json "$@"; }
told() {
  code=0
  at "$@" >$streams/out 2>$streams/err || code=$?
  echo "$2 $code $(sed -n 's/.*"token":"\([a-z-]*\)".*/\1/p' $streams/err)"
}
rounds() { for i in 1 2 3 4 5 6 7 8 9; do for p in 5001 5002 5003 5000; do at $p step >$streams/out; done; done; }
bookchain -q init net --seed full --auto-books 0 >$streams/out
at 5001 add-book --value 7 >$streams/out
head -c 300000 /dev/zero >book
)sh";

/// With no block left, and with no inode left.
const std::string no_block = "options=size=4m\n" + beginning + R"sh(
fill() { cat /dev/zero 2>$streams/err >>filler || :; }
free() { rm filler; }
)sh";
const std::string no_inode = "options=size=40m,nr_inodes=400\n" + beginning + R"sh(
fill() { mkdir filler; i=0; while touch filler/$i 2>$streams/err; do i=$((i + 1)); done; }
free() { rm -r filler; }
)sh";

/// Runs lines where nobody else sees the disk; nothing if that cannot be had here.
std::optional<Ended> with_disk(const Network& network, const std::string& lines) {
  const auto script = [&](const std::string& text) {
    write_file(network.scratch("script"), text);
    return network.shell("cd " + network.scratch("").string() + "; unshare -rm sh -e script");
  };
  const auto tried = script("mkdir tried; mount -t tmpfs none tried");
  if (tried.exit_code == 0) return script(lines);
  std::cerr << "SKIPPED: no file system of one's own can be had here: " << tried.err << "\n";
  return std::nullopt;
}

/// Fails the test unless each command that was tried ended so.
void check_told(const Ended& ended, const std::string& how, std::size_t count) {
  BOOST_TEST(ended.exit_code == 0, ended.err);
  std::istringstream lines(ended.out);
  std::string line;
  std::size_t seen = 0;
  while (std::getline(lines, line)) {
    BOOST_TEST(line.substr(line.find(' ') + 1) == how, line);
    ++seen;
  }
  BOOST_TEST(seen == count);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(full_disk)

BOOST_AUTO_TEST_CASE(what_a_full_disk_stops_says_so_whether_blocks_or_inodes_are_missing) {
  for (const auto& disk : {no_block, no_inode}) {
    const Network network;
    const auto ended = with_disk(network, disk + R"sh(
fill
told 5001 add-book book
told 5000 receive
told 5000 request --from 5001 --book 7
told 5001 list-books
)sh");
    if (!ended) return;
    check_told(*ended, "1 disk-full", 4);
  }
}

BOOST_AUTO_TEST_CASE(an_exchange_goes_on_when_there_is_room_again) {
  for (const auto& disk : {no_block, no_inode}) {
    const Network network;
    const auto ended = with_disk(network, disk + R"sh(
at 5001 add-book book --title Zeros >$streams/out
for p in 5001 5000; do at $p receive >$streams/out; done
exchange=$(at 5000 request --from 5001 --book Zeros | sed -n 's/.*"exchange":"\([0-9a-f]*\)".*/\1/p')
state() { at 5000 show-exchange $exchange | sed -n 's/.*"state":"\([a-z-]*\)".*/\1/p'; }
for round in 1 2 3 4 5 6; do
  fill
  for p in 5001 5002 5003 5000; do at $p step >$streams/out 2>$streams/err && exit 1; done
  free
  for p in 5001 5002 5003 5000; do at $p step >$streams/out; done
done
rounds
[ "$(state)" = committed ]
told 5000 get-book Zeros --to $streams/zeros
cmp book $streams/zeros
for p in 5000 5001 5002 5003; do at $p export-chain $streams/$p >$streams/out; cmp $streams/5000 $streams/$p; done
told 5000 verify-chain
)sh");
    if (!ended) return;
    check_told(*ended, "0 ", 2);
  }
}

BOOST_AUTO_TEST_SUITE_END()
