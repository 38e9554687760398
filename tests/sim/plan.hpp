// What one run of the simulator does: everything in here follows from the seed, and each part can be
// overridden, which is how a failure is made smaller. Pure values.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/random.hpp"

namespace bookchain::sim {

/// What may go wrong without anybody cheating.
enum class Fault : std::uint8_t {
  // the network
  loss,
  duplication,
  reordering,
  delay,
  partition,
  old_file,      ///< a file delivered long ago is put back
  bad_bytes,     ///< a delivered file is damaged
  lost_package,  ///< the encrypted book beside a grant comes late
  send_error,    ///< the folder of the receiver cannot be written
  // the store
  crash,             ///< between any two things that the courier does
  crash_in_commit,   ///< the transaction is durable or gone
  lost_bookkeeping,  ///< after a crash, commits that promise durability only soon are cut at a random place
  read_error,
  io_error,
  disk_full,
  shelf_error,         ///< the shelf of books fails
  torn_package,        ///< the process dies while it writes an encrypted book
  restore,             ///< a backup from earlier is put back, and declared
  undeclared_restore,  ///< the same, and the peer must notice
  // the clock
  clock_skew,
  clock_jump,
  pause,
  link_error,  ///< what waits cannot be read, or cannot be taken away
  // of the store again, and of the network
  error_in_log,     ///< a commit fails, and may be found after a crash
  begin_error,      ///< a transaction cannot be opened
  idle_read_error,  ///< a read fails that is in none
  full_disk,        ///< for a while there is no room
  late_send_error,  ///< a file arrives, and its sender is told that it did not
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::late_send_error) + 1;
[[nodiscard]] std::string_view name(Fault fault);

/// What a faulty peer may do (docs/protocol.md, section 7).
enum class Attack : std::uint8_t {
  two_blocks,             ///< a proposer with two blocks in one ballot
  double_votes,           ///< votes for everything, in every phase, with its lock hidden
  unproven_lock,          ///< an answer names a lock nobody made
  foreign_justification,  ///< a proposal with the answers of another ballot, or without any in the first one
  interrupting,           ///< opens ballots all the time
  largest_round,
  false_certificate,  ///< one signer counted many times, or too few
  partial_commit,     ///< tells some of the peers only
  withheld_votes,
  silence,  ///< sends nothing of one kind
  grants_to_two,
  two_grants,
  wrong_key,
  wrong_book,  ///< chunks that are none, swapped, repeated, cut short, or of another text
  bad_share,
  lying_answers,
  different_answers,  ///< yes to the one, no to the other
  release_and_abort,
  two_exchange_owners,  ///< one X to two owners
  guessed_id,
  wrong_id_first,
  borrowed_answers,  ///< a TRANSFER with answers of another exchange, or that say no
  stale_transaction,
  claim_and_settle,  ///< records every way, at every time
  malleable,         ///< S + L
  resealed,          ///< what another peer sent, under its own seal
  replay,
  garbage,
  far_future,   ///< floods of messages about heights to come
  false_notes,  ///< acknowledges what it never saw
  book_of_one,  ///< a BOOK that it tells to nobody
  never_mining,
  never_releasing,
  self_exchange,    ///< asks itself for a book, and grants it
  not_owner,        ///< a request to a peer that does not own the book
  witness_uses_id,  ///< what only the requester should do with it
  pooled_shares,    ///< liars lay their shares together
  few_shares,       ///< dealt to all liars and to no more others than consent needs; none of them gives one back
  two_paths,        ///< a DISPUTE with paths of two different chunks, or about a chunk that is good
  false_salt,       ///< a DISPUTE with a leaf of another salt
  false_deal,       ///< a DISPUTE with shares that nobody dealt
  stale_view,       ///< votes, ballots and blocks of heights that are over
  split_vote,       ///< half of the peers get one block, half the other
  hostile_title,    ///< a path, terminal escapes
  oversized,        ///< a book, its chunks
  old_version,      ///< of the protocol
  wrong_type,       ///< a statement of one type passed off as another
  non_canonical,    ///< bytes left over, bytes missing
  edge_numbers,     ///< heights, rounds and message numbers at the edge of 64 bits
  other_network,    ///< seals and signatures made for another network
  replayed_note,    ///< an acknowledgement given before
  racing_ballots,   ///< always a ballot above every promise it knows of, and never a proposal
  leading_far,      ///< leads one voter up by as many rounds as it will go, and says no more
  promise_lies,     ///< tells of promises that it never gave: near, far, out of reach
  second_votes,     ///< a vote for something else in a ballot where it has voted, shown to the proposer and to another
  forgotten_votes,  ///< its home forgets between two votes what it voted
  old_copy,         ///< its home is put back from a copy, and nobody says so
  two_consents,     ///< of one exchange
  spoiled_block,    ///< under a true hash: a broken signature, other transactions
  ignored_lock,     ///< a block of its own over answers that name a lock, or a lock that it made up
  hidden_votes,     ///< keeps from a restored home what that has signed
  false_evidence,   ///< about peers that did nothing wrong, of every kind, and pairs of GRANTs that are none
};
inline constexpr std::size_t attack_count = static_cast<std::size_t>(Attack::false_evidence) + 1;
[[nodiscard]] std::string_view name(Attack attack);

/// Bugs planted into copies of the rules, to see whether the simulator finds them.
enum class Bug : std::uint8_t {
  vote_not_stored,
  lock_ignored,
  quorum_one_less,
  prevote_quorum_one_less,
  dedupe_dropped,
  malleable_accepted,
  batch_not_checked,
  records_left_unsigned,
  sent_before_commit,
  vote_before_commit,
  epoch_before_commit,
  answers_not_bound,
  version_not_checked,
  counted_by_signature,
  votes_after_restore,
  justification_of_other_ballot,
  two_prevotes,
  release_after_abort,
  note_before_commit,
  book_not_removed,
  share_not_checked,
  grant_not_remembered,
  share_before_transfer,
  ended_request_forgotten,
  message_never_again,
  other_signer_accused,
  ownership_too_far,
  block_falsified,
  chance_from_outside,
  torn_package_trusted,
  torn_text_trusted,
  consent_dropped_at_release,
  acks_dropped_with_key,
  state_forgotten,
  claim_not_answered,
  paths_not_checked,
  true_chunk_disputed,
  undealt_shares_taken,
  second_block,
  end_misnamed,
  block_not_kept,
  fork_imagined,
  threshold_one_less,
  disk_stays_broken,
  title_not_checked,  ///< a title may be no text
  locked_block_unchecked,
  vote_not_kept,     ///< a voter sends its prevote and does not write it down; of vote_not_stored a disk loses it
  assertion_fails,   ///< the process dies when a peer appends its second block
  lock_passed_over,  ///< a free block over answers that name a lock
  lock_certificate_unchecked,  ///< of the lock that a proposal brings
  prevotes_unchecked,          ///< a voter locks on what nobody prevoted
  late_precommit,              ///< in a ballot below the promise
  type_not_checked,
  deal_gives_key,     ///< a DISPUTE with shares that give the key
  removed_too_early,  ///< an owner's copy goes with an ABORT
  owners_end_misnamed,
  recall_skipped,  ///< a restored owner grants at once
  recall_ignored,  ///< and it keeps nothing of what it is told
  share_not_kept,
  old_answers_taken,  ///< by a home that was put back twice
  old_answers_recalled,
  silence_borne,  ///< a voter that hears nothing more of a height asks nobody
  spoiled_book_borne,
  committed_voted_again,
  requests_refused,          ///< every one: all exchanges end
  key_not_kept,              ///< an owner grants and keeps no key
  share_dropped_with_block,  ///< by a witness, whether the requester has the book or not
  evidence_replaced,         ///< a peer keeps what it found last
  evidence_not_examined,     ///< that others tell of
  evidence_unsigned,         ///< whoever signed it
  conflict_believed,         ///< two GRANTs that a witness tells of
  leaf_not_compared,         ///< a chunk is false only if it does not decrypt
  journal_left,              ///< when its rows have gone to their tables
  removal_not_journalled,    ///< of a row that is in its table
  number_given_again,        ///< to another exchange
  small_row_left,            ///< in memory, when it is gone from its table
  row_end_not_journalled,    ///< what stands behind a block
  granted_id_listed,         ///< among those that wait for their GRANT
  receipt_of_anybody,        ///< lets a witness forget its share
  first_ballot_of_anybody,   ///< is voted on
  first_ballot_taken,        ///< by a peer whose turn it is not
};
inline constexpr std::size_t bug_count = static_cast<std::size_t>(Bug::first_ballot_taken) + 1;
[[nodiscard]] std::string_view name(Bug bug);

struct Plan {
  std::uint64_t seed{};
  std::size_t peers{};
  std::size_t villains{};       ///< at most the faulty peers that the network bears, less one if one may be restored
  std::size_t exchanges{};      ///< requests that honest peers make
  std::size_t books{};          ///< at each peer from the start
  std::size_t steps{};          ///< events before the faults stop
  std::size_t harshness = 100;  ///< percent of the usual rates of faults
  std::bitset<fault_count> faults;
  std::bitset<attack_count> attacks;
  std::optional<Bug> bug;

