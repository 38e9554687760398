#include "tests/formats/golden_world.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "ledger/batch_signing.hpp"

namespace bookchain::golden {

Hash derived_hash(std::string_view purpose, std::uint64_t number) {
  return sha256({bytes_of("bookchain golden "), bytes_of(purpose), encode(number)});
}

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

Bytes book_text(std::string_view title, std::size_t size) {
  Bytes text;
  for (std::size_t line = 1; text.size() < size; ++line) {
    const auto more = bytes_of("Line " + std::to_string(line) + " of " + std::string(title) + ".\n");
    text.insert(text.end(), more.begin(), more.end());
  }
  text.resize(size);
  return text;
}

World make_world(std::size_t peers, std::uint32_t chunk_size) {
  GenesisFields fields;
  fields.chunk_size = chunk_size;
  fields.test_network = true;
  std::map<PeerPort, Identity> identities;
  for (std::size_t i = 0; i < peers; ++i) {
    const PeerPort port{static_cast<std::uint16_t>(5000 + i)};
    const Identity identity{port, derived<SigningKey>("signing key", port.value),
                            derived<AgreementKey>("agreement key", port.value)};
    fields.peers.push_back(Peer{port, verify_key(identity.signing_key), agreement_point(identity.agreement_key),
                                "spool:" + std::to_string(port.value) + "/spool"});
    identities.emplace(port, identity);
  }
  auto genesis = Genesis::make(std::move(fields));
  BOOST_REQUIRE(genesis.has_value());
  return World{std::move(genesis).value(), std::move(identities)};
}

// ---- books ----

Bytes Content::chunk(std::uint64_t index) const {
  const auto first = text.begin() + static_cast<std::ptrdiff_t>(index * book.body.chunk_size);
  return Bytes(first, first + static_cast<std::ptrdiff_t>(chunk_length(book.body, index)));
}

std::vector<Hash> Content::leaves() const {
  std::vector<Hash> hashes;
  for (std::uint64_t i = 0; i < chunk_count(book.body); ++i) {
    hashes.push_back(chunk_leaf(chunk_salt(secret, i), chunk(i)));
  }
  return hashes;
}

Content make_book(const World& world, PeerPort registrar, std::uint64_t serial, std::string title,
                  std::string media_type, Bytes text) {
  Content content;
  content.secret = derived<BookSecret>("book secret of " + std::to_string(registrar.value), serial);
  const auto size = text.size();
  content.text = std::move(text);
  content.book.body =
      Book{serial, std::move(title), std::move(media_type), size, world.genesis.fields().chunk_size, {}};
  content.book.body.root = merkle_root(content.leaves());
  content.book = world.sign(registrar, content.book.body);
  return content;
}

Content make_value_book(const World& world, PeerPort registrar, std::uint64_t serial, std::string value) {
  auto text = bytes_of(value);
  return make_book(world, registrar, serial, std::move(value), std::string(value_media_type), std::move(text));
}

// ---- exchanges ----

namespace {

void encrypt_book(Exchange& exchange, const Cheat& cheat) {
  ChunkCipher cipher(exchange.key);
  const auto& content = exchange.content;
  const auto count = chunk_count(content.book.body);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto chunk = content.chunk(i);
    if (cheat.other_chunk == i) chunk.front() ^= 1U;
    exchange.ciphertext.push_back(
        encrypt_chunk(cipher, exchange.id, i, i + 1 == count, chunk_salt(content.secret, i), chunk));
    if (cheat.broken_chunk == i) exchange.ciphertext.back().back() ^= 1U;
  }
}

Hash ciphertext_root(const Exchange& exchange) {
  MerkleAccumulator tree;
  for (const auto& chunk : exchange.ciphertext) tree.push(leaf_hash(chunk));
  return tree.root();
}

}  // namespace

