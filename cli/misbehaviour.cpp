#include "cli/misbehaviour.hpp"

#include <algorithm>
#include <array>

#include "cli/options.hpp"
#include "cli/rehearsal.hpp"
#include "cli/suggestion.hpp"
#include "ledger/chain.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

/// Who lies, with which key.
struct Liar {
  const Genesis& genesis;
  const Identity& identity;
  const State& state;

  template <class Body>
  [[nodiscard]] Signed<Body> sign(Body body) const {
    return sign_statement(genesis.id(), identity.port, identity.signing_key, std::move(body));
  }
  /// The last peer of the network that is not the liar: where one of several is told something else.
  [[nodiscard]] PeerPort last_other() const {
    const auto& peers = genesis.peers();
    return peers.back().port == identity.port ? peers[peers.size() - 2].port : peers.back().port;
  }
};

using Leaving = std::vector<Outgoing>;

template <class Fixed>
void falsify(Fixed& value) {
  value.bytes.front() ^= 1U;
}

template <class Kind>
Kind* as(Outgoing& one) {
  return std::get_if<Kind>(&one.message);
}
template <class... Kinds>
bool is_any(const Outgoing& one) {
  return (std::holds_alternative<Kinds>(one.message) || ...);
}

void leave(Leaving& leaving, Outgoing one) { leaving.push_back(std::move(one)); }
void leave(Leaving& leaving, PeerPort to, Message message) { leaving.push_back({to, std::move(message)}); }

// ---- silence ----

/// Takes what it is given, as all of them do.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void keep_silent(const Liar& /*liar*/, Outgoing /*one*/, Leaving& /*leaving*/) {}

/// Takes part up to and including one step, and is never heard of again: nothing that belongs to a later step leaves,
/// and no vote unless the step is the block itself.
template <Step Last>
void silent_after(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  constexpr bool mines = Last == Step::mine;
  const auto step = step_of(one.message);
  const bool of_exchange = step > 0 && step <= static_cast<int>(Last);
  const bool of_block = mines && is_any<NewRound, ProposeMessage, AnswerMessage, PrevoteMessage>(one);
  if (of_exchange || of_block || is_any<Announce>(one)) leave(leaving, std::move(one));
}

/// What goes beside a package is said once: there is one package.
void say_twice(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (!one.with_package) leave(leaving, one);
  leave(leaving, std::move(one));
}

void withhold_answers(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (!is_any<AckMessage, IdAnswerMessage, KeyAnswerMessage, ShareMessage>(one)) leave(leaving, std::move(one));
}

void withhold_votes(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (!is_any<AnswerMessage, PrevoteMessage, PrecommitMessage>(one)) leave(leaving, std::move(one));
}

// ---- requester ----

void give_wrong_id(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* consent = as<ConsentMessage>(one)) falsify(consent->request_id);
  leave(leaving, std::move(one));
}

void give_two_ids(const Liar& liar, Outgoing one, Leaving& leaving) {
  auto* id = as<WitnessId>(one);
  if (id != nullptr && one.to == liar.last_other()) falsify(id->request_id);
  leave(leaving, std::move(one));
}

void consent_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  leave(leaving, one);
  const auto* consent = as<ConsentMessage>(one);
  if (consent == nullptr) return;
  auto second = *consent;
  auto body = second.consent.body;
  falsify(body.grant);
  second.consent = liar.sign(body);
  leave(leaving, one.to, std::move(second));
}

// ---- owner ----

void release_wrong_key(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* release = as<ReleaseMessage>(one)) falsify(release->key);
  leave(leaving, std::move(one));
}

void grant_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  leave(leaving, one);
  const auto* share = as<WitnessShare>(one);
  if (share == nullptr || one.to != liar.last_other()) return;
  auto second = *share;
  auto body = second.grant.body;
  falsify(body.ciphertext_root);
  second.grant = liar.sign(std::move(body));
  leave(leaving, one.to, std::move(second));
}

// ---- witness ----

