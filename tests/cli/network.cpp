// The Network of process.hpp.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

namespace fs = boost::filesystem;

const std::vector<StepOfExchange>& steps_after_request() {
  static const std::vector<StepOfExchange> steps{
      {"grant", true, "granted"},    {"consent", false, "consented"}, {"check-id", true, "consented"},
      {"release", true, "released"}, {"open", false, "opened"},       {"check-key", false, "opened"},
      {"mine", false, "mined"},
  };
  return steps;
}

Network::Network(Words init_options, std::vector<int> ports) : ports_(std::move(ports)) {
  std::string list;
  for (const int port : ports_) list += (list.empty() ? "" : ",") + std::to_string(port);
  Words words{"init", folder().string(), "--ports", list, "--work-bits", "4"};
  words.insert(words.end(), init_options.begin(), init_options.end());
  const auto made = run(words);
  BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
}

Ended Network::at(int port, Words words, const RunOptions& options) const {
  Words all{"-n", folder().string(), "-p", std::to_string(port), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all, options);
}

Ended Network::text_at(int port, Words words) const {
  words.insert(words.begin(), {"-n", folder().string(), "-p", std::to_string(port)});
  return run(words);
}

std::string Network::here(int port, const std::string& words) const {
  return "bookchain -n " + folder().string() + " -p " + std::to_string(port) + " " + words;
}

Json Network::ok(int port, const Words& words) const {
  const auto ended = at(port, words);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0,
                        words.front() << " at " << port << ": exit " << ended.exit_code << ": " << ended.err);
  return ended.json();
}

Json Network::ok(const Words& words) const {
  Words all{"-n", folder().string(), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  const auto ended = run(all);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, words.front() << ": exit " << ended.exit_code << ": " << ended.err);
  return ended.json();
}

void Network::refused(int port, const Words& words, int exit_code, const std::string& token) const {
  const auto ended = at(port, words);
  BOOST_TEST_CONTEXT(words.front() << " at " << port << ": " << ended.err) {
    BOOST_TEST(ended.exit_code == exit_code);
    BOOST_TEST(ended.token() == token);
  }
}

Ended Network::shell(const std::string& lines) const {
  const auto bin = scratch("bin");
  fs::create_directories(bin);
  if (!fs::exists(fs::symlink_status(bin / "bookchain"))) fs::create_symlink(program_under_test(), bin / "bookchain");
  RunOptions options;
  options.program = "/bin/sh";
  options.environment["PATH"] = bin.string() + ":/usr/bin:/bin";
  return run({"-ec", lines}, options);
}

void Network::receive_all() const {
  for (const int port : ports_) ok(port, {"receive"});
}

void Network::settle(int rounds) const {
  for (int round = 0; round < rounds; ++round) {
    bool moved = false;
    for (const int port : ports_) {
      const auto ended = at(port, {"step"});
      const auto result = ended.json();
      moved = moved || !result["received"].empty() || !result["steps"].empty();
    }
    if (!moved) return;
  }
  BOOST_ERROR("the network does not settle");
}

void Network::settle_all_exchanges() const {
  for (int round = 0; round < 200; ++round) {
    settle();
    const auto none_open = [&](int port) { return ok(port, {"list-exchanges", "--open"})["exchanges"].empty(); };
    if (std::ranges::all_of(ports_, none_open)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  BOOST_ERROR("exchanges stay open");
}

void Network::receive_until_quiet(int rounds) const {
  for (int round = 0; round < rounds; ++round) {
    bool moved = false;
    for (const int port : ports_) moved = !ok(port, {"receive"})["received"].empty() || moved;
    if (!moved) return;
  }
  BOOST_ERROR("the network does not become quiet");
}

std::string Network::book_of(int owner, std::size_t place) const {
  const auto books = ok(owner, {"list-books"})["books"];
  BOOST_REQUIRE(books.size() > place);
  return books[place]["book"];
}

bool Network::on_shelf(int port, const std::string& book) const {
  const auto books = ok(port, {"list-books"})["books"];  // a copy: the whole answer is gone after this line
  return std::ranges::any_of(books, [&](const auto& each) { return each["book"] == book; });
}

std::string Network::value_of(int owner, std::size_t place) const {
  const auto books = ok(owner, {"list-books"})["books"];
  BOOST_REQUIRE(books.size() > place);
  return books[place]["value"];
}

std::string Network::request(int requester, int owner, const std::string& book) const {
  return ok(requester, {"request", "--from", std::to_string(owner), "--book", book})["exchange"];
}

std::string Network::exchange(int requester, int owner, const std::string& book, int last) const {
  const auto id = request(requester, owner, book);
  const auto others_receive = [&](int but) {
    for (const int port : ports_) {
      if (port != but) ok(port, {"receive"});
    }
    ok(but, {"receive"});
  };
  struct Each {
    int number;
    int port;
    const char* step;
  };
  for (const auto& [number, port, step] :
       {Each{2, owner, "grant"}, Each{3, requester, "consent"}, Each{4, owner, "check-id"}, Each{5, owner, "release"},
        Each{6, requester, "open"}, Each{7, requester, "check-key"}, Each{8, requester, "mine"}}) {
    if (number > last) return id;
    others_receive(port);
    ok(port, {step, id});
  }
  vote(requester);
  return id;
}

void Network::vote(int proposer) const {
  // NEWROUND, PROPOSE, prevotes, commit: a round of messages each.
  for (int phase = 0; phase < 5; ++phase) {
    for (const int port : ports_) {
      if (port != proposer) ok(port, {"receive"});
    }
    ok(proposer, {"receive"});
  }
}

Json Network::show(int port, const std::string& exchange) const { return ok(port, {"show-exchange", exchange}); }

std::string Network::state(int port, const std::string& exchange) const { return show(port, exchange)["state"]; }

int Network::equal_chains() const {
  std::string first;
  int height = -1;
  for (const int port : ports_) {
    const auto verified = ok(port, {"verify-chain"});
    BOOST_TEST(verified["valid"] == true);
    height = verified["height"];
    const auto file = scratch("chain-" + std::to_string(port));
    ok(port, {"export-chain", file.string()});
    const auto bytes = read_file(file);
    if (first.empty()) first = bytes;
    BOOST_TEST((bytes == first), "the chain of " << port << " differs");
  }
  return height;
}

}  // namespace bookchain::tests
