// Evidence (docs/formats.md): every kind is found to hold, what proves nothing is not, and the bytes of both are what
// they were. tests/formats/check_evidence.py reads the same vectors a second time.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <set>

#include "tests/formats/evidence_world.hpp"
#include "tests/formats/golden_chains.hpp"
#include "tests/formats/golden_files.hpp"

namespace {

using namespace bookchain;          // NOLINT(google-build-using-namespace)
using namespace bookchain::golden;  // NOLINT(google-build-using-namespace)
using Json = nlohmann::ordered_json;

#ifdef __SANITIZE_ADDRESS__
constexpr double most_milliseconds = 500;
#else
constexpr double most_milliseconds = 50;
#endif

const World& world() {
  static const World four = make_world(4);
  return four;
}
const Content& story() {
  static const Content made =
      make_book(world(), PeerPort{5003}, 1, "A story", "text/plain", book_text("A story", 2500));
  return made;
}

Json vector_of(const NamedEvidence& each) {
  const auto about = accusation(world().genesis, each.evidence);
  return {{"name", each.name},
          {"number", each.evidence.index()},
          {"fault", fault(each.evidence)},
          {"accused", about.accused.value},
          {"id", to_hex(about.id)},
          {"token", each.token},
          {"file", to_hex(write_evidence(world().genesis.id(), each.evidence))}};
}

std::string token_of(const Evidence& evidence) {
  const auto failure = examine(world().genesis, evidence).failure;
  return failure ? std::string(name(failure->token)) : std::string();
}

std::string read_token(ByteView bytes) {
  const auto read = read_evidence(world().genesis.id(), bytes);
  return read ? std::string() : std::string(name(read.error().token));
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where the encrypted chunk lies in the bytes of this evidence; nowhere if it has none.
Range place_of_chunk(const Evidence& evidence, const Bytes& bytes) {
  const auto* false_book = std::get_if<FalseBook>(&evidence);
  if (false_book == nullptr) return {};
  const auto& chunk = false_book->proof.ciphertext;
  const auto found = std::search(bytes.begin(), bytes.end(), chunk.begin(), chunk.end());
  BOOST_REQUIRE((found != bytes.end()));
  const auto begin = static_cast<std::size_t>(found - bytes.begin());
  return {begin, begin + chunk.size()};
}

/// BAD-CHUNK of a book of 1 GiB in chunks of 64 KiB. All but one of its 16,384 chunks are hashes alone: the proof holds
/// one chunk and two paths, and so it is byte for byte as large as one of a book that is there.
Evidence false_book_of_a_gibibyte(const World& large) {
  constexpr std::uint64_t size = std::uint64_t{1} << 30U;
  constexpr std::uint64_t wrong = 9'999;
  const PeerPort requester{5000};
  const PeerPort seller{5003};
  const auto chunk_size = large.genesis.fields().chunk_size;
  Content content;
  content.book.body = Book{1, "A gibibyte", "application/octet-stream", size, chunk_size, {}};
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < chunk_count(content.book.body); ++i) leaves.push_back(derived_hash("leaf", i));
  content.book.body.root = merkle_root(leaves);
  content.book = large.sign(seller, content.book.body);
  Exchange exchange;
  exchange.key = derived<BookKey>("key");
  exchange.request = large.sign(requester, Request{requester, seller, large.genesis.book_of(content.book),
                                                   request_id_hash(derived<RequestId>("id"))});
  exchange.id = large.genesis.exchange_of(exchange.request);
  ChunkCipher cipher(exchange.key);
  const auto encrypted = encrypt_chunk(cipher, exchange.id, wrong, false, {}, Bytes(chunk_size, 'x'));
  std::vector<Hash> encrypted_leaves;
  for (std::uint64_t i = 0; i < leaves.size(); ++i) {
    encrypted_leaves.push_back(i == wrong ? leaf_hash(encrypted) : derived_hash("encrypted", i));
  }
  exchange.grant.body = Grant{exchange.id,
                              {},
                              {},
                              merkle_root(encrypted_leaves),
                              key_commitment(exchange.id, exchange.key),
                              std::vector<Hash>(large.genesis.witness_count())};
  sign_from_grant(large, exchange, seller);
  return FalseBook{content.book, exchange.request, exchange.grant,
                   BadChunk{exchange.key, wrong, encrypted, merkle_path(encrypted_leaves, wrong), leaves[wrong],
                            merkle_path(leaves, wrong)}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence_files)

BOOST_AUTO_TEST_CASE(each_kind_holds_and_has_the_bytes_it_had) {
  const auto good = good_evidence(world(), story());
  BOOST_TEST(good.size() == std::variant_size_v<Evidence>);
  Json vectors = Json::array();
  std::set<std::string> ids;
  for (std::size_t number = 0; number < good.size(); ++number) {
    const auto& each = good[number];
    BOOST_TEST_CONTEXT(each.name) {
      BOOST_TEST(each.evidence.index() == number);
      BOOST_TEST(token_of(each.evidence) == "");
      BOOST_TEST(examine(world().genesis, each.evidence).passed.size() >= 3U);
      const auto bytes = write_evidence(world().genesis.id(), each.evidence);
      BOOST_TEST(bytes.size() < max_evidence_bytes);
      const auto read = read_evidence(world().genesis.id(), bytes);
      BOOST_REQUIRE(read.has_value());
      BOOST_TEST((read.value() == each.evidence));
      ids.insert(to_hex(accusation(world().genesis, each.evidence).id));
    }
    vectors.push_back(vector_of(each));
  }
  BOOST_TEST(ids.size() == good.size());
  check_golden("evidence.json", Json{{"network", "network-4.yaml"}, {"evidence", vectors}});
}

// "Evidence never names a peer that kept the rules": each pair here is one that an honest peer may sign, or a forgery.
BOOST_AUTO_TEST_CASE(what_proves_nothing_is_refused_with_the_reason) {
  Json vectors = Json::array();
  for (const auto& each : empty_evidence(world(), story())) {
    BOOST_TEST_CONTEXT(each.name) {
      BOOST_TEST(token_of(each.evidence) == each.token);
      const auto bytes = write_evidence(world().genesis.id(), each.evidence);
      BOOST_TEST(read_token(bytes) == "");
    }
    vectors.push_back(vector_of(each));
  }
  check_golden("no-evidence.json", Json{{"network", "network-4.yaml"}, {"evidence", vectors}});
}

BOOST_AUTO_TEST_CASE(every_changed_byte_is_noticed) {
  for (const auto& each : good_evidence(world(), story())) {
    const auto bytes = write_evidence(world().genesis.id(), each.evidence);
    const auto chunk = place_of_chunk(each.evidence, bytes);
    // Every byte of the head, of the statements and of the proof; of the chunk of a BAD-CHUNK, which is one value that
    // is hashed and decrypted as a whole, each tenth.
    for (std::size_t i = 0; i < bytes.size(); i += i >= chunk.begin && i + 10 < chunk.end ? 10 : 1) {
      auto changed = bytes;
      changed[i] ^= 0x10U;
      const auto read = read_evidence(world().genesis.id(), changed);
      if (!read) continue;
      BOOST_TEST(token_of(read.value()) != "", each.name << ", byte " << i);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_told_apart_from_one_of_another_network) {
  const auto good = write_evidence(world().genesis.id(), good_evidence(world(), story()).back().evidence);
  for (std::size_t size = 0; size < good.size(); ++size) {
    BOOST_TEST(read_token(ByteView(good).first(size)) == "bad-file");
  }
  auto longer = good;
  longer.push_back(0);
  BOOST_TEST(read_token(longer) == "bad-file");
  auto other_version = good;
  other_version[evidence_magic.size()] = 2;
  BOOST_TEST(read_token(other_version) == "bad-file");
  auto other_magic = good;
  other_magic[0] ^= 1U;
  BOOST_TEST(read_token(other_magic) == "bad-file");
  auto other_network = good;
  other_network[evidence_magic.size() + 1] ^= 1U;
  BOOST_TEST(read_token(other_network) == "wrong-network");
}

BOOST_AUTO_TEST_CASE(evidence_about_a_book_of_a_gibibyte_is_below_100_kib_and_verified_in_50_ms) {
  const auto large = make_world(4, 65536);
  const auto bytes = write_evidence(large.genesis.id(), false_book_of_a_gibibyte(large));
  BOOST_TEST(bytes.size() < 100U * 1024U);
  using Milliseconds = std::chrono::duration<double, std::milli>;
  // The best of some, as other tests run beside this one; each in a thread of its own, as a thread remembers what
  // signatures it found good.
  const auto verified_in = [&] {
    const auto began = std::chrono::steady_clock::now();
    const auto read = read_evidence(large.genesis.id(), bytes);
    const bool holds = read && !examine(large.genesis, read.value()).failure;
    return std::pair{holds, Milliseconds(std::chrono::steady_clock::now() - began)};
  };
  auto best = Milliseconds::max();
  for (int time = 0; time < 5; ++time) {
    const auto [holds, took] = std::async(std::launch::async, verified_in).get();
    BOOST_TEST(holds);
    best = std::min(best, took);
  }
  BOOST_TEST_MESSAGE("BAD-CHUNK of 1 GiB: " << bytes.size() << " bytes, verified in " << best.count() << " ms");
  BOOST_TEST(best.count() < most_milliseconds);
}

// The id names the fault: the same one by other statements has the same id, another fault has another.
BOOST_AUTO_TEST_CASE(two_files_about_one_fault_have_one_id) {
  const auto& genesis = world().genesis;
  const auto vote = [&](std::uint64_t number, Round round) {
    return world().sign(PeerPort{5001}, Prevote{Height{7}, Ballot{round, PeerPort{5000}}, derived_hash("b", number)});
  };
  const auto id = [&](std::uint64_t one, std::uint64_t two, Round round) {
    return accusation(genesis, contradiction(genesis.id(), vote(one, round), vote(two, round))).id;
  };
  BOOST_TEST((id(1, 2, Round{1}) == id(3, 4, Round{1})));
  BOOST_TEST((id(1, 2, Round{1}) != id(1, 2, Round{2})));
}

BOOST_AUTO_TEST_SUITE_END()
