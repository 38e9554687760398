// What a peer waits for by its clock at the present height (section 4): back-offs, answers that are put off, votes
// without which somebody else is asked, and a block of which it has heard nothing.
#include "ledger/consensus_parts.hpp"

namespace bookchain::ledger {

namespace {

void take_earlier(std::optional<Time>& wakes, Time time) {
  if (time != Time{} && (!wakes || time < *wakes)) wakes = time;
}

/// Whether a row of the votes is about the height above the head: what another one waited for is settled.
template <class Record>
bool is_of_present(const State& state, const std::optional<Record>& record) {
  return record && record->height.value == head_fact.get(state).value_or(Head{}).height.value + 1;
}

std::optional<Time> back_off_ends_at(const State& state, const Genesis& genesis) {
  std::optional<Time> wakes;
  if (const auto record = proposers.get(state, only_row); is_of_present(state, record)) {
    take_earlier(wakes, record->retry_at);
    if (record->unasked && record->unasked->lacking_since != Time{}) {
      take_earlier(wakes, Time{record->unasked->lacking_since.value + alone_us});
    }
  }
  // What else is deferred may be large, and is not read here: this is asked in every turn.
  for (const auto& peer : genesis.peers()) {
    if (const auto record = deferred.get(state, {peer.port, DeferredKind::put_off})) {
      take_earlier(wakes, record->not_before);
    }
  }
  return wakes;
}

}  // namespace

bool is_backing_off(const State& state, const Genesis& genesis) { return back_off_ends_at(state, genesis).has_value(); }

bool has_ballot_under_way(const State& state) {
  const auto voter = voters.get(state, only_row);
  if (is_of_present(state, voter) && voter->promise != Ballot{}) return true;
  const auto proposer = proposers.get(state, only_row);
  return is_of_present(state, proposer) && proposer->phase != ProposerPhase::idle;
}

std::optional<Time> wakes_at(const State& state, const Genesis& genesis, std::optional<Time> now) {
  auto wakes = back_off_ends_at(state, genesis);
  if (const auto record = voters.get(state, only_row); is_of_present(state, record)) {
    take_earlier(wakes, record->ask_at);
  }
  if (!wakes || !now) return wakes;
  const auto proposer = proposers.get(state, only_row);
  const bool is_due = is_of_present(state, proposer) && is_last_due(*proposer, *now);
  return is_due || pause_is_over(*wakes, *now) ? std::min(*wakes, *now) : *wakes;
}

}  // namespace bookchain::ledger
