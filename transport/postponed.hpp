// What a process that goes on serving need not do at once, by itself: send the notes that it owes, write down the notes
// that came, and how far each outbox was delivered. A little later they share a delivery or a transaction with other
// work, which takes half of the deliveries and transactions of an exchange away (docs/performance.md).
// Kept in memory alone. Whoever loses it with the process sends messages again, or is sent them again, and both are
// known then: no step of an exchange depends on it.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "transport/delivery.hpp"

namespace bookchain::transport {

class Postponed {
 public:
  /// Nothing waits here longer, whatever else there is to do.
  static constexpr std::uint64_t delay_us = 25'000;

  // ---- notes that this peer owes ----

  void owe(ledger::PeerPort to, const DeliveryNote& note, ledger::Time now);
  /// Whoever takes it sends it.
  [[nodiscard]] DeliveryNote take_owed(ledger::PeerPort to);

  // ---- what is to be written down ----

  void note_came(ledger::PeerPort from, DeliveryNote note, ledger::Time now);
  /// The outbox towards `to` was delivered as far as `record` says; `row` is what the state says of it.
  void delivered(ledger::PeerPort to, const OutgoingRecord& row, const OutgoingRecord& record, ledger::Time now);
  /// Brings a row of the state to how far it was delivered; one that another process has changed stays as it is.
  void bring_up_to_date(ledger::PeerPort to, OutgoingRecord& row) const;
  /// Writes down how far the outboxes were delivered. What is delivered from here on is written down the next time.
  void write_down(ledger::Draft& draft);
  /// The notes, which after that are to be taken.
  [[nodiscard]] const std::vector<std::pair<ledger::PeerPort, DeliveryNote>>& came() const { return came_; }
  /// The transaction that it was written down in was committed.
  void written();
  /// Or rolled back: all is to be written down again. What was delivered since then belonged to it.
  void rolled_back();

  // ---- when ----

  [[nodiscard]] bool empty() const { return !owed_since_ && !unwritten_since_; }
  [[nodiscard]] bool is_unwritten() const { return unwritten_since_.has_value(); }
  /// Whether something here has waited long enough, or is too much to be kept.
  [[nodiscard]] bool is_due(ledger::Time now) const;
  [[nodiscard]] std::optional<ledger::Time> due_at() const;

 private:
  /// How far an outbox was delivered, in the fields of the same names of OutgoingRecord.
  struct Place {
    ledger::Epoch epoch;
    ledger::MessageNumber fresh_from;
    ledger::Time delivered;
    std::uint32_t repeats{};
    friend bool operator==(const Place&, const Place&) = default;
  };
  [[nodiscard]] static Place place_in(const OutgoingRecord& record);
  struct Mark {
    Place in_state;
    Place reached;
  };
  using Marks = std::map<ledger::PeerPort, Mark>;

  std::map<ledger::PeerPort, DeliveryNote> owed_;
  std::vector<std::pair<ledger::PeerPort, DeliveryNote>> came_;
  Marks marks_;
  Marks written_down_;       ///< in the open transaction
  std::size_t entries_ = 0;  ///< of all notes
  std::optional<ledger::Time> owed_since_;
  std::optional<ledger::Time> unwritten_since_;
};

}  // namespace bookchain::transport
