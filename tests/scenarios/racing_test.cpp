// Two ends of one turn of a book on their way to the chain at once (docs/protocol.md, section 5): the first committed
// stands, at every peer.
#include "tests/scenarios/contended.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

struct Race {
  const char* name;
  Contended::Act played;
  Contended::Act first;  ///< begins some deliveries before the second
  Contended::Act second;
  std::set<std::string> ends;  ///< each of them is seen
};

// All pairs of the five ends. Those of one signer race where that peer lies: "The signer is the block's miner", so it
// has one ballot at a time, and an honest one proposes what it has in its order; but others may finish the one block
// that it gave up. Of the two proofs that a DISPUTE may hold BAD-DEAL races with nothing in its turn: it takes t
// shares, and "Witnesses hand out shares against the committed transfer alone".
const std::vector<Race> races{
    {"claimed, ABORT", consented, claim, abort, {"claimed", "ABORT"}},
    {"mined, ABORT", key_checked, mine, abort_after_release, {"mined", "ABORT"}},
    {"settled, ABORT", key_checked, settle, abort_instead, {"settled", "ABORT"}},
    {"mined, settled", key_checked, mine, settle, {"mined", "settled"}},
    {"claimed, settled", key_checked, claim, settle, {"claimed", "settled"}},
    {"mined, claimed", key_checked, mine, claim_instead, {"mined", "claimed"}},
    {"DISPUTE, ABORT", found_false, dispute, abort_after_release, {"DISPUTE", "ABORT"}},
    {"DISPUTE, settled", found_false, dispute, settle, {"DISPUTE", "settled DISPUTE"}},
    {"claimed, DISPUTE", found_false, claim, dispute_instead, {"DISPUTE", "claimed DISPUTE"}},
    {"mined, DISPUTE", found_false, mine_falsely, dispute_instead, {"DISPUTE", "mined DISPUTE"}},
    // One after the other by a requester that keeps the rules: there is one block, or one after the other.
    {"claimed and then DISPUTE", found_false, claim, dispute, {"claimed DISPUTE"}},
    {"DISPUTE and then claimed", found_false, dispute, claim, {"DISPUTE"}},
    // Of two grants of one turn to one requester.
    {"mined, settled of another grant", granted_twice, mine, settle_second, {"mined", "settled"}},
    {"DISPUTE, settled of another grant", granted_twice_and_falsely, dispute_second, settle, {"DISPUTE", "settled"}},
    // The end of the next turn: a requester that holds a proof and sells the false book on.
    {"DISPUTE, sold on", sold_on, dispute, mine_sale, {"settled DISPUTE", "settled mined"}},
};

/// The end that stood.
std::string run(const Race& race, std::size_t peers, std::uint64_t head_start) {
  Contended c(peers, head_start + 1, race.played);
  race.first(c);
  // Of two ballots that begin together that of the higher port wins: the first gets further each time.
  for (auto left = head_start; left > 0 && !c.network.queue.empty(); --left) c.network.deliver();
  race.second(c);
  c.run_to_the_end();
  require_ended_everywhere(c);
  return ends_in_chain(c.network, c.r);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(racing_ends)

BOOST_AUTO_TEST_CASE(of_two_ends_that_race_the_first_committed_stands_at_every_peer_and_each_is_seen_to_win) {
  constexpr std::uint64_t most_deliveries = 24;  // until the first is committed
  for (const auto& race : races) {
    for (const std::size_t peers : {4U, 5U}) {
      std::set<std::string> seen;
      for (std::uint64_t head_start = 0; head_start < most_deliveries; ++head_start) {
        BOOST_TEST_CONTEXT(race.name << ", " << peers << " peers, head start " << head_start) {
          seen.insert(run(race, peers, head_start));
        }
      }
      std::string ends;
      for (const auto& end : seen) ends += end + "; ";
      BOOST_TEST((seen == race.ends), race.name << " of " << peers << ": " << ends);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
