// serve: four processes that do all of it by themselves, with requests one after another and at once,
// signals, the ways to hold it back, and one-off commands beside it on the same home.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <thread>

#include "ledger/store/files.hpp"
#include "tests/cli/served.hpp"
#include "tests/cli/serving.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;
using Clock = std::chrono::steady_clock;

// The sanitizers take several times as long.
constexpr int within_seconds = one_in == 1 ? 10 : 60;

struct Travelling {
  std::string id;
  std::size_t size;
  std::size_t at;  ///< place of its owner among the ports
};

/// Whether inotify tells that process of what happens in a folder.
bool is_watched_by(pid_t process, const path& folder) {
  struct stat facts {};
  BOOST_REQUIRE(::stat(folder.c_str(), &facts) == 0);
  std::ostringstream inode;
  inode << " ino:" << std::hex << facts.st_ino << ' ';
  boost::system::error_code gone;
  for (fs::directory_iterator entry("/proc/" + std::to_string(process) + "/fdinfo", gone), end; !gone && entry != end;
       entry.increment(gone)) {
    if (mentions(read_file(entry->path()), inode.str())) return true;
  }
  return false;
}

/// One folder in the place of another, without a moment in which nothing is there.
void exchange_folders(const path& left, const path& right) {
  BOOST_REQUIRE(::renameat2(AT_FDCWD, left.c_str(), AT_FDCWD, right.c_str(), RENAME_EXCHANGE) == 0);
}

/// The lock of a home, held as by another process.
class HeldHome {
 public:
  explicit HeldHome(const path& home) : lock_(open(home / "lock")), turn_(open(home / "lock.turn")) {
    BOOST_REQUIRE(::flock(lock_.get(), LOCK_EX) == 0);
  }
  /// Whether somebody waits for it.
  [[nodiscard]] bool is_awaited() const {
    const bool free = ::flock(turn_.get(), LOCK_EX | LOCK_NB) == 0;
    if (free) ::flock(turn_.get(), LOCK_UN);
    return !free;
  }

