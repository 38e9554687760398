// SpoolWatch: wakes a process when something is put into its spool. A hint, never the truth: what it
// misses (a full queue, a file system that tells nothing) is found by the next look into the folders. The end of
// another command on the home wakes it as well: it may have left something to send.
#pragma once

#include <chrono>

#include "ledger/store/files.hpp"

namespace bookchain::transport {

class SpoolWatch {
 public:
  /// Watches new/ of every sender's folder below `spool`, also of those that come later, and whether somebody changes
  /// one of `files` or closes it after it was open for writing. Without inotify it only waits out the time.
  [[nodiscard]] static SpoolWatch open(const boost::filesystem::path& spool,
                                       const std::vector<boost::filesystem::path>& files);

  /// Waits until something came, `wake` can be read, or the time is over.
  void wait(std::chrono::microseconds at_most, int wake);
  /// Can be read once something came.
  [[nodiscard]] int descriptor() const { return queue_.get(); }
  /// Forgets what came so far.
  void clear();

 private:
  SpoolWatch(ledger::Descriptor queue, boost::filesystem::path spool)
      : queue_(std::move(queue)), spool_(std::move(spool)) {}
  void watch_folders();

  ledger::Descriptor queue_;
  boost::filesystem::path spool_;
};

}  // namespace bookchain::transport
