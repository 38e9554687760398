#include "cli/options.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <set>

#include "cli/suggestion.hpp"

namespace bookchain::cli {

namespace po = boost::program_options;
using ledger::Error;
using ledger::Result;
using ledger::success;
using ledger::Token;

namespace {

constexpr std::array globals{
    OptionSpec{"network", 'n', OptionKind::value, "DIR",
               "the network directory made by init; default $BOOKCHAIN_NETWORK, else the current directory"},
    OptionSpec{"port", 'p', OptionKind::value, "N", "the peer to act as: its home is DIR/N; default $BOOKCHAIN_PORT"},
    OptionSpec{"home", 0, OptionKind::value, "DIR", "a peer's home itself, wherever it lies; default $BOOKCHAIN_HOME"},
    OptionSpec{"output", 'o', OptionKind::value, "FORMAT", "text (default), json or yaml"},
    OptionSpec{"quiet", 'q', OptionKind::flag, "", "say less: print no text but the id of what was made"},
    OptionSpec{"verbose", 'v', OptionKind::flag, "", "say more: whole ids, and what came with each block"},
    OptionSpec{"color", 0, OptionKind::value, "WHEN", "auto (default), always or never; NO_COLOR is respected"},
    OptionSpec{"help", 'h', OptionKind::flag, "", "explain the program or a command"},
    OptionSpec{"version", 0, OptionKind::flag, "", "print the version"},
};

/// The global option that a word names, and whether its value is the word after it.
struct GlobalWord {
  const OptionSpec* option = nullptr;
  bool value_follows = false;
};

GlobalWord global_word(const std::string& word) {
  if (word.starts_with("--")) {
    const auto equals = word.find('=');
    const auto name = std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto found = std::ranges::find(globals, name, &OptionSpec::name);
    if (found == globals.end()) return {};
    return {&*found, found->kind == OptionKind::value && equals == std::string::npos};
  }
  // Letters may stand together: -qn DIR. The first one that takes a value ends the word.
  GlobalWord last;
  for (std::size_t i = 1; i < word.size(); ++i) {
    const auto found = std::ranges::find(globals, word[i], &OptionSpec::letter);
    if (found == globals.end()) return {};
    last = {&*found, false};
    if (found->kind == OptionKind::value) return {&*found, i + 1 == word.size()};
  }
  return last;
}

std::vector<std::string> option_names(const Command* command) {
  std::vector<std::string> names;
  names.reserve(std::size(globals) + (command != nullptr ? command->options.size() : 0));
  for (const auto& option : globals) names.push_back("--" + std::string(option.name));
  if (command != nullptr) {
    for (const auto& option : command->options) names.push_back("--" + std::string(option.name));
  }
  return names;
}

/// The page that explains a command, or where none is named the program.
std::string page_of(const Command* command) {
  return "bookchain " + (command == nullptr ? std::string() : std::string(command->name) + " ") + "--help";
}

Error unknown_option(const std::string& typed, const Command* command) {
  const auto name = typed.substr(0, typed.find('='));
  if (const auto meant = nearest(name, option_names(command))) {
    return usage_error("the option is not known", name, "did you mean " + *meant + "?");
  }
  return usage_error("the option is not known", name, page_of(command));
}

Error unknown_command(const std::string& typed) {
  std::vector<std::string> names;
  for (const auto& command : all_commands()) {
    names.emplace_back(command.name);
    if (const auto space = command.name.find(' '); space != std::string_view::npos) {
      names.emplace_back(command.name.substr(0, space));
    }
  }
  names.emplace_back("--version");
  if (const auto meant = nearest(typed, names)) {
    return usage_error("there is no such command", typed, "did you mean " + *meant + "?");
  }
  return usage_error("there is no such command", typed, page_of(nullptr));
}

/// Place of the first word from `first` on that is no global option, or their number if there is none.
Result<std::size_t> place_of_word(const std::vector<std::string>& words, std::size_t first) {
  for (std::size_t i = first; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--") return std::min(i + 1, words.size());
    if (word.size() < 2 || word.front() != '-') return i;
    const auto found = global_word(word);
    if (found.option == nullptr) return unknown_option(word, nullptr);
    if (found.value_follows) ++i;
  }
  return words.size();
}

/// The command that the words name, and the places of its name among them. Without one, the page that explains the
/// commands which begin with the word at hand.
struct NamedCommand {
  const Command* command = nullptr;
  std::string page;
  std::vector<std::size_t> places;
};

Result<NamedCommand> name_command(const std::vector<std::string>& words) {
  BOOKCHAIN_TRY(const auto place, place_of_word(words, 0));
  if (place == words.size()) return NamedCommand{};
  if (const auto* command = find_command(words[place])) return NamedCommand{command, words[place], {place}};
  const auto members = commands_beginning_with(words[place]);
  if (members.empty()) return unknown_command(words[place]);
  BOOKCHAIN_TRY(const auto second, place_of_word(words, place + 1));
  if (second == words.size()) return NamedCommand{nullptr, words[place], {place}};
  const auto name = words[place] + " " + words[second];
  if (const auto* command = find_command(name)) return NamedCommand{command, name, {place, second}};
  return unknown_command(name);
}

void describe(po::options_description& description, const OptionSpec& option) {
  std::string names(option.name);
  if (option.letter != 0) names += std::string(",") + option.letter;
  // Program_options keeps the semantic and deletes it.
  if (option.kind == OptionKind::flag) {
    description.add_options()(names.c_str(), po::bool_switch(), "");
  } else if (option.kind == OptionKind::values) {
    description.add_options()(names.c_str(), po::value<std::vector<std::string>>()->multitoken()->composing(), "");
  } else if (option.kind == OptionKind::value) {
    description.add_options()(names.c_str(), po::value<std::string>(), "");
  } else {
    description.add_options()(names.c_str(), po::value<std::string>()->implicit_value(std::string()), "");
  }
}

constexpr const char* rest = "bookchain-arguments";

Error explain(const po::error& error, const Command* command) {
  const auto page = page_of(command);
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    return unknown_option(unknown->get_option_name(), command);
  }
  if (const auto* twice = dynamic_cast<const po::multiple_occurrences*>(&error)) {
    return usage_error("an option stands twice", twice->get_option_name(), {});
  }
  if (const auto* syntax = dynamic_cast<const po::invalid_command_line_syntax*>(&error)) {
    const bool extra = syntax->kind() == po::invalid_syntax::extra_parameter;
    return usage_error(extra ? "an option takes no value" : "an option needs a value", syntax->get_option_name(), page);
  }
  return usage_error(error.what(), {}, page);
}

/// Of a global option that is given again, the last one counts: a script adds its own to those of an alias.
void keep_the_last_of_globals(std::vector<po::option>& given) {
  std::set<std::string> later;
  for (auto option = given.rbegin(); option != given.rend(); ++option) {
    const bool is_global = std::ranges::find(globals, option->string_key, &OptionSpec::name) != globals.end();
    if (is_global && !later.insert(option->string_key).second) option->string_key.clear();
  }
  std::erase_if(given, [](const po::option& option) { return option.string_key.empty() && option.position_key < 0; });
}

/// Everything but the command's name, by the options that hold for it. Exceptions of the library stop here.
Result<std::map<std::string, std::vector<std::string>>> parse_words(const std::vector<std::string>& words,
                                                                    const Command* command) {
  po::options_description description;
  for (const auto& option : globals) describe(description, option);
  if (command != nullptr) {
    for (const auto& option : command->options) describe(description, option);
  }
  description.add_options()(rest, po::value<std::vector<std::string>>(), "");
  po::positional_options_description positions;
  positions.add(rest, -1);
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  std::map<std::string, std::vector<std::string>> values;
  try {
    auto parsed = po::command_line_parser(words).options(description).positional(positions).style(style).run();
    keep_the_last_of_globals(parsed.options);
    for (const auto& option : parsed.options) {
      if (option.string_key == rest && option.position_key < 0) {
        return unknown_option("--" + std::string(rest), command);
      }
    }
    po::variables_map map;
    po::store(parsed, map);
    for (const auto& [name, value] : map) {
      if (value.defaulted()) continue;
      if (value.value().type() == typeid(std::vector<std::string>)) {
        values[name] = value.as<std::vector<std::string>>();
      } else if (value.value().type() == typeid(bool)) {
        values[name] = {std::string()};
      } else {
        values[name] = {value.as<std::string>()};
      }
    }
  } catch (const po::error& error) {
    return explain(error, command);
  }
  return values;
}

Result<GlobalOptions> read_globals(std::map<std::string, std::vector<std::string>>& values) {
  GlobalOptions global;
  const auto take = [&](const char* name) -> std::optional<std::string> {
    const auto node = values.extract(name);
    return node.empty() ? std::nullopt : std::optional(node.mapped().front());
  };
  global.network = take("network");
  global.home = take("home");
  if (const auto port = take("port")) {
    BOOKCHAIN_TRY(const auto number, whole_number("--port", *port, 1, 65535));
    global.port = static_cast<std::uint16_t>(number);
  }
  if (const auto format = take("output")) {
    if (*format != "text" && *format != "json" && *format != "yaml") {
      return usage_error("there is no such output format", *format, "the formats are text, json and yaml");
    }
    global.format_given = true;
    global.format = *format == "json" ? Format::json : *format == "yaml" ? Format::yaml : Format::text;
  }
  if (const auto color = take("color")) {
    if (*color != "auto" && *color != "always" && *color != "never") {
      return usage_error("--color takes auto, always or never", *color);
    }
    global.color_given = true;
    global.color = *color == "always" ? Color::always : *color == "never" ? Color::never : Color::automatic;
  }
  global.quiet = take("quiet").has_value();
  global.verbose = take("verbose").has_value();
  global.help = take("help").has_value();
  global.version = take("version").has_value();
  return global;
}

/// What was left out between quotes, or came from a variable that is not set, is no value.
Result<void> check_values(const std::map<std::string, std::vector<std::string>>& values, const Command* command) {
  const auto check = [&](const OptionSpec& option) -> Result<void> {
    const auto given = values.find(std::string(option.name));
    const bool takes_any = option.may_be_empty || option.kind == OptionKind::flag ||
                           option.kind == OptionKind::optional_value || given == values.end();
    if (takes_any || std::ranges::find(given->second, "") == given->second.end()) return success();
    return usage_error("an option needs a value", "--" + std::string(option.name), page_of(command));
  };
  for (const auto& option : globals) BOOKCHAIN_CHECK(check(option));
  if (command == nullptr) return success();
  for (const auto& option : command->options) BOOKCHAIN_CHECK(check(option));
  const auto words = values.find(rest);
  for (std::size_t i = 0; words != values.end() && i < words->second.size(); ++i) {
    if (!words->second[i].empty()) continue;
    const bool has_name = i < command->arguments.size();
    return usage_error("an argument is empty", std::string(has_name ? command->arguments[i].name : command->name),
                       page_of(command));
  }
  return success();
}

Result<void> check_arguments(const Command& command, const std::vector<std::string>& given) {
  const auto page = page_of(&command);
  for (std::size_t i = given.size(); i < command.arguments.size(); ++i) {
    if (command.arguments[i].required) {
      return usage_error("an argument is missing", std::string(command.arguments[i].name), page);
    }
  }
  if (given.size() > command.arguments.size()) {
    return usage_error("there is an argument too many", given[command.arguments.size()], page);
  }
  return success();
}

}  // namespace

