// A process killed with SIGKILL at a named point before or after every commit, acknowledgement, delivery
// and work on the shelf, in every step and every receive of an exchange, then started again: the exchange
// ends committed, nothing is lost and nothing counts twice (docs/architecture.md: commit, acknowledge, send).
#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr std::array points{"before-commit", "after-commit", "before-acknowledge", "after-acknowledge",
                            "before-send",   "after-send",   "before-shelf",       "after-shelf"};
const std::string text = "What is written here is handed over.";

/// One command of the whole exchange.
struct Line {
  int port;
  Words words;
};

/// Of the two witnesses one is enough: the other acts alike.
constexpr int spared = 5003;

/// Whether anything lies in the spool of that peer.
bool waits_at(const path& network, int port) {
  for (const auto& from : fs::directory_iterator(network / std::to_string(port) / "spool")) {
    if (!fs::is_empty(from.path() / "new")) return true;
  }
  return false;
}

/// The eight steps and all receives between them, then the rounds of the vote.
std::vector<Line> whole_exchange(const std::string& book) {
  std::vector<Line> lines{{5000, {"request", "--from", "5001", "--book", book}}};
  const auto all_receive_but = [&](int last) {
    for (const int port : {5002, 5003, 5001, 5000}) {
      if (port != last) lines.push_back({port, {"receive"}});
    }
    lines.push_back({last, {"receive"}});
  };
  for (const auto& step : steps_after_request()) {
    all_receive_but(step.by_owner ? 5001 : 5000);
    lines.push_back({step.by_owner ? 5001 : 5000, {step.name}});
  }
  for (int phase = 0; phase < 5; ++phase) all_receive_but(5000);
  return lines;
}

