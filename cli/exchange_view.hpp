// An exchange as one peer can see it, for people and scripts: where it stands, what each peer holds of it
// and may still do. All of it follows from this peer's own record; what it cannot know is left out. A
// witness that so far was given only the id of a request sees an exchange without owner and book.
#pragma once

#include "cli/guidance.hpp"
#include "cli/home.hpp"
#include "cli/selection.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

struct ExchangeView {
  ledger::ExchangeId id;
  std::optional<ledger::ExchangeRecord> record;
  /// Witness: the id it was given, and by whom. No requester if several peers gave one for this exchange.
  std::optional<ledger::WitnessIdRecord> witness_id;
  std::optional<ledger::PeerPort> witness_id_from;

  [[nodiscard]] ledger::Role role() const;
  [[nodiscard]] ledger::ExchangeState state() const;
  [[nodiscard]] ledger::Time began() const;
};

/// What one peer holds and may still do, in words.
struct PeerView {
  ledger::PeerPort port;
  ledger::Role role{};
  std::vector<std::string> holds;
  std::vector<std::string> may;
};

/// The exchanges this peer knows of, the oldest first: those that have not ended, for which no record of one that has
/// is read, or all.
[[nodiscard]] std::vector<ExchangeView> exchange_views(const Reader& reader, Among among);

/// The one named by a prefix of its id; where none is named the only one that has not ended, else the only
/// one. Tokens: `unknown-exchange`, `ambiguous`.
[[nodiscard]] Result<ExchangeView> select_exchange_view(const Reader& reader, const std::optional<std::string>& prefix);

/// {exchange, role, sender_port, receiver_port, book, title, state, step, due, waiting_for, next, token,
/// reason, height, began, changed}
[[nodiscard]] Json exchange_value(const Session& session, const Reader& reader, const ExchangeView& view);

/// The peers of an exchange, requester and owner first. Empty if the view has no record.
[[nodiscard]] std::vector<PeerView> peer_views(const Reader& reader, const ExchangeView& view);

/// Title of the book as the catalogue has it; not yet printable.
[[nodiscard]] std::optional<std::string> title_of(const Reader& reader, const ExchangeView& view);

/// The token of what went wrong, also where the exchange is not over for it; nothing if nothing did.
[[nodiscard]] std::optional<std::string> token_of(const ExchangeView& view);
/// The same in words, which may be those of another peer: not yet printable.
[[nodiscard]] std::optional<std::string> reason_of(const ExchangeView& view);

}  // namespace bookchain::cli
