#include "transport/courier.hpp"

#include <algorithm>
#include <iterator>

namespace bookchain::transport {

using namespace ledger;

namespace {

/// A package that came after its message is looked for in quiet turns, and now and then where there are none.
constexpr std::uint64_t busy_turns_a_search = 32;

}  // namespace

std::string_view name(KillPoint point) {
  switch (point) {
    case KillPoint::before_commit: return "before-commit";
    case KillPoint::after_commit: return "after-commit";
    case KillPoint::before_acknowledge: return "before-acknowledge";
    case KillPoint::after_acknowledge: return "after-acknowledge";
    case KillPoint::before_send: return "before-send";
    case KillPoint::after_send: return "after-send";
    case KillPoint::before_shelf: return "before-shelf";
    case KillPoint::after_shelf: return "after-shelf";
  }
  return "";
}

std::string_view name(ReceiveResult result) {
  switch (result) {
    case ReceiveResult::accepted: return "accepted";
    case ReceiveResult::refused: return "refused";
    case ReceiveResult::duplicate: return "duplicate";
  }
  return "";
}

ReceivedReport refused_from(PeerPort place, Error error, const std::optional<ExchangeId>& exchange) {
  ReceivedReport report;
  report.exchange = exchange;
  report.result = ReceiveResult::refused;
  report.error = std::move(error);
  report.place = place;
  return report;
}

Result<Courier> Courier::make(Parts parts) {
  std::map<PeerPort, Channel> channels;
  for (const auto& peer : parts.node.genesis().peers()) {
    if (peer.port == parts.node.identity().port) continue;
    BOOKCHAIN_TRY(auto channel, Channel::make(parts.node.genesis(), parts.node.identity(), peer.port));
    channels.emplace(peer.port, std::move(channel));
  }
  return Courier(parts, std::move(channels));
}

Header Courier::header_to(PeerPort to) const {
  return Header{protocol_version, parts_.node.genesis().id(), parts_.node.identity().port, to, {}, {}};
}

// ---- deciding ----

Result<Courier::Decision> Courier::decide(Cause what, Report& report, std::optional<std::size_t> step) {
  const auto now = parts_.environment.now();
  struct Fresh {};
  const auto bits = parts_.environment.draw<FixedBytes<Fresh, 8>>();
  std::uint64_t random = 0;
  for (const auto byte : bits.bytes) random = (random << 8U) | byte;
  const auto* received = std::get_if<Received>(&what);
  const auto asker = received != nullptr ? received->from : PeerPort{};  // no peer has port 0
  // A liar asks, so that it has something to lie about.
  const bool goes_first = patient_ && led_a_ballot_ && parts_.tamper == nullptr;
  BOOKCHAIN_TRY(auto outcome,
                parts_.node.step(parts_.store, Input{now, random, std::move(what), patient_, true, goes_first}));
  auto& effects = outcome.effects;
  note_touched(effects.writes);
  parts_.store.hand_over(std::move(effects.writes));
  std::ranges::move(effects.to_sign, std::back_inserter(to_sign_));
  if (!effects.outgoing.empty()) leaving_.push_back({std::move(effects.outgoing), asker, now, step});
  for (auto& event : effects.events) report.events.push_back(std::move(event));
  return Decision{std::move(outcome.refusal)};
}

void Courier::write_traces(const Report& report) {
  std::vector<ExchangeId> ended;
  for (const auto& event : report.events) {
    const auto record = event.exchange ? exchanges.get(parts_.store, *event.exchange) : std::nullopt;
    if (record && has_ended(record->state)) ended.push_back(*event.exchange);
  }
  Draft draft(parts_.store);
  traces_.write_down(draft, parts_.environment.now(), patient_, ended);
  parts_.store.hand_over(draft.take_effects().writes);
}

// ---- the loop ----

void Courier::forget_turn() {
  parts_.store.rollback();
  postponed_.rolled_back();
  traces_.rolled_back();
  leaving_.clear();
  to_sign_.clear();
  dropped_packages_.clear();
  stray_packages_.clear();
}

void Courier::roll_back() {
  forget_turn();
  oldest_.clear();
  look_everywhere_ = true;
}

// ---- turns ----

void Courier::take_wishes(const std::vector<Wish>& wishes, Report& report) {
  for (const auto& wish : wishes) {
    const auto before = report.events.size();
    WishReport taken;
    if (auto decided = decide(wish, report); !decided) {
      taken.error = std::move(decided).error();
    } else {
      taken.error = std::move(decided.value().refusal);
    }
    for (auto i = before; i < report.events.size() && !taken.exchange; ++i) taken.exchange = report.events[i].exchange;
    report.wishes.push_back(std::move(taken));
  }
}

Result<void> Courier::take_due_tick(Report& report) {
  const auto now = parts_.environment.now();
  const auto tick = parts_.node.next_tick(parts_.store, now);
  if (tick && *tick <= now) BOOKCHAIN_CHECK(decide(Tick{}, report));
  return success();
}

Result<void> Courier::take_mail(OpenedMail& mail, Notes& notes, Report& report) {
  Draft draft(parts_.store);
  take_notes_of(mail.notes, draft);
  parts_.store.hand_over(draft.take_effects().writes);
  for (auto& message : mail.messages) BOOKCHAIN_CHECK(take_message(std::move(message), notes, report));
  if (!patient_) BOOKCHAIN_CHECK(take_due_tick(report));
  sweep_packages(report);
  answer_offers(report);
  return success();
}

namespace {

ParcelNames names_of(const std::vector<Parcel>& parcels) {
  ParcelNames names;
  for (const auto& parcel : parcels) names[parcel.from].insert(parcel.name);
  return names;
}

}  // namespace

/// Another process of this home, since the last turn: it may have left something to be sent.
bool Courier::others_wrote() const { return parts_.store.foreign_commits() != foreign_commits_; }

/// What is to be told of mail that waits is told when it is decided.
Report Courier::hold(Lingering held, const std::map<PeerPort, std::size_t>& waiting) {
  Report report;
  report.more_waits = drained_peers(waiting, held.parcels, held.mail).size() < channels_.size();
  lingering_ = std::move(held);
  return report;
}

Result<Report> Courier::turn(const Intake& intake, const Policy& policy, const std::vector<Wish>& wishes) {
  Report report;
  const bool is_unlimited = intake.messages == std::numeric_limits<std::size_t>::max();
  patient_ = policy.patient;
  shows_deliveries_ = policy.shows_deliveries;
  // What this peer has of it already, it is not given again.
  auto held = std::exchange(lingering_, std::nullopt).value_or(Lingering{});
  auto& [parcels, mail, undecided, unsaid, times] = held;
  const auto known = parcels.size();
  const auto known_messages = mail.messages.size();
  const auto known_votes = mail.count_votes();
  BOOKCHAIN_TRY(auto arrived,
                parts_.link.receive_beside(names_of(parcels), intake.deliveries - std::min(intake.deliveries, known)));
  const auto waiting = parts_.link.seen_waiting();
  std::ranges::move(arrived, std::back_inserter(parcels));
  open_parcels(parcels, known, mail, report);
  report.deliveries = parcels.size();
  const bool full = parcels.size() >= intake.deliveries;
  // The transaction of the turn: who returns without finish() rolls it back.
  BOOKCHAIN_CHECK(parts_.store.begin());
  const bool others_write = others_wrote();
  const bool can_all_wait = can_wait(parcels, mail, wishes.size());
  if (can_all_wait && mail.messages.empty() && wishes.empty()) {
    parts_.store.rollback();
    postpone_notes(parcels, mail, report);
    report.more_waits = full || drained_peers(waiting, parcels, mail).size() < channels_.size();
    return report;
  }
  if (mail.count_votes() > known_votes) vote_came_ = parts_.environment.now();
  if ((mail.messages.size() > known_messages || !wishes.empty()) && !undecided) undecided = parts_.environment.now();
  const bool may_wait = can_all_wait && !full && is_unlimited;
  const bool stays_unsaid = may_wait && wishes.empty() && can_stay_unsaid(held);
  const bool waits = (may_wait && can_linger(held, wishes.size())) || (stays_unsaid && unsaid && !undecided);
  if (waits && !others_write) {
    parts_.store.rollback();
    auto held_up = hold(std::move(held), waiting);
    held_up.wishes_wait = !wishes.empty();
    return held_up;
  }
  // Decided as if it were for good, and again with what comes next if nothing leaves.
  auto as_it_came = stays_unsaid ? std::optional(mail) : std::nullopt;
  tried_packages_.clear();
  Notes notes;
  write_down_postponed();
  for (const auto& [from, note] : postponed_.came()) report.heard.insert(from);
  const bool quiet = parcels.empty();
  choose_where_to_look(quiet, others_write);
  leave_for_later(mail, intake.messages, report);
  if (quiet || ++busy_turns_ % busy_turns_a_search == 0) add_late_packages(mail.messages);
  const auto decide_all = [&]() -> Result<void> {
    BOOKCHAIN_CHECK(take_mail(held.mail, notes, report));
    take_wishes(wishes, report);
    if (policy.steps) take_due_steps(policy, report);
    return patient_ ? take_due_tick(report) : success();  // see ledger::Input
  };
  if (auto decided = decide_all(); !decided) {
    roll_back();
    return std::move(decided).as_failure();
  }
  if (as_it_came && !others_write && says_nothing(report)) {
    forget_turn();
    if (!unsaid) unsaid = undecided;
    undecided.reset();
    ++times;
    mail = std::move(*as_it_came);
    return hold(std::move(held), waiting);
  }
  const auto drained = drained_peers(waiting, parcels, mail);
  report.sweeps = !to_sweep_.empty();
  report.more_waits = full || drained.size() < channels_.size() || report.sweeps;
  BOOKCHAIN_CHECK(finish(parcels, mail, notes, drained, report));
  // Who takes in so many messages has no further turn.
  if (!report.sweeps || !is_unlimited) tell_swept(report);
  return report;
}

std::set<PeerPort> Courier::drained_peers(const std::map<PeerPort, std::size_t>& waiting,
                                          const std::vector<Parcel>& parcels, const OpenedMail& mail) const {
  auto left = waiting;
  for (const auto& parcel : parcels) {
    if (parcel.fault) continue;  // out of the way already
    const auto place = left.find(parcel.from);
    if (place != left.end() && place->second > 0) --place->second;
  }
  for (const auto i : mail.unfinished) ++left[parcels[i].from];
  std::set<PeerPort> drained;
  for (const auto& [port, channel] : channels_) {
    const auto place = left.find(port);
    if (place == left.end() || place->second == 0) drained.insert(port);
  }
  return drained;
}

namespace {

/// One thing that cannot be removed must not keep the rest from being done: it comes again, and is known then. If it
/// is so because of its sender, it is one more thing that is refused, and nothing is wrong here.
void note_done(PeerPort from, Result<void> done, Report& report,
               const std::optional<ExchangeId>& exchange = std::nullopt) {
  if (done) return;
  if (done.error().token != Token::bad_file) return report.troubles.push_back(std::move(done).error());
  report.received.push_back(refused_from(from, std::move(done).error(), exchange));
}

}  // namespace

void Courier::acknowledge(const Parcel& parcel, Report& report) {
  reach(KillPoint::before_acknowledge);
  note_done(parcel.from, parts_.link.acknowledge(parcel), report);
  reach(KillPoint::after_acknowledge);
}

Result<void> Courier::finish(const std::vector<Parcel>& parcels, const OpenedMail& mail, const Notes& notes,
                             const std::set<PeerPort>& drained, Report& report) {
  if (enqueue_all(report) && patient_ && !renewed_) deliver_ahead(report);
  const bool shelf_waits = tend_rows();
  write_traces(report);
  const bool changed = !parcels.empty() || !report.received.empty() || !report.steps.empty() || !report.sent.empty();
  if (changed) reach(KillPoint::before_commit);
  if (auto committed = parts_.store.commit(); !committed) {
    roll_back();
    return committed;
  }
  postponed_.written();
  traces_.committed(parts_.environment.now());
  if (parts_.observer != nullptr) parts_.observer->committed(report);
  led_a_ballot_ |= std::ranges::find(report.sent, CommitMessage::name, &SentReport::type) != report.sent.end();
  if (changed) reach(KillPoint::after_commit);
  // Before their messages are acknowledged: a package without one would be found by nobody.
  for (const auto& [from, exchange] : dropped_packages_) {
    auto dropped = parts_.link.drop_package(from, exchange);
    if (dropped && stray_packages_.contains({from, exchange})) ++strays_removed_[from];
    note_done(from, std::move(dropped), report, exchange);
  }
  dropped_packages_.clear();
  stray_packages_.clear();
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    if (parcels[i].fault || mail.unfinished.contains(i)) continue;  // put away already, or not done with
    if (!mail.unfit.contains(i)) {
      acknowledge(parcels[i], report);
      continue;
    }
    reach(KillPoint::before_acknowledge);
    const Error reason{Token::bad_message, "a message in it cannot be opened", parcels[i].name, {}};
    note_done(parcels[i].from, parts_.link.put_aside(parcels[i], reason), report);
    reach(KillPoint::after_acknowledge);
  }
  if (shelf_waits) BOOKCHAIN_CHECK(tend_shelf());
  return deliver_all(notes, drained, report);
}

