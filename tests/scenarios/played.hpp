// An exchange that was played up to a step, among any number of peers.
#pragma once

#include "tests/scenarios/network.hpp"

namespace bookchain::scenarios {

struct Played {
  Played(std::size_t peers, Step last, std::uint64_t seed = 1)
      : network(peers, seed),
        r(network.port(0)),
        o(network.port(1)),
        w(network.port(2)),
        x(network.start(r, o, "7", last)),
        book(network.record(r, x).request.body.book) {}

  Network network;
  PeerPort r, o, w;
  ExchangeId x;
  BookId book;

  [[nodiscard]] TransferForm form() const { return transfer_in(network.chain(w).front()).form; }
  [[nodiscard]] std::size_t shares_at(PeerPort witness) const { return network.record(witness, x).shares.size(); }
};

}  // namespace bookchain::scenarios
