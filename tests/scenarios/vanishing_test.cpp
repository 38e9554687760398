// When somebody vanishes or cheats after consent (docs/protocol.md, section 5): settling, claiming,
// disputes.
#include "tests/scenarios/cheated.hpp"
#include "tests/scenarios/played.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

}  // namespace

BOOST_AUTO_TEST_SUITE(vanishing_peers)

// Section 5: "R vanishes after consent: O, with all that release needs, proposes the TRANSFER as settled". R never
// mining.
BOOST_AUTO_TEST_CASE(an_owner_settles_when_the_requester_never_mines) {
  for (const std::size_t peers : {4U, 5U, 7U}) {
    Played p(peers, Step::release);
    p.network.kill(p.r);
    p.network.wish(p.o, WishSettle{p.x});
    p.network.run();
    p.network.require_equal_chains(1);
    BOOST_TEST((p.form() == TransferForm::settled));
    BOOST_TEST(!p.network.home(p.o).books.contains(p.book));
    // R comes back: it has the key, the chain gives it the book, and it opens it.
    p.network.revive(p.r);
    p.network.give(p.o, p.r, CommitMessage{p.network.chain(p.o).front()});
    p.network.run();
    BOOST_TEST((p.network.state_of(p.r, p.x) == ExchangeState::committed));
    BOOST_REQUIRE(p.network.home(p.r).books.contains(p.book));
  }
}

// Section 5: settled before the key was released, the witnesses hand R their shares.
BOOST_AUTO_TEST_CASE(a_requester_gets_the_key_of_a_settled_transfer_from_the_shares) {
  Played p(4, Step::check_id);
  p.network.kill(p.r);
  p.network.home(p.o).takes_steps = false;
  p.network.wish(p.o, WishSettle{p.x});
  p.network.run();
  p.network.kill(p.o);
  p.network.revive(p.r);
  p.network.give(p.w, p.r, CommitMessage{p.network.chain(p.w).front()});
  p.network.run();
  BOOST_REQUIRE(p.network.home(p.r).books.contains(p.book));
  BOOST_TEST((p.network.home(p.r).books.at(p.book).whole() == bytes_of("7")));
}

// Section 3, step 5: settling needs "a yes", too.
BOOST_AUTO_TEST_CASE(an_owner_cannot_settle_before_the_id_is_checked) {
  Played p(4, Step::consent);
  BOOST_TEST((p.network.refused_wish(p.o, WishSettle{p.x}) == Token::wrong_step));
}

// Section 5: "O vanishes after consent: R hands W id, GRANT and CONSENT, collects the ID-ANSWERs itself and claims …
// t shares that fit C_i give k"; and the share is kept "until R signs that it can read". O never releasing.
BOOST_AUTO_TEST_CASE(a_requester_claims_when_the_owner_vanishes_and_reads_the_book) {
  for (const std::size_t peers : {4U, 5U, 7U, 10U}) {
    Played p(peers, Step::grant);
    p.network.take(p.r, p.x, Step::consent);
    p.network.kill(p.o);
    p.network.wish(p.r, WishClaim{p.x});
    // Until the witnesses have answered there is nothing more to do: they are asked once.
    p.network.wish(p.r, WishClaim{p.x});
    p.network.run();
    BOOST_TEST((p.network.state_of(p.r, p.x) == ExchangeState::id_checked));
    p.network.wish(p.r, WishClaim{p.x});
    p.network.run();
    p.network.require_equal_chains(1);
    BOOST_TEST((p.form() == TransferForm::claimed));
    BOOST_TEST(transfer_in(p.network.chain(p.r).front()).key_answers.empty());
    BOOST_REQUIRE(p.network.home(p.r).books.contains(p.book));
    BOOST_TEST((p.network.home(p.r).books.at(p.book).whole() == bytes_of("7")));
    for (std::size_t i = 2; i < peers; ++i) BOOST_TEST(p.shares_at(p.network.port(i)) == 0U);
    // The owner comes back and learns that the book is gone.
    p.network.revive(p.o);
    p.network.give(p.w, p.o, CommitMessage{p.network.chain(p.w).front()});
    p.network.run();
    BOOST_TEST((p.network.state_of(p.o, p.x) == ExchangeState::committed));
    BOOST_TEST(!p.network.home(p.o).books.contains(p.book));
  }
}

