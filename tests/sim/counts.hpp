// How often each kind of thing happened, over one run or many.
#pragma once

#include "ledger/evidence.hpp"
#include "tests/sim/plan.hpp"
#include "transport/courier.hpp"

namespace bookchain::sim {

/// What users ask for, and what becomes of it in the chain.
enum class Work : std::uint8_t {
  contended_requests,  ///< for a book that others ask for at the same moment
  user_aborts,         ///< given up by one of the two users in the middle
  new_books,           ///< registered while exchanges are under way
  contending_miners,   ///< that opened a ballot at a height where another honest peer did
  claims,              ///< TRANSFERs without the owner
  settlements,         ///< TRANSFERs without the requester
  aborts_recorded,
  disputes_recorded,
  false_deals,         ///< of them, those about shares that give no key
  keys_from_shares,    ///< which a requester put together because the owner gave it none
  untold_requests,     ///< made, and the process died before its user was told
  damaged_packages,    ///< on their way
  one_way_partitions,  ///< in which one side hears the other
  caught_up,           ///< restored homes that answer for what they sign again
  restored_twice,      ///< of them, those that the same copy was put back to once more
  restores_noticed,  ///< which nobody declared, and the home saw in the votes of the others that it had forgotten some
  surfaced_commits,  ///< that had failed, and were found after a crash
  undisturbed,       ///< exchanges that nothing and nobody disturbed, which must be recorded
  journals_found,    ///< after a crash, of rows that were not in their tables yet
  late_journals_found,  ///< the same, of rows that had left the first journal
  sent_before_commit,   ///< messages that bind nobody
  first_ballots,        ///< in which an honest peer proposed without having asked
};
inline constexpr std::size_t work_count = static_cast<std::size_t>(Work::first_ballots) + 1;
[[nodiscard]] std::string_view name(Work work);

/// Where processes die: at a point that the courier reports, whose numbers come first, or elsewhere.
enum class DeathPlace : std::uint8_t {
  in_lost_commit = static_cast<std::uint8_t>(transport::KillPoint::after_shelf) + 1,
  in_kept_commit,
  in_package,            ///< while it writes or copies one, or opens it
  at_the_end_of_a_turn,  ///< when a commit of it had failed
  between_turns,
};
inline constexpr std::size_t death_count = static_cast<std::size_t>(DeathPlace::between_turns) + 1;
[[nodiscard]] std::string_view name(DeathPlace place);

/// Faults that evidence is of, by their place in ledger::Evidence.
inline constexpr std::size_t evidence_count = std::variant_size_v<ledger::Evidence>;
[[nodiscard]] std::string_view evidence_name(std::size_t place);

struct Counts {
  std::array<std::uint64_t, fault_count> faults{};
  std::array<std::uint64_t, attack_count> attacks{};
  std::array<std::uint64_t, work_count> work{};
  std::array<std::uint64_t, death_count> deaths{};
  std::array<std::uint64_t, evidence_count> evidence{};  ///< pieces kept, at all honest peers
  std::uint64_t exchanges{};                             ///< that users of honest peers asked for before all healed
  std::uint64_t requests_of_liars{};                     ///< that they sent, whatever became of them
  std::uint64_t committed{};                             ///< of them
  std::uint64_t blocks{};
  std::uint64_t blocks_under_faults{};  ///< before everything healed
  std::uint64_t messages{};
  std::uint64_t steps{};
  std::uint64_t equivocations_seen{};

  void add(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  void add(Attack attack) { ++attacks[static_cast<std::size_t>(attack)]; }
  void add(Work kind, std::uint64_t times = 1) { work[static_cast<std::size_t>(kind)] += times; }
  void add(transport::KillPoint point) { add(static_cast<DeathPlace>(point)); }
  void add(DeathPlace place) { ++deaths[static_cast<std::size_t>(place)]; }
  void add(const Counts& other);
  [[nodiscard]] std::uint64_t all_evidence() const;
};

/// What many runs have not seen enough of: a kind of fault, attack or work that never happened, a place where nobody
/// died, blocks while things go wrong, exchanges that are recorded. Nothing if there is no such thing.
[[nodiscard]] std::optional<std::string> too_little(const Counts& counts);

}  // namespace bookchain::sim
