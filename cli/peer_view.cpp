#include "cli/peer_view.hpp"

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "cli/contacts.hpp"
#include "cli/fingerprint.hpp"
#include "ledger/card.hpp"
#include "transport/delivery.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::cli {

using namespace ledger;
namespace fs = boost::filesystem;

namespace {

/// A peer at work answers within moments; one that is stepped by hand is given this long.
constexpr std::uint64_t silent_after_us = 60'000'000;
/// Deliveries that were put aside are looked at up to this many.
constexpr std::size_t most_files = 200;

std::map<PeerPort, Head> readable_heads(const Session& session, const Reader& self) {
  std::map<PeerPort, Head> heads;
  heads[self.port()] = chain_head(self.genesis(), self.state());
  auto readable = session.readable_peers();
  if (!readable) return heads;
  for (auto& files : readable.value()) {
    if (files->port() == self.port() || files->genesis.id() != self.genesis().id()) continue;
    const auto reader = Reader::open(std::move(files));
    if (!reader) continue;
    const auto head = chain_head(reader.value()->genesis(), reader.value()->state());
    if (reader.value()->state().status()) heads[reader.value()->port()] = head;
  }
  return heads;
}

/// The network that a sealed message from `from` says it is for: its header can be read without any key.
std::optional<NetworkId> network_of(ByteView envelope, PeerPort from) {
  if (envelope.size() < transport::header_size) return std::nullopt;
  const auto header = decode<transport::Header>(envelope.first(transport::header_size));
  if (!header || header.value().from != from) return std::nullopt;
  return header.value().network;
}

/// Whether a message of it was taken, or it has acknowledged one.
bool was_heard(const State& state, PeerPort peer, std::uint64_t unanswered) {
  if (transport::incoming_rows.get(state, peer)) return true;
  const auto sent = transport::outgoing_rows.get(state, peer);
  return sent && sent->next.value > unanswered + 1;
}

/// Where nothing of a peer could ever be opened: the network that its latest delivery is for.
std::optional<NetworkId> other_network(const Reader& self, PeerPort from) {
  const auto folder = self.files().spool / std::to_string(from.value) / "bad";
  std::vector<path> files;
  boost::system::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (files.size() < most_files) files.push_back(entry->path());
  }
  std::ranges::sort(files, std::greater<>());
  for (const auto& file : files) {
    const auto mail =
        transport::read_mail(file, self.genesis().fields().limits.message_bytes + transport::seal_overhead);
    if (!mail) continue;
    const auto network = network_of(mail.value().front(), from);
    if (network && *network != self.genesis().id()) return network;
  }
  return std::nullopt;
}

}  // namespace

std::vector<PeerLine> view_peers(const Session& session, const Reader& self) {
  const auto heads = readable_heads(session, self);
  auto contacts = Contacts(self.files().home).load();
  std::vector<PeerLine> peers;
  for (const auto& peer : self.genesis().peers()) {
    PeerLine view{peer.port, card_id(self.genesis(), peer), {}, 0, {}, {}, false, {}};
    if (const auto head = heads.find(peer.port); head != heads.end()) view.head = head->second;
    if (peer.port != self.port()) {
      transport::outbox_rows.each_from(self.state(), encode(peer.port), {},
                                       [&](const transport::OutboxKey&, const transport::OutboxRecord& row) {
                                         if (!view.unanswered_since) view.unanswered_since = row.queued;
                                         ++view.unanswered;
                                         return true;
                                       });
      view.heard = was_heard(self.state(), peer.port, view.unanswered);
      const auto& contact = contacts[peer.port];
      if (view.heard) {
        view.heard_at = contact.heard;
      } else {
        view.other_network = contact.other_network ? contact.other_network : other_network(self, peer.port);
      }
    }
    peers.push_back(std::move(view));
  }
  return peers;
}

Json peers_value(const std::vector<PeerLine>& peers, PeerPort self) {
  Json list = Json::array();
  for (const auto& peer : peers) {
    list.push_back({{"port", peer.port.value},
                    {"height", peer.head ? Json(peer.head->height.value) : Json(nullptr)},
                    {"head", peer.head ? Json(to_hex(peer.head->hash)) : Json(nullptr)},
                    {"fingerprint", fingerprint(peer.card)},
                    {"unanswered", peer.unanswered},
                    {"unanswered_since", peer.unanswered_since ? Json(peer.unanswered_since->value) : Json(nullptr)},
                    {"heard", peer.port == self ? Json(nullptr) : Json(peer.heard)},
                    {"heard_at", peer.heard_at ? Json(peer.heard_at->value) : Json(nullptr)},
                    {"other_network", peer.other_network ? Json(to_hex(*peer.other_network)) : Json(nullptr)}});
  }
  return list;
}

namespace {

std::string heard_text(const PeerLine& peer) {
  constexpr std::size_t to_the_second = 19;
  if (peer.heard_at) return write_time(*peer.heard_at).substr(0, to_the_second);
  return peer.heard ? "yes" : "never";
}

}  // namespace

std::string peers_text(const Report& report, const std::vector<PeerLine>& peers, PeerPort self, Time now) {
  TextTable table({"PEER", "HEIGHT", "HEAD", "HEARD", "FINGERPRINT OF ITS CARD"});
  table.align_right(1);
  std::string faults;
  for (const auto& peer : peers) {
    const auto port = std::to_string(peer.port.value);
    table.add({port + (peer.port == self ? "*" : ""), peer.head ? std::to_string(peer.head->height.value) : "?",
               peer.head ? short_id(peer.head->hash) : "not seen here", peer.port == self ? "-" : heard_text(peer),
               fingerprint(peer.card)});
    if (peer.other_network) {
      faults += report.bad(port + " is in another network") + ": what comes in its name is for " +
                fingerprint(*peer.other_network) + "; compare the network files\n";
    }
    const auto since = peer.unanswered_since;
    if (since && since->value + silent_after_us < now.value) {
      faults += report.bad(port + " does not answer") + ": " + std::to_string(peer.unanswered) +
                (peer.unanswered == 1 ? " message waits" : " messages wait") + " since " + write_time(*since) + "\n";
    }
  }
  return table.draw(report) + faults;
}

}  // namespace bookchain::cli
