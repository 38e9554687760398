// An exchange in which somebody sends what does not fit.
#pragma once

#include "tests/scenarios/four.hpp"

namespace bookchain::scenarios {

/// An exchange that strays are sent into: each must be refused, and leave what the receiver holds as it was.
struct Strays : Four {
  explicit Strays(Step last, std::size_t peers = 4) : Four(last, peers) {}

  [[nodiscard]] const Genesis& genesis() const { return network.genesis(); }
  [[nodiscard]] Hash grant_id() const { return genesis().id_of(*network.record(o, x).grant); }
  [[nodiscard]] Hash consent_id() const { return genesis().id_of(*network.record(r, x).consent); }

  void refused(PeerPort from, PeerPort to, const Message& message, Token token) {
    const auto held = exchanges.get(network.state(to), x);
    const auto given = network.give(from, to, message);
    BOOST_TEST((given == token), name(message) << ": " << (given ? name(*given) : "taken"));
    const auto after = exchanges.get(network.state(to), x);
    BOOST_REQUIRE(after.has_value() == held.has_value());
    if (held) BOOST_TEST((encode(*after) == encode(*held)));
  }
  void require_committed() {
    network.run();
    network.require_equal_chains(1);
    BOOST_TEST((network.state_of(r, x) == ExchangeState::committed));
  }
};

}  // namespace bookchain::scenarios
