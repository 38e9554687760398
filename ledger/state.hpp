// What a peer knows, as the rules see it: tables of canonical bytes behind a read-only interface, and
// Draft, which collects the writes of one decision on top of it. Never touches a disk: a Store
// (ledger/store) implements State over SQLite or memory, and commits Effects in one transaction.
#pragma once

#include <bitset>
#include <functional>
#include <initializer_list>
#include <map>

#include "ledger/message.hpp"

namespace bookchain::ledger {

/// The tables of a peer. The numbers are part of the format of a home: add at the end.
enum class Table : std::uint8_t {
  // the rules (ledger/records.hpp)
  facts,           ///< single values: next book serial, head of the chain, ...
  catalogue,       ///< BookId -> Signed<Book>
  shelf,           ///< BookId -> ShelfRecord: books whose plaintext this peer keeps
  ownership,       ///< BookId -> Ownership, by the chain alone
  history,         ///< BookId, Version -> Move
  blocks,          ///< Height -> CommittedBlock
  moved,           ///< ExchangeId -> Height of its TRANSFER
  exchanges,       ///< ExchangeId -> ExchangeRecord
  open_exchanges,  ///< BookId, ExchangeId: those in which this peer may still have something to do
  witness_ids,     ///< requester, ExchangeId -> WitnessIdRecord
  turns,           ///< owner, BookId, Version, Turn -> TurnRecord
  voter,           ///< the votes of the present height
  proposer,        ///< the ballot this peer has opened
  candidates,      ///< block hash -> Block that was checked at the present height
  pending,         ///< own transactions that wait for a block
  deferred,        ///< votes for a height this peer has not reached, one a sender and kind
  marks,           ///< owner, Height, ExchangeId -> Mark: disputes in the chain
  shelf_tasks,     ///< what remains to be done on the shelf, after a commit
  // delivery (transport/delivery.hpp, transport/trace.hpp)
  outbox,    ///< peer, number -> OutboxRecord
  outgoing,  ///< peer -> OutgoingRecord: epoch and next number
  incoming,  ///< peer -> IncomingRecord: present epoch and floor
  seen,      ///< peer, number / 16 -> numbers and hashes of messages
  retired,   ///< peer, epoch -> nothing
  trace,     ///< exchange, order of its first message -> TracePart
  // the rules again
  seen_votes,  ///< Ballot -> SeenVotes: statements of others about the present height
  evidence,    ///< accused, EvidenceId -> EvidenceRecord
  given_ids,   ///< requester, order -> ExchangeId: ids that wait for their GRANT at a witness, and whether one went
  announced,   ///< registrar -> how many of its books are in the catalogue and not in the chain
  // the shelf of value books (ledger/store/value_shelf.hpp)
  value_books,     ///< BookId -> ValueText
  value_packages,  ///< ExchangeId -> ValuePackage
  // what is not in its table yet (ledger/store/journals.hpp)
  journal,  ///< number -> what one transaction changed
  late,     ///< number -> what went there from the journal, for tables whose pages wait longer
  // where the rows of an exchange are (ledger/store/numbered_store.hpp)
  exchange_numbers,  ///< ExchangeId -> number
};
inline constexpr std::size_t table_count = static_cast<std::size_t>(Table::exchange_numbers) + 1;
template <>
struct EnumBounds<Table> {
  static constexpr Table last = Table::exchange_numbers;
};
/// Some of the tables.
using TableSet = std::bitset<table_count>;
[[nodiscard]] inline TableSet tables_of(std::initializer_list<Table> tables) {
  TableSet set;
  for (const auto table : tables) set.set(static_cast<std::size_t>(table));
  return set;
}
[[nodiscard]] std::string_view name(Table table);

/// The order of keys in every store: byte by byte. Views are compared, so that a look-up copies no key.
struct ByBytes {
  using is_transparent = void;
  bool operator()(ByteView left, ByteView right) const;
};
[[nodiscard]] bool has_prefix(ByteView key, ByteView prefix);
/// The first key after all that begin with `prefix`; nothing if there is none.
[[nodiscard]] std::optional<Bytes> key_after(ByteView prefix);

/// A reader's view. Reading never fails here: an implementation that cannot read gives nothing,
/// remembers the failure, and refuses to commit (see Store), so that nothing decided from a bad
/// read becomes durable.
class State {
 public:
  /// Returns false to stop the scan.
  using Visit = std::function<bool(ByteView key, ByteView value)>;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual ~State() = default;

