// What a liar can do, one row an attack, for `serve --misbehave`: rows of exchanges in lies_of_exchanges.cpp, of the
// chain in lies_of_the_chain.cpp. All that lies in this program is in these files.
#pragma once

#include <functional>

#include "cli/misbehaviour.hpp"
#include "ledger/node.hpp"

namespace bookchain::cli {

/// Who lies, with which key.
struct Liar {
  const ledger::Genesis& genesis;
  const ledger::Identity& identity;
  const ledger::State& state;

  template <class Body>
  [[nodiscard]] ledger::Signed<Body> sign(Body body) const {
    return ledger::sign_statement(genesis.id(), identity.port, identity.signing_key, std::move(body));
  }
  /// The last peer of the network that is not the liar: where one of several is told something else.
  [[nodiscard]] ledger::PeerPort last_other() const {
    const auto& peers = genesis.peers();
    return peers.back().port == identity.port ? peers[peers.size() - 2].port : peers.back().port;
  }
};

using Leaving = std::vector<ledger::Outgoing>;

/// Changes one bit.
template <class Fixed>
void falsify(Fixed& value) {
  value.bytes.front() ^= 1U;
}

template <class Kind>
Kind* as(ledger::Outgoing& one) {
  return std::get_if<Kind>(&one.message);
}
template <class... Kinds>
bool is_any(const ledger::Outgoing& one) {
  return (std::holds_alternative<Kinds>(one.message) || ...);
}

inline void leave(Leaving& leaving, ledger::Outgoing one) { leaving.push_back(std::move(one)); }
inline void leave(Leaving& leaving, ledger::PeerPort to, ledger::Message message) {
  leaving.push_back({to, std::move(message)});
}

/// Another block in the place of a proposed one, in the same ballot and on the same head.
[[nodiscard]] ledger::ProposeMessage proposal_of(const Liar& liar, ledger::ProposeMessage like,
                                                 std::vector<ledger::Transaction> transactions);
/// Changes rows of a home behind the back of the rules.
[[nodiscard]] Result<void> change_memory(Home& home, const std::function<void(ledger::Draft&)>& change);

void tell_the_truth(const Liar& liar, ledger::Outgoing one, Leaving& leaving);
[[nodiscard]] Result<void> do_nothing_more(Home& home);

struct Misbehaviour::Act {
  MisbehaviourKind kind;
  /// Adds to what leaves, in place of one message.
  void (*tamper)(const Liar&, ledger::Outgoing, Leaving&) = tell_the_truth;
  Result<void> (*after_turn)(Home&) = do_nothing_more;
  bool grants_by_itself = false;
};

[[nodiscard]] std::vector<Misbehaviour::Act> lies_of_exchanges();
[[nodiscard]] std::vector<Misbehaviour::Act> lies_of_the_chain();

}  // namespace bookchain::cli
