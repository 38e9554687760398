// Attacks on what a liar's node would send by itself: changed, or told differently to each.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/checked_signature.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

namespace {

bool is_vote(const Message& message) {
  return std::holds_alternative<AnswerMessage>(message) || std::holds_alternative<PrevoteMessage>(message) ||
         std::holds_alternative<PrecommitMessage>(message);
}

/// What a silent peer keeps to itself: one kind of message for good, chosen by its port.
bool is_kept_back(const Message& message, std::uint16_t port) {
  switch (port % 5) {
    case 0: return std::holds_alternative<AckMessage>(message);
    case 1: return std::holds_alternative<IdAnswerMessage>(message);
    case 2: return std::holds_alternative<KeyAnswerMessage>(message);
    case 3: return std::holds_alternative<ReleaseMessage>(message);
    default: return std::holds_alternative<CheckId>(message) || std::holds_alternative<ConsentMessage>(message);
  }
}

/// The block that a message of the agreement brings, of several the first.
Block* block_in(Message& message) {
  if (auto* answer = std::get_if<AnswerMessage>(&message)) return answer->lock ? &answer->lock->block : nullptr;
  if (auto* proposal = std::get_if<ProposeMessage>(&message)) return &proposal->block;
  if (auto* commit = std::get_if<CommitMessage>(&message)) return commit->block ? &*commit->block : nullptr;
  auto* blocks = std::get_if<BlocksMessage>(&message);
  return blocks == nullptr || blocks->blocks.empty() ? nullptr : &blocks->blocks.front().block;
}

/// Its hash, which is that of the header's body, stays what it was.
void spoil(Block& block, Random& chance) {
  if (chance.chance(500)) {
    block.header.signature.bytes.back() ^= 1U;
  } else {
    block.transactions.push_back(block.transactions.front());
  }
}

}  // namespace

/// A block is told to some, and the others get it from this peer in no other way.
bool Villain::keeps_block(PeerPort to, const Message& message) {
  if (const auto* commit = std::get_if<CommitMessage>(&message)) {
    if (!does(Attack::partial_commit, 600)) return false;
    withheld_.emplace(to, commit->certificate.vote.height);
    return true;
  }
  const auto* told = std::get_if<BlocksMessage>(&message);
  return told != nullptr && std::ranges::any_of(told->blocks, [&](const CommittedBlock& one) {
           return withheld_.contains({to, one.block.header.body.height});
         });
}

