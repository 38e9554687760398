// The command line taken apart: global options before or after the command, then the command's own.
// Options are never guessed from abbreviations. Every failure has token `usage`.
#pragma once

#include "cli/command.hpp"

namespace bookchain::cli {

enum class Format : std::uint8_t { text, json, yaml };
enum class Color : std::uint8_t { automatic, always, never };

struct GlobalOptions {
  std::optional<std::string> network;  ///< as given on the command line
  std::optional<std::uint16_t> port;
  std::optional<std::string> home;
  Format format = Format::text;
  bool format_given = false;
  bool quiet = false;
  bool verbose = false;
  Color color = Color::automatic;
  bool color_given = false;
  bool help = false;
  bool version = false;
};

struct Invocation {
  GlobalOptions global;
  const Command* command = nullptr;  ///< null: none was named
  std::string page;  ///< what help is asked about: the name of the command, or the first word of several
  Arguments arguments;
};

[[nodiscard]] std::span<const OptionSpec> global_options();

[[nodiscard]] ledger::Result<Invocation> parse_command_line(const std::vector<std::string>& words);

/// The format that errors are to be printed in when the command line itself cannot be understood.
[[nodiscard]] Format format_of_errors(const std::vector<std::string>& words);

/// A whole number given to an option. Token `usage`.
[[nodiscard]] ledger::Result<std::uint64_t> whole_number(std::string_view option, const std::string& text,
                                                         std::uint64_t least, std::uint64_t most);
/// The same of a decimal number of seconds, in microseconds, at most a year.
[[nodiscard]] ledger::Result<std::uint64_t> seconds_to_microseconds(std::string_view option, const std::string& text);

[[nodiscard]] ledger::Error usage_error(std::string what, std::string subject, std::string hint = {});

}  // namespace bookchain::cli
