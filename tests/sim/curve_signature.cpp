// The real curve, for at least one seed in a hundred and for every attack.
#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

bool checked_verify(const ledger::VerifyKey& key, ledger::ByteView message, const ledger::Signature& signature) {
  return ledger::verify(key, message, signature);
}

ledger::Signature malleable_twin(const ledger::Signature& signature) {
  // L = 2^252 + 27742317777372353535851937790883648493, little-endian.
  static constexpr std::array<std::uint8_t, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  auto twin = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = twin.bytes[32 + i] + order[i] + carry;
    twin.bytes[32 + i] = static_cast<std::uint8_t>(sum & 0xffU);
    carry = sum >> 8U;
  }
  return twin;
}

void accept_malleable(bool /*accept*/) {}

std::string_view signature_kind() { return "ed25519"; }

}  // namespace bookchain::sim
