// The courier's sending side: what lies in the outboxes leaves, and is marked as delivered; what was not
// acknowledged for a while is sent again; the shelf is brought to where the state says it is.
#include <algorithm>

#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// Nothing is sent again before this, and each time later than before.
constexpr std::uint64_t first_repeat_us = 5'000'000;
constexpr std::uint32_t most_doublings = 4;

/// Both lists begin with their lengths.
std::size_t max_entries_a_note(const Genesis& genesis) {
  return (genesis.fields().limits.message_bytes - seal_overhead - 8) / note_entry_bytes;
}

std::uint64_t pause_before(const OutgoingRecord& record) {
  return first_repeat_us << std::min(record.repeats, most_doublings);
}

std::optional<MessageNumber> oldest_kept(const State& state, PeerPort to) {
  std::optional<MessageNumber> oldest;
  // The key alone: a message may be large, and every turn asks this of every peer.
  state.scan(Table::outbox, encode(to), {}, [&](ByteView key, ByteView) {
    if (const auto decoded = decode<OutboxKey>(key)) oldest = decoded.value().number;
    return false;
  });
  return oldest;
}

/// Where a part of what is sealed ends that begins with `first`: at most one package, and little beside the largest
/// message. The least quota that a receiver may state has room for one where nothing waits.
std::size_t end_of_part(const std::vector<Bytes>& envelopes, const std::vector<PackageFile>& packages,
                        std::size_t first) {
  constexpr std::size_t beside_the_largest = std::size_t{1} << 19U;
  std::size_t bytes = 0;
  std::size_t largest = 0;
  bool has_package = false;
  for (auto i = first; i < envelopes.size(); ++i) {
    bytes += envelopes[i].size();
    largest = std::max(largest, envelopes[i].size());
    const bool carries = std::ranges::binary_search(packages, i, {}, &PackageFile::envelope);
    if (i > first && ((carries && has_package) || bytes - largest > beside_the_largest)) return i;
    has_package = has_package || carries;
  }
  return envelopes.size();
}

}  // namespace

bool Courier::is_due_again(PeerPort to, const OutgoingRecord& record) const {
  if (record.kept_bytes == 0 || record.delivered == Time{}) return false;
  if (!has_passed(record.delivered, parts_.environment.now(), pause_before(record))) return false;
  const auto oldest = oldest_kept(parts_.store, to);
  return oldest && *oldest < record.fresh_from;
}

std::optional<Time> Courier::next_wake() const {
  const Reading reading(parts_.store);
  auto wake = parts_.node.next_tick(parts_.store, parts_.environment.now());
  const auto now = parts_.environment.now();
  for (const auto& due : {postponed_.due_at(), traces_.due_at(), lingers_until(now)}) {
    if (due && (!wake || *due < *wake)) wake = due;
  }
  for (auto& [to, record] : outgoing_rows.all(parts_.store)) {
    postponed_.bring_up_to_date(to, record);
    if (record.kept_bytes == 0 || record.delivered == Time{}) continue;
    // Where all was delivered, whatever is kept was.
    if (record.fresh_from < record.next) {
      const auto oldest = oldest_kept(parts_.store, to);
      if (!oldest || !(*oldest < record.fresh_from)) continue;
    }
    if (!parts_.link.room_for(to)) continue;  // when there is a way again, the link says so
    const Time again{record.delivered.value + pause_before(record)};
    if (!wake || again < *wake) wake = again;
  }
  return wake;
}

/// The first number that may not be under way yet. Within an epoch the oldest message that is kept never gets older, so
/// it is looked for only where that which was seen last does not do.
MessageNumber Courier::end_of_window(PeerPort to, const OutgoingRecord& record) {
  auto& [epoch, oldest] = oldest_[to];
  if (epoch != record.epoch) {
    epoch = record.epoch;
    oldest = MessageNumber{1};
  }
  if (record.next.value - oldest.value > max_messages_under_way) {
    // A read that fails gives none.
    if (const auto found = oldest_kept(parts_.store, to)) oldest = *found;
  }
  return MessageNumber{oldest.value + max_messages_under_way};
}

