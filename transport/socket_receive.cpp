// The receiving side of a SocketLink: frames become batches of messages that wait to be taken in, within a
// bound for each peer, and packages in files.
#include <algorithm>

#include "transport/socket_link.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// A batch takes no more messages beyond either; a turn takes a number of batches.
constexpr std::size_t max_batch_messages = 256;
constexpr std::size_t max_batch_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_offers_of_a_peer = 1024;
/// Small packages of one peer that nobody took yet; what is beyond is forgotten.
constexpr std::size_t max_small_packages = 1024;
constexpr std::size_t max_marks = 1024;
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
  ++moved_;
  switch (frame.kind) {
    case FrameKind::message: return take_message(side, std::move(frame.body));
    case FrameKind::packaged: return take_packaged(connection, side, frame.body);
    case FrameKind::part: return take_part(connection, side, frame.body);
    case FrameKind::no_further: return release_message(connection, decode<ExchangeId>(frame.body).value());
    case FrameKind::offer: {
      const auto offer = decode<PackageOffer>(frame.body).value();
      if (side.offers.size() < max_offers_of_a_peer) side.offers[offer.exchange] = offer.size;
      stirred_ = true;
      return;
    }
    case FrameKind::want:
      connection.packages.want(decode<PackageWant>(frame.body).value());
      return pump_packages(connection);
    case FrameKind::all_sent:
      if (marks_.size() < max_marks) {
        marks_.push_back(AskedMark{connection.weak_from_this(), decode<Mark>(frame.body).value()});
      }
      stirred_ = true;
      return;
    case FrameKind::all_answered: awaited_.erase(decode<Mark>(frame.body).value().number); return;
  }
}

SocketLink::Batch& SocketLink::batch_with_room(PeerSide& side) {
  const bool has_room = !side.batches.empty() && side.batches.back().name.empty() &&
                        side.batches.back().envelopes.size() < max_batch_messages &&
                        side.batches.back().bytes < max_batch_bytes;
  if (!has_room) side.batches.emplace_back();
  return side.batches.back();
}

/// Beyond the bound the peer has to wait until something is taken in.
void SocketLink::note_waiting(PeerSide& side, std::ptrdiff_t change) {
  side.waiting_bytes = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(side.waiting_bytes) + change);
  const bool held = side.waiting_bytes > max_waiting_bytes;
  const auto lines = side.lines;
  for (const auto& line : lines) line->hold(held);
}

void SocketLink::take_message(PeerSide& side, Bytes envelope) {
  auto& batch = batch_with_room(side);
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
  auto& batch = batch_with_room(side);
  batch.packages[exchange] = Bytes(package.begin(), package.end());
  batch.bytes += package.size();
  note_waiting(side, static_cast<std::ptrdiff_t>(package.size()));
  take_message(side, Bytes(envelope.begin(), envelope.end()));
}

void SocketLink::take_part(Connection& connection, PeerSide& side, const Bytes& body) {
  const auto part = read_part(body);
  const auto added = inbox_.add(connection.peer(), part);
  // Without room here the offer stands: the next turn goes on with it, or says what is wrong.
  if (!added || added.value() != PackageInbox::Added::complete) return;
  tell_no_further(side, part.exchange);
  stirred_ = true;
}

void SocketLink::tell_no_further(PeerSide& side, const ExchangeId& exchange) {
  if (side.offers.erase(exchange) == 0) return;
  for (const auto& line : side.lines) {
    put_frame(line->out(), FrameKind::no_further, {exchange.view()});
    line->flush();
  }
}

// ---- Link ----

/// Takes from each peer in turn, so that one who floods does not starve the others.
Result<std::vector<Parcel>> SocketLink::receive(std::size_t most) {
  run_ready();
  stirred_ = false;
  for (auto& mark : marks_) mark.before_turn = true;
  std::vector<Parcel> parcels;
  bool any = true;
  for (std::size_t place = 0; any && parcels.size() < most; ++place) {
    any = false;
    for (auto& [port, side] : peers_) {
      if (place >= side.batches.size() || parcels.size() >= most) continue;
      auto& batch = side.batches[place];
      if (batch.name.empty()) batch.name = std::string(batch_name) + std::to_string(next_name_++);
      parcels.push_back(Parcel{port, batch.name, batch.envelopes, std::nullopt});
      any = true;
    }
  }
  return parcels;
}

