// The receiving side of a SocketLink: frames become batches of messages that wait to be taken in, within a
// bound for each peer, and packages in files.
#include <algorithm>
#include <limits>

#include "transport/socket_link.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// A batch takes no more messages beyond either; a turn takes a number of batches.
constexpr std::size_t max_batch_messages = 256;
constexpr std::size_t max_batch_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_offers_of_a_connection = 1024;
constexpr std::size_t max_marks_of_a_peer = 256;
/// Packages of one peer whose messages were taken, and which nobody took yet; what is beyond is forgotten.
constexpr std::size_t max_kept_bytes = std::size_t{4} << 20U;
/// A peer whose messages cannot be opened is not called again before.
constexpr std::chrono::seconds pause_after_nonsense{10};
/// No file is named so.
constexpr std::string_view batch_name = "socket/";

/// A package that came beside its message.
class PackageInMemory final : public PackageSource {
 public:
  explicit PackageInMemory(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override {
    return std::optional<std::uint64_t>(bytes_.size());
  }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override {
    const auto got = std::min(bytes.size(), bytes_.size() - place_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(place_), got, bytes.begin());
    place_ += got;
    return got;
  }

 private:
  Bytes bytes_;
  std::size_t place_ = 0;
};

}  // namespace

// ---- frames ----

void SocketLink::arrived(Connection& connection, Frame frame) {
  auto& side = peers_.at(connection.peer());
  switch (frame.kind) {
    case FrameKind::message: return take_message(connection, side, std::move(frame.body));
    case FrameKind::packaged: return take_packaged(connection, side, frame.body);
    case FrameKind::part: return take_part(connection, side, frame.body);
    case FrameKind::no_further: return release_message(connection, decode<ExchangeId>(frame.body).value());
    case FrameKind::offer: return take_offer(connection, decode<PackageOffer>(frame.body).value());
    case FrameKind::want:
      state_of(connection).packages.want(decode<PackageWant>(frame.body).value());
      return pump_packages(connection);
    case FrameKind::all_sent: return take_mark(connection, side, decode<Mark>(frame.body).value());
    case FrameKind::all_answered: return take_answer(connection, decode<Mark>(frame.body).value());
  }
}

/// All of a batch came on one connection, so that what is wrong with it can be laid to that one.
SocketLink::Batch& SocketLink::batch_with_room(Connection& connection, PeerSide& side) {
  const bool has_room = !side.batches.empty() && side.batches.back().name.empty() &&
                        side.batches.back().line.lock().get() == &connection &&
                        side.batches.back().envelopes.size() < max_batch_messages &&
                        side.batches.back().bytes < max_batch_bytes;
  if (!has_room) {
    // A batch itself takes room as well, however little is in it.
    side.batches.push_back(Batch{++last_batch_, connection.weak_from_this(), {}, {}, {}, sizeof(Batch)});
    side.waiting_bytes += sizeof(Batch);
  }
  return side.batches.back();
}

/// Beyond either bound the other end has to wait: until something is taken in, or until it reads what it asked for.
void SocketLink::hold_if_due(PeerSide& side, Connection& line) {
  line.hold(side.waiting_bytes > max_waiting_bytes || line.unread_answers() > max_unread_answers);
}

void SocketLink::note_waiting(PeerSide& side, std::ptrdiff_t change) {
  side.waiting_bytes = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(side.waiting_bytes) + change);
  const auto lines = side.lines;
  for (const auto& line : lines) hold_if_due(side, *line);
}

void SocketLink::take_message(Connection& connection, PeerSide& side, Bytes envelope) {
  auto& batch = batch_with_room(connection, side);
  const auto size = envelope.size();
  batch.bytes += size;
  batch.envelopes.push_back(std::move(envelope));
  stirred_ = true;
  note_waiting(side, static_cast<std::ptrdiff_t>(size));
}

void SocketLink::take_packaged(Connection& connection, PeerSide& side, const Bytes& body) {
  const auto message = read_packaged(body);
  if (!message) return connection.close();
  const auto& [exchange, package, envelope] = message.value();
  auto& batch = batch_with_room(connection, side);
  auto& kept = batch.packages[exchange];
  const auto change = static_cast<std::ptrdiff_t>(package.size()) - static_cast<std::ptrdiff_t>(kept.size());
  kept.assign(package.begin(), package.end());
  batch.bytes = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(batch.bytes) + change);
  note_waiting(side, change);
  take_message(connection, side, Bytes(envelope.begin(), envelope.end()));
}

