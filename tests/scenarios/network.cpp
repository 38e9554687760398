#include "tests/scenarios/network.hpp"

#include <algorithm>

#include "ledger/bad_chunk.hpp"

namespace bookchain::scenarios {

namespace {

template <class Fixed>
Fixed derived(std::string_view purpose, std::uint64_t number) {
  const auto hash = sha256({bytes_of("bookchain scenarios "), bytes_of(purpose), encode(number)});
  return Fixed{hash.bytes};
}

std::vector<Hash> leaves_of(const Text& text) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < text.chunks.size(); ++i) leaves.push_back(chunk_leaf(text.salts[i], text.chunks[i]));
  return leaves;
}

Hash ciphertext_root(const Package& package) {
  MerkleAccumulator tree;
  for (const auto& chunk : package.chunks) tree.push(leaf_hash(chunk));
  return tree.root();
}

Package encrypt(const Text& text, const BookKey& key, const ExchangeId& exchange) {
  Package package{leaves_of(text), {}};
  ChunkCipher cipher(key);
  for (std::size_t i = 0; i < text.chunks.size(); ++i) {
    package.chunks.push_back(
        encrypt_chunk(cipher, exchange, i, i + 1 == text.chunks.size(), text.salts[i], text.chunks[i]));
  }
  return package;
}

Result<Text> decrypt(const Package& package, const Book& book, const BookKey& key, const ExchangeId& exchange) {
  Text text;
  ChunkCipher cipher(key);
  for (std::size_t i = 0; i < package.chunks.size(); ++i) {
    BOOKCHAIN_TRY(auto open, decrypt_chunk(cipher, exchange, book, i, package.chunks[i]));
    if (chunk_leaf(open.salt, open.chunk) != package.leaves[i]) {
      return Error{Token::wrong_book, "a chunk is not the one registered", std::to_string(i), {}};
    }
    text.salts.push_back(open.salt);
    text.chunks.push_back(std::move(open.chunk));
  }
  return text;
}

}  // namespace

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

Bytes Text::whole() const {
  Bytes all;
  for (const auto& chunk : chunks) all.insert(all.end(), chunk.begin(), chunk.end());
  return all;
}

const Transfer& transfer_in(const CommittedBlock& committed) {
  return std::get<Signed<Transfer>>(committed.block.transactions.front()).body;
}

Network::Network(std::size_t peers, std::uint64_t seed, std::uint8_t work_bits, bool test_network)
    : Network(peers, seed, [&](GenesisFields& fields) {
        fields.work_bits = work_bits;
        fields.test_network = test_network;
      }) {}

Network::Network(std::size_t peers, std::uint64_t seed, const std::function<void(GenesisFields&)>& change)
    : random_(seed) {
  GenesisFields fields;
  fields.chunk_size = 1024;
  fields.work_bits = 0;
  fields.test_network = true;
  change(fields);
  for (std::size_t i = 0; i < peers; ++i) {
    const PeerPort peer{static_cast<std::uint16_t>(5000 + i)};
    Home home;
    home.identity = Identity{peer, derived<SigningKey>("signing key", peer.value),
                             derived<AgreementKey>("agreement key", peer.value)};
    fields.peers.push_back(Peer{peer, verify_key(home.identity.signing_key),
                                agreement_point(home.identity.agreement_key), "spool:" + std::to_string(peer.value)});
    homes_.emplace(peer, std::move(home));
  }
  auto made = Genesis::make(std::move(fields));
  BOOST_REQUIRE(made.has_value());
  genesis_ = std::make_unique<Genesis>(std::move(made).value());
}

// ---- inputs ----

