#include "transport/joint_sync.hpp"

#include <csignal>
#include <system_error>

namespace bookchain::transport {

using namespace ledger;

namespace {

/// A thread begins with the signals of its maker. Those of the process are for who waits for them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

void JointSync::start_threads(std::size_t wanted) {
  wanted = std::min(wanted, at_once_ - 1);
  if (threads_.size() >= wanted) return;
  const AllSignalsBlocked blocked;
  try {
    while (threads_.size() < wanted) threads_.emplace_back([this](const std::stop_token& stop) { run_thread(stop); });
  } catch (const std::system_error&) {
    return;  // there are as many as there are
  }
}

void JointSync::run_thread(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return to_begin_ > 0; })) {
    --to_begin_;
    ++at_work_;
    lock.unlock();
    sync_items();
    lock.lock();
    --at_work_;
    rest_.notify_one();
  }
}

void JointSync::sync_items() noexcept {
  for (auto i = next_++; i < items_->size(); i = next_++) errors_[i] = error_of_sync((*items_)[i].descriptor);
}

std::vector<Result<void>> JointSync::sync(const std::vector<Item>& items) {
  if (items.empty()) return {};
  start_threads(items.size() - 1);
  {
    const std::lock_guard lock(mutex_);
    items_ = &items;
    errors_.assign(items.size(), 0);
    next_ = 0;
    to_begin_ = std::min(items.size() - 1, threads_.size());
  }
  wake_.notify_all();
  sync_items();
  {
    // Who has not begun has nothing left to do.
    std::unique_lock lock(mutex_);
    to_begin_ = 0;
    rest_.wait(lock, [this] { return at_work_ == 0; });
  }
  std::vector<Result<void>> results;
  results.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) results.push_back(sync_result(errors_[i], items[i].shown));
  return results;
}

}  // namespace bookchain::transport
