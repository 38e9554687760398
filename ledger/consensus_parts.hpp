// What voter, proposer and catching up share. Internal to the rules.
#pragma once

#include "ledger/by_signer.hpp"
#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"

namespace bookchain::ledger {

/// The pauses of proposers and voters double up to this often.
inline constexpr std::uint32_t most_doublings_of_patience = 16;
/// No pause is longer: one that ends later was begun by a clock that was put back since, and is over.
inline constexpr std::uint64_t longest_pause_us = std::uint64_t{200'000} << most_doublings_of_patience;
[[nodiscard]] inline bool pause_is_over(Time ends, Time now) {
  return ends <= now || ends.value - now.value > longest_pause_us;
}

/// Long beside what a vote takes: after that a voter asks the others what became of it. A proposer that lies may have
/// told the block to some of them only.
inline constexpr std::uint64_t silence_us = 60'000'000;

/// The height that is being voted on: one above the head.
[[nodiscard]] Height voting_height(const Context& context);
/// The only row of a table, if it is about that height; else a fresh one.
template <class Record>
[[nodiscard]] Record record_at(const Context& context, const TypedTable<std::uint8_t, Record>& table, Height height) {
  auto record = table.get(context.draft, only_row);
  if (record && record->height == height) return std::move(*record);
  Record fresh;
  fresh.height = height;
  return fresh;
}
/// The lowest ballot of a height, of its first_proposer(). Nobody opens it: below it nothing can be locked, and no
/// promise is needed.
[[nodiscard]] inline Ballot first_ballot(PeerPort proposer) { return Ballot{Round{0}, proposer}; }
/// This peer's votes at that height; a fresh record if it has none there.
[[nodiscard]] VoterRecord voter_at(const Context& context, Height height);
[[nodiscard]] ProposerRecord proposer_at(const Context& context, Height height);
void keep(Context& context, const VoterRecord& record);
void keep(Context& context, const ProposerRecord& record);
/// With what this peer voted just now, if anything. If nothing comes of the height for a while, it asks the others.
void keep_vote(Context& context, VoterRecord& record);
void ask_after_silence(Context& context);

/// What a message about some height means at this peer's height.
enum class Relevance : std::uint8_t { now, past, future };
/// About the past: sends the blocks from there. About the future: keeps the message for later and asks
/// for the blocks between. Section 4: no vote is given about either.
[[nodiscard]] Relevance place_in_time(Context& context, PeerPort from, Height height, DeferredKind kind,
                                      const Message& message);

/// Token `waiting` while this restored home may not vote at `height`.
[[nodiscard]] Result<void> check_may_vote(const Context& context, Height height);

/// Begins a restore if this peer is shown its own vote and does not hold it: it was put back from a backup
/// (section 4: "noticed when a peer is shown its own signature on what it does not hold"). Nothing is
/// noticed twice. Precondition: the signature is checked. Token `waiting` if it was noticed.
[[nodiscard]] Result<void> notice_forgotten(Context& context, Height height);
/// The same for a checked certificate; `held` is this peer's last vote of that kind at that height.
template <class Vote>
[[nodiscard]] Result<void> notice_forgotten(Context& context, const Certificate<Vote>& certificate,
                                            const std::optional<Signed<Vote>>& held) {
  const auto& vote = certificate.vote;
  if (std::ranges::find(certificate.votes, context.self(), &VoteSignature::signer) == certificate.votes.end()) {
    return success();
  }
  // Only the last vote of a height is kept: one of an earlier ballot may be its forerunner.
  const bool known =
      held && held->body.height == vote.height && (vote.ballot < held->body.ballot || held->body == vote);
  return known ? success() : notice_forgotten(context, vote.height);
}

// What the record of a ballot in which a block was proposed gives to send.

[[nodiscard]] ProposeMessage proposal_of(const Context& context, const ProposerRecord& record, Block block);
[[nodiscard]] PrevoteCertificate prevotes_of(const ProposerRecord& record);

/// Sends it to all, this peer among them, but whoever is asked only if the others are not enough.
void send_to_asked(const Context& context, const ProposerRecord& record, const Message& message);
/// So long a ballot goes on without the peer that is asked last, counted from the turn that proposes.
inline constexpr std::uint64_t alone_us = 50'000;
/// Whether the others have had that time, or the clock was put back meanwhile.
[[nodiscard]] inline bool is_last_due(const ProposerRecord& record, Time now) {
  const auto& unasked = record.unasked;
  return unasked && unasked->lacking_since != Time{} && has_passed(unasked->lacking_since, now, alone_us);
}
/// The others are not enough, or have had their time. Precondition: somebody is `unasked`.
void ask_the_last(Context& context, ProposerRecord& record);

/// A voter whose promise lies more than max_round_jump below `ballot` refuses it (it was away while others raised the
/// rounds). It is led up to it by earlier ballots of this peer, each a jump below the next.
void lead_up(Context& context, PeerPort voter, Round promised, const Ballot& ballot);
/// The ANSWER to such an earlier ballot: the voter takes the next jump.
void lead_on(Context& context, PeerPort voter, const Answer& answer);

/// Drops the pending transactions of whose check on the present head `dropped` says so; their exchanges are told.
void drop_pending(Context& context, const std::function<bool(const Result<void>&)>& dropped);

/// A block was committed, and this peer has transactions that wait: the next ballots are opened one after another,
/// by the peers whose ports follow that of `miner`, so that those who wait do not interrupt each other.
void wait_for_turn(Context& context, PeerPort miner);

/// Asks `from` for the blocks above the head: each peer once until the head moves or 5 s pass.
void ask_for_blocks(Context& context, PeerPort from);
/// Handles what was kept for the present height.
void handle_deferred(Context& context);
/// Handles NEWROUNDs that were put off and are due.
void handle_put_off(Context& context);
/// Answers a NEWROUND without putting it off.
[[nodiscard]] Result<void> answer_new_round(Context& context, const NewRound& message);

[[nodiscard]] std::string text_of(const Ballot& ballot);

}  // namespace bookchain::ledger
