// Ed25519 and X25519: the vectors of RFC 8032 and RFC 7748, and everything that a lenient library takes
// and this program must not (docs/protocol.md, section 7: "an altered signature that verifies").
#include "ledger/crypto.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

struct SignatureVector {
  std::string_view secret;
  std::string_view key;
  std::string_view message;
  std::string_view signature;
};

/// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
constexpr std::array signature_vectors{
    SignatureVector{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                    "d25bf5f0595bbe24655141438e7a100b"},
    SignatureVector{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                    "387b2eaeb4302aeeb00d291612bb0c00"},
    SignatureVector{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                    "4a7c15e9716ed28dc027beceea1ec40a"},
    SignatureVector{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
                    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
                    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                    "454d4423643ce80e2a9ac94fa54ca49f",
                    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
                    "3dca179c138ac17ad9bef1177331a704"},
};

/// L, the order of the base point, little-endian.
constexpr std::string_view group_order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// Encodings of y at which the point has order 1, 2, 4 or 8, or which are y + p of such a y: all of them
/// must be refused as a key and as R, with either sign.
constexpr std::array unsound_points{
    "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
    "0100000000000000000000000000000000000000000000000000000000000000",  // the identity
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // order 2
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p: 0 once more
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1: the identity once more
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 3: a good point, not canonical
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 18, the largest of all
};

Bytes with_sign_bit(Bytes point) {
  point.back() = static_cast<std::uint8_t>(point.back() | 0x80U);
  return point;
}

/// `left` + `right`, 32 bytes little-endian each; what does not fit is lost.
Bytes sum(ByteView left, ByteView right) {
  Bytes result(32);
  unsigned carry = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    carry += static_cast<unsigned>(left[i]) + right[i];
    result[i] = static_cast<std::uint8_t>(carry & 0xffU);
    carry >>= 8U;
  }
  return result;
}

Signature signature_of(ByteView r, ByteView s) {
  Signature signature;
  std::copy_n(r.begin(), 32, signature.bytes.begin());
  std::copy_n(s.begin(), 32, signature.bytes.begin() + 32);
  return signature;
}

