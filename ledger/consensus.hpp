// Agreement on the next block (docs/protocol.md, section 4): ballots, promises, locks, certificates,
// one height at a time. Handlers are called by Node for messages of the chain, this peer's own among
// them; each returns the reason of a refusal. What a vote changes is in the same Effects as the vote,
// so it is durable before that is sent. Safety never looks at the time; back-off does.
#pragma once

#include "ledger/context.hpp"

namespace bookchain::ledger {

/// A promise may rise by this many rounds at once, and as far as this many rounds for every second since 1970, so
/// that messages cannot use up the numbers. Clocks are alike and counts of messages are not: a round that one peer
/// was led to by any number of messages is in reach of the others in one step.
inline constexpr std::uint64_t max_round_jump = std::uint64_t{1} << 20U;
/// The highest round in reach of one who stands at `from`, by its clock. Liveness only.
[[nodiscard]] Round highest_in_reach(Time now, Round from);

/// The peer that may propose above that head without having asked, in the first ballot: the one whose port follows that
/// of the last miner, in a circle. Nobody at height 1.
[[nodiscard]] std::optional<PeerPort> first_proposer(const Genesis& genesis, const Head& head);

/// Puts an own transaction, unsigned as it is, among the pending ones; advance_proposer() sees to the rest.
/// Refused with the token of check_transaction if no block on the present head can hold it.
[[nodiscard]] Result<void> submit(Context& context, const Transaction& transaction);

/// Opens a ballot for a transaction that this peer expects to submit soon, so that the answers to both come together.
/// Only where this peer lets others go first (Input::patient), and knows of no ballot at this height; none is opened
/// where the first ballot is its own, but whom to leave out in it is noted. `last`, if there
/// is one, is asked only if answers lack when there is something to propose, if another one refuses after that, or if
/// votes lack for a while; else it is given the block with its certificate.
void open_ballot_ahead(Context& context, std::optional<PeerPort> last);

/// This peer waits for a block that may be decided without it: if nothing comes of the height for a while, it asks the
/// others, as after a vote.
void expect_block(Context& context);

/// Opens a ballot if transactions are pending and none of this peer runs at this height, or proposes in the one that
/// was opened ahead; where the first ballot is its own, the next Tick proposes. Called after every input.
void advance_proposer(Context& context);
/// What the passing of time brings: opens a later ballot if a back-off has run out, answers NEWROUNDs that
/// were put off, proposes in a first ballot. Called for Ticks, and for wishes where none come in time; never for a
/// message: answers that lie waiting come first, so that a ballot is not given up in the moment in which it gets
/// through.
void let_time_pass(Context& context);
/// Sends what the running ballot of this peer waits for to those who have not answered it, for messages that
/// are lost for good (a peer whose home was restored). Every message is harmless when taken twice.
void ask_voters_again(Context& context);
/// When let_time_pass would do something. With `now`, that at once if it lies farther off than any pause: the clock was
/// put back meanwhile.
[[nodiscard]] std::optional<Time> wakes_at(const State& state, const Genesis& genesis, std::optional<Time> now);
/// Whether a proposer's back-off runs, or an answer is put off: something that this peer has still to do.
[[nodiscard]] bool is_backing_off(const State& state, const Genesis& genesis);
/// Whether a ballot for the present height is under way, as far as this peer knows.
[[nodiscard]] bool has_ballot_under_way(const State& state);

/// Whether this peer votes at that height: a restored home does not where it may have voted before.
[[nodiscard]] bool may_vote(const State& state, Height height);
/// After a restore: asks all others what they can prove, and votes nowhere until q answers came, then
/// not up to and including the height after the highest one proven.
void begin_restore(Context& context);
/// Who has not answered yet what a restored home asked all others: first how far they are, then what it granted. Empty
/// once q of them have answered, and where it was not restored.
[[nodiscard]] std::vector<PeerPort> awaited_after_restore(const Genesis& genesis, const State& state, PeerPort self);
/// Token `waiting` while a restored home has not heard from q peers how far they are, or has not come as far, or has
/// not heard from q peers what it granted: what it would sign about a turn, it may have signed differently in the time
/// that it forgot.
[[nodiscard]] Result<void> check_caught_up(const Genesis& genesis, const State& state, PeerPort self);

[[nodiscard]] Result<void> on_new_round(Context& context, PeerPort from, const NewRound& message);
[[nodiscard]] Result<void> on_answer(Context& context, PeerPort from, const AnswerMessage& message);
[[nodiscard]] Result<void> on_promised(Context& context, PeerPort from, const Promised& message);
[[nodiscard]] Result<void> on_propose(Context& context, PeerPort from, const ProposeMessage& message);
[[nodiscard]] Result<void> on_prevote(Context& context, PeerPort from, const PrevoteMessage& message);
[[nodiscard]] Result<void> on_prevotes(Context& context, PeerPort from, const PrevotesMessage& message);
[[nodiscard]] Result<void> on_precommit(Context& context, PeerPort from, const PrecommitMessage& message);
[[nodiscard]] Result<void> on_commit(Context& context, PeerPort from, const CommitMessage& message);
[[nodiscard]] Result<void> on_want_blocks(Context& context, PeerPort from, const WantBlocks& message);
[[nodiscard]] Result<void> on_blocks(Context& context, PeerPort from, const BlocksMessage& message);
[[nodiscard]] Result<void> on_want_votes(Context& context, PeerPort from, const WantVotes& message);
[[nodiscard]] Result<void> on_votes(Context& context, PeerPort from, const VotesMessage& message);

}  // namespace bookchain::ledger
