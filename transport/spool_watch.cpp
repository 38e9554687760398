#include "transport/spool_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>

namespace bookchain::transport {

SpoolWatch SpoolWatch::open(const boost::filesystem::path& spool, const std::vector<boost::filesystem::path>& files) {
  namespace fs = boost::filesystem;
  ledger::Descriptor queue(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  boost::system::error_code error;
  for (fs::directory_iterator entry(spool, error), end; queue && !error && entry != end; entry.increment(error)) {
    (void)::inotify_add_watch(queue.get(), (entry->path() / "new").c_str(), IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE);
  }
  for (const auto& file : files) {
    if (queue) (void)::inotify_add_watch(queue.get(), file.c_str(), IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB);
  }
  return SpoolWatch(std::move(queue));
}

void SpoolWatch::wait(std::chrono::microseconds at_most, int wake) {
  std::array<pollfd, 2> watched{pollfd{wake, POLLIN, 0}, pollfd{queue_.get(), POLLIN, 0}};
  const auto microseconds = std::max<std::int64_t>(at_most.count(), 0);
  const timespec time{microseconds / 1'000'000, (microseconds % 1'000'000) * 1000};
  (void)::ppoll(watched.data(), queue_ ? 2 : 1, &time, nullptr);
  clear();
}

void SpoolWatch::clear() {
  // What is told is not looked at: the folders are.
  std::array<char, 4096> events{};
  while (queue_ && ::read(queue_.get(), events.data(), events.size()) > 0) {
  }
}

}  // namespace bookchain::transport
