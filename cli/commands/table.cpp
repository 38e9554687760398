#include <algorithm>

#include "cli/commands/commands.hpp"

namespace bookchain::cli {

namespace {

struct Group {
  std::string_view title;
  std::vector<Command> commands;
};

std::vector<Group> groups() {
  return {
      {"networks", {init_command(), keygen_command(), join_command(), restore_command()}},
      {"books", {add_book_command(), list_books_command(), get_book_command()}},
      {"the exchange, step by step",
       {request_command(), grant_command(), consent_command(), check_id_command(), release_command(), open_command(),
        check_key_command(), mine_command()}},
      {"ending one early", {refuse_command(), abort_command(), dispute_command()}},
      {"going on", {receive_command(), step_command(), serve_command()}},
      {"looking",
       {list_exchanges_command(), show_exchange_command(), trace_command(), inbox_command(), outbox_command(),
        show_message_command(), config_command(), status_command()}},
      {"the chain", {show_chain_command(), verify_chain_command(), export_chain_command(), history_command()}},
      {"evidence", {list_evidence_command(), export_evidence_command(), verify_evidence_command()}},
      {"help", {help_command()}},
  };
}

const std::vector<Command>& table() {
  static const auto commands = [] {
    std::vector<Command> all;
    for (auto& group : groups()) {
      for (auto& command : group.commands) {
        command.group = group.title;
        all.push_back(std::move(command));
      }
    }
    return all;
  }();
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
