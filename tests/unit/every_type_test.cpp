// The property of the canonical form (docs/formats.md), for every statement, message, row and network: what
// is written is read again as the same; and bytes that differ anywhere are refused or mean what exactly they
// say, never the same thing in a second spelling.
#include <set>
#include <tuple>

#include "ledger/card.hpp"
#include "ledger/node.hpp"
#include "ledger/records.hpp"
#include "tests/unit/filler.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t values_a_type = 3;

/// Reads changed bytes. True if they were refused, or write the very bytes that were read.
template <class T>
bool refused_or_canonical(const Bytes& changed) {
  const auto value = decode<T>(changed);
  if (value) return encode(value.value()) == changed;
  return token_of(value) == "bad-message" && !value.error().subject.empty();
}

template <class T>
void check_changes(const Bytes& bytes) {
  auto changed = bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned byte = bytes[i];
    for (const unsigned other : {byte ^ 0x01U, byte ^ 0x80U, byte + 1, byte - 1, 0U, 0xffU}) {
      changed[i] = static_cast<std::uint8_t>(other);
      if (!refused_or_canonical<T>(changed)) BOOST_ERROR("byte " << i << " as " << other << " of " << to_hex(bytes));
    }
    changed[i] = bytes[i];
  }
}

template <class T>
void check_length(const Bytes& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (decode<T>(ByteView(bytes).first(size))) BOOST_ERROR("cut after " << size << " bytes of " << to_hex(bytes));
  }
  auto longer = bytes;
  longer.push_back(0);
  BOOST_TEST(!decode<T>(longer).has_value());
}

template <class T>
void check_canonical(const T& value) {
  const auto bytes = encode(value);
  const auto read = value_of(decode<T>(bytes));
  BOOST_TEST((encode(read) == bytes));
  if constexpr (!std::same_as<T, Message> && std::equality_comparable<T>) BOOST_TEST((read == value));
  check_length<T>(bytes);
  check_changes<T>(bytes);
}

using Statements = std::tuple<Signed<Book>, Signed<Request>, Signed<Grant>, Signed<Ack>, Signed<Consent>,
                              Signed<IdAnswer>, Signed<Release>, Signed<KeyAnswer>, Signed<Receipt>, Signed<Transfer>,
                              Signed<Abort>, Signed<Dispute>, Signed<bookchain::ledger::Answer>, Signed<Propose>,
                              Signed<Prevote>, Signed<Precommit>, Signed<BlockHeader>, Signed<Card>>;
using Aggregates = std::tuple<Block, CommittedBlock, PrevoteCertificate, CommitCertificate, Transaction, GenesisFields>;
using RowTypes = std::tuple<Ownership, MoveKey, Move, ShelfRecord, ExchangeRecord, WitnessIdKey, WitnessIdRecord,
                            TurnKey, TurnRecord, VoterRecord, ProposerRecord, DeferredKey, DeferredRecord, AskedBlocks,
                            Waiters, RestoreRecord, Head, ShelfTaskKey, ShelfTask>;