Exchange make_exchange(const World& world, const Content& content, PeerPort requester, PeerPort owner, Version version,
                       Turn turn, const Cheat& cheat) {
  const auto& genesis = world.genesis;
  const auto number = (version.value << 8U) + turn.value;
  const auto name = " of " + content.book.body.title;
  Exchange exchange;
  exchange.content = content;
  exchange.request_id = derived<RequestId>("request id" + name, number);
  exchange.request = world.sign(
      requester, Request{requester, owner, genesis.book_of(content.book), request_id_hash(exchange.request_id)});
  exchange.id = genesis.exchange_of(exchange.request);
  exchange.key = derived<BookKey>("key" + name, number);
  encrypt_book(exchange, cheat);
  const auto witnesses = genesis.witnesses(requester, owner);
  Bytes coefficients;
  for (std::size_t i = 0; i + 1 < genesis.share_threshold(); ++i) {
    const auto more = derived_hash("coefficients" + name, (number << 8U) + i);
    coefficients.insert(coefficients.end(), more.bytes.begin(), more.bytes.end());
  }
  const auto shared = cheat.other_key_shared ? derived<BookKey>("another key" + name, number) : exchange.key;
  exchange.shares = split(shared, genesis.share_threshold(), witnesses.size(), coefficients);
  Grant grant{exchange.id, version, turn, ciphertext_root(exchange), key_commitment(exchange.id, exchange.key), {}};
  for (std::uint32_t i = 0; i < exchange.shares.size(); ++i) {
    grant.share_commitments.push_back(share_commitment(exchange.id, i, exchange.shares[i]));
  }
  exchange.grant.body = std::move(grant);
  sign_from_grant(world, exchange, owner);
  return exchange;
}

void sign_from_grant(const World& world, Exchange& exchange, PeerPort owner) {
  const auto& genesis = world.genesis;
  const auto requester = exchange.request.signer;
  exchange.id = genesis.exchange_of(exchange.request);
  exchange.grant.body.exchange = exchange.id;
  exchange.grant = world.sign(owner, exchange.grant.body);
  const auto grant_id = genesis.id_of(exchange.grant);
  exchange.consent = world.sign(requester, Consent{exchange.id, grant_id});
  const auto consent_id = genesis.id_of(exchange.consent);
  exchange.acks.clear();
  exchange.id_answers.clear();
  exchange.key_answers.clear();
  for (const auto witness : genesis.witnesses(requester, owner)) {
    exchange.acks.push_back(world.sign(witness, Ack{exchange.id, grant_id}));
    exchange.id_answers.push_back(world.sign(witness, IdAnswer{exchange.id, consent_id, true}));
    exchange.key_answers.push_back(
        world.sign(witness, KeyAnswer{exchange.id, grant_id, exchange.grant.body.key_commitment}));
  }
  exchange.release = world.sign(owner, Release{exchange.id, grant_id});
  exchange.receipt = world.sign(requester, Receipt{{exchange.id}});
}

void sign_together(const World& world, const std::vector<Exchange*>& exchanges) {
  const auto each = [&](const auto& visit) {
    for (auto* exchange : exchanges) {
      visit(exchange->request);
      visit(exchange->grant);
      visit(exchange->consent);
      visit(exchange->release);
      std::ranges::for_each(exchange->acks, visit);
      std::ranges::for_each(exchange->id_answers, visit);
      std::ranges::for_each(exchange->key_answers, visit);
    }
  };
  each([](auto& statement) { statement.signature = {}; });
  for (const auto& each_identity : world.identities) {
    const auto& port = each_identity.first;
    const auto& identity = each_identity.second;
    BatchSigner signer(world.genesis, identity);
    each([&](const auto& statement) {
      if (statement.signer == port) signer.add(unsigned_bytes(world.genesis.id(), port, statement.body));
    });
    signer.sign();
    each([&](auto& statement) { signer.fill(statement); });
  }
}

Bytes package_of(const Exchange& exchange) {
  Bytes package = bytes_of(package_magic);
  const auto add = [&](ByteView bytes) { package.insert(package.end(), bytes.begin(), bytes.end()); };
  add(encode(chunk_count(exchange.content.book.body)));
  for (const auto& leaf : exchange.content.leaves()) add(leaf.view());
  for (const auto& chunk : exchange.ciphertext) add(chunk);
  return package;
}

Transfer transfer_body(const World& world, const Exchange& exchange, TransferForm form) {
  const auto& genesis = world.genesis;
  const auto first = [](const auto& statements, std::size_t count) {
    return std::decay_t<decltype(statements)>(statements.begin(),
                                              statements.begin() + static_cast<std::ptrdiff_t>(count));
  };
  return Transfer{form,
                  exchange.content.book,
                  exchange.request,
                  exchange.grant,
                  exchange.consent,
                  first(exchange.acks, genesis.ack_quorum()),
                  first(exchange.id_answers, genesis.witness_majority()),
                  first(exchange.key_answers, form == TransferForm::mined ? genesis.witness_majority() : 0)};
}