  [[nodiscard]] bool has(Fault fault) const { return faults.test(static_cast<std::size_t>(fault)); }
  [[nodiscard]] bool has(Attack attack) const { return attacks.test(static_cast<std::size_t>(attack)); }
  [[nodiscard]] std::size_t faults_borne() const { return (peers - 1) / 3; }
  [[nodiscard]] bool may_restore() const { return has(Fault::restore) || has(Fault::undeclared_restore); }
  void forbid_restores() {
    faults.reset(static_cast<std::size_t>(Fault::restore));
    faults.reset(static_cast<std::size_t>(Fault::undeclared_restore));
  }
  void make_calm() {
    faults.reset();
    attacks.reset();
    villains = 0;
  }
  /// The options that repeat this very plan.
  [[nodiscard]] std::string options() const;
};

[[nodiscard]] Plan plan_of(std::uint64_t seed);
/// The seed's plan with one attack among those that are made, and somebody to make it; or with it alone.
[[nodiscard]] Plan plan_of(std::uint64_t seed, Attack attack, bool alone);
/// The seed's plan with a bug, and what it takes to make it show.
[[nodiscard]] Plan plan_of(std::uint64_t seed, Bug bug);
/// A network of so many peers with as many liars, all of which do nothing but this: to see where a promise ends.
[[nodiscard]] Plan plan_of_liars(std::uint64_t seed, Attack attack, std::size_t peers, std::size_t liars);

template <class Kind>
[[nodiscard]] std::optional<Kind> from_name(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (name(static_cast<Kind>(i)) == text) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

}  // namespace bookchain::sim
