// Evidence (docs/protocol.md, section 5): what proves that a peer broke the rules, and its check. Pure values and
// functions over the genesis and these bytes, so that a stranger finds what a peer found. A peer that kept the rules
// and its memory has signed nothing that passes the check, whatever the order in which messages came.
#pragma once

#include "ledger/statement.hpp"

namespace bookchain::ledger {

class Genesis;

/// BAD-CHUNK: under the key that the GRANT is bound to, a chunk is not the registered one.
struct FalseBook {
  Signed<Book> book;
  Signed<Request> request;
  Signed<Grant> grant;
  BadChunk proof;
  friend bool operator==(const FalseBook&, const FalseBook&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("proof", self.proof);
  }
};

/// BAD-DEAL: t shares that the GRANT is bound to do not give the key that it is bound to.
struct FalseShares {
  Signed<Request> request;
  Signed<Grant> grant;
  BadDeal proof;
  friend bool operator==(const FalseShares&, const FalseShares&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("proof", self.proof);
  }
};

/// Two statements of one type by one peer that exclude each other; the one of the lower id comes first, so that one
/// fault by the same two statements has one encoding.
template <class Body>
struct Contradiction {
  Signed<Body> first;
  Signed<Body> second;
  friend bool operator==(const Contradiction&, const Contradiction&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("first", self.first);
    visitor("second", self.second);
  }
};

/// GRANTs of one turn of a book to two requesters; the one to the lower port comes first.
struct DoubleSale {
  Signed<Request> first_request;
  Signed<Grant> first;
  Signed<Request> second_request;
  Signed<Grant> second;
  friend bool operator==(const DoubleSale&, const DoubleSale&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("first_request", self.first_request);
    visitor("first", self.first);
    visitor("second_request", self.second_request);
    visitor("second", self.second);
  }
};

/// RELEASE and ABORT of one turn.
struct ReleaseAndAbort {
  Signed<Request> request;
  Signed<Grant> grant;
  Signed<Release> release;
  Signed<Abort> abort;
  friend bool operator==(const ReleaseAndAbort&, const ReleaseAndAbort&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("release", self.release);
    visitor("abort", self.abort);
  }
};

/// A PRECOMMIT in a ballot and an ANSWER above it that names no lock of that ballot or a higher one.
struct HiddenLock {
  Signed<Precommit> precommit;
  Signed<Answer> answer;
  friend bool operator==(const HiddenLock&, const HiddenLock&) = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("precommit", self.precommit);
    visitor("answer", self.answer);
  }
};

/// The place in this list is the kind's number in the format.
using Evidence = std::variant<FalseBook, FalseShares, Contradiction<Grant>, DoubleSale, ReleaseAndAbort,
                              Contradiction<Consent>, Contradiction<IdAnswer>, Contradiction<Answer>,
                              Contradiction<Propose>, Contradiction<Prevote>, Contradiction<Precommit>, HiddenLock>;

/// The fault by its name: "bad-chunk", "bad-deal", "two-grants", "double-sale", "release-and-abort", ...
[[nodiscard]] std::string_view fault(const Evidence& evidence);
/// "bad-chunk", "bad-deal" or "equivocation".
[[nodiscard]] std::string_view kind(const Evidence& evidence);
/// What the accused was when it did it: owner, requester, witness, voter or proposer.
[[nodiscard]] std::string_view part(const Evidence& evidence);

using EvidenceId = FixedBytes<struct EvidenceTag, 32>;

/// Whom evidence accuses, and of what; by its own words, unchecked. The id names the fault and not the file: two peers
/// that found one fault by different statements give it the same id.
struct Accusation {
  EvidenceId id;
  PeerPort accused;
  std::optional<ExchangeId> exchange;
  std::optional<BookId> book;
  std::optional<Height> height;
};
[[nodiscard]] Accusation accusation(const Genesis& genesis, const Evidence& evidence);

/// What of a piece of evidence was found to hold, in words, and what did not; checking stops there.
struct Examination {
  std::vector<std::string> passed;
  std::optional<Error> failure;  ///< nothing: the accused broke the rules
};
/// Tokens of the failure: `bad-signature`, `unknown-peer`, `wrong-key`, `bad-statement` and those of check_book.
[[nodiscard]] Examination examine(const Genesis& genesis, const Evidence& evidence);

/// Two statements in the order in which evidence holds them. Precondition: their ids differ.
template <class Body>
[[nodiscard]] Evidence contradiction(const NetworkId& network, const Signed<Body>& one, const Signed<Body>& other) {
  const bool in_order = statement_id(network, one) < statement_id(network, other);
  return Contradiction<Body>{in_order ? one : other, in_order ? other : one};
}
/// Two GRANTs with their REQUESTs as the evidence that they are: two of one X, or a double sale.
[[nodiscard]] Evidence two_grants(const NetworkId& network, const Signed<Request>& one_request,
                                  const Signed<Grant>& one, const Signed<Request>& other_request,
                                  const Signed<Grant>& other);
/// What a DISPUTE proves; it needs no signature of the requester.
[[nodiscard]] Evidence evidence_of(const Dispute& dispute);

// ---- the file (docs/formats.md, "Evidence") ----

inline constexpr std::string_view evidence_magic = "bookchain/1 evidence\n";
inline constexpr std::uint8_t evidence_version = 1;
inline constexpr std::size_t max_evidence_bytes = max_chunk_bytes + (std::size_t{1} << 16U);

[[nodiscard]] Bytes write_evidence(const NetworkId& network, const Evidence& evidence);
/// Reads a file; whether it holds is for `examine` to say. Tokens: `bad-file` (no such file, another version, not
/// canonical), `wrong-network`.
[[nodiscard]] Result<Evidence> read_evidence(const NetworkId& network, ByteView bytes);

}  // namespace bookchain::ledger
