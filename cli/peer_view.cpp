#include "cli/peer_view.hpp"

#include <algorithm>

#include "cli/contacts.hpp"
#include "cli/fingerprint.hpp"
#include "ledger/card.hpp"
#include "transport/delivery.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// A peer at work answers within moments; one that is stepped by hand is given this long.
constexpr std::uint64_t silent_after_us = 60'000'000;
/// Of what was put aside from one sender so many names are listed, and the last of them looked at. The receiver keeps
/// fewer; who can write there may leave more.
constexpr std::size_t most_names = 2'000;
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

/// Whether a message of it was taken, or it has acknowledged one.
bool was_heard(const State& state, PeerPort peer, std::uint64_t unanswered) {
  if (transport::incoming_rows.get(state, peer)) return true;
  const auto sent = transport::outgoing_rows.get(state, peer);
  return sent && sent->next.value > unanswered + 1;
}

/// What was put aside from a sender. Others can write there: no part of it is reached through a link.
Result<transport::SpoolFolder> put_aside_from(const Reader& self, PeerPort from) {
  BOOKCHAIN_TRY(const auto spool, transport::SpoolFolder::open(self.files().spool));
  BOOKCHAIN_TRY(const auto of_sender, spool.inside(std::to_string(from.value)));
  return of_sender.inside("bad");
}

/// The network that the latest delivery of a peer that was put aside says it is for, where it came after `heard`. A
/// header can be read without any key.
std::optional<NetworkId> delivered_for(const Reader& self, PeerPort from, const std::optional<Time>& heard) {
  const auto folder = put_aside_from(self, from);
  if (!folder) return std::nullopt;
  auto names = folder.value().names(most_names);
  std::ranges::reverse(names);
  for (std::size_t i = 0; i < std::min(names.size(), most_files); ++i) {
    // The time of the file is its sender's; the reason beside it was written when it was put aside.
    const auto reason = folder.value().facts_of(names[i] + std::string(transport::reason_suffix));
    const auto put_aside_us = reason ? reason->changed_ns / 1000 : 0;
    if (heard && put_aside_us <= static_cast<std::int64_t>(heard->value)) continue;
    const auto header = transport::first_header(folder.value(), names[i]);
    if (header && header->from == from && header->network != self.genesis().id()) return header->network;
  }
  return std::nullopt;
}

}  // namespace

std::vector<PeerLine> view_peers(const Session& session, const Reader& self) {
  const auto heads = readable_heads(session, self);
  auto contacts = Contacts(self.files().home).load();
  std::vector<PeerLine> peers;
  for (const auto& peer : self.genesis().peers()) {
    PeerLine view{peer.port, card_id(self.genesis(), peer), {}, 0, {}, {}, false, false, {}};
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
      if (view.heard) view.heard_at = contact.heard;
      // What came before it was heard is no news; of one that was heard nobody knows when, all may have.
      if (!view.heard || contact.heard) {
        // Who may write into its folder here is fewer than who may call.
        view.other_network = delivered_for(self, peer.port, view.heard_at);
        view.only_called = !view.other_network && contact.other_network;
        if (view.only_called) view.other_network = contact.other_network;
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
                    {"heard_time", peer.heard_at ? Json(write_iso_time(*peer.heard_at)) : Json(nullptr)},
                    {"other_network", peer.other_network ? Json(to_hex(*peer.other_network)) : Json(nullptr)},
                    {"other_network_by", peer.other_network ? Json(peer.only_called ? "call" : "delivery") : nullptr}});
  }
  return list;
}

namespace {

std::string heard_text(const PeerLine& peer) {
  constexpr std::size_t to_the_second = 19;
  if (peer.heard_at) return write_time(*peer.heard_at).substr(0, to_the_second);
  return peer.heard ? "yes" : "never";
}

/// Neither proves anything: what could not be opened, anybody may have written.
std::string other_network_text(const Report& report, const PeerLine& peer) {
  const auto port = std::to_string(peer.port.value);
  const auto said = peer.only_called ? "over a socket somebody speaks in the name of " + port + " for another network, "
                                     : "what was delivered in the name of " + port + " is for another network, ";
  return report.bad(port + " may be in another network") + ": " + said + fingerprint(*peer.other_network) +
         "; compare the network files\n";
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
    if (peer.other_network) faults += other_network_text(report, peer);
    const auto since = peer.unanswered_since;
    if (since && since->value + silent_after_us < now.value) {
      faults += report.bad(port + " does not answer") + ": " + std::to_string(peer.unanswered) +
                (peer.unanswered == 1 ? " message waits" : " messages wait") + " since " + write_time(*since) + "\n";
    }
  }
  return table.draw(report) + faults;
}

}  // namespace bookchain::cli
