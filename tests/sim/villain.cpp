#include "tests/sim/villain.hpp"

#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"

namespace bookchain::sim {

Villain::Villain(World& world, const Identity& identity)
    : world_(world),
      genesis_(*world.genesis_),
      identity_(identity),
      node_(genesis_, identity_),
      shelf_(identity.port),
      chance_(world.plan_.seed, "villain " + std::to_string(identity.port.value)),
      epoch_(chance_.draw<Epoch>()),
      spoken_(genesis_) {
  for (std::size_t i = 0; i < world.plan_.books; ++i) add_book(true);
  flush();
}

bool Villain::wants(Attack attack, std::uint64_t in_a_thousand) {
  return world_.plan_.has(attack) && chance_.chance(in_a_thousand);
}

void Villain::made(Attack attack) { world_.counts_.add(attack); }

bool Villain::does(Attack attack, std::uint64_t in_a_thousand) {
  const bool now = wants(attack, in_a_thousand);
  if (now) made(attack);
  return now;
}

Height Villain::voting_height() const { return Height{chain_head(genesis_, store_).height.value + 1}; }

PeerPort Villain::any_other() {
  for (;;) {
    const auto port = genesis_.peers()[chance_.below(genesis_.peer_count())].port;
    if (port != self()) return port;
  }
}

// ---- taking part ----

void Villain::turn() {
  auto& parcels = world_.network_.at(self()).parcels;
  const auto waiting = std::exchange(parcels, {});
  for (const auto& parcel : waiting) take_in(parcel);
  const Time now{world_.time_us_};
  if (const auto tick = node_.next_tick(store_); tick && *tick <= now) (void)decide(Tick{});
  take_due_steps();
  if (!world_.misfortune_.healed() || chance_.chance(100)) act();
  flush();
}

void Villain::take_in(const Parcel& parcel) {
  const auto channel = world_.channels_.find({self(), parcel.from});
  if (channel == world_.channels_.end()) return;
  transport::DeliveryNote note;
  for (const auto& envelope : parcel.envelopes) {
    const auto opened = channel->second.open(envelope);
    if (!opened || opened.value().header().number == MessageNumber{0}) continue;
    const auto& header = opened.value().header();
    auto id = transport::message_id(header, opened.value().payload());
    if (does(Attack::false_notes, 50)) {
      // A false acknowledgement of something else, now and then.
      note.taken.push_back({header.epoch, MessageNumber{header.number.value + 1}, chance_.draw<MessageId>()});
      note.contradicted.push_back({header.epoch, MessageNumber{chance_.next()}, {}});
    }
    note.taken.push_back({header.epoch, header.number, id});
    if (envelopes_.size() < most_heard) {
      envelopes_.emplace_back(parcel.from, envelope);
    } else {
      envelopes_[chance_.below(most_heard)] = {parcel.from, envelope};
    }
    if (auto message = decode<Message>(opened.value().payload())) take_message(parcel.from, message.value());
  }
  if (note.empty()) return;
  const auto& to = world_.channels_.at({self(), parcel.from});
  auto sealed = to.seal(Epoch{}, MessageNumber{0}, encode(note), chance_.draw<Hash>());
  if (notes_.size() < most_heard) notes_.emplace_back(parcel.from, sealed);
  send_raw(parcel.from, std::move(sealed));
}

void Villain::take_message(PeerPort from, const Message& message) {
  remember(from, message);
  count_votes(message);
  ignore_locks(message);
  pass_off_vote(from, message);
  vote_for_everything(from, message);
  vote_again(from, message);
  pool_shares_in(message);
  if (is_kept_secret(message)) return;
  Received received{from, message, std::nullopt};
  if (const auto wanted = node_.wanted_package(store_, from, message)) {
    const auto& packages = world_.network_.at(self()).packages;
    const auto found = packages.find({from, wanted->exchange});
    if (found != packages.end()) {
      SimPackage source(found->second);
      auto package = shelf_.take_package(wanted->exchange, source, wanted->book, nullptr);
      if (package && shelf_.keep_package(wanted->exchange)) received.package = package.value();
    }
  }
  (void)decide(std::move(received));
}

bool Villain::decide(Cause what) {
  auto outcome = node_.step(store_, Input{Time{world_.time_us_}, chance_.next(), std::move(what)});
  if (!outcome) return false;
  if (!store_.begin()) return false;
  store_.apply(outcome.value().effects.writes);
  Draft done(store_);
  for (const auto& [key, task] : shelf_tasks.all(store_)) {
    if (task.action == ShelfAction::promote) (void)shelf_.perform(task);  // a liar keeps everything else
    shelf_tasks.erase(done, key);
  }
  store_.apply(done.take_effects().writes);
  (void)store_.commit();
  for (auto& leaving : outcome.value().effects.outgoing) {
    std::optional<Bytes> package;
    const auto exchange = exchange_of(genesis_.id(), leaving.message);
    if (leaving.with_package && exchange) {
      const auto kept = shelf_.contents.packages.find(*exchange);
      if (kept != shelf_.contents.packages.end()) package = kept->second;
    }
    if (const auto* proposal = std::get_if<ProposeMessage>(&leaving.message)) {
      for (const auto& transaction : proposal->block.transactions) {
        if (std::ranges::find(transactions_, transaction) == transactions_.end()) transactions_.push_back(transaction);
      }
      propose_two(*proposal);
    }
    if (twist(leaving.to, leaving.message, package)) send(leaving.to, leaving.message, std::move(package));
  }
  return !outcome.value().effects.outgoing.empty();
}

void Villain::take_due_steps() {
  std::set<std::pair<ExchangeId, Step>> tried;
  for (const auto& due : node_.due(store_)) {
    if (tried.emplace(due.exchange, due.step).second) take_step(due);
  }
}

void Villain::take_step(const Due& due) {
  if (leaves_out(due)) return;
  switch (due.step) {
    case Step::grant: {
      const auto record = node_.may_grant(store_, due.exchange);
      if (!record || record.value().state != ExchangeState::requested) return;
      const auto key = chance_.draw<BookKey>();
      const auto& wanted = record.value();
      const auto root = shelf_.write_package(wanted.request.body.book, wanted.book->body, due.exchange, key, nullptr);
      if (!root) return;
      Bytes coefficients(32 * (genesis_.share_threshold() - 1));
      chance_.fill(coefficients);
      (void)decide(Wish{WishGrant{due.exchange, key, std::move(coefficients), root.value()}});
      return;
    }
    case Step::open: {
      const auto record = node_.may_open(store_, due.exchange);
      if (!record || record.value().plaintext_ready) return;
      const auto opened = shelf_.open_package(record.value().book->body, due.exchange, *record.value().key, nullptr);
      if (!opened) return;
      WishOpen wish{due.exchange, opened.value().failure};
      if (wish.failure) {
        auto proof = shelf_.prove_bad_chunk(record.value().book->body, due.exchange, *record.value().key);
        if (!proof) return;
        wish.bad_chunk = std::move(proof).value();
      }
      (void)decide(Wish{std::move(wish)});
      return;
    }
    case Step::dispute: (void)decide(Wish{WishDispute{due.exchange}}); return;
    case Step::consent: (void)decide(Wish{WishConsent{due.exchange, std::nullopt}}); return;
    case Step::check_id: (void)decide(Wish{WishCheckId{due.exchange}}); return;
    case Step::release: (void)decide(Wish{WishRelease{due.exchange, std::nullopt}}); return;
    case Step::check_key: (void)decide(Wish{WishCheckKey{due.exchange}}); return;
    case Step::mine: (void)decide(Wish{WishMine{due.exchange}}); return;
    case Step::abort: (void)decide(Wish{WishAbort{due.exchange, {}}}); return;
    case Step::request: return;
  }
}

Signed<Book> Villain::add_book(bool announce, const std::string& title) {
  const auto size = chance_.below(std::uint64_t{3} * min_chunk_size);
  auto text = random_text(chance_, size, min_chunk_size);
  const auto book = sign(Book{++serial_, title, "text/plain", size, min_chunk_size, text.root()});
  const auto id = genesis_.book_of(book);
  world_.texts_[id] = text;
  shelf_.contents.books[id] = std::move(text);
  if (announce) {
    (void)decide(Wish{WishAddBook{book}});
    return book;
  }
  // The catalogue of this peer knows it, nobody else's does.
  auto outcome = node_.step(store_, Input{Time{world_.time_us_}, 0, Wish{WishAddBook{book}}});
  if (!outcome || !store_.begin()) return book;
  store_.apply(outcome.value().effects.writes);
  (void)store_.commit();
  const auto told = any_other();
  send(told, Announce{book});
  return book;
}

void Villain::request_something() {
  std::vector<std::pair<BookId, PeerPort>> wanted;
  for (const auto& [id, book] : catalogue.all(store_)) {
    const auto owner = standing(genesis_, store_, book).owner;
    if (owner != self()) wanted.emplace_back(id, owner);
  }
  if (wanted.empty()) return;
  const auto& [book, owner] = chance_.pick(wanted);
  (void)decide(Wish{WishRequest{owner, book, chance_.draw<RequestId>()}});
}

// ---- sending ----

void Villain::send(PeerPort to, const Message& message, std::optional<Bytes> package) {
  if (to == self()) return;
  world_.watcher_->liar_sends(self(), to, message);
  note_own(to, message);
  const auto& channel = world_.channels_.at({self(), to});
  auto envelope = channel.seal(epoch_, MessageNumber{++numbers_[to]}, encode(message), chance_.draw<Hash>());
  if (own_envelopes_.size() < most_heard) {
    own_envelopes_.emplace_back(to, envelope);
  } else {
    own_envelopes_[chance_.below(most_heard)] = {to, envelope};
  }
  send_raw(to, std::move(envelope));
  const auto exchange = exchange_of(genesis_.id(), message);
  if (package && exchange) outgoing_[to].packages[*exchange] = std::move(*package);
}

/// Counts what it asked for, and what only shows when it is set beside something else that this peer has said.
void Villain::note_own(PeerPort to, const Message& message) {
  if (world_.plan_.has(Attack::false_evidence)) spoken_.hear(message);
  if (const auto* own = std::get_if<RequestMessage>(&message); own != nullptr && own->request.signer == self()) {
    if (requested_.insert(genesis_.exchange_of(own->request)).second) ++world_.counts_.requests_of_liars;
  }
  if (const auto* grant = std::get_if<GrantMessage>(&message)) {
    const auto& body = grant->grant.body;
    auto& granted = granted_[{grant->request.body.book, body.version, body.turn}];
    if (granted.insert(to).second && granted.size() > 1) made(Attack::grants_to_two);
  }
  const auto vote = [&](Height height, const Ballot& ballot) {
    const VoteSlot slot{message.index(), height, ballot};
    voted_.insert(slot);
    if (forgotten_votes_.erase(slot) > 0) made(Attack::forgotten_votes);
  };
  if (const auto* own = std::get_if<AnswerMessage>(&message)) vote(own->answer.body.height, own->answer.body.ballot);
  if (const auto* own = std::get_if<PrevoteMessage>(&message)) vote(own->vote.body.height, own->vote.body.ballot);
  if (const auto* own = std::get_if<PrecommitMessage>(&message)) vote(own->vote.body.height, own->vote.body.ballot);
}

void Villain::send_raw(PeerPort to, Bytes envelope) {
  auto& flight = outgoing_[to];
  flight.from = self();
  flight.to = to;
  flight.envelopes.push_back(std::move(envelope));
}

void Villain::send_to_honest(const Message& message) {
  for (const auto port : world_.honest_) send(port, message);
}

void Villain::flush() {
  for (auto& [to, flight] : outgoing_) {
    for (const auto& envelope : flight.envelopes) world_.trace_.add(envelope);
    if (!flight.envelopes.empty()) world_.network_.send(std::move(flight));
  }
  outgoing_.clear();
}

}  // namespace bookchain::sim