/// That note, and those that were postponed.
std::vector<Bytes> Courier::seal_note(PeerPort to, const DeliveryNote& note) {
  postponed_.owe(to, note, parts_.environment.now());
  std::vector<Bytes> sealed;
  for (const auto& part : split_note(postponed_.take_owed(to), max_entries_a_note(parts_.node.genesis()))) {
    sealed.push_back(channels_.at(to).seal(Epoch{}, MessageNumber{0}, encode(part), parts_.environment.draw<Hash>()));
  }
  return sealed;
}

std::optional<Courier::Leaving> Courier::seal_for(PeerPort to, const DeliveryNote& note, const Delivering& how,
                                                  Report& report) {
  const auto room = parts_.link.room_for(to);
  if (!room) {
    (void)postponed_.take_owed(to);  // whoever comes back is told when it sends again
    return std::nullopt;
  }
  const auto in_state = outgoing_rows.get(parts_.store, to).value_or(OutgoingRecord{});
  auto record = in_state;
  postponed_.bring_up_to_date(to, record);
  if (how.renewed) record.fresh_from = MessageNumber{1};
  auto first = record.fresh_from;
  // Only a peer that has taken in all that waits for it knows that an acknowledgement is missing.
  const bool again = how.drained && is_due_again(to, record);
  if (again) {
    record.delivered = parts_.environment.now();
    if (parts_.link.still_waiting_at(to)) {
      postponed_.delivered(to, in_state, record, record.delivered);
    } else {
      first = MessageNumber{1};
      ++record.repeats;
    }
  }
  const auto& channel = channels_.at(to);
  std::vector<Bytes> envelopes;
  std::vector<PackageFile> packages;
  std::vector<MessageNumber> numbers;
  std::size_t bytes = 0;
  if (record.kept_bytes > 0 && first < record.next) {
    const auto end = end_of_window(to, record);
    outbox_rows.each_from(
        parts_.store, encode(to), encode(OutboxKey{to, first}), [&](const OutboxKey& key, const OutboxRecord& row) {
          if (!(key.number < end) || bytes >= *room) return false;
          envelopes.push_back(channel.seal(record.epoch, key.number, row.payload, parts_.environment.draw<Hash>()));
          bytes += row.payload.size();
          numbers.push_back(key.number);
          if (row.with_package) add_package(to, row, envelopes.size() - 1, packages, report);
          return true;
        });
  }
  std::size_t notes = 0;
  if (envelopes.empty() && how.note_may_wait) {
    if (!note.empty()) postponed_.owe(to, note, parts_.environment.now());
  } else {
    auto sealed = seal_note(to, note);
    notes = sealed.size();
    for (auto& package : packages) package.envelope += notes;
    std::ranges::move(envelopes, std::back_inserter(sealed));
    envelopes = std::move(sealed);
  }
  if (envelopes.empty()) return std::nullopt;
  return Leaving{{to, std::move(envelopes), std::move(packages)}, std::move(numbers), notes, again, in_state, record};
}

namespace {

/// What is sealed for several peers is held until it is sent.
constexpr std::size_t max_bytes_together = std::size_t{1} << 20U;

std::size_t bytes_of(const Delivery& delivery) {
  std::size_t bytes = 0;
  for (const auto& envelope : delivery.envelopes) bytes += envelope.size();
  return bytes;
}

/// Nobody else is to wait until a book was copied.
bool may_take_long(const Delivery& delivery) {
  return std::ranges::any_of(delivery.packages, [](const auto& package) { return !package.bytes; });
}

}  // namespace

