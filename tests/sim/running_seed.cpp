#include "tests/sim/running_seed.hpp"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace bookchain::sim {

namespace {

thread_local std::uint64_t running_seed = 0;

extern "C" void print_and_die(int signal_number) {
  // Only what is allowed in a signal handler: no allocation, no stream.
  char text[48] = "\nthe process died while it ran seed ";
  char* end = text;
  while (*end != '\0') ++end;
  char digits[20];
  int count = 0;
  for (auto left = running_seed; count == 0 || left > 0; left /= 10)
    digits[count++] = static_cast<char>('0' + left % 10);
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, text, static_cast<std::size_t>(end - text));
  for (; count > 0; --count) written = ::write(STDERR_FILENO, &digits[count - 1], 1);
  written = ::write(STDERR_FILENO, "\n", 1);
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

}  // namespace

void set_running_seed(std::uint64_t seed) { running_seed = seed; }

void print_seed_when_killed() {
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(number, print_and_die);
}

}  // namespace bookchain::sim
