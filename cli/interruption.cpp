#include "cli/interruption.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "cli/command.hpp"

namespace bookchain::cli {

namespace {

std::atomic<bool> works{false};
std::atomic<bool> was_interrupted{false};

extern "C" void note_interruption(int /*number*/) {
  if (!works || was_interrupted.exchange(true)) ::_exit(exit_code_interrupted);
}

}  // namespace

Interruption::Interruption() {
  works = false;
  was_interrupted = false;
  // Whoever started this process so that SIGINT is ignored meant it.
  struct sigaction before {};
  if (::sigaction(SIGINT, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = note_interruption;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

Interruption::~Interruption() {
  struct sigaction now {};
  if (::sigaction(SIGINT, nullptr, &now) == 0 && now.sa_handler == note_interruption) std::signal(SIGINT, SIG_DFL);
}

void Interruption::set_working(bool working) { works = working; }
bool Interruption::caught() const { return was_interrupted; }

}  // namespace bookchain::cli