void answer_falsely(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* id_answer = as<IdAnswerMessage>(one)) {
    auto body = id_answer->answer.body;
    body.yes = !body.yes;
    id_answer->answer = liar.sign(body);
  }
  if (auto* key_answer = as<KeyAnswerMessage>(one)) {
    auto body = key_answer->answer.body;
    falsify(body.key_commitment);
    key_answer->answer = liar.sign(body);
  }
  leave(leaving, std::move(one));
}

/// Yes to the owner, and to the requester first no and then yes.
void answer_differently(const Liar& liar, Outgoing one, Leaving& leaving) {
  auto* answer = as<IdAnswerMessage>(one);
  const auto record = answer == nullptr ? std::nullopt : exchanges.get(liar.state, answer->answer.body.exchange);
  if (record && one.to == requester_of(*record)) {
    auto body = answer->answer.body;
    body.yes = !body.yes;
    leave(leaving, one.to, IdAnswerMessage{liar.sign(body)});
  }
  leave(leaving, std::move(one));
}

/// Consents in the requester's place.
void use_id(const Liar& liar, Outgoing one, Leaving& leaving) {
  const auto* message = as<AckMessage>(one);
  const auto record = message == nullptr ? std::nullopt : exchanges.get(liar.state, message->ack.body.exchange);
  if (record && one.to == owner_of(*record)) {
    const auto& ack = message->ack.body;
    const auto given = witness_ids.get(liar.state, WitnessIdKey{requester_of(*record), ack.exchange});
    if (given) {
      const auto consent = liar.sign(Consent{ack.exchange, ack.grant});
      leave(leaving, one.to, ConsentMessage{given->request_id, consent, {message->ack}});
    }
  }
  leave(leaving, std::move(one));
}

void give_false_shares(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* share = as<ShareMessage>(one)) falsify(share->share);
  leave(leaving, std::move(one));
}

// ---- voter ----

void answer_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  const auto* message = as<AnswerMessage>(one);
  leave(leaving, one);
  if (message == nullptr) return;
  auto body = message->answer.body;
  body.lock = Lock{Ballot{Round{0}, liar.identity.port}, liar.genesis.id_of(message->answer)};
  leave(leaving, one.to, AnswerMessage{liar.sign(body), std::nullopt});
}

/// A vote for a block that nobody proposed, before the vote that was asked for.
template <class Kind>
void vote_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (const auto* message = as<Kind>(one)) {
    auto body = message->vote.body;
    falsify(body.block);
    leave(leaving, one.to, Kind{liar.sign(body)});
  }
  leave(leaving, std::move(one));
}

void hide_lock(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* message = as<AnswerMessage>(one); message != nullptr && message->answer.body.lock) {
    auto body = message->answer.body;
    body.lock.reset();
    *message = AnswerMessage{liar.sign(body), std::nullopt};
  }
  leave(leaving, std::move(one));
}

// ---- proposer ----

/// Another block in the same ballot, on the same head.
ProposeMessage proposal_of(const Liar& liar, ProposeMessage like, std::vector<Transaction> transactions) {
  const auto& header = like.block.header.body;
  const Head below{Height{header.height.value - 1}, header.previous};
  like.block = mine_block(liar.genesis, liar.identity, below, Time{header.time.value + 1}, std::move(transactions));
  auto body = like.propose.body;
  body.block = liar.genesis.block_hash(like.block);
  like.propose = liar.sign(body);
  return like;
}

void propose_twice(const Liar& liar, Outgoing one, Leaving& leaving) {
  leave(leaving, one);
  const auto* message = as<ProposeMessage>(one);
  if (message == nullptr || message->highest_lock) return;
  leave(leaving, one.to, proposal_of(liar, *message, message->block.transactions));
}

/// In the place of its transfer: a chunk that is nothing of the book.
void dispute_falsely(const Liar& liar, Outgoing one, Leaving& leaving) {
  auto* message = as<ProposeMessage>(one);
  const auto* transfer =
      message == nullptr ? nullptr : std::get_if<Signed<Transfer>>(&message->block.transactions.front());
  if (transfer != nullptr && !message->highest_lock) {
    const auto& body = transfer->body;
    *message = proposal_of(liar, *message, {liar.sign(Dispute{body.book, body.request, body.grant, BadChunk{}})});
  }
  leave(leaving, std::move(one));
}

