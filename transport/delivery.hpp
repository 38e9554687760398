// Delivery between two peers (docs/protocol.md, "Delivery"): at least once on the wire, once in effect.
// Each direction numbers its messages within an epoch; the sender keeps a message until it is
// acknowledged, the receiver drops what it has seen. Pure functions over the peer's state, called by the
// courier inside its transaction. Never touches a file and never looks into a message: a payload is bytes.
#pragma once

#include "ledger/state.hpp"
#include "transport/channel.hpp"

namespace bookchain::transport {

/// Messages from one peer that may be under way at once: the sender holds back what lies beyond, the
/// receiver refuses it, so that a flood of far-future numbers takes a bounded place.
inline constexpr std::uint64_t max_messages_under_way = 65'536;
/// Hashes of taken messages that are remembered below the floor of an epoch, at least.
inline constexpr std::uint64_t remembered_messages = 4'096;
/// Messages with successive numbers share a row of what was seen: each row costs a walk through all layers of the store
/// when it comes, and another when it goes.
inline constexpr std::uint64_t seen_a_row = 16;
/// Answers that bring blocks are left out of an outbox that holds this much: whoever wants them asks again. Else a peer
/// that asks a thousand times and never acknowledges would fill the disk.
inline constexpr std::uint64_t max_bytes_with_blocks = std::uint64_t{64} << 20U;
/// A peer that has so many answers to its own messages waiting here, or so many bytes of them, and acknowledges none,
/// is asking without listening: nothing more is taken from it until it takes some. Only answers count, so two peers
/// that were out of each other's reach for long never wait for each other.
inline constexpr std::uint64_t max_answers_kept = 65'536;
inline constexpr std::uint64_t max_answer_bytes_kept = std::uint64_t{64} << 20U;
/// A note can make a peer number and deliver its whole outbox anew. Not before this time, doubled with each renewal up
/// to sixteen times as long, and never twice for a peer that has acknowledged nothing in between.
inline constexpr std::uint64_t first_renewal_pause_us = 5'000'000;
inline constexpr std::uint32_t most_renewal_doublings = 4;
inline constexpr std::size_t max_payload_bytes = std::size_t{1} << 27U;
inline constexpr std::size_t max_note_entries = 2 * max_messages_under_way;

// ---- rows ----

struct OutboxKey {
  ledger::PeerPort to;
  ledger::MessageNumber number;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("to", self.to);
    visitor("number", self.number);
  }
};

/// A message that is kept until the receiver acknowledges it.
struct OutboxRecord {
  ledger::Bytes payload;  ///< canonical message
  bool with_package = false;
  ledger::Time queued;
  bool answer = false;  ///< the receiver's own message caused it

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.blob("payload", self.payload, max_payload_bytes);
    visitor("with_package", self.with_package);
    visitor("queued", self.queued);
    visitor("answer", self.answer);
  }
};

struct OutgoingRecord {
  ledger::Epoch epoch;
  ledger::MessageNumber next{1};        ///< number of the next message
  ledger::MessageNumber fresh_from{1};  ///< this number and those above it were never delivered
  ledger::Time delivered;               ///< when something was delivered last, or looked at to be sent again
  std::uint32_t repeats{};              ///< how often all was sent again since the last acknowledgement
  std::uint64_t kept_bytes{};           ///< payload bytes in the outbox
  std::uint64_t answers{};              ///< answers in the outbox, and their payload bytes
  std::uint64_t answer_bytes{};
  std::uint32_t renewals{};  ///< how often a note made this peer begin a new epoch
  ledger::Time renewed;      ///< when one did last
  bool heard_since = false;  ///< something was acknowledged since then

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("epoch", self.epoch);
    visitor("next", self.next);
    visitor("fresh_from", self.fresh_from);
    visitor("delivered", self.delivered);
    visitor("repeats", self.repeats);
    visitor("kept_bytes", self.kept_bytes);
    visitor("answers", self.answers);
    visitor("answer_bytes", self.answer_bytes);
    visitor("renewals", self.renewals);
    visitor("renewed", self.renewed);
    visitor("heard_since", self.heard_since);
  }
};

struct IncomingRecord {
  ledger::Epoch epoch;
  ledger::MessageNumber floor;    ///< this number and all below it were seen
  ledger::MessageNumber highest;  ///< none above it was seen

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("epoch", self.epoch);
    visitor("floor", self.floor);
    visitor("highest", self.highest);
  }
};

struct SeenKey {
  ledger::PeerPort from;
  std::uint64_t row{};  ///< the number of a message, divided by seen_a_row

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
    visitor("row", self.row);
  }
};

struct SeenMessage {
  ledger::MessageNumber number;
  ledger::MessageId id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("number", self.number);
    visitor("id", self.id);
  }
};

