// One byte changed at a time of an exported chain: each is refused with a token, never a crash.
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

std::string changed(std::string bytes, std::size_t place) {
  bytes[place] = static_cast<char>(bytes[place] ^ (1 << (place % 8)));
  return bytes;
}

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

/// Changes `count` bytes of `chain` one at a time, evenly, of these every `parts`-th from `part` on; each must be
/// refused. `height` is that of the chain as it is.
void change_evenly(const path& network_file, const std::string& chain, std::uint64_t height, std::size_t count,
                   std::size_t part, std::size_t parts) {
  const auto genesis = bookchain::cli::load_network(network_file);
  BOOST_REQUIRE(genesis.has_value());
  const TemporaryDirectory folder;
  const auto file = folder / "changed";
  write_file(file, chain);
  const auto good = bookchain::cli::verify_chain_file(genesis.value(), file);
  BOOST_REQUIRE((good.has_value() && !good.value().failure && good.value().head.height.value == height));
  std::map<std::string, std::size_t> tokens;
  const auto began = Clock::now();
  for (std::size_t i = part; i < count; i += parts) {
    const auto place = i * chain.size() / count;
    write_file(file, changed(chain, place));
    const auto verdict = bookchain::cli::verify_chain_file(genesis.value(), file);
    BOOST_REQUIRE(verdict.has_value());
    const auto& failure = verdict.value().failure;
    BOOST_REQUIRE_MESSAGE(failure, "byte " << place << " of " << chain.size() << " may be changed");
    const auto exit_code = bookchain::ledger::exit_code(failure->token);
    BOOST_TEST((exit_code == 3 || exit_code == 6), place);
    ++tokens[std::string(bookchain::ledger::name(failure->token))];
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE(count / parts << " changes of a chain of " << chain.size() << " bytes in " << took.count()
                                   << " s");
  for (const auto& [token, times] : tokens) BOOST_TEST_MESSAGE(token << ": " << times);
}

void change_ten_blocks(std::size_t part) {
  const Network network;
  const auto chain = ten_blocks(network);
  BOOST_REQUIRE(std::ranges::count(chain, '\n') == 11);
  const bool all = std::getenv("BOOKCHAIN_EVERY_BYTE") != nullptr;
  change_evenly(network.folder() / "network.yaml", chain, 10, all ? chain.size() : 20'000 / one_in, part, 4);
}

/// A chain of the test vectors, which has transactions of every type and form.
void change_vector(const std::string& peers) {
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE(source != nullptr);
  const auto folder = path(source) / "tests" / "vectors" / "formats";
  const auto chain = read_file(folder / ("chain-" + peers + ".jsonl"));
  const auto blocks = static_cast<std::uint64_t>(std::ranges::count(chain, '\n')) - 1;
  change_evenly(folder / ("network-" + peers + ".yaml"), chain, blocks, 4'000 / one_in, 0, 1);
}

}  // namespace

// In this process: the rules and the reader are the program's own, and one process for each change would
// take many times as long. mutated_chain_by_program shows that the command says the same. Four suites, so
// that they run side by side. With BOOKCHAIN_EVERY_BYTE set, every place of it instead of 20,000.
BOOST_AUTO_TEST_SUITE(mutated_chain_first)

BOOST_AUTO_TEST_CASE(every_fourth_place_of_a_chain_of_ten_blocks_may_not_be_changed) { change_ten_blocks(0); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_second)

BOOST_AUTO_TEST_CASE(nor_the_places_after_those) { change_ten_blocks(1); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_third)

BOOST_AUTO_TEST_CASE(nor_those_after_them) { change_ten_blocks(2); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_fourth)

BOOST_AUTO_TEST_CASE(nor_the_rest) { change_ten_blocks(3); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutated_chain_of_every_form)

BOOST_AUTO_TEST_CASE(nor_a_place_in_a_chain_with_aborts_disputes_and_every_form_of_transfer) {
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
    write_file(file, changed(chain, place));
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
