#include "cli/guidance.hpp"

#include <algorithm>

#include "cli/mailbox.hpp"
#include "cli/outgoing.hpp"
#include "cli/report.hpp"
#include "ledger/consensus.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/exchange_wish.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

Guidance newest_block(PeerPort self, const State& state) {
  Guidance guidance;
  for (const auto peer : peers_without_block(state, head_fact.get(state).value_or(Head{}).height)) {
    guidance.commands.push_back(CommandAt{peer, "receive"});
  }
  if (guidance.commands.empty()) return guidance;
  // Last, this peer hears that they have it.
  guidance.commands.push_back(CommandAt{self, "receive"});
  guidance.spreading = true;
  return guidance;
}

class Guide {
 public:
  Guide(const Node& node, const State& state, const ExchangeId& exchange, const ExchangeRecord& record)
      : node_(node), state_(state), exchange_(exchange), record_(record) {}

  [[nodiscard]] Guidance guide() {
    auto guidance = go_on();
    guidance.give_up = way_to_give_up();
    const auto awaits_witness = [&](PeerPort port) { return is_witness(node_.genesis(), record_, port); };
    if (std::ranges::any_of(guidance.waiting_for, awaits_witness)) {
      guidance.hint = silent_witness_hint(node_.genesis(), exchange_, record_);
    } else if (lacks_package()) {
      guidance.hint = "the encrypted book has not come; wait, or give up, for nothing is given away yet: abort " +
                      short_id(exchange_);
    } else if (guidance.alone) {
      guidance.hint = "go on without " + join(guidance.waiting_for) + ": " + guidance.alone->words;
    }
    return guidance;
  }

 private:
  [[nodiscard]] Guidance go_on() {
    guidance_.due = node_.due_step(state_, exchange_);
    if (guidance_.due) {
      add(self(), std::string(name(*guidance_.due)) + " " + short_id(exchange_));
      return std::move(guidance_);
    }
    const bool disputing = record_.disputed && !is_over(record_.state);
    const bool aborting = record_.abort_sent && record_.grant && grant_age(state_, record_) == GrantAge::present;
    if (disputing || aborting) {
      everybody_votes();
      return std::move(guidance_);
    }
    const bool signs_a_turn = self() == owner() && record_.state < ExchangeState::released;
    if (signs_a_turn && !check_caught_up(node_.genesis(), state_, self())) {
      hear_after_restore();
      return std::move(guidance_);
    }
    switch (record_.state) {
      case ExchangeState::requested:
        step_at(owner(), "grant");
        hear();
        break;
      case ExchangeState::granted: after_grant(); break;
      case ExchangeState::consented: after_consent(); break;
      case ExchangeState::id_checked: after_id_check(); break;
      case ExchangeState::released: after_release(); break;
      case ExchangeState::opened:
        witnesses_answer(record_.key_answers);
        step_at(requester(), "mine");
        if (!lacks_yes(node_.genesis(), record_)) take_alone(requester(), "mine --without-owner");
        break;
      case ExchangeState::key_checked: after_key_check(); break;
      case ExchangeState::mined: everybody_votes(); break;
      case ExchangeState::committed:
      case ExchangeState::refused:
      case ExchangeState::invalid:
      case ExchangeState::aborted: bring_block_to_all(); break;
    }
    return std::move(guidance_);
  }

  [[nodiscard]] PeerPort self() const { return node_.identity().port; }
  [[nodiscard]] PeerPort requester() const { return requester_of(record_); }
  [[nodiscard]] PeerPort owner() const { return owner_of(record_); }
  void add(PeerPort port, std::string words) { guidance_.commands.push_back(CommandAt{port, std::move(words)}); }
  void take(PeerPort port, const std::string& step) { add(port, step + " " + short_id(exchange_)); }
  /// As long as the rules let this peer end the exchange.
  [[nodiscard]] std::optional<CommandAt> way_to_give_up() const {
    bool may = self() == requester() && !record_.consent && !has_ended(record_.state);
    if (self() == owner() && record_.grant) {
      const auto turn = turn_row(state_, record_);
      may = !turn.released && !turn.abort_signed;
    }
    return may ? std::optional(CommandAt{self(), "abort " + short_id(exchange_)}) : std::nullopt;
  }
  void take_alone(PeerPort port, const std::string& step) {
    guidance_.alone = CommandAt{port, step + " " + short_id(exchange_)};
  }
  void wait_for(PeerPort port) {
    if (port != self()) guidance_.waiting_for.push_back(port);
  }

