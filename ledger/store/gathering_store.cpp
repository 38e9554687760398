#include "ledger/store/gathering_store.hpp"

namespace bookchain::ledger {

Result<void> GatheringStore::begin(Durability durability) {
  BOOKCHAIN_CHECK(below_.begin(durability));
  // From here to the commit nobody else can write below.
  start_to_remember();
  return success();
}

void GatheringStore::start_to_remember() const {
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (before != foreign_commits_) read_.forget();
  read_.start();
}

void GatheringStore::begin_reading() const {
  if (readings_++ > 0) return;
  try {
    reading_.emplace(below_);
  } catch (const DamagedState&) {
    --readings_;
    throw;
  }
  // What is read now is of one moment.
  start_to_remember();
}

void GatheringStore::end_reading() const {
  if (--readings_ > 0) return;
  read_.stop();
  // A read that failed gave nothing, which must not be remembered.
  if (!below_.status()) read_.forget();
  reading_.reset();
}

void GatheringStore::hand_over(std::vector<Write>&& writes) {
  for (auto& write : writes) {
    if (write.value) {
      gathered_.put(write.table, std::move(write.key), std::move(*write.value));
    } else {
      gathered_.erase(write.table, std::move(write.key));
    }
  }
}

Result<void> GatheringStore::commit() {
  auto writes = gathered_.take_effects().writes;
  std::erase_if(writes, [&](const auto& write) { return read_.is_known(write); });
  below_.apply(writes);
  read_.stop();
  auto committed = below_.commit();
  if (committed) {
    read_.changed(std::move(writes));
  } else {
    read_.forget();  // as at the end of reading
  }
  return committed;
}

/// What was read stands below as it stood, for nothing was written there.
void GatheringStore::rollback() noexcept {
  gathered_.forget();
  read_.stop();
  if (!below_.status()) read_.forget();  // as at the end of reading
  below_.rollback();
}

}  // namespace bookchain::ledger
