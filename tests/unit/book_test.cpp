// Chunks of a book around every boundary, their encryption, and what a BOOK may say (docs/protocol.md,
// section 2 "Book", section 3 steps 2 and 6, section 7 "chunks cut off, swapped or repeated").
#include "ledger/book.hpp"

#include <set>

#include "ledger/bad_chunk.hpp"
#include "ledger/chain.hpp"
#include "ledger/store/memory_store.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t chunk_size = 1024;
const auto exchange = filled<ExchangeId>(1);
const auto key = rename<BookKey>(sha256(view_of("key of a book")));
const auto secret = filled<BookSecret>(3);

Book book_of(std::uint64_t size) { return Book{1, "A title", "text/plain", size, chunk_size, {}}; }

struct Sizes {
  std::uint64_t size;
  std::uint64_t chunks;
  std::uint32_t last;
};
constexpr std::array boundaries{Sizes{0, 1, 0},       Sizes{1, 1, 1},
                                Sizes{1023, 1, 1023}, Sizes{1024, 1, 1024},
                                Sizes{1025, 2, 1},    Sizes{2047, 2, 1023},
                                Sizes{2048, 2, 1024}, Sizes{2049, 3, 1},
                                Sizes{3584, 4, 512},  Sizes{std::uint64_t{1} << 40U, std::uint64_t{1} << 30U, 1024}};

/// A book's text, chunk by chunk encrypted.
struct Encrypted {
  Book book;
  Bytes text;
  std::vector<Bytes> chunks;
};
Encrypted encrypted(std::uint64_t size) {
  Encrypted result{book_of(size), scrambled(size, size), {}};
  ChunkCipher cipher(key);
  const auto count = chunk_count(result.book);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto chunk = ByteView(result.text).subspan(i * chunk_size, chunk_length(result.book, i));
    result.chunks.push_back(encrypt_chunk(cipher, exchange, i, i + 1 == count, chunk_salt(secret, i), chunk));
  }
  return result;
}

std::string token_of_chunk(const ExchangeId& of, const BookKey& with, const Book& book, std::uint64_t index,
                           ByteView ciphertext) {
  ChunkCipher cipher(with);
  return token_of(decrypt_chunk(cipher, of, book, index, ciphertext));
}

const Genesis& network() {
  static const auto genesis = network_of(4);
  return genesis;
}
constexpr PeerPort registrar{5000};

