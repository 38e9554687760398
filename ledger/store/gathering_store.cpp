#include "ledger/store/gathering_store.hpp"

namespace bookchain::ledger {

Result<void> GatheringStore::begin(Durability durability) { return below_.begin(durability); }

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
  below_.apply(gathered_.take_effects().writes);
  return below_.commit();
}

void GatheringStore::rollback() noexcept {
  gathered_.forget();
  below_.rollback();
}

}  // namespace bookchain::ledger
