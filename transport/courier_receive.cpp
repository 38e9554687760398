// The courier's receiving side: opens what the link brought, finds packages, hands each message to the
// rules once. Everything here happens before or within the transaction; nothing is acknowledged or removed yet.
#include <algorithm>

#include "ledger/chain.hpp"
#include "transport/courier.hpp"

namespace bookchain::transport {

using namespace ledger;

Result<void> Courier::open_envelope(PeerPort from, ByteView envelope, std::size_t parcel, OpenedMail& mail) const {
  const auto channel = channels_.find(from);
  if (channel == channels_.end()) {
    return Error{Token::unknown_peer, "the network has no such peer", std::to_string(from.value), {}};
  }
  BOOKCHAIN_TRY(const auto opened, channel->second.open(envelope));
  if (opened.header().number == MessageNumber{0}) {
    BOOKCHAIN_TRY(auto note, decode<DeliveryNote>(opened.payload()));
    mail.notes.emplace_back(from, std::move(note));
    return success();
  }
  Incoming arrival{opened.header(), message_id(opened.header(), opened.payload()),
                   std::nullopt,    opened.payload().size(),
                   parcel,          false};
  // A payload that is no message came from the peer itself: it is seen and acknowledged like any other.
  if (auto message = decode<Message>(opened.payload())) arrival.message = std::move(message).value();
  mail.messages.push_back(std::move(arrival));
  return success();
}

namespace {

/// One line a delivery, whatever its sender put into it.
Error with_count(Error first, std::size_t others) {
  if (others > 0) first.what += ", and " + std::to_string(others) + " more of this delivery cannot be opened";
  return first;
}

}  // namespace

/// Opens those from `first` on; the others were opened before.
void Courier::open_parcels(const std::vector<Parcel>& parcels, std::size_t first, OpenedMail& mail,
                           Report& report) const {
  for (auto i = first; i < parcels.size(); ++i) {
    const auto& parcel = parcels[i];
    if (parcel.fault) report.received.push_back(refused_from(parcel.from, *parcel.fault));
    std::optional<Error> first_fault;
    std::size_t faults = 0;
    for (const auto& envelope : parcel.envelopes) {
      auto opened = open_envelope(parcel.from, envelope, i, mail);
      if (opened) continue;
      ++faults;
      if (!first_fault) first_fault = std::move(opened).error();
    }
    if (!first_fault) continue;
    mail.unfit.insert(i);
    report.received.push_back(refused_from(parcel.from, with_count(std::move(*first_fault), faults - 1)));
  }
  for (const auto& message : mail.messages) report.heard.insert(message.header.from);
  for (const auto& [from, note] : mail.notes) report.heard.insert(from);
  // The order in which they were sent spares detours; nothing depends on it.
  std::ranges::stable_sort(mail.messages, [](const auto& left, const auto& right) {
    return std::tuple(left.header.from, left.header.number) < std::tuple(right.header.from, right.header.number);
  });
}

/// Keeps the first `most` messages that were not seen before; what is known already does not count.
void Courier::leave_for_later(OpenedMail& mail, std::size_t most, Report& report) const {
  if (mail.messages.size() <= most) return;
  std::vector<Incoming> kept;
  for (auto& arrival : mail.messages) {
    Draft draft(parts_.store);
    const bool fresh = admit(draft, arrival.header, arrival.id).what == Admission::fresh;
    if (!fresh) {
      kept.push_back(std::move(arrival));
    } else if (most > 0) {
      --most;
      kept.push_back(std::move(arrival));
    } else {
      mail.unfinished.insert(arrival.parcel);
    }
  }
  mail.messages = std::move(kept);
  report.more_waits = !mail.unfinished.empty();
}

/// A grant whose package had not come yet is taken up again when it has.
void Courier::add_late_packages(std::vector<Incoming>& messages) const {
  for (const auto& exchange : open_exchanges(parts_.store)) {
    const auto record = exchanges.get(parts_.store, exchange);
    const bool waits = record && record->role == Role::requester && record->grant && record->book &&
                       !record->package_arrived && !has_ended(record->state);
    if (!waits) continue;
    const auto from = record->request.body.receiver_port;
    const auto package = find_package(from, exchange);
    if (!package && package.error().token == Token::no_such_file) continue;
    Header header{protocol_version, parts_.node.genesis().id(), from, parts_.node.identity().port, {}, {}};
    messages.push_back(Incoming{header, {}, GrantMessage{record->request, *record->grant, *record->book}, 0, 0, true});
  }
}

/// The package as its sender put it here, or as a killed process had begun to take it.
Result<std::unique_ptr<PackageSource>> Courier::find_package(PeerPort from, const ExchangeId& exchange) const {
  auto package = parts_.link.open_package(from, exchange);
  if (package || package.error().token != Token::no_such_file) return package;
  auto begun = parts_.shelf.moved_package(exchange);
  if (begun) return begun;
  return package;
}

/// Takes the package that came with a GRANT into the home, if one is wanted and there. What has no room here waits
/// where it lies; what cannot be a package is removed. Neither stops anything else.
std::optional<Courier::CopiedPackage> Courier::copy_package(PeerPort from, const Message& message, Report& report) {
  const auto wanted = parts_.node.wanted_package(parts_.store, from, message);
  if (!wanted || !tried_packages_.insert(wanted->exchange).second) return std::nullopt;
  const auto file = find_package(from, wanted->exchange);
  if (!file) {
    const auto& error = file.error();
    if (error.token == Token::no_such_file) return std::nullopt;  // it may come later
    if (error.token == Token::io) {
      report.troubles.push_back(error);
      return std::nullopt;
    }
    dropped_packages_.insert({from, wanted->exchange});
    report.received.push_back(refused_from(from, error, wanted->exchange));
    return std::nullopt;
  }
  // What is too short may still be growing, where a program that synchronises folders brings it.
  const auto size = file.value()->size();
  if (size && size.value() && *size.value() < package_size(wanted->book)) return std::nullopt;
  auto package = parts_.shelf.take_package(wanted->exchange, *file.value(), wanted->book, parts_.progress);
  if (package) return CopiedPackage{wanted->exchange, package.value()};
  // A package that is none fits no grant: the rules see that from its roots.
  if (package.error().token == Token::wrong_book) return CopiedPackage{wanted->exchange, {}};
  report.troubles.push_back(std::move(package).error());
  return std::nullopt;
}

/// The package becomes that of its exchange only if the rules have taken it for that. A crash before the
/// commit leaves it there unknown; the next copy replaces it.
Result<void> Courier::settle_package(PeerPort from, const CopiedPackage& package) {
  const auto record = exchanges.get(parts_.store, package.exchange);
  dropped_packages_.insert({from, package.exchange});
  if (record && record->package_arrived) return parts_.shelf.keep_package(package.exchange);
  parts_.shelf.forget_package(package.exchange);
  return success();
}

/// Whether this peer asked `from` for the book of that exchange.
bool Courier::is_own_request(PeerPort from, const ExchangeId& exchange) const {
  const auto record = exchanges.get(parts_.store, exchange);
  return record && record->role == Role::requester && record->request.body.receiver_port == from;
}

/// Whether a package of that exchange may still be of use here.
bool Courier::may_want_package(PeerPort from, const ExchangeId& exchange) const {
  if (!is_own_request(from, exchange)) return false;
  const auto record = exchanges.get(parts_.store, exchange);
  return !record->package_arrived && !has_ended(record->state);
}

/// What is offered is fetched if it is the package of a request of this peer's own, and declined otherwise.
void Courier::answer_offers(Report& report) {
  for (const auto& offer : parts_.link.offers()) {
    if (dropped_packages_.contains({offer.from, offer.exchange})) continue;
    const auto record = exchanges.get(parts_.store, offer.exchange);
    const auto book = record ? catalogue.get(parts_.store, record->request.body.book) : std::nullopt;
    if (book && may_want_package(offer.from, offer.exchange) && offer.size == package_size(book->body)) {
      if (auto begun = parts_.link.fetch_package(offer); !begun) report.troubles.push_back(std::move(begun).error());
    } else {
      dropped_packages_.insert({offer.from, offer.exchange});
    }
  }
}

void Courier::drop_unwanted_package(PeerPort from, const std::optional<ExchangeId>& exchange) {
  if (exchange && !may_want_package(from, *exchange)) dropped_packages_.insert({from, *exchange});
}

/// A killed process may have left packages that no message will name again, and a program that synchronises folders
/// brings back what was removed. To look at each costs a reading of every folder. Of thousands that somebody put there
/// each turn takes some.
void Courier::sweep_packages(Report& report) {
  constexpr std::uint64_t every_us = 60'000'000;
  constexpr std::size_t most_a_turn = 256;
  if (to_sweep_.empty()) {
    const auto now = parts_.environment.now();
    if (swept_packages_ && !has_passed(*swept_packages_, now, every_us)) return;
    swept_packages_ = now;
    const auto lying = parts_.link.packages();
    to_sweep_.assign(lying.begin(), lying.end());
  }
  for (std::size_t i = 0; i < most_a_turn && !to_sweep_.empty(); ++i) {
    const auto [from, exchange] = to_sweep_.front();
    to_sweep_.pop_front();
    if (dropped_packages_.contains({from, exchange})) continue;  // told already
    if (!is_own_request(from, exchange)) {
      stray_packages_.insert({from, exchange});
      dropped_packages_.insert({from, exchange});
      continue;
    }
    auto fault = why_no_package(from, exchange);
    if (!fault && may_want_package(from, exchange)) continue;
    if (fault) report.received.push_back(refused_from(from, std::move(*fault), exchange));
    dropped_packages_.insert({from, exchange});
  }
}

/// One line a sender. What came back of an exchange that is over, a program brought that synchronises folders: it is
/// removed without a word.
void Courier::tell_swept(Report& report) {
  for (const auto& [from, count] : std::exchange(strays_removed_, {})) {
    auto what = count == 1 ? std::string("a package that this peer did not ask for was removed")
                           : std::to_string(count) + " packages that this peer did not ask for were removed";
    report.received.push_back(refused_from(from, Error{Token::unexpected, std::move(what), {}, {}}));
  }
}

/// What lies there may be no file, or too large for the book that was asked for: no grant can make it its package.
std::optional<Error> Courier::why_no_package(PeerPort from, const ExchangeId& exchange) const {
  const auto package = parts_.link.open_package(from, exchange);
  if (!package) return package.error().token == Token::bad_file ? std::optional(package.error()) : std::nullopt;
  const auto record = exchanges.get(parts_.store, exchange);
  const auto book = record ? catalogue.get(parts_.store, record->request.body.book) : std::nullopt;
  const auto size = package.value()->size();
  if (!book || !size || !size.value() || *size.value() <= package_size(book->body)) return std::nullopt;
  return Error{Token::bad_file, "a package is larger than the book that was asked for", to_hex(exchange), {}};
}

namespace {

/// Adds to a note what became of a message, but for one that is left to come again.
void add_to_note(DeliveryNote& note, const Header& header, const MessageId& id, const Admitted& admitted) {
  switch (admitted.what) {
    case Admission::fresh:
    case Admission::duplicate: note.taken.push_back(NoteEntry{header.epoch, header.number, id}); return;
    case Admission::contradicted:
    case Admission::retired:
    case Admission::too_far:
      note.contradicted.push_back(NoteEntry{header.epoch, header.number, admitted.first});
      return;
    case Admission::held_back: return;
  }
}

Error why_not_taken(const Header& header, Admission what) {
  if (what == Admission::held_back) {
    return Error{Token::over_quota,
                 "the sender takes none of the answers that wait for it",
                 std::to_string(header.from.value),
                 {}};
  }
  return Error{Token::unexpected,
               "the number of the message was used before, or is out of reach",
               std::to_string(header.number.value),
               {}};
}

}  // namespace

Height Courier::chain_height() const { return chain_head(parts_.node.genesis(), parts_.store).height; }

Result<void> Courier::take_message(Incoming arrival, Notes& notes, Report& report) {
  const auto& header = arrival.header;
  ReceivedReport received{arrival.id, header.from, {}, std::nullopt, ReceiveResult::accepted, std::nullopt};
  Traced traced;
  std::optional<Precommit> committing;  // by this message, if it is good: its block says which exchanges it is about
  if (arrival.message) {
    received.type = ledger::name(*arrival.message);
    received.exchange = exchange_of(parts_.node.genesis().id(), *arrival.message);
  }
  if (!arrival.late_package) {
    Draft draft(parts_.store);
    const auto admitted = admit(draft, header, arrival.id);
    parts_.store.hand_over(draft.take_effects().writes);
    add_to_note(notes[header.from], header, arrival.id, admitted);
    if (admitted.what == Admission::duplicate) {
      if (arrival.message && std::holds_alternative<GrantMessage>(*arrival.message)) {
        drop_unwanted_package(header.from, received.exchange);
      }
      received.result = ReceiveResult::duplicate;
      report.received.push_back(std::move(received));
      // Its sender may have forgotten that it asked, and taken the answer for one that nobody had asked for.
      if (!arrival.message || !may_be_forgotten(*arrival.message)) return success();
      if (asks_without_listening(parts_.store, header.from)) return success();
      BOOKCHAIN_CHECK(decide(Received{header.from, std::move(*arrival.message), std::nullopt}, report));
      return success();
    }
    if (admitted.what != Admission::fresh) {
      received.result = ReceiveResult::refused;
      received.error = why_not_taken(header, admitted.what);
      report.received.push_back(std::move(received));
      return success();
    }
    if (arrival.message) {
      traced =
          trace_of(parts_.node.genesis(), *arrival.message, header, arrival.id, parts_.environment.now(), arrival.size);
      committing = vote_without_block(*arrival.message);
      if (committing && !(chain_height() < committing->height)) committing.reset();
    }
    received.taken = true;
  }
  std::optional<Error> refusal;
  if (arrival.message) {
    const auto package = copy_package(header.from, *arrival.message, report);
    const bool is_grant = std::holds_alternative<GrantMessage>(*arrival.message);
    const auto measured = package ? std::optional(package->measured) : std::nullopt;
    auto decided = decide(Received{header.from, std::move(*arrival.message), measured}, report);
    if (!decided) {
      if (package) parts_.shelf.forget_package(package->exchange);
      return std::move(decided).as_failure();
    }
    refusal = std::move(decided.value().refusal);
    if (committing && !(chain_height() < committing->height)) {
      traced.exchanges = exchanges_committed_by(parts_.node.genesis(), parts_.store, *committing);
    }
    if (package) BOOKCHAIN_CHECK(settle_package(header.from, *package));
    if (is_grant) drop_unwanted_package(header.from, received.exchange);
  } else {
    refusal = Error{Token::bad_message, "not in canonical form", to_hex(arrival.id), {}};
  }
  if (arrival.late_package) return success();
  traces_.passed(std::move(traced));
  if (refusal) {
    received.result = ReceiveResult::refused;
    received.error = std::move(refusal);
  }
  report.received.push_back(std::move(received));
  return success();
}

}  // namespace bookchain::transport
