// What a liar does of its own accord: abuses exchanges, records what should not be recorded, and sends
// what nobody should have to read.
#include <algorithm>
#include <limits>

#include "ledger/chain.hpp"
#include "ledger/consensus.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

void Villain::remember(PeerPort from, const Message& message) {
  if (world_.plan_.has(Attack::false_evidence)) spoken_.hear(message);
  if (heard_.size() < most_heard) {
    heard_.emplace_back(from, message);
  } else {
    heard_[chance_.below(most_heard)] = {from, message};
  }
  if (const auto* answer = std::get_if<AnswerMessage>(&message)) {
    if (answer->answer.signer == from) {
      if (answers_.size() >= most_answers)
        std::erase_if(answers_, [&](const auto& one) { return one.body.height < voting_height(); });
      if (answers_.size() >= most_answers) answers_.erase(answers_.begin());
      answers_.push_back(answer->answer);
    }
  }
  if (const auto* promised = std::get_if<Promised>(&message)) {
    const bool higher = promised->height > highest_told_.height ||
                        (promised->height == highest_told_.height && promised->promise > highest_told_.promise);
    if (higher) highest_told_ = *promised;
  }
  if (const auto* answer = std::get_if<IdAnswerMessage>(&message)) {
    if (id_answers_.size() >= most_answers) id_answers_.erase(id_answers_.begin());
    id_answers_.push_back(answer->answer);
  }
}

void Villain::act() {
  if (!world_.misfortune_.healed()) {
    if (chance_.chance(60)) request_something();
    if (does(Attack::book_of_one, 40)) add_book(false);
  }
  lose_memory();
  attack_rounds();
  abuse_exchanges();
  grant_to_two();
  submit_transactions();
  accuse_falsely();
  abuse_channel();
  speak_from_elsewhere();
  announce_hostile_books();
}

void Villain::abuse_exchanges() {
  const auto open = open_exchanges(store_);
  if (!open.empty()) {
    const auto& exchange = open[chance_.below(open.size())];
    if (const auto record = exchanges.get(store_, exchange)) abuse_exchange(exchange, *record);
  }
  request_falsely();
}

void Villain::abuse_exchange(const ExchangeId& exchange, const ExchangeRecord& record) {
  if (record.role == Role::owner && record.grant && wants(Attack::release_and_abort, 300)) {
    send(record.request.signer, ReleaseMessage{record.key.value_or(BookKey{}), record.id_answers,
                                               sign(Release{exchange, genesis_.id_of(*record.grant)})});
    transactions_.push_back(sign(Abort{*record.book, record.grant->body.version, record.grant->body.turn}));
  }
  if (record.grant && does(Attack::guessed_id, 150)) use_id(exchange, record, chance_.draw<RequestId>());
  if (record.role == Role::witness && record.grant && record.request_id && does(Attack::witness_uses_id, 600)) {
    use_id(exchange, record, *record.request_id);
  }
  if (record.role == Role::requester && record.consent && record.request_id && does(Attack::two_consents, 600)) {
    const auto other = sign(Consent{exchange, chance_.draw<Hash>()});
    send(record.request.body.receiver_port, ConsentMessage{*record.request_id, other, record.acks});
  }
  if (record.role == Role::requester && record.grant && record.request_id && does(Attack::wrong_type, 400)) {
    // An ACK of its own has the same body.
    const auto grant = genesis_.id_of(*record.grant);
    const Signed<Consent> consent{self(), Consent{exchange, grant}, sign(Ack{exchange, grant}).signature};
    send(record.request.body.receiver_port, ConsentMessage{*record.request_id, consent, record.acks});
    send_to_honest(CheckId{*record.request_id, record.request, *record.grant, consent});
  }
  // It asks all for their shares: whoever gives one before the transfer has given it to the pool.
  if (record.role == Role::requester && record.grant && does(Attack::pooled_shares, 300)) {
    send_to_honest(WantShare{exchange});
  }
  if (record.role != Role::witness && wants(Attack::claim_and_settle, 300)) {
    const bool claims = decide(Wish{WishClaim{exchange}});
    const bool settles = decide(Wish{WishSettle{exchange}});
    const bool aborts = decide(Wish{WishAbort{exchange, {}}});
    if (claims || settles || aborts) made(Attack::claim_and_settle);
  }
  if (does(Attack::garbage, 100)) {
    send(any_other(), Over{exchange, "", "over"});
    send(any_other(), SendAgain{exchange});
    // One of two, one that names an exchange twice, and one of nothing as well.
    const auto last = std::exchange(last_received_, exchange);
    send(any_other(), ReceiptMessage{sign(Receipt{{exchange}})});
    send(any_other(), ReceiptMessage{sign(Receipt{{std::min(last, exchange), std::max(last, exchange)}})});
    send(any_other(), ReceiptMessage{sign(Receipt{{exchange, exchange}})});
    send(any_other(), ReceiptMessage{sign(Receipt{})});
  }
}

