#include "cli/guidance.hpp"

#include "cli/report.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

class Guide {
 public:
  Guide(const Node& node, const State& state, const ExchangeId& exchange, const ExchangeRecord& record)
      : node_(node), state_(state), exchange_(exchange), record_(record) {}

  [[nodiscard]] Guidance guide() {
    guidance_.due = node_.due_step(state_, exchange_);
    if (guidance_.due) {
      add(self(), std::string(name(*guidance_.due)) + " " + short_id(exchange_));
      return std::move(guidance_);
    }
    if (record_.abort_sent && !record_.height) {
      everybody_votes();
      return std::move(guidance_);
    }
    switch (record_.state) {
      case ExchangeState::requested: go_on_at(owner_of(record_), "grant"); break;
      case ExchangeState::granted: after_grant(); break;
      case ExchangeState::consented: after_consent(); break;
      case ExchangeState::id_checked: go_on_at(owner_of(record_), "release"); break;
      case ExchangeState::released: go_on_at(requester(), "open"); break;
      case ExchangeState::opened: ask_witnesses(record_.key_answers, requester(), "mine"); break;
      case ExchangeState::key_checked: go_on_at(requester(), "mine"); break;
      case ExchangeState::mined: everybody_votes(); break;
      case ExchangeState::committed:
      case ExchangeState::refused:
      case ExchangeState::invalid:
      case ExchangeState::aborted: break;
    }
    return std::move(guidance_);
  }

 private:
  [[nodiscard]] PeerPort self() const { return node_.identity().port; }
  [[nodiscard]] PeerPort requester() const { return requester_of(record_); }
  void add(PeerPort port, std::string words) { guidance_.commands.push_back(CommandAt{port, std::move(words)}); }
  void wait_for(PeerPort port) {
    if (port != self()) guidance_.waiting_for.push_back(port);
  }

  /// `port` takes in what was sent to it and does the step.
  void go_on_at(PeerPort port, const std::string& step) {
    add(port, "receive");
    add(port, step + " " + short_id(exchange_));
    wait_for(port);
  }
  /// Witnesses whose statement is missing take in what they were asked, then `port` goes on.
  template <class Body>
  void ask_witnesses(const std::vector<Signed<Body>>& answers, PeerPort port, const std::string& step) {
    const bool knows = port == self();
    for (const auto witness :
         knows ? missing_from(node_.genesis(), record_, answers) : witnesses_of(node_.genesis(), record_)) {
      if (witness == self()) continue;
      add(witness, "receive");
      if (knows) guidance_.waiting_for.push_back(witness);
    }
    go_on_at(port, step);
  }
  void after_grant() {
    if (self() == requester() && record_.acks.size() >= node_.genesis().ack_quorum()) {
      // Everything has come but the package, or the chain of this peer is behind.
      add(self(), "receive");
      add(self(), "consent " + short_id(exchange_));
      if (!record_.package_arrived) wait_for(owner_of(record_));
      return;
    }
    ask_witnesses(record_.acks, requester(), "consent");
  }
  void after_consent() {
    if (self() == owner_of(record_)) return ask_witnesses(record_.id_answers, self(), "release");
    if (record_.claiming) return ask_witnesses(record_.id_answers, self(), "mine --without-owner");
    if (record_.role == Role::witness) return go_on_at(requester(), "consent");
    go_on_at(owner_of(record_), "check-id");
  }
  /// A block is voted on: each round of messages moves it on by a phase.
  void everybody_votes() {
    const auto proposer = record_.abort_sent ? owner_of(record_) : requester();
    for (const auto& peer : node_.genesis().peers()) {
      if (peer.port == proposer) continue;
      add(peer.port, "receive");
      wait_for(peer.port);
    }
    add(proposer, "receive");
    guidance_.repeat = true;
  }

  const Node& node_;
  const State& state_;
  const ExchangeId& exchange_;
  const ExchangeRecord& record_;
  Guidance guidance_;
};

}  // namespace

Guidance guide(const Node& node, const State& state, const ExchangeId& exchange) {
  const auto record = exchanges.get(state, exchange);
  if (!record) return {};
  return Guide(node, state, exchange, *record).guide();
}

}  // namespace bookchain::cli
