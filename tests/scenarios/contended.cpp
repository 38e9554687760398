#include "tests/scenarios/contended.hpp"

#include <algorithm>

#include "ledger/evidence.hpp"

namespace bookchain::scenarios {

Contended::Contended(std::size_t peers, std::uint64_t seed, Act plays)
    : network(peers, seed), r(network.port(0)), o(network.port(1)), s(network.port(2)) {
  for (const auto peer : {r, o, s}) network.home(peer).takes_steps = false;
  plays(*this);
  for (const auto peer : {r, o}) before.emplace(peer, network.record(peer, x));
}

void Contended::run_to_the_end() {
  network.run_shuffled(10);
  for (const auto peer : {r, o, s}) network.home(peer).takes_steps = true;
  network.run();
}

// ---- how far it was played ----

namespace {

void add_book(Contended& c) {
  c.book = c.network.add_text(c.o, "Two chunks", Bytes(1500, 'a'));
  c.network.deliver_until_quiet();
  c.text = c.network.home(c.o).books.at(c.book);
}

ExchangeId requested(Contended& c) {
  const auto exchange = c.network.request(c.r, c.o, c.book);
  c.network.deliver_until_quiet();
  return exchange;
}

/// Up to the opening of what is not the book.
void play_falsely(Contended& c, const ExchangeId& exchange) {
  c.liars.insert(c.o);
  (void)grant_another_book(c.network, c.o, exchange, c.book);
  c.network.play(exchange, Step::release);
  (void)c.network.take_step(c.r, {exchange, Step::open});
  c.network.deliver_until_quiet();
  BOOST_REQUIRE((c.network.node(c.r).due_step(c.network.state(c.r), exchange) == Step::dispute));
}

}  // namespace

void consented(Contended& c) {
  add_book(c);
  c.x = requested(c);
  c.network.play(c.x, Step::consent);
  claim(c);  // the first time it asks the witnesses
  c.network.deliver_until_quiet();
  BOOST_REQUIRE((c.network.state_of(c.r, c.x) == ExchangeState::id_checked));
}

void key_checked(Contended& c) {
  add_book(c);
  c.x = requested(c);
  c.network.play(c.x, Step::check_key);
  BOOST_REQUIRE((c.network.state_of(c.r, c.x) == ExchangeState::key_checked));
}

void found_false(Contended& c) {
  add_book(c);
  c.x = requested(c);
  play_falsely(c, c.x);
}

void granted_twice(Contended& c) {
  key_checked(c);
  c.y = requested(c);
  c.network.play(c.y, Step::check_id);
  BOOST_REQUIRE((c.network.state_of(c.o, c.y) == ExchangeState::id_checked));
}

void granted_twice_and_falsely(Contended& c) {
  key_checked(c);
  c.y = requested(c);
  play_falsely(c, c.y);
}

void sold_on(Contended& c) {
  found_false(c);
  settle(c);
  c.network.deliver_until_quiet();
  BOOST_REQUIRE((c.network.state_of(c.r, c.x) == ExchangeState::committed));
  c.liars.insert(c.r);
  c.network.edit(c.r, [&](Draft& draft) { shelf.put(draft, c.book, ShelfRecord{1}); });
  c.network.home(c.r).books[c.book] = c.text;
  c.y = c.network.request(c.s, c.r, c.book);
  c.network.play(c.y, Step::check_key);
  BOOST_REQUIRE((c.network.state_of(c.s, c.y) == ExchangeState::key_checked));
}

// ---- who begins what ----

namespace {

/// One that comes too late, since the other end was heard of, is refused.
void begin(Contended& c, PeerPort peer, Wish wish) { (void)c.network.input(peer, std::move(wish)); }

void forget_release(Contended& c) {
  c.liars.insert(c.o);
  c.network.edit(c.o, [&](Draft& draft) {
    const TurnKey key{c.o, c.book, {}, {}};
    auto turn = turns.get(draft, key).value();
    turn.released = false;
    turns.put(draft, key, turn);
  });
}

/// The exchange is as it was before the liar proposed, and its ballot is given up.
void give_up(Contended& c, PeerPort liar) {
  c.liars.insert(liar);
  c.network.edit(liar, [&](Draft& draft) {
    for (const auto& [number, transaction] : pending.all(draft)) pending.erase(draft, number);
    const auto& before = c.before.at(liar);
    auto record = exchanges.get(draft, c.x).value();
    if (record.state == ExchangeState::mined) record = before;
    record.token = before.token;
    record.plaintext_ready = before.plaintext_ready;
    exchanges.put(draft, c.x, record);
    auto ballot = proposers.get(draft, 0).value();
    ballot.phase = ProposerPhase::idle;
    proposers.put(draft, 0, ballot);
  });
}

}  // namespace

void mine(Contended& c) { begin(c, c.r, WishMine{c.x}); }
void mine_sale(Contended& c) { begin(c, c.s, WishMine{c.y}); }
void settle(Contended& c) { begin(c, c.o, WishSettle{c.x}); }
void settle_second(Contended& c) { begin(c, c.o, WishSettle{c.y}); }
void claim(Contended& c) { begin(c, c.r, WishClaim{c.x}); }
void abort(Contended& c) { begin(c, c.o, WishAbort{c.x, {}}); }
void dispute(Contended& c) { begin(c, c.r, WishDispute{c.x}); }
void dispute_second(Contended& c) { begin(c, c.r, WishDispute{c.y}); }

void abort_after_release(Contended& c) {
  forget_release(c);
  abort(c);
}

void mine_falsely(Contended& c) {
  c.liars.insert(c.r);
  c.network.home(c.r).plaintexts[c.x] = c.text;
  c.network.edit(c.r, [&](Draft& draft) {
    auto record = exchanges.get(draft, c.x).value();
    record.token.clear();
    record.plaintext_ready = true;
    record.state = ExchangeState::opened;
    exchanges.put(draft, c.x, record);
  });
  c.network.wish(c.r, WishCheckKey{c.x});
  c.network.deliver_until_quiet();
  c.network.wish(c.r, WishMine{c.x});
}

void abort_instead(Contended& c) {
  if (c.network.state_of(c.o, c.x) == ExchangeState::mined) give_up(c, c.o);
  abort_after_release(c);
}

void claim_instead(Contended& c) {
  if (c.network.state_of(c.r, c.x) == ExchangeState::mined) give_up(c, c.r);
  claim(c);
}

void dispute_instead(Contended& c) {
  give_up(c, c.r);
  dispute(c);
}

// ---- what came of it ----

namespace {

std::string word_for(const Transaction& transaction) {
  if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) return std::string(name(transfer->body.form));
  return std::holds_alternative<Signed<Abort>>(transaction) ? "ABORT" : "DISPUTE";
}

/// What the chain says of the book and of its exchanges.
struct Said {
  std::map<ExchangeId, ExchangeState> states;
  PeerPort owner{};
  std::optional<PeerPort> holder;  ///< nobody after the book was given back: the copy went with the transfer
  std::size_t marks = 0;
  bool aborted = false;
};

Said said_by(const std::vector<CommittedBlock>& chain, const Contended& c) {
  // An exchange that the chain does not name was left behind.
  Said said{{{c.x, ExchangeState::invalid}}, c.o, c.o};
  if (c.y != ExchangeId{}) said.states[c.y] = ExchangeState::invalid;
  for (const auto& committed : chain) {
    for (const auto& transaction : committed.block.transactions) {
      if (const auto* transfer = std::get_if<Signed<Transfer>>(&transaction)) {
        const auto& request = transfer->body.request;
        said.states[c.network.genesis().exchange_of(request)] = ExchangeState::committed;
        said.owner = request.signer;
        said.holder = request.signer;
      } else if (const auto* dispute = std::get_if<Signed<Dispute>>(&transaction)) {
        said.states[c.network.genesis().exchange_of(dispute->body.request)] = ExchangeState::invalid;
        if (said.owner == dispute->signer) said.holder.reset();
        said.owner = dispute->body.grant.signer;
        ++said.marks;
      } else {
        for (auto& [exchange, state] : said.states) state = ExchangeState::aborted;
        said.aborted = true;
      }
    }
  }
  return said;
}

void require_evidence(const Contended& c, PeerPort at, bool of_abort) {
  std::set<std::string_view> faults;
  for (const auto& [key, row] : evidence_rows.all(c.network.state(at))) {
    BOOST_TEST(c.liars.contains(key.accused), at.value << " accuses " << key.accused.value);
    if (key.accused == c.o) faults.insert(fault(row.evidence));
  }
  if (of_abort) BOOST_TEST(faults.contains("release-and-abort"), at.value);
}

}  // namespace

