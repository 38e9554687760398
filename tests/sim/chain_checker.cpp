#include "tests/sim/chain_checker.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

namespace {

struct Wrong {
  std::string what;
};

void must(bool holds, const char* rule) {
  if (!holds) throw Wrong{rule};
}

// ---- canonical bytes, read for the second time ----

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

Id hash_of(std::initializer_list<ByteView> parts) { return ledger::sha256(parts).bytes; }

ByteView text(std::string_view letters) {
  return {reinterpret_cast<const std::uint8_t*>(letters.data()), letters.size()};
}

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

std::array<std::uint8_t, 2> two_bytes(std::uint16_t port) {
  return {static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port & 0xffU)};
}

/// A statement as it stands: who, the body's bytes, the signature, the id.
struct Statement {
  std::uint16_t signer{};
  ByteView body;
  ledger::Signature signature;
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

/// Reads one block under the rules of the page; every method throws Wrong with the rule that is broken.
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
    const auto signer = two_bytes(read.signer);
    auto& out = read.signed_bytes;
    for (const auto part : {text("bookchain/1"), ByteView(&type, 1), network_.id.view(), ByteView(signer), read.body}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    read.id = hash_of({out});
    return read;
  }
  void good(const Statement& read, const char* rule) const {
    const auto member = std::ranges::find(network_.members, read.signer, &CheckedNetwork::Member::port);
    must(member != network_.members.end(), rule);
    must(checked_verify(member->verify_key, read.signed_bytes, read.signature), rule);
  }
  [[nodiscard]] bool is_member(std::uint16_t port) const {
    return std::ranges::find(network_.members, port, &CheckedNetwork::Member::port) != network_.members.end();
  }