 private:
  static bookchain::ledger::Descriptor open(const path& file) {
    return bookchain::ledger::Descriptor(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  }
  bookchain::ledger::Descriptor lock_;
  bookchain::ledger::Descriptor turn_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(serve_fifty)

BOOST_AUTO_TEST_CASE(fifty_requests_in_a_row_among_all_peers_are_all_committed) {
  const Network network({"--auto-books", "0"});
  const auto& ports = network.ports();
  std::vector<Travelling> books;
  constexpr std::size_t mib = std::size_t{1} << 20U;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{5'000}, 65 * mib / 64, 4 * mib, 64 * mib}) {
    const auto file = network.scratch("book-" + std::to_string(size));
    write_file(file, content_of(size));
    const auto at = books.size() % ports.size();
    books.push_back({network.ok(ports[at], {"add-book", file.string()})["book"], size, at});
  }
  network.receive_until_quiet();
  Served served(network, ports);
  const auto began = Clock::now();
  for (std::size_t i = 0; i < 50; ++i) {
    // Most are small: the largest travels twice, the second largest a few times.
    auto& book = books[i % 25 == 12 ? 5 : i % 10 == 3 ? 4 : i % 4];
    const auto to = (book.at + 1 + i % 3) % ports.size();
    const auto ended = served.request(ports[to], ports[book.at], book.id)->wait();
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, i << ": " << ended.out << ended.err);
    BOOST_TEST(ended.json()["state"] == "committed");
    book.at = to;
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE("50 requests took " << took.count() << " s");
  BOOST_TEST(served.all_reach(50, 60));
  served.stop();
  BOOST_TEST(network.equal_chains() == 50);
  check_nothing_is_open(network);
  for (const auto& book : books) {
    const auto got = network.scratch("got");
    network.ok(ports[book.at], {"get-book", book.id, "--to", got.string()});
    BOOST_TEST((read_file(got) == read_file(network.scratch("book-" + std::to_string(book.size)))));
    for (std::size_t other = 0; other < ports.size(); ++other) {
      BOOST_TEST(network.on_shelf(ports[other], book.id) == (other == book.at));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(serve_at_once)

BOOST_AUTO_TEST_CASE(two_requesters_for_two_books_both_get_theirs) {
  const Network network;
  const auto first_book = network.book_of(5001);
  const auto second_book = network.book_of(5003);
  Served served(network, network.ports());
  const auto first = served.request(5000, 5001, first_book);
  const auto second = served.request(5002, 5003, second_book);
  BOOST_TEST(first->wait().exit_code == 0);
  BOOST_TEST(second->wait().exit_code == 0);
  BOOST_TEST(served.all_reach(2, 60));
  served.stop();
  BOOST_TEST(network.equal_chains() == 2);
  BOOST_TEST(network.on_shelf(5000, first_book));
  BOOST_TEST(network.on_shelf(5002, second_book));
  check_nothing_is_open(network);
}

BOOST_AUTO_TEST_CASE(what_a_step_put_into_folders_is_told_as_on_its_way) {
  const Network network;
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  std::vector<std::unique_ptr<Background>> servers;
  for (const int port : network.ports()) servers.push_back(serve_in_background(network, port, {"--until-idle=2"}));
  std::size_t sent = 0;
  for (const auto& server : servers) {
    std::istringstream lines(server->wait().out);
    for (std::string line; std::getline(lines, line);) {
      const auto event = Json::parse(line);
      if (event["event"] != "step") continue;
      for (const auto& each : event["sent"]) {
        ++sent;
        BOOST_TEST(!each.contains("delivered"), line);
      }
    }
  }
  BOOST_TEST(sent > 0U);
  BOOST_TEST(network.state(5000, id) == "committed");
}

BOOST_AUTO_TEST_CASE(of_two_requesters_for_one_book_one_gets_it_and_nothing_hangs) {
  const Network network;
  const auto book = network.book_of(5001);
  Served served(network, network.ports());
  const auto first = served.request(5000, 5001, book);
  const auto second = served.request(5002, 5001, book);
  const auto first_ended = first->wait();
  const auto second_ended = second->wait();
  const bool first_won = first_ended.exit_code == 0;
  const auto& lost = first_won ? second_ended : first_ended;
  BOOST_TEST((first_won ? first_ended : second_ended).exit_code == 0, first_ended.err << second_ended.err);
  BOOST_TEST(lost.exit_code == 3);
  BOOST_TEST(!lost.token().empty());
  if (!lost.out.empty()) BOOST_TEST(lost.json()["reason"].is_string());
  BOOST_TEST(served.all_reach(1, 60));
  BOOST_TEST(becomes_true(60, [&] {
    return std::ranges::all_of(network.ports(), [&](int port) {
      return network.ok(port, {"list-exchanges", "--open"})["exchanges"].empty();
    });
  }));
  served.stop();
  BOOST_TEST(network.equal_chains() == 1);
  BOOST_TEST(network.on_shelf(first_won ? 5000 : 5002, book));
  BOOST_TEST(!network.on_shelf(first_won ? 5002 : 5000, book));
}

BOOST_AUTO_TEST_CASE(three_requesters_mining_at_one_height_are_all_in_the_chain_soon) {
  const Network network;
  for (const auto& [requester, owner] : {std::pair{5000, 5001}, {5001, 5002}, {5002, 5003}}) {
    network.exchange(requester, owner, network.book_of(owner), 7);
    network.receive_until_quiet();
  }
  for (const int port : {5000, 5001, 5002}) BOOST_TEST(network.ok(port, {"status"})["due"][0]["step"] == "mine");
  const auto began = Clock::now();
  Served served(network, network.ports());
  BOOST_TEST(served.all_reach(3, 60));
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE("three blocks took " << took.count() << " s");
  BOOST_TEST(took.count() < within_seconds);
  served.stop();
  BOOST_TEST(network.equal_chains() == 3);
  check_nothing_is_open(network);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(serve_control)

BOOST_AUTO_TEST_CASE(signals_end_it_with_the_promised_exit_codes) {
  const Network network;
  for (const auto& [signal, exit_code] : {std::pair{SIGTERM, 0}, {SIGINT, 130}}) {
    Background serving(command_at(network, 5000, {"serve"}));
    BOOST_TEST(becomes_true(30, [&] { return mentions(serving.out_so_far(), "started"); }));
    serving.signal(signal);
    const auto ended = serving.wait();
    BOOST_TEST(ended.exit_code == exit_code);
    std::istringstream lines(ended.out);
    std::string last;
    for (std::string line; std::getline(lines, line); last = line) BOOST_TEST(Json::parse(line)["schema"] == 1);
    BOOST_TEST(Json::parse(last)["event"] == "stopped");
    network.ok(5000, {"status"});
  }
}

BOOST_AUTO_TEST_CASE(signals_end_it_at_once_while_another_process_holds_the_home) {
  const Network network;
  for (const auto& [signal, exit_code] : {std::pair{SIGTERM, 0}, {SIGINT, 130}}) {
    for (const bool begun : {true, false}) {
      std::optional<HeldHome> held;
      if (!begun) held.emplace(network.home(5000));
      Background serving(command_at(network, 5000, {"serve"}));
      if (begun) {
        BOOST_TEST(becomes_true(30, [&] { return mentions(serving.out_so_far(), "started"); }));
        held.emplace(network.home(5000));
      }
      BOOST_REQUIRE(becomes_true(30, [&] { return held->is_awaited(); }));
      const auto before = snapshot(network.home(5000));
      const auto began = Clock::now();
      serving.signal(signal);
      const auto ended = serving.wait();
      const std::chrono::duration<double> took = Clock::now() - began;
      BOOST_TEST(ended.exit_code == exit_code, ended.err);
      BOOST_TEST(took.count() < within_seconds / 2.0);
      if (begun) BOOST_TEST(mentions(ended.out, signal == SIGINT ? "interrupted" : "terminated"));
      BOOST_TEST((snapshot(network.home(5000)) == before), "nothing is written without the lock");
      held.reset();
      network.ok(5000, {"status"});
    }
  }
}

BOOST_AUTO_TEST_CASE(until_idle_ends_with_0_when_all_is_done_and_with_5_naming_who_is_awaited) {
  const Network network;
  BOOST_TEST(network.at(5000, {"serve", "--until-idle=0.2"}).exit_code == 0);
  const auto id = network.exchange(5000, 5001, network.book_of(5001), 1);
  const auto waiting = network.at(5000, {"serve", "--until-idle=0.2"});
  BOOST_TEST(waiting.exit_code == 5);
  BOOST_TEST(waiting.token() == "waiting");
  BOOST_TEST(mentions(waiting.err, "5001"));
  BOOST_TEST(network.state(5000, id) == "requested", "time alone ends no exchange");
  std::vector<std::unique_ptr<Background>> all;
  for (const int port : network.ports()) {
    all.push_back(std::make_unique<Background>(command_at(network, port, {"serve", "--until-idle=4"})));
  }
  for (const auto& each : all) BOOST_TEST(each->wait().exit_code == 0);
  BOOST_TEST(network.state(5000, id) == "committed");
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(manual_takes_in_and_answers_and_takes_no_step) {
  const Network network;
  Served served(network, network.ports(), {"--manual"});
  const auto book = network.book_of(5001);
  const std::string id = network.request(5000, 5001, book);
  const auto due_at = [&](int port, const std::string& step) {
    return becomes_true(60, [&] {
      const auto due = network.ok(port, {"status"})["due"];
      return !due.empty() && due[0]["step"] == step;
    });
  };
  for (const auto& step : steps_after_request()) {
    const int port = step.by_owner ? 5001 : 5000;
    BOOST_REQUIRE(due_at(port, step.name));
    // It stays due: nobody takes it.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    BOOST_REQUIRE(due_at(port, step.name));
    network.ok(port, {step.name, id});
  }
  BOOST_TEST(served.all_reach(1, 60));
  served.stop();
  BOOST_TEST(network.equal_chains() == 1);
  BOOST_TEST(network.on_shelf(5000, book));
}

BOOST_AUTO_TEST_CASE(grant_none_leaves_the_grant_to_the_owner_and_does_the_rest) {
  const Network network;
  Served served(network, network.ports(), {"--grant", "none"});
  const auto book = network.book_of(5001);
  const auto waiting = served.request(5000, 5001, book);
  BOOST_TEST(becomes_true(60, [&] { return !network.ok(5001, {"list-exchanges"})["exchanges"].empty(); }));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto exchanges = network.ok(5001, {"list-exchanges"})["exchanges"];
  BOOST_TEST(exchanges[0]["state"] == "requested");
  network.ok(5001, {"grant"});
  BOOST_TEST(waiting->wait().exit_code == 0);
  BOOST_TEST(served.all_reach(1, 60));
  served.stop();
}

BOOST_AUTO_TEST_CASE(one_off_commands_work_beside_it_on_the_same_home) {
  const Network network;
  Served served(network, network.ports());
  const auto file = network.scratch("page");
  write_file(file, "words");
  std::vector<std::unique_ptr<Background>> beside;
  for (int time = 0; time < 5; ++time) {
    for (const auto& words : {Words{"status"}, Words{"list-books", "--all"}, Words{"receive"}, Words{"step"},
                              Words{"add-book", file.string()}, Words{"show-chain"}, Words{"inbox"}, Words{"outbox"},
                              Words{"verify-chain"}, Words{"serve", "--until-idle=0.1"}}) {
      beside.push_back(std::make_unique<Background>(command_at(network, 5000, words)));
    }
    const auto ended = served.request(5000, 5001 + time % 3, network.book_of(5001 + time % 3))->wait();
    BOOST_TEST(ended.exit_code == 0, ended.err);
  }
  for (const auto& each : beside) {
    const auto ended = each->wait();
    // serve --until-idle may find the exchange still open, and says so.
    BOOST_TEST((ended.exit_code == 0 || (ended.exit_code == 5 && ended.token() == "waiting")), ended.err);
  }
  BOOST_TEST(served.all_reach(5, 60));
  BOOST_TEST(becomes_true(60, [&] {
    return std::ranges::all_of(network.ports(), [&](int port) {
      return network.ok(port, {"list-books", "--all"})["books"].size() == 17;
    });
  }));
  served.stop();
  BOOST_TEST(network.equal_chains() == 5);
}

// transport.spool_watch shows what inotify is good for; here it tells nothing, as where a file system does not.
BOOST_AUTO_TEST_CASE(a_message_that_nothing_tells_of_is_taken_in_by_looking_again) {
  const Network network;
  network.receive_until_quiet();
  const auto spool = network.home(5001) / "spool";
  const auto other = network.scratch("another-spool");
  const auto book = network.book_of(5001);
  const Background serving(command_at(network, 5001, {"serve"}));
  BOOST_REQUIRE(becomes_true(30, [&] { return is_watched_by(serving.pid(), spool / "5000" / "new"); }));
  copy_folder(spool, other);
  exchange_folders(spool, other);
  const std::string id = network.request(5000, 5001, book);
  // Nothing else is run at 5001: the end of another command on its home would wake it as well.
  BOOST_TEST(becomes_true(within_seconds, [&] { return mentions(serving.out_so_far(), id); }));
  BOOST_TEST(!is_watched_by(serving.pid(), spool));
  BOOST_TEST(!is_watched_by(serving.pid(), spool / "5000" / "new"));
}

// The contract: "A network left alone becomes quiet: nothing is resent within 5 s."
BOOST_AUTO_TEST_CASE(a_network_left_alone_becomes_quiet) {
  const Network network;
  Served served(network, network.ports());
  BOOST_TEST(served.request(5000, 5001, network.book_of(5001))->wait().exit_code == 0);
  BOOST_TEST(served.all_reach(1, 60));
  const auto empty = [&] {
    return std::ranges::all_of(network.ports(), [&](int port) {
      const auto status = network.ok(port, {"status"});
      return status["inbox"] == 0 && status["outbox"] == 0;
    });
  };
  BOOST_TEST(becomes_true(60, empty));
  const auto said = served.process(0).out_so_far();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  BOOST_TEST(empty());
  BOOST_TEST(served.process(0).out_so_far() == said);
  served.stop();
}

BOOST_AUTO_TEST_SUITE_END()
