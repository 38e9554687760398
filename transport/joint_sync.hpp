// JointSync: makes several files or folders durable at the same time. A sync waits for the disk, and three that are
// under way together hardly take longer than one.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "ledger/store/files.hpp"

namespace bookchain::transport {

class JointSync {
 public:
  struct Item {
    int descriptor;
    boost::filesystem::path shown;  ///< that an error names
  };
  /// At most `at_once` are under way at a time. The threads that this takes beside the caller's begin with the first
  /// use for them, and hear no signals; as far as none are to be had, one sync follows the other.
  explicit JointSync(std::size_t at_once) : at_once_(std::max<std::size_t>(at_once, 1)) {}

  /// Syncs each of them and gives for each whether that was done. Tokens: `io`, `disk-full`.
  [[nodiscard]] std::vector<ledger::Result<void>> sync(const std::vector<Item>& items);

 private:
  void start_threads(std::size_t wanted);
  void run_thread(const std::stop_token& stop);
  void sync_items() noexcept;

  std::size_t at_once_;
  // What is to be synced now.
  const std::vector<Item>* items_ = nullptr;
  std::vector<int> errors_;  ///< of each item: 0, or what errno says
  std::atomic<std::size_t> next_{0};

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable rest_;
  std::size_t to_begin_ = 0;           ///< threads that are to take part and have not begun
  std::size_t at_work_ = 0;            ///< threads that have
  std::vector<std::jthread> threads_;  ///< last: they end before the rest goes
};

}  // namespace bookchain::transport