Result<Outcome> Network::input(PeerPort peer, Cause what) {
  auto& at = home(peer);
  ++now_;
  BOOKCHAIN_TRY(auto outcome,
                node(peer).step(*at.store, Input{now(), random_(), std::move(what), patient, false, goes_first}));
  BOOST_REQUIRE(at.store->begin().has_value());
  at.store->apply(outcome.effects.writes);
  BOOST_REQUIRE(at.store->commit().has_value());
  for (const auto& leaving : outcome.effects.outgoing) {
    // What cannot be read back would be lost at the receiver: every message passes its canonical bytes.
    auto message = decode<Message>(encode(leaving.message));
    BOOST_REQUIRE_MESSAGE(message.has_value(), "a message that does not decode: " << name(leaving.message));
    BOOST_REQUIRE(leaving.to != peer);
    Envelope envelope{peer, leaving.to, std::move(message).value(), std::nullopt};
    if (leaving.with_package) {
      const auto exchange = exchange_of(genesis_->id(), envelope.message);
      BOOST_REQUIRE(exchange.has_value());
      if (const auto package = at.packages.find(*exchange); package != at.packages.end()) {
        envelope.package = package->second;
      }
    }
    queue.push_back(std::move(envelope));
  }
  tend_shelf(peer);
  return outcome;
}

void Network::wish(PeerPort peer, Wish wish) {
  const auto outcome = input(peer, std::move(wish));
  BOOST_REQUIRE_MESSAGE(outcome.has_value(),
                        "a wish fails at " << peer.value << ": " << (outcome ? "" : outcome.error().what));
}

Token Network::refused_wish(PeerPort peer, Wish wish) {
  const auto outcome = input(peer, std::move(wish));
  BOOST_REQUIRE_MESSAGE(!outcome.has_value(), "a wish succeeds that should not");
  return outcome.error().token;
}

Result<Outcome> Network::take_step(PeerPort peer, const Due& due) {
  auto& at = home(peer);
  switch (due.step) {
    case Step::grant: {
      BOOKCHAIN_TRY(const auto record, node(peer).may_grant(*at.store, due.exchange));
      if (record.state != ExchangeState::requested) return Outcome{};
      const auto key = draw<BookKey>();
      const auto book = at.books.find(record.request.body.book);
      BOOST_REQUIRE(book != at.books.end());
      const auto& package = at.packages[due.exchange] = encrypt(book->second, key, due.exchange);
      Bytes coefficients(32 * (genesis_->share_threshold() - 1));
      for (auto& byte : coefficients) byte = static_cast<std::uint8_t>(random_());
      return input(peer,
                   Wish{WishGrant{due.exchange, key, std::move(coefficients), ciphertext_root(package), at.deals}});
    }
    case Step::open: {
      BOOKCHAIN_TRY(const auto record, node(peer).may_open(*at.store, due.exchange));
      if (record.plaintext_ready) return Outcome{};
      auto text = decrypt(at.packages.at(due.exchange), record.book->body, *record.key, due.exchange);
      if (!text) {
        const auto& package = at.packages.at(due.exchange);
        BadChunkFinder finder(record.book->body, due.exchange, *record.key, package.leaves);
        for (const auto& chunk : package.chunks) finder.push(chunk);
        return input(peer, Wish{WishOpen{due.exchange, text.error(), finder.finish()}});
      }
      at.plaintexts[due.exchange] = std::move(text).value();
      return input(peer, Wish{WishOpen{due.exchange, std::nullopt}});
    }
    case Step::dispute: return input(peer, Wish{WishDispute{due.exchange}});
    case Step::consent: return input(peer, Wish{WishConsent{due.exchange, std::nullopt}});
    case Step::check_id: return input(peer, Wish{WishCheckId{due.exchange}});
    case Step::release: return input(peer, Wish{WishRelease{due.exchange, std::nullopt}});
    case Step::check_key: return input(peer, Wish{WishCheckKey{due.exchange}});
    case Step::mine: return input(peer, Wish{WishMine{due.exchange}});
    case Step::abort: return input(peer, Wish{WishAbort{due.exchange, {}}});
    case Step::request: break;
  }
  return input(peer, Wish{WishAskAgain{due.exchange}});
}

void Network::take(PeerPort peer, const ExchangeId& exchange, Step step) {
  const auto outcome = take_step(peer, Due{exchange, step});
  BOOST_REQUIRE_MESSAGE(outcome.has_value(),
                        name(step) << " fails at " << peer.value << ": " << (outcome ? "" : outcome.error().what));
}

