// Who is awaited in an exchange, where what is here and what is missing comes in unusual ways.
#include "cli/guidance.hpp"

#include "tests/unit/stores.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)
using bookchain::cli::guide;

/// An exchange between the first two of so many peers, as the first of them sees it.
struct AtRequester {
  explicit AtRequester(std::size_t peers) : genesis(network_of(peers)) {
    record.role = bookchain::ledger::Role::requester;
    record.request = signed_by(genesis, self, Request{self, owner, {}, {}});
    exchange = genesis.exchange_of(record.request);
    record.grant = signed_by(genesis, owner, Grant{exchange, {}, {}, {}, {}, {}});
  }
  [[nodiscard]] std::vector<int> awaited() {
    Draft draft(store);
    exchanges.put(draft, exchange, record);
    commit(store, draft.take_effects().writes);
    const Identity identity{self, signing_key_of(self), agreement_key_of(self)};
    const Node node(genesis, identity);
    std::vector<int> ports;
    for (const auto port : guide(node, store, exchange).waiting_for) ports.push_back(port.value);
    return ports;
  }
  void acknowledged_by(std::uint16_t port) {
    const auto grant = genesis.id_of(*record.grant);
    record.acks.push_back(signed_by(genesis, PeerPort{port}, Ack{exchange, grant}));
  }
  void answered_by(std::uint16_t port, bool yes) {
    const auto consent = genesis.id_of(*record.consent);
    record.id_answers.push_back(signed_by(genesis, PeerPort{port}, IdAnswer{exchange, consent, yes}));
  }

  static constexpr PeerPort self{5000};
  static constexpr PeerPort owner{5001};
  Genesis genesis;
  ExchangeId exchange;
  ExchangeRecord record;
  MemoryStore store;
};

using Ports = std::vector<int>;

}  // namespace

BOOST_AUTO_TEST_SUITE(guidance)

BOOST_AUTO_TEST_CASE(after_a_grant_the_owner_is_awaited_beside_the_witnesses_while_the_package_is_missing) {
  AtRequester at(4);
  at.record.state = ExchangeState::granted;
  BOOST_TEST((at.awaited() == Ports{5002, 5003, 5001}));
  at.acknowledged_by(5002);
  BOOST_TEST((at.awaited() == Ports{5003, 5001}));
  at.record.package_arrived = true;
  BOOST_TEST((at.awaited() == Ports{5003}));
  at.acknowledged_by(5003);
  at.record.package_arrived = false;
  BOOST_TEST((at.awaited() == Ports{5001}));
}

// The key came without the answers that belong beside it.
BOOST_AUTO_TEST_CASE(a_claim_that_lacks_yes_answers_waits_for_those_that_did_not_answer_and_for_nobody_else) {
  AtRequester at(6);
  at.record.state = ExchangeState::key_checked;
  at.record.package_arrived = true;
  at.record.claiming = true;
  at.record.consent = signed_by(at.genesis, at.self, Consent{at.exchange, at.genesis.id_of(*at.record.grant)});
  BOOST_TEST((at.awaited() == Ports{5002, 5003, 5004, 5005}));
  at.answered_by(5002, true);
  at.answered_by(5003, false);
  BOOST_TEST((at.awaited() == Ports{5004, 5005}));
  at.answered_by(5004, true);
  BOOST_TEST((at.awaited() == Ports{5005}));
  at.answered_by(5005, true);
  BOOST_TEST(at.awaited().empty());
}

BOOST_AUTO_TEST_SUITE_END()