void ask_for_largest_round(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* asked = as<NewRound>(one)) asked->ballot.round.value = ~std::uint64_t{0};
  leave(leaving, std::move(one));
}

void raise_ballot(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  const auto* message = as<ProposeMessage>(one);
  if (message == nullptr) return leave(leaving, std::move(one));
  const auto& body = message->propose.body;
  leave(leaving, one.to, NewRound{body.height, Ballot{Round{body.ballot.round.value + 1}, body.ballot.port}});
}

void certify_falsely(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (auto* message = as<PrevotesMessage>(one)) message->certificate.votes.pop_back();
  leave(leaving, std::move(one));
}

// ---- beside messages ----

Result<void> change_memory(Home& home, const std::function<void(Draft&)>& change) {
  Draft draft(home.store());
  change(draft);
  const auto writes = draft.take_effects().writes;
  if (writes.empty()) return success();
  BOOKCHAIN_CHECK(home.store().begin());
  home.store().apply(writes);
  return home.store().commit();
}

/// Forgets to whom it granted, so that it grants the same book to the next one as well.
Result<void> forget_grants(Home& home) {
  return change_memory(home, [&](Draft& draft) {
    for (const auto& [key, turn] : turns.all(home.store(), encode(home.port()))) turns.erase(draft, key);
  });
}

/// Forgets that it released, and aborts.
Result<void> abort_what_was_released(Home& home) {
  for (const auto& exchange : open_exchanges(home.store())) {
    const auto record = exchanges.get(home.store(), exchange);
    if (!record || record->role != Role::owner || !record->release || record->abort_sent) continue;
    BOOKCHAIN_CHECK(change_memory(home, [&](Draft& draft) {
      if (auto turn = turns.get(draft, turn_of(*record))) {
        turn->released = false;
        turns.put(draft, turn_of(*record), *turn);
      }
    }));
    BOOKCHAIN_CHECK(home.courier().wish(WishAbort{exchange, {}}));
  }
  return success();
}

Result<void> grant_falsely(Home& home, GrantCheat cheat) {
  for (const auto& due : home.node().due(home.store())) {
    if (due.step != Step::grant) continue;
    BOOKCHAIN_TRY(const auto wish, rehearse_grant(home, due.exchange, cheat));
    BOOKCHAIN_CHECK(home.courier().wish(wish));
  }
  return success();
}
Result<void> grant_bad_chunks(Home& home) { return grant_falsely(home, GrantCheat::bad_chunk); }
Result<void> grant_bad_shares(Home& home) { return grant_falsely(home, GrantCheat::bad_shares); }
Result<void> grant_cut_package(Home& home) { return grant_falsely(home, GrantCheat::cut); }

Result<void> nothing_more(Home& /*home*/) { return success(); }
void tell_the_truth(const Liar& /*liar*/, Outgoing one, Leaving& leaving) { leave(leaving, std::move(one)); }

}  // namespace

struct Misbehaviour::Act {
  MisbehaviourKind kind;
  /// Adds to what leaves, in place of one message.
  void (*tamper)(const Liar&, Outgoing, Leaving&) = tell_the_truth;
  Result<void> (*after_turn)(Home&) = nothing_more;
  bool grants_by_itself = false;
};