Error usage_error(std::string what, std::string subject, std::string hint) {
  return Error{Token::usage, std::move(what), std::move(subject), std::move(hint)};
}

std::span<const OptionSpec> global_options() { return globals; }

Result<Invocation> parse_command_line(const std::vector<std::string>& words) {
  BOOKCHAIN_TRY(auto named, name_command(words));
  Invocation invocation;
  invocation.command = named.command;
  invocation.page = std::move(named.page);
  auto others = words;
  for (auto place = named.places.rbegin(); place != named.places.rend(); ++place) {
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(*place));
  }
  BOOKCHAIN_TRY(auto values, parse_words(others, invocation.command));
  BOOKCHAIN_CHECK(check_values(values, invocation.command));
  BOOKCHAIN_TRY(invocation.global, read_globals(values));
  const auto given = values.contains(rest) ? values.extract(rest).mapped() : std::vector<std::string>{};
  for (auto& [name, value] : values) invocation.arguments.set(name, std::move(value));
  for (const auto& argument : given) invocation.arguments.add(argument);
  // Whoever asks for help need not know the arguments yet.
  if (invocation.command != nullptr && !invocation.global.help && !invocation.global.version) {
    BOOKCHAIN_CHECK(check_arguments(*invocation.command, given));
  }
  return invocation;
}

