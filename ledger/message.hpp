// What travels between two peers: statements and transient fields, one struct a kind. Sealed on the
// channel of the pair, so both ends could have made any of it: nothing transient is evidence.
#pragma once

#include "ledger/chain_message.hpp"
#include "ledger/evidence.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t max_reason_bytes = 255;

// Each message names itself for traces and reports. Of which exchange it is, if of one, exchange_of() finds.

/// add-book, to everybody.
struct Announce {
  static constexpr std::string_view name = "announce";
  Signed<Book> book;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
  }
};

/// Step 1, requester to each witness: X and the id, not the request.
struct WitnessId {
  static constexpr std::string_view name = "witness-id";
  ExchangeId exchange;
  RequestId request_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("request_id", self.request_id);
  }
};

/// Step 1, requester to owner: the request, not the id.
struct RequestMessage {
  static constexpr std::string_view name = "request";
  Signed<Request> request;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
  }
};

/// Step 2, owner to requester. The encrypted book with its leaf list, the package, goes beside it.
struct GrantMessage {
  static constexpr std::string_view name = "grant";
  Signed<Request> request;
  Signed<Grant> grant;
  Signed<Book> book;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("book", self.book);
  }
};

/// Step 2, owner to a witness: its share of the key.
struct WitnessShare {
  static constexpr std::string_view name = "witness-share";
  Signed<Request> request;
  Signed<Grant> grant;
  KeyShare share;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("share", self.share);
  }
};

/// Step 2, witness to requester and owner.
struct AckMessage {
  static constexpr std::string_view name = "ack";
  Signed<Ack> ack;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("ack", self.ack);
  }
};

/// Witness to requester in place of an ACK: two grants of one owner that exclude each other.
struct GrantConflict {
  static constexpr std::string_view name = "grant-conflict";
  ExchangeId exchange;  ///< of the requester told
  Signed<Request> first_request;
  Signed<Grant> first;
  Signed<Request> second_request;
  Signed<Grant> second;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("first_request", self.first_request);
    visitor("first", self.first);
    visitor("second_request", self.second_request);
    visitor("second", self.second);
  }
};

/// Step 3, requester to owner.
struct ConsentMessage {
  static constexpr std::string_view name = "consent";
  RequestId request_id;
  Signed<Consent> consent;
  std::vector<Signed<Ack>> acks;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request_id", self.request_id);
    visitor("consent", self.consent);
    visitor.list("acks", self.acks, max_witnesses);
  }
};

/// Step 4, owner to each witness (or requester to each witness, when it claims).
struct CheckId {
  static constexpr std::string_view name = "check-id";
  RequestId request_id;
  Signed<Request> request;
  Signed<Grant> grant;
  Signed<Consent> consent;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request_id", self.request_id);
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("consent", self.consent);
  }
};

/// Step 4, witness to owner and requester.
struct IdAnswerMessage {
  static constexpr std::string_view name = "id-answer";
  Signed<IdAnswer> answer;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("answer", self.answer);
  }
};

/// Step 5, owner to requester.
struct ReleaseMessage {
  static constexpr std::string_view name = "release";
  BookKey key;
  std::vector<Signed<IdAnswer>> id_answers;
  Signed<Release> release;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("key", self.key);
    visitor.list("id_answers", self.id_answers, max_witnesses);
    visitor("release", self.release);
  }
};

/// Step 7, requester to each witness.
struct CheckKey {
  static constexpr std::string_view name = "check-key";
  ExchangeId exchange;
  Hash grant;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("grant", self.grant);
  }
};

/// Step 7, witness to requester.
struct KeyAnswerMessage {
  static constexpr std::string_view name = "key-answer";
  Signed<KeyAnswer> answer;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("answer", self.answer);
  }
};

/// The sender gives the exchange up before consent: requester to all, or owner to requester.
struct Over {
  static constexpr std::string_view name = "over";
  ExchangeId exchange;
  std::string token;   ///< of the table of tokens, or empty when it was a wish
  std::string reason;  ///< foreign text

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor.text("token", self.token, max_reason_bytes);
    visitor.text("reason", self.reason, max_reason_bytes);
  }
};

/// The sender lacks what the receiver sent it of this exchange: send it again.
struct SendAgain {
  static constexpr std::string_view name = "send-again";
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
  }
};

/// Requester to owner and witnesses, once its chain holds the TRANSFER of X: give me the shares that you hold.
struct WantShare {
  static constexpr std::string_view name = "want-share";
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
  }
};