  /// Gives the value of a row to `look`, where it lies, if there is such a row; whether there is. `look` reads nothing
  /// else of the state.
  using Look = std::function<void(ByteView value)>;
  [[nodiscard]] virtual bool look_up(Table table, ByteView key, const Look& look) const = 0;
  /// A copy of the value; nothing if there is no such row.
  [[nodiscard]] std::optional<Bytes> get(Table table, ByteView key) const {
    std::optional<Bytes> value;
    (void)look_up(table, key, [&](ByteView bytes) { value.emplace(bytes.begin(), bytes.end()); });
    return value;
  }
  /// Visits the rows whose key begins with `prefix` and is not below `from` (empty: from the first),
  /// in the order of their keys' bytes. Rows must not be written during a scan.
  virtual void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const = 0;
  /// The last row whose key begins with `prefix`; nothing if there is none.
  [[nodiscard]] virtual std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const = 0;
};

/// One change of a row; no value means the row is gone.
struct Write {
  Table table;
  Bytes key;
  std::optional<Bytes> value;
};

struct Outgoing {
  PeerPort to;
  Message message;
  /// The package of this exchange (encrypted book and leaf list) goes beside the message.
  bool with_package = false;
};

/// Something worth telling a person or script; never needed for correctness.
struct Event {
  std::string what;  ///< kebab-case kind: "committed", "exchange-over", ...
  std::optional<ExchangeId> exchange;
  std::string detail;
};

/// A statement of this peer about an exchange, in whose record and in outgoing messages it stands without a signature.
struct LeftUnsigned {
  ExchangeId exchange;
  Bytes statement;  ///< its unsigned bytes
};

/// All that one decision changes and sends. Durable as a whole before any of it is sent.
struct Effects {
  std::vector<Write> writes;
  std::vector<Outgoing> outgoing;
  std::vector<Event> events;
  /// Statements that still lack their signatures: they are to be signed before the commit (ledger/batch_signing.hpp).
  std::vector<LeftUnsigned> to_sign = {};
};

/// Effects in the making: reads see the writes made so far.
class Draft final : public State {
 public:
  explicit Draft(const State& base) : base_(base) {}

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  void put(Table table, Bytes key, Bytes value);
  void erase(Table table, Bytes key);
  void send(PeerPort to, Message message, bool with_package = false);
  void note(Event event);
  void leave_unsigned(LeftUnsigned statement) { to_sign_.push_back(std::move(statement)); }

  /// Takes the messages sent so far to one peer: a node's to itself are handled within the step.
  [[nodiscard]] std::vector<Message> take_outgoing_to(PeerPort peer);
  [[nodiscard]] Effects take_effects();
  /// As if nothing had been written.
  void forget() noexcept;

 private:
  using Rows = std::map<Bytes, std::optional<Bytes>, ByBytes>;
  [[nodiscard]] const Rows& rows(Table table) const { return rows_[static_cast<std::size_t>(table)]; }

  const State& base_;
  std::array<Rows, table_count> rows_;
  std::vector<Outgoing> outgoing_;
  std::vector<Event> events_;
  std::vector<LeftUnsigned> to_sign_;
};

/// The home is damaged, and nothing may be decided from it. Token `bad-file`.
class DamagedState final : public Abandoned {
 public:
  using Abandoned::Abandoned;
};

/// A table whose keys and values have types. A row that does not decode is not this program's: `damaged`
/// throws DamagedState.
[[noreturn]] void damaged(Table table, const Error& error);

template <class Key, class Value>
struct TypedTable {
  Table id;

  [[nodiscard]] std::optional<Value> get(const State& state, const Key& key) const {
    std::optional<Value> value;
    Result<void> read = success();
    const auto look = [&](ByteView bytes) {
      auto found = decode<Value>(bytes);
      if (!found) {
        read = std::move(found).error();
      } else {
        value = std::move(found).value();
      }
    };
    if constexpr (codec_detail::Fixed<Key>) {
      (void)state.look_up(id, key.view(), look);
    } else {
      (void)state.look_up(id, encode(key), look);
    }
    if (!read) damaged(id, read.error());
    return value;
  }
  void put(Draft& draft, const Key& key, const Value& value) const { draft.put(id, encode(key), encode(value)); }
  void erase(Draft& draft, const Key& key) const { draft.erase(id, encode(key)); }

  /// Visits (key, value) in key order, from the keys that begin with `prefix`; false stops.
  template <class Visit>
  void each(const State& state, ByteView prefix, Visit&& visit) const {
    each_from(state, prefix, {}, std::forward<Visit>(visit));
  }
  template <class Visit>
  void each_from(const State& state, ByteView prefix, ByteView from, Visit&& visit) const {
    state.scan(id, prefix, from, [&](ByteView key_bytes, ByteView value_bytes) {
      auto key = decode<Key>(key_bytes);
      if (!key) damaged(id, key.error());
      return visit(key.value(), decoded(value_bytes));
    });
  }
  /// All rows; only for tables that stay small.
  [[nodiscard]] std::vector<std::pair<Key, Value>> all(const State& state, ByteView prefix = {}) const {
    std::vector<std::pair<Key, Value>> rows;
    each(state, prefix, [&](Key key, Value value) {
      rows.emplace_back(std::move(key), std::move(value));
      return true;
    });
    return rows;
  }
  [[nodiscard]] std::optional<std::pair<Key, Value>> last(const State& state, ByteView prefix = {}) const {
    const auto row = state.last(id, prefix);
    if (!row) return std::nullopt;
    auto key = decode<Key>(row->first);
    if (!key) damaged(id, key.error());
    return std::make_pair(key.value(), decoded(row->second));
  }

 private:
  [[nodiscard]] Value decoded(ByteView bytes) const {
    auto value = decode<Value>(bytes);
    if (!value) damaged(id, value.error());
    return std::move(value).value();
  }
};

}  // namespace bookchain::ledger
