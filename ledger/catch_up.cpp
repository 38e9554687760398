// Commits, and how a peer that was away comes up to the others (section 4): blocks with certificates,
// never votes, about heights that are committed.
#include <algorithm>
#include <limits>

#include "ledger/consensus_parts.hpp"
#include "ledger/exchange.hpp"
#include "ledger/exchange_parts.hpp"
#include "ledger/sightings.hpp"

namespace bookchain::ledger {

namespace {

constexpr std::uint64_t ask_again_us = 5'000'000;
/// Where more exchanges are open, they are not looked at one by one.
constexpr std::size_t most_looked_at = 16;

/// Whether the next block may be about a key that this peer released: that may be decided without it.
bool may_be_left_out(const Context& context) {
  std::size_t open = 0;
  if (any_open(context.draft, [&](const ExchangeId&) { return ++open > most_looked_at; })) return true;
  return any_open(context.draft, [&](const ExchangeId& exchange) {
    const auto record = exchanges.get(context.draft, exchange);
    return record && record->role == Role::owner && record->release;
  });
}

/// There is the block that others asked for too early. Most of them have it by now: who does not asks again.
void tell_waiters(Context& context, Height head) {
  auto waiters = waiters_fact.get(context.draft);
  if (!waiters) return;
  // One that was put back meanwhile asks for less than it did: each is told of each block up to the one it asked for.
  for (const auto& waiter : waiters->all) context.draft.send(waiter.signer, BlocksMessage{head, {}});
  if (std::erase_if(waiters->all, [&](const PeerHeight& waiter) { return waiter.height <= head; }) == 0) return;
  if (waiters->all.empty()) return waiters_fact.erase(context.draft);
  waiters_fact.put(context.draft, *waiters);
}

/// One question a peer, for the highest height, since a late one may be an old one: it is kept until there is such a
/// block.
void remember_waiter(Context& context, PeerPort port, Height height) {
  auto waiters = waiters_fact.get(context.draft).value_or(Waiters{});
  auto [waiter, is_new] = add_by_signer(waiters.all, PeerHeight{port, height});
  if (!is_new && height <= waiter.height) return;
  waiter.height = height;
  waiters_fact.put(context.draft, waiters);
}

void append_and_go_on(Context& context, const CommittedBlock& committed) {
  close_height(context, committed.certificate);
  append_block(context.genesis, context.draft, committed);
  tell_waiters(context, committed.block.header.body.height);
  for (const auto& [hash, block] : candidates.all(context.draft)) candidates.erase(context.draft, hash);
  on_block_committed(context, committed);
  // What is in the chain now, or can no longer be.
  drop_pending(context, [](const Result<void>& checked) { return !checked.has_value(); });
  wait_for_turn(context, committed.block.header.signer);
  if (may_be_left_out(context)) expect_block(context);
  context.draft.note(Event{"block", std::nullopt, std::to_string(committed.block.header.body.height.value)});
  handle_deferred(context);
}

void append_checked(Context& context, const CommittedBlock& committed) {
  const auto voter = voter_at(context, committed.block.header.body.height);
  (void)notice_forgotten(context, committed.certificate, voter.precommit);
  append_and_go_on(context, committed);
}

/// A second certificate for another block at a committed height: more than f peers are faulty.
Result<void> check_not_forked(Context& context, Height height, const Hash& block,
                              const CommitCertificate& certificate) {
  const auto own = blocks.get(context.draft, height);
  if (!own || context.genesis.block_hash(own->block) == block) return success();
  BOOKCHAIN_CHECK(check_commit(context.genesis, height, block, certificate));
  see_fork(context, own->certificate, certificate);
  context.draft.note(Event{"fork", std::nullopt, std::to_string(height.value)});
  return rejected(Token::bad_chain, "two blocks of one height have certificates", std::to_string(height.value));
}

Result<void> check_not_forked(Context& context, const CommittedBlock& committed) {
  return check_not_forked(context, committed.block.header.body.height, context.genesis.block_hash(committed.block),
                          committed.certificate);
}

Result<void> take_block(Context& context, const CommittedBlock& committed) {
  // The certificate first: a block that nobody voted for is not worth its check.
  BOOKCHAIN_CHECK(check_commit(context.genesis, committed.block, committed.certificate));
  const auto height = committed.block.header.body.height;
  const auto voter = voter_at(context, height);
  // Who gave it a prevote found it valid on this head, and its hash is that of all its transactions.
  const bool is_known = voter.prevote && voter.prevote->body.block == committed.certificate.vote.block;
  const auto check = is_known ? check_sealed : check_block;
  BOOKCHAIN_CHECK(check(context.genesis, context.draft, committed.block));
  append_checked(context, committed);
  return success();
}

void send_blocks(Context& context, PeerPort to, Height from) {
  const auto head = chain_head(context.genesis, context.draft).height;
  BlocksMessage message{head, {}};
  std::size_t bytes = 0;
  const std::size_t most = context.genesis.fields().limits.message_bytes / 2;
  blocks.each_from(context.draft, {}, encode(from), [&](Height, CommittedBlock committed) {
    bytes += encoded_size(committed);
    if (!message.blocks.empty() && bytes > most) return false;
    message.blocks.push_back(std::move(committed));
    return message.blocks.size() < max_blocks_a_message;
  });
  context.draft.send(to, std::move(message));
}

/// The ballot that a message to voters is about.
Ballot ballot_of(const Message& message) {
  if (const auto* round = std::get_if<NewRound>(&message)) return round->ballot;
  if (const auto* proposal = std::get_if<ProposeMessage>(&message)) return proposal->propose.body.ballot;
  if (const auto* prevotes = std::get_if<PrevotesMessage>(&message)) return prevotes->certificate.vote.ballot;
  return Ballot{};
}

}  // namespace

void ask_for_blocks(Context& context, PeerPort from) {
  const auto head = chain_head(context.genesis, context.draft).height;
  const auto asked = asked_blocks_fact.get(context.draft);
  AskedBlocks now{head, context.now, {}};
  // Each peer is asked: one that claims great heights and never answers must not silence the others.
  if (asked && asked->head == head && !has_passed(asked->time, context.now, ask_again_us)) now.asked = asked->asked;
  if (std::ranges::find(now.asked, from) != now.asked.end()) return;
  now.asked.push_back(from);
  asked_blocks_fact.put(context.draft, now);
  context.draft.send(from, WantBlocks{Height{head.value + 1}});
}

Relevance place_in_time(Context& context, PeerPort from, Height height, DeferredKind kind, const Message& message) {
  const auto present = voting_height(context);
  if (height == present) return Relevance::now;
  if (height < present) {
    send_blocks(context, from, std::max(height, Height{1}));
    return Relevance::past;
  }
  const DeferredKey key{from, kind};
  const auto kept = deferred.get(context.draft, key);
  // Messages overtake each other: the one of the later ballot is the one that its sender waits for.
  if (!kept || std::pair(kept->height, ballot_of(kept->message)) < std::pair(height, ballot_of(message))) {
    deferred.put(context.draft, key, DeferredRecord{message, height, {}});
  }
  ask_for_blocks(context, from);
  return Relevance::future;
}

void handle_deferred(Context& context) {
  const auto height = voting_height(context);
  for (const auto& [key, record] : deferred.all(context.draft)) {
    if (height < record.height) continue;
    deferred.erase(context.draft, key);
    if (record.height != height || key.kind == DeferredKind::put_off) continue;
    // What was kept for this height is handled as if it came now; a refusal is told as always.
    if (const auto* round = std::get_if<NewRound>(&record.message)) (void)on_new_round(context, key.from, *round);
    if (const auto* proposal = std::get_if<ProposeMessage>(&record.message)) {
      (void)on_propose(context, key.from, *proposal);
    }
    if (const auto* votes = std::get_if<PrevotesMessage>(&record.message)) (void)on_prevotes(context, key.from, *votes);
  }
}

namespace {

/// A certificate whose block is to be at hand: it went with its PROPOSE.
Result<void> take_certificate(Context& context, PeerPort from, const CommitCertificate& certificate) {
  const auto& vote = certificate.vote;
  const auto present = voting_height(context);
  if (present < vote.height) {
    ask_for_blocks(context, from);
    return success();
  }
  // First: what nobody voted for is not worth a look at any block.
  BOOKCHAIN_CHECK(context.genesis.check_certificate(certificate));
  if (vote.height < present) return check_not_forked(context, vote.height, vote.block, certificate);
  if (auto block = candidates.get(context.draft, vote.block)) {
    append_checked(context, CommittedBlock{std::move(*block), certificate});
    return success();
  }
  // Whoever gave a PRECOMMIT had it, should the proposer be gone.
  ask_for_blocks(context, from);
  for (const auto& precommit : certificate.votes) {
    if (precommit.signer != context.self()) ask_for_blocks(context, precommit.signer);
  }
  return success();
}

}  // namespace

Result<void> on_commit(Context& context, PeerPort from, const CommitMessage& message) {
  if (!message.block) return take_certificate(context, from, message.certificate);
  // The certificate says which block it is, and the text nothing: a liar can send any with it.
  if (message.certificate.vote.height != voting_height(context)) {
    return take_certificate(context, from, message.certificate);
  }
  auto taken = take_block(context, CommittedBlock{*message.block, message.certificate});
  if (!taken) (void)take_certificate(context, from, message.certificate);
  return taken;
}

Result<void> on_want_blocks(Context& context, PeerPort from, const WantBlocks& message) {
  send_blocks(context, from, message.from);
  const auto present = voting_height(context);
  if (message.from < present) return success();
  remember_waiter(context, from, message.from);
  // It has come further than this peer, or says so.
  if (present < message.from) ask_for_blocks(context, from);
  return success();
}

Result<void> on_blocks(Context& context, PeerPort from, const BlocksMessage& message) {
  for (const auto& committed : message.blocks) {
    const auto height = committed.block.header.body.height;
    const auto present = voting_height(context);
    if (height < present) {
      BOOKCHAIN_CHECK(check_not_forked(context, committed));
      continue;
    }
    if (present < height) break;
    BOOKCHAIN_CHECK(take_block(context, committed));
  }
  const auto head = chain_head(context.genesis, context.draft).height;
  if (head < message.head) ask_for_blocks(context, from);
  return success();
}

// ---- restored homes ----

void begin_restore(Context& context) {
  mute_until_fact.put(context.draft, Height{std::numeric_limits<std::uint64_t>::max()});
  restore_fact.put(context.draft, RestoreRecord{{}, context.random});
  // The ballot that runs in the backup may have been proposed in since, and forgotten: answers to it are not
  // waited for. The next ballot skips rounds at random.
  auto proposer = proposer_at(context, voting_height(context));
  proposer.phase = ProposerPhase::idle;
  proposer.retry_at = Time{};
  keep(context, proposer);
  ask_for_own_statements(context);
  context.send_to_others(WantVotes{context.random});
  context.send_to_others(WantBlocks{voting_height(context)});
}

std::vector<PeerPort> awaited_after_restore(const Genesis& genesis, const State& state, PeerPort self) {
  std::vector<PeerPort> answered{self};
  const auto recall = recall_fact.get(state);
  if (const auto restore = restore_fact.get(state)) {
    for (const auto& told : restore->proven) answered.push_back(told.signer);
  } else if (recall && recall->answered.size() < genesis.vote_quorum()) {
    answered.insert(answered.end(), recall->answered.begin(), recall->answered.end());
  } else {
    return {};
  }
  std::vector<PeerPort> awaited;
  for (const auto& peer : genesis.peers()) {
    if (std::ranges::find(answered, peer.port) == answered.end()) awaited.push_back(peer.port);
  }
  return awaited;
}

Result<void> check_caught_up(const Genesis& genesis, const State& state, PeerPort self) {
  const auto mute_until = mute_until_fact.get(state);
  if (!mute_until) return success();
  const auto awaited = awaited_after_restore(genesis, state, self);
  if (restore_fact.get(state)) {
    return rejected(Token::waiting, "this home was restored and waits for how far the others are", join(awaited),
                    "receive");
  }
  const auto head = chain_head(genesis, state).height;
  // The height after the highest proven one is no block yet.
  if (*mute_until > Height{head.value + 1}) {
    return rejected(Token::waiting, "this home was restored and has not come as far as the others",
                    "from block " + std::to_string(head.value + 1) + " on", "receive");
  }
  if (awaited.empty()) return success();
  return rejected(Token::waiting, "this home was restored and waits for what the others hold of its grants",
                  join(awaited), "receive");
}

Result<void> notice_forgotten(Context& context, Height height) {
  if (!may_vote(context.draft, height)) return success();
  begin_restore(context);
  context.draft.note(Event{"restored", std::nullopt, std::to_string(height.value)});
  return rejected(Token::waiting, "this home was restored and forgot a vote of its own", std::to_string(height.value));
}

Result<void> on_want_votes(Context& context, PeerPort from, const WantVotes& message) {
  const auto head = chain_head(context.genesis, context.draft).height;
  VotesMessage answer{head, std::nullopt, std::nullopt, message.question};
  if (const auto last = blocks.get(context.draft, head)) answer.commit = last->certificate;
  answer.prevotes = voter_at(context, voting_height(context)).lock;
  context.draft.send(from, std::move(answer));
  return success();
}

Result<void> on_votes(Context& context, PeerPort from, const VotesMessage& message) {
  auto restore = restore_fact.get(context.draft);
  if (!restore || message.question != restore->question) return success();
  Height proven{};
  if (message.commit) {
    BOOKCHAIN_CHECK(context.genesis.check_certificate(*message.commit));
    proven = message.commit->vote.height;
  }
  if (message.prevotes) {
    BOOKCHAIN_CHECK(context.genesis.check_certificate(*message.prevotes));
    proven = std::max(proven, message.prevotes->vote.height);
  }
  auto& told = add_by_signer(restore->proven, PeerHeight{from, proven}).held;
  told.height = std::max(told.height, proven);
  restore_fact.put(context.draft, *restore);
  if (restore->proven.size() < context.genesis.vote_quorum()) return success();
  const auto highest = std::ranges::max(restore->proven, {}, &PeerHeight::height).height;
  const auto present = mute_until_fact.get(context.draft);
  const Height until{highest.value + 1};
  const bool first = present && present->value == std::numeric_limits<std::uint64_t>::max();
  if (first || !present || *present < until) mute_until_fact.put(context.draft, until);
  // q answers are taken, and no more: else a peer could silence this one again with each new certificate.
  restore_fact.erase(context.draft);
  return success();
}

}  // namespace bookchain::ledger