  BookBody book() {
    BookBody read;
    std::uint32_t chunk_size = 0;
    std::string title;
    std::string media_type;
    read.statement = statement(1, [&] {
      cursor_.u64();
      const auto title_bytes = cursor_.counted(255);
      title.assign(title_bytes.begin(), title_bytes.end());
      const auto type_bytes = cursor_.counted(127);
      media_type.assign(type_bytes.begin(), type_bytes.end());
      read.size = cursor_.u64();
      chunk_size = cursor_.u32();
      cursor_.id();
    });
    good(read.statement, "K1");
    must(chunk_size == network_.chunk_size, "K2");
    must(read.size <= network_.book_bytes, "K3");
    must(!title.empty(), "K4");
    must(!media_type.empty() && std::ranges::all_of(media_type, [](char c) { return c > 0x20 && c < 0x7f; }), "K5");
    if (media_type == "application/vnd.bookchain.value") must(is_value(title) && read.size == title.size(), "K6");
    return read;
  }
  RequestBody request(const BookBody& book) {
    RequestBody read;
    read.statement = statement(2, [&] {
      read.sender = cursor_.u16();
      read.receiver = cursor_.u16();
      read.book = cursor_.id();
      cursor_.id();
    });
    good(read.statement, "G1");
    must(read.statement.signer == read.sender && read.sender != read.receiver && is_member(read.receiver), "G2");
    must(read.book == book.statement.id, "G3");
    return read;
  }
  GrantBody grant(const RequestBody& request) {
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
  /// Statements of distinct witnesses; `body` reads one and says whether it fits.
  std::size_t witnesses(const RequestBody& request, std::uint8_t type, const char* rule,
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

 private:
  const CheckedNetwork& network_;
  Cursor& cursor_;
};

/// What the transactions of one block do to the books.
struct Fold {
  const CheckedNetwork& network;
  std::map<Id, Standing>& books;
  std::map<Id, Standing>& touched;
  std::map<Id, std::uint64_t>& transfers;
  std::uint64_t height;

  Standing& at(const BookBody& book) {
    return books.try_emplace(book.statement.id, Standing{book.statement.signer, 0, 0, std::nullopt}).first->second;
  }
  void present(const BookBody& book, std::uint16_t owner, std::uint64_t version, std::uint64_t turn) {
    const auto& stand = at(book);
    must(stand.owner == owner, "V1");
    must(stand.version == version && stand.turn == turn, "V2");
  }
  void move(const BookBody& book, std::uint16_t owner, std::optional<Id> by) {
    auto& stand = at(book);
    must(stand.version < std::numeric_limits<std::uint64_t>::max(), "version");
    stand = Standing{owner, stand.version + 1, 0, by};
    touched[book.statement.id] = stand;
  }
  void next_turn(const BookBody& book) {
    auto& stand = at(book);
    ++stand.turn;
    touched[book.statement.id] = stand;
  }
};

void read_transfer(Cursor& cursor, BlockReading& reading, Fold& fold, std::uint16_t miner) {
  BookBody book;
  RequestBody request;
  GrantBody grant;
  Statement consent;
  std::uint8_t form = 0;
  const auto transfer = reading.statement(10, [&] {
    form = cursor.u8();
    must(form <= 2, "C2");
    book = reading.book();
    request = reading.request(book);
    grant = reading.grant(request);
    Id exchange{};
    Id named{};
    consent = reading.statement(5, [&] {
      exchange = cursor.id();
      named = cursor.id();
    });
    reading.good(consent, "T3");
    must(consent.signer == request.sender && exchange == grant.exchange && named == grant.statement.id, "T3");
    const auto about_grant = [&] {
      const auto about = cursor.id();
      return about == grant.exchange && cursor.id() == grant.statement.id;
    };
    must(reading.witnesses(request, 4, "T4", about_grant) >= fold.network.acks(), "T4");
    const auto yes = reading.witnesses(request, 6, "T5", [&] {
      const auto about = cursor.id();
      const auto answered = cursor.id();
      return cursor.truth() && about == grant.exchange && answered == consent.id;
    });
    must(yes >= fold.network.a(), "T5");
    const auto keys = reading.witnesses(request, 8, "T6", [&] {
      const auto about = cursor.id();
      const auto answered = cursor.id();
      return cursor.id() == grant.key_commitment && about == grant.exchange && answered == grant.statement.id;
    });
    must(form == 0 ? keys >= fold.network.a() : keys == 0, "T6");
  });
  reading.good(transfer, "X2");
  must(transfer.signer == miner, "X1");
  must(transfer.signer == (form == 1 ? request.receiver : request.sender), "T2");
  fold.present(book, request.receiver, grant.version, grant.turn);
  fold.move(book, request.sender, grant.exchange);
  must(fold.transfers.emplace(grant.exchange, fold.height).second, "one exchange moved a book twice");
}

void read_abort(Cursor& cursor, BlockReading& reading, Fold& fold, std::uint16_t miner) {
  BookBody book;
  std::uint64_t version = 0;
  std::uint64_t turn = 0;
  const auto abort = reading.statement(11, [&] {
    book = reading.book();
    version = cursor.u64();
    turn = cursor.u64();
  });
  reading.good(abort, "X2");
  must(abort.signer == miner, "X1");
  fold.present(book, abort.signer, version, turn);
  fold.next_turn(book);
}

std::vector<Id> read_path(Cursor& cursor) {
  std::vector<Id> path(cursor.count(64));
  for (auto& sibling : path) sibling = cursor.id();
  return path;
}

/// RFC 9162, section 2.1.3.2.
bool leads_to(const Id& leaf, std::uint64_t index, std::uint64_t count, const std::vector<Id>& path, const Id& root) {
  static constexpr std::uint8_t node = 1;
  if (index >= count) return false;
  auto at = index;
  auto last = count - 1;
  auto hash = leaf;
  for (const auto& sibling : path) {
    if (last == 0) return false;
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
  return last == 0 && hash == root;
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

struct NumberedShare {
  std::uint32_t index{};
  Id share{};
};

Id key_from(const std::vector<NumberedShare>& shares) {
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

void read_bad_chunk(Cursor& cursor, const CheckedNetwork& network, const BookBody& book, const GrantBody& grant) {
  ledger::BookKey key{cursor.id()};
  const auto index = cursor.u64();
  const auto ciphertext = cursor.counted((std::size_t{1} << 20U) + 32);
  const auto ciphertext_path = read_path(cursor);
  const auto leaf = cursor.id();
  const auto leaf_path = read_path(cursor);
  must(hash_of({text("bookchain/1 key"), grant.exchange, key.view()}) == grant.key_commitment, "D3");
  static constexpr std::uint8_t zero = 0;
  const std::uint64_t count = book.size == 0 ? 1 : (book.size - 1) / network.chunk_size + 1;
  Id root{};
  std::ranges::copy(book.statement.body.last(32), root.begin());
  must(leads_to(hash_of({ByteView(&zero, 1), ciphertext}), index, count, ciphertext_path, grant.ciphertext_root), "D4");
  must(leads_to(leaf, index, count, leaf_path, root), "D4");
  ledger::ChunkNonce nonce;
  for (std::size_t i = 0; i < 8; ++i) nonce.bytes[4 + i] = static_cast<std::uint8_t>(index >> (56 - 8 * i));
  Bytes associated;
  const auto tag = text("bookchain/1 chunk");
  associated.insert(associated.end(), tag.begin(), tag.end());
  associated.insert(associated.end(), grant.exchange.begin(), grant.exchange.end());
  associated.push_back(index + 1 == count ? 1 : 0);
  const auto open = ledger::ChunkCipher(key).decrypt(nonce, associated, ciphertext);
  const auto length = index + 1 < count ? network.chunk_size : book.size - index * network.chunk_size;
  const bool as_registered =
      open && open.value().size() == length + 16 && hash_of({ByteView(&zero, 1), open.value()}) == leaf;
  must(!as_registered, "D5");
}

void read_bad_deal(Cursor& cursor, const CheckedNetwork& network, const RequestBody& request, const GrantBody& grant) {
  std::vector<std::uint16_t> witnesses;
  for (const auto& member : network.members) {
    if (member.port != request.sender && member.port != request.receiver) witnesses.push_back(member.port);
  }
  std::vector<NumberedShare> shares;
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

void read_dispute(Cursor& cursor, BlockReading& reading, Fold& fold, std::uint16_t miner) {
  BookBody book;
  RequestBody request;
  GrantBody grant;
  const auto dispute = reading.statement(12, [&] {
    book = reading.book();
    request = reading.request(book);
    grant = reading.grant(request);
    const auto kind = cursor.u8();
    must(kind <= 1, "C2");
    if (kind == 0) {
      read_bad_chunk(cursor, fold.network, book, grant);
    } else {
      read_bad_deal(cursor, fold.network, request, grant);
    }
  });
  reading.good(dispute, "X2");
  must(dispute.signer == miner, "X1");
  must(dispute.signer == request.sender, "D1");
  const auto& stand = fold.at(book);
  if (stand.moved_by == grant.exchange && stand.owner == request.sender && stand.version == grant.version + 1) {
    fold.move(book, grant.statement.signer, std::nullopt);
  } else {
    fold.present(book, request.receiver, grant.version, grant.turn);
    fold.next_turn(book);
  }
}

void check_certificate(const CheckedNetwork& network, Cursor& cursor, std::uint64_t height, const Id& block) {
  const auto from = cursor.place();
  must(cursor.u64() == height, "Q1");
  cursor.u64();  // the ballot may be any
  cursor.u16();
  must(cursor.id() == block, "Q1");
  const auto vote = cursor.since(from);
  const auto items = cursor.count(64);
  std::set<std::uint16_t> signers;
  for (std::uint32_t i = 0; i < items; ++i) {
    const auto port = cursor.u16();
    ledger::Signature signature;
    std::ranges::copy(cursor.take(64), signature.bytes.begin());
    const auto member = std::ranges::find(network.members, port, &CheckedNetwork::Member::port);
    must(member != network.members.end() && signers.insert(port).second, "Q2");
    const auto signer = two_bytes(port);
    const std::uint8_t type = 16;
    Bytes signed_bytes;
    for (const auto part : {text("bookchain/1"), ByteView(&type, 1), network.id.view(), ByteView(signer), vote}) {
      signed_bytes.insert(signed_bytes.end(), part.begin(), part.end());
    }
    must(checked_verify(member->verify_key, signed_bytes, signature), "Q2");
  }
  must(signers.size() >= network.q(), "Q2");
  must(cursor.at_end(), "C1");
}

}  // namespace

std::optional<std::string> ChainChecker::append(ByteView committed) {
  Cursor cursor(committed);
  BlockReading reading(network_, cursor);
  const auto height = blocks_.size() + 1;
  Known known;
  auto books = books_;
  auto transfers = transfers_;
  try {
    Id transactions_hash{};
    const auto header = reading.statement(17, [&] {
      must(cursor.u64() == height, "B1");
      must(cursor.id() == (blocks_.empty() ? network_.id.bytes : blocks_.back().hash), "B2");
      transactions_hash = cursor.id();
      cursor.u64();
      cursor.u64();
    });
    const auto from = cursor.place();
    const auto items = cursor.count(256);
    must(items > 0, "B3");
    Fold fold{network_, books, known.touched, transfers, height};
    for (std::uint32_t i = 0; i < items; ++i) {
      switch (cursor.u8()) {
        case 0: read_transfer(cursor, reading, fold, header.signer); break;
        case 1: read_abort(cursor, reading, fold, header.signer); break;
        case 2: read_dispute(cursor, reading, fold, header.signer); break;
        default: must(false, "C2");
      }
    }
    must(transactions_hash == hash_of({cursor.since(from)}), "B4");
    must(cursor.place() <= network_.block_bytes, "B5");
    unsigned zeros = 0;
    while (zeros < 256 && (header.id[zeros / 8] >> (7 - zeros % 8) & 1U) == 0) ++zeros;
    must(zeros >= network_.work_bits, "B6");
    reading.good(header, "B7");
    known.hash = header.id;
    const auto block = cursor.since(0);
    known.bytes.assign(block.begin(), block.end());
    check_certificate(network_, cursor, height, known.hash);
  } catch (const Wrong& wrong) {
    return "block " + std::to_string(height) + " breaks rule " + wrong.what;
  }
  books_ = std::move(books);
  transfers_ = std::move(transfers);
  blocks_.push_back(std::move(known));
  return std::nullopt;
}

std::optional<std::string> ChainChecker::compare(std::uint64_t height, ByteView committed) const {
  const auto& known = blocks_.at(height - 1);
  if (committed.size() < known.bytes.size() || !std::equal(known.bytes.begin(), known.bytes.end(), committed.begin())) {
    return "two blocks of height " + std::to_string(height) + " are committed";
  }
  Cursor cursor(committed);
  cursor.take(known.bytes.size());
  try {
    check_certificate(network_, cursor, height, known.hash);
  } catch (const Wrong& wrong) {
    return "the certificate of block " + std::to_string(height) + " breaks rule " + wrong.what;
  }
  return std::nullopt;
}

std::optional<Standing> ChainChecker::standing(const Id& book) const {
  const auto found = books_.find(book);
  if (found == books_.end()) return std::nullopt;
  return found->second;
}

}  // namespace bookchain::sim