std::optional<Token> Network::give(PeerPort from, PeerPort to, const Message& message, std::optional<Package> package) {
  Received received{from, message, std::nullopt};
  if (package) received.package = take_package(to, from, message, *package);
  const auto outcome = input(to, std::move(received));
  BOOST_REQUIRE(outcome.has_value());
  if (watch) watch(Envelope{from, to, message, std::move(package)}, outcome.value().refusal);
  if (!outcome.value().refusal) return std::nullopt;
  return outcome.value().refusal->token;
}

std::optional<ReceivedPackage> Network::take_package(PeerPort to, PeerPort from, const Message& message,
                                                     const Package& package) {
  if (!node(to).wanted_package(state(to), from, message)) return std::nullopt;
  const auto exchange = exchange_of(genesis_->id(), message);
  BOOST_REQUIRE(exchange.has_value());
  home(to).packages[*exchange] = package;
  return ReceivedPackage{merkle_root(package.leaves), ciphertext_root(package), package.chunks.size()};
}

void Network::tend_shelf(PeerPort peer) {
  auto& at = home(peer);
  const auto tasks = shelf_tasks.all(*at.store);
  if (tasks.empty()) return;
  Draft draft(*at.store);
  for (const auto& [key, task] : tasks) {
    switch (task.action) {
      case ShelfAction::promote:
        BOOST_REQUIRE_MESSAGE(at.plaintexts.contains(task.exchange), "a book without plaintext comes to a shelf");
        at.books[task.book] = at.plaintexts.at(task.exchange);
        break;
      case ShelfAction::remove_book: at.books.erase(task.book); break;
      case ShelfAction::drop_exchange:
        at.packages.erase(task.exchange);
        at.plaintexts.erase(task.exchange);
        break;
    }
    shelf_tasks.erase(draft, key);
  }
  BOOST_REQUIRE(at.store->begin().has_value());
  at.store->apply(draft.take_effects().writes);
  BOOST_REQUIRE(at.store->commit().has_value());
}

// ---- books and exchanges ----

BookId Network::register_book(PeerPort registrar, Book body, const Bytes& text) {
  auto& at = home(registrar);
  const auto secret = draw<BookSecret>();
  Text content;
  for (std::uint64_t i = 0; i < chunk_count(body); ++i) {
    const auto first = text.begin() + static_cast<std::ptrdiff_t>(i * body.chunk_size);
    content.salts.push_back(chunk_salt(secret, i));
    content.chunks.emplace_back(first, first + static_cast<std::ptrdiff_t>(chunk_length(body, i)));
  }
  body.root = merkle_root(leaves_of(content));
  const auto book = sign(registrar, std::move(body));
  const auto id = genesis_->book_of(book);
  at.books[id] = std::move(content);
  wish(registrar, WishAddBook{book});
  return id;
}

BookId Network::add_book(PeerPort registrar, const std::string& value) {
  const auto serial = home(registrar).next_serial++;
  return register_book(
      registrar, Book{serial, value, std::string(value_media_type), value.size(), genesis_->fields().chunk_size, {}},
      bytes_of(value));
}

BookId Network::add_text(PeerPort registrar, const std::string& title, const Bytes& text) {
  const auto serial = home(registrar).next_serial++;
  return register_book(registrar, Book{serial, title, "text/plain", text.size(), genesis_->fields().chunk_size, {}},
                       text);
}

ExchangeId Network::request(PeerPort requester, PeerPort owner, const BookId& book) {
  const auto outcome = input(requester, Wish{WishRequest{owner, book, draw<RequestId>()}});
  BOOST_REQUIRE_MESSAGE(outcome.has_value(), "a request fails: " << (outcome ? "" : outcome.error().what));
  for (const auto& event : outcome.value().effects.events) {
    if (event.what == "requested") return event.exchange.value();
  }
  BOOST_FAIL("a request left no trace");
  return {};
}

void Network::play(const ExchangeId& exchange, Step last) {
  PeerPort requester{};
  PeerPort owner{};
  for (const auto& [peer, at] : homes_) {
    const auto known = exchanges.get(*at.store, exchange);
    if (known && known->role == Role::requester) {
      requester = peer;
      owner = known->request.body.receiver_port;
    }
  }
  BOOST_REQUIRE(requester != PeerPort{});
  deliver_until_quiet();
  for (const auto step :
       {Step::grant, Step::consent, Step::check_id, Step::release, Step::open, Step::check_key, Step::mine}) {
    if (last < step) return;
    const bool by_owner = step == Step::grant || step == Step::check_id || step == Step::release;
    const auto actor = by_owner ? owner : requester;
    if (node(actor).due_step(state(actor), exchange) != step) continue;
    take(actor, exchange, step);
    deliver_until_quiet();
  }
}

