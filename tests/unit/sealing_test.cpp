// What is sealed and what is shared: XChaCha20-Poly1305 for messages, AES-256-GCM for the chunks of books,
// Shamir's shares of a book's key (docs/protocol.md, section 3, step 2).
#include <algorithm>

#include "ledger/crypto.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::string_view sunscreen =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
    "it.";

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
struct SealVector {
  SealKey key = fixed<SealKey>("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  SealNonce nonce = fixed<SealNonce>("404142434445464748494a4b4c4d4e4f5051525354555657");
  Bytes associated = hex("50515253c0c1c2c3c4c5c6c7");
  Bytes sealed =
      hex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c670"
          "8c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9"
          "768812f615c68b13b52e"
          "c0875924c1c7987947deafd8780acf49");
};

struct ChunkVector {
  std::string_view key;
  std::string_view nonce;
  std::string_view associated;
  std::string_view plaintext;
  std::string_view ciphertext_and_tag;
};

/// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: test cases 13 to 16 (AES-256).
constexpr std::string_view mcgrew_key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view zero_key = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::array chunk_vectors{
    ChunkVector{zero_key, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    ChunkVector{zero_key, "000000000000000000000000", "", "00000000000000000000000000000000",
                "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    ChunkVector{mcgrew_key, "cafebabefacedbaddecaf888", "",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
                "edf5aa0de657ba637b391aafd255",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
                "1e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
    ChunkVector{mcgrew_key, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
                "edf5aa0de657ba637b39",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
                "1e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

/// Every way to change one byte of `bytes`, to cut it and to add to it.
template <class Try>
void try_changes(const Bytes& bytes, const Try& refused) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] = static_cast<std::uint8_t>(changed[i] ^ 0x01U);
    BOOST_TEST(refused(changed), "byte " << i << " changed");
    BOOST_TEST(refused(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i))), "cut after " << i);
  }
  auto longer = bytes;
  longer.push_back(0);
  BOOST_TEST(refused(longer), "a byte added");
}

std::vector<NumberedShare> numbered(const std::vector<KeyShare>& shares, const std::vector<std::uint32_t>& chosen) {
  std::vector<NumberedShare> result;
  for (const auto index : chosen) result.push_back(NumberedShare{index, shares[index]});
  return result;
}

