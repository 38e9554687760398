// Transactions that break one rule each, in blocks that are good otherwise.
#include "tests/formats/refused_blocks.hpp"

namespace bookchain::golden {

// ---- making ----

void RefusedBlocks::add_transaction(std::string name, std::string rule, Token token, std::size_t after, PeerPort miner,
                                    Transaction transaction) {
  Chain chain(world_);
  for (std::size_t i = 0; i < after; ++i) chain.take(four_.chain.blocks()[i]);
  add(std::move(name), std::move(rule), token, after, chain.mine(miner, {std::move(transaction)}));
}

void RefusedBlocks::add_exchange(std::string name, std::string rule, Token token, const ChangeExchange& change) {
  auto changed = exchange();
  change(changed);
  const auto miner = changed.requester();
  add_transaction(std::move(name), std::move(rule), token, 0, miner,
                  make_transfer(world_, changed, TransferForm::mined));
}

void RefusedBlocks::add_book(std::string name, std::string rule, Token token,
                             const std::function<void(Book&)>& change) {
  add_exchange(std::move(name), std::move(rule), token, [&](Exchange& changed) {
    change(changed.content.book.body);
    changed.content.book = world_.sign(p1, changed.content.book.body);
    changed.request.body.book = world_.genesis.book_of(changed.content.book);
    changed.request = world_.sign(p0, changed.request.body);
    sign_from_grant(world_, changed, p1);
  });
}

void RefusedBlocks::add_transfer(std::string name, std::string rule, Token token, TransferForm form, PeerPort signer,
                                 const ChangeTransfer& change) {
  auto body = transfer_body(world_, exchange(), form);
  if (change) change(body);
  add_transaction(std::move(name), std::move(rule), token, 0, signer, world_.sign(signer, std::move(body)));
}

void RefusedBlocks::add_dispute(std::string name, std::string rule, Token token, const Exchange& exchange,
                                std::variant<BadChunk, BadDeal> proof) {
  add_transaction(std::move(name), std::move(rule), token, 0, exchange.requester(),
                  make_dispute(world_, exchange, std::move(proof)));
}

// ---- books ----

void RefusedBlocks::books() {
  add_exchange("a BOOK whose signature is another peer's", "K1", Token::bad_signature, [this](Exchange& changed) {
    changed.content.book.signature = world_.sign(p2, changed.content.book.body).signature;
  });
  add_book("a BOOK with another chunk size", "K2", Token::bad_statement, [](Book& book) { book.chunk_size = 2048; });
  add_book("a BOOK with chunks of no bytes", "K2", Token::bad_statement, [](Book& book) { book.chunk_size = 0; });
  add_book("a BOOK that is too large", "K3", Token::book_too_large, [this](Book& book) {
    book.media_type = "text/plain";
    book.size = world_.genesis.fields().limits.book_bytes + 1;
  });
  add_book("a BOOK without a title", "K4", Token::bad_statement, [](Book& book) {
    book.media_type = "text/plain";
    book.title.clear();
  });
  add_book("a media type with a space", "K5", Token::bad_statement,
           [](Book& book) { book.media_type = "text /plain"; });
  add_book("no media type", "K5", Token::bad_statement, [](Book& book) { book.media_type.clear(); });
  add_book("a value with a leading zero", "K6", Token::bad_statement, [](Book& book) {
    book.title = "01";
    book.size = 2;
  });
  add_book("a value of 65 bits", "K6", Token::bad_statement, [](Book& book) {
    book.title = "18446744073709551616";
    book.size = book.title.size();
  });
  add_book("a value book of another size", "K6", Token::bad_statement, [](Book& book) { book.size = 2; });
}

// ---- requests and grants ----

void RefusedBlocks::grants() {
  const auto request_again = [this](Exchange& changed, PeerPort signer, PeerPort owner) {
    changed.request = world_.sign(signer, changed.request.body);
    sign_from_grant(world_, changed, owner);
  };
  add_exchange("a REQUEST whose signature is another peer's", "G1", Token::bad_signature, [this](Exchange& changed) {
    changed.request.signature = world_.sign(p2, changed.request.body).signature;
  });
  add_exchange("a GRANT whose signature is another peer's", "G1", Token::bad_signature,
               [this](Exchange& changed) { changed.grant.signature = world_.sign(p2, changed.grant.body).signature; });
  add_exchange("a REQUEST in another peer's name", "G2", Token::bad_statement, [&](Exchange& changed) {
    changed.request.body.sender_port = p2;
    request_again(changed, p0, p1);
  });
  add_exchange("an exchange with oneself", "G2", Token::bad_statement, [&](Exchange& changed) {
    changed.request.body.sender_port = p1;
    request_again(changed, p1, p1);
  });
  add_exchange("an owner that is no peer", "G2", Token::bad_statement, [&](Exchange& changed) {
    changed.request.body.receiver_port = stranger;
    request_again(changed, p0, p1);
  });
  add_exchange("a REQUEST for another book", "G3", Token::bad_statement, [&](Exchange& changed) {
    changed.request.body.book = world_.genesis.book_of(four_.story.book);
    request_again(changed, p0, p1);
  });
  add_exchange("a GRANT by a witness", "G4", Token::bad_statement,
               [this](Exchange& changed) { sign_from_grant(world_, changed, p2); });
  add_exchange("a GRANT of another exchange", "G4", Token::bad_statement, [this](Exchange& changed) {
    changed.grant.body.exchange = derived<ExchangeId>("another exchange");
    changed.grant = world_.sign(p1, changed.grant.body);
  });
  add_exchange("a share too many", "G4", Token::bad_statement, [this](Exchange& changed) {
    changed.grant.body.share_commitments.push_back(derived<Hash>("share commitment"));
    sign_from_grant(world_, changed, p1);
  });
  add_exchange("a share too few", "G4", Token::bad_statement, [this](Exchange& changed) {
    changed.grant.body.share_commitments.pop_back();
    sign_from_grant(world_, changed, p1);
  });
  add_exchange("a grant by a peer that does not own the book", "V1", Token::not_owner, [&](Exchange& changed) {
    changed.request.body.receiver_port = p2;
    request_again(changed, p0, p2);
  });
  add_exchange("a version that is not reached", "V2", Token::stale_version, [this](Exchange& changed) {
    changed.grant.body.version = Version{1};
    sign_from_grant(world_, changed, p1);
  });
  add_exchange("a turn that is not reached", "V2", Token::stale_version, [this](Exchange& changed) {
    changed.grant.body.turn = Turn{1};
    sign_from_grant(world_, changed, p1);
  });
}

// ---- statements of a batch ----

void RefusedBlocks::add_place(std::string name, const std::function<void(Exchange&, Signed<Ack>&)>& change) {
  add_exchange(std::move(name), "T4", Token::bad_signature, [&](Exchange& changed) {
    sign_together(world_, {&changed});
    change(changed, changed.acks.front());
  });
}

void RefusedBlocks::places() {
  const auto batch_of = [this](Signed<Ack>& ack, PeerPort key_of, std::size_t count) {
    std::vector<Hash> leaves(count, derived_hash("another leaf", 0));
    leaves.front() = leaf_hash(unsigned_bytes(world_.genesis.id(), ack.signer, ack.body));
    auto made = merkle_paths(leaves);
    const auto size = static_cast<std::uint8_t>(count);
    const auto& key = world_.identities.at(key_of).signing_key;
    ack.signature = sign_statement(world_.genesis.id(), ack.signer, key, Batch{size, made.root}).signature;
    ack.place = BatchPlace{0, size, std::move(made.paths.front())};
  };
  add_place("an ACK of a batch without its place", [](Exchange&, Signed<Ack>& ack) { ack.place.reset(); });
  add_place("an ACK at another place of its batch", [](Exchange&, Signed<Ack>& ack) { ack.place->index ^= 1U; });
  add_place("an ACK beyond the end of its batch", [](Exchange&, Signed<Ack>& ack) { ack.place->index = 3; });
  add_place("an ACK of a batch of another size", [](Exchange&, Signed<Ack>& ack) { ++ack.place->count; });
  add_place("an ACK with the path of another statement",
            [](Exchange& changed, Signed<Ack>& ack) { ack.place = changed.id_answers.front().place; });
  add_place("an ACK with a path that is too long",
            [](Exchange&, Signed<Ack>& ack) { ack.place->path.siblings.emplace_back(); });
  add_place("an ACK with a path that is too short",
            [](Exchange&, Signed<Ack>& ack) { ack.place->path.siblings.pop_back(); });
  add_place("an ACK in a batch of one", [&](Exchange&, Signed<Ack>& ack) { batch_of(ack, ack.signer, 1); });
  add_place("an ACK in a batch of 65", [&](Exchange&, Signed<Ack>& ack) { batch_of(ack, ack.signer, 65); });
  add_place("an ACK in a batch that another peer signed", [&](Exchange&, Signed<Ack>& ack) { batch_of(ack, p0, 2); });
}

// ---- transfers ----

void RefusedBlocks::transfers() {
  add_transaction("a transfer that stands in the chain already", "V1", Token::not_owner, 1, p0,
                  make_transfer(world_, exchange(), TransferForm::mined));
  add_transaction(
      "a transfer of a turn that was aborted", "V2", Token::stale_version, 4, p3,
      make_transfer(world_, make_exchange(world_, four_.number, p3, p1, Version{2}, Turn{0}), TransferForm::mined));
  add_transaction("a transfer whose signature is another peer's", "X2", Token::bad_signature, 0, p0, [this] {
    auto transfer = make_transfer(world_, exchange(), TransferForm::mined);
    transfer.signature = world_.sign(p2, transfer.body).signature;
    return transfer;
  }());
  add_transfer("the owner mines", "T2", Token::bad_statement, TransferForm::mined, p1, {});
  add_transfer("the requester settles", "T2", Token::bad_statement, TransferForm::settled, p0, {});
  add_transfer("the owner claims", "T2", Token::bad_statement, TransferForm::claimed, p1, {});
  add_transfer("a witness mines", "T2", Token::bad_statement, TransferForm::mined, p2, {});
  const auto add_consent = [this](std::string name, Token token, const std::function<void(Signed<Consent>&)>& change) {
    add_transfer(std::move(name), "T3", token, TransferForm::mined, p0,
                 [&](Transfer& transfer) { change(transfer.consent); });
  };
  add_consent("a consent of the owner", Token::bad_statement,
              [this](Signed<Consent>& consent) { consent = world_.sign(p1, consent.body); });
  add_consent("a consent to another grant", Token::bad_statement, [this](Signed<Consent>& consent) {
    consent = world_.sign(p0, Consent{consent.body.exchange, derived<Hash>("another grant")});
  });
  add_consent("a consent in another exchange", Token::bad_statement, [this](Signed<Consent>& consent) {
    consent = world_.sign(p0, Consent{derived<ExchangeId>("another exchange"), consent.body.grant});
  });
  add_consent("a consent whose signature is another peer's", Token::bad_signature,
              [this](Signed<Consent>& consent) { consent.signature = world_.sign(p2, consent.body).signature; });
}

// ---- the witnesses of a transfer ----

void RefusedBlocks::witnesses() {
  const auto add_mined = [this](std::string name, std::string rule, Token token, const ChangeTransfer& change) {
    add_transfer(std::move(name), std::move(rule), token, TransferForm::mined, p0, change);
  };
  add_mined("an ACK too few", "T4", Token::no_quorum, [](Transfer& transfer) { transfer.acks.pop_back(); });
  add_mined("the requester is its own witness", "T4", Token::bad_statement,
            [this](Transfer& transfer) { transfer.acks.front() = world_.sign(p0, transfer.acks.front().body); });
  add_mined("the owner is its own witness", "T4", Token::bad_statement,
            [this](Transfer& transfer) { transfer.acks.front() = world_.sign(p1, transfer.acks.front().body); });
  add_mined("an ACK of no peer", "T4", Token::unknown_peer, [this](Transfer& transfer) {
    const auto& key = world_.identities.at(p3).signing_key;
    transfer.acks.back() = sign_statement(world_.genesis.id(), stranger, key, transfer.acks.back().body);
  });
  add_mined("an ACK of another grant", "T4", Token::bad_statement, [this](Transfer& transfer) {
    transfer.acks.back() = world_.sign(p3, Ack{transfer.grant.body.exchange, derived<Hash>("another grant")});
  });
  add_mined("a RELEASE passed off as an ACK", "T4", Token::bad_signature, [this](Transfer& transfer) {
    const auto& body = transfer.acks.back().body;
    transfer.acks.back().signature = world_.sign(p3, Release{body.exchange, body.grant}).signature;
  });
  add_mined("a witness acknowledges twice", "C5", Token::bad_message,
            [](Transfer& transfer) { transfer.acks.back() = transfer.acks.front(); });
  add_mined("ACKs out of order", "C5", Token::bad_message,
            [](Transfer& transfer) { std::swap(transfer.acks.front(), transfer.acks.back()); });
  add_mined("a no among the answers about the id", "T5", Token::bad_statement, [this](Transfer& transfer) {
    auto body = transfer.id_answers.back().body;
    body.yes = false;
    transfer.id_answers.back() = world_.sign(p3, body);
  });
  add_mined("an answer to another consent", "T5", Token::bad_statement, [this](Transfer& transfer) {
    auto body = transfer.id_answers.back().body;
    body.consent = derived<Hash>("another consent");
    transfer.id_answers.back() = world_.sign(p3, body);
  });
  add_mined("an answer about the id too few", "T5", Token::no_quorum,
            [](Transfer& transfer) { transfer.id_answers.pop_back(); });
  add_mined("an answer with another key commitment", "T6", Token::bad_statement, [this](Transfer& transfer) {
    auto body = transfer.key_answers.back().body;
    body.key_commitment = derived<Hash>("another commitment");
    transfer.key_answers.back() = world_.sign(p3, body);
  });
  add_mined("an answer about the key too few", "T6", Token::no_quorum,
            [](Transfer& transfer) { transfer.key_answers.pop_back(); });
  for (const auto form : {TransferForm::settled, TransferForm::claimed}) {
    add_transfer(std::string(name(form)) + " with an answer about the key", "T6", Token::bad_statement, form,
                 form == TransferForm::settled ? p1 : p0,
                 [this](Transfer& transfer) { transfer.key_answers = {exchange().key_answers.front()}; });
  }
}

// ---- aborts and disputes ----

void RefusedBlocks::aborts_and_disputes() {
  add_transaction("an abort by the requester", "V1", Token::not_owner, 0, p0,
                  world_.sign(p0, Abort{four_.number.book, Version{0}, Turn{0}}));
  add_transaction("an abort of the next turn", "V2", Token::stale_version, 0, p1,
                  world_.sign(p1, Abort{four_.number.book, Version{0}, Turn{1}}));
  add_transaction("an abort by the former owner", "V1", Token::not_owner, 1, p1,
                  world_.sign(p1, Abort{four_.number.book, Version{0}, Turn{0}}));

  const auto honest = make_exchange(world_, four_.story, p0, p3, Version{0}, Turn{0});
  for (std::uint64_t i = 0; i < 3; ++i) {
    add_dispute("chunk " + std::to_string(i) + " is as it was registered", "D5", Token::bad_statement, honest,
                bad_chunk(honest, i));
  }
  const auto empty = make_exchange(world_, four_.empty, p0, p2, Version{0}, Turn{0});
  add_dispute("the chunk of an empty book is as it was registered", "D5", Token::bad_statement, empty,
              bad_chunk(empty, 0));
  add_dispute("the shares give the key", "D7", Token::bad_statement, honest, bad_deal(world_, honest));

  Cheat cheat;
  cheat.other_chunk = 1;
  cheat.other_key_shared = true;
  const auto cheated = make_exchange(world_, four_.story, p0, p3, Version{0}, Turn{0}, cheat);
  const auto add_chunk = [&](std::string name, std::string rule, Token token,
                             const std::function<void(BadChunk&)>& change) {
    auto proof = bad_chunk(cheated, 1);
    change(proof);
    add_dispute(std::move(name), std::move(rule), token, cheated, std::move(proof));
  };
  add_chunk("a key that does not fit its commitment", "D3", Token::wrong_key,
            [](BadChunk& proof) { proof.key.bytes.front() ^= 1U; });
  add_chunk("a ciphertext that the owner did not send", "D4", Token::bad_statement,
            [](BadChunk& proof) { proof.ciphertext.front() ^= 1U; });
  add_chunk("a leaf that is not in the book", "D4", Token::bad_statement,
            [](BadChunk& proof) { proof.leaf = derived<Hash>("leaf"); });
  add_chunk("paths of two different chunks", "D4", Token::bad_statement, [&](BadChunk& proof) {
    const auto other = bad_chunk(cheated, 0);
    proof.leaf = other.leaf;
    proof.leaf_path = other.leaf_path;
  });
  add_chunk("the index of another chunk", "D4", Token::bad_statement, [](BadChunk& proof) { proof.index = 0; });
  add_chunk("an index beyond the book", "D4", Token::bad_statement, [](BadChunk& proof) { proof.index = 3; });
  add_chunk("a path that is too short", "D4", Token::bad_statement,
            [](BadChunk& proof) { proof.leaf_path.siblings.pop_back(); });
  add_chunk("a path that is too long", "D4", Token::bad_statement,
            [](BadChunk& proof) { proof.leaf_path.siblings.push_back(derived<Hash>("sibling")); });

  const auto add_deal = [&](std::string name, const std::function<void(BadDeal&)>& change) {
    auto proof = bad_deal(world_, cheated);
    change(proof);
    add_dispute(std::move(name), "D6", Token::bad_statement, cheated, std::move(proof));
  };
  add_deal("a share too few for a key", [](BadDeal& proof) { proof.shares.pop_back(); });
  add_deal("a share that was not dealt", [](BadDeal& proof) { proof.shares.back().share.bytes.front() ^= 1U; });
  add_deal("a share of the owner", [](BadDeal& proof) { proof.shares.back().signer = p3; });
  add_transaction(
      "a dispute by a witness", "D1", Token::bad_statement, 0, p1,
      world_.sign(p1, Dispute{cheated.content.book, cheated.request, cheated.grant, bad_chunk(cheated, 1)}));

  // The seventh block gave the book back; the ninth moved it on.
  const auto& seventh = four_.chain.blocks()[6].block.transactions.front();
  add_transaction("a dispute that stands in the chain already", "V2", Token::stale_version, 7, p0, seventh);
  add_transaction("a dispute after the book has moved on", "V1", Token::not_owner, 9, p0, seventh);
}

}  // namespace bookchain::golden
