// The signature check of the simulator's own checkers: always strict, whatever is planted into the rules.
// One definition for the real curve, one for the stub (docs/simulator.md).
#pragma once

#include "ledger/crypto.hpp"

namespace bookchain::sim {

[[nodiscard]] bool checked_verify(const ledger::VerifyKey& key, ledger::ByteView message,
                                  const ledger::Signature& signature);
/// The second form of a good signature that a lax verifier takes: S + L.
[[nodiscard]] ledger::Signature malleable_twin(const ledger::Signature& signature);
/// Planted bug: the rules' verify takes the twin too. Does nothing where the real curve is linked.
void accept_malleable(bool accept);
/// "stub" or "ed25519".
[[nodiscard]] std::string_view signature_kind();

}  // namespace bookchain::sim
