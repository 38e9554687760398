// The rows of the rules' tables: what a peer remembers of books, exchanges and votes. Pure data in
// the canonical encoding; the functions that change them are in exchange, consensus and chain.
#pragma once

#include "ledger/book.hpp"
#include "ledger/exchange_state.hpp"
#include "ledger/vote_records.hpp"

namespace bookchain::ledger {

// ---- books ----

/// By the chain alone; a book without a row is its registrar's at version 0, turn 0.
struct Ownership {
  PeerPort owner;
  Version version;
  Turn turn;
  std::optional<ExchangeId> moved_by;  ///< the exchange of the last move, unless a DISPUTE made it
  Height height;                       ///< of the last transaction about the book

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("owner", self.owner);
    visitor("version", self.version);
    visitor("turn", self.turn);
    visitor("moved_by", self.moved_by);
    visitor("height", self.height);
  }
};

struct MoveKey {
  BookId book;
  Version version;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("version", self.version);
  }
};

struct Move {
  PeerPort owner;
  Height height;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("owner", self.owner);
    visitor("height", self.height);
  }
};

/// A book whose plaintext lies on this peer's shelf.
struct ShelfRecord {
  std::uint64_t order{};  ///< the order in which books came to this shelf

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("order", self.order);
  }
};

/// The package of a value book, and what came of opening it, until the book is this peer's or the exchange is over.
struct ValuePackage {
  Bytes package;
  std::optional<ValueText> opened;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.blob("package", self.package, max_value_package_bytes);
    visitor("opened", self.opened);
  }
};

// ---- exchanges ----

/// What one peer holds of one exchange. Which fields are filled depends on its role.
struct ExchangeRecord {
  Role role{};
  Signed<Request> request;
  std::optional<Signed<Book>> book;
  std::optional<RequestId> request_id;  ///< own (requester), given with consent (owner), by requester (witness)
  std::optional<Signed<Grant>> grant;
  std::vector<Signed<Ack>> acks;
  std::optional<Signed<Consent>> consent;
  std::vector<Signed<IdAnswer>> id_answers;
  std::optional<Signed<Release>> release;
  std::vector<Signed<KeyAnswer>> key_answers;
  std::optional<BookKey> key;      ///< fits kc; a restored owner may lack it
  std::vector<DealtShare> shares;  ///< owner: all; witness: its own
  ExchangeState state{};
  bool consent_refused = false;  ///< owner: the id that came with CONSENT does not fit the request
  bool package_arrived = false;  ///< requester: package in the home, roots checked
  bool id_check_sent = false;
  bool key_check_sent = false;
  bool wrong_key_seen = false;   ///< requester: a key came that does not fit kc
  bool wrong_book_seen = false;  ///< requester: opened here, and a chunk does not fit its leaf
  bool plaintext_ready = false;  ///< requester: opened, every chunk fits its leaf
  bool abort_sent = false;       ///< owner: its ABORT of this turn waits for a block
  bool claiming = false;         ///< requester: goes on without the owner (section 5)
  bool disputed = false;         ///< requester: its DISPUTE was signed
  bool share_wanted = false;     ///< owner, witness: the requester asked for shares before the TRANSFER came here
  bool share_done = false;       ///< witness: the requester signed that it can read
  std::optional<Height> height;  ///< of the transaction that ended it
  std::string token;             ///< why it is over: a token, or empty for a wish
  std::string reason;            ///< in words; may be foreign text
  Time began;                    ///< by this peer's clock, for people only
  Time changed;                  ///< likewise; and whether it moves, which is liveness only

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("role", self.role);
    visitor("request", self.request);
    visitor("book", self.book);
    visitor("request_id", self.request_id);
    visitor("grant", self.grant);
    visitor.list("acks", self.acks, max_witnesses);
    visitor("consent", self.consent);
    visitor.list("id_answers", self.id_answers, max_witnesses);
    visitor("release", self.release);
    visitor.list("key_answers", self.key_answers, max_witnesses);
    visitor("key", self.key);
    visitor.list("shares", self.shares, max_witnesses);
    visitor("state", self.state);
    visitor("consent_refused", self.consent_refused);
    visitor("package_arrived", self.package_arrived);
    visitor("id_check_sent", self.id_check_sent);
    visitor("key_check_sent", self.key_check_sent);
    visitor("wrong_key_seen", self.wrong_key_seen);
    visitor("wrong_book_seen", self.wrong_book_seen);
    visitor("plaintext_ready", self.plaintext_ready);
    visitor("abort_sent", self.abort_sent);
    visitor("claiming", self.claiming);
    visitor("disputed", self.disputed);
    visitor("share_wanted", self.share_wanted);
    visitor("share_done", self.share_done);
    visitor("height", self.height);
    visitor.text("token", self.token, max_reason_bytes);
    visitor.text("reason", self.reason, max_reason_bytes);
    visitor("began", self.began);
    visitor("changed", self.changed);
  }
};

