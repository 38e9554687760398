#include "tests/sim/chain_checker.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "tests/sim/block_reading.hpp"
#include "tests/sim/checked_signature.hpp"

namespace bookchain::sim {

namespace {

using namespace reading;  // NOLINT(google-build-using-namespace)

/// What the transactions of one block do to the books.
struct Fold {
  const CheckedNetwork& network;
  std::map<Id, Standing>& books;
  std::map<Id, Standing>& touched;
  std::map<Id, std::uint64_t>& transfers;
  Recorded& recorded;
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
  ++(form == 0 ? fold.recorded.mined : form == 1 ? fold.recorded.settled : fold.recorded.claimed);
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
  ++fold.recorded.aborts;
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
      ++fold.recorded.false_deals;
    }
  });
  reading.good(dispute, "X2");
  must(dispute.signer == miner, "X1");
  must(dispute.signer == request.sender, "D1");
  ++fold.recorded.disputes;
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
    must(*signers.rbegin() == port, "C5");
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
  auto recorded = recorded_;
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
    Fold fold{network_, books, known.touched, transfers, recorded, height};
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
  recorded_ = recorded;
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
