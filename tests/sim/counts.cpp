#include "tests/sim/counts.hpp"

#include <numeric>
#include <utility>

namespace bookchain::sim {

namespace {

template <std::size_t Count>
void add_each(std::array<std::uint64_t, Count>& to, const std::array<std::uint64_t, Count>& from) {
  for (std::size_t i = 0; i < Count; ++i) to[i] += from[i];
}

template <std::size_t... Places>
std::array<std::string_view, evidence_count> names_of_evidence(std::index_sequence<Places...> /*places*/) {
  return {ledger::fault(ledger::Evidence{std::in_place_index<Places>})...};
}

}  // namespace

std::string_view name(Work work) {
  switch (work) {
    case Work::contended_requests: return "contended-requests";
    case Work::user_aborts: return "user-aborts";
    case Work::new_books: return "new-books";
    case Work::contending_miners: return "contending-miners";
    case Work::claims: return "claims";
    case Work::settlements: return "settlements";
    case Work::aborts_recorded: return "aborts-recorded";
    case Work::disputes_recorded: return "disputes-recorded";
    case Work::false_deals: return "false-deals";
    case Work::keys_from_shares: return "keys-from-shares";
    case Work::untold_requests: return "untold-requests";
    case Work::damaged_packages: return "damaged-packages";
    case Work::one_way_partitions: return "one-way-partitions";
    case Work::caught_up: return "caught-up";
    case Work::restored_twice: return "restored-twice";
    case Work::restores_noticed: return "restores-noticed";
    case Work::surfaced_commits: return "surfaced-commits";
    case Work::journals_found: return "journals-found";
    case Work::late_journals_found: return "late-journals-found";
    case Work::sent_before_commit: return "sent-before-commit";
    case Work::first_ballots: return "first-ballots";
    case Work::undisturbed: return "undisturbed";
  }
  return "";
}

std::string_view name(DeathPlace place) {
  if (place < DeathPlace::in_lost_commit) return transport::name(static_cast<transport::KillPoint>(place));
  switch (place) {
    case DeathPlace::in_lost_commit: return "in-lost-commit";
    case DeathPlace::in_kept_commit: return "in-kept-commit";
    case DeathPlace::in_package: return "in-package";
    case DeathPlace::at_the_end_of_a_turn: return "at-the-end-of-a-turn";
    case DeathPlace::between_turns: return "between-turns";
  }
  return "";
}

std::string_view evidence_name(std::size_t place) {
  static const auto names = names_of_evidence(std::make_index_sequence<evidence_count>());
  return names.at(place);
}

void Counts::add(const Counts& other) {
  add_each(faults, other.faults);
  add_each(attacks, other.attacks);
  add_each(work, other.work);
  add_each(deaths, other.deaths);
  add_each(evidence, other.evidence);
  exchanges += other.exchanges;
  requests_of_liars += other.requests_of_liars;
  committed += other.committed;
  blocks += other.blocks;
  blocks_under_faults += other.blocks_under_faults;
  messages += other.messages;
  steps += other.steps;
  equivocations_seen += other.equivocations_seen;
}

std::uint64_t Counts::all_evidence() const {
  return std::accumulate(evidence.begin(), evidence.end(), std::uint64_t{0});
}

std::optional<std::string> too_little(const Counts& counts) {
  std::optional<std::string> missing;
  const auto look = [&]<class Kind>(const auto& times, Kind /*first*/, std::string_view before = {}) {
    for (std::size_t i = 0; i < times.size() && !missing; ++i) {
      if (times[i] > 0) continue;
      missing = std::string(before) + std::string(name(static_cast<Kind>(i))) + " never happened";
    }
  };
  look(counts.faults, Fault{});
  look(counts.attacks, Attack{});
  look(counts.work, Work{});
  look(counts.deaths, DeathPlace{}, "a death ");
  if (missing) return missing;
  if (3 * counts.blocks_under_faults < counts.blocks) return "two thirds of the blocks came when nothing went wrong";
  if (3 * counts.committed < counts.exchanges) return "less than a third of the exchanges were recorded";
  return std::nullopt;
}

}  // namespace bookchain::sim