bool Villain::twist(PeerPort to, Message& message, std::optional<Bytes>& package) {
  if (keeps_share(to, message) || is_left_out(to, message)) return false;
  if (is_vote(message) && does(Attack::withheld_votes, 400)) return false;
  if (is_kept_back(message, self().value) && does(Attack::silence, 1000)) return false;
  if (keeps_block(to, message)) return false;
  if (const auto* proposal = std::get_if<ProposeMessage>(&message)) {
    const auto half = other_half_.find(proposal->propose.body.block);
    if (half != other_half_.end() && half->second.contains(to)) return false;
  }
  if (const auto* check = std::get_if<CheckId>(&message); check != nullptr && does(Attack::wrong_id_first, 300)) {
    auto first = *check;
    first.request_id = chance_.draw<RequestId>();
    send(to, first);
  }
  if (auto* grant = std::get_if<GrantMessage>(&message)) twist_grant(*grant, package);
  if (auto* share = std::get_if<WitnessShare>(&message)) twist_share(to, *share);
  if (auto* answer = std::get_if<IdAnswerMessage>(&message)) twist_answer(to, *answer);
  if (auto* release = std::get_if<ReleaseMessage>(&message)) {
    if (does(Attack::wrong_key, 500)) release->key.bytes[chance_.below(32)] ^= 1U;
  }
  if (auto* answer = std::get_if<KeyAnswerMessage>(&message)) {
    if (does(Attack::lying_answers, 400)) {
      auto body = answer->answer.body;
      body.key_commitment.bytes[0] ^= 1U;
      answer->answer = sign(std::move(body));
    }
  }
  if (auto* witness_id = std::get_if<WitnessId>(&message)) {
    // A witness that is given another id than the owner says "no" for its transfer, by the rules.
    if (does(Attack::wrong_id_first, 500) || wants(Attack::borrowed_answers, 250)) {
      send(to, WitnessId{witness_id->exchange, chance_.draw<RequestId>()});
    }
  }
  if (auto* consent = std::get_if<ConsentMessage>(&message)) {
    if (does(Attack::guessed_id, 300)) consent->request_id = chance_.draw<RequestId>();
  }
  if (const auto* answer = std::get_if<AnswerMessage>(&message); answer != nullptr && does(Attack::promise_lies, 700)) {
    message = promise_lie(*answer);
    return true;
  }
  if (auto* answer = std::get_if<AnswerMessage>(&message)) {
    if (does(Attack::unproven_lock, 400)) {
      auto body = answer->answer.body;
      body.lock = Lock{Ballot{Round{body.ballot.round.value + 5}, self()}, chance_.draw<Hash>()};
      answer->answer = sign(std::move(body));
    } else if (answer->lock && does(Attack::double_votes, 700)) {
      auto body = answer->answer.body;
      body.lock.reset();
      *answer = AnswerMessage{sign(std::move(body)), std::nullopt};
    }
  }
  hide_votes(message);
  if (auto* block = block_in(message); block != nullptr && does(Attack::spoiled_block, 800)) spoil(*block, chance_);
  if (wants(Attack::malleable, 500) && twist_malleable(message)) made(Attack::malleable);
  return true;
}

Signed<Grant> Villain::second_grant(const Signed<Request>& request, const Signed<Grant>& grant) {
  const auto exchange = genesis_.exchange_of(request);
  const auto known = second_grants_.find(exchange);
  if (known != second_grants_.end()) return known->second;
  auto body = grant.body;
  body.key_commitment = chance_.draw<Hash>();
  auto second = sign(std::move(body));
  second_grants_.emplace(exchange, second);
  return second;
}

/// From here on its own node stands by what it granted falsely: one lie, and the same to all.
void Villain::stand_by(const ExchangeId& exchange, const Signed<Grant>& grant, std::vector<DealtShare> shares) {
  auto record = exchanges.get(store_, exchange);
  if (!record || !store_.begin()) return;
  record->grant = grant;
  record->shares = std::move(shares);
  false_grants_.insert_or_assign(exchange, *record);
  Draft draft(store_);
  exchanges.put(draft, exchange, *record);
  store_.apply(draft.take_effects().writes);
  (void)store_.commit();
}

/// False shares that fit their commitments: nobody sees it before they meet. The true key is not told then.
bool Villain::deal_falsely(GrantMessage& message) {
  const auto exchange = genesis_.exchange_of(message.request);
  const auto record = exchanges.get(store_, exchange);
  if (!record || record->shares.size() != genesis_.witness_count() || !does(Attack::bad_share, 250)) return false;
  auto body = message.grant.body;
  auto shares = record->shares;
  for (std::uint32_t index = 0; index < shares.size(); ++index) {
    shares[index].share = chance_.draw<KeyShare>();
    body.share_commitments[index] = share_commitment(exchange, index, shares[index].share);
  }
  message.grant = sign(std::move(body));
  stand_by(exchange, message.grant, std::move(shares));
  false_deals_.insert(exchange);
  return true;
}

void Villain::twist_grant(GrantMessage& message, std::optional<Bytes>& package) {
  const auto exchange = genesis_.exchange_of(message.request);
  if (false_grants_.contains(exchange)) return;
  if (does(Attack::two_grants, 300)) message.grant = second_grant(message.request, message.grant);
  if (deal_falsely(message)) return;
  if (package && does(Attack::wrong_book, 600)) twist_package(message, *package);
}