/// Time stands still unless a test moves it, so that what is sent again after a while can be waited for
/// without waiting. Only networks made from a seed can do that.
RunOptions at_second(int second) {
  RunOptions options;
  options.environment["BOOKCHAIN_CLOCK"] = std::to_string(1'800'000'000 + second);
  return options;
}

/// How often each point was hit: "grant by the owner, before-send".
using Hits = std::map<std::string, int>;

std::string role_of(int port) { return port == 5000 ? "requester" : port == 5001 ? "owner" : "witness"; }

/// What a command comes to at one peer: each of these has a point before it and one after it.
struct Deeds {
  std::string command;
  int port;
  Words deeds;
};
const Words commits_and_sends{"commit", "send"};
const Words takes_in{"commit", "acknowledge", "send"};

class Rehearsal {
 public:
  Rehearsal() : book_(add_file()), lines_(whole_exchange(book_)) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (is_idle(network_.folder(), lines_[i])) continue;
      copy_folder(network_.folder(), stage(i));
      const auto ended = play(network_.folder(), lines_[i], 0);
      BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, lines_[i].words.front() << ended.err);
    }
    BOOST_TEST(network_.equal_chains() == 1);
  }

  /// Kills line `i` at every point that it reaches, each time that it does, and counts them in `hits`.
  void kill_everywhere(std::size_t i, Hits& hits) const {
    if (lines_[i].port == spared || !fs::exists(stage(i))) return;
    const auto who = lines_[i].words.front() + " by the " + role_of(lines_[i].port) + ", ";
    for (const auto* point : points) {
      for (int time = 1; kill(i, point + (":" + std::to_string(time))); ++time) ++hits[who + point];
    }
  }

  [[nodiscard]] std::size_t count() const { return lines_.size(); }
  [[nodiscard]] std::size_t place_of(const std::string& step) const {
    const auto found = std::ranges::find_if(lines_, [&](const Line& line) { return line.words.front() == step; });
    return static_cast<std::size_t>(found - lines_.begin());
  }

 private:
  [[nodiscard]] path stage(std::size_t i) const { return network_.scratch("stage-" + std::to_string(i)); }

  /// A book of the owner that all peers know. A file: what is only a value needs no work on the shelf.
  [[nodiscard]] std::string add_file() const {
    const auto file = network_.scratch("book");
    write_file(file, text);
    const auto added = play(network_.folder(), {5001, {"add-book", file.string()}}, 0);
    for (int round = 0; round < 2; ++round) {
      for (const int port : network_.ports()) {
        BOOST_REQUIRE(play(network_.folder(), {port, {"receive"}}, 0).exit_code == 0);
      }
    }
    return added.json()["book"];
  }

  /// A receive that would find nothing.
  static bool is_idle(const path& folder, const Line& line) {
    return line.words.front() == "receive" && !waits_at(folder, line.port);
  }

  static Ended play(const path& folder, const Line& line, int second, const std::string& kill_point = {}) {
    auto options = at_second(second);
    if (!kill_point.empty()) options.environment["BOOKCHAIN_KILL"] = kill_point;
    Words words{"-n", folder.string(), "-p", std::to_string(line.port), "-o", "json"};
    words.insert(words.end(), line.words.begin(), line.words.end());
    return run(words, options);
  }

  /// False if the point is not reached that often.
  bool kill(std::size_t i, const std::string& point) const {
    const auto folder = network_.scratch("killed");
    boost::system::error_code ignored;
    fs::remove_all(folder, ignored);
    copy_folder(stage(i), folder);
    const auto& line = lines_[i];
    const auto first = play(folder, line, 0, point);
    BOOST_TEST_CONTEXT(line.words.front() << " at " << line.port << " (" << i << "), killed at " << point) {
      if (first.exit_code == 0) return false;
      BOOST_TEST(first.exit_code == killed, first.err);
      go_on(folder, i);
    }
    return true;
  }

  /// The same command again, then the rest of the exchange.
  void go_on(const path& folder, std::size_t i) const {
    // A request that died after its commit stands; made again, it would be a second one. What it had to
    // send leaves with whatever its peer does next.
    const bool stands = i == 0 && !ask(folder, 5000, {"list-exchanges"})["exchanges"].empty();
    if (stands) BOOST_TEST(play(folder, {5000, {"receive"}}, 0).exit_code == 0);
    for (std::size_t k = stands ? 1 : i; k < lines_.size(); ++k) {
      // The command that was killed comes again whatever lies there.
      if (k != i && is_idle(folder, lines_[k])) continue;
      const auto ended = play(folder, lines_[k], 0);
      BOOST_TEST(ended.exit_code == 0,
                 "then " << lines_[k].words.front() << " at " << lines_[k].port << ": " << ended.err);
    }
    check_end(folder);
  }

  /// A lost acknowledgement is made up for when the message is sent again, later and later.
  static void let_time_pass(const path& folder) {
    for (int second = 10; second < 500; second *= 2) {
      bool empty = true;
      for (const int port : {5000, 5001, 5002, 5003}) {
        const auto status = ask(folder, port, {"status"});
        empty = empty && status["inbox"] == 0 && status["outbox"] == 0;
      }
      if (empty) return;
      for (int round = 0; round < 2; ++round) {
        for (const int port : {5000, 5001, 5002, 5003}) {
          BOOST_TEST(play(folder, {port, {"receive"}}, second).exit_code == 0);
        }
      }
    }
    BOOST_ERROR("messages wait for ever");
  }

  static Json ask(const path& folder, int port, Words words) {
    words.insert(words.begin(), {"-n", folder.string(), "-p", std::to_string(port), "-o", "json"});
    return run(words).json();
  }

  void check_end(const path& folder) const {
    let_time_pass(folder);
    for (const int port : network_.ports()) {
      const auto exchanges = ask(folder, port, {"list-exchanges"})["exchanges"];
      BOOST_TEST(exchanges.size() == 1);
      for (const auto& each : exchanges) BOOST_TEST(each["state"] == "committed", port << each.dump());
    }
    const auto verified = ask(folder, 5000, {"verify-chain"});
    BOOST_TEST(verified["valid"] == true);
    BOOST_TEST(verified["height"] == 1);
    const auto heads = ask(folder, 5000, {"status"})["peers"];
    BOOST_TEST(heads.size() == 4);
    for (const auto& each : heads) BOOST_TEST(each["head"] == verified["head"]);
    const auto left = ask(folder, 5001, {"list-books"})["books"];
    BOOST_TEST(left.size() == 3);
    const auto got = folder / "got";
    BOOST_TEST(run({"-n", folder.string(), "-p", "5000", "get-book", book_, "--to", got.string()}).exit_code == 0);
    BOOST_TEST((read_file(got) == text));
    for (const auto& [name, content] : snapshot(folder / "5001")) {
      BOOST_TEST(!mentions(content, text), "the giver still has it, in " << name);
    }
  }

  Network network_{{"--seed", "kill"}};
  std::string book_;
  std::vector<Line> lines_;
};

