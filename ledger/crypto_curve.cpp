// Ed25519 and X25519: the library's arithmetic behind checks of our own.
#include <cryptopp/misc.h>
#include <cryptopp/xed25519.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ledger/crypto.hpp"

namespace bookchain::ledger {

namespace {

using Encoded = std::array<std::uint8_t, 32>;

/// Little-endian comparison of 32-byte numbers.
bool below(ByteView left, const Encoded& right) {
  return std::lexicographical_compare(left.rbegin(), left.rend(), right.rbegin(), right.rend());
}

/// p = 2^255 - 19.
constexpr Encoded field_prime = [] {
  Encoded prime;
  prime.fill(0xff);
  prime.front() = 0xed;
  prime.back() = 0x7f;
  return prime;
}();

/// L = 2^252 + 27742317777372353535851937790883648493, the order of the base point.
constexpr Encoded group_order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                              0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                              0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/// y of the points of order 8: the two values whose points are not among the small ones below.
constexpr Encoded order_eight_low{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                                  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                                  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
constexpr Encoded order_eight_high{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
                                   0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
                                   0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};

/// An encoded point that is canonical (y < p) and not one of the eight of small order. The sign bit is
/// left aside first: with x = 0 (y = 1 or -1) it would not be canonical, and those are of small order.
bool is_sound_point(ByteView encoded) {
  Encoded y;
  std::ranges::copy(encoded, y.begin());
  y.back() &= 0x7fU;
  if (!below(y, field_prime)) return false;
  Encoded small{};
  if (y == small) return false;  // y = 0: order 4
  small.front() = 1;
  if (y == small) return false;  // y = 1: the identity
  small = field_prime;
  small.front() = 0xec;
  if (y == small) return false;  // y = -1: order 2
  return y != order_eight_low && y != order_eight_high;
}

}  // namespace

VerifyKey verify_key(const SigningKey& key) {
  // A process signs with one key, and without the public half a signature would take twice as long.
  thread_local std::optional<std::pair<Hash, VerifyKey>> last;
  const auto name = sha256(key.view());  // no copy of the secret is left behind
  if (!last || last->first != name) {
    CryptoPP::ed25519PrivateKey library_key;
    library_key.SetPrivateExponent(key.bytes.data());  // derives the public key, too
    VerifyKey derived;
    std::copy_n(library_key.GetPublicKeyBytePtr(), VerifyKey::size, derived.bytes.begin());
    last.emplace(name, derived);
  }
  return last->second;
}

Signature sign(const SigningKey& key, ByteView message) {
  const CryptoPP::ed25519Signer signer(verify_key(key).bytes.data(), key.bytes.data());
  Signature signature;
  signer.SignMessage(CryptoPP::NullRNG(), message.data(), message.size(), signature.bytes.data());
  return signature;
}

bool verify(const VerifyKey& key, ByteView message, const Signature& signature) {
  const auto bytes = signature.view();
  // The library takes S + L for S, and points of small order: refused here, before it is asked.
  if (!below(bytes.subspan(32), group_order)) return false;
  if (!is_sound_point(bytes.first(32)) || !is_sound_point(key.view())) return false;
  const CryptoPP::ed25519Verifier verifier(key.bytes.data());
  return verifier.VerifyMessage(message.data(), message.size(), signature.bytes.data(), signature.bytes.size());
}

bool is_sound(const VerifyKey& key) { return is_sound_point(key.view()); }

AgreementPoint agreement_point(const AgreementKey& key) {
  const CryptoPP::x25519 library_key(key.bytes.data());
  AgreementPoint point;
  library_key.GeneratePublicKey(CryptoPP::NullRNG(), key.bytes.data(), point.bytes.data());
  return point;
}

Result<Hash> agree(const AgreementKey& own, const AgreementPoint& theirs) {
  const CryptoPP::x25519 library_key(own.bytes.data());
  Hash secret;
  const bool agreed = library_key.Agree(secret.bytes.data(), own.bytes.data(), theirs.bytes.data(), false);
  // The library reports success for points of small order, whose secret is zero.
  const Hash zero;
  if (!agreed || equal_in_constant_time(secret.view(), zero.view())) {
    return Error{Token::bad_value, "an X25519 key gives no secret", to_hex(theirs), {}};
  }
  return secret;
}

}  // namespace bookchain::ledger
