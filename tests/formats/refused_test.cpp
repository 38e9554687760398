// Section 4: whatever breaks one rule of docs/formats.md is refused, by the program here, by the
// independent verifier from the golden file that this writes.
#include <boost/test/unit_test.hpp>

#include "tests/formats/golden_files.hpp"
#include "tests/formats/refused_blocks.hpp"

namespace {

using namespace bookchain;          // NOLINT(google-build-using-namespace)
using namespace bookchain::golden;  // NOLINT(google-build-using-namespace)

/// The error by which the program refuses the block, or nothing.
std::optional<Error> refusal(const World& world, const State& below, const RefusedBlock& refused) {
  const auto block = decode<Block>(refused.block);
  if (!block) return block.error();
  const auto certificate = decode<CommitCertificate>(refused.certificate);
  if (!certificate) return certificate.error();
  Draft draft(below);
  const auto appended =
      verify_and_append(world.genesis, draft, CommittedBlock{block.value(), certificate.value()}, true);
  if (appended) return std::nullopt;
  return appended.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(refused_blocks)

BOOST_AUTO_TEST_CASE(every_block_that_breaks_one_rule_is_refused_with_its_token) {
  const FourPeers four;
  const auto cases = RefusedBlocks(four).all();
  auto vectors = nlohmann::ordered_json::array();
  for (const auto& refused : cases) {
    Chain below(four.world);
    for (std::size_t i = 0; i < refused.after; ++i) below.take(four.chain.blocks()[i]);
    const auto error = refusal(four.world, below.state(), refused);
    BOOST_CHECK_MESSAGE(error.has_value(), refused.name << ": accepted");
    if (error) {
      BOOST_CHECK_MESSAGE(error->token == refused.token,
                          refused.name << ": " << name(error->token) << ", " << error->what);
    }
    vectors.push_back(nlohmann::ordered_json{{"name", refused.name},
                                             {"rule", refused.rule},
                                             {"token", name(refused.token)},
                                             {"after", refused.after},
                                             {"line", refused.line.substr(0, refused.line.size() - 1)}});
  }
  check_golden("refused-blocks.json", vectors);
}

BOOST_AUTO_TEST_CASE(a_block_above_the_limit_of_its_network_is_refused) {
  // Rule B5. The dispute is false, too; its size is seen first.
  const auto usual = make_world(4);
  auto fields = usual.genesis.fields();
  fields.limits.block_bytes = std::uint32_t{1} << 18U;
  auto genesis = Genesis::make(fields);
  BOOST_REQUIRE(genesis.has_value());
  const World world{std::move(genesis).value(), usual.identities};
  const PeerPort requester{5000};
  const auto exchange =
      make_exchange(world, make_value_book(world, PeerPort{5001}, 1, "1"), requester, PeerPort{5001}, {}, {});
  auto proof = bad_chunk(exchange, 0);
  proof.ciphertext.resize(fields.limits.block_bytes);
  const Chain chain(world);
  const auto block = chain.mine(requester, {make_dispute(world, exchange, std::move(proof))});
  const auto checked = check_block(world.genesis, chain.state(), block);
  BOOST_REQUIRE(!checked.has_value());
  BOOST_TEST((checked.error().token == Token::bad_chain));
  BOOST_TEST(checked.error().what == "a block is too large");
}

BOOST_AUTO_TEST_SUITE_END()
