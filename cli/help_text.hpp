// What --help and `help` print, from the same rows that commands are parsed by: an option that can be
// given is explained, and the other way round.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace bookchain::cli {

/// The program: how it is called, its commands by what they are for, the global options.
[[nodiscard]] std::string help_of_program();
/// One command: how it is called, what it does, its options.
[[nodiscard]] std::string help_of(const Command& command);
/// The help of several commands, one after another.
[[nodiscard]] std::string help_of(std::span<const Command* const> commands);
/// Exit codes, and every token with its meaning.
[[nodiscard]] std::string help_of_errors();

}  // namespace bookchain::cli
