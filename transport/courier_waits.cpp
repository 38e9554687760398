// What a patient turn leaves for later (transport/postponed.hpp), and whether it may.
#include <algorithm>

#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

void Courier::take_notes_of(const std::vector<std::pair<PeerPort, DeliveryNote>>& notes, Draft& draft) {
  for (const auto& [from, note] : notes) {
    take_note(draft, header_to(from), note, parts_.environment.draw<Epoch>(), parts_.environment.now());
  }
}

bool Courier::postpones_nothing() const {
  return !patient_ || postponed_.is_due(parts_.environment.now()) || parts_.link.is_waited_for();
}

/// Whether there is nothing to be done but to take in this mail.
bool Courier::can_wait(const std::vector<Parcel>& parcels, const OpenedMail& mail) const {
  if ((mail.notes.empty() && mail.messages.empty()) || !mail.unfit.empty()) return false;
  if (postpones_nothing() || !to_sweep_.empty()) return false;
  if (std::ranges::any_of(parcels, [](const auto& parcel) { return parcel.fault.has_value(); })) return false;
  if (!parts_.link.offers().empty()) return false;
  const auto now = parts_.environment.now();
  const auto tick = parts_.node.next_tick(parts_.store, now);
  return !tick || now < *tick;
}

void Courier::postpone_notes(const std::vector<Parcel>& parcels, OpenedMail& mail, Report& report) {
  for (auto& [from, note] : mail.notes) postponed_.note_came(from, std::move(note), parts_.environment.now());
  for (const auto& parcel : parcels) acknowledge(parcel, report);
  parts_.link.end_turn();
}

void Courier::write_down_postponed() {
  Draft draft(parts_.store);
  postponed_.write_down(draft);
  take_notes_of(postponed_.came(), draft);
  parts_.store.hand_over(draft.take_effects().writes);
}

}  // namespace bookchain::transport
