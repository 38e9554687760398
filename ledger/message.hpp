// What travels between two peers: statements and transient fields, one struct a kind. Sealed on the
// channel of the pair, so both ends could have made any of it: nothing transient is evidence.
#pragma once

#include "ledger/statement.hpp"

namespace bookchain::ledger {

inline constexpr std::size_t max_reason_bytes = 255;
inline constexpr std::size_t max_blocks_a_message = 64;

// Each message names itself for traces and reports, and says of which exchange it is, if of one.

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

/// Requester to a witness whose chain holds the TRANSFER of X: give me the share.
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

/// Requester to each witness: it can read the book.
struct ReceiptMessage {
  static constexpr std::string_view name = "receipt";
  Signed<Receipt> receipt;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("receipt", self.receipt);
  }
};

// ---- the chain (section 4) ----

struct NewRound {
  static constexpr std::string_view name = "new-round";
  Height height;
  Ballot ballot;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("ballot", self.ballot);
  }
};

/// A lock with what proves it.
struct ProvenLock {
  PrevoteCertificate certificate;
  Block block;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("certificate", self.certificate);
    visitor("block", self.block);
  }
};

struct AnswerMessage {
  static constexpr std::string_view name = "answer";
  Signed<Answer> answer;
  std::optional<ProvenLock> lock;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("answer", self.answer);
    visitor("lock", self.lock);
  }
};

/// A ballot was refused: the voter's promise at its height.
struct Promised {
  static constexpr std::string_view name = "promised";
  Height height;
  Ballot promise;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("height", self.height);
    visitor("promise", self.promise);
  }
};

struct ProposeMessage {
  static constexpr std::string_view name = "propose";
  Signed<Propose> propose;
  std::vector<Signed<Answer>> answers;             ///< q of them, for this height and ballot
  std::optional<PrevoteCertificate> highest_lock;  ///< of the highest lock that an answer names
  Block block;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("propose", self.propose);
    visitor.list("answers", self.answers, max_peers);
    visitor("highest_lock", self.highest_lock);
    visitor("block", self.block);
  }
};

struct PrevoteMessage {
  static constexpr std::string_view name = "prevote";
  Signed<Prevote> vote;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("vote", self.vote);
  }
};

/// Proposer to all: q prevotes.
struct PrevotesMessage {
  static constexpr std::string_view name = "prevotes";
  PrevoteCertificate certificate;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("certificate", self.certificate);
  }
};

struct PrecommitMessage {
  static constexpr std::string_view name = "precommit";
  Signed<Precommit> vote;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("vote", self.vote);
  }
};

/// A committed block with what commits it.
struct CommitMessage {
  static constexpr std::string_view name = "commit";
  CommittedBlock committed;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("committed", self.committed);
  }
};

/// Give me the committed blocks from this height on.
struct WantBlocks {
  static constexpr std::string_view name = "want-blocks";
  Height from;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
  }
};

struct BlocksMessage {
  static constexpr std::string_view name = "blocks";
  Height head;  ///< of the sender
  std::vector<CommittedBlock> blocks;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("head", self.head);
    visitor.list("blocks", self.blocks, max_blocks_a_message);
  }
};

/// A restored home asks for what proves how far it may have voted.
struct WantVotes {
  static constexpr std::string_view name = "want-votes";

  template <class Self, class Visitor>
  static void visit(Self& /*self*/, Visitor& /*visitor*/) {}
};

/// The highest certificates the sender knows, for a restored home.
struct VotesMessage {
  static constexpr std::string_view name = "votes";
  Height head;
  std::optional<CommitCertificate> commit;
  std::optional<PrevoteCertificate> prevotes;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("head", self.head);
    visitor("commit", self.commit);
    visitor("prevotes", self.prevotes);
  }
};

/// The place in this list is the message's tag on the wire.
using Message = std::variant<Announce, WitnessId, RequestMessage, GrantMessage, WitnessShare, AckMessage, GrantConflict,
                             ConsentMessage, CheckId, IdAnswerMessage, ReleaseMessage, CheckKey, KeyAnswerMessage, Over,
                             SendAgain, WantShare, ShareMessage, ReceiptMessage, NewRound, AnswerMessage, Promised,
                             ProposeMessage, PrevoteMessage, PrevotesMessage, PrecommitMessage, CommitMessage,
                             WantBlocks, BlocksMessage, WantVotes, VotesMessage>;

[[nodiscard]] std::string_view name(const Message& message);
/// The exchange a message is about, or nothing for books and votes.
[[nodiscard]] std::optional<ExchangeId> exchange_of(const NetworkId& network, const Message& message);
/// The step of the eight that a message belongs to; 0 if to none.
[[nodiscard]] int step_of(const Message& message);

}  // namespace bookchain::ledger
