#include <algorithm>

#include "cli/commands/commands.hpp"

namespace bookchain::cli {

namespace {

const std::vector<Command>& table() {
  static const std::vector<Command> commands{
      init_command(),
      keygen_command(),
      join_command(),
      restore_command(),
      add_book_command(),
      list_books_command(),
      get_book_command(),
      request_command(),
      grant_command(),
      consent_command(),
      check_id_command(),
      release_command(),
      open_command(),
      check_key_command(),
      mine_command(),
      refuse_command(),
      abort_command(),
      dispute_command(),
      receive_command(),
      step_command(),
      serve_command(),
      list_exchanges_command(),
      show_exchange_command(),
      trace_command(),
      inbox_command(),
      outbox_command(),
      show_message_command(),
      config_command(),
      status_command(),
      show_chain_command(),
      verify_chain_command(),
      export_chain_command(),
      history_command(),
      list_evidence_command(),
      export_evidence_command(),
      verify_evidence_command(),
      help_command(),
  };
  return commands;
}

}  // namespace

std::span<const Command> all_commands() { return table(); }

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &Command::name);
  return found == table().end() ? nullptr : &*found;
}

std::vector<const Command*> commands_beginning_with(std::string_view word) {
  std::vector<const Command*> found;
  for (const auto& command : table()) {
    if (command.name.starts_with(std::string(word) + " ")) found.push_back(&command);
  }
  return found;
}

}  // namespace bookchain::cli