/// What only the requester or the owner may do with an id: for a witness that was told it, or for a guess.
void Villain::use_id(const ExchangeId& exchange, const ExchangeRecord& record, const RequestId& id) {
  if (!record.grant) return;
  const auto consent = sign(Consent{exchange, genesis_.id_of(*record.grant)});
  send_to_honest(ConsentMessage{id, consent, record.acks});
  send_to_honest(CheckId{id, record.request, *record.grant, consent});
  send_to_honest(WantShare{exchange});
  send_to_honest(ShareMessage{exchange, chance_.draw<KeyShare>()});
  send_to_honest(WitnessId{exchange, id});
}

/// Requests that must not be granted: one X to several owners, to a peer that does not own the book, to itself.
void Villain::request_falsely() {
  const auto books = catalogue.all(store_);
  if (books.empty()) return;
  const auto& [id, book] = books[chance_.below(books.size())];
  const auto secret = chance_.draw<RequestId>();
  if (does(Attack::two_exchange_owners, 60)) {
    const auto owner = standing(genesis_, store_, book).owner;
    const auto request = sign(Request{self(), owner, id, request_id_hash(secret)});
    for (const auto port : world_.honest_) send(port, WitnessId{genesis_.exchange_of(request), secret});
    for (const auto port : world_.honest_) send(port, RequestMessage{request});
  }
  if (does(Attack::not_owner, 60)) {
    const auto owner = standing(genesis_, store_, book).owner;
    for (const auto port : world_.honest_) {
      if (port == owner) continue;
      const auto request = sign(Request{self(), port, id, request_id_hash(secret)});
      send(port, RequestMessage{request});
      send(any_other(), RequestMessage{request});
    }
  }
  if (does(Attack::self_exchange, 60)) {
    const auto own = sign(Request{self(), self(), id, request_id_hash(secret)});
    send_to_honest(RequestMessage{own});
    const Grant grant{genesis_.exchange_of(own), {}, {}, {}, {}, std::vector<Hash>(genesis_.witness_count())};
    send_to_honest(WitnessShare{own, sign(grant), {}});
  }
}

/// A request is granted, whoever was granted the book in this turn before.
void Villain::grant_to_two() {
  if (!wants(Attack::grants_to_two, 300)) return;
  for (const auto& [requester, message] : heard_) {
    const auto* request = std::get_if<RequestMessage>(&message);
    if (request == nullptr || request->request.body.receiver_port != self()) continue;
    const auto book = catalogue.get(store_, request->request.body.book);
    if (!book || !shelf_.contents.books.contains(request->request.body.book)) continue;
    const auto stand = standing(genesis_, store_, *book);
    const auto exchange = genesis_.exchange_of(request->request);
    const auto key = chance_.draw<BookKey>();
    const auto root = shelf_.write_package(request->request.body.book, book->body, exchange, key, nullptr);
    if (!root) continue;
    const auto witnesses = genesis_.witnesses(requester, self());
    Bytes coefficients(32 * (genesis_.share_threshold() - 1));
    chance_.fill(coefficients);
    const auto shares = split(key, genesis_.share_threshold(), witnesses.size(), coefficients);
    Grant body{exchange, stand.version, stand.turn, root.value(), key_commitment(exchange, key), {}};
    for (std::uint32_t i = 0; i < shares.size(); ++i) {
      body.share_commitments.push_back(share_commitment(exchange, i, shares[i]));
    }
    const auto grant = sign(std::move(body));
    send(requester, GrantMessage{request->request, grant, *book}, shelf_.contents.packages.at(exchange));
    for (std::size_t i = 0; i < shares.size(); ++i) {
      send(witnesses[i], WitnessShare{request->request, grant, shares[i]});
    }
    return;
  }
}

