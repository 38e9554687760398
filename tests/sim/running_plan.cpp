#include "tests/sim/running_plan.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <system_error>

#include "tests/sim/commit.hpp"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid  // some C libraries have no other name for it
#endif

namespace bookchain::sim {

namespace {

std::string running_program;
/// The longest plans take a few seconds, under the sanitizers a minute.
std::uint64_t patience_seconds = 300;
/// Of this thread, rendered before the run: a signal handler may only write what is there.
thread_local std::array<char, 4096> running_text{};
thread_local volatile std::uint64_t running_step = 0;

void write_text(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, static_cast<std::size_t>(end - text));
}

extern "C" void print_and_die(int signal_number) {
  // Only what is allowed in a signal handler: no allocation, no stream.
  char digits[21]{};
  char* first = digits + 20;
  auto left = std::uint64_t{running_step};
  do {
    *--first = static_cast<char>('0' + left % 10);
    left /= 10;
  } while (left > 0);
  write_text(signal_number == signal_of_no_end ? "\nthe plan comes to no end: it was in step "
                                               : "\nthe process died in step ");
  write_text(first);
  write_text(", ");
  write_text(running_text.data());
  write_text("\n");
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

}  // namespace

void print_plan_when_killed(const std::string& program) {
  running_program = program;
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, signal_of_no_end})
    std::signal(number, print_and_die);
}

void set_patience(std::uint64_t seconds) { patience_seconds = seconds; }

RunningPlan::RunningPlan(const Plan& plan) {
  const auto text = "commit " + std::string(built_commit()) + "\nreplay: " + running_program + " " + plan.options();
  const auto length = std::min(text.size(), running_text.size() - 1);
  std::copy_n(text.begin(), length, running_text.begin());
  running_text[length] = '\0';
  running_step = 0;

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal_of_no_end;
  event.sigev_notify_thread_id = ::gettid();
  if (::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) != 0)
    throw std::system_error(errno, std::generic_category(), "timer_create");
  itimerspec span{};
  span.it_value.tv_sec = static_cast<std::time_t>(patience_seconds);
  ::timer_settime(timer_, 0, &span, nullptr);
}

RunningPlan::~RunningPlan() { ::timer_delete(timer_); }

void set_running_step(std::uint64_t step) { running_step = step; }

}  // namespace bookchain::sim