void SocketLink::take_offer(Connection& connection, const PackageOffer& offer) {
  auto& offers = state_of(connection).offers;
  const auto known = offers.find(offer.exchange);
  if (known == offers.end() && offers.size() >= max_offers_of_a_connection) {
    // Its message comes without it, and whoever wants it asks again.
    return answer(peers_.at(connection.peer()), connection, FrameKind::no_further, offer.exchange);
  }
  // The other end has given up what it was sending of it, and begins anew.
  if (known != offers.end() && known->second.wanted) inbox_.suspend(connection.peer(), offer.exchange);
  offers[offer.exchange] = LineState::Offer{offer.size, false};
  stirred_ = true;
}

/// A package goes on over the connection on which it was asked for, and over no other.
void SocketLink::take_part(Connection& connection, PeerSide& side, const Bytes& body) {
  const auto part = read_part(body);
  auto& state = state_of(connection);
  const auto offer = state.offers.find(part.exchange);
  if (offer == state.offers.end() || !offer->second.wanted) return;
  const auto added = inbox_.add(connection.peer(), part);
  if (!added) {
    // Without room here the offer stands: the next turn goes on with it, or says what is wrong.
    offer->second.wanted = false;
    return;
  }
  if (added.value() == PackageInbox::Added::unexpected) return;
  state.progress.add(part.bytes.size());
  progress_.add(part.bytes.size());
  if (added.value() == PackageInbox::Added::more_to_come) return;
  state.progress.end_one();
  progress_.end_one();
  tell_no_further(side, part.exchange);
  stirred_ = true;
}

void SocketLink::take_mark(Connection& connection, PeerSide& side, Mark mark) {
  if (side.marks.size() < max_marks_of_a_peer) {
    const auto after = side.batches.empty() ? 0 : side.batches.back().number;
    side.marks.push_back(AskedMark{connection.weak_from_this(), mark, after});
  }
  stirred_ = true;
}

void SocketLink::take_answer(Connection& connection, Mark mark) {
  const auto asked = awaited_.find(mark.number);
  if (asked == awaited_.end() || asked->second.lock().get() != &connection) return;
  awaited_.erase(asked);
  state_of(connection).given_up = false;
}

void SocketLink::tell_no_further(PeerSide& side, const ExchangeId& exchange) {
  for (const auto& line : side.lines) {
    if (state_of(*line).offers.erase(exchange) > 0) answer(side, *line, FrameKind::no_further, exchange);
  }
}

// ---- Link ----

/// Takes from each peer in turn, and begins with another one each time, so that one who floods does not starve the
/// others.
Result<std::vector<Parcel>> SocketLink::receive_beside(const ParcelNames& held, std::size_t most) {
  run_ready();
  stirred_ = false;
  std::vector<std::pair<PeerPort, PeerSide*>> sides;
  for (auto& [port, side] : peers_) {
    if (!side.batches.empty()) sides.emplace_back(port, &side);
  }
  if (!sides.empty()) {
    const auto first = sides.begin() + static_cast<std::ptrdiff_t>(first_++ % sides.size());
    std::rotate(sides.begin(), first, sides.end());  // clang 14 cannot read the one of ranges
  }
  std::vector<Parcel> parcels;
  bool any = true;
  for (std::size_t place = 0; any && parcels.size() < most; ++place) {
    any = false;
    for (const auto& [port, side] : sides) {
      if (place >= side->batches.size() || parcels.size() >= most) continue;
      any = true;
      auto& batch = side->batches[place];
      if (batch.name.empty()) batch.name = std::string(batch_name) + std::to_string(batch.number);
      if (!is_among(held, port, batch.name)) {
        parcels.push_back(Parcel{port, batch.name, batch.envelopes, std::nullopt});
      }
    }
  }
  return parcels;
}

bool SocketLink::is_name_of_batch(std::string_view name) { return name.starts_with(batch_name); }

std::map<PeerPort, std::size_t> SocketLink::waiting() const {
  std::map<PeerPort, std::size_t> counts;
  for (const auto& [port, side] : peers_) {
    if (!side.batches.empty()) counts[port] = side.batches.size();
  }
  return counts;
}

/// Gives the connection on which the batch came, if that stands.
SocketLink::Line SocketLink::forget_batch(const Parcel& parcel, bool keep_packages) {
  auto& side = peers_.at(parcel.from);
  const auto found = std::ranges::find(side.batches, parcel.name, &Batch::name);
  if (found == side.batches.end()) return nullptr;
  auto change = -static_cast<std::ptrdiff_t>(found->bytes);
  for (auto& [exchange, package] : found->packages) {
    if (!keep_packages || side.kept_bytes + package.size() > max_kept_bytes) continue;
    if (!side.kept_packages.try_emplace(exchange, package).second) continue;
    side.kept_bytes += package.size();
    change += static_cast<std::ptrdiff_t>(package.size());
  }
  auto line = found->line.lock();
  side.batches.erase(found);
  note_waiting(side, change);
  return line;
}

