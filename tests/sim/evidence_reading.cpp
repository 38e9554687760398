#include "tests/sim/evidence_reading.hpp"

#include "tests/sim/block_reading.hpp"

namespace bookchain::sim {

namespace {

using namespace reading;  // NOLINT(google-build-using-namespace)

/// As a ballot stands in a statement: round and port, compared in that order.
using BallotRead = std::pair<std::uint64_t, std::uint16_t>;

class EvidenceReading {
 public:
  EvidenceReading(const CheckedNetwork& network, ByteView bytes, std::uint16_t& accused)
      : network_(network), cursor_(bytes), reading_(network, cursor_), accused_(accused) {}

  void read() {
    switch (cursor_.u8()) {
      case 0: false_book(); break;
      case 1: false_shares(); break;
      case 2: two(3, "P4", [&] { return grant_body(); }); break;
      case 3: double_sale(); break;
      case 4: release_and_abort(); break;
      case 5: two(5, "P4", [&] { return first_id(64); }); break;
      case 6: two(6, "P7", [&] { return answered_consent(); }); break;
      case 7: two(13, "P8", [&] { return answer_body(); }); break;
      case 8: two(14, "P8", [&] { return vote_body(); }); break;
      case 9: two(15, "P8", [&] { return vote_body(); }); break;
      case 10: two(16, "P8", [&] { return vote_body(); }); break;
      case 11: hidden_lock(); break;
      default: must(false, "C2");
    }
    must(cursor_.at_end(), "C1");
  }

 private:
  struct Granted {
    RequestBody request;
    GrantBody grant;
  };
  Granted granted() {
    Granted read;
    read.request = reading_.request();
    read.grant = reading_.grant(read.request);
    return read;
  }

  void false_book() {
    const auto book = reading_.book();
    const auto request = reading_.request(book);
    const auto grant = reading_.grant(request);
    accused_ = grant.statement.signer;
    read_bad_chunk(cursor_, network_, book, grant);
  }
  void false_shares() {
    const auto read = granted();
    accused_ = read.grant.statement.signer;
    read_bad_deal(cursor_, network_, read.request, read.grant);
  }

  /// Two statements of one kind; `body` reads one and gives what both must be about.
  template <class ReadBody>
  void two(std::uint8_t type, const char* rule, ReadBody body) {
    std::array<Bytes, 2> subjects;
    std::array<Statement, 2> read;
    for (std::size_t i = 0; i < 2; ++i) {
      read[i] = reading_.statement(type, [&] {
        const ByteView subject = body();
        subjects[i].assign(subject.begin(), subject.end());
      });
      reading_.good(read[i], "P3");
    }
    accused_ = read[0].signer;
    must(read[0].signer == read[1].signer && read[0].id < read[1].id, "P3");
    must(subjects[0] == subjects[1], rule);
  }
  ByteView first_id(std::size_t size) { return cursor_.take(size).first(32); }
  ByteView grant_body() {
    const auto exchange = cursor_.take(32);
    cursor_.take(8 + 8 + 32 + 32);
    cursor_.take(std::size_t{32} * cursor_.count(62));
    return exchange;
  }
  ByteView answered_consent() {
    cursor_.take(32);
    const auto consent = cursor_.take(32);
    cursor_.truth();
    return consent;
  }
  /// Height and ballot.
  ByteView slot() { return cursor_.take(8 + 8 + 2); }
  ByteView vote_body() {
    const auto read = slot();
    cursor_.take(32);
    return read;
  }
  ByteView answer_body() {
    const auto read = slot();
    if (cursor_.truth()) cursor_.take(8 + 2 + 32);
    return read;
  }

  void double_sale() {
    const auto first = granted();
    const auto second = granted();
    accused_ = first.grant.statement.signer;
    must(first.grant.statement.signer == second.grant.statement.signer, "P5");
    must(first.request.book == second.request.book && first.grant.version == second.grant.version &&
             first.grant.turn == second.grant.turn,
         "P5");
    must(first.request.sender < second.request.sender, "P5");
  }

  void release_and_abort() {
    const auto read = granted();
    Id exchange{};
    Id grant{};
    const auto release = reading_.statement(7, [&] {
      exchange = cursor_.id();
      grant = cursor_.id();
    });
    Id book{};
    std::uint64_t version = 0;
    std::uint64_t turn = 0;
    const auto abort = reading_.statement(11, [&] {
      book = reading_.book_id();
      version = cursor_.u64();
      turn = cursor_.u64();
    });
    accused_ = read.grant.statement.signer;
    reading_.good(release, "P6");
    reading_.good(abort, "P6");
    must(release.signer == accused_ && abort.signer == accused_, "P6");
    must(exchange == read.grant.exchange && grant == read.grant.statement.id, "P6");
    must(book == read.request.book && version == read.grant.version && turn == read.grant.turn, "P6");
  }

  BallotRead ballot() {
    const auto round = cursor_.u64();
    return {round, cursor_.u16()};
  }
  void hidden_lock() {
    std::uint64_t precommitted_at = 0;
    std::uint64_t answered_at = 0;
    BallotRead precommitted;
    BallotRead answered;
    std::optional<BallotRead> lock;
    const auto precommit = reading_.statement(16, [&] {
      precommitted_at = cursor_.u64();
      precommitted = ballot();
      cursor_.id();
    });
    const auto answer = reading_.statement(13, [&] {
      answered_at = cursor_.u64();
      answered = ballot();
      if (!cursor_.truth()) return;
      lock = ballot();
      cursor_.id();
    });
    accused_ = precommit.signer;
    reading_.good(precommit, "P9");
    reading_.good(answer, "P9");
    must(precommit.signer == answer.signer && precommitted_at == answered_at, "P9");
    must(precommitted < answered && (!lock || *lock < precommitted), "P9");
  }

  const CheckedNetwork& network_;
  Cursor cursor_;
  BlockReading reading_;
  std::uint16_t& accused_;
};

}  // namespace

ReadEvidence read_evidence_again(const CheckedNetwork& network, ByteView evidence) {
  ReadEvidence read;
  try {
    EvidenceReading(network, evidence, read.accused).read();
  } catch (const Wrong& wrong) {
    read.wrong = wrong.what;
  }
  return read;
}

}  // namespace bookchain::sim