Format format_of_errors(const std::vector<std::string>& words) {
  auto format = Format::text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto [option, value_follows] = global_word(words[i]);
    if (option == nullptr || option->kind != OptionKind::value) continue;
    // Else it is the end of this word: --output=json, -qojson.
    const auto& word = words[i];
    const auto mark = word.starts_with("--") ? word.find('=') : word.find(option->letter, 1);
    auto value = word.substr(mark == std::string::npos ? word.size() : mark + 1);
    if (value_follows && i + 1 < words.size()) value = words[++i];
    if (option->name == "output") format = value == "json" ? Format::json : Format::text;
  }
  return format;
}

Result<std::uint64_t> whole_number(std::string_view option, const std::string& text, std::uint64_t least,
                                   std::uint64_t most) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, value);
  const bool has_zeros = text.size() > 1 && text.front() == '0';
  if (failed != std::errc{} || stopped != end || has_zeros || value < least || value > most) {
    return usage_error(
        std::string(option) + " takes a whole number from " + std::to_string(least) + " to " + std::to_string(most),
        text);
  }
  return value;
}

Result<std::uint64_t> seconds_to_microseconds(std::string_view option, const std::string& text) {
  constexpr double most_seconds = 366.0 * 24 * 3600;
  double seconds = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  const bool readable = failed == std::errc{} && stopped == end && std::isfinite(seconds);
  if (!readable || seconds < 0 || seconds > most_seconds) {
    return usage_error(std::string(option) + " takes a number of seconds", text);
  }
  return static_cast<std::uint64_t>(seconds * 1e6);
}

}  // namespace bookchain::cli
