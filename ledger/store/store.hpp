// Store: a State that remembers. The rules read it; the courier opens a transaction, applies the
// Effects of many inputs, and commits them at once. Implementations: SqliteStore, MemoryStore.
#pragma once

#include "ledger/state.hpp"

namespace bookchain::ledger {

/// How much the commit of a transaction promises. `soon` is for bookkeeping that may be lost with the power but never
/// out of order: it becomes durable with the next full commit that changes something.
enum class Durability : std::uint8_t { full, soon };

class Store : public State {
 public:
  /// Opens a transaction. Precondition: none is open. Tokens: `io`, `disk-full`, `locked`.
  [[nodiscard]] virtual Result<void> begin(Durability durability = Durability::full) = 0;
  /// Applies writes within the transaction; later reads see them. A failure is remembered and
  /// refused by commit().
  virtual void apply(const std::vector<Write>& writes) = 0;
  /// The same, from one who needs them no more.
  virtual void hand_over(std::vector<Write>&& writes) { apply(writes); }
  /// Makes all of it durable, or fails and leaves the state as it was before begin(). Fails, too, if
  /// any read or write since begin() failed. Tokens: `io`, `disk-full`.
  [[nodiscard]] virtual Result<void> commit() = 0;
  /// Forgets the transaction; does nothing if none is open.
  virtual void rollback() noexcept = 0;
  /// A number that is another one after a commit through another store on the same file: what was concluded from
  /// earlier reads may no longer hold.
  [[nodiscard]] virtual std::uint64_t foreign_commits() const { return 0; }
  /// The first failure of a read since the store was opened, for readers that never commit.
  [[nodiscard]] virtual Result<void> status() const = 0;

 private:
  friend class Reading;
  virtual void begin_reading() const {}
  virtual void end_reading() const {}
};

/// What is read while it lives is of one moment, and costs less together than each by itself. Not within a transaction;
/// none begins before its end. One within another is a part of it.
class Reading {
 public:
  explicit Reading(const Store& store) : store_(store) { store_.begin_reading(); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() { store_.end_reading(); }

 private:
  const Store& store_;
};

}  // namespace bookchain::ledger
