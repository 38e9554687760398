// One chunk of a book: its salt, its leaf in the book's tree, its encryption (docs/protocol.md,
// section 3, steps 2 and 6), and the layout of the package that carries an encrypted book. Never sees
// a whole book.
#pragma once

#include "ledger/statement.hpp"

namespace bookchain::ledger {

class Genesis;

/// Of 2^64 - 1.
inline constexpr std::size_t max_value_digits = 20;
inline constexpr std::string_view value_media_type = "application/vnd.bookchain.value";

/// Chunks of a book; an empty book has one empty chunk, so that there is always a last one.
[[nodiscard]] std::uint64_t chunk_count(const Book& book);
/// Plaintext bytes of chunk `index`. Precondition: index < chunk_count(book).
[[nodiscard]] std::uint32_t chunk_length(const Book& book, std::uint64_t index);

/// The first 16 bytes of HMAC-SHA-256(secret, index): looks random to everyone without the secret.
[[nodiscard]] Salt chunk_salt(const BookSecret& secret, std::uint64_t index);
/// SHA-256(0x00 || salt || chunk).
[[nodiscard]] Hash chunk_leaf(const Salt& salt, ByteView chunk);

/// AES-256-GCM of salt || chunk; nonce = index as 12 big-endian bytes; associated data = tag, X, last
/// flag. The cipher's key must be fresh for `exchange`. Gives chunk_overhead bytes more than the chunk.
[[nodiscard]] Bytes encrypt_chunk(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last,
                                  const Salt& salt, ByteView chunk);
/// The same from `salted`, which is salt || chunk, into `out`. Precondition: `out` has chunk_tag_size bytes more.
void encrypt_salted(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last, ByteView salted,
                    std::span<std::uint8_t> out);
/// The way back. False if it does not decrypt. The leaf is not checked here. Precondition: as above.
[[nodiscard]] bool decrypt_salted(ChunkCipher& cipher, const ExchangeId& exchange, std::uint64_t index, bool last,
                                  ByteView ciphertext, std::span<std::uint8_t> salted);
struct OpenChunk {
  Salt salt;
  Bytes chunk;
};
/// Tokens: `wrong-book` if the chunk does not decrypt or its length is not what BOOK says for `index`.
/// The leaf is not checked here.
[[nodiscard]] Result<OpenChunk> decrypt_chunk(ChunkCipher& cipher, const ExchangeId& exchange, const Book& book,
                                              std::uint64_t index, ByteView ciphertext);

// ---- the package: what goes beside a GRANT ----
// "bookchain/1 pkg" (15 bytes), 0x0a, chunk count (8 bytes), leaf hashes (32 bytes each), encrypted chunks.

inline constexpr std::string_view package_magic = "bookchain/1 pkg\n";
inline constexpr std::size_t package_head_bytes = package_magic.size() + sizeof(std::uint64_t);
/// What stands before the leaf list.
[[nodiscard]] Bytes package_head(const Book& book);
[[nodiscard]] std::uint64_t package_size(const Book& book);
[[nodiscard]] std::uint64_t package_chunk_offset(const Book& book, std::uint64_t index);

/// Of a value book.
inline constexpr std::size_t max_value_package_bytes =
    package_head_bytes + Hash::size + max_value_digits + chunk_overhead;

/// Whether a book may bear this title: UTF-8 text of 1 to 255 bytes.
[[nodiscard]] bool is_title(std::string_view text);
/// Whether a book may have this media type: 1 to 127 printable ASCII characters, no spaces.
[[nodiscard]] bool is_media_type(std::string_view text);

/// Whether the registrar signed it, and size, chunk size, title and media type are what this network allows.
/// Tokens: `book-too-large`, `bad-statement`, and those of Genesis::check.
[[nodiscard]] Result<void> check_book(const Genesis& genesis, const Signed<Book>& book);

/// What a value book holds: its one chunk and the salt of it.
struct ValueText {
  Salt salt;
  Bytes text;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("salt", self.salt);
    visitor.blob("text", self.text, max_value_digits);
  }
};

/// The value of a value book ("0" to "18446744073709551615", no leading zeros), or nothing.
[[nodiscard]] std::optional<std::string> book_value(const Book& book);
/// True for such a value.
[[nodiscard]] bool is_value(std::string_view text);

}  // namespace bookchain::ledger
