// SpoolWatch: what is put into a spool ends the wait at once, long before serve would look by itself, once a second.
#include "transport/spool_watch.hpp"

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds long_wait{10};
/// Half of the time after which serve looks without being told.
constexpr milliseconds soon{500};
constexpr int nobody = -1;

/// A spool with the folder of one sender, and files to be put into it.
struct Watched {
  Folder folder;
  fs::path spool = folder / "spool";
  std::string sender = "5000";

  Watched() { make_sender(sender); }
  void make_sender(const std::string& name) const { fs::create_directories(spool / name / "new"); }

  /// As a sender delivers: written elsewhere, then renamed.
  void deliver(const std::string& from, const std::string& name) const {
    const auto written = folder / name;
    std::ofstream(written.string()) << "a message";
    fs::rename(written, spool / from / "new" / name);
  }
  [[nodiscard]] SpoolWatch open(const std::vector<fs::path>& files = {}) const {
    return SpoolWatch::open(spool, files);
  }
  /// Forgets what came so far, and what came by that.
  static void settle(SpoolWatch& watch) {
    for (struct pollfd ready{watch.descriptor(), POLLIN, 0}; ::poll(&ready, 1, 50) == 1;) watch.clear();
  }
};

milliseconds time_of(const std::function<void()>& action) {
  const auto began = Clock::now();
  action();
  return std::chrono::duration_cast<milliseconds>(Clock::now() - began);
}

/// How long a wait goes on after `action` happens while it lasts.
milliseconds wakes_after(SpoolWatch& watch, const std::function<void()>& action) {
  Clock::time_point acted;
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(100));
    acted = Clock::now();
    action();
  });
  watch.wait(long_wait, nobody);
  const auto woke = Clock::now();
  other.join();
  BOOST_TEST((woke >= acted), "it did not wait");
  return std::chrono::duration_cast<milliseconds>(woke - acted);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spool_watch)

BOOST_FIXTURE_TEST_CASE(a_file_renamed_into_new_ends_the_wait_at_once, Watched) {
  auto watch = open();
  BOOST_TEST((wakes_after(watch, [&] { deliver(sender, "one"); }) < soon));
  settle(watch);
  BOOST_TEST((wakes_after(watch, [&] { deliver(sender, "two"); }) < soon));
}

BOOST_FIXTURE_TEST_CASE(what_came_before_the_wait_ends_it_at_once, Watched) {
  auto watch = open();
  deliver(sender, "one");
  BOOST_TEST((time_of([&] { watch.wait(long_wait, nobody); }) < soon));
}

BOOST_FIXTURE_TEST_CASE(so_does_a_file_for_a_sender_whose_folder_came_later, Watched) {
  auto watch = open();
  BOOST_TEST((wakes_after(watch, [&] { make_sender("5001"); }) < soon));
  settle(watch);
  BOOST_TEST((wakes_after(watch, [&] { deliver("5001", "one"); }) < soon));
  settle(watch);
  // A new/ that takes the place of another is watched as well.
  fs::rename(spool / "5001" / "new", folder / "moved");
  fs::create_directory(spool / "5001" / "new");
  settle(watch);
  BOOST_TEST((wakes_after(watch, [&] { deliver("5001", "two"); }) < soon));
}

BOOST_FIXTURE_TEST_CASE(a_watched_file_that_is_written_ends_it, Watched) {
  const auto file = folder / "lock";
  std::ofstream(file.string()) << "";
  auto watch = open({file});
  BOOST_TEST((wakes_after(watch, [&] { std::ofstream(file.string()) << "done"; }) < soon));
}

BOOST_FIXTURE_TEST_CASE(without_anything_new_it_waits_out_its_time, Watched) {
  auto watch = open();
  deliver(sender, "one");
  settle(watch);
  BOOST_TEST((time_of([&] { watch.wait(milliseconds(200), nobody); }) >= milliseconds(200)));
}

/// A spool that another took the place of tells nothing: serve finds what lies there by looking.
BOOST_FIXTURE_TEST_CASE(it_tells_nothing_of_a_spool_that_took_the_place_of_the_watched_one, Watched) {
  auto watch = open();
  fs::rename(spool, folder / "moved");
  make_sender(sender);
  settle(watch);
  deliver(sender, "one");
  BOOST_TEST((time_of([&] { watch.wait(milliseconds(200), nobody); }) >= milliseconds(200)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