bool SocketLink::is_name_of_batch(std::string_view name) { return name.starts_with(batch_name); }

std::size_t SocketLink::count_waiting() const {
  std::size_t count = 0;
  for (const auto& [port, side] : peers_) count += side.batches.size();
  return count;
}

void SocketLink::forget_batch(const Parcel& parcel, bool keep_packages) {
  auto& side = peers_.at(parcel.from);
  const auto found = std::ranges::find(side.batches, parcel.name, &Batch::name);
  if (found == side.batches.end()) return;
  for (auto& [exchange, package] : found->packages) {
    if (keep_packages && side.small_packages.size() < max_small_packages) {
      side.small_packages[exchange] = std::move(package);
    }
  }
  const auto bytes = found->bytes;
  side.batches.erase(found);
  note_waiting(side, -static_cast<std::ptrdiff_t>(bytes));
}

Result<void> SocketLink::acknowledge(const Parcel& parcel) {
  forget_batch(parcel, true);
  return success();
}

/// Whoever sent it has proven to be that peer, so there is nothing to look into: it is forgotten.
Result<void> SocketLink::put_aside(const Parcel& parcel, const Error& /*reason*/) {
  forget_batch(parcel, false);
  return success();
}

Result<std::unique_ptr<PackageSource>> SocketLink::open_package(PeerPort from, const ExchangeId& exchange) {
  const auto& side = peers_.at(from);
  const auto in_memory = [](const Bytes& bytes) {
    return std::unique_ptr<PackageSource>(std::make_unique<PackageInMemory>(bytes));
  };
  for (const auto& batch : side.batches) {
    if (const auto found = batch.packages.find(exchange); found != batch.packages.end())
      return in_memory(found->second);
  }
  const auto kept = side.small_packages.find(exchange);
  if (kept != side.small_packages.end()) return in_memory(kept->second);
  return inbox_.open_package(from, exchange);
}

Result<void> SocketLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  auto& side = peers_.at(from);
  side.small_packages.erase(exchange);
  for (auto& batch : side.batches) batch.packages.erase(exchange);
  tell_no_further(side, exchange);
  return inbox_.drop(from, exchange);
}

std::vector<OfferedPackage> SocketLink::offers() const {
  std::vector<OfferedPackage> all;
  for (const auto& [port, side] : peers_) {
    for (const auto& [exchange, size] : side.offers) {
      if (!inbox_.is_coming(port, exchange)) all.push_back(OfferedPackage{port, exchange, size});
    }
  }
  return all;
}

Result<void> SocketLink::fetch_package(const OfferedPackage& offer) {
  auto& side = peers_.at(offer.from);
  if (side.lines.empty()) return success();
  has_asked_ = true;
  if (inbox_.has_whole(offer.from, offer.exchange, offer.size)) {
    tell_no_further(side, offer.exchange);
    return success();
  }
  BOOKCHAIN_TRY(const auto there, inbox_.begin(offer.from, offer.exchange, offer.size));
  if (!there) return success();
  for (const auto& line : side.lines) {
    put_frame(line->out(), FrameKind::want, PackageWant{offer.exchange, *there});
    line->flush();
  }
  return success();
}

void SocketLink::end_turn(bool drained) {
  std::vector<AskedMark> later;
  for (const auto& asked : marks_) {
    const auto line = asked.connection.lock();
    if (!line || !line->is_open()) continue;
    if (!drained || !asked.before_turn) {
      later.push_back(asked);
      continue;
    }
    put_frame(line->out(), FrameKind::all_answered, asked.mark);
    line->flush();
  }
  marks_ = std::move(later);
  run_ready();
}

}  // namespace bookchain::transport
