// A shelf of books in memory: real encryption of small books, in the layout of real packages, so that
// every byte of one can be damaged. What is put on it is durable at once, what is removed when its folder is synced the
// next time: until then a power failure may bring it back. The courier's transaction is another matter, and that
// difference is what the simulator looks at.
#pragma once

#include <functional>
#include <map>

#include "ledger/store/package_store.hpp"
#include "tests/sim/random.hpp"

namespace bookchain::sim {

using namespace ledger;  // NOLINT(google-build-using-namespace)

/// The text of a book with the salts that fit its registered leaves.
struct Text {
  std::vector<Salt> salts;
  std::vector<Bytes> chunks;
  friend bool operator==(const Text&, const Text&) = default;
  [[nodiscard]] Hash root() const;
};

/// A text of `size` bytes and its salts, by chance.
[[nodiscard]] Text random_text(Random& chance, std::uint64_t size, std::uint32_t chunk_size);
/// The package of a text under a key; `spoil` may change chunks before they are encrypted.
[[nodiscard]] Bytes make_package(const Text& text, const ExchangeId& exchange, const BookKey& key);
/// The root that a GRANT gives for a package.
[[nodiscard]] Hash ciphertext_root(const Book& book, const Bytes& package);

class SimPackage final : public PackageSource {
 public:
  explicit SimPackage(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override { return std::optional(bytes_.size()); }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override;

 private:
  Bytes bytes_;
  std::size_t place_ = 0;
};

class SimShelf final : public PackageStore {
 public:
  struct Contents {
    std::map<BookId, Text> books;
    std::map<ExchangeId, Bytes> packages;
    std::map<ExchangeId, Bytes> taken;  ///< copied and not yet accepted
    std::map<ExchangeId, Text> plaintexts;
    struct Begun {
      BookKey key;
      Bytes bytes;
    };
    std::map<ExchangeId, Begun> begun;    ///< packages that were cut off while they were written
    std::map<ExchangeId, Text> unopened;  ///< plaintexts that were
  };

  explicit SimShelf(PeerPort port) : port_(port) {}

  [[nodiscard]] Result<Hash> write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                           const BookKey& key, Progress* progress) override;
  [[nodiscard]] std::optional<BookKey> begun_key(const ExchangeId& exchange) const override;
  [[nodiscard]] std::optional<KeptPackage> package(const ExchangeId& exchange) const override;
  [[nodiscard]] Result<ReceivedPackage> take_package(const ExchangeId& exchange, PackageSource& source,
                                                     const Book& book, Progress* progress) override;
  [[nodiscard]] Result<void> keep_package(const ExchangeId& exchange) override;
  void forget_package(const ExchangeId& exchange) override { remove(&Contents::taken, exchange); }
  [[nodiscard]] Result<OpenedPackage> open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                                   Progress* progress) override;
  [[nodiscard]] Result<BadChunk> prove_bad_chunk(const Book& book, const ExchangeId& exchange,
                                                 const BookKey& key) const override;
  [[nodiscard]] Result<void> perform(const ShelfTask& task) override;

  /// A package leaves with its message.
  void hand_over(const ExchangeId& exchange) { remove(&Contents::packages, exchange); }
  /// The power goes: of what was removed since the last sync, the last of it comes back, as much as chance has it.
  void lose_power(Random* chance);
  /// Another disk stands in the place of this one.
  void put_back(Contents other);

  Contents contents;
  /// Asked before anything is written; may throw Crashed.
  std::function<Result<void>()> disk;
  /// Asked while bytes are written: true if the process dies in it, and they are what the disk holds then.
  std::function<bool(Bytes&)> tears;
  /// Planted bugs: tasks that are left undone.
  std::function<bool(const ShelfTask&)> forgets;

 private:
  [[nodiscard]] Result<void> ask() const { return disk ? disk() : Result<void>(success()); }
  [[nodiscard]] Bytes encrypted(const Text& text, const Book& book, const ExchangeId& exchange,
                                const BookKey& key) const;
  template <class Key, class Value>
  void remove(std::map<Key, Value> Contents::*part, const Key& key) {
    auto node = (contents.*part).extract(key);
    if (node.empty()) return;
    removed_.push_back([part, key, value = std::move(node.mapped())](Contents& back) {
      (back.*part).try_emplace(key, value);  // unless something else stands there by now
    });
  }
  void sync() { removed_.clear(); }
  PeerPort port_;
  std::vector<std::function<void(Contents&)>> removed_;  ///< since the last sync: how each comes back
};

}  // namespace bookchain::sim
