#include "ledger/crypto.hpp"

#include <cryptopp/aes.h>
#include <cryptopp/chachapoly.h>
#include <cryptopp/filters.h>
#include <cryptopp/gcm.h>
#include <cryptopp/hkdf.h>
#include <cryptopp/hmac.h>
#include <cryptopp/ida.h>
#include <cryptopp/misc.h>
#include <cryptopp/sha.h>

#include <cassert>

namespace bookchain::ledger {

// ---- hashes ----

Hash sha256(std::initializer_list<ByteView> parts) {
  CryptoPP::SHA256 hash;
  for (const auto part : parts) hash.Update(part.data(), part.size());
  Hash result;
  hash.Final(result.bytes.data());
  return result;
}

struct Sha256::State {
  CryptoPP::SHA256 hash;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) { state_->hash.Update(bytes.data(), bytes.size()); }

Hash Sha256::finish() {
  Hash result;
  state_->hash.Final(result.bytes.data());
  return result;
}

Hash hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  CryptoPP::HMAC<CryptoPP::SHA256> mac(key.data(), key.size());
  for (const auto part : parts) mac.Update(part.data(), part.size());
  Hash result;
  mac.Final(result.bytes.data());
  return result;
}

Bytes hkdf_sha256(ByteView input_key, ByteView salt, ByteView context, std::size_t size) {
  assert(size <= std::size_t{255} * 32);
  Bytes out(size);
  if (size == 0) return out;
  const CryptoPP::HKDF<CryptoPP::SHA256> hkdf;
  hkdf.DeriveKey(out.data(), out.size(), input_key.data(), input_key.size(), salt.data(), salt.size(), context.data(),
                 context.size());
  return out;
}

bool equal_in_constant_time(ByteView left, ByteView right) {
  return left.size() == right.size() && CryptoPP::VerifyBufsEqual(left.data(), right.data(), left.size());
}

void wipe(std::span<std::uint8_t> secret) { CryptoPP::SecureWipeBuffer(secret.data(), secret.size()); }

// ---- XChaCha20-Poly1305 ----

struct SealCipher::State {
  CryptoPP::XChaCha20Poly1305::Encryption encryption;
  CryptoPP::XChaCha20Poly1305::Decryption decryption;
};

SealCipher::SealCipher(const SealKey& key) : state_(std::make_unique<State>()) {
  const SealNonce zero{};  // each message brings its own
  state_->encryption.SetKeyWithIV(key.bytes.data(), key.bytes.size(), zero.bytes.data(), zero.bytes.size());
  state_->decryption.SetKeyWithIV(key.bytes.data(), key.bytes.size(), zero.bytes.data(), zero.bytes.size());
}
SealCipher::~SealCipher() = default;
SealCipher::SealCipher(SealCipher&&) noexcept = default;
SealCipher& SealCipher::operator=(SealCipher&&) noexcept = default;

Bytes SealCipher::seal(const SealNonce& nonce, ByteView associated, ByteView plaintext) {
  Bytes out(plaintext.size() + seal_tag_size);
  state_->encryption.EncryptAndAuthenticate(out.data(), out.data() + plaintext.size(), seal_tag_size,
                                            nonce.bytes.data(), static_cast<int>(nonce.bytes.size()), associated.data(),
                                            associated.size(), plaintext.data(), plaintext.size());
  return out;
}

Result<Bytes> SealCipher::open(const SealNonce& nonce, ByteView associated, ByteView sealed) {
  const auto failure = [] { return Error{Token::bad_signature, "the seal of a message does not verify", {}, {}}; };
  if (sealed.size() < seal_tag_size) return failure();
  Bytes out(sealed.size() - seal_tag_size);
  const bool good = state_->decryption.DecryptAndVerify(
      out.data(), sealed.data() + out.size(), seal_tag_size, nonce.bytes.data(), static_cast<int>(nonce.bytes.size()),
      associated.data(), associated.size(), sealed.data(), out.size());
  if (!good) return failure();
  return out;
}

// ---- AES-256-GCM ----

struct ChunkCipher::State {
  CryptoPP::GCM<CryptoPP::AES>::Encryption encryption;
  CryptoPP::GCM<CryptoPP::AES>::Decryption decryption;
};

ChunkCipher::ChunkCipher(const BookKey& key) : state_(std::make_unique<State>()) {
  const ChunkNonce zero{};
  state_->encryption.SetKeyWithIV(key.bytes.data(), key.bytes.size(), zero.bytes.data(), zero.bytes.size());
  state_->decryption.SetKeyWithIV(key.bytes.data(), key.bytes.size(), zero.bytes.data(), zero.bytes.size());
}
ChunkCipher::~ChunkCipher() = default;
ChunkCipher::ChunkCipher(ChunkCipher&&) noexcept = default;
ChunkCipher& ChunkCipher::operator=(ChunkCipher&&) noexcept = default;

