// Lies of requesters, owners and witnesses, and silence.
#include "cli/lies.hpp"
#include "cli/rehearsal.hpp"
#include "ledger/exchange_parts.hpp"

namespace bookchain::cli {

using namespace ledger;

namespace {

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

/// The request for one owner's book goes to another peer as well.
void ask_two_owners(const Liar& liar, Outgoing one, Leaving& leaving) {
  leave(leaving, one);
  if (as<RequestMessage>(one) != nullptr && one.to != liar.last_other()) {
    leave(leaving, liar.last_other(), std::move(one.message));
  }
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

/// One witness less than a majority has said yes.
void leave_out_answers(const Liar& liar, Outgoing one, Leaving& leaving) {
  auto* message = as<ProposeMessage>(one);
  const auto* transfer =
      message == nullptr ? nullptr : std::get_if<Signed<Transfer>>(&message->block.transactions.front());
  if (transfer != nullptr && !message->highest_lock) {
    auto body = transfer->body;
    body.id_answers.resize(liar.genesis.witness_majority() - 1);
    *message = proposal_of(liar, *message, {liar.sign(std::move(body))});
  }
  leave(leaving, std::move(one));
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

void ask_with_wrong_id_first(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  if (const auto* check = as<CheckId>(one)) {
    auto guess = *check;
    falsify(guess.request_id);
    leave(leaving, one.to, std::move(guess));
  }
  leave(leaving, std::move(one));
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
Result<void> grant_swapped_chunks(Home& home) { return grant_falsely(home, GrantCheat::swapped); }

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

// ---- a witness whose ACK is none ----

/// Signed for a network that is not this one.
void sign_for_another_network(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* ack = as<AckMessage>(one)) {
    auto network = liar.genesis.id();
    falsify(network);
    ack->ack = sign_statement(network, liar.identity.port, liar.identity.signing_key, ack->ack.body);
  }
  leave(leaving, std::move(one));
}

/// A CONSENT has the same fields.
void pass_off_consent(const Liar& liar, Outgoing one, Leaving& leaving) {
  if (auto* ack = as<AckMessage>(one)) {
    ack->ack.signature = liar.sign(Consent{ack->ack.body.exchange, ack->ack.body.grant}).signature;
  }
  leave(leaving, std::move(one));
}

/// S + L in the place of S: another signature under the same words, to a check that is not strict.
void add_group_order(const Liar& /*liar*/, Outgoing one, Leaving& leaving) {
  static constexpr std::array<std::uint8_t, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  if (auto* ack = as<AckMessage>(one)) {
    unsigned carry = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      auto& byte = ack->ack.signature.bytes[order.size() + i];
      carry += unsigned{byte} + order[i];
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8U;
    }
  }
  leave(leaving, std::move(one));
}

}  // namespace

std::vector<Misbehaviour::Act> lies_of_exchanges() {
  return {
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
      {{"two-owners", "requester: sends its request to another peer as well"}, ask_two_owners},
      {{"false-dispute", "requester: disputes the right book in the place of its transfer"}, dispute_falsely},
      {{"too-few-answers", "requester: mines with a yes too few"}, leave_out_answers},
      {{"wrong-key", "owner: releases a key that does not fit"}, release_wrong_key},
      {{"wrong-id-first", "owner: asks the witnesses about another id first"}, ask_with_wrong_id_first},
      {{"bad-chunk", "owner: encrypts another book"}, tell_the_truth, grant_bad_chunks, true},
      {{"cut-package", "owner: cuts the last chunk off the encrypted book"}, tell_the_truth, grant_cut_package, true},
      {{"swapped-chunks", "owner: swaps two chunks of the encrypted book; of fewer than three it changes a byte"},
       tell_the_truth,
       grant_swapped_chunks,
       true},
      {{"bad-shares", "owner: deals shares of another key"}, tell_the_truth, grant_bad_shares, true},
      {{"two-grants", "owner: makes two grants for one request"}, grant_twice},
      {{"double-sale", "owner: grants one book to two requesters"}, tell_the_truth, forget_grants},
      {{"release-and-abort", "owner: aborts what it released"}, tell_the_truth, abort_what_was_released},
      {{"withheld-answers", "witness: acknowledges and answers nothing"}, withhold_answers},
      {{"lying-answers", "witness: says no for yes, and another key commitment"}, answer_falsely},
      {{"two-id-answers", "witness: says both yes and no to the requester"}, answer_differently},
      {{"used-id", "witness: consents with the request id in the requester's place"}, use_id},
      {{"false-shares", "witness: hands over a share that is none"}, give_false_shares},
      {{"other-network", "witness: acknowledges in another network"}, sign_for_another_network},
      {{"wrong-type", "witness: passes a consent off as its ACK"}, pass_off_consent},
      {{"malleable", "witness: adds the group order to its signature"}, add_group_order},
  };
}

}  // namespace bookchain::cli