ExchangeId Network::start(PeerPort requester, PeerPort owner, const std::string& value, Step last) {
  const auto book = add_book(owner, value);
  deliver_until_quiet();
  const auto exchange = request(requester, owner, book);
  play(exchange, last);
  return exchange;
}

bool Network::knows(PeerPort peer, const ExchangeId& exchange) const {
  return exchanges.get(state(peer), exchange).has_value();
}

ExchangeRecord Network::record(PeerPort peer, const ExchangeId& exchange) const {
  auto found = exchanges.get(state(peer), exchange);
  BOOST_REQUIRE_MESSAGE(found.has_value(), "peer " << peer.value << " knows no such exchange");
  return std::move(*found);
}

ExchangeState Network::state_of(PeerPort peer, const ExchangeId& exchange) const {
  return record(peer, exchange).state;
}

PeerPort Network::owner_of_book(PeerPort seen_by, const BookId& book) const {
  const auto row = catalogue.get(state(seen_by), book);
  BOOST_REQUIRE(row.has_value());
  return standing(*genesis_, state(seen_by), *row).owner;
}

// ---- delivery ----

void Network::deliver(std::size_t place) {
  auto envelope = std::move(queue.at(place));
  queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(place));
  if (filter && !filter(envelope)) return;
  if (!home(envelope.to).alive) return;
  (void)give(envelope.from, envelope.to, envelope.message, std::move(envelope.package));
}

void Network::deliver_until_quiet() {
  for (std::size_t i = 0; !queue.empty(); ++i) {
    BOOST_REQUIRE_MESSAGE(i < 200'000, "the network does not become quiet");
    deliver();
  }
}

bool Network::take_due_steps() {
  bool took = false;
  for (auto& [peer, at] : homes_) {
    if (!at.alive || !at.takes_steps) continue;
    for (const auto& due : node(peer).due(*at.store)) {
      if (due.step == Step::grant && !at.grants) continue;
      const auto outcome = take_step(peer, due);
      took = took || outcome.has_value();
    }
  }
  return took;
}

std::size_t Network::random_place() {
  const auto way = [](const Envelope& envelope) { return std::pair(envelope.from, envelope.to); };
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (!slow.contains(way(queue[i]))) places.push_back(i);
  }
  const auto drawn = random_();
  const std::size_t place = places.empty() ? drawn % queue.size() : places[drawn % places.size()];
  if (!keeps_directions) return place;
  const auto same_way = [&](const Envelope& each) { return way(each) == way(queue[place]); };
  return static_cast<std::size_t>(std::ranges::find_if(queue, same_way) - queue.begin());
}

void Network::run_until_idle(bool shuffled, unsigned duplicates_percent, std::size_t most) {
  for (std::size_t i = 0; i < most; ++i) {
    if (!queue.empty()) {
      const std::size_t place = shuffled ? random_place() : 0;
      if (shuffled && random_() % 100 < duplicates_percent) {
        auto again = queue[place];
        queue.push_back(std::move(again));
      }
      deliver(place);
      if (shuffled && random_() % 4 == 0) (void)take_due_steps();
      continue;
    }
    if (take_due_steps()) continue;
    std::optional<std::pair<Time, PeerPort>> next;
    for (auto& [peer, at] : homes_) {
      if (!at.alive) continue;
      const auto wakes = node(peer).next_tick(*at.store, now());
      if (wakes && (!next || *wakes < next->first)) next = std::pair(*wakes, peer);
    }
    if (!next) return;
    now_ = std::max(now_, next->first.value);
    tick(next->second);
  }
  BOOST_FAIL("the network does not become quiet");
}

void Network::run(std::size_t most) { run_until_idle(false, 0, most); }

void Network::run_shuffled(unsigned duplicates_percent, std::size_t most) {
  run_until_idle(true, duplicates_percent, most);
}

}  // namespace bookchain::scenarios