/// Calls `visit` with every choice of `size` numbers below `count`, in ascending order.
template <class Visit>
void each_choice(std::size_t count, std::size_t size, const Visit& visit) {
  std::vector<bool> chosen(count);
  std::fill_n(chosen.begin(), size, true);
  do {
    std::vector<std::uint32_t> indexes;
    for (std::size_t i = 0; i < count; ++i) {
      if (chosen[i]) indexes.push_back(static_cast<std::uint32_t>(i));
    }
    visit(indexes);
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

const auto dealt_key = rename<BookKey>(sha256(view_of("a key")));
const auto other_key = rename<BookKey>(sha256(view_of("another key")));

/// (t, m) of networks of 4, 6, 7, 10 and 13 peers, and the ends of what is allowed.
struct Sharing {
  std::size_t threshold;
  std::size_t count;
};
constexpr std::array sharings{Sharing{2, 2},  Sharing{3, 4}, Sharing{2, 5}, Sharing{3, 8},
                              Sharing{4, 11}, Sharing{1, 3}, Sharing{5, 5}};

}  // namespace

BOOST_AUTO_TEST_SUITE(sealing)

BOOST_AUTO_TEST_CASE(a_seal_is_that_of_the_xchacha_draft_and_opens) {
  const SealVector vector;
  const auto sealed = SealCipher(vector.key).seal(vector.nonce, vector.associated, view_of(sunscreen));
  BOOST_TEST(to_hex(sealed) == to_hex(vector.sealed));
  const auto opened = SealCipher(vector.key).open(vector.nonce, vector.associated, vector.sealed);
  BOOST_TEST(text_of(value_of(opened)) == sunscreen);
}

BOOST_AUTO_TEST_CASE(a_sealed_message_changed_cut_or_lengthened_anywhere_is_refused) {
  const SealVector vector;
  const auto refused = [&](const Bytes& sealed) {
    return token_of(SealCipher(vector.key).open(vector.nonce, vector.associated, sealed)) == "bad-signature";
  };
  try_changes(vector.sealed, refused);
}

BOOST_AUTO_TEST_CASE(a_seal_opens_only_with_its_own_header_nonce_and_key) {
  const SealVector vector;
  const auto with_header = [&](const Bytes& header) {
    return token_of(SealCipher(vector.key).open(vector.nonce, header, vector.sealed)) == "bad-signature";
  };
  try_changes(vector.associated, with_header);
  auto nonce = vector.nonce;
  nonce.bytes[23] ^= 1U;
  BOOST_TEST(token_of(SealCipher(vector.key).open(nonce, vector.associated, vector.sealed)) == "bad-signature");
  auto seal_key = vector.key;
  seal_key.bytes[0] ^= 1U;
  BOOST_TEST(token_of(SealCipher(seal_key).open(vector.nonce, vector.associated, vector.sealed)) == "bad-signature");
}

BOOST_AUTO_TEST_CASE(one_cipher_seals_and_opens_many_and_forgets_those_before_and_what_it_refused) {
  const SealVector vector;
  SealCipher cipher(vector.key);
  auto other = vector.nonce;
  other.bytes[0] ^= 1U;
  const auto second = cipher.seal(other, {}, view_of("a second message"));
  BOOST_TEST(to_hex(cipher.seal(vector.nonce, vector.associated, view_of(sunscreen))) == to_hex(vector.sealed));
  BOOST_TEST(token_of(cipher.open(other, vector.associated, vector.sealed)) == "bad-signature");
  BOOST_TEST(token_of(cipher.open(vector.nonce, vector.associated, Bytes(3))) == "bad-signature");
  BOOST_TEST(text_of(value_of(cipher.open(vector.nonce, vector.associated, vector.sealed))) == sunscreen);
  BOOST_TEST(text_of(value_of(cipher.open(other, {}, second))) == "a second message");
}

BOOST_AUTO_TEST_CASE(an_empty_message_can_be_sealed) {
  const SealVector vector;
  const auto sealed = SealCipher(vector.key).seal(vector.nonce, {}, {});
  BOOST_TEST(sealed.size() == seal_tag_size);
  BOOST_TEST(value_of(SealCipher(vector.key).open(vector.nonce, {}, sealed)).empty());
}

BOOST_AUTO_TEST_CASE(a_chunk_is_encrypted_as_published_for_aes_256_gcm_and_decrypts) {
  for (const auto& vector : chunk_vectors) {
    ChunkCipher cipher(fixed<BookKey>(vector.key));
    const auto nonce = fixed<ChunkNonce>(vector.nonce);
    const auto ciphertext = cipher.encrypt(nonce, hex(vector.associated), hex(vector.plaintext));
    BOOST_TEST(to_hex(ciphertext) == vector.ciphertext_and_tag);
    BOOST_TEST(to_hex(value_of(cipher.decrypt(nonce, hex(vector.associated), ciphertext))) == vector.plaintext);
  }
}

BOOST_AUTO_TEST_CASE(an_encrypted_chunk_changed_cut_or_lengthened_anywhere_is_refused) {
  const auto& vector = chunk_vectors[3];
  ChunkCipher cipher(fixed<BookKey>(vector.key));
  const auto nonce = fixed<ChunkNonce>(vector.nonce);
  const auto refused = [&](const Bytes& ciphertext) {
    return token_of(cipher.decrypt(nonce, hex(vector.associated), ciphertext)) == "wrong-key";
  };
  try_changes(hex(vector.ciphertext_and_tag), refused);
  const auto with_associated = [&](const Bytes& associated) {
    return token_of(cipher.decrypt(nonce, associated, hex(vector.ciphertext_and_tag))) == "wrong-key";
  };
  try_changes(hex(vector.associated), with_associated);
}

BOOST_AUTO_TEST_CASE(a_cipher_goes_on_after_a_chunk_that_was_refused) {
  const auto& vector = chunk_vectors[2];
  ChunkCipher cipher(fixed<BookKey>(vector.key));
  const auto nonce = fixed<ChunkNonce>(vector.nonce);
  BOOST_TEST(token_of(cipher.decrypt(nonce, {}, Bytes(40))) == "wrong-key");
  BOOST_TEST(to_hex(value_of(cipher.decrypt(nonce, {}, hex(vector.ciphertext_and_tag)))) == vector.plaintext);
}

BOOST_AUTO_TEST_CASE(any_threshold_of_shares_in_any_order_gives_the_key) {
  for (const auto& [threshold, count] : sharings) {
    const auto shares = split(dealt_key, threshold, count, scrambled(32 * (threshold - 1), threshold));
    BOOST_TEST(shares.size() == count);
    each_choice(count, threshold, [&](std::vector<std::uint32_t> chosen) {
      BOOST_TEST((combine(numbered(shares, chosen)) == dealt_key));
      std::ranges::reverse(chosen);
      BOOST_TEST((combine(numbered(shares, chosen)) == dealt_key));
    });
  }
}

// Section 2: "R and f - 1 are one short". The first t - 1 shares are the randomness itself, the same for
// every key, so they say nothing of it; no smaller set rebuilds it either.
BOOST_AUTO_TEST_CASE(one_share_fewer_than_the_threshold_gives_nothing) {
  for (const auto& [threshold, count] : sharings) {
    if (threshold == 1) continue;
    const auto coefficients = scrambled(32 * (threshold - 1), 100 + threshold);
    const auto shares = split(dealt_key, threshold, count, coefficients);
    const auto of_other_key = split(other_key, threshold, count, coefficients);
    for (std::size_t i = 0; i + 1 < threshold; ++i) BOOST_TEST((shares[i] == of_other_key[i]));
    BOOST_TEST((shares[threshold - 1] != of_other_key[threshold - 1]));
    each_choice(count, threshold - 1, [&](const std::vector<std::uint32_t>& chosen) {
      BOOST_TEST((combine(numbered(shares, chosen)) != dealt_key));
    });
  }
}

// There is no integrity in a share, so its commitment must be checked: see combine().
BOOST_AUTO_TEST_CASE(a_share_with_one_bit_changed_gives_another_key) {
  const auto shares = split(dealt_key, 3, 4, scrambled(64, 7));
  for (std::size_t bit = 0; bit < KeyShare::size * 8; ++bit) {
    auto changed = numbered(shares, {0, 1, 3});
    auto& byte = changed[2].share.bytes[bit / 8];
    byte = static_cast<std::uint8_t>(byte ^ (1U << (bit % 8)));
    BOOST_TEST((combine(changed) != dealt_key), "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(a_share_taken_for_another_witness_gives_another_key) {
  const auto shares = split(dealt_key, 2, 5, scrambled(32, 8));
  BOOST_TEST((combine(std::vector{NumberedShare{0, shares[0]}, NumberedShare{2, shares[1]}}) != dealt_key));
}

BOOST_AUTO_TEST_SUITE_END()