// Section 6, "claim and settlement racing": one TRANSFER of X is recorded, and the book comes to R.
BOOST_AUTO_TEST_CASE(a_claim_and_a_settlement_that_race_record_one_transfer) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Played p(seed % 2 == 0 ? 4 : 5, Step::check_id, seed);
    p.network.home(p.r).takes_steps = p.network.home(p.o).takes_steps = false;
    p.network.wish(p.o, WishSettle{p.x});
    p.network.wish(p.r, WishClaim{p.x});
    p.network.run_shuffled(10);
    p.network.home(p.r).takes_steps = p.network.home(p.o).takes_steps = true;
    p.network.run();
    p.network.require_equal_chains(1);
    BOOST_TEST((p.network.state_of(p.r, p.x) == ExchangeState::committed));
    BOOST_TEST((p.network.state_of(p.o, p.x) == ExchangeState::committed));
    BOOST_REQUIRE(p.network.home(p.r).books.contains(p.book));
    BOOST_TEST(pending.all(p.network.state(p.r)).empty());
    BOOST_TEST(pending.all(p.network.state(p.o)).empty());
  }
}

// Section 2: "What an open exchange needs is kept until it ends and sent again on request": each message of an
// exchange lost once for good, and asked for again.
BOOST_AUTO_TEST_CASE(each_message_lost_for_good_is_sent_again_on_request) {
  for (std::size_t lost = 0; lost < 60; ++lost) {
    BOOST_TEST_CONTEXT("message " << lost << " is lost") {
      Network network(4);
      const auto book = network.add_book(network.port(1), "7");
      network.deliver_until_quiet();
      std::size_t seen = 0;
      bool dropped = false;
      network.filter = [&](const Envelope&) {
        const bool keep = seen++ != lost;
        dropped = dropped || !keep;
        return keep;
      };
      const auto x = network.request(network.port(0), network.port(1), book);
      network.run();
      for (int again = 0; again < 3 && network.state_of(network.port(0), x) != ExchangeState::committed; ++again) {
        for (const auto& peer : network.genesis().peers()) {
          if (network.knows(peer.port, x)) network.wish(peer.port, WishAskAgain{x});
        }
        network.run();
      }
      BOOST_REQUIRE((network.state_of(network.port(0), x) == ExchangeState::committed));
      if (!dropped) return;
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(disputes)

// Section 5: "BAD-CHUNK …: k fits kc, both paths are for i …, and the chunk does not decrypt or has another leaf."
BOOST_AUTO_TEST_CASE(a_bad_chunk_is_proven_and_a_good_one_is_not) {
  Cheated c(Step::release);
  BOOST_TEST(!c.check(c.dispute(c.proof(1)), c.r));
  BOOST_TEST((c.check(c.dispute(c.proof(0)), c.r) == Token::bad_statement));
  auto wrong_key = c.proof(1);
  wrong_key.key.bytes[0] ^= 1U;
  BOOST_TEST((c.check(c.dispute(wrong_key), c.r) == Token::wrong_key));
  // Paths of two chunks; an index beyond the book; another leaf.
  auto two = c.proof(1);
  two.leaf = c.proof(0).leaf;
  two.leaf_path = c.proof(0).leaf_path;
  BOOST_TEST((c.check(c.dispute(two), c.r) == Token::bad_statement));
  auto beyond = c.proof(1);
  beyond.index = 2;
  BOOST_TEST((c.check(c.dispute(beyond), c.r) == Token::bad_statement));
  auto last = c.proof(1);
  last.index = ~std::uint64_t{0};
  BOOST_TEST((c.check(c.dispute(last), c.r) == Token::bad_statement));
  auto altered = c.proof(0);
  altered.ciphertext[3] ^= 1U;
  BOOST_TEST((c.check(c.dispute(altered), c.r) == Token::bad_statement));
  // "signed by R", and mined by its signer.
  BOOST_TEST((c.check(c.network.sign(c.o, c.dispute(c.proof(1)).body), c.o) == Token::bad_statement));
  BOOST_TEST((c.check(c.dispute(c.proof(1)), c.o) == Token::bad_statement));
}

// Section 5: "The salt comes out of the chunk, never from the accuser": an honest owner's chunk with its salt inside
// is as registered, whatever else the accuser says; and a false salt inside the chunk is the owner's fault.
BOOST_AUTO_TEST_CASE(a_false_salt_in_the_chunk_is_the_owners_fault) {
  Network network(4);
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto book = network.add_book(o, "7");
  network.deliver_until_quiet();
  const auto honest = network.home(o).books.at(book);
  const std::vector<Hash> leaves = {chunk_leaf(honest.salts[0], honest.chunks[0])};
  const auto x = network.request(r, o, book);
  network.deliver_until_quiet();
  network.home(o).books.at(book).salts[0].bytes[0] ^= 1U;
  network.take(o, x, Step::grant);
  for (auto& envelope : network.queue) {
    if (envelope.package) envelope.package->leaves = leaves;
  }
  network.play(x, Step::release);
  const auto record = network.record(r, x);
  const auto& chunk = network.home(r).packages.at(x).chunks[0];
  const BadChunk proof{*record.key, 0, chunk, {}, leaves[0], {}};
  const auto dispute = network.sign(r, Dispute{*record.book, record.request, *record.grant, proof});
  BOOST_TEST(check_transaction(network.genesis(), network.state(r), dispute, r).has_value());
  // The requester finds it, too.
  const auto opened = network.take_step(r, Due{x, Step::open});
  BOOST_REQUIRE(opened.has_value());
  BOOST_TEST((opened.value().refusal && opened.value().refusal->token == Token::wrong_book));
  BOOST_TEST((network.refused_wish(r, WishCheckKey{x}) == Token::wrong_step));
}

// Section 5: "in the turn of that GRANT it ends the turn; after its TRANSFER, while R holds the book at that version,
// it gives the book back to O as a new version."
BOOST_AUTO_TEST_CASE(a_dispute_ends_the_turn_and_after_the_transfer_gives_the_book_back) {
  Cheated c(Step::release);
  const auto height = Height{1};
  const auto dispute = c.dispute(c.proof(1));
  Draft before(c.network.state(c.r));
  apply_transaction(c.network.genesis(), before, dispute, height);
  BOOST_TEST((ownership.get(before, c.book)->owner == c.o));
  BOOST_TEST(ownership.get(before, c.book)->turn.value == 1U);
  BOOST_TEST(!check_transaction(c.network.genesis(), before, dispute, c.r).has_value());

  c.network.home(c.r).takes_steps = false;  // it would dispute by itself
  c.network.wish(c.o, WishSettle{c.x});
  c.network.run();
  Draft after(c.network.state(c.r));
  BOOST_TEST((ownership.get(after, c.book)->owner == c.r));
  BOOST_TEST(check_transaction(c.network.genesis(), after, dispute, c.r).has_value());
  apply_transaction(c.network.genesis(), after, dispute, Height{2});
  BOOST_TEST((ownership.get(after, c.book)->owner == c.o));
  BOOST_TEST(ownership.get(after, c.book)->version.value == 2U);
  BOOST_TEST(ownership.get(after, c.book)->turn.value == 0U);
  BOOST_TEST(!check_transaction(c.network.genesis(), after, dispute, c.r).has_value());
}

// Section 5: "BAD-DEAL{GRANT, t shares that fit C_i}: they give a k that does not fit kc."
BOOST_AUTO_TEST_CASE(a_bad_deal_is_proven_by_t_fitting_shares_and_by_nothing_less) {
  Network network(7);
  const auto& genesis = network.genesis();
  const auto r = network.port(0);
  const auto o = network.port(1);
  const auto x = network.start(r, o, "7", Step::grant);
  const auto record = network.record(o, x);
  const auto witnesses = genesis.witnesses(r, o);
  const auto check = [&](const Grant& grant, const BadDeal& proof) {
    const auto dispute = network.sign(r, Dispute{*record.book, record.request, network.sign(o, grant), proof});
    return check_transaction(genesis, network.state(r), dispute, r).has_value();
  };
  BadDeal honest{{record.shares[1], record.shares[3]}};
  BOOST_REQUIRE(genesis.share_threshold() == 2U);
  BOOST_TEST(!check(record.grant->body, honest));
  // The same shares under another key commitment: the owner dealt shares of another key.
  auto cheating = record.grant->body;
  cheating.key_commitment = key_commitment(x, network.draw<BookKey>());
  BOOST_TEST(check(cheating, honest));
  BOOST_TEST(!check(cheating, BadDeal{{record.shares[1]}}));
  BOOST_TEST(!check(cheating, BadDeal{{record.shares[1], record.shares[1]}}));
  BOOST_TEST(!check(cheating, BadDeal{{record.shares[1], record.shares[2], record.shares[3]}}));
  auto forged = honest;
  forged.shares[0].share.bytes[0] ^= 1U;
  BOOST_TEST(!check(cheating, forged));
  auto stranger = honest;
  stranger.shares[0].signer = r;
  BOOST_TEST(!check(cheating, stranger));
  BOOST_TEST(witnesses.size() == 5U);
}

// Section 2, Numbers, and section 5: what could not be recorded would be done unpunished, so a network whose blocks
// cannot hold the DISPUTE about one of its chunks is refused.
BOOST_AUTO_TEST_CASE(a_network_whose_blocks_cannot_hold_a_dispute_is_refused) {
  Network network(4);
  auto fields = network.genesis().fields();
  fields.limits.block_bytes = std::uint32_t{1} << 18U;
  fields.chunk_size = std::uint32_t{1} << 18U;
  BOOST_TEST(!Genesis::make(fields).has_value());
  fields.chunk_size = std::uint32_t{1} << 16U;
  BOOST_TEST(Genesis::make(fields).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