Signed<Transfer> make_transfer(const World& world, const Exchange& exchange, TransferForm form) {
  const auto signer = form == TransferForm::settled ? exchange.owner() : exchange.requester();
  return world.sign(signer, transfer_body(world, exchange, form));
}

BadChunk bad_chunk(const Exchange& exchange, std::uint64_t index) {
  std::vector<Hash> ciphertext_leaves;
  for (const auto& chunk : exchange.ciphertext) ciphertext_leaves.push_back(leaf_hash(chunk));
  const auto leaves = exchange.content.leaves();
  const auto place = static_cast<std::size_t>(index);
  return BadChunk{exchange.key,
                  index,
                  exchange.ciphertext[place],
                  merkle_path(ciphertext_leaves, place),
                  leaves[place],
                  merkle_path(leaves, place)};
}

BadDeal bad_deal(const World& world, const Exchange& exchange) {
  const auto witnesses = world.genesis.witnesses(exchange.requester(), exchange.owner());
  BadDeal proof;
  // The last ones, so that the index of a share is not its place in the list.
  for (auto i = witnesses.size() - world.genesis.share_threshold(); i < witnesses.size(); ++i) {
    proof.shares.push_back(DealtShare{witnesses[i], exchange.shares[i]});
  }
  return proof;
}

Signed<Dispute> make_dispute(const World& world, const Exchange& exchange, std::variant<BadChunk, BadDeal> proof) {
  return world.sign(exchange.requester(),
                    Dispute{exchange.content.book, exchange.request, exchange.grant, std::move(proof)});
}

// ---- the chain ----

Block Chain::mine(PeerPort miner, std::vector<Transaction> transactions) const {
  const Time time{1'767'225'600'000'000 + (head().height.value + 1) * 60'000'000};
  return mine_block(world_.genesis, world_.identities.at(miner), head(), time, std::move(transactions));
}

void Chain::append(PeerPort miner, std::vector<Transaction> transactions, const Ballot& ballot,
                   const std::vector<PeerPort>& voters) {
  auto block = mine(miner, std::move(transactions));
  auto certificate = certify(world_, block, ballot, voters);
  take(CommittedBlock{std::move(block), std::move(certificate)});
}

void Chain::take(const CommittedBlock& committed) {
  Draft draft(store_);
  const auto appended = verify_and_append(world_.genesis, draft, committed, true);
  BOOST_REQUIRE_MESSAGE(appended.has_value(), (appended.has_value() ? std::string() : appended.error().what));
  BOOST_REQUIRE(store_.begin().has_value());
  store_.apply(draft.take_effects().writes);
  BOOST_REQUIRE(store_.commit().has_value());
  blocks_.push_back(committed);
}

CommitCertificate certify(const World& world, const Block& block, const Ballot& ballot,
                          const std::vector<PeerPort>& voters) {
  const Precommit vote{block.header.body.height, ballot, world.genesis.block_hash(block)};
  CommitCertificate certificate{vote, {}};
  for (const auto voter : voters) {
    certificate.votes.push_back(VoteSignature{voter, world.sign(voter, vote).signature});
  }
  return certificate;
}

std::vector<PeerPort> quorum(const World& world) {
  std::vector<PeerPort> ports;
  for (const auto& peer : world.genesis.peers()) {
    if (ports.size() < world.genesis.vote_quorum()) ports.push_back(peer.port);
  }
  return ports;
}

std::string export_line(Height height, const Hash& hash, ByteView block, ByteView certificate) {
  return R"({"height":)" + std::to_string(height.value) + R"(,"hash":")" + to_hex(hash) + R"(","block":")" +
         to_hex(block) + R"(","certificate":")" + to_hex(certificate) + "\"}\n";
}

std::string export_line(const World& world, const CommittedBlock& committed) {
  return export_line(committed.block.header.body.height, world.genesis.block_hash(committed.block),
                     encode(committed.block), encode(committed.certificate));
}

std::string export_chain(const World& world, const std::vector<CommittedBlock>& blocks) {
  auto text = R"({"bookchain":"chain","schema":1,"network":")" + to_hex(world.genesis.id()) + "\"}\n";
  for (const auto& committed : blocks) text += export_line(world, committed);
  return text;
}

}  // namespace bookchain::golden
