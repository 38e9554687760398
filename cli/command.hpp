// A command of the program: one row of the table in cli/commands/table.cpp and one function. Options
// and arguments are declared as data, so that parsing, help and "did you mean" come from one place.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/error.hpp"

namespace bookchain::cli {

using Json = nlohmann::ordered_json;

enum class OptionKind : std::uint8_t {
  flag,            ///< --dry-run
  value,           ///< --from PORT
  optional_value,  ///< --wait[=SECONDS]
  values,          ///< --cards A.yaml B.yaml: all words up to the next option
};

struct OptionSpec {
  std::string_view name;
  char letter;  ///< 0: none
  OptionKind kind;
  std::string_view placeholder;
  std::string_view help;
  bool may_be_empty = false;  ///< its value
};

/// What stands on the command line beside options.
struct ArgumentSpec {
  std::string_view name;
  bool required;
};

/// The values of one command's options and arguments.
class Arguments {
 public:
  [[nodiscard]] bool has(std::string_view option) const { return options_.contains(option); }
  /// Empty text for an optional value that was left out.
  [[nodiscard]] std::optional<std::string> get(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::nullopt : std::optional(found->second);
  }
  /// All values of an option that takes several.
  [[nodiscard]] const std::vector<std::string>& all(std::string_view option) const {
    static const std::vector<std::string> none;
    const auto found = lists_.find(option);
    return found == lists_.end() ? none : found->second;
  }
  /// Argument number `index`, if given.
  [[nodiscard]] std::optional<std::string> at(std::size_t index) const {
    return index < arguments_.size() ? std::optional(arguments_[index]) : std::nullopt;
  }

  /// One value, or several of an option that takes them.
  void set(const std::string& option, std::vector<std::string> values) {
    options_[option] = values.front();
    lists_[option] = std::move(values);
  }
  void add(std::string argument) { arguments_.push_back(std::move(argument)); }

 private:
  std::map<std::string, std::string, std::less<>> options_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
  std::vector<std::string> arguments_;
};

/// SIGINT ended what would have gone on.
inline constexpr int exit_code_interrupted = 130;

/// What a command has to say: one JSON object, and the same for people.
struct Answer {
  Json value = Json::object();
  std::string text;                      ///< ends with a new line unless empty
  std::optional<std::string> brief;      ///< what -q prints in place of the text; without one, the text
  std::string shown_by;                  ///< the command that shows again what was done; empty: nothing was changed
  std::optional<ledger::Error> failure;  ///< printed after the result; gives the exit code
  bool printed = false;                  ///< the command has written its result itself
  int exit_code = 0;                     ///< unless there is a failure
};

class Session;

struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line for the list of commands
  std::string_view details;  ///< paragraphs for its own help
  std::vector<ArgumentSpec> arguments;
  std::vector<OptionSpec> options;
  ledger::Result<Answer> (*run)(Session& session, const Arguments& arguments);
  std::string_view group = {};  ///< under which the list of commands has it; given in the table
};

/// All commands, in the order in which help lists them: those of a group follow each other.
[[nodiscard]] std::span<const Command> all_commands();
/// Null if there is none of that name. Names may have two words, with one space between them.
[[nodiscard]] const Command* find_command(std::string_view name);
/// The commands whose name is of two words and begins with this one; none if it begins no name.
[[nodiscard]] std::vector<const Command*> commands_beginning_with(std::string_view word);

}  // namespace bookchain::cli
