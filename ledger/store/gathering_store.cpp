#include "ledger/store/gathering_store.hpp"

namespace bookchain::ledger {

Result<void> GatheringStore::begin(Durability durability) {
  BOOKCHAIN_CHECK(below_.begin(durability));
  // From here to the commit nobody else can write below.
  const auto before = std::exchange(foreign_commits_, below_.foreign_commits());
  if (before != foreign_commits_) read_.forget();
  read_.start();
  return success();
}

void GatheringStore::apply(const std::vector<Write>& writes) {
  for (const auto& write : writes) {
    if (write.value) {
      gathered_.put(write.table, write.key, *write.value);
    } else {
      gathered_.erase(write.table, write.key);
    }
  }
}

Result<void> GatheringStore::commit() {
  const auto writes = gathered_.take_effects().writes;
  below_.apply(writes);
  read_.stop();
  auto committed = below_.commit();
  if (committed) {
    read_.changed(writes);
  } else {
    // A read that failed gave nothing, which must not be remembered.
    read_.forget();
  }
  return committed;
}

void GatheringStore::rollback() noexcept {
  gathered_.forget();
  read_.stop();
  read_.forget();
  below_.rollback();
}

}  // namespace bookchain::ledger
