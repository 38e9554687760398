// The real curve, for at least one seed in a hundred and for every attack.
#include <algorithm>

#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

namespace {

constexpr std::size_t half = 32;
/// L = 2^252 + 27742317777372353535851937790883648493, little-endian.
constexpr std::array<std::uint8_t, half> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/// Whether S, the second half, is below L. One that is not has a twin that is.
bool is_reduced(const ledger::Signature& signature) {
  // Both are little-endian: their last bytes weigh most.
  return std::lexicographical_compare(signature.bytes.rbegin(), signature.bytes.rbegin() + half, order.rbegin(),
                                      order.rend());
}

}  // namespace

/// That S is small is looked at here, and not left to the rules' own check: else a lax one would be lax here, too.
bool checked_verify(const ledger::VerifyKey& key, ledger::ByteView message, const ledger::Signature& signature) {
  return is_reduced(signature) && ledger::verify(key, message, signature);
}

ledger::Signature malleable_twin(const ledger::Signature& signature) {
  auto twin = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = twin.bytes[half + i] + order[i] + carry;
    twin.bytes[half + i] = static_cast<std::uint8_t>(sum & 0xffU);
    carry = sum >> 8U;
  }
  return twin;
}

void accept_malleable(bool /*accept*/) {}

std::string_view signature_kind() { return "ed25519"; }

}  // namespace bookchain::sim
