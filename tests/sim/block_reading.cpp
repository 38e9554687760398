#include "tests/sim/block_reading.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "tests/sim/checked_signature.hpp"
#include "tests/sim/text_reading.hpp"

namespace bookchain::sim::reading {

namespace {

/// A whole number from 0 to 2^64 - 1 in decimal without leading zeros.
bool is_value(const std::string& title) {
  std::uint64_t value = 0;
  for (const char letter : title) {
    if (letter < '0' || letter > '9') return false;
    const auto digit = static_cast<std::uint64_t>(letter - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return !title.empty() && std::to_string(value) == title;
}

}  // namespace

Id hash_of(std::initializer_list<ByteView> parts) { return ledger::sha256(parts).bytes; }

ByteView text(std::string_view letters) {
  return {reinterpret_cast<const std::uint8_t*>(letters.data()), letters.size()};
}

std::array<std::uint8_t, 2> two_bytes(std::uint16_t port) {
  return {static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port & 0xffU)};
}

std::vector<Id> read_path(Cursor& cursor) {
  std::vector<Id> path(cursor.count(64));
  for (auto& sibling : path) sibling = cursor.id();
  return path;
}

std::optional<Id> root_above(const Id& leaf, std::uint64_t index, std::uint64_t count, const std::vector<Id>& path) {
  static constexpr std::uint8_t node = 1;
  if (index >= count) return std::nullopt;
  auto at = index;
  auto last = count - 1;
  auto hash = leaf;
  for (const auto& sibling : path) {
    if (last == 0) return std::nullopt;
    if ((at & 1U) != 0 || at == last) {
      hash = hash_of({ByteView(&node, 1), sibling, hash});
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = hash_of({ByteView(&node, 1), hash, sibling});
    }
    at >>= 1U;
    last >>= 1U;
  }
  return last == 0 ? std::optional(hash) : std::nullopt;
}

Bytes BlockReading::words(std::uint8_t type, std::uint16_t signer, ByteView body) const {
  Bytes out;
  const auto port = two_bytes(signer);
  for (const auto part : {text("bookchain/1"), ByteView(&type, 1), network_.id.view(), ByteView(port), body}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

void BlockReading::good(const Statement& read, const char* rule) const {
  const auto member = std::ranges::find(network_.members, read.signer, &CheckedNetwork::Member::port);
  must(member != network_.members.end(), rule);
  if (!read.place) return must(checked_verify(member->verify_key, read.signed_bytes, read.signature), rule);
  const auto& [index, count, path] = *read.place;
  must(2 <= count && count <= 64, rule);
  static constexpr std::uint8_t leaf = 0;
  const auto root = root_above(hash_of({ByteView(&leaf, 1), read.signed_bytes}), index, count, path);
  must(root.has_value(), rule);
  Bytes batch{count};
  batch.insert(batch.end(), root->begin(), root->end());
  must(checked_verify(member->verify_key, words(19, read.signer, batch), read.signature), rule);
}

bool BlockReading::is_member(std::uint16_t port) const {
  return std::ranges::find(network_.members, port, &CheckedNetwork::Member::port) != network_.members.end();
}

BlockReading::BookFields BlockReading::book_fields() {
  BookFields read;
  read.book.statement = statement(1, [&] {
    cursor_.u64();
    const auto title_bytes = cursor_.counted(255);
    read.title.assign(title_bytes.begin(), title_bytes.end());
    const auto type_bytes = cursor_.counted(127);
    read.media_type.assign(type_bytes.begin(), type_bytes.end());
    must(is_text(title_bytes) && is_text(type_bytes), "C3");
    read.book.size = cursor_.u64();
    read.chunk_size = cursor_.u32();
    cursor_.id();
  });
  return read;
}

BookBody BlockReading::book() {
  const auto read = book_fields();
  const auto& book = read.book;
  good(book.statement, "K1");
  must(read.chunk_size == network_.chunk_size, "K2");
  must(book.size <= network_.book_bytes, "K3");
  must(!read.title.empty(), "K4");
  const auto& media_type = read.media_type;
  must(!media_type.empty() && std::ranges::all_of(media_type, [](char c) { return c > 0x20 && c < 0x7f; }), "K5");
  if (media_type == "application/vnd.bookchain.value") {
    must(is_value(read.title) && book.size == read.title.size(), "K6");
  }
  return book;
}

RequestBody BlockReading::request(const BookBody& book) {
  auto read = request();
  must(read.book == book.statement.id, "G3");
  return read;
}

RequestBody BlockReading::request() {
  RequestBody read;
  read.statement = statement(2, [&] {
    read.sender = cursor_.u16();
    read.receiver = cursor_.u16();
    read.book = cursor_.id();
    cursor_.id();
  });
  good(read.statement, "G1");
  must(read.statement.signer == read.sender && read.sender != read.receiver && is_member(read.receiver), "G2");
  return read;
}

GrantBody BlockReading::grant(const RequestBody& request) {
  GrantBody read;
  read.statement = statement(3, [&] {
    read.exchange = cursor_.id();
    read.version = cursor_.u64();
    read.turn = cursor_.u64();
    read.ciphertext_root = cursor_.id();
    read.key_commitment = cursor_.id();
    const auto items = cursor_.count(62);
    for (std::uint32_t i = 0; i < items; ++i) read.share_commitments.push_back(cursor_.id());
  });
  good(read.statement, "G1");
  must(read.statement.signer == request.receiver && read.exchange == request.statement.id &&
           read.share_commitments.size() == network_.m(),
       "G4");
  return read;
}

std::size_t BlockReading::witnesses(const RequestBody& request, std::uint8_t type, const char* rule,
                                    const std::function<bool()>& body) {
  const auto items = cursor_.count(62);
  std::set<std::uint16_t> signers;
  std::uint16_t last = 0;
  for (std::uint32_t i = 0; i < items; ++i) {
    bool fits = false;
    const auto read = statement(type, [&] { fits = body(); });
    must(last < read.signer, "C5");
    last = read.signer;
    good(read, rule);
    must(fits && read.signer != request.sender && read.signer != request.receiver, rule);
    signers.insert(read.signer);
  }
  return signers.size();
}

}  // namespace bookchain::sim::reading