struct ShareMessage {
  static constexpr std::string_view name = "share";
  ExchangeId exchange;
  KeyShare share;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("exchange", self.exchange);
    visitor("share", self.share);
  }
};

/// Requester to all others: it can read the books that a block brought home.
struct ReceiptMessage {
  static constexpr std::string_view name = "receipt";
  Signed<Receipt> receipt;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("receipt", self.receipt);
  }
};

/// What a peer found out about another, to everybody: unlike the rest, it needs no trust in who tells it.
struct EvidenceMessage {
  static constexpr std::string_view name = "evidence";
  Evidence evidence;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("evidence", self.evidence);
  }
};

// ---- after a restore ----

/// One turn of a book by one owner, which is known from who asks and who is asked.
struct TurnPlace {
  BookId book;
  Version version;
  Turn turn;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("version", self.version);
    visitor("turn", self.turn);
  }
};

/// A restored home to everybody: what do you hold of what I signed as an owner, in turns that have not ended?
struct WantOwn {
  static constexpr std::string_view name = "want-own";
  TurnPlace from;            ///< from there on, in the order of book, version and turn
  std::uint64_t question{};  ///< drawn anew for each restore

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
    visitor("question", self.question);
  }
};

/// A GRANT with what followed it, as far as its holder knows.
struct OwnGrant {
  Signed<Request> request;
  Signed<Grant> grant;
  std::optional<Signed<Book>> book;
  std::vector<Signed<Ack>> acks;
  std::optional<Signed<Consent>> consent;
  std::vector<Signed<IdAnswer>> id_answers;
  std::optional<Signed<Release>> release;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request", self.request);
    visitor("grant", self.grant);
    visitor("book", self.book);
    visitor.list("acks", self.acks, max_witnesses);
    visitor("consent", self.consent);
    visitor.list("id_answers", self.id_answers, max_witnesses);
    visitor("release", self.release);
  }
};

inline constexpr std::size_t max_own_grants = 1'024;

struct OwnMessage {
  static constexpr std::string_view name = "own";
  std::vector<OwnGrant> grants;
  std::optional<TurnPlace> next;  ///< there is more, from there on
  std::uint64_t question{};       ///< that it answers

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("grants", self.grants, max_own_grants);
    visitor("next", self.next);
    visitor("question", self.question);
  }
};

/// The place in this list is the message's tag on the wire.
using Message = std::variant<Announce, WitnessId, RequestMessage, GrantMessage, WitnessShare, AckMessage, GrantConflict,
                             ConsentMessage, CheckId, IdAnswerMessage, ReleaseMessage, CheckKey, KeyAnswerMessage, Over,
                             SendAgain, WantShare, ShareMessage, ReceiptMessage, NewRound, AnswerMessage, Promised,
                             ProposeMessage, PrevoteMessage, PrevotesMessage, PrecommitMessage, CommitMessage,
                             WantBlocks, BlocksMessage, WantVotes, VotesMessage, EvidenceMessage, WantOwn, OwnMessage>;

[[nodiscard]] std::string_view name(const Message& message);
/// The exchange a message is about, or nothing for books and votes.
[[nodiscard]] std::optional<ExchangeId> exchange_of(const NetworkId& network, const Message& message);
/// The step of the eight that a message belongs to; 0 if to none.
[[nodiscard]] int step_of(const Message& message);
/// Those whose transfers are in it.
[[nodiscard]] std::vector<ExchangeId> exchanges_moved_by(const NetworkId& network, const Block& block);
/// The exchanges in whose traces a message belongs: its own, or those that the block which it
/// brings records.
[[nodiscard]] std::vector<ExchangeId> traced_exchanges_of(const NetworkId& network, const Message& message);
/// The step that it is shown under there: a block on its way is step 8.
[[nodiscard]] std::uint8_t traced_step_of(const Message& message);
/// True for BLOCKS, and for an ANSWER with a lock: each question brings one of up to the size of a block.
[[nodiscard]] bool answers_with_blocks(const Message& message);
/// Whether its sender may forget that it sent it, so that it need not be durable before it leaves: CHECK-ID, CHECK-KEY
/// and NEWROUND ask, and PREVOTES shows what was signed before. It says nothing that the sender could contradict later.
/// Who forgot it asks again, perhaps under the same number: so whoever takes it twice answers twice, with the same
/// (docs/decisions/0021-questions-leave-before-the-commit.md).
[[nodiscard]] bool may_be_forgotten(const Message& message);

}  // namespace bookchain::ledger
