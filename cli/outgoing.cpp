#include "cli/outgoing.hpp"

#include <algorithm>
#include <set>

#include "cli/network_file.hpp"
#include "cli/next_steps.hpp"
#include "transport/delivery.hpp"
#include "transport/socket_place.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// Whether something for `to` was never given to a link.
bool waits_for_a_way(const State& state, PeerPort to) {
  const auto outgoing = transport::outgoing_rows.get(state, to);
  const auto fresh = outgoing ? outgoing->fresh_from : MessageNumber{1};
  bool waits = false;
  transport::outbox_rows.each_from(state, encode(to), encode(transport::OutboxKey{to, fresh}),
                                   [&](const transport::OutboxKey&, const transport::OutboxRecord&) {
                                     waits = true;
                                     return false;
                                   });
  return waits;
}

/// Asked after every step of every exchange, so it makes no path.
bool reaches_by_socket(const PeerFiles& files) {
  return std::ranges::any_of(files.genesis.peers(), [&](const Peer& peer) {
    const auto own = files.addresses.find(peer.port);
    return (own == files.addresses.end() ? peer.address : own->second).starts_with(socket_scheme);
  });
}

/// Those for whom something waits and who cannot be connected to because of one of these: `no-such-file`, nobody
/// listens; `permission`, nobody lets this user in.
std::vector<PeerPort> unreached_for(const PeerFiles& files, const State& state, const std::set<Token>& reasons) {
  std::vector<PeerPort> peers;
  if (!reaches_by_socket(files)) return peers;
  for (const auto& [port, socket] : addresses_of(files).sockets) {
    if (!waits_for_a_way(state, port)) continue;
    const auto reached = transport::connect_to(socket);
    if (!reached && reasons.contains(reached.error().token)) peers.push_back(port);
  }
  return peers;
}

}  // namespace

std::vector<PeerPort> unheard_peers(const PeerFiles& files, const State& state) {
  return unreached_for(files, state, {Token::no_such_file});
}

std::vector<PeerPort> unreached_peers(const PeerFiles& files, const State& state) {
  auto peers = unreached_for(files, state, {Token::no_such_file, Token::permission});
  // What goes into a folder is there at once, or is held back: the quota is reached, or the folder is gone.
  for (const auto& peer : files.genesis.peers()) {
    const auto own = files.addresses.find(peer.port);
    const bool by_socket = (own == files.addresses.end() ? peer.address : own->second).starts_with(socket_scheme);
    if (!by_socket && peer.port != files.port() && waits_for_a_way(state, peer.port)) peers.push_back(peer.port);
  }
  std::ranges::sort(peers);
  return peers;
}

std::vector<PeerPort> peers_without_block(const State& state, Height height) {
  static const auto tag = Message(CommitMessage{}).index();
  std::vector<PeerPort> peers;
  transport::outbox_rows.each(state, {}, [&](const transport::OutboxKey& key, const transport::OutboxRecord& row) {
    if (row.payload.empty() || row.payload.front() != tag) return true;
    const auto message = decode<Message>(row.payload);
    const auto* commit = message ? std::get_if<CommitMessage>(&message.value()) : nullptr;
    const bool is_this = commit != nullptr && commit->certificate.vote.height == height;
    if (is_this && (peers.empty() || peers.back() != key.to)) peers.push_back(key.to);
    return true;
  });
  return peers;
}

void note_unheard(const Session& session, Home& home) {
  const auto unheard = unheard_peers(home.files(), home.store());
  if (!unheard.empty()) {
    session.report().note("nobody listens at " + ports_text(unheard) + ": the messages wait in the outbox");
  }
  const auto closed = unreached_for(home.files(), home.store(), {Token::permission});
  if (!closed.empty()) {
    session.report().note("this user may not connect to " + ports_text(closed) +
                          ": the messages wait in the outbox until socket_mode in the config.yaml of that peer says "
                          "\"0666\"");
  }
}

}  // namespace bookchain::cli