void Villain::twist_share(PeerPort to, WitnessShare& message) {
  const auto exchange = genesis_.exchange_of(message.request);
  if (const auto stands = false_grants_.find(exchange); stands != false_grants_.end()) {
    message.grant = *stands->second.grant;
    for (const auto& dealt : stands->second.shares) {
      if (dealt.signer == to) message.share = dealt.share;
    }
    return;
  }
  const auto known = second_grants_.find(exchange);
  if (known != second_grants_.end() && chance_.chance(500)) message.grant = known->second;
  if (does(Attack::two_grants, 300)) message.grant = second_grant(message.request, message.grant);
  if (!does(Attack::bad_share, 500)) return;
  message.share.bytes[chance_.below(32)] ^= 1U;
}

void Villain::twist_answer(PeerPort to, IdAnswerMessage& message) {
  const bool lies = does(Attack::lying_answers, 500);
  // The requester hears the truth, and the owner the opposite.
  const auto record = exchanges.get(store_, message.answer.body.exchange);
  const bool differs = record && record->request.body.receiver_port == to && does(Attack::different_answers, 700);
  if (!lies && !differs) return;
  auto body = message.answer.body;
  body.yes = !body.yes;
  message.answer = sign(std::move(body));
}

/// To a restored home, which asks what it has signed: nothing, or that there is more without end.
void Villain::hide_votes(Message& message) {
  if (auto* votes = std::get_if<VotesMessage>(&message); votes != nullptr && does(Attack::hidden_votes, 800)) {
    *votes = VotesMessage{chance_.chance(500) ? votes->head : Height{}, std::nullopt, std::nullopt, votes->question};
  }
  if (auto* own = std::get_if<OwnMessage>(&message); own != nullptr && does(Attack::hidden_votes, 800)) {
    const auto first = own->grants.empty() ? std::nullopt : std::optional(own->grants.front());
    own->grants.clear();
    switch (chance_.below(3)) {
      case 0: own->next.reset(); break;
      case 1: own->next = TurnPlace{}; break;
      default:
        // One that its owner never gave.
        own->next.reset();
        if (first) {
          own->grants.push_back(*first);
          own->grants.front().grant.body.key_commitment.bytes[0] ^= 1U;
        }
        break;
    }
  }
}

/// Whether the message has a signature of its own to put in its second form, or into a batch that it is not of.
bool Villain::twist_malleable(Message& message) {
  const auto twist = [this](auto& statement) {
    if (is_signed_in_batches(std::decay_t<decltype(statement.body)>::type) && chance_.chance(300)) {
      statement.place = BatchPlace{0, 2, {{Hash{}}}};
    } else {
      statement.signature = malleable_twin(statement.signature);
    }
    return true;
  };
  if (auto* own = std::get_if<Announce>(&message)) return twist(own->book);
  if (auto* own = std::get_if<RequestMessage>(&message)) return twist(own->request);
  if (auto* own = std::get_if<GrantMessage>(&message)) return twist(own->grant);
  if (auto* own = std::get_if<AckMessage>(&message)) return twist(own->ack);
  if (auto* own = std::get_if<ConsentMessage>(&message)) return twist(own->consent);
  if (auto* own = std::get_if<IdAnswerMessage>(&message)) return twist(own->answer);
  if (auto* own = std::get_if<ReleaseMessage>(&message)) return twist(own->release);
  if (auto* own = std::get_if<KeyAnswerMessage>(&message)) return twist(own->answer);
  if (auto* own = std::get_if<AnswerMessage>(&message)) return twist(own->answer);
  if (auto* own = std::get_if<PrevoteMessage>(&message)) return twist(own->vote);
  if (auto* own = std::get_if<PrecommitMessage>(&message)) return twist(own->vote);
  auto* own = std::get_if<ProposeMessage>(&message);
  if (own == nullptr) return false;
  return chance_.chance(500) ? twist(own->propose) : twist(own->block.header);
}

}  // namespace bookchain::sim
