// Every byte of an exported chain changed, one at a time: each is refused with a token, never a crash.
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "cli/chain_file.hpp"
#include "cli/network_file.hpp"
#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
using Clock = std::chrono::steady_clock;

/// Ten exchanges in a row, each block with one transfer.
std::string ten_blocks(const Network& network) {
  std::vector<std::unique_ptr<Background>> served;
  for (const int port : network.ports()) {
    served.push_back(
        std::make_unique<Background>(Words{"-n", network.folder().string(), "-p", std::to_string(port), "serve"}));
  }
  const auto book = network.book_of(5000);
  int at = 5000;
  for (int height = 1; height <= 10; ++height) {
    const int to = 5000 + (at - 5000 + 1 + height % 3) % 4;
    // The block that made `at` the owner may still be on its way to the next requester.
    for (int wait = 0; wait < 500 && network.ok(to, {"status"})["height"] < height - 1; ++wait) ::usleep(20'000);
    network.ok(to, {"request", "--from", std::to_string(at), "--book", book, "--wait=100"});
    at = to;
  }
  const auto file = network.scratch("chain");
  network.ok(at, {"export-chain", file.string()});
  return read_file(file);
}

using bookchain::cli::ChainFileCheck;
using bookchain::cli::ChainVerdict;

/// Everything that a verdict says.
std::string told(const ChainVerdict& verdict) {
  const auto& failure = verdict.failure;
  return std::to_string(verdict.head.height.value) + " good, " +
         (verdict.bad ? "block " + std::to_string(verdict.bad->value) : std::string("no block")) + " bad, " +
         (failure ? std::string(bookchain::ledger::name(failure->token)) + ", " + failure->what : std::string("valid"));
}

/// A good exported chain with one byte changed at a time. The first bad line decides about a file, so a changed line is
/// shown to the program's own check where the lines before it are taken: the verdict is that on the file cut after this
/// line, and on the whole, which is looked at for some of the places.
class ChangedChain {
 public:
  ChangedChain(const path& network_file, std::string good)
      : genesis_(bookchain::cli::load_network(network_file).value()), good_(std::move(good)) {}

  /// Each must be refused. Gives the number of blocks.
  std::size_t change_every_byte() {
    const auto began = Clock::now();
    ChainFileCheck check(genesis_, file_);
    std::size_t lines = 0;
    for (std::size_t begin = 0; begin < good_.size(); ++lines) {
      const auto line = good_.substr(begin, good_.find('\n', begin) - begin);
      for (std::size_t at = 0; at <= line.size(); ++at) {
        if ((begin + at) % one_in == 0) change(check, line, begin, at);
      }
      BOOST_REQUIRE(!check.take(line));
      begin += line.size() + 1;
    }
    // None of the refused lines has left anything behind.
    BOOST_TEST(!check.at_end().failure.has_value());
    const std::chrono::duration<double> took = Clock::now() - began;
    BOOST_TEST_MESSAGE(good_.size() / one_in << " changes of a chain of " << lines << " lines in " << took.count()
                                             << " s");
    for (const auto& [token, times] : tokens_) BOOST_TEST_MESSAGE(token << ": " << times);
    return lines - 1;
  }

 private:
  static constexpr std::size_t whole_every = 97;

  void change(ChainFileCheck& check, std::string line, std::size_t begin, std::size_t at) {
    const auto place = begin + at;
    const auto bad = with_one_bit_changed(good_, place)[place];
    std::optional<ChainVerdict> verdict;
    // With a line feed that is gone, or one more, there are other lines than before.
    const bool other_lines = at == line.size() || bad == '\n';
    if (!other_lines) {
      line[at] = bad;
      verdict = check.take(line);
      BOOST_REQUIRE_MESSAGE(verdict, "byte " << place << " of " << good_.size() << " may be changed");
    }
    if (other_lines || place % whole_every == 0) {
      const auto whole = verdict_on_whole(place);
      if (verdict) BOOST_TEST(told(whole) == told(*verdict), place);
      verdict = whole;
    }
    const auto& failure = verdict->failure;
    BOOST_REQUIRE_MESSAGE(failure, "byte " << place << " of " << good_.size() << " may be changed");
    const auto exit_code = bookchain::ledger::exit_code(failure->token);
    BOOST_TEST((exit_code == 3 || exit_code == 6), place);
    ++tokens_[std::string(bookchain::ledger::name(failure->token))];
  }

  [[nodiscard]] ChainVerdict verdict_on_whole(std::size_t place) const {
    write_file(file_, with_one_bit_changed(good_, place));
    return bookchain::cli::verify_chain_file(genesis_, file_).value();
  }

  TemporaryDirectory folder_;
  path file_ = folder_ / "changed";
  bookchain::ledger::Genesis genesis_;
  std::string good_;
  std::map<std::string, std::size_t> tokens_;
};

/// A chain of the test vectors, which has transactions of every type and form.
void change_vector(const std::string& peers) {
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE(source != nullptr);
  const auto folder = path(source) / "tests" / "vectors" / "formats";
  ChangedChain chain(folder / ("network-" + peers + ".yaml"), read_file(folder / ("chain-" + peers + ".jsonl")));
  BOOST_TEST(chain.change_every_byte() > 1U);
}

}  // namespace

// In this process: the rules and the reader are the program's own, and one process for each change would take many
// times as long. mutated_chain_by_program shows that the command says the same.
BOOST_AUTO_TEST_SUITE(mutated_chain_of_ten_blocks)

BOOST_AUTO_TEST_CASE(no_byte_of_a_chain_of_ten_blocks_may_be_changed) {
  const Network network;
  ChangedChain chain(network.folder() / "network.yaml", ten_blocks(network));
  BOOST_TEST(chain.change_every_byte() == 10U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_of_every_form)

BOOST_AUTO_TEST_CASE(nor_one_of_a_chain_with_aborts_disputes_and_every_form_of_transfer) {
  change_vector("4");
  change_vector("13");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_by_program)

BOOST_AUTO_TEST_CASE(the_command_refuses_changed_bytes_with_a_token_and_names_the_block) {
  const Network network;
  const auto chain = ten_blocks(network);
  const auto file = network.scratch("changed");
  constexpr std::size_t count = 300 / one_in;
  for (std::size_t i = 0; i < count; ++i) {
    const auto place = i * chain.size() / count + i % 7;
    if (place >= chain.size()) break;
    write_file(file, with_one_bit_changed(chain, place));
    const auto ended = network.at(5000, {"verify-chain", file.string()});
    BOOST_TEST((ended.exit_code == 3 || ended.exit_code == 6), place << ": " << ended.err);
    BOOST_TEST(!ended.token().empty());
    const auto line = std::count(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(place), '\n');
    if (ended.exit_code == 3) BOOST_TEST(ended.json()["height"] < std::max<std::ptrdiff_t>(line, 1), place);
  }
  write_file(file, chain);
  BOOST_TEST(network.at(5000, {"verify-chain", file.string()}).exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()