template <class T>
void check_type() {
  for (std::uint64_t seed = 1; seed <= values_a_type; ++seed) check_canonical(filled_value<T>(seed));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(every_type)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_statement_has_one_encoding, Statement, Statements) { check_type<Statement>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(a_block_or_network_has_one_encoding, Aggregate, Aggregates) { check_type<Aggregate>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(a_row_of_the_state_has_one_encoding, Row, RowTypes) { check_type<Row>(); }

BOOST_AUTO_TEST_CASE(a_message_of_any_kind_has_one_encoding) {
  for (std::size_t kind = 0; kind < std::variant_size_v<Message>; ++kind) {
    for (std::uint64_t seed = 1; seed <= values_a_type; ++seed) {
      Message message;
      Filler(seed).alternative(kind, message);
      BOOST_REQUIRE(message.index() == kind);
      BOOST_TEST_CONTEXT(name(message)) { check_canonical(message); }
    }
  }
}

// What a peer may send before it is durable (docs/decisions/0021-questions-leave-before-the-commit.md): a new kind of
// message is none of these until its sender may forget it.
BOOST_AUTO_TEST_CASE(of_all_messages_three_questions_and_a_certificate_of_votes_may_be_forgotten) {
  std::set<std::string_view> forgettable;
  for (std::size_t kind = 0; kind < std::variant_size_v<Message>; ++kind) {
    Message message;
    Filler(1).alternative(kind, message);
    if (may_be_forgotten(message)) forgettable.insert(name(message));
  }
  BOOST_TEST((forgettable == std::set<std::string_view>{"check-id", "check-key", "new-round", "prevotes"}));
}

// Section 6: "a statement of one type passed off as another".
BOOST_AUTO_TEST_CASE(no_two_types_of_statement_have_the_same_unsigned_bytes) {
  const auto network = filled<NetworkId>(1);
  const PeerPort signer{5000};
  const auto exchange = filled<ExchangeId>(2);
  const auto grant = filled<Hash>(3);
  const auto ack = unsigned_bytes(network, signer, Ack{exchange, grant});
  const auto consent = unsigned_bytes(network, signer, Consent{exchange, grant});
  const auto release = unsigned_bytes(network, signer, Release{exchange, grant});
  BOOST_TEST((ack != consent && consent != release && release != ack));
  const auto prevote = unsigned_bytes(network, signer, Prevote{Height{1}, {}, grant});
  const auto precommit = unsigned_bytes(network, signer, Precommit{Height{1}, {}, grant});
  const auto propose = unsigned_bytes(network, signer, Propose{Height{1}, {}, grant});
  BOOST_TEST((prevote != precommit && precommit != propose && propose != prevote));
}

// Section 2: "A statement's id is the hash of its unsigned bytes; signature bytes never make an identity."
BOOST_AUTO_TEST_CASE(an_id_depends_on_signer_network_and_body_and_not_on_the_signature) {
  auto statement = filled_value<Signed<Request>>(5);
  const auto network = filled<NetworkId>(1);
  const auto id = statement_id(network, statement);
  statement.signature.bytes[0] ^= 1U;
  BOOST_TEST((statement_id(network, statement) == id));
  BOOST_TEST((statement_id(filled<NetworkId>(2), statement) != id));
  auto other = statement;
  other.signer.value ^= 1U;
  BOOST_TEST((statement_id(network, other) != id));
  other = statement;
  other.body.id_hash.bytes[31] ^= 1U;
  BOOST_TEST((statement_id(network, other) != id));
}

BOOST_AUTO_TEST_CASE(a_commitment_binds_exchange_index_and_secret) {
  const auto exchange = filled<ExchangeId>(1);
  const auto share = filled<KeyShare>(2);
  const auto commitment = share_commitment(exchange, 0, share);
  BOOST_TEST((share_commitment(filled<ExchangeId>(3), 0, share) != commitment));
  BOOST_TEST((share_commitment(exchange, 1, share) != commitment));
  BOOST_TEST((share_commitment(exchange, 0, filled<KeyShare>(3)) != commitment));
  const auto key = filled<BookKey>(2);
  BOOST_TEST((key_commitment(exchange, key) != key_commitment(filled<ExchangeId>(3), key)));
  BOOST_TEST((key_commitment(exchange, key) != key_commitment(exchange, filled<BookKey>(3))));
  BOOST_TEST((request_id_hash(filled<RequestId>(1)) != request_id_hash(filled<RequestId>(2))));
}

template <class Kind>
void check_names(Kind first, Kind last) {
  std::set<std::string_view> names;
  for (auto i = static_cast<unsigned>(first); i <= static_cast<unsigned>(last); ++i) {
    const auto called = name(static_cast<Kind>(i));
    BOOST_TEST(!called.empty());
    BOOST_TEST(names.insert(called).second, called << " is the name of two");
  }
}

BOOST_AUTO_TEST_CASE(everything_that_is_named_has_a_name_of_its_own) {
  check_names(Step::request, Step::dispute);
  check_names(StatementType::book, StatementType::batch);
  check_names(TransferForm::mined, TransferForm::claimed);
  check_names(Role::requester, Role::witness);
  check_names(ExchangeState::requested, ExchangeState::aborted);
  check_names(MarkKind::bad_chunk, MarkKind::bad_deal);
}

BOOST_AUTO_TEST_SUITE_END()
