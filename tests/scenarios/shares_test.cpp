// The shares of the key after consent (docs/protocol.md, section 5): who gets them, when, from whom, and until when.
#include "tests/scenarios/played.hpp"

namespace {

using namespace bookchain::scenarios;  // NOLINT(google-build-using-namespace)

/// Whether that is all that is under way.
bool only_asks_for_blocks(const Played& p) {
  return p.network.queue.size() == 1 && std::holds_alternative<WantBlocks>(p.network.queue.front().message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shares_of_a_key)

// Section 5: "A witness whose chain holds the TRANSFER of X, in any form, hands R alone its share".
BOOST_AUTO_TEST_CASE(shares_are_handed_to_the_requester_alone_and_after_the_transfer_only) {
  Played p(4, Step::check_id);
  BOOST_TEST((p.network.give(p.o, p.w, WantShare{p.x}) == Token::wrong_sender));
  BOOST_TEST((p.network.give(p.network.port(3), p.w, WantShare{p.x}) == Token::wrong_sender));
  BOOST_TEST((p.network.give(p.r, p.w, WantShare{p.x}) == Token::waiting));
  BOOST_TEST(only_asks_for_blocks(p));
  p.network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ReceiptMessage>(envelope.message); };
  p.network.run();
  p.network.filter = nullptr;
  p.network.require_equal_chains(1);
  BOOST_TEST((p.form() == TransferForm::mined));
  BOOST_TEST(p.shares_at(p.w) == 1U);
  BOOST_TEST(!p.network.give(p.r, p.w, WantShare{p.x}));
  BOOST_REQUIRE(p.network.queue.size() == 1U);
  BOOST_TEST(std::holds_alternative<ShareMessage>(p.network.queue.front().message));
  // "and keeps it until R signs that it can read."
  const auto forged = p.network.sign(p.o, Receipt{{p.x}});
  BOOST_TEST((p.network.give(p.o, p.w, ReceiptMessage{forged}) == Token::unexpected));
  BOOST_TEST(p.shares_at(p.w) == 1U);
  BOOST_TEST(!p.network.give(p.r, p.w, ReceiptMessage{p.network.sign(p.r, Receipt{{p.x}})}));
  BOOST_TEST(p.shares_at(p.w) == 0U);
  BOOST_TEST((p.network.give(p.r, p.w, WantShare{p.x}) == Token::exchange_over));
}

// Section 5: a requester that mined could read the book before; its RECEIPT follows the block by itself.
BOOST_AUTO_TEST_CASE(witnesses_forget_their_shares_when_a_mined_exchange_is_over) {
  Played p(4, Step::check_id);
  p.network.run();
  p.network.require_equal_chains(1);
  BOOST_TEST((p.form() == TransferForm::mined));
  for (const auto witness : {p.w, p.network.port(3)}) BOOST_TEST(p.shares_at(witness) == 0U);
}

// Section 5: "one for all books that a block brought home".
BOOST_AUTO_TEST_CASE(one_receipt_is_for_all_books_that_a_block_brought_home) {
  Played p(4, Step::check_key);
  auto& network = p.network;
  const auto other_owner = p.w;
  const auto other_book = network.add_book(other_owner, "8");
  network.deliver_until_quiet();
  const auto y = network.request(p.r, other_owner, other_book);
  network.play(y, Step::check_key);
  std::map<PeerPort, std::vector<ReceiptMessage>> told;
  network.filter = [&](const Envelope& envelope) {
    if (const auto* receipt = std::get_if<ReceiptMessage>(&envelope.message)) told[envelope.to].push_back(*receipt);
    return true;
  };
  network.wish(p.r, WishMine{p.x});
  network.wish(p.r, WishMine{y});
  network.run();
  network.require_equal_chains(1);
  BOOST_TEST(network.chain(p.r).front().block.transactions.size() == 2U);
  BOOST_TEST(told.size() == 3U);
  for (const auto& [peer, receipts] : told) {
    BOOST_REQUIRE(receipts.size() == 1U);
    const auto& exchanges_in_it = receipts.front().receipt.body.exchanges;
    BOOST_TEST((std::set(exchanges_in_it.begin(), exchanges_in_it.end()) == std::set{p.x, y}));
  }
  // Each forgets what it kept of either: shares where it was a witness.
  const auto last = network.port(3);
  for (const auto& [witness, exchange] :
       {std::pair{p.w, p.x}, std::pair{last, p.x}, std::pair{p.o, y}, std::pair{last, y}}) {
    BOOST_TEST(network.record(witness, exchange).shares.empty());
  }
}

// Of a receipt about several, what is the sender's counts, and what is another's does not.
BOOST_AUTO_TEST_CASE(a_receipt_counts_for_the_exchanges_of_its_sender_alone) {
  Played p(4, Step::check_id);
  auto& network = p.network;
  const auto other_requester = p.o;
  const auto other_book = network.add_book(p.r, "8");
  network.deliver_until_quiet();
  const auto y = network.request(other_requester, p.r, other_book);
  network.play(y, Step::check_id);
  const auto give = [&](PeerPort from, const std::vector<ExchangeId>& received) {
    return network.give(from, p.w, ReceiptMessage{network.sign(from, Receipt{received})});
  };
  const auto both = std::vector{std::min(p.x, y), std::max(p.x, y)};
  // One that names nothing, one twice, or not in their order counts for none.
  for (const auto& received : {std::vector<ExchangeId>{}, std::vector{p.x, p.x}, std::vector{both[1], both[0]}}) {
    BOOST_TEST((give(p.r, received) == Token::unexpected));
  }
  BOOST_TEST((give(network.port(3), both) == Token::unexpected));
  BOOST_TEST(p.shares_at(p.w) == 1U);
  BOOST_TEST(!give(p.r, both));
  BOOST_TEST(p.shares_at(p.w) == 0U);
  BOOST_TEST(network.record(p.w, y).shares.size() == 1U);
}

// A question for the share that overtook the block is answered when the block comes.
BOOST_AUTO_TEST_CASE(a_share_asked_for_too_early_is_sent_with_the_block) {
  Played p(4, Step::check_id);
  p.network.kill(p.o);
  p.network.home(p.r).takes_steps = false;
  p.network.wish(p.r, WishClaim{p.x});
  p.network.filter = [&](const Envelope& envelope) {
    return envelope.to != p.w || !(std::holds_alternative<CommitMessage>(envelope.message) ||
                                   std::holds_alternative<BlocksMessage>(envelope.message));
  };
  p.network.run();
  BOOST_TEST(p.network.record(p.r, p.x).shares.size() == 1U);
  p.network.filter = nullptr;
  p.network.give(p.r, p.w, CommitMessage{p.network.chain(p.r).front()});
  p.network.run();
  BOOST_TEST(p.network.record(p.r, p.x).key.has_value());
}

// Section 5: whoever committed the transfer told the requester alone, and was never seen again. The witnesses have
// voted for the block, hear nothing more of it, and have nothing of their own to propose: the question itself tells
// them that there is a block.
BOOST_AUTO_TEST_CASE(a_requester_that_alone_was_told_of_the_block_gets_its_shares) {
  Played p(4, Step::check_id);
  p.network.home(p.r).takes_steps = false;
  p.network.filter = [&](const Envelope& envelope) {
    const bool tells = tells_of_a_block(envelope.message) && envelope.to != p.r;
    return !tells && !std::holds_alternative<WantShare>(envelope.message);
  };
  p.network.wish(p.o, WishSettle{p.x});
  p.network.run();
  p.network.kill(p.o);
  p.network.filter = nullptr;
  BOOST_TEST(p.network.chain(p.r).size() == 1U);
  for (const auto witness : {p.w, p.network.port(3)}) BOOST_TEST(p.network.chain(witness).empty());
  for (const auto witness : {p.w, p.network.port(3)}) {
    BOOST_TEST((p.network.give(p.r, witness, WantShare{p.x}) == Token::waiting));
  }
  p.network.run();
  BOOST_TEST(p.network.record(p.r, p.x).key.has_value());
  for (const auto witness : {p.w, p.network.port(3)}) BOOST_TEST(p.network.chain(witness).size() == 1U);
}

// Section 5: "t shares that fit C_i": a witness that lies about its share is refused.
BOOST_AUTO_TEST_CASE(a_false_share_is_refused) {
  Played p(4, Step::check_id);
  BOOST_TEST((p.network.give(p.w, p.r, ShareMessage{p.x, p.network.draw<KeyShare>()}) == Token::wrong_share));
  BOOST_TEST((p.network.give(p.o, p.r, ShareMessage{p.x, p.network.draw<KeyShare>()}) == Token::wrong_share));
  BOOST_TEST(p.network.record(p.r, p.x).shares.empty());
}

// Section 5: the owner gives the shares that the witnesses lost, and the same rule holds for it: after the block.
BOOST_AUTO_TEST_CASE(a_requester_has_the_shares_that_were_lost_from_an_honest_owner) {
  Played p(4, Step::check_id);
  BOOST_TEST((p.network.give(p.r, p.o, WantShare{p.x}) == Token::waiting));
  BOOST_TEST(only_asks_for_blocks(p));
  p.network.home(p.o).takes_steps = false;
  p.network.home(p.r).takes_steps = false;
  p.network.filter = [](const Envelope& envelope) { return !std::holds_alternative<ShareMessage>(envelope.message); };
  p.network.wish(p.o, WishSettle{p.x});
  p.network.run();
  p.network.require_equal_chains(1);
  BOOST_TEST((p.form() == TransferForm::settled));
  BOOST_TEST(!p.network.record(p.r, p.x).key.has_value());
  p.network.filter = [&](const Envelope& envelope) {
    return envelope.from == p.o || !std::holds_alternative<ShareMessage>(envelope.message);
  };
  BOOST_TEST(!p.network.give(p.r, p.o, WantShare{p.x}));
  p.network.run();
  BOOST_TEST(p.network.record(p.r, p.x).key.has_value());
  BOOST_TEST((p.network.give(p.w, p.o, WantShare{p.x}) == Token::wrong_sender));
}

BOOST_AUTO_TEST_SUITE_END()
