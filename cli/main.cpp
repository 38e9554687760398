// bookchain: parses the command line, runs one command, prints what it has to say. The exit code follows
// from the error's token alone.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "cli/session.hpp"
#include "ledger/state.hpp"

namespace {

using namespace bookchain;
using namespace bookchain::cli;

int fail(const Report& report, const ledger::Error& error) {
  report.error(error);
  return ledger::exit_code(error.token);
}

/// A damaged home ends the command wherever it is met.
ledger::Result<Answer> answer_of(const Command& command, Session& session, const Arguments& arguments) {
  try {
    return command.run(session, arguments);
  } catch (const ledger::DamagedState& damaged) {
    return damaged.error();
  }
}

int run(const GlobalOptions& global, const Command& command, const Arguments& arguments) {
  Session session(global);
  auto answer = answer_of(command, session, arguments);
  if (!answer) return fail(session.report(), answer.error());
  if (!session.report().result(answer.value())) {
    return fail(session.report(), session.report().unwritten("the result cannot be written"));
  }
  if (answer.value().failure) return fail(session.report(), *answer.value().failure);
  return answer.value().exit_code;
}

/// The number of a closed stream would go to some file, and what is told would be written into that. What takes its
/// place here gives nothing and takes nothing.
void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);
  }
}

/// What --version prints, as a command like the others.
const Command version{"--version", {}, {}, {}, {}, [](Session&, const Arguments&) -> ledger::Result<Answer> {
                        Answer answer;
                        answer.value["version"] = BOOKCHAIN_VERSION;
                        answer.text = "bookchain " BOOKCHAIN_VERSION "\n";
                        return answer;
                      }};

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  // A reader that goes away is a failed write, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may grow no further is a failed write, too.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto invocation = parse_command_line(words);
  if (!invocation) {
    GlobalOptions global;
    global.format = format_of_errors(words);
    return fail(Report(global), invocation.error());
  }
  const auto& global = invocation.value().global;
  if (global.version) return run(global, version, {});
  const auto* command = invocation.value().command;
  if (global.help) {
    Arguments page;
    if (!invocation.value().page.empty()) page.add(invocation.value().page);
    return run(global, *find_command("help"), page);
  }
  if (command == nullptr && !invocation.value().page.empty()) {
    const auto& page = invocation.value().page;
    return fail(Report(global), usage_error("the command has a second word", page, "see bookchain help " + page));
  }
  if (command == nullptr) {
    return fail(Report(global), usage_error("no command is named", {}, "bookchain --help lists all commands"));
  }
  return run(global, *command, invocation.value().arguments);
}
