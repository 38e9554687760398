// A proposer that is gone for good in the middle of its block: the next requester's mine finishes that
// block, then its own (docs/protocol.md, section 4: "A proposer finishes a locked block first").
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

constexpr int gone = 5000;
constexpr int next_requester = 5002;
const std::vector<int> voters{5001, 5002, 5003};

/// Of what a receive took in, how many were messages of that type.
std::size_t count_type(const Json& received, const std::string& type) {
  std::size_t count = 0;
  for (const auto& each : received["received"]) count += each["type"] == type ? 1U : 0U;
  return count;
}

struct Prepared {
  Network network;
  std::string first;
  std::string second;

  /// Both exchanges are ready to be mined, then the first one's block is proposed and gets its prevotes.
  Prepared() {
    first = network.exchange(gone, 5001, network.book_of(5001), 7);
    network.receive_until_quiet();
    second = network.exchange(next_requester, 5003, network.book_of(5003), 7);
    network.receive_until_quiet();
    network.ok(gone, {"mine", first});
    for (const int port : voters) BOOST_TEST(count_type(network.ok(port, {"receive"}), "new-round") == 1);
    BOOST_TEST(count_type(network.ok(gone, {"receive"}), "answer") == 3);
    for (const int port : voters) BOOST_TEST(count_type(network.ok(port, {"receive"}), "propose") == 1);
    BOOST_TEST(count_type(network.ok(gone, {"receive"}), "prevote") == 3);
  }

  /// The first `count` voters take in the prevote certificate, which makes each give its PRECOMMIT. What
  /// the proposer sent to the others is lost with it; from here it is never run.
  void lose_proposer_after(std::size_t count) {
    for (std::size_t i = 0; i < voters.size(); ++i) {
      const auto waiting = network.home(voters[i]) / "spool" / std::to_string(gone) / "new";
      if (i < count) {
        BOOST_TEST(count_type(network.ok(voters[i], {"receive"}), "prevotes") == 1);
        continue;
      }
      BOOST_TEST(!fs::is_empty(waiting));
      fs::remove_all(waiting);
      fs::create_directory(waiting);
    }
  }

  void mine_second() const {
    const auto mined = network.at(next_requester, {"mine", second});
    BOOST_REQUIRE_MESSAGE(mined.exit_code == 0, mined.err);
    for (int round = 0; round < 14; ++round) {
      for (const int port : {5001, 5003, 5002}) network.ok(port, {"receive"});
    }
  }

  [[nodiscard]] Json blocks_at(int port) const { return network.ok(port, {"show-chain"})["blocks"]; }
};

void check_finished(const Prepared& prepared) {
  for (const int port : voters) {
    const auto blocks = prepared.blocks_at(port);
    BOOST_REQUIRE(blocks.size() == 2);
    BOOST_TEST(blocks[0]["miner"] == gone);
    BOOST_TEST(blocks[0]["transactions"][0]["exchange"] == prepared.first);
    BOOST_TEST(blocks[1]["miner"] == next_requester);
    BOOST_TEST(blocks[1]["transactions"][0]["exchange"] == prepared.second);
    BOOST_TEST(prepared.network.ok(port, {"verify-chain"})["valid"] == true);
    BOOST_TEST(prepared.network.state(port, prepared.first) == "committed");
    BOOST_TEST(prepared.network.state(port, prepared.second) == "committed");
  }
  BOOST_TEST(!prepared.network.on_shelf(5001, prepared.network.show(5001, prepared.first)["book"]));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proposer_killed)

BOOST_AUTO_TEST_CASE(after_one_precommit_the_next_mine_finishes_its_block_and_then_its_own) {
  Prepared prepared;
  prepared.lose_proposer_after(1);
  prepared.mine_second();
  check_finished(prepared);
}

BOOST_AUTO_TEST_CASE(after_two_precommits_the_next_mine_finishes_its_block_and_then_its_own) {
  Prepared prepared;
  prepared.lose_proposer_after(2);
  prepared.mine_second();
  check_finished(prepared);
}

BOOST_AUTO_TEST_CASE(after_three_precommits_the_next_mine_finishes_its_block_and_then_its_own) {
  Prepared prepared;
  prepared.lose_proposer_after(3);
  prepared.mine_second();
  check_finished(prepared);
}

// No lock is named among the answers: the block is free. Nobody can have committed the lost one.
BOOST_AUTO_TEST_CASE(without_a_precommit_of_a_voter_the_next_block_is_the_next_requesters) {
  Prepared prepared;
  prepared.lose_proposer_after(0);
  prepared.mine_second();
  for (const int port : voters) {
    const auto blocks = prepared.blocks_at(port);
    BOOST_REQUIRE(blocks.size() == 1);
    BOOST_TEST(blocks[0]["miner"] == next_requester);
    BOOST_TEST(prepared.network.state(port, prepared.second) == "committed");
  }
  // Back after all, it takes in the chain, and its own exchange is in the next block.
  prepared.network.settle_all_exchanges();
  BOOST_TEST(prepared.network.state(gone, prepared.first) == "committed");
  BOOST_TEST(prepared.network.equal_chains() == 2);
}

BOOST_AUTO_TEST_CASE(a_proposer_that_comes_back_takes_in_what_was_finished_without_it) {
  Prepared prepared;
  prepared.lose_proposer_after(2);
  prepared.mine_second();
  prepared.network.settle_all_exchanges();
  BOOST_TEST(prepared.network.state(gone, prepared.first) == "committed");
  // Its own votes may make another certificate for the same block: the blocks are what must be equal.
  const auto head = prepared.network.ok(5001, {"status"})["head"];
  for (const int port : prepared.network.ports()) {
    const auto verified = prepared.network.ok(port, {"verify-chain"});
    BOOST_TEST(verified["valid"] == true);
    BOOST_TEST(verified["height"] == 2);
    BOOST_TEST(verified["head"] == head);
  }
}

BOOST_AUTO_TEST_SUITE_END()
