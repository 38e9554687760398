// Guidance put into the words of the command line: JSON by its contract, and lines that people copy into
// their shell. Decides nothing; what goes on is decided in cli/guidance.
#pragma once

#include "cli/guidance.hpp"
#include "cli/session.hpp"

namespace bookchain::cli {

/// One shell line that goes on, its commands joined by " && ", as far as they can be typed here; null where none can.
[[nodiscard]] Json next_value(const Session& session, const Guidance& guidance);

/// The same for the hint of an error that says what is missing, and after " || " what is left to this peer where it
/// does not come; empty where nothing goes on.
[[nodiscard]] std::string go_on_hint(const Session& session, const Guidance& guidance);

/// Ports of the peers that are awaited, as a list of numbers.
[[nodiscard]] Json waiting_value(const Guidance& guidance);

/// The first command that takes a step of the exchange, and its word; null if there is none.
[[nodiscard]] const CommandAt* next_step(const Guidance& guidance);
[[nodiscard]] std::string step_word(const CommandAt& command);

/// The step that the exchange waits for, at whatever peer, by the name of its command; null where none is
/// due (it has ended, or its block is being voted on).
[[nodiscard]] Json due_next_value(const Guidance& guidance);

/// Who is awaited, and under "next:" the commands, one a line. Empty where nothing goes on.
[[nodiscard]] std::string next_text(const Session& session, const Guidance& guidance);

/// How the requester at `port` reads the book of an exchange that was recorded; empty for every other exchange, and
/// where it has not opened the book.
[[nodiscard]] std::string reading_text(const Session& session, ledger::PeerPort port,
                                       const ledger::ExchangeRecord& record);

/// "5001, 5002".
[[nodiscard]] std::string ports_text(const std::vector<ledger::PeerPort>& ports);

}  // namespace bookchain::cli
