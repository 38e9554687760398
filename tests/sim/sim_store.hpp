// A Store that forgets as a disk does: a full commit is durable, later commits that promise durability
// only soon may be lost from any one on, an open transaction always is. Fails, and dies in the middle of
// a commit, when told to. A commit that fails when its frames are in the log is found by whoever opens the state
// after a crash, unless a later one was written over them: SQLite goes on as if they were not there, and leaves them.
// What a home keeps in its journals (ledger/store/journals.hpp) counts here as if it stood in the tables, and what lies
// under the number of an exchange (ledger/store/numbered_store.hpp) as if it lay under its id, whoever looks: only on
// the disk below do they differ.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "ledger/store/journals.hpp"
#include "ledger/store/numbered_store.hpp"
#include "tests/sim/random.hpp"

namespace bookchain::sim {

using namespace ledger;  // NOLINT(google-build-using-namespace)

/// Thrown where a peer dies: the courier is dropped and made anew from what is durable.
struct Crashed {};

enum class CommitFate : std::uint8_t {
  good,
  io_error,
  disk_full,
  dies_before,
  dies_after,
  error_in_log,  ///< an error after all of it was written, such as that of the sync: see lose_power()
};

class SimStore final : public Store {
 public:
  /// As bytes compare, for keys that are looked up without a copy.
  struct KeyOrder {
    using is_transparent = void;
    bool operator()(ByteView left, ByteView right) const {
      const auto both = std::min(left.size(), right.size());
      const int order = both == 0 ? 0 : std::memcmp(left.data(), right.data(), both);
      return order == 0 ? left.size() < right.size() : order < 0;
    }
  };
  using Rows = std::map<Bytes, Bytes, KeyOrder>;
  using Image = std::array<Rows, table_count>;

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] Result<void> status() const override;

  struct Loss {
    bool lost = false;      ///< something that was committed
    bool surfaced = false;  ///< a commit was found that had failed
  };
  /// The process dies, and with a source of chance the power goes: keeps the durable rows and, of the commits after
  /// them, the first few by chance. What lies in the log after all of them, it finds.
  Loss lose_power(Random* chance);
  /// Whether a commit that failed would be found if the process died now.
  [[nodiscard]] bool may_surface() const { return !in_log_.empty() && soon_.size() == in_log_after_; }
  /// What the disk would give back whatever happens now.
  [[nodiscard]] std::optional<Bytes> durable(Table table, ByteView key) const;
  [[nodiscard]] bool in_transaction() const { return open_; }

  /// Rows of the tables that are looked at after every event, which commits changed since the last call.
  using Changed = std::vector<std::pair<Table, Bytes>>;
  [[nodiscard]] Changed take_changed() { return std::exchange(changed_, {}); }

  /// What the journals of a program lie on. What is written there changes tables, which may be behind, and journals;
  /// what counts is said by mean(), in the same transaction.
  [[nodiscard]] Store& disk() { return disk_; }
  void mean(const std::vector<Write>& writes);
  [[nodiscard]] const Image& image() const { return on_disk_; }
  void put_back(Image image);
  /// Whether there is anything in the journal that lies in that table.
  [[nodiscard]] bool has_journal(Table place) const;
  /// Whether the tables say, together with the journals, what counts.
  [[nodiscard]] bool is_whole() const { return rows_ == said_by(on_disk_); }
  /// Planted bugs: the disk gives back something else than was written.
  void falsify(Table table, const Bytes& key, Bytes value);

  std::function<CommitFate(Durability)> fate;  ///< asked at each commit
  std::function<bool()> is_full;               ///< asked at each commit that writes: for as long as there is no room
  std::function<bool()> begin_fails;           ///< asked at each begin
  std::function<bool()> read_fails;            ///< asked at each read within a transaction
  std::function<bool()> idle_read_fails;       ///< at each other one

