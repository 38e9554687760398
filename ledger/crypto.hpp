// The only room that includes Crypto++. Every primitive is wrapped so that it is strict: what the
// library accepts too much of is refused here. Never draws randomness: the caller passes it in.
#pragma once

#include <initializer_list>
#include <memory>

#include "ledger/error.hpp"
#include "ledger/types.hpp"

namespace bookchain::ledger {

/// SHA-256 (FIPS 180-4) of the parts, one after another.
[[nodiscard]] Hash sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] inline Hash sha256(ByteView bytes) { return sha256({bytes}); }

/// SHA-256 of what comes in pieces. After finish() it starts anew.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(ByteView bytes);
  [[nodiscard]] Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// HMAC-SHA-256 (RFC 2104) of the parts, one after another.
[[nodiscard]] Hash hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

/// HKDF-SHA-256 (RFC 5869). Precondition: size <= 255 * 32 (wrong sizes are a bug).
[[nodiscard]] Bytes hkdf_sha256(ByteView input_key, ByteView salt, ByteView context, std::size_t size);

/// True if both have the same length and bytes, in time that depends on the length alone.
[[nodiscard]] bool equal_in_constant_time(ByteView left, ByteView right);

/// Overwrites secret bytes in a way that the compiler does not remove.
void wipe(std::span<std::uint8_t> secret);

// ---- Ed25519 (RFC 8032) ----
[[nodiscard]] VerifyKey verify_key(const SigningKey& key);
/// Deterministic, as the RFC has it.
[[nodiscard]] Signature sign(const SigningKey& key, ByteView message);
/// Strict: S < L, A and R canonical and not of small order. The size is fixed by the type.
/// CVE-class: malleable signatures (S + L) must never give a second valid signature.
[[nodiscard]] bool verify(const VerifyKey& key, ByteView message, const Signature& signature);
/// False for keys that `verify` would refuse whatever the signature: for network files and cards.
[[nodiscard]] bool is_sound(const VerifyKey& key);

// ---- X25519 (RFC 7748) ----
[[nodiscard]] AgreementPoint agreement_point(const AgreementKey& key);
/// The shared secret; token `bad-value` if it is all zero (a point of small order).
[[nodiscard]] Result<Hash> agree(const AgreementKey& own, const AgreementPoint& theirs);
/// False for points that give no secret with any key: for network files and cards.
[[nodiscard]] inline bool is_sound(const AgreementPoint& point) { return agree(AgreementKey{{1}}, point).has_value(); }

// ---- XChaCha20-Poly1305, for messages ----
using SealKey = FixedBytes<struct SealKeyTag, 32>;
using SealNonce = FixedBytes<struct SealNonceTag, 24>;
inline constexpr std::size_t seal_tag_size = 16;
/// Seals and opens many messages under one key without setting the key up again.
class SealCipher {
 public:
  explicit SealCipher(const SealKey& key);
  ~SealCipher();
  SealCipher(SealCipher&&) noexcept;
  SealCipher& operator=(SealCipher&&) noexcept;
  SealCipher(const SealCipher&) = delete;
  SealCipher& operator=(const SealCipher&) = delete;

  /// Ciphertext followed by the 16-byte tag. The caller never uses a nonce twice under one key.
  [[nodiscard]] Bytes seal(const SealNonce& nonce, ByteView associated, ByteView plaintext);
  /// Token `bad-signature` if the tag does not verify.
  [[nodiscard]] Result<Bytes> open(const SealNonce& nonce, ByteView associated, ByteView sealed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- AES-256-GCM, for the chunks of books ----
using ChunkNonce = FixedBytes<struct ChunkNonceTag, 12>;
inline constexpr std::size_t chunk_tag_size = 16;
/// Encrypts and decrypts many chunks under one key without setting the key up again.
class ChunkCipher {
 public:
  explicit ChunkCipher(const BookKey& key);
  ~ChunkCipher();
  ChunkCipher(ChunkCipher&&) noexcept;
  ChunkCipher& operator=(ChunkCipher&&) noexcept;
  ChunkCipher(const ChunkCipher&) = delete;
  ChunkCipher& operator=(const ChunkCipher&) = delete;

  /// Ciphertext followed by the 16-byte tag. The caller never uses a nonce twice under one key.
  [[nodiscard]] Bytes encrypt(const ChunkNonce& nonce, ByteView associated, ByteView plaintext);
  /// Token `wrong-key` if the tag does not verify.
  [[nodiscard]] Result<Bytes> decrypt(const ChunkNonce& nonce, ByteView associated, ByteView ciphertext);
  /// The same into the caller's memory, for books of many chunks. Precondition: `out` is chunk_tag_size bytes larger
  /// than the plaintext.
  void encrypt_into(const ChunkNonce& nonce, ByteView associated, ByteView plaintext, std::span<std::uint8_t> out);
  /// False if the tag does not verify; what is in `out` then means nothing. Precondition: `out` is chunk_tag_size
  /// bytes smaller than the ciphertext.
  [[nodiscard]] bool decrypt_into(const ChunkNonce& nonce, ByteView associated, ByteView ciphertext,
                                  std::span<std::uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- Shamir's secret sharing over GF(2^32), modulus x^32 + x^7 + x^3 + x^2 + 1 ----
/// Splits a key into `count` shares of which any `threshold` rebuild it. The key stands at
/// x = 0xffffffff, share i (from 0) at x = i; eight big-endian 32-bit words each. `coefficients`
/// is fresh randomness used for nothing else, exactly 32 * (threshold - 1) bytes: the library
/// takes them as the first threshold - 1 shares. Precondition: 1 <= threshold <= count <= 64.
[[nodiscard]] std::vector<KeyShare> split(const BookKey& key, std::size_t threshold, std::size_t count,
                                          ByteView coefficients);
struct NumberedShare {
  std::uint32_t index;  ///< from 0: the place of the witness in port order
  KeyShare share;
};
/// Rebuilds a key from exactly `threshold` shares with distinct indexes. There is no integrity in
/// it: a false share gives a false key, so the result must be held against its commitment.
[[nodiscard]] BookKey combine(std::span<const NumberedShare> shares);

}  // namespace bookchain::ledger
