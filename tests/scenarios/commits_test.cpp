// COMMIT goes without the block, which went to all with its PROPOSE (docs/protocol.md, section 4).
#include "tests/scenarios/votes.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(commits)

// Section 4: "q precommits commit the block. COMMIT carries them alone".
BOOST_AUTO_TEST_CASE(a_certificate_commits_the_block_that_was_proposed) {
  Votes v;
  const auto block = v.block(1);
  BOOST_TEST(!v.give(v.proposal(v.ballot(1), block)));
  const auto certificate = v.certificate<Precommit>(v.ballot(1), v.hash(block));
  auto forged = certificate;
  forged.votes[1].signature.bytes[0] ^= 1U;
  BOOST_TEST((v.give(CommitMessage{forged}) == Token::bad_signature));
  forged.votes.erase(forged.votes.begin() + 1);
  BOOST_TEST((v.give(CommitMessage{forged}) == Token::no_quorum));
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
  BOOST_TEST(!v.give(CommitMessage{certificate}));
  BOOST_TEST((v.network.chain(v.voter).front().block == block));
  // What comes again changes nothing, and another block's certificate is seen for what it is.
  BOOST_TEST(!v.give(CommitMessage{certificate}));
  BOOST_TEST((v.give(CommitMessage{v.certificate<Precommit>(v.ballot(1), v.hash(v.block(2)))}) == Token::bad_chain));
  BOOST_TEST(v.network.head(v.voter).height.value == 1U);
}

// Section 4: "Who does not have it asks the proposer and those that gave a PRECOMMIT": the first may be gone.
BOOST_AUTO_TEST_CASE(who_has_not_the_block_of_a_commit_asks_for_it) {
  Votes v;
  v.network.filter = [&](const Envelope& envelope) {
    return envelope.to != v.voter || !std::holds_alternative<ProposeMessage>(envelope.message);
  };
  std::size_t commits = 0;
  std::size_t blocks = 0;
  v.network.watch = [&](const Envelope& envelope, const std::optional<Error>& error) {
    if (envelope.to != v.voter) return;
    if (const auto* commit = std::get_if<CommitMessage>(&envelope.message)) {
      ++commits;
      BOOST_TEST(!commit->block.has_value());
      BOOST_TEST(!error.has_value());
    }
    if (const auto* told = std::get_if<BlocksMessage>(&envelope.message)) blocks += told->blocks.size();
    if (commits == 1) v.network.kill(v.liar);
  };
  v.network.run();
  BOOST_TEST(commits == 1U);
  BOOST_TEST(blocks >= 1U);
  BOOST_TEST(v.network.head(v.voter).height.value == 1U);
  v.network.require_equal_chains(1);
}

// Section 4, "Blocks that do not come": whoever hears of a later height asks for what it lacks.
BOOST_AUTO_TEST_CASE(a_commit_of_a_later_height_makes_a_peer_ask_too) {
  Votes v;
  const auto certificate = v.certificate<Precommit>(v.ballot(1), v.hash(v.block(1)), Height{3});
  BOOST_TEST(!v.give(CommitMessage{certificate}));
  BOOST_TEST(last_queued<WantBlocks>(v.network).has_value());
  BOOST_TEST(v.network.head(v.voter).height.value == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
