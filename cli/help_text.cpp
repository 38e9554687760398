#include "cli/help_text.hpp"

#include <algorithm>
#include <array>

#include "cli/options.hpp"
#include "cli/wrapping.hpp"

namespace bookchain::cli {

namespace {

std::string padded(std::string text, std::size_t columns) {
  text.resize(std::max(text.size() + 2, columns), ' ');
  return text;
}

std::string form_of(const OptionSpec& option) {
  auto form = option.letter != 0 ? std::string("-") + option.letter + ", --" : std::string("    --");
  form += option.name;
  switch (option.kind) {
    case OptionKind::flag: break;
    case OptionKind::value: form += " " + std::string(option.placeholder); break;
    case OptionKind::values: form += " " + std::string(option.placeholder) + "..."; break;
    case OptionKind::optional_value: form += "[=" + std::string(option.placeholder) + "]"; break;
  }
  return form;
}

std::string option_lines(std::span<const OptionSpec> options) {
  std::size_t columns = 0;
  for (const auto& option : options) columns = std::max(columns, form_of(option).size() + 4);
  std::string text;
  for (const auto& option : options) {
    text += padded("  " + form_of(option), columns) + wrapped(option.help, columns) + "\n";
  }
  return text;
}

std::string usage_of(const Command& command) {
  std::string line = "bookchain [global options] " + std::string(command.name);
  if (!command.options.empty()) line += " [options]";
  for (const auto& argument : command.arguments) {
    line += argument.required ? " " + std::string(argument.name) : " [" + std::string(argument.name) + "]";
  }
  return line + "\n";
}

}  // namespace

std::string help_of_program() {
  std::string text =
      "bookchain: peers who do not trust each other hand over digital books, witnessed by other peers and\n"
      "recorded on a chain that they share.\n"
      "\n"
      "usage: bookchain [global options] COMMAND [options]\n";
  std::size_t columns = 0;
  for (const auto& command : all_commands()) columns = std::max(columns, command.name.size() + 4);
  std::string_view group;
  for (const auto& command : all_commands()) {
    if (command.group != group) text += "\n" + std::string(command.group) + "\n";
    text += padded("  " + std::string(command.name), columns) + std::string(command.summary) + "\n";
    group = command.group;
  }
  text += "\nglobal options, before or after the command\n" + option_lines(global_options());
  text +=
      "\nBooks and exchanges are named by the first 6 or more digits of their ids.\n"
      "\n"
      "A first exchange, the other peers at work in the background; VALUE is a book that 5001 lists:\n"
      "  bookchain init library && cd library\n"
      "  for port in 5001 5002 5003; do bookchain -p $port serve & done\n"
      "  bookchain -p 5001 list-books\n"
      "  bookchain -p 5000 request --from 5001 --book VALUE --wait\n"
      "  kill %1 %2 %3\n"
      "\n"
      "bookchain help COMMAND explains a command, bookchain help errors the exit codes and tokens.\n";
  return text;
}

std::string help_of(const Command& command) {
  auto text = "bookchain " + std::string(command.name) + ": " + std::string(command.summary) +
              "\n\nusage: " + usage_of(command);
  if (!command.details.empty()) text += "\n" + std::string(command.details) + "\n";
  if (!command.options.empty()) text += "\noptions\n" + option_lines(command.options);
  return text + "\nbookchain --help lists the global options.\n";
}

std::string help_of(std::span<const Command* const> commands) {
  std::string text;
  for (const auto* command : commands) text += (text.empty() ? "" : "\n") + help_of(*command);
  return text;
}

std::string help_of_errors() {
  static constexpr std::array meanings{
      "done; also when the step had been done before",
      "the environment failed",
      "usage: the command line cannot be understood",
      "rejected: the protocol or a check says no",
      "not found",
      "not yet: the step is not due, or an answer is missing; nothing was changed",
      "malformed input",
  };
  std::string text = "exit codes\n";
  for (std::size_t code = 0; code < meanings.size(); ++code) {
    text += "  " + padded(std::to_string(code), 5) + meanings[code] + "\n";
  }
  text += "  130  interrupted\n\ntokens: the word in brackets at the end of an error, with its exit code\n";
  std::size_t columns = 0;
  for (const auto& token : ledger::all_tokens()) columns = std::max(columns, token.name.size() + 2);
  for (const auto& token : ledger::all_tokens()) {
    text += "  " + std::to_string(token.exit_code) + "  " + padded(std::string(token.name), columns) +
            std::string(token.meaning) + "\n";
  }
  return text;
}

}  // namespace bookchain::cli