/// The lines from the step `first` up to that of `last` (nothing: to the end), each killed at every point. Those of
/// `must` are among them.
void kill_between(const std::string& first, const std::string& last, const std::vector<Deeds>& must) {
  const Rehearsal rehearsal;
  const auto end = last.empty() ? rehearsal.count() : rehearsal.place_of(last);
  Hits hits;
  for (auto i = rehearsal.place_of(first); i < end; i += one_in) rehearsal.kill_everywhere(i, hits);
  for (const auto& [what, times] : hits) BOOST_TEST_MESSAGE(what << ": " << times);
  BOOST_TEST(!hits.empty());
  if (one_in != 1) return;
  for (const auto& [command, port, deeds] : must) {
    for (const auto& deed : deeds) {
      for (const auto* side : {"before-", "after-"}) {
        const auto what = command + " by the " + role_of(port) + ", " + side + deed;
        BOOST_TEST(hits.contains(what), "nothing was killed at: " << what);
      }
    }
  }
}

}  // namespace

// Several suites, so that they run side by side.
BOOST_AUTO_TEST_SUITE(kill_in_request)

BOOST_AUTO_TEST_CASE(no_crash_before_the_grant_loses_the_exchange) {
  kill_between("request", "grant",
               {{"request", 5000, commits_and_sends}, {"receive", 5001, takes_in}, {"receive", 5002, takes_in}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kill_in_grant)

BOOST_AUTO_TEST_CASE(no_crash_from_grant_to_consent_loses_the_exchange) {
  kill_between("grant", "check-id",
               {{"grant", 5001, commits_and_sends},
                {"consent", 5000, commits_and_sends},
                {"receive", 5000, takes_in},
                {"receive", 5001, takes_in},
                {"receive", 5002, takes_in}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kill_in_check_id)

BOOST_AUTO_TEST_CASE(no_crash_from_check_id_to_open_loses_the_exchange) {
  kill_between("check-id", "check-key",
               {{"check-id", 5001, commits_and_sends},
                {"release", 5001, commits_and_sends},
                {"open", 5000, {"commit"}},
                {"receive", 5000, takes_in},
                {"receive", 5001, takes_in},
                {"receive", 5002, takes_in}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kill_in_check_key)

BOOST_AUTO_TEST_CASE(no_crash_from_check_key_to_mine_loses_the_exchange) {
  kill_between("check-key", "mine",
               {{"check-key", 5000, commits_and_sends}, {"receive", 5000, takes_in}, {"receive", 5002, takes_in}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kill_while_voting)

BOOST_AUTO_TEST_CASE(no_crash_while_a_block_is_voted_on_loses_it) {
  kill_between("mine", "",
               {{"mine", 5000, commits_and_sends},
                {"receive", 5000, takes_in},
                {"receive", 5000, {"shelf"}},
                {"receive", 5001, takes_in},
                {"receive", 5001, {"shelf"}},
                {"receive", 5002, takes_in}});
}

BOOST_AUTO_TEST_SUITE_END()