Result<void> Courier::take_notes() {
  BOOKCHAIN_TRY(const auto parcels, parts_.link.receive(std::numeric_limits<std::size_t>::max()));
  Report report;
  OpenedMail mail;
  open_parcels(parcels, 0, mail, report);
  if (mail.notes.empty()) return success();
  // First, so that the commit tells of a read that failed.
  BOOKCHAIN_CHECK(parts_.store.begin());
  Draft draft(parts_.store);
  take_notes_of(mail.notes, draft);
  parts_.store.hand_over(draft.take_effects().writes);
  BOOKCHAIN_CHECK(parts_.store.commit());
  if (parts_.observer != nullptr) parts_.observer->committed(report);
  return success();
}

Result<Report> Courier::turn_of_its_own(const std::function<Result<void>(Report&)>& what) {
  Report report;
  patient_ = false;
  BOOKCHAIN_CHECK(parts_.store.begin());
  write_down_postponed();
  if (auto decided = what(report); !decided) {
    roll_back();
    return std::move(decided).as_failure();
  }
  BOOKCHAIN_CHECK(finish({}, {}, {}, {}, report));
  return report;
}

Result<Report> Courier::restore() {
  return turn_of_its_own([this](Report& report) -> Result<void> {
    Draft draft(parts_.store);
    for (const auto& [to, channel] : channels_) renew_epoch(draft, to, parts_.environment.draw<Epoch>());
    parts_.store.hand_over(draft.take_effects().writes);
    BOOKCHAIN_CHECK(decide(Wish{WishRestore{}}, report));
    return success();
  });
}

Result<Report> Courier::wish(const Wish& wish) {
  return turn_of_its_own([&](Report& report) -> Result<void> {
    BOOKCHAIN_CHECK(decide(wish, report));
    return success();
  });
}

Result<Courier::Requested> Courier::request(PeerPort owner, const BookId& book) {
  BOOKCHAIN_TRY(auto report, wish(make_request(owner, book)));
  for (const auto& event : report.events) {
    if (event.what == "requested" && event.exchange) return Requested{*event.exchange, std::move(report)};
  }
  return Error{Token::io, "a request was made and left no trace", to_hex(book), {}};
}

Result<Report> Courier::take_step(const Due& due) {
  return turn_of_its_own([&](Report& report) -> Result<void> {
    BOOKCHAIN_TRY(auto step, decide_step(due, report));
    report.steps.push_back(std::move(step));
    return success();
  });
}

Result<Report> Courier::deliver() {
  Report report;
  patient_ = false;
  if (postponed_.is_unwritten() || !traces_.empty()) BOOKCHAIN_CHECK(write_postponed());
  BOOKCHAIN_CHECK(tend_shelf());
  BOOKCHAIN_CHECK(deliver_all({}, {}, report));
  return report;
}

}  // namespace bookchain::transport