/// The one that came last is the first, so that a row changes at its begin and its end stays (journal_entry.hpp).
struct SeenMessages {
  std::vector<SeenMessage> newest_first = {};

  [[nodiscard]] const ledger::MessageId* find(ledger::MessageNumber number) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("newest_first", self.newest_first, seen_a_row);
  }
};

struct RetiredKey {
  ledger::PeerPort from;
  ledger::Epoch epoch;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("from", self.from);
    visitor("epoch", self.epoch);
  }
};

inline constexpr ledger::TypedTable<OutboxKey, OutboxRecord> outbox_rows{ledger::Table::outbox};
inline constexpr ledger::TypedTable<ledger::PeerPort, OutgoingRecord> outgoing_rows{ledger::Table::outgoing};
inline constexpr ledger::TypedTable<ledger::PeerPort, IncomingRecord> incoming_rows{ledger::Table::incoming};
inline constexpr ledger::TypedTable<SeenKey, SeenMessages> seen_rows{ledger::Table::seen};
/// The row in which that message is.
[[nodiscard]] inline SeenKey seen_key(ledger::PeerPort from, ledger::MessageNumber number) {
  return {from, number.value / seen_a_row};
}
inline constexpr ledger::TypedTable<RetiredKey, bool> retired_epochs{ledger::Table::retired};

// ---- delivery notes: what travels with number 0, neither numbered nor acknowledged ----

struct NoteEntry {
  ledger::Epoch epoch;
  ledger::MessageNumber number;
  ledger::MessageId id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("epoch", self.epoch);
    visitor("number", self.number);
    visitor("id", self.id);
  }
};

/// Canonical bytes of one entry.
inline constexpr std::size_t note_entry_bytes =
    ledger::Epoch::size + ledger::MessageNumber::size + ledger::MessageId::size;

/// Receiver to sender. It only empties an outbox, or makes the sender start a new epoch: no step of an
/// exchange counts it.
struct DeliveryNote {
  std::vector<NoteEntry> taken;         ///< acknowledged
  std::vector<NoteEntry> contradicted;  ///< not taken: the id is of what was seen first under that number, or zero

  [[nodiscard]] bool empty() const { return taken.empty() && contradicted.empty(); }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor.list("taken", self.taken, max_note_entries);
    visitor.list("contradicted", self.contradicted, max_note_entries);
  }
};

/// The same in parts of at most `most` entries each, so that each fits into one sealed message. `most` > 0.
[[nodiscard]] std::vector<DeliveryNote> split_note(const DeliveryNote& note, std::size_t most);

/// SHA-256 of header and payload: the same at both ends, whatever the nonce of the seal.
[[nodiscard]] ledger::MessageId message_id(const Header& header, ledger::ByteView payload);

// ---- sending ----

/// Puts a message into the outbox of `to`; gives its id. `fresh` becomes the epoch if none was drawn yet.
ledger::MessageId enqueue(ledger::Draft& draft, const Header& to_peer, OutboxRecord message,
                          const ledger::Epoch& fresh);

/// Takes what a note says of the outbox towards `to_peer.to`. True if it made this peer draw a new epoch,
/// `fresh`, in which everything is numbered and delivered again: seldom, see first_renewal_pause_us. Notes about
/// another epoch than the present one change nothing.
bool take_note(ledger::Draft& draft, const Header& to_peer, const DeliveryNote& note, const ledger::Epoch& fresh,
               ledger::Time now);

/// A restored home forgot what it numbered: a new epoch towards `to`, everything is delivered again.
void renew_epoch(ledger::Draft& draft, ledger::PeerPort to, const ledger::Epoch& fresh);

// ---- receiving ----

enum class Admission : std::uint8_t {
  fresh,      ///< to be decided now, and acknowledged
  duplicate,  ///< seen before with the same bytes: acknowledged again
  // Neither taken nor acknowledged; the sender is told, and begins a new epoch if it still stands by it:
  contradicted,  ///< seen before with other bytes
  retired,       ///< of an epoch that the sender was seen to leave
  too_far,       ///< beyond what may be under way
  // Neither taken nor told: it comes again.
  held_back,  ///< too many answers to this sender wait to be acknowledged
};
struct Admitted {
  Admission what{};
  ledger::MessageId first;  ///< the id seen first, where contradicted; zero if it is not known
};
/// Whether so many answers wait for the acknowledgement of `from` that nothing more is taken from it, nor answered
/// again.
[[nodiscard]] bool asks_without_listening(const ledger::State& state, ledger::PeerPort from);
/// Looks whether a message may be taken; where it is fresh, remembers it as seen.
[[nodiscard]] Admitted admit(ledger::Draft& draft, const Header& header, const ledger::MessageId& id);

}  // namespace bookchain::transport