std::string ends_in_chain(const Network& network, PeerPort at) {
  std::string words;
  for (const auto& committed : network.chain(at)) {
    for (const auto& transaction : committed.block.transactions)
      words += (words.empty() ? "" : " ") + word_for(transaction);
  }
  return words;
}

void require_ended_everywhere(const Contended& c) {
  const auto& network = c.network;
  const auto chain = network.chain(c.r);
  network.require_equal_chains(chain.size());
  const auto said = said_by(chain, c);
  const bool released = network.record(c.r, c.x).release.has_value();
  for (const auto& peer : network.genesis().peers()) {
    const auto port = peer.port;
    BOOST_TEST_CONTEXT("at " << port.value) {
      const auto& state = network.state(port);
      for (const auto& [exchange, ended] : said.states) BOOST_TEST((network.state_of(port, exchange) == ended));
      BOOST_TEST(pending.all(state).empty());
      // One that sold a book on that it never opened has that to do for ever.
      if (!c.liars.contains(port)) BOOST_TEST(open_exchanges(state).empty());
      BOOST_TEST(marks.all(state).size() == said.marks);
      BOOST_TEST((network.owner_of_book(port, c.book) == said.owner));
      BOOST_TEST(shelf.get(state, c.book).has_value() == (port == said.holder));
      BOOST_TEST(network.home(port).books.contains(c.book) == (port == said.holder));
      require_evidence(c, port, said.aborted && released);
    }
  }
}

}  // namespace bookchain::scenarios
