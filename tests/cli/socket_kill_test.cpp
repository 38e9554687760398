// Peers that serve over sockets, of which one is killed with SIGKILL at a named point in the middle of an exchange
// and begun again: the exchange ends committed, nothing is lost and nothing happens twice.
#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "tests/cli/roles.hpp"
#include "tests/cli/served.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// Without taking its end from it.
bool has_ended(const Background& process) {
  siginfo_t ended{};
  return ::waitid(P_PID, static_cast<id_t>(process.pid()), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid != 0;
}

/// A network that goes through one exchange after the other, in each of which one peer dies.
class Mortal {
 public:
  Mortal() {
    for (const int port : network_.ports()) serve(port);
  }

  /// `port` dies the `time`th time that it comes to that point, and is begun again. Where many messages come at once it
  /// comes there less often in an exchange, and another follows.
  void exchange_with_a_death(int port, const std::string& point, int time) {
    BOOST_TEST_CONTEXT(port << " killed at " << point << ":" << time) {
      constexpr int most_tries = 5;
      std::string id;
      bool died = false;
      for (int tries = 0; !died; ++tries) {
        BOOST_REQUIRE_MESSAGE(tries < most_tries, "the point was not reached");
        const auto book = new_book();
        end(port);
        serve(port, point + ":" + std::to_string(time));
        id = network_.request(requester, owner, book);
        ++exchanges_;
        // What was added before it began may lead to the point as well: then the exchange begins with the death.
        BOOST_TEST(becomes_true(60, [&] { return has_ended(*served_.at(port)) || is_committed(id); }));
        if (!has_ended(*served_.at(port))) served_.at(port)->signal(SIGTERM);
        const int code = served_.at(port)->wait().exit_code;
        died = code == killed;
        BOOST_TEST((died || code == 0));
        serve(port);
      }
      BOOST_TEST(becomes_true(60, [&] { return is_committed(id); }));
    }
  }

  void check_the_end() {
    BOOST_TEST(becomes_true(60, [&] { return network_.ok(witness, {"status"})["height"] == exchanges_; }));
    BOOST_TEST(becomes_true(60, [&] { return network_.ok(5003, {"status"})["height"] == exchanges_; }));
    BOOST_TEST(becomes_true(60, [&] { return network_.ok(requester, {"list-books"})["books"].size() == exchanges_; }));
    for (const int port : network_.ports()) end(port);
    BOOST_TEST(network_.equal_chains() == exchanges_);
    check_nothing_is_open(network_);
    for (const auto& [book, content] : books_) {
      const auto got = network_.scratch("got-" + book);
      network_.ok(requester, {"get-book", book, "--to", got.string()});
      BOOST_TEST((read_file(got) == content), book);
      BOOST_TEST(!network_.on_shelf(owner, book));
    }
  }

 private:
  void serve(int port, const std::string& kill_point = {}) {
    RunOptions options;
    if (!kill_point.empty()) options.environment["BOOKCHAIN_KILL"] = kill_point;
    served_[port] = std::make_unique<Background>(command_at(network_, port, {"serve"}), options);
  }
  [[nodiscard]] bool is_committed(const std::string& exchange) const {
    return network_.state(requester, exchange) == "committed" && network_.state(owner, exchange) == "committed";
  }
  void end(int port) {
    served_.at(port)->signal(SIGTERM);
    BOOST_TEST(served_.at(port)->wait().exit_code == 0);
  }
  /// A file of three chunks, known to the requester.
  std::string new_book() {
    const auto file = network_.scratch("page");
    const auto content = content_of(150'000 + books_.size());
    write_file(file, content);
    const std::string book = network_.ok(owner, {"add-book", file.string()})["book"];
    books_[book] = content;
    BOOST_TEST(becomes_true(60, [&] { return network_.at(requester, {"history", book}).exit_code == 0; }));
    return book;
  }

  Network network_{{"--transport", "socket", "--auto-books", "0"}};
  std::map<int, std::unique_ptr<Background>> served_;
  std::map<std::string, std::string> books_;
  std::size_t exchanges_ = 0;
};

/// Before and after each commit, acknowledgement and send, several times, and where it works on a book. An owner that
/// is not asked to vote comes to each of them four times in an exchange.
void kill_everywhere(int port) {
  const int last_time = port == owner ? 4 : 5;
  Mortal mortal;
  for (const auto* when : {"before-", "after-"}) {
    for (const auto* point : {"commit", "acknowledge", "send"}) {
      for (const int time : {1, 2, 3, last_time}) mortal.exchange_with_a_death(port, std::string(when) + point, time);
    }
    if (port != witness) mortal.exchange_with_a_death(port, std::string(when) + "shelf", 1);
  }
  mortal.check_the_end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(requester_killed_over_sockets)

BOOST_AUTO_TEST_CASE(a_requester_that_dies_at_any_point_gets_every_book_once) { kill_everywhere(requester); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(owner_killed_over_sockets)

BOOST_AUTO_TEST_CASE(an_owner_that_dies_at_any_point_gives_every_book_once) { kill_everywhere(owner); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(witness_killed_over_sockets)

BOOST_AUTO_TEST_CASE(a_witness_that_dies_at_any_point_stops_nothing_and_has_every_block) { kill_everywhere(witness); }

BOOST_AUTO_TEST_SUITE_END()