/// RFC 7748, section 5.2.
struct ScalarVector {
  std::string_view scalar;
  std::string_view point;
  std::string_view product;
};
constexpr std::array scalar_vectors{
    ScalarVector{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                 "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                 "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    ScalarVector{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                 "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                 "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
};

/// u of the points whose order divides 8, on the curve and its twist, and the same written with u + p.
constexpr std::array small_agreement_points{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

}  // namespace

BOOST_AUTO_TEST_SUITE(curve)

BOOST_AUTO_TEST_CASE(keys_and_signatures_are_those_of_rfc_8032) {
  for (const auto& vector : signature_vectors) {
    const auto secret = fixed<SigningKey>(vector.secret);
    const auto message = hex(vector.message);
    BOOST_TEST(to_hex(verify_key(secret)) == vector.key);
    BOOST_TEST(to_hex(sign(secret, message)) == vector.signature);
    BOOST_TEST(verify(fixed<VerifyKey>(vector.key), message, fixed<Signature>(vector.signature)));
  }
}

BOOST_AUTO_TEST_CASE(a_signature_with_any_bit_changed_is_refused) {
  const auto& vector = signature_vectors[2];
  const auto key = fixed<VerifyKey>(vector.key);
  const auto message = hex(vector.message);
  const auto good = fixed<Signature>(vector.signature);
  for (std::size_t bit = 0; bit < Signature::size * 8; ++bit) {
    auto changed = good;
    changed.bytes[bit / 8] = static_cast<std::uint8_t>(changed.bytes[bit / 8] ^ (1U << (bit % 8)));
    BOOST_TEST(!verify(key, message, changed), "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(a_signature_is_refused_for_another_message_and_another_key) {
  const auto& vector = signature_vectors[1];
  const auto signature = fixed<Signature>(vector.signature);
  BOOST_TEST(!verify(fixed<VerifyKey>(vector.key), hex("73"), signature));
  BOOST_TEST(!verify(fixed<VerifyKey>(vector.key), hex("7272"), signature));
  BOOST_TEST(!verify(fixed<VerifyKey>(vector.key), {}, signature));
  BOOST_TEST(!verify(fixed<VerifyKey>(signature_vectors[0].key), hex(vector.message), signature));
}

// Section 6: "S+L and other malleable signatures". S + 8L is the last that fits 32 bytes with most keys.
BOOST_AUTO_TEST_CASE(a_second_signature_made_by_adding_the_group_order_is_refused) {
  const auto order = hex(group_order);
  for (const auto& vector : signature_vectors) {
    const auto good = fixed<Signature>(vector.signature);
    Bytes s(good.bytes.begin() + 32, good.bytes.end());
    for (int times = 1; times <= 8; ++times) {
      s = sum(s, order);
      const auto malleated = signature_of(good.view().first(32), s);
      BOOST_TEST(!verify(fixed<VerifyKey>(vector.key), hex(vector.message), malleated), "S + " << times << "L");
    }
  }
}

BOOST_AUTO_TEST_CASE(keys_of_small_order_and_not_canonical_are_unsound) {
  for (const auto* digits : unsound_points) {
    const auto point = hex(digits);
    BOOST_TEST(!is_sound(fixed<VerifyKey>(digits)), digits);
    BOOST_TEST(!is_sound(fixed<VerifyKey>(to_hex(with_sign_bit(point)))), digits);
  }
  for (const auto& vector : signature_vectors) BOOST_TEST(is_sound(fixed<VerifyKey>(vector.key)));
}

// With A and R of order one to eight, S = 0 verifies in a lenient library for one message in eight.
BOOST_AUTO_TEST_CASE(no_signature_verifies_with_an_unsound_key_or_r) {
  const Bytes zero(32);
  const auto good_key = fixed<VerifyKey>(signature_vectors[0].key);
  for (const auto* digits : unsound_points) {
    for (const auto& point : {hex(digits), with_sign_bit(hex(digits))}) {
      const auto key = fixed<VerifyKey>(to_hex(point));
      for (std::uint8_t message = 0; message < 32; ++message) {
        BOOST_TEST(!verify(key, {&message, 1}, signature_of(point, zero)));
        BOOST_TEST(!verify(key, {&message, 1}, fixed<Signature>(signature_vectors[0].signature)));
        BOOST_TEST(!verify(good_key, {&message, 1}, signature_of(point, zero)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(x25519_gives_the_products_of_rfc_7748) {
  for (const auto& vector : scalar_vectors) {
    const auto product = agree(fixed<AgreementKey>(vector.scalar), fixed<AgreementPoint>(vector.point));
    BOOST_TEST(to_hex(value_of(product)) == vector.product);
  }
}

BOOST_AUTO_TEST_CASE(x25519_repeated_a_thousand_times_gives_the_value_of_rfc_7748) {
  auto scalar = fixed<AgreementKey>("0900000000000000000000000000000000000000000000000000000000000000");
  auto point = rename<AgreementPoint>(scalar);
  for (int i = 1; i <= 1000; ++i) {
    const auto product = value_of(agree(scalar, point));
    point = rename<AgreementPoint>(scalar);
    scalar = rename<AgreementKey>(product);
    if (i == 1) BOOST_TEST(to_hex(scalar) == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  }
  BOOST_TEST(to_hex(scalar) == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

// RFC 7748, section 6.1.
BOOST_AUTO_TEST_CASE(two_peers_agree_on_the_secret_of_rfc_7748) {
  const auto alice = fixed<AgreementKey>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = fixed<AgreementKey>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const auto alice_point = agreement_point(alice);
  const auto bob_point = agreement_point(bob);
  BOOST_TEST(to_hex(alice_point) == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  BOOST_TEST(to_hex(bob_point) == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const std::string secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  BOOST_TEST(to_hex(value_of(agree(alice, bob_point))) == secret);
  BOOST_TEST(to_hex(value_of(agree(bob, alice_point))) == secret);
}

// RFC 7748, section 6.1, the check for zero: without it anybody could know the key of a channel.
BOOST_AUTO_TEST_CASE(points_of_small_order_give_no_secret) {
  for (const auto* digits : small_agreement_points) {
    for (const auto& encoding : {hex(digits), with_sign_bit(hex(digits))}) {
      const auto point = fixed<AgreementPoint>(to_hex(encoding));
      BOOST_TEST(token_of(agree(filled<AgreementKey>(0x5a), point)) == "bad-value", to_hex(point));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