/// Claims with answers of another exchange, or that say no.
std::vector<Villain::Wanted> Villain::borrowing_claims() {
  std::vector<Wanted> wanted;
  for (const auto& exchange : open_exchanges(store_)) {
    if (!wants(Attack::borrowed_answers, 400)) break;
    const auto record = exchanges.get(store_, exchange);
    if (!record || record->role != Role::requester || !record->grant || !record->consent) continue;
    std::map<PeerPort, Signed<IdAnswer>> borrowed;
    for (const auto& answer : id_answers_) {
      if (answer.signer != self() && answer.signer != record->request.body.receiver_port) {
        borrowed.try_emplace(answer.signer, answer);
      }
    }
    std::vector<Signed<IdAnswer>> answers;
    for (const auto& [signer, answer] : borrowed) answers.push_back(answer);
    if (answers.empty()) continue;
    wanted.push_back({Attack::borrowed_answers, sign(Transfer{TransferForm::claimed,
                                                              *record->book,
                                                              record->request,
                                                              *record->grant,
                                                              *record->consent,
                                                              record->acks,
                                                              answers,
                                                              {}})});
  }
  return wanted;
}

/// Old ones again, and an ABORT for every book of its own, of the turn before and the one after.
std::vector<Villain::Wanted> Villain::stale_transactions() {
  std::vector<Wanted> wanted;
  if (!wants(Attack::stale_transaction, 300)) return wanted;
  for (const auto& transaction : transactions_) {
    const bool is_stale = !check_transaction(genesis_, store_, transaction, self());
    wanted.push_back({is_stale ? std::optional(Attack::stale_transaction) : std::nullopt, transaction});
  }
  for (const auto& [id, book] : catalogue.all(store_)) {
    const auto stand = standing(genesis_, store_, book);
    if (stand.owner != self()) continue;
    const auto abort = [&, &own = book](std::uint64_t turn) { return sign(Abort{own, stand.version, Turn{turn}}); };
    wanted.push_back({Attack::stale_transaction, abort(stand.turn.value + 1)});
    if (stand.turn.value > 0) wanted.push_back({Attack::stale_transaction, abort(stand.turn.value - 1)});
    if (chance_.chance(300)) wanted.push_back({std::nullopt, abort(stand.turn.value)});
  }
  return wanted;
}

/// Transactions that should not be.
void Villain::submit_transactions() {
  auto wanted = borrowing_claims();
  if (wants(Attack::release_and_abort, 300)) {
    for (const auto& one : transactions_) {
      if (std::holds_alternative<Signed<Abort>>(one)) wanted.push_back({Attack::release_and_abort, one});
    }
  }
  for (auto& dispute : false_disputes()) wanted.push_back(std::move(dispute));
  for (auto& stale : stale_transactions()) wanted.push_back(std::move(stale));
  if (wanted.empty() || !store_.begin()) return;
  if (wanted.size() > 3) {
    chance_.shuffle(wanted);
    wanted.resize(3);
  }
  Draft draft(store_);
  std::uint64_t number = 1'000'000;
  for (const auto& one : wanted) pending.put(draft, ++number, one.transaction);
  store_.apply(draft.take_effects().writes);
  (void)store_.commit();
  (void)decide(Tick{});
  propose_unchecked(wanted);
}