void Courier::send_together(Report& report) {
  auto all = std::exchange(together_, {});
  if (all.empty()) return;
  reach(KillPoint::before_send);
  std::vector<Delivery> deliveries;
  deliveries.reserve(all.size());
  for (auto& each : all) deliveries.push_back(std::move(each.delivery));
  auto sent = parts_.link.send_all(Deliveries(deliveries.begin(), deliveries.end()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    note_sent(all[i], deliveries[i].to, send_what_fits(deliveries[i], std::move(sent[i])), report);
  }
  for (auto& trouble : parts_.link.take_troubles()) report.troubles.push_back(std::move(trouble));
}

/// Where all at once is more than the other may have waiting, the parts that fit.
Courier::SentSoFar Courier::send_what_fits(const Delivery& delivery, Result<void> all) {
  const auto& envelopes = delivery.envelopes;
  if (all) return {envelopes.size(), std::nullopt};
  if (all.error().token != Token::over_quota) return {0, std::move(all).error()};
  for (std::size_t first = 0; first < envelopes.size();) {
    const auto last = end_of_part(envelopes, delivery.packages, first);
    if (first == 0 && last == envelopes.size()) return {0, std::move(all).error()};  // that was tried
    const auto place = [&](std::size_t i) { return envelopes.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<PackageFile> carried;
    for (const auto& package : delivery.packages) {
      if (package.envelope < first || package.envelope >= last) continue;
      carried.push_back(package);
      carried.back().envelope -= first;
    }
    if (auto part = parts_.link.send(delivery.to, {place(first), place(last)}, carried); !part) {
      return {first, std::move(part).error()};
    }
    first = last;
  }
  return {envelopes.size(), std::nullopt};
}

void Courier::note_sent(Leaving& what, PeerPort to, SentSoFar sent, Report& report) {
  report.undelivered.erase(to);  // where it could not be sent ahead
  if (sent.failed) report.undelivered[to] = std::move(*sent.failed);
  if (sent.envelopes == 0) return;
  reach(KillPoint::after_send);
  const auto numbered = sent.envelopes > what.notes ? sent.envelopes - what.notes : 0;
  if (numbered == 0 && (!what.again || sent.failed)) return;
  auto& record = what.record;
  if (numbered > 0) {
    record.fresh_from = std::max(record.fresh_from, MessageNumber{what.numbers[numbered - 1].value + 1});
  }
  record.delivered = parts_.environment.now();
  postponed_.delivered(to, what.in_state, record, record.delivered);
}

void Courier::add_package(PeerPort to, const OutboxRecord& row, std::size_t envelope,
                          std::vector<PackageFile>& packages, Report& report) {
  const auto message = decode<Message>(row.payload);
  if (!message) return;
  const auto exchange = exchange_of(parts_.node.genesis().id(), message.value());
  if (!exchange) return;
  auto package = parts_.shelf.package(*exchange);
  if (!package) {
    if (parts_.link.package_waits_at(to, *exchange)) return;
    if (auto made = make_package_again(*exchange, report); !made) report.troubles.push_back(std::move(made).error());
    package = parts_.shelf.package(*exchange);
  }
  // The package is dropped when the exchange ends; its message may still be under way then.
  if (!package) return;
  // The first is handed over. One that was made again is kept, so that asking without end costs only once.
  const bool may_move = !remade_packages_.contains(*exchange);
  packages.push_back(PackageFile{*exchange, std::move(package->file), envelope, may_move, std::move(package->bytes)});
}

/// A package that was handed over and got lost on its way: book, key and exchange give the same bytes again. Does
/// nothing where the requester has it, as its consent says, where a newer grant took its place, or the exchange is
/// over.
Result<void> Courier::make_package_again(const ExchangeId& exchange, Report& report) {
  const auto record = exchanges.get(parts_.store, exchange);
  const bool needed = record && record->key && parts_.node.owes_package(parts_.store, exchange);
  // That of a value book is a row of the state, and is not lost.
  if (!needed || book_value(record->book->body) || !remade_packages_.insert(exchange).second) return success();
  const auto& id = record->request.body.book;
  send_together(report);  // nobody else is to wait for it
  BOOKCHAIN_TRY(const auto root,
                parts_.shelf.write_package(id, record->book->body, exchange, *record->key, parts_.progress));
  if (root == record->grant->body.ciphertext_root) return success();
  // A rehearsed cheat: the honest package does not fit its grant.
  return parts_.shelf.perform(ShelfTask{ShelfAction::drop_exchange, id, exchange});
}

/// `seal` gives what leaves for a peer, if anything.
void Courier::deliver_to_each(const std::function<std::optional<Leaving>(PeerPort)>& seal, Report& report) {
  together_.clear();  // where a failure ended the call before
  std::size_t bytes = 0;
  for (const auto& [to, channel] : channels_) {
    auto leaving = seal(to);
    if (!leaving) continue;
    const bool alone = may_take_long(leaving->delivery);
    if (alone) send_together(report);
    if (together_.empty()) bytes = 0;
    bytes += bytes_of(leaving->delivery);
    together_.push_back(std::move(*leaving));
    if (alone || bytes >= max_bytes_together) send_together(report);
  }
  send_together(report);
}

void Courier::deliver_ahead(Report& report) {
  deliver_to_each([&](PeerPort to) { return seal_for(to, {}, {.note_may_wait = true}, report); }, report);
}

Result<void> Courier::deliver_all(const Notes& notes, const std::set<PeerPort>& drained, Report& report) {
  const auto renewed = parts_.link.take_renewed();
  const bool notes_may_wait = !postpones_nothing();
  {
    const Reading reading(parts_.store);
    deliver_to_each(
        [&](PeerPort to) {
          const bool is_renewed = std::ranges::find(renewed, to) != renewed.end();
          const auto note = notes.find(to);
          return seal_for(to, note == notes.end() ? DeliveryNote{} : note->second,
                          {drained.contains(to), is_renewed, notes_may_wait}, report);
        },
        report);
  }
  parts_.link.end_turn();
  // Who is told of a step may be told whether what it sent is on its way, and reads that from the rows.
  const bool may_wait = patient_ && (report.steps.empty() || !shows_deliveries_);
  if (may_wait || !postponed_.is_unwritten()) return success();
  return write_postponed();
}

/// How far the outboxes were delivered may be lost with the power: it makes the peer send again what was delivered. A
/// note may make it begin a new epoch, which it must not forget.
Result<void> Courier::write_postponed() {
  BOOKCHAIN_CHECK(parts_.store.begin(postponed_.came().empty() ? Durability::soon : Durability::full));
  write_down_postponed();
  write_traces({});
  if (auto committed = parts_.store.commit(); !committed) {
    postponed_.rolled_back();
    traces_.rolled_back();
    return committed;
  }
  postponed_.written();
  traces_.committed(parts_.environment.now());
  return success();
}

/// What is a matter of rows is done in the transaction that asks for it. Gives whether something is left to be done
/// after the commit.
bool Courier::tend_rows() {
  bool is_left = false;
  Draft done(parts_.store);
  for (const auto& [key, task] : shelf_tasks.all(parts_.store)) {
    const bool is_of_rows = parts_.shelf.is_of_rows(task);
    if (is_of_rows) reach(KillPoint::before_shelf);
    if (!is_of_rows || !parts_.shelf.perform(task)) {
      is_left = true;
      continue;
    }
    reach(KillPoint::after_shelf);
    shelf_tasks.erase(done, key);
  }
  parts_.store.hand_over(done.take_effects().writes);
  return is_left;
}

Result<void> Courier::tend_shelf() {
  const auto tasks = shelf_tasks.all(parts_.store);
  if (tasks.empty()) return success();
  // A task that is done twice is no failure, so this too may be lost with the power.
  BOOKCHAIN_CHECK(parts_.store.begin(Durability::soon));
  Draft done(parts_.store);
  for (const auto& [key, task] : tasks) {
    reach(KillPoint::before_shelf);
    if (auto performed = parts_.shelf.perform(task); !performed) {
      parts_.store.rollback();
      return performed;
    }
    reach(KillPoint::after_shelf);
    shelf_tasks.erase(done, key);
  }
  parts_.store.hand_over(done.take_effects().writes);
  return parts_.store.commit();
}

}  // namespace bookchain::transport
