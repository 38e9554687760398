#include "cli/commands/commands.hpp"
#include "cli/help_text.hpp"
#include "cli/session.hpp"
#include "cli/suggestion.hpp"

namespace bookchain::cli {

namespace {

constexpr std::string_view errors_page = "errors";

Json tokens_value() {
  Json list = Json::array();
  for (const auto& token : ledger::all_tokens()) {
    list.push_back({{"token", token.name}, {"exit_code", token.exit_code}, {"meaning", token.meaning}});
  }
  return list;
}

Json command_value(const Command& command) { return {{"name", command.name}, {"summary", command.summary}}; }

ledger::Error unknown_page(const std::string& typed) {
  std::vector<std::string> names{std::string(errors_page)};
  for (const auto& command : all_commands()) names.emplace_back(command.name);
  const auto meant = nearest(typed, names);
  return usage_error("there is no help about this", typed, meant ? "did you mean " + *meant + "?" : "bookchain --help");
}

ledger::Result<Answer> run_help(Session& /*session*/, const Arguments& arguments) {
  auto page = arguments.at(0);
  if (const auto second = arguments.at(1)) *page += " " + *second;
  Answer answer;
  if (!page) {
    answer.text = help_of_program();
    answer.value["commands"] = Json::array();
    for (const auto& command : all_commands()) answer.value["commands"].push_back(command_value(command));
  } else if (*page == errors_page) {
    answer.text = help_of_errors();
    answer.value["errors"] = tokens_value();
  } else if (const auto* command = find_command(*page)) {
    answer.text = help_of(*command);
    answer.value["command"] = command_value(*command);
  } else if (const auto commands = commands_beginning_with(*page); !commands.empty()) {
    answer.text = help_of(commands);
    answer.value["commands"] = Json::array();
    for (const auto* each : commands) answer.value["commands"].push_back(command_value(*each));
  } else {
    return unknown_page(*page);
  }
  answer.value["text"] = answer.text;
  return answer;
}

}  // namespace

Command help_command() {
  return Command{"help",
                 "explain the program, a command, or the errors",
                 "Without COMMAND lists all commands; with one prints what its --help prints. `help errors` lists\n"
                 "the exit codes and the tokens of all errors; with -o json as data.",
                 {{"COMMAND|errors", false}, {"WORD", false}},
                 {},
                 run_help};
}

}  // namespace bookchain::cli
