// SpoolWatch: wakes a process when something is put into its spool. A hint, never the truth: what it
// misses (a full queue, a file system that tells nothing) is found by the next look into the folders.
#pragma once

#include <chrono>

#include "ledger/store/files.hpp"

namespace bookchain::transport {

class SpoolWatch {
 public:
  /// Watches new/ of every sender's folder below `spool`. Without inotify it only waits out the time.
  [[nodiscard]] static SpoolWatch open(const boost::filesystem::path& spool);

  /// Waits until something came, `wake` can be read, or the time is over.
  void wait(std::chrono::microseconds at_most, int wake);

 private:
  explicit SpoolWatch(ledger::Descriptor queue) : queue_(std::move(queue)) {}
  ledger::Descriptor queue_;
};

}  // namespace bookchain::transport
