// Proofs in a DISPUTE, computed a second time: Merkle paths, shares over GF(2^32), one chunk decrypted.
#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

#include <algorithm>

#include "tests/sim/block_reading.hpp"

namespace bookchain::sim::reading {

namespace {

bool leads_to(const Id& leaf, std::uint64_t index, std::uint64_t count, const std::vector<Id>& path, const Id& root) {
  return root_above(leaf, index, count, path) == root;
}

std::uint32_t times(std::uint32_t left, std::uint32_t right) {
  std::uint32_t product = 0;
  for (; right != 0; right >>= 1U) {
    if ((right & 1U) != 0) product ^= left;
    left = (left << 1U) ^ ((left >> 31U) != 0 ? 0x8dU : 0U);
  }
  return product;
}

std::uint32_t inverse(std::uint32_t value) {
  std::uint32_t result = 1;  // value^(2^32 - 2)
  for (unsigned i = 0; i < 31; ++i) {
    value = times(value, value);
    result = times(result, value);
  }
  return result;
}

struct ReadShare {
  std::uint32_t index{};
  Id share{};
};

Id key_from(const std::vector<ReadShare>& shares) {
  Id key{};
  for (const auto& one : shares) {
    std::uint32_t factor = 1;
    for (const auto& other : shares) {
      if (other.index == one.index) continue;
      factor = times(factor, times(0xffffffffU ^ other.index, inverse(one.index ^ other.index)));
    }
    for (std::size_t word = 0; word < 32; word += 4) {
      std::uint32_t value = 0;
      for (std::size_t i = 0; i < 4; ++i) value = value << 8U | one.share[word + i];
      value = times(value, factor);
      for (std::size_t i = 0; i < 4; ++i) key[word + i] ^= static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
  }
  return key;
}

/// AES-256-GCM, the tag of 16 bytes at the end. Nothing if that does not fit.
std::optional<Bytes> opened(const Id& key, const std::array<std::uint8_t, 12>& nonce, ByteView associated,
                            ByteView ciphertext) {
  static constexpr std::size_t tag_size = 16;
  if (ciphertext.size() < tag_size) return std::nullopt;
  Bytes plain(ciphertext.size() - tag_size);
  CryptoPP::GCM<CryptoPP::AES>::Decryption cipher;
  cipher.SetKeyWithIV(key.data(), key.size(), nonce.data(), nonce.size());
  const bool good = cipher.DecryptAndVerify(plain.data(), ciphertext.data() + plain.size(), tag_size, nonce.data(),
                                            static_cast<int>(nonce.size()), associated.data(), associated.size(),
                                            ciphertext.data(), plain.size());
  return good ? std::optional(std::move(plain)) : std::nullopt;
}

}  // namespace

void read_bad_chunk(Cursor& cursor, const CheckedNetwork& network, const BookBody& book, const GrantBody& grant) {
  const auto key = cursor.id();
  const auto index = cursor.u64();
  const auto ciphertext = cursor.counted((std::size_t{1} << 20U) + 32);
  const auto ciphertext_path = read_path(cursor);
  const auto leaf = cursor.id();
  const auto leaf_path = read_path(cursor);
  must(hash_of({text("bookchain/1 key"), grant.exchange, key}) == grant.key_commitment, "D3");
  static constexpr std::uint8_t zero = 0;
  const std::uint64_t count = book.size == 0 ? 1 : (book.size - 1) / network.chunk_size + 1;
  Id root{};
  std::ranges::copy(book.statement.body.last(32), root.begin());
  must(leads_to(hash_of({ByteView(&zero, 1), ciphertext}), index, count, ciphertext_path, grant.ciphertext_root), "D4");
  must(leads_to(leaf, index, count, leaf_path, root), "D4");
  std::array<std::uint8_t, 12> nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(index >> (56 - 8 * i));
  Bytes associated;
  const auto tag = text("bookchain/1 chunk");
  associated.insert(associated.end(), tag.begin(), tag.end());
  associated.insert(associated.end(), grant.exchange.begin(), grant.exchange.end());
  associated.push_back(index + 1 == count ? 1 : 0);
  const auto open = opened(key, nonce, associated, ciphertext);
  const auto length = index + 1 < count ? network.chunk_size : book.size - index * network.chunk_size;
  const bool as_registered = open && open->size() == length + 16 && hash_of({ByteView(&zero, 1), *open}) == leaf;
  must(!as_registered, "D5");
}

void read_bad_deal(Cursor& cursor, const CheckedNetwork& network, const RequestBody& request, const GrantBody& grant) {
  std::vector<std::uint16_t> witnesses;
  for (const auto& member : network.members) {
    if (member.port != request.sender && member.port != request.receiver) witnesses.push_back(member.port);
  }
  std::vector<ReadShare> shares;
  const auto items = cursor.count(62);
  std::uint16_t last = 0;
  for (std::uint32_t i = 0; i < items; ++i) {
    const auto port = cursor.u16();
    const auto share = cursor.id();
    must(last < port, "C5");
    last = port;
    const auto place = std::ranges::find(witnesses, port);
    must(place != witnesses.end(), "D6");
    const auto index = static_cast<std::uint32_t>(place - witnesses.begin());
    std::array<std::uint8_t, 4> number{0, 0, 0, static_cast<std::uint8_t>(index)};
    must(hash_of({text("bookchain/1 share"), grant.exchange, number, share}) == grant.share_commitments[index], "D6");
    shares.push_back({index, share});
  }
  must(shares.size() == network.t(), "D6");
  must(hash_of({text("bookchain/1 key"), grant.exchange, key_from(shares)}) != grant.key_commitment, "D7");
}

}  // namespace bookchain::sim::reading
