// A shelf of books in memory: real encryption of small books, in the layout of real packages, so that
// every byte of one can be damaged. What it holds is durable at once; the courier's transaction is not,
// and that difference is what the simulator looks at.
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
  void forget_package(const ExchangeId& exchange) override { contents.taken.erase(exchange); }
  [[nodiscard]] Result<OpenedPackage> open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                                   Progress* progress) override;
  [[nodiscard]] Result<BadChunk> prove_bad_chunk(const Book& book, const ExchangeId& exchange,
                                                 const BookKey& key) const override;
  [[nodiscard]] Result<void> perform(const ShelfTask& task) override;

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
  PeerPort port_;
};

}  // namespace bookchain::sim
