// Node: the rules of one peer as a function. step() takes one input, a message or a wish of the
// user or a tick of the clock, reads the peer's State, and gives Effects or a rejection. It is const
// and keeps nothing: clock, entropy and the facts about files come in with the input. The caller
// commits the Effects in one transaction before anything in them is sent that the peer may not forget
// (docs/architecture.md).
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/open_exchanges.hpp"
#include "ledger/records.hpp"

namespace bookchain::ledger {

/// Who this peer is. Secret keys: never printed, never sent.
struct Identity {
  PeerPort port;
  SigningKey signing_key;
  AgreementKey agreement_key;
};

// ---- wishes: what a person asks this peer to do ----

/// Puts a book on the shelf and announces it. The plaintext is on the shelf already, but for that of a value book.
struct WishAddBook {
  Signed<Book> book;
  std::optional<ValueText> value = std::nullopt;
};
/// Step 1. `request_id` is fresh.
struct WishRequest {
  PeerPort owner;
  BookId book;
  RequestId request_id;
};
/// Step 2. The package has been written with `key`, which is fresh; its root is given. `rehearsed_dealt`: on a test
/// network, deal shares of this key instead.
struct WishGrant {
  ExchangeId exchange;
  BookKey key;
  Bytes coefficients;  ///< fresh, 32 * (share_threshold - 1) bytes, used for nothing else
  Hash ciphertext_root;
  std::optional<BookKey> rehearsed_dealt = std::nullopt;
};
/// Step 3. `rehearsed_id`: on a test network, give the owner this id instead (a failing case).
struct WishConsent {
  ExchangeId exchange;
  std::optional<RequestId> rehearsed_id;
};
struct WishCheckId {
  ExchangeId exchange;
};
/// Step 5. `rehearsed_key`: on a test network, give this key instead, and do not remember it.
struct WishRelease {
  ExchangeId exchange;
  std::optional<BookKey> rehearsed_key;
};
/// Step 6. What came of decrypting the package with the key this peer holds. The proof of what is wrong with the book
/// is kept at once: the package goes when the turn ends, and whoever ends it may be the one that is proven to cheat.
struct WishOpen {
  ExchangeId exchange;
  std::optional<Error> failure;  ///< nothing: every chunk fits its leaf, the plaintext is kept aside
  std::optional<BadChunk> bad_chunk = std::nullopt;  ///< there where `failure` is
};
struct WishCheckKey {
  ExchangeId exchange;
};
struct WishMine {
  ExchangeId exchange;
};
/// Section 5, owner: the requester consented and fell silent; the TRANSFER is recorded as settled.
struct WishSettle {
  ExchangeId exchange;
};
/// Section 5, requester: the owner fell silent after consent; goes on with the witnesses alone.
struct WishClaim {
  ExchangeId exchange;
};
/// Section 5, requester: brings what is wrong with the book or the shares to the chain. The proof is the evidence that
/// was kept when it was found.
struct WishDispute {
  ExchangeId exchange;
};
/// The owner declines before granting.
struct WishRefuse {
  ExchangeId exchange;
  std::string reason;
};
struct WishAbort {
  ExchangeId exchange;
  std::string reason;
};
/// Asks again for what is missing of an exchange.
struct WishAskAgain {
  ExchangeId exchange;
};

/// The home was put back from a copy: it asks the others first what it may have voted on, and signs nothing that it
/// could contradict until it has come as far as they are (section 4).
struct WishRestore {};

using Wish =
    std::variant<WishAddBook, WishRequest, WishGrant, WishConsent, WishCheckId, WishRelease, WishOpen, WishCheckKey,
                 WishMine, WishSettle, WishClaim, WishDispute, WishRefuse, WishAbort, WishAskAgain, WishRestore>;

// ---- input ----

/// The package that came beside a GrantMessage, measured while it was copied into the home.
struct ReceivedPackage {
  Hash leaf_root;        ///< RFC 6962 root of its leaf list
  Hash ciphertext_root;  ///< RFC 6962 root of its encrypted chunks
  std::uint64_t chunks{};
};

/// The package that a GRANT must bring.
struct WantedPackage {
  ExchangeId exchange;
  Book book;
};

struct Received {
  PeerPort from;  ///< authenticated by the channel
  Message message;
  std::optional<ReceivedPackage> package;
};

/// Time passes: back-offs run out.
struct Tick {};

using Cause = std::variant<Received, Wish, Tick>;

struct Input {
  Time now;                  ///< for claims, reports and back-off; no safety rests on it
  std::uint64_t random = 0;  ///< fresh; only for back-off times
  Cause what;
  /// Somebody takes the next Tick in time, at the end of a turn: a proposer may let others go before it, and propose
  /// all that a turn brings together. Without it ballots open at once.
  bool patient = false;
  /// What is signed in batches is left to be signed with the rest of the turn: see Effects::to_sign.
  bool signs_later = false;
  /// A patient proposer need not ask for the first ballot of a height that is its own: another one of this process has
  /// made a block final, so its home is no old copy that nobody told of.
  bool goes_first = false;
};

/// What came of an input. A refused message is still seen and acknowledged: it would be refused again. Of wishes only
/// WishOpen leaves a refusal: what is wrong with the book is remembered.
struct Outcome {
  Effects effects;
  std::optional<Error> refusal;
};

/// One step that is due at this peer.
enum class Step : std::uint8_t {
  request = 1,
  grant,
  consent,
  check_id,
  release,
  open,
  check_key,
  mine,
  abort,
  dispute,
};
[[nodiscard]] std::string_view name(Step step);  ///< the command's name
struct Due {
  ExchangeId exchange;
  Step step{};
};

/// What a peer can do alone in an exchange whose other side is silent.
struct Recovery {
  Wish wish;
  bool under_way = false;  ///< it was begun before and goes on now: there is nothing more to wait for
};

class Node {
 public:
  /// Keeps references: both outlive the node.
  Node(const Genesis& genesis, const Identity& identity) : genesis_(genesis), identity_(identity) {}
  Node(const Genesis& genesis, const Identity&& identity) = delete;