std::string token_of_book(const Book& book) {
  return token_of(check_book(network(), signed_by(network(), registrar, book)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(book)

BOOST_AUTO_TEST_CASE(chunks_and_their_lengths_are_right_at_every_boundary) {
  for (const auto& [size, chunks, last] : boundaries) {
    const auto book = book_of(size);
    BOOST_TEST(chunk_count(book) == chunks);
    BOOST_TEST(chunk_length(book, chunks - 1) == last);
    if (chunks > 1) {
      BOOST_TEST(chunk_length(book, 0) == chunk_size);
      BOOST_TEST(chunk_length(book, chunks - 2) == chunk_size);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_package_is_its_header_leaves_and_encrypted_chunks) {
  for (const auto& [size, chunks, last] : boundaries) {
    const auto book = book_of(size);
    const auto header = package_magic.size() + 8 + chunks * 32;
    BOOST_TEST(package_chunk_offset(book, 0) == header);
    BOOST_TEST(package_size(book) == header + size + chunks * 32);
    BOOST_TEST(package_size(book) - package_chunk_offset(book, chunks - 1) == last + 32U);
  }
}

BOOST_AUTO_TEST_CASE(salts_differ_for_every_chunk_and_book) {
  std::set<Salt> salts;
  for (std::uint64_t i = 0; i < 1000; ++i) salts.insert(chunk_salt(secret, i));
  for (std::uint64_t i = 0; i < 1000; ++i) salts.insert(chunk_salt(filled<BookSecret>(4), i));
  BOOST_TEST(salts.size() == 2000U);
  BOOST_TEST((chunk_salt(secret, 7) == chunk_salt(secret, 7)));
}

BOOST_AUTO_TEST_CASE(equal_chunks_have_different_leaves_where_their_salts_differ) {
  const auto chunk = bytes_of("the same text");
  BOOST_TEST((chunk_leaf(chunk_salt(secret, 0), chunk) != chunk_leaf(chunk_salt(secret, 1), chunk)));
}

BOOST_AUTO_TEST_CASE(every_chunk_decrypts_to_its_text_and_salt) {
  for (const std::uint64_t size : {0U, 1U, 1023U, 1024U, 1025U, 3584U}) {
    const auto whole = encrypted(size);
    ChunkCipher cipher(key);
    Bytes text;
    for (std::uint64_t i = 0; i < whole.chunks.size(); ++i) {
      BOOST_TEST(whole.chunks[i].size() == chunk_length(whole.book, i) + 32U);
      const auto open = value_of(decrypt_chunk(cipher, exchange, whole.book, i, whole.chunks[i]));
      BOOST_TEST((open.salt == chunk_salt(secret, i)));
      text.insert(text.end(), open.chunk.begin(), open.chunk.end());
    }
    BOOST_TEST((text == whole.text));
  }
}

BOOST_AUTO_TEST_CASE(a_chunk_swapped_with_another_or_repeated_is_refused) {
  const auto whole = encrypted(3584);
  for (std::uint64_t place = 0; place < whole.chunks.size(); ++place) {
    for (std::uint64_t chunk = 0; chunk < whole.chunks.size(); ++chunk) {
      if (place == chunk) continue;
      BOOST_TEST(token_of_chunk(exchange, key, whole.book, place, whole.chunks[chunk]) == "wrong-book");
    }
  }
}

// Section 5, BAD-CHUNK: of a package that holds the registered book nothing can be proven, of another its first false
// chunk.
BOOST_AUTO_TEST_CASE(a_package_of_the_registered_book_is_no_proof_against_its_owner) {
  const auto whole = encrypted(3584);
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < whole.chunks.size(); ++i) {
    const auto chunk = ByteView(whole.text).subspan(i * chunk_size, chunk_length(whole.book, i));
    leaves.push_back(chunk_leaf(chunk_salt(secret, i), chunk));
  }
  for (const bool spoiled : {false, true}) {
    BadChunkFinder finder(whole.book, exchange, key, leaves);
    for (std::uint64_t i = 0; i < whole.chunks.size(); ++i) {
      auto chunk = whole.chunks[i];
      if (spoiled && i > 0) chunk[20] ^= 1U;
      finder.push(chunk);
    }
    const auto proof = finder.finish();
    BOOST_REQUIRE(proof.has_value() == spoiled);
    if (proof) BOOST_TEST(proof->index == 1U);
  }
}

// The last flag: a book cut at a chunk's end must not pass for a shorter one, nor a longer one for itself.
BOOST_AUTO_TEST_CASE(a_book_cut_or_lengthened_at_the_end_of_a_chunk_is_refused) {
  const auto whole = encrypted(2048);
  BOOST_TEST(token_of_chunk(exchange, key, book_of(1024), 0, whole.chunks[0]) == "wrong-book");
  BOOST_TEST(token_of_chunk(exchange, key, book_of(3072), 1, whole.chunks[1]) == "wrong-book");
  BOOST_TEST(token_of_chunk(exchange, key, whole.book, 1, whole.chunks[1]) == "success");
}

BOOST_AUTO_TEST_CASE(a_chunk_of_another_exchange_or_key_is_refused) {
  const auto whole = encrypted(1500);
  BOOST_TEST(token_of_chunk(filled<ExchangeId>(2), key, whole.book, 0, whole.chunks[0]) == "wrong-book");
  BOOST_TEST(token_of_chunk(exchange, filled<BookKey>(9), whole.book, 0, whole.chunks[0]) == "wrong-book");
}

BOOST_AUTO_TEST_CASE(a_chunk_changed_or_cut_anywhere_is_refused) {
  const auto whole = encrypted(100);
  const auto& good = whole.chunks[0];
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed[i] ^= 0x10U;
    BOOST_TEST(token_of_chunk(exchange, key, whole.book, 0, changed) == "wrong-book");
    BOOST_TEST(token_of_chunk(exchange, key, whole.book, 0, ByteView(good).first(i)) == "wrong-book");
  }
}

// An owner can encrypt whatever it likes; the length is the book's, or the chunk is none.
BOOST_AUTO_TEST_CASE(a_chunk_of_another_length_than_the_book_says_is_refused) {
  const auto book = book_of(100);
  ChunkCipher cipher(key);
  for (const std::size_t size : {0U, 99U, 101U, 1024U}) {
    const auto ciphertext = encrypt_chunk(cipher, exchange, 0, true, chunk_salt(secret, 0), scrambled(size, 1));
    BOOST_TEST(token_of_chunk(exchange, key, book, 0, ciphertext) == "wrong-book");
  }
  const auto no_salt = cipher.encrypt(ChunkNonce{}, {}, {});
  BOOST_TEST(token_of_chunk(exchange, key, book, 0, no_salt) == "wrong-book");
}

BOOST_AUTO_TEST_CASE(a_book_says_only_what_the_network_allows) {
  const auto most = network().fields().limits.book_bytes;
  const auto changed = [](const auto& change) {
    auto book = book_of(100);
    change(book);
    return token_of_book(book);
  };
  BOOST_TEST(changed([](Book&) {}) == "success");
  BOOST_TEST(changed([&](Book& book) { book.size = most; }) == "success");
  BOOST_TEST(changed([&](Book& book) { book.size = most + 1; }) == "book-too-large");
  BOOST_TEST(changed([](Book& book) { book.size = std::numeric_limits<std::uint64_t>::max(); }) == "book-too-large");
  BOOST_TEST(changed([](Book& book) { book.size = 0; }) == "success");
  BOOST_TEST(changed([](Book& book) { book.chunk_size = 0; }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.chunk_size = 2048; }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.title = ""; }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.title = std::string(255, 't'); }) == "success");
  BOOST_TEST(changed([](Book& book) { book.title = std::string(256, 't'); }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.title = "no text: \xff"; }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.media_type = ""; }) == "bad-statement");
  BOOST_TEST(changed([](Book& book) { book.media_type = std::string(127, 'm'); }) == "success");
  BOOST_TEST(changed([](Book& book) { book.media_type = std::string(128, 'm'); }) == "bad-statement");
  for (const auto* media_type : {"text plain", "text/\x1b", "text/\n", "text/\x7f", "text/é"}) {
    BOOST_TEST(changed([&](Book& book) { book.media_type = media_type; }) == "bad-statement", media_type);
  }
}

