#include "cli/home_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace bookchain::cli {

namespace {

using Clock = HomeLock::Clock;

Result<ledger::Descriptor> open_lock_file(const path& file) {
  return ledger::open_file(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/// flock has no time limit of its own: ask again, soon at first and then less often.
Result<void> lock_until(int descriptor, Clock::time_point deadline, const HomeLock::Stop& stop, const path& home) {
  auto pause = std::chrono::microseconds(200);
  for (;;) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return success();
    if (errno != EWOULDBLOCK && errno != EINTR) return ledger::system_error("a home cannot be locked", home);
    if (Clock::now() >= deadline) {
      return Error{Token::locked, "another process holds the lock of this home", home.string(),
                   "wait until it has finished, and try again"};
    }
    if (stop && stop()) return Error{Token::interrupted, "interrupted while another process held the home", {}, {}};
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(10'000));
  }
}

}  // namespace

Result<HomeLock> HomeLock::open(const path& home) {
  BOOKCHAIN_TRY(auto lock, open_lock_file(home / "lock"));
  BOOKCHAIN_TRY(auto turnstile, open_lock_file(home / "lock.turn"));
  return HomeLock(home, std::move(lock), std::move(turnstile));
}

Result<void> HomeLock::take(const Stop& stop) { return take_until(Clock::now() + patience, stop); }

bool HomeLock::take_at_once() { return take_until(Clock::now(), {}).has_value(); }

Result<void> HomeLock::take_until(Clock::time_point deadline, const Stop& stop) {
  BOOKCHAIN_CHECK(lock_until(turnstile_.get(), deadline, stop, home_));
  auto taken = lock_until(lock_.get(), deadline, stop, home_);
  ::flock(turnstile_.get(), LOCK_UN);
  held_ = taken.has_value();
  return taken;
}

void HomeLock::touch() const { (void)::futimens(lock_.get(), nullptr); }

void HomeLock::release() {
  ::flock(lock_.get(), LOCK_UN);
  held_ = false;
}

}  // namespace bookchain::cli
