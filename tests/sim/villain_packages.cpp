// Packages that do not hold the granted book: spoiled beside a GRANT that does not fit them any more, which is seen at
// once; or granted as they are, which is found when they are opened.
#include <algorithm>

#include "ledger/chain.hpp"
#include "ledger/records.hpp"
#include "tests/sim/villain.hpp"

namespace bookchain::sim {

namespace {

std::span<std::uint8_t> chunk_in(const Book& book, Bytes& package, std::uint64_t index) {
  const auto from = package_chunk_offset(book, index);
  return std::span(package).subspan(from, package_chunk_offset(book, index + 1) - from);
}

void make_noise(std::span<std::uint8_t> chunk) {
  for (auto& byte : chunk) byte ^= 0x55U;
}

/// The first two chunks change places; where they differ in length the first is repeated over the second; a single one
/// has a bit turned over.
void mix_up_chunks(const Book& book, Bytes& package) {
  const auto place = [&](std::uint64_t chunk) {
    return package.begin() + static_cast<std::ptrdiff_t>(package_chunk_offset(book, chunk));
  };
  if (chunk_count(book) < 2) {
    package.back() ^= 1U;
    return;
  }
  const auto first = place(1) - place(0);
  const auto second = place(2) - place(1);
  if (first == second) {
    std::swap_ranges(place(0), place(1), place(1));
  } else {
    std::copy_n(place(0), std::min(first, second), place(1));
  }
}

}  // namespace

void Villain::twist_package(GrantMessage& message, Bytes& package) {
  const auto& book = message.book.body;
  switch (chance_.below(8)) {
    case 0: package.resize(chance_.below(package.size())); break;  // cut short
    case 1: package.insert(package.end(), 7, 0); break;            // too long
    case 2: package[chance_.below(package.size())] ^= 1U; break;   // one bit
    case 3: mix_up_chunks(book, package); break;
    default: {
      // Chunks that were never the book's, under a root that fits them: found only when it is opened.
      const auto exchange = genesis_.exchange_of(message.request);
      const auto record = exchanges.get(store_, exchange);
      falsify(exchange, record, message.request.body.book, book, package);
      auto body = message.grant.body;
      body.ciphertext_root = ciphertext_root(book, package);
      message.grant = sign(std::move(body));
      shelf_.contents.packages[exchange] = package;
      if (record) stand_by(exchange, message.grant, record->shares);
      break;
    }
  }
}

/// Some of it does not decrypt, or decrypts to what was not registered: in every chunk, or in one that may be any.
void Villain::falsify(const ExchangeId& exchange, const std::optional<ExchangeRecord>& record, const BookId& id,
                      const Book& book, Bytes& package) {
  const auto count = chunk_count(book);
  const bool in_all = chance_.chance(300);
  const std::uint64_t first = in_all ? 0 : chance_.below(count);
  const auto end = in_all ? count : std::min(first + 1, count);
  const auto each = [&](const auto& change) {
    for (auto index = first; index < end; ++index) change(index);
  };
  const auto way = chance_.below(4);
  if (way == 0) return mix_up_chunks(book, package);
  const auto text = shelf_.contents.books.find(id);
  if (way == 1 || !record || !record->key || text == shelf_.contents.books.end()) {
    return each([&](std::uint64_t index) { make_noise(chunk_in(book, package, index)); });
  }
  // As it should be encrypted, under the list of the true leaves: another text, or the same with another salt.
  ChunkCipher cipher(*record->key);
  each([&](std::uint64_t index) {
    auto salt = text->second.salts[index];
    auto chunk = text->second.chunks[index];
    if (way == 2 || chunk.empty()) {
      salt = chance_.draw<Salt>();
    } else {
      chunk[chance_.below(chunk.size())] ^= 1U;
    }
    std::ranges::copy(encrypt_chunk(cipher, exchange, index, index + 1 == count, salt, chunk),
                      chunk_in(book, package, index).begin());
  });
}

}  // namespace bookchain::sim