BOOST_AUTO_TEST_CASE(a_book_is_signed_by_its_registrar_in_this_network) {
  auto statement = signed_by(network(), registrar, book_of(100));
  statement.body.serial += 1;
  BOOST_TEST(token_of(check_book(network(), statement)) == "bad-signature");
  statement = signed_by(network(), PeerPort{6000}, book_of(100));
  BOOST_TEST(token_of(check_book(network(), statement)) == "unknown-peer");
  statement = signed_by(network(), registrar, book_of(100));
  statement.signer = PeerPort{5001};
  BOOST_TEST(token_of(check_book(network(), statement)) == "bad-signature");
  statement = signed_by(network_of(5), registrar, book_of(100));
  BOOST_TEST(token_of(check_book(network(), statement)) == "bad-signature");
}

// The catalogue is no authority: what it holds was checked, and anything else is, whatever stands there under its id.
BOOST_AUTO_TEST_CASE(a_book_is_known_by_its_words_and_its_signature) {
  const auto good = signed_by(network(), registrar, book_of(100));
  auto false_one = good;
  false_one.signature.bytes[0] ^= 1U;
  const auto check_beside = [&](const std::optional<Signed<Book>>& known, const Signed<Book>& book) {
    MemoryStore store;
    Draft draft(store);
    if (known) catalogue.put(draft, network().book_of(*known), *known);
    return token_of(check_book_unless_known(network(), draft, book));
  };
  BOOST_TEST(check_beside(std::nullopt, good) == "success");
  BOOST_TEST(check_beside(std::nullopt, false_one) == "bad-signature");
  BOOST_TEST(check_beside(good, good) == "success");
  BOOST_TEST(check_beside(good, false_one) == "bad-signature");
  BOOST_TEST(check_beside(good, signed_by(network(), registrar, book_of(101))) == "success");
  // Only a catalogue that somebody changed holds this one; it shows that nothing was verified.
  BOOST_TEST(check_beside(false_one, false_one) == "success");
  BOOST_TEST(check_beside(false_one, good) == "success");
}

BOOST_AUTO_TEST_CASE(a_value_is_a_canonical_decimal_of_64_bits) {
  for (const auto* good : {"0", "1", "9", "10", "18446744073709551615"}) BOOST_TEST(is_value(good), good);
  for (const auto* bad : {"", "01", "00", "-1", "+1", "1.0", " 1", "1 ", "1e3", "0x1", "a", "18446744073709551616",
                          "99999999999999999999", "184467440737095516150"}) {
    BOOST_TEST(!is_value(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_value_book_is_titled_by_its_value_and_as_long) {
  auto book = book_of(2);
  book.media_type = std::string(value_media_type);
  book.title = "17";
  BOOST_TEST(token_of_book(book) == "success");
  BOOST_TEST(book_value(book).value_or("none") == "17");
  book.size = 3;
  BOOST_TEST(token_of_book(book) == "bad-statement");
  book.size = 2;
  book.title = "01";
  BOOST_TEST(token_of_book(book) == "bad-statement");
  BOOST_TEST(!book_value(book_of(2)));
}

BOOST_AUTO_TEST_SUITE_END()
