// The parts of the second reader of the chain (chain_checker.hpp): canonical bytes under the rules of
// docs/formats.md, statement by statement. Everything throws Wrong with the name of the rule that is broken.
#pragma once

#include <algorithm>
#include <functional>

#include "tests/sim/chain_checker.hpp"

namespace bookchain::sim::reading {

struct Wrong {
  std::string what;
};

inline void must(bool holds, const char* rule) {
  if (!holds) throw Wrong{rule};
}

class Cursor {
 public:
  explicit Cursor(ByteView bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const auto byte : take(size)) value = value << 8U | byte;
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Id id() {
    Id value{};
    std::ranges::copy(take(32), value.begin());
    return value;
  }
  bool truth() {
    const auto byte = u8();
    must(byte <= 1, "C2");
    return byte == 1;
  }
  ByteView counted(std::size_t most) {
    const auto size = u32();
    must(size <= most, "C4");
    return take(size);
  }
  std::uint32_t count(std::size_t most) {
    const auto items = u32();
    must(items <= most, "C4");
    return items;
  }
  ByteView take(std::size_t size) {
    must(size <= bytes_.size() - place_, "C1");
    place_ += size;
    return bytes_.subspan(place_ - size, size);
  }
  [[nodiscard]] std::size_t place() const { return place_; }
  [[nodiscard]] ByteView since(std::size_t place) const { return bytes_.subspan(place, place_ - place); }
  [[nodiscard]] bool at_end() const { return place_ == bytes_.size(); }

 private:
  ByteView bytes_;
  std::size_t place_ = 0;
};

[[nodiscard]] Id hash_of(std::initializer_list<ByteView> parts);
[[nodiscard]] std::vector<Id> read_path(Cursor& cursor);
/// RFC 9162, section 2.1.3.2: where a path leads from leaf `index` of `count`; nothing if it is of another length.
[[nodiscard]] std::optional<Id> root_above(const Id& leaf, std::uint64_t index, std::uint64_t count,
                                           const std::vector<Id>& path);
[[nodiscard]] ByteView text(std::string_view letters);
[[nodiscard]] std::array<std::uint8_t, 2> two_bytes(std::uint16_t port);

/// Where a statement stands among those that were signed together.
struct Place {
  std::uint8_t index{};
  std::uint8_t count{};
  std::vector<Id> path;
};
/// A statement as it stands: who, the body's bytes, the signature, the id.
struct Statement {
  std::uint16_t signer{};
  ByteView body;
  ledger::Signature signature;
  std::optional<Place> place;
  Id id{};
  Bytes signed_bytes;
};

struct BookBody {
  Statement statement;
  std::uint64_t size{};
};
struct RequestBody {
  Statement statement;
  std::uint16_t sender{};
  std::uint16_t receiver{};
  Id book{};
};
struct GrantBody {
  Statement statement;
  Id exchange{};
  std::uint64_t version{};
  std::uint64_t turn{};
  Id ciphertext_root{};
  Id key_commitment{};
  std::vector<Id> share_commitments;
};

/// Reads one block under the rules of the page.
class BlockReading {
 public:
  BlockReading(const CheckedNetwork& network, Cursor& cursor) : network_(network), cursor_(cursor) {}

  template <class Body>
  Statement statement(std::uint8_t type, Body read_body) {
    Statement read;
    read.signer = cursor_.u16();
    const auto from = cursor_.place();
    read_body();
    read.body = cursor_.since(from);
    std::ranges::copy(cursor_.take(64), read.signature.bytes.begin());
    const bool has_place = (2 <= type && type <= 8) || (10 <= type && type <= 12);
    if (has_place && cursor_.truth()) {
      const auto index = cursor_.u8();
      const auto count = cursor_.u8();
      read.place = Place{index, count, read_path(cursor_)};
    }
    read.signed_bytes = words(type, read.signer, read.body);
    read.id = hash_of({read.signed_bytes});
    return read;
  }
  /// What is signed of a body of that type.
  [[nodiscard]] Bytes words(std::uint8_t type, std::uint16_t signer, ByteView body) const;
  /// The signature is a member's and fits.
  void good(const Statement& read, const char* rule) const;
  [[nodiscard]] bool is_member(std::uint16_t port) const;

  [[nodiscard]] BookBody book();
  /// The id of a BOOK whose own rules do not count.
  [[nodiscard]] Id book_id() { return book_fields().book.statement.id; }
  [[nodiscard]] RequestBody request(const BookBody& book);
  /// Of a book that is not at hand.
  [[nodiscard]] RequestBody request();
  [[nodiscard]] GrantBody grant(const RequestBody& request);
  /// Statements of distinct witnesses; `body` reads one and says whether it fits. Returns how many.
  [[nodiscard]] std::size_t witnesses(const RequestBody& request, std::uint8_t type, const char* rule,
                                      const std::function<bool()>& body);

 private:
  struct BookFields {
    BookBody book;
    std::uint32_t chunk_size{};
    std::string title;
    std::string media_type;
  };
  [[nodiscard]] BookFields book_fields();

  const CheckedNetwork& network_;
  Cursor& cursor_;
};

/// A proof that the book was not what was registered; a proof that the shares give no key.
void read_bad_chunk(Cursor& cursor, const CheckedNetwork& network, const BookBody& book, const GrantBody& grant);
void read_bad_deal(Cursor& cursor, const CheckedNetwork& network, const RequestBody& request, const GrantBody& grant);

}  // namespace bookchain::sim::reading
