// An exchange whose owner was put back from a backup and has forgotten its part in it.
#pragma once

#include "tests/scenarios/four.hpp"
#include "tests/scenarios/restoring.hpp"

namespace bookchain::scenarios {

/// What a peer that holds the exchange so tells the owner that forgot it: that it granted the book, and no more.
inline OwnGrant bare_grant(const ExchangeRecord& held) {
  return OwnGrant{held.request, *held.grant, held.book, {}, std::nullopt, {}, std::nullopt};
}

inline void require_no_evidence(const Network& network) {
  for (const auto& peer : network.genesis().peers()) {
    BOOST_TEST(evidence_rows.all(network.state(peer.port)).empty(), "at " << peer.port.value);
  }
}

/// An exchange of which the owner forgets all after the request, or the request too; then a second requester asks.
struct Forgetful {
  Four four{Step::request, 5};
  Network& network = four.network;
  ExchangeId second{};

  explicit Forgetful(Step last, bool forgets_request = false) {
    auto old = network.backup(four.o);
    network.play(four.x, last);
    network.home(four.r).takes_steps = false;
    network.restore(four.o, std::move(old));
    if (forgets_request) {
      network.edit(four.o, [this](Draft& draft) {
        set_open(draft, exchanges.get(draft, four.x)->request.body.book, four.x, false);
        exchanges.erase(draft, four.x);
      });
    }
    declare_restore(network, four.o);
  }
  /// A request of another peer, which reaches the owner before any answer does.
  void ask_for_it_too() {
    const auto answers = std::exchange(network.queue, {});
    second = network.request(four.w1, four.o, four.book());
    network.deliver_until_quiet();
    for (const auto& envelope : answers) network.queue.push_back(envelope);
  }
};

}  // namespace bookchain::scenarios
