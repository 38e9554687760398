// Which keys are not in a large map in memory, known without a walk through it: a Bloom filter. Most rows that are
// looked for among those that wait for their tables are not there.
#pragma once

#include <bitset>
#include <memory>
#include <string_view>

#include "ledger/state.hpp"

namespace bookchain::ledger {

class KeyFilter {
 public:
  void add(Table table, ByteView key);
  /// False: it was not added since the last clear(). True of one in a hundred that were not, with 30,000 keys in it.
  [[nodiscard]] bool may_have(Table table, ByteView key) const;
  void clear() noexcept;

 private:
  static constexpr std::size_t bits = std::size_t{1} << 19U;
  /// The two bits of a key.
  [[nodiscard]] static std::pair<std::size_t, std::size_t> places(Table table, ByteView key);

  std::unique_ptr<std::bitset<bits>> set_;  ///< none, as long as nothing was added
};

}  // namespace bookchain::ledger
