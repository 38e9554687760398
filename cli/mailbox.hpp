// What waits to be taken in at a peer and what waits there to be acknowledged by others, as it can be
// shown: each sealed message opened by the channel of its pair if this peer's key opens it. Changes
// nothing: a message that was looked at waits as before.
#pragma once

#include <functional>
#include <map>

#include "cli/command.hpp"
#include "cli/home.hpp"
#include "transport/channel.hpp"
#include "transport/delivery.hpp"

namespace bookchain::cli {

/// The type of an acknowledgement.
inline constexpr std::string_view delivery_note_type = "delivery-note";

/// A message as this peer can see it; what cannot be opened has an error, and neither id nor type.
struct Letter {
  std::optional<ledger::MessageId> id;
  std::optional<ledger::PeerPort> from;
  std::optional<ledger::PeerPort> to;
  std::string type;  ///< delivery_note_type for acknowledgements; empty for what cannot be opened
  std::optional<ledger::ExchangeId> exchange;
  std::uint64_t size{};  ///< bytes of the opened message; of what lies there if it cannot be opened
  path file;             ///< in the inbox
  bool delivered{};      ///< in the outbox: it lies in the recipient's spool and is not yet acknowledged
  std::optional<Error> error;
  std::uint64_t more{};  ///< so many others beside it cannot be opened either, and are not told by themselves
  std::optional<ledger::Message> message;
  std::optional<transport::DeliveryNote> note;
};

/// Returns false to stop.
using VisitLetter = std::function<bool(Letter letter)>;

class Mailbox {
 public:
  /// Keeps a reference: the reader outlives the mailbox. Token `bad-value` if a channel cannot be made.
  [[nodiscard]] static Result<Mailbox> open(const Reader& reader);

  /// What others delivered and this peer has not taken in yet, by sender and then as it will be taken in. Of what
  /// cannot be opened the first few of a file, and of a sender, are visited, and one that stands for the others.
  void each_in_inbox(const VisitLetter& visit) const;
  /// What this peer keeps until it is acknowledged, by recipient and number.
  void each_in_outbox(const VisitLetter& visit) const;
  /// The messages of one spool file, wherever it lies; of those that cannot be opened the first few. Tokens:
  /// `no-such-file`, `bad-file`, `permission`, `io`.
  [[nodiscard]] Result<std::vector<Letter>> read_file(const path& file) const;

 private:
  Mailbox(const Reader& reader, std::map<ledger::PeerPort, transport::Channel> channels)
      : reader_(reader), channels_(std::move(channels)) {}
  [[nodiscard]] std::size_t max_envelope_bytes() const;
  [[nodiscard]] Letter open_from(ledger::PeerPort from, ledger::ByteView envelope) const;
  [[nodiscard]] Letter open_any(ledger::ByteView envelope) const;
  /// False once `visit` wants no more.
  [[nodiscard]] bool each_in_file(ledger::PeerPort from, const transport::SpoolFolder& folder, const std::string& name,
                                  const VisitLetter& visit) const;
  void describe(Letter& letter, const transport::Header& header, const ledger::Bytes& payload) const;

  const Reader& reader_;
  std::map<ledger::PeerPort, transport::Channel> channels_;
};

/// Whether something was delivered that this peer has not taken in and can take: what receive would begin with.
[[nodiscard]] bool mail_waits(const PeerFiles& files);

/// {id, from, to, type, exchange, size}, and token and reason of what cannot be opened, with `more` where it stands for
/// others as well.
[[nodiscard]] Json letter_value(const Letter& letter);
/// Why it cannot be opened, and how many others cannot; empty if nothing is wrong with it.
[[nodiscard]] std::string remark_on(const Letter& letter);

}  // namespace bookchain::cli
