// Hashes, MACs and key derivation against the vectors of their standards.
#include "ledger/chain.hpp"
#include "ledger/crypto.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

struct HashVector {
  std::string text;
  std::string_view digest;
};

/// FIPS 180-4 examples: one block, two blocks, many.
const std::array sha_vectors{
    HashVector{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    HashVector{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    HashVector{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    HashVector{std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

struct MacVector {
  Bytes key;
  Bytes data;
  std::string_view mac;
};

/// RFC 4231, section 4 (case 5 truncates, which this program never does).
std::vector<MacVector> mac_vectors() {
  Bytes counted(25);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::uint8_t>(i + 1);
  return {
      {Bytes(20, 0x0b), bytes_of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {bytes_of("Jefe"), bytes_of("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counted, Bytes(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       bytes_of("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                "to be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

struct DerivationVector {
  Bytes input_key;
  Bytes salt;
  Bytes context;
  std::string_view output;
};

Bytes counted_from(std::uint8_t first, std::uint8_t last) {
  Bytes bytes;
  for (unsigned byte = first; byte <= last; ++byte) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

/// RFC 5869, appendix A.1 to A.3.
std::vector<DerivationVector> derivation_vectors() {
  return {
      {Bytes(22, 0x0b), counted_from(0x00, 0x0c), counted_from(0xf0, 0xf9),
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {counted_from(0x00, 0x4f), counted_from(0x60, 0xaf), counted_from(0xb0, 0xff),
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
       "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {Bytes(22, 0x0b), {}, {}, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hashes)

BOOST_AUTO_TEST_CASE(sha_256_gives_the_digests_of_fips_180) {
  for (const auto& vector : sha_vectors) BOOST_TEST(to_hex(sha256(view_of(vector.text))) == vector.digest);
}

BOOST_AUTO_TEST_CASE(sha_256_of_parts_is_sha_256_of_the_whole_wherever_it_is_cut) {
  const auto text = scrambled(300, 1);
  const auto whole = sha256(text);
  Sha256 pieces;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto first = ByteView(text).first(cut);
    const auto rest = ByteView(text).subspan(cut);
    BOOST_TEST((sha256({first, rest}) == whole));
    pieces.update(first);
    pieces.update(rest);
    BOOST_TEST((pieces.finish() == whole));  // and starts anew
  }
}

BOOST_AUTO_TEST_CASE(hmac_gives_the_macs_of_rfc_4231) {
  for (const auto& vector : mac_vectors()) BOOST_TEST(to_hex(hmac_sha256(vector.key, {vector.data})) == vector.mac);
}

BOOST_AUTO_TEST_CASE(hkdf_gives_the_keys_of_rfc_5869) {
  for (const auto& vector : derivation_vectors()) {
    const auto derived = hkdf_sha256(vector.input_key, vector.salt, vector.context, vector.output.size() / 2);
    BOOST_TEST(to_hex(derived) == vector.output);
  }
}

BOOST_AUTO_TEST_CASE(a_shorter_derived_key_is_the_beginning_of_a_longer_one) {
  const auto longest = hkdf_sha256(bytes_of("key"), bytes_of("salt"), bytes_of("use"), std::size_t{255} * 32);
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 8159U}) {
    const auto shorter = hkdf_sha256(bytes_of("key"), bytes_of("salt"), bytes_of("use"), size);
    BOOST_TEST(shorter.size() == size);
    BOOST_TEST(std::equal(shorter.begin(), shorter.end(), longest.begin()));
  }
}

BOOST_AUTO_TEST_CASE(equal_in_constant_time_tells_apart_every_bit_and_length) {
  const auto bytes = scrambled(40, 2);
  BOOST_TEST(equal_in_constant_time(bytes, Bytes(bytes)));
  BOOST_TEST(equal_in_constant_time({}, {}));
  BOOST_TEST(!equal_in_constant_time(bytes, ByteView(bytes).first(39)));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto other = bytes;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << (bit % 8)));
    BOOST_TEST(!equal_in_constant_time(bytes, other));
  }
}

BOOST_AUTO_TEST_CASE(wiped_bytes_are_zero) {
  auto secret = scrambled(70, 3);
  wipe(secret);
  BOOST_TEST((secret == Bytes(70)));
}

BOOST_AUTO_TEST_CASE(work_is_counted_in_the_zero_bits_that_a_hash_begins_with) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    auto hash = filled<Hash>(0xff);
    for (unsigned bit = 0; bit < bits; ++bit) hash.bytes[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> (bit % 8));
    BOOST_TEST(leading_zero_bits(hash) == bits);
  }
  BOOST_TEST(leading_zero_bits(Hash{}) == 256U);
}

BOOST_AUTO_TEST_SUITE_END()
