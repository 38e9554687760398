#include "transport/spool_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>

namespace bookchain::transport {

namespace fs = boost::filesystem;

SpoolWatch SpoolWatch::open(const fs::path& spool, const std::vector<fs::path>& files) {
  SpoolWatch watch(ledger::Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), spool);
  watch.watch_folders();
  for (const auto& file : files) {
    if (!watch.queue_) break;
    (void)::inotify_add_watch(watch.queue_.get(), file.c_str(), IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB);
  }
  return watch;
}

/// Once more is no harm: a folder that is watched already stays watched once.
void SpoolWatch::watch_folders() {
  if (!queue_) return;
  (void)::inotify_add_watch(queue_.get(), spool_.c_str(), IN_CREATE | IN_MOVED_TO);
  boost::system::error_code error;
  for (fs::directory_iterator entry(spool_, error), end; !error && entry != end; entry.increment(error)) {
    // A sender makes its folder before what is in it.
    (void)::inotify_add_watch(queue_.get(), entry->path().c_str(), IN_CREATE | IN_MOVED_TO);
    (void)::inotify_add_watch(queue_.get(), (entry->path() / "new").c_str(), IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE);
  }
}

void SpoolWatch::wait(std::chrono::microseconds at_most, int wake) {
  std::array<pollfd, 2> watched{pollfd{wake, POLLIN, 0}, pollfd{queue_.get(), POLLIN, 0}};
  const auto microseconds = std::max<std::int64_t>(at_most.count(), 0);
  const timespec time{microseconds / 1'000'000, (microseconds % 1'000'000) * 1000};
  (void)::ppoll(watched.data(), queue_ ? 2 : 1, &time, nullptr);
  clear();
}

void SpoolWatch::clear() {
  // What is told is not looked at, but whether a folder came: the folders are.
  alignas(inotify_event) std::array<char, 4096> events{};
  bool folder_came = false;
  for (ssize_t got = 0; queue_ && (got = ::read(queue_.get(), events.data(), events.size())) > 0;) {
    for (const char* at = events.data(); at < events.data() + got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      folder_came = folder_came || (event->mask & IN_ISDIR) != 0;
      at += sizeof(inotify_event) + event->len;
    }
  }
  if (folder_came) watch_folders();
}

}  // namespace bookchain::transport
