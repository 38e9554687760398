// Which keys a large table surely lacks, known without a look into it: a Bloom filter of all its keys. A process learns
// them by and by, some in each transaction, since its start takes the same time however large the table is; until it
// has them all it knows of none that it is lacking.
#pragma once

#include <vector>

#include "ledger/store/store.hpp"

namespace bookchain::ledger {

class KeyFilter {
 public:
  /// Of so many keys at most one step of learning takes note.
  static constexpr std::size_t keys_a_step = 200;

  explicit KeyFilter(Table table) : table_(table) {}

  /// Takes note of some more of the keys that are there, until all are known. Precondition: a transaction is open.
  void learn(const Store& below);
  /// That key is there from now on. Of keys that go it takes no note: it may say of them that they may be there.
  void added(ByteView key);
  /// Whether that key is not there. Of those that are not, it says so of 95 in a hundred or more, as long as they are
  /// not more than two million.
  [[nodiscard]] bool lacks(ByteView key) const;
  void forget() noexcept;

 private:
  /// The two bits of a key.
  [[nodiscard]] std::pair<std::size_t, std::size_t> places(ByteView key) const;
  void set(ByteView key);
  void grow_if_full();

  Table table_;
  std::vector<bool> bits_;  ///< none, or a power of two of them
  std::size_t keys_ = 0;    ///< noted
  Bytes next_;              ///< where learning goes on
  bool has_all_ = false;
};

}  // namespace bookchain::ledger
