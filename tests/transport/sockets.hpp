// Peers with socket links in one process, for tests: each is moved by turns, as by its own process.
#pragma once

#include <sys/random.h>

#include "tests/transport/pair.hpp"
#include "transport/socket_link.hpp"

namespace bookchain::transport::tests {

using std::chrono::milliseconds;

struct Sockets {
  Folder folder;
  World world = make_world();
  std::size_t max_envelope = 1U << 20U;

  [[nodiscard]] boost::filesystem::path home(std::uint16_t port) const { return folder / std::to_string(port); }
  [[nodiscard]] boost::filesystem::path socket(std::uint16_t port) const { return home(port) / "socket"; }

  [[nodiscard]] SocketLink::Settings settings(std::uint16_t port) const {
    SocketLink::Settings settings;
    settings.terms.network = world.genesis.id();
    settings.terms.self = PeerPort{port};
    settings.terms.max_envelope_bytes = max_envelope;
    settings.terms.entropy = [](std::span<std::uint8_t> out) { (void)!::getrandom(out.data(), out.size(), 0); };
    for (const auto& peer : world.genesis.peers()) {
      if (peer.port.value == port) continue;
      settings.terms.channels.emplace(peer.port,
                                      Channel::make(world.genesis, world.identities[port - 5000U], peer.port).value());
      settings.sockets[peer.port] = socket(peer.port.value);
    }
    settings.own_socket = socket(port);
    settings.serving_lock = home(port) / "serving.lock";
    settings.incoming = home(port) / "incoming";
    return settings;
  }

  [[nodiscard]] std::unique_ptr<SocketLink> open(std::uint16_t port,
                                                 SocketLink::Role role = SocketLink::Role::serve) const {
    auto link = SocketLink::open(settings(port), role);
    BOOST_REQUIRE(link.has_value());
    return std::move(link).value();
  }
};

/// An envelope of that size, its bytes all `fill`.
inline Bytes envelope(std::uint8_t fill, std::size_t size = 200) { return Bytes(size, fill); }

/// Moves the links in turn until it is so; false after some seconds.
template <class Condition>
[[nodiscard]] bool move_until(const std::vector<SocketLink*>& links, const Condition& condition,
                              milliseconds at_most = milliseconds(20'000)) {
  const auto end = SteadyClock::now() + at_most;
  while (!condition()) {
    if (SteadyClock::now() > end) return false;
    for (auto* link : links) link->wait(std::chrono::microseconds(500));
  }
  return true;
}

/// What waits at a link, all of it, each once.
inline std::vector<Bytes> take_all(SocketLink& link) {
  std::vector<Bytes> all;
  const auto parcels = link.receive(1000).value();
  for (const auto& parcel : parcels) {
    for (const auto& each : parcel.envelopes) all.push_back(each);
    BOOST_REQUIRE(link.acknowledge(parcel).has_value());
  }
  return all;
}

}  // namespace bookchain::transport::tests
