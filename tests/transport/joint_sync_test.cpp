// Several files and folders are made durable at the same time: each says by itself what became of it.
#include "transport/joint_sync.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/transport/pair.hpp"

namespace bookchain::transport::tests {

namespace fs = boost::filesystem;
using namespace ledger;

BOOST_AUTO_TEST_SUITE(joint_sync)

std::size_t count_threads() {
  const fs::directory_iterator threads("/proc/self/task");
  return static_cast<std::size_t>(std::distance(threads, fs::directory_iterator()));
}

struct Files {
  Folder folder;
  std::vector<Descriptor> open;

  [[nodiscard]] JointSync::Item file(const std::string& name) {
    open.push_back(open_file(folder / name, O_WRONLY | O_CREAT, 0600).value());
    BOOST_REQUIRE(write_all(open.back().get(), Bytes(100, 1), folder / name).has_value());
    return {open.back().get(), folder / name};
  }
  [[nodiscard]] std::vector<JointSync::Item> files(std::size_t count) {
    std::vector<JointSync::Item> items;
    items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) items.push_back(file(std::to_string(i)));
    return items;
  }
};

const auto at_once = boost::unit_test::data::make(std::vector<std::size_t>{0, 1, 2, 3, 8});

BOOST_DATA_TEST_CASE_F(Files, each_is_synced_and_one_that_cannot_be_says_so_by_itself, at_once, most) {
  JointSync sync(most);
  BOOST_TEST(sync.sync({}).empty());
  auto items = files(5);
  fs::create_directory(folder / "folder");
  open.push_back(open_file(folder / "folder", O_RDONLY | O_DIRECTORY).value());
  items.push_back({open.back().get(), folder / "folder"});
  int pipe[2];
  BOOST_REQUIRE(::pipe(pipe) == 0);
  open.emplace_back(pipe[0]);
  open.emplace_back(pipe[1]);
  items.insert(items.begin() + 2, {pipe[1], "/a/pipe"});
  for (int round = 0; round < 50; ++round) {
    const auto results = sync.sync(items);
    BOOST_REQUIRE(results.size() == items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      BOOST_TEST_INFO(i);
      BOOST_REQUIRE(results[i].has_value() == (i != 2));
    }
    BOOST_TEST((results[2].error().token == Token::io));
    BOOST_TEST(results[2].error().subject == "/a/pipe");
  }
}

BOOST_FIXTURE_TEST_CASE(it_has_as_many_threads_as_it_had_use_for_and_none_afterwards, Files) {
  // One that has ended is listed for a moment yet.
  const auto comes_to = [](std::size_t count) {
    for (int i = 0; i < 1000 && count_threads() != count; ++i) ::usleep(1000);
    return count_threads() == count;
  };
  BOOST_REQUIRE(comes_to(1));
  {
    JointSync sync(4);
    const auto items = files(6);
    BOOST_TEST(sync.sync({items.front()}).front().has_value());
    BOOST_TEST(comes_to(1));
    (void)sync.sync({items[0], items[1]});
    BOOST_TEST(comes_to(2));
    (void)sync.sync(items);
    BOOST_TEST(comes_to(4));
  }
  BOOST_TEST(comes_to(1));
}

// One that such a thread took would not wake the thread that waits for it, and the program would not end.
BOOST_FIXTURE_TEST_CASE(signals_are_left_to_who_began_it, Files) {
  JointSync sync(3);
  (void)sync.sync(files(3));
  sigset_t usr1;
  sigset_t before;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  BOOST_REQUIRE(::pthread_sigmask(SIG_BLOCK, &usr1, &before) == 0);
  BOOST_TEST(::sigismember(&before, SIGUSR1) == 0, "the caller hears what it heard before");
  BOOST_REQUIRE(::kill(::getpid(), SIGUSR1) == 0);  // ends the process if any thread hears it
  const timespec none{};
  BOOST_TEST(::sigtimedwait(&usr1, nullptr, &none) == SIGUSR1);
  BOOST_REQUIRE(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bookchain::transport::tests