// Twelve-byte nonces only: with longer ones this library's GCM gives a wrong plaintext under a good tag
// when its counter wraps. The type of the nonce sees to it.

void ChunkCipher::encrypt_into(const ChunkNonce& nonce, ByteView associated, ByteView plaintext,
                               std::span<std::uint8_t> out) {
  assert(out.size() == plaintext.size() + chunk_tag_size);
  state_->encryption.EncryptAndAuthenticate(out.data(), out.data() + plaintext.size(), chunk_tag_size,
                                            nonce.bytes.data(), static_cast<int>(nonce.bytes.size()), associated.data(),
                                            associated.size(), plaintext.data(), plaintext.size());
}

bool ChunkCipher::decrypt_into(const ChunkNonce& nonce, ByteView associated, ByteView ciphertext,
                               std::span<std::uint8_t> out) {
  assert(ciphertext.size() == out.size() + chunk_tag_size);
  return state_->decryption.DecryptAndVerify(out.data(), ciphertext.data() + out.size(), chunk_tag_size,
                                             nonce.bytes.data(), static_cast<int>(nonce.bytes.size()),
                                             associated.data(), associated.size(), ciphertext.data(), out.size());
}

Bytes ChunkCipher::encrypt(const ChunkNonce& nonce, ByteView associated, ByteView plaintext) {
  Bytes out(plaintext.size() + chunk_tag_size);
  encrypt_into(nonce, associated, plaintext, out);
  return out;
}

Result<Bytes> ChunkCipher::decrypt(const ChunkNonce& nonce, ByteView associated, ByteView ciphertext) {
  const Error failure{Token::wrong_key, "a chunk does not decrypt with the key", {}, {}};
  if (ciphertext.size() < chunk_tag_size) return failure;
  Bytes out(ciphertext.size() - chunk_tag_size);
  if (!decrypt_into(nonce, associated, ciphertext, out)) return failure;
  return out;
}

// ---- Shamir ----

namespace {

/// Gives out the caller's bytes and nothing else: the library draws from it the values of the
/// polynomial at x = 0, 1, ..., threshold - 2, one word of the key at a time.
class GivenBytes final : public CryptoPP::RandomNumberGenerator {
 public:
  explicit GivenBytes(ByteView bytes) : left_(bytes) {}
  void GenerateBlock(CryptoPP::byte* output, std::size_t size) override {
    assert(size <= left_.size());
    std::copy_n(left_.begin(), size, output);
    left_ = left_.subspan(size);
  }

 private:
  ByteView left_;
};

}  // namespace

std::vector<KeyShare> split(const BookKey& key, std::size_t threshold, std::size_t count, ByteView coefficients) {
  assert(threshold >= 1 && threshold <= count && count <= 64);
  assert(coefficients.size() == BookKey::size * (threshold - 1));
  GivenBytes given(coefficients);
  std::vector<KeyShare> shares(count);
  std::vector<std::unique_ptr<CryptoPP::ArraySink>> sinks;
  auto channels = std::make_unique<CryptoPP::ChannelSwitch>();
  for (std::size_t i = 0; i < count; ++i) {
    sinks.push_back(std::make_unique<CryptoPP::ArraySink>(shares[i].bytes.data(), KeyShare::size));
    channels->AddRoute(CryptoPP::WordToString<CryptoPP::word32>(static_cast<CryptoPP::word32>(i)), *sinks.back(),
                       CryptoPP::DEFAULT_CHANNEL);
  }
  // The library's filter owns what it is attached to.
  CryptoPP::SecretSharing dealer(given, static_cast<int>(threshold), static_cast<int>(count), channels.release(),
                                 false);
  dealer.Put2(key.bytes.data(), key.bytes.size(), -1, true);
  return shares;
}

BookKey combine(std::span<const NumberedShare> shares) {
  assert(!shares.empty());
  BookKey key;
  CryptoPP::SecretRecovery recovery(static_cast<int>(shares.size()),
                                    new CryptoPP::ArraySink(key.bytes.data(), BookKey::size), false);
  for (const auto& numbered : shares) {
    recovery.ChannelData(numbered.index, numbered.share.bytes.data(), KeyShare::size, true);
  }
  return key;
}

}  // namespace bookchain::ledger