  /// Never fails for a message: a refusal is part of the outcome. For a wish, a failure says why not,
  /// and nothing is changed.
  [[nodiscard]] Result<Outcome> step(const State& state, const Input& input) const;

  /// The steps that this peer can take now, oldest exchange first.
  [[nodiscard]] std::vector<Due> due(const State& state) const;
  /// The same, looking at these exchanges alone. A step of one whose record did not change can have become due only by
  /// what a committed block or an opened book changed about its book (rows of `ownership` and `shelf`), or because a
  /// restored home has caught up.
  [[nodiscard]] std::vector<Due> due_among(const State& state, const std::vector<ExchangeId>& among) const;
  [[nodiscard]] std::optional<Step> due_step(const State& state, const ExchangeId& exchange) const;

  /// Whether `exchange` may be granted now; the checks of WishGrant that need no key, made before the
  /// work of encrypting. Tokens as of WishGrant.
  [[nodiscard]] Result<ExchangeRecord> may_grant(const State& state, const ExchangeId& exchange) const;
  /// Whether something in `exchange` can be disputed now; tokens `unknown-exchange`, `unexpected`, `exchange-over`.
  [[nodiscard]] Result<ExchangeRecord> may_dispute(const State& state, const ExchangeId& exchange) const;
  /// Whether `exchange` may be opened now. Tokens as of WishOpen.
  [[nodiscard]] Result<ExchangeRecord> may_open(const State& state, const ExchangeId& exchange) const;

  /// After the consent, where nothing is due here: what this peer can do without waiting for the other side any longer
  /// (docs/protocol.md, section 5). Whether it was silent for long enough is for the caller to say: the rules know no
  /// clock. Nothing once the TRANSFER is under way. Before the consent only this: a requester that has a GRANT without
  /// the encrypted book asks for it.
  [[nodiscard]] std::optional<Recovery> recovery(const State& state, const ExchangeId& exchange) const;

  /// The package that this message must bring, or nothing if none is wanted: the caller copies no other, and
  /// under no other exchange.
  [[nodiscard]] std::optional<WantedPackage> wanted_package(const State& state, PeerPort from,
                                                            const Message& message) const;

  /// Whether the requester of this owner's grant may have the encrypted book again: before its consent, and of the
  /// grants of one turn for the last alone.
  [[nodiscard]] bool owes_package(const State& state, const ExchangeId& exchange) const;

  /// When a Tick would do something: a time, or nothing while this peer waits for nothing. By a clock that shows `now`,
  /// if given: at once where that clock was put back, so that nothing waits for a time that lies far off.
  [[nodiscard]] std::optional<Time> next_tick(const State& state, std::optional<Time> now = std::nullopt) const;
  /// Whether one of those times is the end of a pause after which this peer goes on with what it has to do. A question
  /// that it asks only where it has heard nothing for long is none.
  [[nodiscard]] bool is_backing_off(const State& state) const;
  /// Whether a ballot for the next block is under way, as far as this peer knows.
  [[nodiscard]] bool has_ballot_under_way(const State& state) const;

  [[nodiscard]] const Genesis& genesis() const { return genesis_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }

 private:
  [[nodiscard]] std::optional<Step> due_step_of(const State& state, const ExchangeId& exchange,
                                                const ExchangeRecord& record) const;

  const Genesis& genesis_;
  const Identity& identity_;
};

}  // namespace bookchain::ledger
