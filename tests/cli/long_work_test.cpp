// Long work as people and scripts see it: a bar on a terminal, lines or events elsewhere, Ctrl-C, and going on after
// a kill. A reader or writer that is slow makes any work long.
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <utility>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// A network in which 5001 owns a book of that many bytes.
struct WithBook {
  Network network{{"--auto-books", "0"}};
  std::string book;

  explicit WithBook(std::uint64_t bytes) {
    const auto file = network.scratch("large");
    write_file(file, "a large book");
    fs::resize_file(file, bytes);
    book = network.ok(5001, {"add-book", file.string(), "--title", "large"})["book"];
  }
  [[nodiscard]] Words at(int port, Words words) const {
    words.insert(words.begin(), {"-n", network.folder().string(), "-p", std::to_string(port)});
    return words;
  }
};

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// What a process printed on a terminal of its own, or through a pipe, while its stdout was read slowly.
struct Watched {
  int exit_code = -1;
  std::string err;
  std::uint64_t out_bytes = 0;
};

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto got = ::read(descriptor, buffer, sizeof buffer);
    if (got <= 0) return text;  // a terminal that is closed at the other end is an error
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

Watched watch_slowly(const Words& words, bool terminal, milliseconds duration, std::uint64_t out_bytes,
                     const std::map<std::string, std::string>& environment = {}) {
  int out[2];
  int err[2];
  BOOST_REQUIRE(::pipe(out) == 0);
  const bool opened = terminal ? ::openpty(&err[0], &err[1], nullptr, nullptr, nullptr) == 0 : ::pipe(err) == 0;
  BOOST_REQUIRE(opened);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (int descriptor = 3; descriptor < 64; ++descriptor) ::close(descriptor);
    for (const auto* name : {"NO_COLOR", "BOOKCHAIN_PORT", "BOOKCHAIN_NETWORK", "BOOKCHAIN_HOME"}) ::unsetenv(name);
    ::setenv("TERM", "xterm", 1);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    auto program = program_under_test();
    auto text = words;
    std::vector<char*> arguments{program.data()};
    for (auto& word : text) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  Watched watched;
  std::thread errors([&] { watched.err = read_all(err[0]); });
  const auto began = Clock::now();
  std::vector<char> buffer(65536);
  for (;;) {
    const auto got = ::read(out[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    watched.out_bytes += static_cast<std::uint64_t>(got);
    std::this_thread::sleep_until(began + duration * watched.out_bytes / out_bytes);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  errors.join();
  ::close(out[0]);
  ::close(err[0]);
  watched.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return watched;
}

/// Runs a command and sends it a signal once `begun` holds.
template <class Begun>
Ended interrupt(const Words& words, int signal, const Begun& begun) {
  Background process(words);
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (!begun() && Clock::now() < deadline) std::this_thread::sleep_for(std::chrono::microseconds(200));
  process.signal(signal);
  return process.wait();
}

bool has_bytes(const path& file, std::uint64_t bytes) {
  boost::system::error_code error;
  const auto size = fs::file_size(file, error);
  return !error && size >= bytes;
}

/// Large enough to be met in the middle, small enough to be made in a moment.
constexpr std::uint64_t interruptible_bytes = 256 * mebibyte;

}  // namespace

BOOST_AUTO_TEST_SUITE(long_work)

BOOST_AUTO_TEST_CASE(a_terminal_shows_a_bar_with_rate_and_time_left_and_nothing_of_it_stays) {
  const WithBook with(24 * mebibyte);
  const auto words = with.at(5001, {"get-book", "large", "--to", "-"});
  const auto seen = watch_slowly(words, true, milliseconds(1500), 24 * mebibyte);
  BOOST_TEST(seen.exit_code == 0);
  BOOST_TEST(seen.out_bytes == 24 * mebibyte);
  BOOST_TEST(mentions(seen.err, "\rwriting [#"), seen.err);
  BOOST_TEST(mentions(seen.err, " %  "), seen.err);
  BOOST_TEST(mentions(seen.err, "MiB/s  0:0"), seen.err);
  BOOST_TEST(mentions(seen.err, " left\x1b[K"), seen.err);
  BOOST_TEST(seen.err.ends_with("\r\x1b[K"), seen.err);
}

BOOST_AUTO_TEST_CASE(no_bar_is_drawn_where_none_is_wanted) {
  const WithBook with(24 * mebibyte);
  const Words words{"get-book", "large", "--to", "-"};
  for (const Words& option : {Words{"-q"}, Words{"--color", "never"}}) {
    auto quiet = words;
    quiet.insert(quiet.end(), option.begin(), option.end());
    const auto seen = watch_slowly(with.at(5001, quiet), true, milliseconds(800), 24 * mebibyte);
    BOOST_TEST(seen.exit_code == 0);
    BOOST_TEST(seen.err.find('\x1b') == std::string::npos, seen.err);
  }
  const auto seen = watch_slowly(with.at(5001, words), true, milliseconds(800), 24 * mebibyte, {{"NO_COLOR", "1"}});
  BOOST_TEST(seen.err.find('\x1b') == std::string::npos, seen.err);
}

BOOST_AUTO_TEST_CASE(elsewhere_there_is_a_plain_line_every_five_seconds) {
  const WithBook with(24 * mebibyte);
  const auto words = with.at(5001, {"get-book", "large", "--to", "-"});
  const auto seen = watch_slowly(words, false, milliseconds(7000), 24 * mebibyte);
  BOOST_TEST(seen.exit_code == 0);
  std::istringstream lines(seen.err);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    BOOST_TEST(line.starts_with("bookchain: writing: "), line);
    BOOST_TEST(mentions(line, "MiB of 24 MiB ("), line);
    BOOST_TEST(line.ends_with(" left"), line);
  }
  BOOST_TEST(count == 1);
}

BOOST_AUTO_TEST_CASE(scripts_get_events_before_the_result_and_before_an_error) {
  const Network network;
  network.exchange(5000, 5001, network.book_of(5001));
  network.settle();
  const auto chain = network.scratch("chain").string();
  network.ok({"export-chain", chain});
  for (const bool good : {true, false}) {
    // The header of the chain comes, and its block or a wrong line after more than a second.
    const auto ended = network.shell("{ head -n 1 " + chain + "; sleep 1.3; " +
                                     (good ? "tail -n +2 " + chain : std::string("echo wrong")) +
                                     "; } | bookchain -n " + network.folder().string() + " -o json verify-chain -");
    BOOST_TEST(ended.exit_code == (good ? 0 : 6), ended.err);
    BOOST_TEST(Json::parse(ended.out)["valid"] == good);
    std::istringstream lines(ended.err);
    std::vector<Json> values;
    for (std::string line; std::getline(lines, line);) values.push_back(Json::parse(line));
    BOOST_REQUIRE(values.size() == (good ? 1U : 2U));
    BOOST_TEST(values.front()["schema"] == 1);
    const auto& progress = values.front()["progress"];
    BOOST_TEST(progress["what"] == "checking");
    BOOST_TEST(progress["unit"] == "bytes");
    BOOST_TEST(progress["done"].get<std::uint64_t>() > 0U);
    BOOST_TEST(progress["total"].is_null());
    BOOST_TEST(progress["rate"].is_number_integer());
    BOOST_TEST(progress["seconds_left"].is_null());
    if (!good) BOOST_TEST(values.back()["error"]["token"] == "bad-file");
  }
}

BOOST_AUTO_TEST_CASE(a_grant_that_is_interrupted_or_killed_goes_on_and_the_book_arrives) {
  const WithBook with(interruptible_bytes);
  const auto& network = with.network;
  network.receive_until_quiet();
  const std::string id = network.request(5000, 5001, with.book);
  network.ok(5001, {"receive"});
  const auto folder = network.home(5001) / "exchanges" / id;
  std::string key;
  for (const int signal : {SIGINT, SIGKILL}) {
    const auto ended = interrupt(with.at(5001, {"grant", id}), signal,
                                 [&] { return has_bytes(folder / "package.new", 40 * mebibyte); });
    BOOST_TEST(ended.exit_code == (signal == SIGINT ? 130 : killed), ended.err);
    BOOST_TEST(ended.out.empty());
    BOOST_TEST(ended.token() == (signal == SIGINT ? "interrupted" : ""));
    BOOST_TEST(network.state(5001, id) == "requested");
    const auto before = std::exchange(key, read_file(folder / "package.key"));
    BOOST_TEST(key.size() == 32U);
    BOOST_TEST((before.empty() || before == key), "it went on with the key it had begun with");
  }
  network.ok(5001, {"grant", id});
  BOOST_TEST(!fs::exists(folder / "package.key"));
  BOOST_TEST(network.ok(5001, {"show-exchange", id})["state"] == "granted");
  network.settle();
  BOOST_TEST(network.state(5000, id) == "committed");
  const auto got = network.scratch("got");
  network.ok(5000, {"get-book", with.book, "--to", got.string()});
  BOOST_TEST(fs::file_size(got) == interruptible_bytes);
}

BOOST_AUTO_TEST_CASE(opening_that_is_interrupted_or_killed_goes_on) {
  const WithBook with(interruptible_bytes);
  const auto& network = with.network;
  network.receive_until_quiet();
  const auto id = network.exchange(5000, 5001, with.book, 5);
  network.receive_all();
  const auto folder = network.home(5000) / "exchanges" / id;
  for (const int signal : {SIGINT, SIGKILL}) {
    const auto ended = interrupt(with.at(5000, {"open", id}), signal,
                                 [&] { return has_bytes(folder / "content.new", 40 * mebibyte); });
    BOOST_TEST(ended.exit_code == (signal == SIGINT ? 130 : killed), ended.err);
    BOOST_TEST(fs::exists(folder / "content.new"));
    BOOST_TEST(network.state(5000, id) == "released");
  }
  BOOST_TEST(network.ok(5000, {"open", id})["state"] == "opened");
  BOOST_TEST(!fs::exists(folder / "content.new"));
}

BOOST_AUTO_TEST_CASE(an_interrupted_add_book_or_get_book_leaves_nothing) {
  const WithBook with(interruptible_bytes);
  const auto& network = with.network;
  const auto work = network.home(5001) / "work";
  const auto added =
      interrupt(with.at(5001, {"add-book", network.scratch("large").string(), "--title", "again"}), SIGINT, [&] {
        for (const auto& each : fs::directory_iterator(work)) {
          if (has_bytes(each.path() / "content", 40 * mebibyte)) return true;
        }
        return false;
      });
  BOOST_TEST(added.exit_code == 130, added.err);
  BOOST_TEST(fs::is_empty(work));
  BOOST_TEST(network.ok(5001, {"list-books"})["books"].size() == 1U);
  const auto target = network.scratch("target") / "book";
  fs::create_directory(target.parent_path());
  const auto began = Clock::now();
  const auto got = interrupt(with.at(5001, {"get-book", "large", "--to", target.string()}), SIGINT,
                             [&] { return Clock::now() - began > milliseconds(40); });
  BOOST_TEST((got.exit_code == 130 || fs::file_size(target) == interruptible_bytes), got.err);
  if (got.exit_code == 130) BOOST_TEST(fs::is_empty(target.parent_path()));
}

BOOST_AUTO_TEST_SUITE_END()