  /// `port` takes in what was sent to it and does the step.
  void step_at(PeerPort port, const std::string& step) {
    if (guidance_.waiting_for.empty()) wait_for(port);
    add(port, "receive");
    take(port, step);
  }
  /// Each way ends where something comes to this peer: then it knows more than it does now.
  void hear() {
    if (guidance_.commands.back().port != self()) add(self(), "receive");
  }
  void all_witnesses_receive() {
    for (const auto witness : witnesses_of(node_.genesis(), record_)) {
      if (witness != self()) add(witness, "receive");
    }
  }
  /// Witnesses whose statement is missing here take in what they were asked.
  template <class Body>
  void witnesses_answer(const std::vector<Signed<Body>>& answers) {
    for (const auto witness : missing_from(node_.genesis(), record_, answers)) {
      add(witness, "receive");
      wait_for(witness);
    }
  }
  /// An owner whose home was restored grants and releases nothing before it has heard what it forgot, and has the
  /// blocks that all others are asked for.
  void hear_after_restore() {
    auto awaited = awaited_after_restore(node_.genesis(), state_, self());
    if (awaited.empty()) {
      for (const auto& peer : node_.genesis().peers()) awaited.push_back(peer.port);
      std::erase(awaited, self());
    }
    for (const auto peer : awaited) {
      add(peer, "receive");
      wait_for(peer);
    }
    add(self(), "receive");
    if (record_.state == ExchangeState::requested) take(self(), "grant");
  }
  void after_grant() {
    const bool lacks_acks = record_.acks.size() < node_.genesis().ack_quorum();
    if (self() != requester()) {
      if (self() == owner() && lacks_acks) {
        witnesses_answer(record_.acks);
      } else {
        all_witnesses_receive();
      }
      step_at(requester(), "consent");
      if (self() != owner()) step_at(owner(), "check-id");
      return hear();
    }
    if (lacks_acks) witnesses_answer(record_.acks);
    if (!record_.package_arrived) wait_for(owner());
    step_at(self(), "consent");
  }
  /// All that belongs to the GRANT is here but what it is about.
  [[nodiscard]] bool lacks_package() const {
    return self() == requester() && record_.state == ExchangeState::granted && !record_.package_arrived &&
           record_.acks.size() >= node_.genesis().ack_quorum();
  }
  void after_consent() {
    if (self() == owner()) {
      // Only one that was put back from a copy lacks ACKs here.
      const bool lacks_acks = record_.acks.size() < node_.genesis().ack_quorum();
      lacks_acks ? witnesses_answer(record_.acks) : witnesses_answer(record_.id_answers);
      return step_at(self(), "release");
    }
    if (owner_failed()) return take(self(), "mine --without-owner");
    if (record_.claiming) {
      witnesses_answer(record_.id_answers);
      return step_at(self(), "mine --without-owner");
    }
    if (self() == requester()) {
      step_at(owner(), "check-id");
      all_witnesses_receive();
      step_at(owner(), "release");
      return hear();
    }
    // A witness has the consent and not the id: it is the requester's to give.
    wait_for(requester());
    add(requester(), "receive");
    hear();
  }
  /// The key that came is none, and this peer has not begun to go on without the owner.
  [[nodiscard]] bool owner_failed() const {
    return self() == requester() && record_.wrong_key_seen && !record_.claiming;
  }
  void after_id_check() {
    if (record_.claiming || owner_failed()) return take(self(), "mine --without-owner");
    all_witnesses_receive();
    step_at(owner(), "release");
    if (self() != requester()) {
      step_at(requester(), "open");
      take(requester(), "check-key");
    }
    hear();
  }
  /// Nothing more comes to the owner before the block does.
  void after_release() {
    step_at(requester(), "open");
    if (self() == requester()) return;
    take(requester(), "check-key");
    all_witnesses_receive();
    step_at(requester(), "mine");
    everybody_votes();
    if (self() == owner()) take_alone(owner(), "mine --settle");
  }
  void after_key_check() {
    // The key may have come without the answers about the id that belong beside it.
    if (self() == requester() && lacks_yes(node_.genesis(), record_)) {
      witnesses_answer(record_.id_answers);
      return step_at(self(), "mine");
    }
    all_witnesses_receive();
    step_at(requester(), "mine");
    everybody_votes();
  }
  /// A block is voted on: each round of messages moves it on by a phase.
  void everybody_votes() {
    const auto running = running_ballot();
    const auto before = guidance_.commands.size();
    guidance_.rounds = rounds_left(running.phase);
    auto proposer = record_.abort_sent ? owner() : requester();
    if (guidance_.rounds > 0) proposer = self();  // it counts the votes: an owner that settles, too
    const bool nobody_before = guidance_.waiting_for.empty();
    for (const auto& peer : node_.genesis().peers()) {
      if (peer.port != proposer) add(peer.port, "receive");
      if (nobody_before && !has_voted(running, peer.port)) wait_for(peer.port);
    }
    add(proposer, "receive");
    guidance_.repeat = true;
    guidance_.repeat_from = before;
  }