 private:
  class Disk final : public Store {
   public:
    explicit Disk(SimStore& store) : store_(store) {}
    [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override {
      return store_.look_up_in(store_.on_disk_, table, key, look);
    }
    void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
      store_.scan_in(store_.on_disk_, table, prefix, from, visit);
    }
    [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
      return store_.last_in(store_.on_disk_, table, prefix);
    }
    [[nodiscard]] Result<void> begin(Durability durability) override { return store_.begin(durability); }
    void apply(const std::vector<Write>& writes) override { store_.apply_to_disk(writes); }
    [[nodiscard]] Result<void> commit() override { return store_.commit(); }
    void rollback() noexcept override { store_.rollback(); }
    [[nodiscard]] Result<void> status() const override { return store_.status(); }

   private:
    SimStore& store_;
  };
  struct Undo {
    bool on_disk;  ///< else of what counts
    Table table;
    Bytes key;
    std::optional<Bytes> value;
  };
  using Log = std::vector<Undo>;
  [[nodiscard]] bool look_up_in(const Image& image, Table table, ByteView key, const Look& look) const;
  void scan_in(const Image& image, Table table, ByteView prefix, ByteView from, const Visit& visit) const;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last_in(const Image& image, Table table, ByteView prefix) const;
  [[nodiscard]] static const Rows& rows_of(const Image& image, Table table) {
    return image[static_cast<std::size_t>(table)];
  }
  [[nodiscard]] const Rows& rows(Table table) const { return rows_of(rows_, table); }
  [[nodiscard]] Image& image_of(bool on_disk) { return on_disk ? on_disk_ : rows_; }
  static void set(Image& image, Table table, const Bytes& key, const std::optional<Bytes>& value);
  void apply_to_disk(const std::vector<Write>& writes);
  /// Sets a row, and remembers in the transaction how it was.
  void change(bool on_disk, const Write& write);
  /// As if the journals had been put into the tables.
  [[nodiscard]] static Image settled(const Image& on_disk);
  /// What counts: that, with the ids of exchanges for their numbers.
  [[nodiscard]] static Image said_by(const Image& on_disk);
  void undo(const Log& log) noexcept;
  [[nodiscard]] bool fails_to_read() const;
  [[nodiscard]] Result<void> fail_commit(CommitFate how);
  void note_changed(const Log& log);

  Disk disk_{*this};
  Image on_disk_;
  Image rows_;  ///< what counts
  Changed changed_;
  std::vector<Log> soon_;  ///< what the commits since the last full one replaced
  Log transaction_;        ///< what the open transaction replaced
  /// What the last commit wrote that failed with its frames in the log, after so many of those in soon_. A full commit
  /// writes over it for good; one that is synced later hides it, unless the power takes that away again.
  Log in_log_;
  std::size_t in_log_after_ = 0;
  Durability durability_ = Durability::full;
  bool open_ = false;
  mutable bool failed_ = false;
  mutable std::size_t scans_failed_ = 0;
};

/// The journals and numbers of a home on a simulated disk, which is told what it is to remember.
class SimJournal final : public Store {
 public:
  explicit SimJournal(SimStore& store) : store_(store), journals_(store.disk()) {}
  [[nodiscard]] Journals& journals() { return journals_; }

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override {
    return top().look_up(table, key, look);
  }
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override {
    top().scan(table, prefix, from, visit);
  }
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override {
    return top().last(table, prefix);
  }
  [[nodiscard]] Result<void> begin(Durability durability) override { return numbered_.begin(durability); }
  void apply(const std::vector<Write>& writes) override {
    store_.mean(writes);
    numbered_.apply(writes);
  }
  [[nodiscard]] Result<void> commit() override { return numbered_.commit(); }
  void rollback() noexcept override { numbered_.rollback(); }
  [[nodiscard]] Result<void> status() const override { return top().status(); }

 private:
  void begin_reading() const override { reading_.emplace(top()); }
  void end_reading() const override { reading_.reset(); }
  [[nodiscard]] const Store& top() const { return numbered_; }

  SimStore& store_;
  Journals journals_;
  NumberedStore numbered_{journals_.store()};
  mutable std::optional<Reading> reading_;
};

}  // namespace bookchain::sim