Result<void> SocketLink::acknowledge(const Parcel& parcel) {
  (void)forget_batch(parcel, true);
  return success();
}

/// Whoever sent it has proven to be that peer, so there is nothing to look into, and nothing good to come.
Result<void> SocketLink::put_aside(const Parcel& parcel, const Error& /*reason*/) {
  const auto line = forget_batch(parcel, false);
  if (!line) return success();
  line->close();
  peers_.at(parcel.from).next_call = SteadyClock::now() + pause_after_nonsense;
  return success();
}

Result<std::unique_ptr<PackageSource>> SocketLink::open_package(PeerPort from, const ExchangeId& exchange) {
  if (const auto* bytes = package_in_memory(from, exchange)) {
    return std::unique_ptr<PackageSource>(std::make_unique<PackageInMemory>(*bytes));
  }
  return inbox_.open_package(from, exchange);
}

const Bytes* SocketLink::package_in_memory(PeerPort from, const ExchangeId& exchange) const {
  const auto& side = peers_.at(from);
  for (const auto& batch : side.batches) {
    if (const auto found = batch.packages.find(exchange); found != batch.packages.end()) return &found->second;
  }
  const auto kept = side.kept_packages.find(exchange);
  return kept == side.kept_packages.end() ? nullptr : &kept->second;
}

Result<void> SocketLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  auto& side = peers_.at(from);
  std::size_t freed = 0;
  if (const auto kept = side.kept_packages.extract(exchange)) {
    side.kept_bytes -= kept.mapped().size();
    freed += kept.mapped().size();
  }
  for (auto& batch : side.batches) {
    const auto package = batch.packages.extract(exchange);
    if (!package) continue;
    batch.bytes -= package.mapped().size();
    freed += package.mapped().size();
  }
  if (freed > 0) note_waiting(side, -static_cast<std::ptrdiff_t>(freed));
  tell_no_further(side, exchange);
  return inbox_.drop(from, exchange);
}

std::vector<OfferedPackage> SocketLink::offers() const {
  std::vector<OfferedPackage> all;
  for (const auto& [port, side] : peers_) {
    for (const auto& batch : side.batches) {
      if (batch.name.empty()) continue;
      for (const auto& [exchange, package] : batch.packages) all.push_back({port, exchange, package.size(), true});
    }
    for (const auto& [exchange, package] : side.kept_packages) all.push_back({port, exchange, package.size()});
    for (const auto& line : side.lines) {
      for (const auto& [exchange, offer] : state_of(*line).offers) {
        if (!inbox_.is_coming(port, exchange)) all.push_back({port, exchange, offer.size});
      }
    }
  }
  return all;
}

Result<void> SocketLink::fetch_package(const OfferedPackage& offer) {
  auto& side = peers_.at(offer.from);
  if (package_in_memory(offer.from, offer.exchange) != nullptr) return success();
  const auto offers_it = [&](const Line& line) {
    const auto& offers = state_of(*line).offers;
    const auto found = offers.find(offer.exchange);
    return found != offers.end() && found->second.size == offer.size;
  };
  // The newest connection is the one that stands the longest.
  const auto line = std::find_if(side.lines.rbegin(), side.lines.rend(), offers_it);
  if (line == side.lines.rend()) return success();
  has_asked_ = true;
  if (inbox_.has_whole(offer.from, offer.exchange, offer.size)) {
    tell_no_further(side, offer.exchange);
    return success();
  }
  BOOKCHAIN_TRY(const auto there, inbox_.begin(offer.from, offer.exchange, offer.size));
  if (!there) return success();
  state_of(**line).offers[offer.exchange].wanted = true;
  answer(side, **line, FrameKind::want, PackageWant{offer.exchange, *there});
  return success();
}

bool SocketLink::is_waited_for() const {
  return std::ranges::any_of(peers_, [](const auto& peer) { return !peer.second.marks.empty(); });
}

/// Every batch that came before a mark was decided in this turn or an earlier one, and what followed was given to send.
void SocketLink::end_turn() {
  for (auto& [port, side] : peers_) {
    const auto first = side.batches.empty() ? std::numeric_limits<std::uint64_t>::max() : side.batches.front().number;
    std::vector<AskedMark> later;
    for (const auto& asked : std::exchange(side.marks, {})) {
      const auto line = asked.line.lock();
      if (!line || !line->is_open()) continue;
      if (asked.after >= first) {
        later.push_back(asked);
      } else {
        answer(side, *line, FrameKind::all_answered, asked.mark);
      }
    }
    side.marks = std::move(later);
  }
  run_ready();
}

}  // namespace bookchain::transport