  /// The ballot that this peer runs at the present height; idle if it runs none.
  [[nodiscard]] ProposerRecord running_ballot() const {
    auto ballot = proposers.get(state_, only_row);
    const auto head = head_fact.get(state_).value_or(Head{});
    return ballot && ballot->height.value == head.height.value + 1 ? std::move(*ballot) : ProposerRecord{};
  }
  /// Each phase takes a round of messages.
  [[nodiscard]] static std::size_t rounds_left(ProposerPhase phase) {
    switch (phase) {
      case ProposerPhase::idle: return 0;
      case ProposerPhase::asking: return 4;
      case ProposerPhase::prevoting: return 3;
      case ProposerPhase::precommitting: return 2;
    }
    return 0;
  }
  /// In the present phase of a ballot of this peer's own. The votes in the ballots of others come to them alone.
  [[nodiscard]] static bool has_voted(const ProposerRecord& ballot, PeerPort voter) {
    const auto is_of_voter = [&](const auto& vote) { return vote.signer == voter; };
    switch (ballot.phase) {
      case ProposerPhase::idle: return false;
      case ProposerPhase::asking: return std::ranges::any_of(ballot.answers, is_of_voter);
      case ProposerPhase::prevoting: return std::ranges::any_of(ballot.prevotes, is_of_voter);
      case ProposerPhase::precommitting: return std::ranges::any_of(ballot.precommits, is_of_voter);
    }
    return false;
  }
  /// It is final here; the others have it when they take in the block. Who has not taken in the newest one is told by
  /// the guidance of that.
  void bring_block_to_all() {
    if (ended_in() == head_fact.get(state_).value_or(Head{}).height) guidance_ = newest_block(self(), state_);
  }
  /// The block that ended it. Not noted in what was over before, such as an exchange that the requester gave up and
  /// whose turn the owner then ended.
  [[nodiscard]] std::optional<Height> ended_in() const {
    if (record_.height || !record_.abort_sent || !record_.grant) return record_.height;
    const auto stand = ownership.get(state_, record_.request.body.book);
    const auto& grant = record_.grant->body;
    const bool by_the_abort = stand && stand->version == grant.version && stand->turn.value == grant.turn.value + 1;
    return by_the_abort ? std::optional(stand->height) : std::nullopt;
  }

  const Node& node_;
  const State& state_;
  const ExchangeId& exchange_;
  const ExchangeRecord& record_;
  Guidance guidance_;
};

}  // namespace

namespace {

/// All that a witness can do about an exchange of which it has nothing but the id.
Guidance hear_what_became_of(const Node& node, const State& state, const ExchangeId& exchange) {
  Guidance guidance;
  const auto is_open_id = [&](const Peer& peer) {
    const auto given = witness_ids.get(state, WitnessIdKey{peer.port, exchange});
    return given && !given->over;
  };
  if (std::ranges::any_of(node.genesis().peers(), is_open_id)) {
    guidance.commands.push_back(CommandAt{node.identity().port, "receive"});
  }
  return guidance;
}

}  // namespace

Guidance guide(const Node& node, const State& state, const ExchangeId& exchange) {
  if (const auto record = exchanges.get(state, exchange)) return Guide(node, state, exchange, *record).guide();
  return hear_what_became_of(node, state, exchange);
}

namespace {

Guidance with_what_the_home_tells(Guidance guidance, const PeerFiles& files, const State& state) {
  if (guidance.commands.empty()) return guidance;
  if (mail_waits(files)) guidance.first = CommandAt{files.port(), "receive"};
  auto unheard = unheard_peers(files, state);
  const auto has_to_act = [&](PeerPort peer) {
    return std::ranges::find(guidance.commands, peer, &CommandAt::port) != guidance.commands.end();
  };
  if (std::ranges::any_of(unheard, has_to_act)) guidance.unheard = std::move(unheard);
  return guidance;
}

}  // namespace

Guidance guide(Home& home, const ExchangeId& exchange) {
  return with_what_the_home_tells(guide(home.node(), home.store(), exchange), home.files(), home.store());
}

Guidance guide_newest_block(Home& home) {
  return with_what_the_home_tells(newest_block(home.port(), home.store()), home.files(), home.store());
}

Guidance guide(const Reader& reader, const ExchangeId& exchange) {
  return with_what_the_home_tells(guide(reader.node(), reader.state(), exchange), reader.files(), reader.state());
}

}  // namespace bookchain::cli