/// Its own node would drop them: each goes into a block of its own, in a ballot that was opened by the rules.
void Villain::propose_unchecked(const std::vector<Wanted>& wanted) {
  const auto proposer = proposers.get(store_, 0);
  if (!proposer || proposer->height != voting_height()) return;
  std::map<PeerPort, Signed<Answer>> kept;
  for (const auto& answer : answers_) {
    if (answer.body.height == proposer->height && answer.body.ballot == proposer->ballot && !answer.body.lock) {
      kept.try_emplace(answer.signer, answer);
    }
  }
  kept.insert_or_assign(self(), sign(Answer{proposer->height, proposer->ballot, std::nullopt}));
  if (kept.size() < genesis_.vote_quorum()) return;
  std::vector<Signed<Answer>> answers;
  for (const auto& [signer, answer] : kept) answers.push_back(answer);
  for (const auto& [attack, transaction] : wanted) {
    const auto block =
        mine_block(genesis_, identity_, chain_head(genesis_, store_), Time{world_.time_us_}, {transaction});
    const auto hash = genesis_.block_hash(block);
    own_blocks_[hash] = OwnBlock{block, proposer->ballot};
    send_to_honest(
        ProposeMessage{sign(Propose{proposer->height, proposer->ballot, hash}), answers, std::nullopt, block});
    if (attack) made(*attack);
  }
}

void Villain::abuse_channel() {
  const auto to = any_other();
  if (!own_envelopes_.empty() && does(Attack::replay, 150)) {
    const auto& [receiver, envelope] = own_envelopes_[chance_.below(own_envelopes_.size())];
    send_raw(receiver, envelope);
  }
  if (!envelopes_.empty() && does(Attack::replay, 50)) {
    send_raw(to, envelopes_[chance_.below(envelopes_.size())].second);  // sealed for this peer itself
  }
  if (!heard_.empty() && does(Attack::resealed, 250)) {
    const auto message = heard_[chance_.below(heard_.size())].second;
    send(to, message);
    if (chance_.chance(200)) send_to_honest(message);
  }
  if (!notes_.empty() && does(Attack::replayed_note, 200)) {
    const auto& [from, note] = notes_[chance_.below(notes_.size())];
    send_raw(from, note);
  }
  if (does(Attack::garbage, 150)) send_garbage(to);
  const auto& channel = world_.channels_.at({self(), to});
  if (does(Attack::old_version, 100)) {
    auto old = channel.seal(epoch_, MessageNumber{++numbers_[to]}, encode(Message{WantVotes{}}), chance_.draw<Hash>());
    old.front() = 0;
    send_raw(to, old);
  }
  if (!heard_.empty() && does(Attack::non_canonical, 150)) {
    // One message with something left over, one cut short.
    auto payload = encode(heard_[chance_.below(heard_.size())].second);
    payload.push_back(0);
    send_raw(to, channel.seal(epoch_, MessageNumber{++numbers_[to]}, payload, chance_.draw<Hash>()));
    payload.resize(chance_.below(payload.size()));
    send_raw(to, channel.seal(epoch_, MessageNumber{++numbers_[to]}, payload, chance_.draw<Hash>()));
  }
}

void Villain::send_garbage(PeerPort to) {
  const auto& channel = world_.channels_.at({self(), to});
  Bytes noise(chance_.below(200));
  chance_.fill(noise);
  switch (chance_.below(4)) {
    case 0: send_raw(to, noise); break;
    case 1: send_raw(to, channel.seal(epoch_, MessageNumber{++numbers_[to]}, noise, chance_.draw<Hash>())); break;
    case 2:
      // Out of reach, in an epoch that nobody knows.
      send_raw(to, channel.seal(chance_.draw<Epoch>(), MessageNumber{transport::max_messages_under_way + 1},
                                encode(Message{WantVotes{}}), chance_.draw<Hash>()));
      break;
    default:
      // A new epoch out of the blue: everything before it is retired.
      epoch_ = chance_.draw<Epoch>();
      numbers_.clear();
      break;
  }
}

}  // namespace bookchain::sim
