#include "ledger/book.hpp"

#include <algorithm>

#include "ledger/genesis.hpp"

namespace bookchain::ledger {

namespace {

constexpr std::string_view chunk_tag = "bookchain/1 chunk";

ChunkNonce chunk_nonce(std::uint64_t index) {
  ChunkNonce nonce;
  const auto bytes = encode(index);
  std::ranges::copy(bytes, nonce.bytes.begin() + 4);
  return nonce;
}

Bytes chunk_associated(const ExchangeId& exchange, bool last) {
  return encode_with([&](auto& writer) {
    writer.raw(view_of(chunk_tag));
    writer.write(exchange);
    writer.write(last);
  });
}

Error bad_book(std::string what, std::string subject) {
  return Error{Token::bad_statement, std::move(what), std::move(subject), {}};
}

}  // namespace

std::uint64_t chunk_count(const Book& book) {
  if (book.size == 0) return 1;
  return (book.size - 1) / book.chunk_size + 1;
}

std::uint32_t chunk_length(const Book& book, std::uint64_t index) {
  if (index + 1 < chunk_count(book)) return book.chunk_size;
  return static_cast<std::uint32_t>(book.size - index * book.chunk_size);
}

Salt chunk_salt(const BookSecret& secret, std::uint64_t index) {
  const auto mac = hmac_sha256(secret.view(), {encode(index)});
  Salt salt;
  std::copy_n(mac.bytes.begin(), Salt::size, salt.bytes.begin());
  return salt;
}

Hash chunk_leaf(const Salt& salt, ByteView chunk) { return leaf_hash(salt.view(), chunk); }

Bytes encrypt_chunk(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last, const Salt& salt,
                    ByteView chunk) {
  Bytes plaintext;
  plaintext.reserve(Salt::size + chunk.size());
  plaintext.insert(plaintext.end(), salt.bytes.begin(), salt.bytes.end());
  plaintext.insert(plaintext.end(), chunk.begin(), chunk.end());
  return cipher.encrypt(chunk_nonce(index), chunk_associated(exchange, last), plaintext);
}

void encrypt_salted(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last, ByteView salted,
                    std::span<std::uint8_t> out) {
  cipher.encrypt_into(chunk_nonce(index), chunk_associated(exchange, last), salted, out);
}

bool decrypt_salted(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last,
                    ByteView ciphertext, std::span<std::uint8_t> salted) {
  return cipher.decrypt_into(chunk_nonce(index), chunk_associated(exchange, last), ciphertext, salted);
}

Result<OpenChunk> decrypt_chunk(ChunkCipher& cipher, const ExchangeId& exchange, const Book& book, std::uint64_t index,
                                ByteView ciphertext) {
  const Error failure{Token::wrong_book, "a chunk of the book does not decrypt", std::to_string(index), {}};
  const bool last = index + 1 == chunk_count(book);
  auto plaintext = cipher.decrypt(chunk_nonce(index), chunk_associated(exchange, last), ciphertext);
  if (!plaintext || plaintext.value().size() != Salt::size + chunk_length(book, index)) return failure;
  OpenChunk open;
  const auto& bytes = plaintext.value();
  std::copy_n(bytes.begin(), Salt::size, open.salt.bytes.begin());
  open.chunk.assign(bytes.begin() + Salt::size, bytes.end());
  return open;
}

Bytes package_head(const Book& book) {
  Bytes head(package_magic.begin(), package_magic.end());
  const auto count = encode(chunk_count(book));
  head.insert(head.end(), count.begin(), count.end());
  return head;
}

std::uint64_t package_size(const Book& book) { return package_chunk_offset(book, chunk_count(book)); }

std::uint64_t package_chunk_offset(const Book& book, std::uint64_t index) {
  const auto before = package_head_bytes + chunk_count(book) * Hash::size;
  const auto plain = std::min<std::uint64_t>(index * book.chunk_size, book.size);
  return before + plain + index * chunk_overhead;
}

bool is_title(std::string_view text) { return !text.empty() && text.size() <= max_title_bytes && is_utf8(text); }

bool is_media_type(std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](char letter) { return letter > 0x20 && letter < 0x7f; });
  return !text.empty() && text.size() <= max_media_type_bytes && printable;
}

Result<void> check_book(const Genesis& genesis, const Signed<Book>& book) {
  BOOKCHAIN_CHECK(genesis.check(book));
  const auto& body = book.body;
  if (body.chunk_size != genesis.fields().chunk_size) {
    return bad_book("a book has another chunk size than the network", std::to_string(body.chunk_size));
  }
  if (body.size > genesis.fields().limits.book_bytes) {
    return Error{Token::book_too_large, "the book is larger than this network allows", std::to_string(body.size), {}};
  }
  if (!is_title(body.title)) return bad_book("a title is UTF-8 text of 1 to 255 bytes", body.title);
  if (!is_media_type(body.media_type)) {
    return bad_book("a media type has 1 to 127 printable ASCII characters", body.media_type);
  }
  if (body.media_type == value_media_type && (!is_value(body.title) || body.size != body.title.size())) {
    return bad_book("a value book is titled by its value", body.title);
  }
  return success();
}

std::optional<std::string> book_value(const Book& book) {
  if (book.media_type != value_media_type) return std::nullopt;
  return book.title;
}

bool is_value(std::string_view text) {
  static constexpr std::string_view most = "18446744073709551615";
  if (text.empty() || text.size() > most.size()) return false;
  if (!std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; })) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  return text.size() < most.size() || text <= most;
}

}  // namespace bookchain::ledger
