// bookchain: parses the command line, runs one command, prints what it has to say. The exit code follows
// from the error's token alone.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "cli/session.hpp"

// jemalloc, where it is linked, reads this when it begins (docs/decisions/0014-jemalloc-where-it-is-there.md). What a
// peer keeps in memory lies all over its heap: in huge pages the processor finds it with fewer look-ups of addresses.
// And one thread does nearly all that there is to do.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "thp:always,metadata_thp:always,narenas:1";
}

namespace {

using namespace bookchain;
using namespace bookchain::cli;

int fail(const Report& report, const ledger::Error& error) {
  report.error(error);
  return ledger::exit_code(error.token);
}

/// What failed always has a name, and a hint that is the words of a command becomes a line to be typed.
ledger::Error whole(const Session& session, const Command& command, ledger::Error error) {
  if (error.subject.empty()) error.subject = command.name;
  const auto first = error.hint.substr(0, error.hint.find(' '));
  const bool is_command = find_command(first) != nullptr || !commands_beginning_with(first).empty();
  if (is_command) error.hint = session.command_here(error.hint);
  return error;
}

ledger::Error unwritten(const Session& session, const Answer& answer) {
  auto error = session.report().unwritten(answer.shown_by.empty() ? "the result cannot be written"
                                                                  : "what was done stands, and cannot be told");
  error.hint = answer.shown_by;
  return error;
}

/// A damaged home, or that nothing can be drawn, ends the command wherever it is met.
ledger::Result<Answer> answer_of(const Command& command, Session& session, const Arguments& arguments) {
  try {
    return command.run(session, arguments);
  } catch (const ledger::Abandoned& abandoned) {
    return abandoned.error();
  }
}

int run(const GlobalOptions& global, const Command& command, const Arguments& arguments) {
  Session session(global);
  auto answer = answer_of(command, session, arguments);
  const auto fail_whole = [&](const ledger::Error& error) {
    return fail(session.report(), whole(session, command, error));
  };
  if (!answer) return fail_whole(answer.error());
  if (!session.report().result(answer.value())) return fail_whole(unwritten(session, answer.value()));
  if (answer.value().failure) return fail_whole(*answer.value().failure);
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
    return fail(Report(global), usage_error("the command has a second word", page, "bookchain help " + page));
  }
  if (command == nullptr) {
    return fail(Report(global), usage_error("a command is missing", "bookchain", "bookchain --help"));
  }
  return run(global, *command, invocation.value().arguments);
}