/// A DISPUTE in the chain is a mark against the owner of its GRANT.
struct MarkKey {
  PeerPort port;  ///< the owner
  Height height;
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("port", self.port);
    visitor("height", self.height);
    visitor("exchange", self.exchange);
  }
};
enum class MarkKind : std::uint8_t { bad_chunk = 0, bad_deal = 1 };
template <>
struct EnumBounds<MarkKind> {
  static constexpr auto last = MarkKind::bad_deal;
};
[[nodiscard]] std::string_view name(MarkKind kind);
struct Mark {
  BookId book;
  MarkKind kind{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("book", self.book);
    visitor("kind", self.kind);
  }
};

struct EvidenceKey {
  PeerPort accused;
  EvidenceId id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("accused", self.accused);
    visitor("id", self.id);
  }
};

/// So much evidence about one peer is enough: a faulty one must not grow the table for ever. What was found here and
/// what was told are bounded apart, or one that accuses itself would keep out what it does later. What contradicts a
/// statement in an exchange of this requester or owner is kept whatever else there is.
inline constexpr std::size_t max_found_evidence = 16;
inline constexpr std::size_t max_told_evidence = 16;
inline constexpr std::size_t max_told_of_one_fault = 4;

/// Checked, and in a form that a stranger can check.
struct EvidenceRecord {
  Evidence evidence;
  PeerPort told_by;  ///< this peer itself, or who told it
  Time seen;         ///< by this peer's clock, for people only

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("evidence", self.evidence);
    visitor("told_by", self.told_by);
    visitor("seen", self.seen);
  }
};

struct WitnessIdKey {
  PeerPort requester;
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("requester", self.requester);
    visitor("exchange", self.exchange);
  }
};

/// The first id a requester gave for an exchange, and what it asked or said of it before this witness knew a GRANT.
/// Kept apart from the exchange: a peer can only ever spoil its own.
struct WitnessIdRecord {
  RequestId request_id;
  std::optional<Hash> key_check = {};  ///< CHECK-KEY, about the GRANT of that id
  bool share_wanted = false;           ///< WANT-SHARE
  bool share_done = false;             ///< RECEIPT
  bool over = false;                   ///< OVER
  std::string token = {};              ///< why, as the requester tells it
  std::string reason = {};             ///< foreign text
  Time began;
  std::uint64_t order = 0;  ///< among the ids of its requester that wait for their GRANT; 0: that is here

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("request_id", self.request_id);
    visitor("key_check", self.key_check);
    visitor("share_wanted", self.share_wanted);
    visitor("share_done", self.share_done);
    visitor("over", self.over);
    visitor.text("token", self.token, max_reason_bytes);
    visitor.text("reason", self.reason, max_reason_bytes);
    visitor("began", self.began);
    visitor("order", self.order);
  }
};

/// A witness remembers so many ids of each requester at most, the last ones, and those it has a GRANT of: a flood must
/// not fill its disk. Counted by their order, and that of the newest is given again once its GRANT is here.
inline constexpr std::uint64_t max_given_ids = 1'024;

struct GivenIdKey {
  PeerPort requester;
  std::uint64_t order{};  ///< 0: the last one that went because so many others came; those that wait begin at 1

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("requester", self.requester);
    visitor("order", self.order);
  }
};

/// Books of one registrar in the catalogue that the chain knows nothing of: a registrar can make BOOKs without end.
inline constexpr std::uint64_t max_announced_books = 100'000;

struct TurnKey {
  PeerPort owner;  ///< who signed the grants: a peer that grants what it does not own blocks nobody
  BookId book;
  Version version;
  Turn turn;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("owner", self.owner);
    visitor("book", self.book);
    visitor("version", self.version);
    visitor("turn", self.turn);
  }
};

/// One grant of a turn is enough to exclude another requester's; a flood of them must not grow a row for ever.
inline constexpr std::size_t max_turn_exchanges = 64;

/// The grants this peer has seen (owner: made) in one turn of a book by one owner, all to one requester.
struct TurnRecord {
  PeerPort requester;
  std::vector<ExchangeId> exchanges = {};  ///< in the order of their arrival
  bool released = false;                   ///< owner: RELEASE signed in this turn, so ABORT never will be
  bool abort_signed = false;               ///< owner: ABORT signed in this turn, so RELEASE never will be
  std::vector<PeerPort> told = {};         ///< requesters that this witness sent a GRANT-CONFLICT of this turn

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("requester", self.requester);
    visitor.list("exchanges", self.exchanges, max_turn_exchanges);
    visitor("released", self.released);
    visitor("abort_signed", self.abort_signed);
    visitor.list("told", self.told, max_peers);
  }
};

