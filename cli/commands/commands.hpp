// The commands of the program, one file each (or a few that belong together), and one line here and in
// table.cpp. To add a command: a file with its function and its Command, a declaration here, a place in
// the table, a test in tests/cli.
#pragma once

#include "cli/command.hpp"

namespace bookchain::cli {

// networks and homes
[[nodiscard]] Command init_command();
/// `init --cards`.
[[nodiscard]] ledger::Result<Answer> init_from_cards(const Session& session, const Arguments& arguments);
[[nodiscard]] Command keygen_command();
[[nodiscard]] Command join_command();
[[nodiscard]] Command restore_command();
// books
[[nodiscard]] Command add_book_command();
[[nodiscard]] Command list_books_command();
[[nodiscard]] Command get_book_command();
// the exchange
[[nodiscard]] Command request_command();
[[nodiscard]] Command grant_command();
[[nodiscard]] Command consent_command();
[[nodiscard]] Command check_id_command();
[[nodiscard]] Command release_command();
[[nodiscard]] Command open_command();
[[nodiscard]] Command check_key_command();
[[nodiscard]] Command mine_command();
[[nodiscard]] Command refuse_command();
[[nodiscard]] Command abort_command();
[[nodiscard]] Command dispute_command();
[[nodiscard]] Command receive_command();
[[nodiscard]] Command step_command();
[[nodiscard]] Command serve_command();
// looking at it
[[nodiscard]] Command list_exchanges_command();
[[nodiscard]] Command show_exchange_command();
[[nodiscard]] Command trace_command();
[[nodiscard]] Command inbox_command();
[[nodiscard]] Command outbox_command();
[[nodiscard]] Command show_message_command();
[[nodiscard]] Command config_command();
[[nodiscard]] Command status_command();
// the chain
[[nodiscard]] Command show_chain_command();
[[nodiscard]] Command verify_chain_command();
[[nodiscard]] Command export_chain_command();
[[nodiscard]] Command history_command();
// evidence
[[nodiscard]] Command list_evidence_command();
[[nodiscard]] Command export_evidence_command();
[[nodiscard]] Command verify_evidence_command();
// help
[[nodiscard]] Command help_command();

}  // namespace bookchain::cli
