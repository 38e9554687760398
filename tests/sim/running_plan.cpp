#include "tests/sim/running_plan.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <new>
#include <stdexcept>
#include <system_error>
#include <type_traits>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid  // some C libraries have no other name for it
#endif

namespace bookchain::sim {

namespace {

/// The longest plans take a few seconds, under the sanitizers a minute.
std::uint64_t patience_seconds = 300;

enum class PlanState : std::uint8_t { free, taken, running, dying };

/// What one thread runs.
struct Note {
  std::atomic<PlanState> state;
  std::atomic<std::uint64_t> step;
  Plan plan;
};
// What a process leaves half written when it is killed, another may read.
static_assert(std::is_trivially_copyable_v<Plan> && std::atomic<PlanState>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free);

using Board = std::array<Note, most_plans_at_once>;
/// Shared by the outermost parent with all that are forked below it: where one dies that waited for another, which then
/// dies as well, its parent still sees what that one ran.
Board* board = nullptr;
thread_local Note* note_of_thread = nullptr;
thread_local std::uint64_t end_of_story = no_step;

/// Makes the board for as long as the outermost parent waits.
class BoardKeeper {
 public:
  BoardKeeper() : is_outermost_(board == nullptr) {
    if (!is_outermost_) return;
    void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    board = new (memory) Board{};
  }
  ~BoardKeeper() {
    if (!is_outermost_) return;
    ::munmap(board, sizeof(Board));
    board = nullptr;
  }
  BoardKeeper(const BoardKeeper&) = delete;
  BoardKeeper& operator=(const BoardKeeper&) = delete;
  BoardKeeper(BoardKeeper&&) = delete;
  BoardKeeper& operator=(BoardKeeper&&) = delete;

 private:
  bool is_outermost_;
};

Note& free_note() {
  if (board == nullptr) throw std::logic_error("a plan runs in a child");
  for (auto& note : *board) {
    auto free = PlanState::free;
    if (note.state.compare_exchange_strong(free, PlanState::taken)) return note;
  }
  throw std::length_error("too many plans at once");
}

/// What a child ran that is no more.
std::vector<LastStep> take_notes() {
  const bool is_known = std::ranges::any_of(*board, [](const Note& note) { return note.state == PlanState::dying; });
  std::vector<LastStep> running;
  for (auto& note : *board) {
    if (note.state == (is_known ? PlanState::dying : PlanState::running)) running.push_back({note.plan, note.step});
    note.state = PlanState::free;
  }
  return running;
}

/// Says which of several plans it was. Of a stack that is full this is not called.
extern "C" void mark_and_die(int signal_number) {
  if (note_of_thread != nullptr) note_of_thread->state = PlanState::dying;
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

[[noreturn]] void be_child(pid_t of, const std::function<int()>& work) {
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, signal_of_no_end})
    std::signal(number, mark_and_die);
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
  const BoardKeeper keeper;
  const auto self = ::getpid();
  const auto child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) be_child(self, work);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(status)) return {WEXITSTATUS(status), 0, take_notes()};
  static constexpr int died = 128;  // as a shell has it
  return {died + WTERMSIG(status), WTERMSIG(status), take_notes()};
}

void set_patience(std::uint64_t seconds) { patience_seconds = seconds; }

RunningPlan::RunningPlan(const Plan& plan, std::uint64_t end) {
  auto& note = free_note();
  note.plan = plan;
  note.step = 0;
  note.state = PlanState::running;
  note_of_thread = &note;
  end_of_story = end;

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
  note_of_thread->state = PlanState::free;
  note_of_thread = nullptr;
}

void set_running_step(std::uint64_t step) {
  note_of_thread->step = step;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (step == end_of_story) throw EndOfStory{};
}

}  // namespace bookchain::sim
