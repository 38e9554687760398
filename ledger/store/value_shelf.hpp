// The shelf of value books: a few digits each, kept as rows of the state. So they become durable with the decision
// that they belong to, where each file and each folder would have to wait for the disk by itself. All other books are
// left to the shelf of files below.
#pragma once

#include <map>

#include "ledger/store/package_store.hpp"
#include "ledger/store/store.hpp"

namespace bookchain::ledger {

/// The digits of a value book that is kept here. Tokens: `no-such-file`, `wrong-book` (not what was registered).
[[nodiscard]] Result<ValueText> value_on_shelf(const State& state, const BookId& id, const Book& book);

/// What changes the state here belongs to the transaction of the caller, who has opened one.
class ValueShelf final : public PackageStore {
 public:
  /// Keeps references: both outlive the shelf.
  ValueShelf(PackageStore& files, Store& store) : files_(files), store_(store) {}

  [[nodiscard]] Result<Hash> write_package(const BookId& id, const Book& book, const ExchangeId& exchange,
                                           const BookKey& key, Progress* progress) override;
  [[nodiscard]] std::optional<BookKey> begun_key(const ExchangeId& exchange) const override {
    return files_.begun_key(exchange);
  }
  [[nodiscard]] std::optional<KeptPackage> package(const ExchangeId& exchange) const override;
  [[nodiscard]] Result<ReceivedPackage> take_package(const ExchangeId& exchange, PackageSource& source,
                                                     const Book& book, Progress* progress) override;
  [[nodiscard]] std::unique_ptr<PackageSource> moved_package(const ExchangeId& exchange) const override {
    return files_.moved_package(exchange);
  }
  [[nodiscard]] Result<void> keep_package(const ExchangeId& exchange) override;
  void forget_package(const ExchangeId& exchange) override;
  [[nodiscard]] Result<OpenedPackage> open_package(const Book& book, const ExchangeId& exchange, const BookKey& key,
                                                   Progress* progress) override;
  [[nodiscard]] Result<BadChunk> prove_bad_chunk(const Book& book, const ExchangeId& exchange,
                                                 const BookKey& key) const override;
  [[nodiscard]] bool is_of_rows(const ShelfTask& task) const override;
  [[nodiscard]] Result<void> perform(const ShelfTask& task) override;

 private:
  template <class Key, class Value>
  void put(const TypedTable<Key, Value>& table, const Key& key, const Value& value);
  template <class Key, class Value>
  void erase(const TypedTable<Key, Value>& table, const Key& key);

  PackageStore& files_;
  Store& store_;
  std::map<ExchangeId, Bytes> taken_;  ///< read, and not yet accepted
};

}  // namespace bookchain::ledger
