#include "tests/sim/running_plan.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <system_error>
#include <type_traits>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid  // some C libraries have no other name for it
#endif

namespace bookchain::sim {

namespace {

/// The longest plans take a few seconds, under the sanitizers a minute.
std::uint64_t patience_seconds = 300;
/// Where a child says how it died.
int parent_end = -1;
/// Of this thread, and written as it is: a signal handler may do little.
thread_local Death last_words{};
static_assert(std::is_trivially_copyable_v<Death>);
thread_local volatile bool runs_plan = false;
thread_local std::uint64_t end_of_story = no_step;

extern "C" void tell_and_die(int signal_number) {
  if (runs_plan) {
    last_words.signal = signal_number;
    [[maybe_unused]] const auto written = ::write(parent_end, &last_words, sizeof last_words);
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

[[noreturn]] void be_child(pid_t of, int end, const std::function<int()>& work) {
  parent_end = end;
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, signal_of_no_end})
    std::signal(number, tell_and_die);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != of) ::_exit(1);
  int status = 1;
  try {
    status = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim: %s\n", error.what());
    status = 2;
  }
  std::exit(status);  // NOLINT(concurrency-mt-unsafe): the threads of the work have ended
}

}  // namespace

Ending run_in_child(const std::function<int()>& work) {
  std::cout.flush();
  std::fflush(nullptr);
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const auto self = ::getpid();
  const auto child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::close(ends[0]);
    be_child(self, ends[1], work);
  }
  ::close(ends[1]);
  Ending ending;
  Death death;
  // Less than a pipe takes at once; or the end, which comes with that of the child.
  ssize_t got = 0;
  while ((got = ::read(ends[0], &death, sizeof death)) < 0 && errno == EINTR) {
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  static constexpr int died = 128;  // as a shell has it
  ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : died + WTERMSIG(status);
  if (got == static_cast<ssize_t>(sizeof death) && WIFSIGNALED(status)) ending.death = death;
  return ending;
}

void set_patience(std::uint64_t seconds) { patience_seconds = seconds; }

RunningPlan::RunningPlan(const Plan& plan, std::uint64_t end) {
  last_words = Death{plan, 0, 0};
  end_of_story = end;
  runs_plan = true;

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

RunningPlan::~RunningPlan() {
  ::timer_delete(timer_);
  runs_plan = false;
}

void set_running_step(std::uint64_t step) {
  last_words.step = step;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (step == end_of_story) throw EndOfStory{};
}

}  // namespace bookchain::sim
