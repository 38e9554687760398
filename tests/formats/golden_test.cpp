// Golden vectors (docs/formats.md): what the program writes today is what it wrote yesterday, byte for
// byte. The same files are read by the independent verifier of this folder, so a format that only this
// program understands fails too. BOOKCHAIN_REGENERATE=1 writes them anew.
#include <boost/test/unit_test.hpp>

#include "cli/card_file.hpp"
#include "cli/fingerprint.hpp"
#include "cli/network_file.hpp"
#include "tests/formats/golden_chains.hpp"
#include "tests/formats/golden_files.hpp"
#include "transport/channel.hpp"

namespace {

using namespace bookchain;          // NOLINT(google-build-using-namespace)
using namespace bookchain::golden;  // NOLINT(google-build-using-namespace)
using Json = nlohmann::ordered_json;

const FourPeers& four() {
  static const FourPeers chain;
  return chain;
}
const ThirteenPeers& thirteen() {
  static const ThirteenPeers chain;
  return chain;
}

// ---- networks ----

Json network_vector(const World& world, const std::string& file) {
  const auto& genesis = world.genesis;
  Json secrets = Json::array();
  for (const auto& [port, identity] : world.identities) {
    secrets.push_back({{"port", port.value},
                       {"signing_key", to_hex(identity.signing_key)},
                       {"agreement_key", to_hex(identity.agreement_key)}});
  }
  return {{"file", file},
          {"fields", json_of(genesis.fields())},
          {"canonical", to_hex(encode(genesis.fields()))},
          {"network_id", to_hex(genesis.id())},
          {"numbers",
           {{"n", genesis.peer_count()},
            {"m", genesis.witness_count()},
            {"f", genesis.faults_borne()},
            {"q", genesis.vote_quorum()},
            {"a", genesis.witness_majority()},
            {"A", genesis.ack_quorum()},
            {"t", genesis.share_threshold()}}},
          {"secret_keys", secrets}};
}

// ---- statements ----

template <class Body>
Json statement_vector(const World& world, const Signed<Body>& statement) {
  const auto unsigned_form = unsigned_bytes(world.genesis.id(), statement.signer, statement.body);
  return {{"statement", name(Body::type)},
          {"type", static_cast<unsigned>(Body::type)},
          {"signer", statement.signer.value},
          {"fields", json_of(statement.body)},
          {"unsigned", to_hex(unsigned_form)},
          {"id", to_hex(sha256(unsigned_form))},
          {"signature", to_hex(statement.signature)},
          {"place", json_of(statement.place)},
          {"canonical", to_hex(encode(statement))}};
}

Json statement_vectors(const World& world, const Exchange& exchange, const Chain& chain) {
  Json vectors = Json::array();
  const auto add = [&](const auto& statement) { vectors.push_back(statement_vector(world, statement)); };
  add(exchange.content.book);
  add(exchange.request);
  add(exchange.grant);
  add(exchange.acks.front());
  add(exchange.consent);
  add(exchange.id_answers.front());
  add(world.sign(p3, IdAnswer{exchange.id, world.genesis.id_of(exchange.consent), false}));
  add(exchange.release);
  add(exchange.key_answers.front());
  add(exchange.receipt);
  for (const auto form : {TransferForm::mined, TransferForm::settled, TransferForm::claimed}) {
    add(make_transfer(world, exchange, form));
  }
  add(world.sign(exchange.owner(), Abort{exchange.content.book, Version{0}, Turn{0}}));
  add(make_dispute(world, exchange, bad_chunk(exchange, 1)));
  add(make_dispute(world, exchange, bad_deal(world, exchange)));
  const auto& header = chain.blocks().front().block.header;
  const auto hash = world.genesis.id_of(header);
  const Ballot ballot{Round{2}, p1};
  add(world.sign(p2, Answer{Height{1}, ballot, std::nullopt}));
  add(world.sign(p2, Answer{Height{1}, ballot, Lock{Ballot{Round{1}, p0}, hash}}));
  add(world.sign(p1, Propose{Height{1}, ballot, hash}));
  add(world.sign(p2, Prevote{Height{1}, ballot, hash}));
  add(world.sign(p2, Precommit{Height{1}, ballot, hash}));
  add(header);
  // The same under one signature of each peer, but for what is signed alone.
  auto together = exchange;
  sign_together(world, {&together});
  add(together.acks.front());
  add(together.id_answers.front());
  add(together.key_answers.front());
  add(std::get<Signed<Transfer>>(chain.blocks().back().block.transactions.back()));
  return vectors;
}

Json commitment_vectors(const World& world, const Exchange& exchange) {
  Json shares = Json::array();
  for (std::uint32_t i = 0; i < exchange.shares.size(); ++i) {
    shares.push_back({{"index", i},
                      {"share", to_hex(exchange.shares[i])},
                      {"commitment", to_hex(share_commitment(exchange.id, i, exchange.shares[i]))}});
  }
  return {{"exchange", to_hex(exchange.id)},
          {"request_id", to_hex(exchange.request_id)},
          {"request_id_hash", to_hex(request_id_hash(exchange.request_id))},
          {"key", to_hex(exchange.key)},
          {"key_commitment", to_hex(key_commitment(exchange.id, exchange.key))},
          {"threshold", world.genesis.share_threshold()},
          {"shares", shares}};
}

// ---- messages ----

std::vector<Message> messages_of_exchange(const World& world, const Exchange& exchange) {
  const auto& genesis = world.genesis;
  const auto grant_id = genesis.id_of(exchange.grant);
  const auto other = make_exchange(world, exchange.content, p2, exchange.owner(), Version{0}, Turn{0});
  return {Announce{exchange.content.book},
          WitnessId{exchange.id, exchange.request_id},
          RequestMessage{exchange.request},
          GrantMessage{exchange.request, exchange.grant, exchange.content.book},
          WitnessShare{exchange.request, exchange.grant, exchange.shares.front()},
          AckMessage{exchange.acks.front()},
          GrantConflict{exchange.id, exchange.request, exchange.grant, other.request, other.grant},
          ConsentMessage{exchange.request_id, exchange.consent, exchange.acks},
          CheckId{exchange.request_id, exchange.request, exchange.grant, exchange.consent},
          IdAnswerMessage{exchange.id_answers.front()},
          ReleaseMessage{exchange.key, exchange.id_answers, exchange.release},
          CheckKey{exchange.id, grant_id},
          KeyAnswerMessage{exchange.key_answers.front()},
          Over{exchange.id, "book-busy", "the book was granted to another requester"},
          SendAgain{exchange.id},
          WantShare{exchange.id},
          ShareMessage{exchange.id, exchange.shares.back()},
          ReceiptMessage{exchange.receipt}};
}

constexpr std::uint64_t question = 0x0102030405060708;

std::vector<Message> messages_of_a_restore(const Exchange& exchange) {
  const auto& grant = exchange.grant.body;
  const TurnPlace place{exchange.request.body.book, grant.version, grant.turn};
  const OwnGrant alone{exchange.request, exchange.grant, std::nullopt, {}, std::nullopt, {}, std::nullopt};
  const OwnGrant whole{exchange.request, exchange.grant,      exchange.content.book, exchange.acks,
                       exchange.consent, exchange.id_answers, exchange.release};
  return {WantOwn{place, question}, OwnMessage{{alone, whole}, place, question}};
}

std::vector<Message> messages_of_chain(const World& world, const CommittedBlock& committed) {
  const auto& block = committed.block;
  const auto hash = world.genesis.block_hash(block);
  const Ballot first{Round{1}, p0};
  const Ballot second{Round{2}, p1};
  const Height height{1};
  PrevoteCertificate lock{Prevote{height, first, hash}, {}};
  std::vector<Signed<Answer>> answers;
  for (const auto voter : quorum(world)) {
    lock.votes.push_back(VoteSignature{voter, world.sign(voter, lock.vote).signature});
    answers.push_back(world.sign(voter, Answer{height, second, Lock{first, hash}}));
  }
  return {NewRound{height, second},
          AnswerMessage{answers.front(), ProvenLock{lock, block}},
          Promised{height, second},
          ProposeMessage{world.sign(p1, Propose{height, second, hash}), answers, lock, block},
          PrevoteMessage{world.sign(p2, Prevote{height, second, hash})},
          PrevotesMessage{lock},
          PrecommitMessage{world.sign(p2, Precommit{height, second, hash})},
          CommitMessage{committed},
          WantBlocks{height},
          BlocksMessage{height, {committed}},
          WantVotes{question},
          VotesMessage{height, committed.certificate, std::nullopt, question},
          EvidenceMessage{contradiction(world.genesis.id(), world.sign(p2, Prevote{height, second, hash}),
                                        world.sign(p2, Prevote{height, second, derived_hash("another block", 0)}))}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_vectors)

BOOST_AUTO_TEST_CASE(network_files_and_ids_are_as_they_were) {
  const auto small = cli::write_network(four().world.genesis);
  const auto large = cli::write_network(thirteen().world.genesis);
  check_golden("network-4.yaml", small);
  check_golden("network-13.yaml", large);
  check_golden("networks.json", Json::array({network_vector(four().world, "network-4.yaml"),
                                             network_vector(thirteen().world, "network-13.yaml")}));
  const auto read = cli::read_network("network-4.yaml", small);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((read.value().id() == four().world.genesis.id()));
}

BOOST_AUTO_TEST_CASE(statements_have_the_bytes_ids_and_signatures_they_had) {
  const auto& world = four().world;
  const auto exchange = make_exchange(world, four().story, p0, p3, Version{0}, Turn{0});
  check_golden("statements.json", Json{{"network", "network-4.yaml"},
                                       {"commitments", commitment_vectors(world, exchange)},
                                       {"statements", statement_vectors(world, exchange, four().chain)}});
}

BOOST_AUTO_TEST_CASE(every_kind_of_message_has_its_tag_and_bytes) {
  const auto& world = four().world;
  const auto exchange = make_exchange(world, four().number, p0, p1, Version{0}, Turn{0});
  auto messages = messages_of_exchange(world, exchange);
  for (auto& message : messages_of_chain(world, four().chain.blocks().front())) messages.push_back(std::move(message));
  for (auto& message : messages_of_a_restore(exchange)) messages.push_back(std::move(message));
  BOOST_TEST(messages.size() == std::variant_size_v<Message>);
  Json vectors = Json::array();
  for (std::size_t tag = 0; tag < messages.size(); ++tag) {
    BOOST_TEST(messages[tag].index() == tag);
    const auto bytes = encode(messages[tag]);
    const auto decoded = decode<Message>(bytes);
    BOOST_REQUIRE(decoded.has_value());
    BOOST_TEST((encode(decoded.value()) == bytes));
    vectors.push_back(Json{{"message", name(messages[tag])}, {"tag", tag}, {"canonical", to_hex(bytes)}});
  }
  check_golden("messages.json", vectors);
}

BOOST_AUTO_TEST_CASE(a_card_has_the_bytes_it_had_and_its_peer_has_the_same_fingerprint_in_the_network) {
  const auto& genesis = four().world.genesis;
  const auto& identity = four().world.identities.at(p0);
  const auto& peer = genesis.peers().front();
  const auto card =
      sign_card(p0, identity.signing_key, identity.agreement_key, peer.address, genesis.fields().test_network);
  const auto unsigned_form = unsigned_bytes(no_network, card.signer, card.body);
  check_golden("card.yaml", cli::write_card(card));
  check_golden("card.json", Json{{"file", "card.yaml"},
                                 {"network", "network-4.yaml"},
                                 {"type", static_cast<unsigned>(Card::type)},
                                 {"signer", card.signer.value},
                                 {"fields", json_of(card.body)},
                                 {"unsigned", to_hex(unsigned_form)},
                                 {"id", to_hex(sha256(unsigned_form))},
                                 {"signature", to_hex(card.signature)},
                                 {"canonical", to_hex(encode(card))},
                                 {"fingerprint", cli::fingerprint(card_id(genesis, peer))}});
}

BOOST_AUTO_TEST_CASE(a_sealed_message_opens_at_its_receiver) {
  const auto& world = four().world;
  const auto& sender = world.identities.at(p0);
  const auto& receiver = world.identities.at(p1);
  const auto sending = transport::Channel::make(world.genesis, sender, p1);
  const auto receiving = transport::Channel::make(world.genesis, receiver, p0);
  BOOST_REQUIRE(sending.has_value() && receiving.has_value());
  const auto secret = agree(sender.agreement_key, agreement_point(receiver.agreement_key));
  BOOST_REQUIRE(secret.has_value());
  const auto epoch = derived<Epoch>("epoch");
  const auto fresh = derived<Hash>("fresh");
  const auto payload = encode(Message{SendAgain{derived<ExchangeId>("exchange")}});
  const auto envelope = sending.value().seal(epoch, MessageNumber{7}, payload, fresh);
  check_golden("sealed.json", Json{{"network", "network-4.yaml"},
                                   {"from", p0.value},
                                   {"to", p1.value},
                                   {"agreement_key", to_hex(sender.agreement_key)},
                                   {"receiver_agreement_key", to_hex(receiver.agreement_key)},
                                   {"secret", to_hex(secret.value())},
                                   {"epoch", to_hex(epoch)},
                                   {"number", 7},
                                   {"fresh", to_hex(fresh)},
                                   {"payload", to_hex(payload)},
                                   {"envelope", to_hex(envelope)}});
  const auto opened = receiving.value().open(envelope);
  BOOST_REQUIRE(opened.has_value());
  BOOST_TEST((opened.value().payload() == payload));
}

BOOST_AUTO_TEST_CASE(a_package_has_the_bytes_it_had) {
  const auto& world = four().world;
  const auto exchange = make_exchange(world, four().story, p0, p3, Version{0}, Turn{0});
  const auto& content = exchange.content;
  Json salts = Json::array();
  Json leaves = Json::array();
  for (std::uint64_t i = 0; i < chunk_count(content.book.body); ++i) {
    salts.push_back(to_hex(chunk_salt(content.secret, i)));
    leaves.push_back(to_hex(content.leaves()[i]));
  }
  const auto package = package_of(exchange);
  BOOST_TEST(package.size() == package_size(content.book.body));
  check_golden("package.json", Json{{"book", json_of(content.book)},
                                    {"exchange", to_hex(exchange.id)},
                                    {"key", to_hex(exchange.key)},
                                    {"secret", to_hex(content.secret)},
                                    {"salts", salts},
                                    {"leaves", leaves},
                                    {"text", to_hex(content.text)},
                                    {"ciphertext_root", to_hex(exchange.grant.body.ciphertext_root)},
                                    {"package", to_hex(package)}});
}

BOOST_AUTO_TEST_CASE(exported_chains_have_the_bytes_they_had) {
  check_golden("chain-4.jsonl", export_chain(four().world, four().chain.blocks()));
  check_golden("chain-13.jsonl", export_chain(thirteen().world, thirteen().chain.blocks()));
  // What the last block leaves: the story was moved, given back and moved again.
  const auto stand = standing(four().world.genesis, four().chain.state(), four().story.book);
  BOOST_TEST(stand.owner.value == p1.value);
  BOOST_TEST(stand.version.value == 3U);
  BOOST_TEST(stand.turn.value == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
