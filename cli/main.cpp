// bookchain: parses the command line, runs one command, prints what it has to say. The exit code follows
// from the error's token alone.
#include <csignal>
#include <cstdio>

#include "cli/help_text.hpp"
#include "cli/session.hpp"

namespace {

using namespace bookchain;
using namespace bookchain::cli;

int fail(const Report& report, const ledger::Error& error) {
  report.error(error);
  return ledger::exit_code(error.token);
}

int print_help(const Command* command) {
  const auto text = command == nullptr ? help_of_program() : help_of(*command);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int run(const Invocation& invocation) {
  const auto& command = *invocation.command;
  Session session(invocation.global);
  auto answer = command.run(session, invocation.arguments);
  if (!answer) return fail(session.report(), answer.error());
  if (!session.report().result(answer.value())) {
    return fail(session.report(),
                ledger::Error{ledger::Token::io, "the result cannot be written", "standard output", {}});
  }
  if (answer.value().failure) return fail(session.report(), *answer.value().failure);
  return answer.value().exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away is a failed write, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto invocation = parse_command_line(words);
  if (!invocation) {
    GlobalOptions global;
    global.format = format_of_errors(words);
    return fail(Report(global), invocation.error());
  }
  const auto& global = invocation.value().global;
  if (global.version) {
    std::puts("bookchain " BOOKCHAIN_VERSION);
    return 0;
  }
  if (global.help) return print_help(invocation.value().command);
  if (invocation.value().command == nullptr) {
    return fail(Report(global), usage_error("no command is named", {}, "bookchain --help lists all commands"));
  }
  return run(invocation.value());
}
