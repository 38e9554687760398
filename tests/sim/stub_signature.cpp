// Stands in for ledger/crypto_curve.cpp in the bulk runs, where a thousand networks are tried in the time
// that the real curve needs for ten. A signature is a hash of the signer's public key and the bytes, so
// anybody could make one: the simulated attackers do not, they sign with sign() and their own keys alone.
// Everything else (who signed, what, whether it verifies, that S + L is refused) is as with the curve.
#include <algorithm>

#include "tests/sim/checked_signature.hpp"

namespace bookchain {

namespace {

using namespace ledger;  // NOLINT(google-build-using-namespace)

constexpr std::size_t half = 32;
constexpr std::uint8_t twin_mark = 0xed;
bool malleable_is_accepted = false;

ByteView text(std::string_view letters) {
  return {reinterpret_cast<const std::uint8_t*>(letters.data()), letters.size()};
}

bool fits(const VerifyKey& key, ByteView message, const Signature& signature) {
  const auto expected = sha256({text("stub signature"), key.view(), message});
  return std::equal(expected.bytes.begin(), expected.bytes.end(), signature.bytes.begin());
}

bool second_half_is(const Signature& signature, std::uint8_t mark) {
  return signature.bytes[half] == mark &&
         std::all_of(signature.bytes.begin() + half + 1, signature.bytes.end(), [](auto byte) { return byte == 0; });
}

}  // namespace

namespace ledger {

VerifyKey verify_key(const SigningKey& key) { return VerifyKey{sha256({text("stub key"), key.view()}).bytes}; }

Signature sign(const SigningKey& key, ByteView message) {
  const auto hash = sha256({text("stub signature"), verify_key(key).view(), message});
  Signature signature;
  std::copy(hash.bytes.begin(), hash.bytes.end(), signature.bytes.begin());
  return signature;
}

bool verify(const VerifyKey& key, ByteView message, const Signature& signature) {
  if (!second_half_is(signature, 0) && !(malleable_is_accepted && second_half_is(signature, twin_mark))) return false;
  return fits(key, message, signature);
}

bool is_sound(const VerifyKey& /*key*/) { return true; }

AgreementPoint agreement_point(const AgreementKey& key) {
  return AgreementPoint{sha256({text("stub point"), key.view()}).bytes};
}

Result<Hash> agree(const AgreementKey& own, const AgreementPoint& theirs) {
  const auto mine = agreement_point(own);
  return sha256({text("stub secret"), std::min(mine, theirs).view(), std::max(mine, theirs).view()});
}

}  // namespace ledger

namespace sim {

bool checked_verify(const VerifyKey& key, ByteView message, const Signature& signature) {
  return second_half_is(signature, 0) && fits(key, message, signature);
}

Signature malleable_twin(const Signature& signature) {
  auto twin = signature;
  twin.bytes[half] = twin_mark;
  return twin;
}

void accept_malleable(bool accept) { malleable_is_accepted = accept; }

std::string_view signature_kind() { return "stub"; }

}  // namespace sim

}  // namespace bookchain