namespace {

using Act = Misbehaviour::Act;

/// One row an attack.
const std::vector<Act>& acts() {
  static const std::vector<Act> table{
      {{"silent", "takes everything in and sends nothing"}, keep_silent},
      {{"silent-after-request", "is gone after step 1"}, silent_after<Step::request>},
      {{"silent-after-grant", "is gone after step 2"}, silent_after<Step::grant>},
      {{"silent-after-consent", "is gone after step 3"}, silent_after<Step::consent>},
      {{"silent-after-check-id", "is gone after step 4"}, silent_after<Step::check_id>},
      {{"silent-after-release", "is gone after step 5"}, silent_after<Step::release>},
      {{"silent-after-open", "is gone after step 6"}, silent_after<Step::open>},
      {{"silent-after-check-key", "is gone after step 7"}, silent_after<Step::check_key>},
      {{"silent-after-mine", "proposes a block, or prevotes one, and is gone"}, silent_after<Step::mine>},
      {{"replay", "says everything twice"}, say_twice},
      {{"wrong-id", "requester: consents with another id than the witnesses have"}, give_wrong_id},
      {{"two-ids", "requester: gives the last witness another id"}, give_two_ids},
      {{"two-consents", "requester: consents to two grants of one exchange"}, consent_twice},
      {{"false-dispute", "requester: disputes the right book in the place of its transfer"}, dispute_falsely},
      {{"wrong-key", "owner: releases a key that does not fit"}, release_wrong_key},
      {{"bad-chunk", "owner: encrypts another book"}, tell_the_truth, grant_bad_chunks, true},
      {{"cut-package", "owner: cuts the last chunk off the encrypted book"}, tell_the_truth, grant_cut_package, true},
      {{"bad-shares", "owner: deals shares of another key"}, tell_the_truth, grant_bad_shares, true},
      {{"two-grants", "owner: makes two grants for one request"}, grant_twice},
      {{"double-sale", "owner: grants one book to two requesters"}, tell_the_truth, forget_grants},
      {{"release-and-abort", "owner: aborts what it released"}, tell_the_truth, abort_what_was_released},
      {{"withheld-answers", "witness: acknowledges and answers nothing"}, withhold_answers},
      {{"lying-answers", "witness: says no for yes, and another key commitment"}, answer_falsely},
      {{"two-id-answers", "witness: says both yes and no to the requester"}, answer_differently},
      {{"used-id", "witness: consents with the request id in the requester's place"}, use_id},
      {{"false-shares", "witness: hands over a share that is none"}, give_false_shares},
      {{"withheld-votes", "voter: does not vote"}, withhold_votes},
      {{"two-answers", "voter: answers twice in one ballot"}, answer_twice},
      {{"two-prevotes", "voter: gives two prevotes in one ballot"}, vote_twice<PrevoteMessage>},
      {{"two-precommits", "voter: gives two precommits in one ballot"}, vote_twice<PrecommitMessage>},
      {{"hidden-lock", "voter: hides its lock from later ballots"}, hide_lock},
      {{"two-proposals", "proposer: proposes two blocks in one ballot"}, propose_twice},
      {{"largest-round", "proposer: asks for the largest round there is"}, ask_for_largest_round},
      {{"endless-ballots", "proposer: opens the next ballot in the place of each proposal"}, raise_ballot},
      {{"false-certificate", "proposer: sends a certificate that lacks a vote"}, certify_falsely},
  };
  return table;
}

}  // namespace

std::vector<MisbehaviourKind> misbehaviour_kinds() {
  std::vector<MisbehaviourKind> kinds;
  for (const auto& act : acts()) kinds.push_back(act.kind);
  return kinds;
}

Result<std::unique_ptr<Misbehaviour>> Misbehaviour::make(Home& home, const std::string& kind) {
  const auto found = std::ranges::find(acts(), kind, [](const Act& act) { return act.kind.name; });
  if (found == acts().end()) {
    std::vector<std::string> names;
    for (const auto& act : acts()) names.emplace_back(act.kind.name);
    const auto meant = nearest(kind, names);
    return usage_error("there is no such misbehaviour", kind,
                       meant ? "did you mean " + *meant + "?" : "bookchain help serve lists them");
  }
  if (!home.genesis().fields().test_network) {
    return Error{Token::not_a_test_network, "peers misbehave on test networks only", kind,
                 "bookchain init DIR --seed S makes a test network"};
  }
  return std::unique_ptr<Misbehaviour>(new Misbehaviour(home, *found));
}

void Misbehaviour::tamper(const State& state, std::vector<Outgoing>& leaving) {
  const Liar liar{home_.genesis(), home_.node().identity(), state};
  Leaving changed;
  for (auto& one : leaving) act_.tamper(liar, std::move(one), changed);
  leaving = std::move(changed);
}

bool Misbehaviour::grants_by_itself() const { return act_.grants_by_itself; }

Result<void> Misbehaviour::after_turn() { return act_.after_turn(home_); }

}  // namespace bookchain::cli
