// What voter, proposer and catching up share. Internal to the rules.
#pragma once

#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"

namespace bookchain::ledger {

/// The height that is being voted on: one above the head.
[[nodiscard]] Height voting_height(const Context& context);
/// This peer's votes at that height; a fresh record if it has none there.
[[nodiscard]] VoterRecord voter_at(const Context& context, Height height);
[[nodiscard]] ProposerRecord proposer_at(const Context& context, Height height);
void keep(Context& context, const VoterRecord& record);
void keep(Context& context, const ProposerRecord& record);

/// What a message about some height means at this peer's height.
enum class Relevance : std::uint8_t { now, past, future };
/// About the past: sends the blocks from there. About the future: keeps the message for later and asks
/// for the blocks between. Section 4: no vote is given about either.
[[nodiscard]] Relevance place_in_time(Context& context, PeerPort from, Height height, DeferredKind kind,
                                      const Message& message);

/// Token `waiting` while this restored home may not vote at `height`.
[[nodiscard]] Result<void> check_may_vote(const Context& context, Height height);

/// Asks `from` for the blocks above the head, once until the head moves or 5 s pass.
void ask_for_blocks(Context& context, PeerPort from);
/// Handles what was kept for the present height.
void handle_deferred(Context& context);
/// Handles NEWROUNDs that were put off and are due.
void handle_put_off(Context& context);
/// Answers a NEWROUND without putting it off.
[[nodiscard]] Result<void> answer_new_round(Context& context, const NewRound& message);

[[nodiscard]] Error refused(Token token, std::string what, std::string subject = {});
[[nodiscard]] std::string text_of(const Ballot& ballot);

/// Adds a vote, keyed by its signer: a second signature of the same peer is not a second vote.
bool add_vote(std::vector<VoteSignature>& votes, const VoteSignature& vote);

}  // namespace bookchain::ledger