// ---- the shelf ----

/// What remains to be done on the shelf of books after a commit; done and then erased.
enum class ShelfAction : std::uint8_t {
  promote = 0,       ///< the opened plaintext of an exchange becomes a book of the shelf
  remove_book = 1,   ///< the book is another's now
  drop_exchange = 2  ///< package and plaintext of an exchange that ended
};
template <>
struct EnumBounds<ShelfAction> {
  static constexpr auto last = ShelfAction::drop_exchange;
};

struct ShelfTaskKey {
  std::uint64_t order{};

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("order", self.order);
  }
};

struct ShelfTask {
  ShelfAction action{};
  BookId book;
  ExchangeId exchange;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("action", self.action);
    visitor("book", self.book);
    visitor("exchange", self.exchange);
  }
};

// ---- single values ----

template <class Value>
struct Fact {
  std::uint8_t number;

  [[nodiscard]] std::optional<Value> get(const State& state) const {
    return TypedTable<std::uint8_t, Value>{Table::facts}.get(state, number);
  }
  void put(Draft& draft, const Value& value) const {
    TypedTable<std::uint8_t, Value>{Table::facts}.put(draft, number, value);
  }
  void erase(Draft& draft) const { TypedTable<std::uint8_t, Value>{Table::facts}.erase(draft, number); }
};

inline constexpr Fact<Head> head_fact{1};
inline constexpr Fact<std::uint64_t> next_serial_fact{2};  ///< of the books this peer registers
inline constexpr Fact<std::uint64_t> next_order_fact{3};   ///< of shelf records and shelf tasks
/// Present while a restored home is mute: it does not vote up to and including this height.
inline constexpr Fact<Height> mute_until_fact{4};
inline constexpr Fact<RestoreRecord> restore_fact{5};
inline constexpr Fact<AskedBlocks> asked_blocks_fact{6};
inline constexpr Fact<RecallRecord> recall_fact{7};
inline constexpr Fact<Waiters> waiters_fact{8};

/// Only books that check_book found good: what stands here is not verified again, in blocks neither.
inline constexpr TypedTable<BookId, Signed<Book>> catalogue{Table::catalogue};
inline constexpr TypedTable<BookId, ShelfRecord> shelf{Table::shelf};
inline constexpr TypedTable<BookId, Ownership> ownership{Table::ownership};
inline constexpr TypedTable<MoveKey, Move> history{Table::history};
inline constexpr TypedTable<Height, CommittedBlock> blocks{Table::blocks};
inline constexpr TypedTable<ExchangeId, Height> moved{Table::moved};
inline constexpr TypedTable<ExchangeId, ExchangeRecord> exchanges{Table::exchanges};
inline constexpr TypedTable<WitnessIdKey, WitnessIdRecord> witness_ids{Table::witness_ids};
inline constexpr TypedTable<GivenIdKey, ExchangeId> given_ids{Table::given_ids};
inline constexpr TypedTable<PeerPort, std::uint64_t> announced{Table::announced};
inline constexpr TypedTable<MarkKey, Mark> marks{Table::marks};
inline constexpr TypedTable<TurnKey, TurnRecord> turns{Table::turns};
/// Blocks that this peer has checked whole on the present head, or mined on it; gone with that head. A COMMIT appends
/// one of them without another check.
inline constexpr TypedTable<Hash, Block> candidates{Table::candidates};
inline constexpr TypedTable<std::uint64_t, Transaction> pending{Table::pending};  ///< in the order of submission
inline constexpr TypedTable<std::uint8_t, VoterRecord> voters{Table::voter};
inline constexpr TypedTable<std::uint8_t, ProposerRecord> proposers{Table::proposer};
inline constexpr std::uint8_t only_row = 0;  ///< key of the one that either of these two has
inline constexpr TypedTable<DeferredKey, DeferredRecord> deferred{Table::deferred};
inline constexpr TypedTable<ShelfTaskKey, ShelfTask> shelf_tasks{Table::shelf_tasks};
inline constexpr TypedTable<Ballot, SeenVotes> seen_votes{Table::seen_votes};
inline constexpr TypedTable<EvidenceKey, EvidenceRecord> evidence_rows{Table::evidence};
inline constexpr TypedTable<BookId, ValueText> value_books{Table::value_books};
inline constexpr TypedTable<ExchangeId, ValuePackage> value_packages{Table::value_packages};

}  // namespace bookchain::ledger
