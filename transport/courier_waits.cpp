// What a patient turn leaves for later: notes (transport/postponed.hpp), mail and wishes that wait for a vote, and mail
// that was decided and made nothing leave.
#include <algorithm>

#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

// ---- mail that waits ----

namespace {

/// Of mail that waits for a vote, and of what is decided and made nothing leave, which is decided again.
constexpr std::size_t most_lingering_messages = 256;
constexpr std::uint64_t most_lingering_bytes = std::uint64_t{1} << 20U;
constexpr std::size_t most_lingering_wishes = 32;
constexpr std::size_t most_unsaid_messages = 8;
constexpr std::uint64_t most_unsaid_bytes = std::uint64_t{64} << 10U;
constexpr std::size_t most_times_unsaid = 4;

/// Whether nothing but its exchange, or its book, waits for a message.
bool is_of_an_exchange(const std::optional<Message>& message) {
  return message && (step_of(*message) != 0 || std::holds_alternative<ReceiptMessage>(*message));
}

}  // namespace

std::size_t Courier::OpenedMail::count_votes() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(messages, [](const auto& each) { return !is_of_an_exchange(each.message); }));
}

bool Courier::OpenedMail::is_within(std::size_t most_messages, std::uint64_t most_bytes) const {
  if (messages.size() + notes.size() > most_messages) return false;
  std::uint64_t bytes = 0;
  for (const auto& message : messages) bytes += message.size;
  return bytes <= most_bytes;
}

/// Whether it waits for a vote, since each turn costs a signature and a commit, however much it decides. Not beyond the
/// time, nor where there is much of it. Within the transaction of a turn that only takes in, as the next.
bool Courier::can_linger(const Lingering& held, std::size_t wishes) const {
  const auto now = parts_.environment.now();
  if (!held.undecided || has_passed(*held.undecided, now, linger_us)) return false;
  if (held.unsaid && has_passed(*held.unsaid, now, unsaid_us)) return false;
  if (wishes > most_lingering_wishes) return false;
  if (!vote_came_ || has_passed(*vote_came_, now, ballot_rests_us)) return false;
  if (!held.mail.is_within(most_lingering_messages, most_lingering_bytes) || held.mail.count_votes() > 0) return false;
  return parts_.node.has_ballot_under_way(parts_.store);
}

/// Whether it may wait for more if nothing leaves for it: there is little of it, and neither was it decided often nor
/// has it waited long.
bool Courier::can_stay_unsaid(const Lingering& held) const {
  if (parts_.tamper != nullptr || held.mail.messages.empty() || held.times_unsaid >= most_times_unsaid) return false;
  if (held.unsaid && has_passed(*held.unsaid, parts_.environment.now(), unsaid_us)) return false;
  return held.mail.is_within(most_unsaid_messages, most_unsaid_bytes);
}

/// Whether nobody but the sender, who has it still, can tell that the turn was.
bool Courier::says_nothing(const Report& report) const {
  if (!leaving_.empty() || !report.events.empty() || !report.steps.empty() || !report.troubles.empty()) return false;
  if (!tried_packages_.empty() || !dropped_packages_.empty() || !to_sweep_.empty()) return false;
  return std::ranges::all_of(report.received, [](const auto& each) { return each.result == ReceiveResult::accepted; });
}

std::optional<Time> Courier::lingers_until(Time now) const {
  if (!lingering_) return std::nullopt;
  const auto end = [&](const std::optional<Time>& since, std::uint64_t time) {
    return since ? Time{std::min(*since, now).value + time} : Time{std::numeric_limits<std::uint64_t>::max()};
  };
  return std::min(end(lingering_->undecided, linger_us), end(lingering_->unsaid, unsaid_us));
}

// ---- notes ----

void Courier::take_notes_of(const std::vector<std::pair<PeerPort, DeliveryNote>>& notes, Draft& draft) {
  for (const auto& [from, note] : notes) {
    renewed_ |= take_note(draft, header_to(from), note, parts_.environment.draw<Epoch>(), parts_.environment.now());
  }
}

bool Courier::postpones_nothing() const {
  return !patient_ || postponed_.is_due(parts_.environment.now()) || parts_.link.is_waited_for();
}

/// Whether there is nothing to be done but to take in this mail and to decide so many wishes.
bool Courier::can_wait(const std::vector<Parcel>& parcels, const OpenedMail& mail, std::size_t wishes) const {
  if ((mail.notes.empty() && mail.messages.empty() && wishes == 0) || !mail.unfit.empty()) return false;
  if (postpones_nothing() || !to_sweep_.empty()) return false;
  if (std::ranges::any_of(parcels, [](const auto& parcel) { return parcel.fault.has_value(); })) return false;
  const auto offers = parts_.link.offers();
  const bool have_mail = !mail.messages.empty() && std::ranges::all_of(offers, &OfferedPackage::with_mail);
  if (!offers.empty() && !have_mail) return false;
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
  renewed_ = false;
  Draft draft(parts_.store);
  postponed_.write_down(draft);
  take_notes_of(postponed_.came(), draft);
  parts_.store.hand_over(draft.take_effects().writes);
}

}  // namespace bookchain::transport
