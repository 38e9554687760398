// One exchange among few peers, for tests of cheating: requester, owner, and the witnesses by name.
#pragma once

#include <algorithm>

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

/// Four peers: requester, owner, two witnesses; and one exchange of the owner's book.
struct Four {
  explicit Four(Step last, std::size_t peers = 4)
      : network(peers),
        r(network.port(0)),
        o(network.port(1)),
        w1(network.port(2)),
        w2(network.port(3)),
        x(network.start(r, o, "7", last)) {}

  Network network;
  PeerPort r, o, w1, w2;
  ExchangeId x;

  [[nodiscard]] BookId book() const { return network.record(r, x).request.body.book; }
  /// A second GRANT of the owner for any request, with shares of its own.
  [[nodiscard]] std::pair<Signed<Grant>, std::vector<KeyShare>> other_grant(const Signed<Request>& request,
                                                                            Version version = {}, Turn turn = {}) {
    const auto& genesis = network.genesis();
    const auto key = network.draw<BookKey>();
    const auto exchange = genesis.exchange_of(request);
    const Bytes coefficients(32 * (genesis.share_threshold() - 1), 7);
    auto shares = split(key, genesis.share_threshold(), genesis.witness_count(), coefficients);
    Grant body{exchange, version, turn, network.draw<Hash>(), key_commitment(exchange, key), {}};
    for (std::uint32_t i = 0; i < shares.size(); ++i)
      body.share_commitments.push_back(share_commitment(exchange, i, shares[i]));
    return {network.sign(o, std::move(body)), std::move(shares)};
  }
};

/// The first message of a kind that is on its way to a peer; null if there is none.
template <class Kind>
const Kind* queued(const Network& network, PeerPort to) {
  for (const auto& envelope : network.queue) {
    if (envelope.to == to) {
      if (const auto* found = std::get_if<Kind>(&envelope.message)) return found;
    }
  }
  return nullptr;
}

template <class Kind>
std::size_t count_queued(const Network& network) {
  return static_cast<std::size_t>(std::ranges::count_if(
      network.queue, [](const auto& envelope) { return std::holds_alternative<Kind>(envelope.message); }));
}

}  // namespace bookchain::scenarios
