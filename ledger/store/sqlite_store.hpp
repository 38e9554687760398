// The state of a peer in SQLite: one table of keys and values for each Table, in WAL mode with full
// synchronisation, so that a commit that returned survives a loss of power. Writers of a home are
// serialised by its lock; readers open read-only and see one snapshot.
#pragma once

#include <boost/filesystem/path.hpp>
#include <memory>

#include "ledger/store/store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace bookchain::ledger {

class SqliteStore final : public Store {
 public:
  enum class Mode : std::uint8_t { read_only, read_write, create };
  /// Only `create` makes the file, mode 0600: a state that is lost must not be taken for a new one, for it
  /// held what the peer voted. Tokens: `home-missing` (no file), `bad-file` (no state of this program or
  /// version), `io`, `permission`, `locked`, `disk-full`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const boost::filesystem::path& file, Mode mode);
  ~SqliteStore() override;

  [[nodiscard]] bool look_up(Table table, ByteView key, const Look& look) const override;
  void scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const override;
  [[nodiscard]] std::optional<std::pair<Bytes, Bytes>> last(Table table, ByteView prefix) const override;

  [[nodiscard]] Result<void> begin(Durability durability = Durability::full) override;
  void apply(const std::vector<Write>& writes) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::uint64_t foreign_commits() const override;
  [[nodiscard]] Result<void> status() const override;

  /// For who commits often and for long: gives the log the length at which it begins anew, if the disk has room.
  /// Precondition: no transaction is open, and no Reading lives.
  void lengthen_log();
  /// For who must close the state without the lock of the home: leaves the log as it is, to the next who opens it.
  void write_nothing_more();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;
  enum class Query : std::uint8_t { get, put, erase, scan, scan_all, last, last_of_all };
  static constexpr std::size_t query_count = 7;
  enum class Control : std::uint8_t { begin, begin_reading, commit, rollback };
  static constexpr std::size_t control_count = 4;

  explicit SqliteStore(boost::filesystem::path file) : file_(std::move(file)) {}
  void begin_reading() const override;
  void end_reading() const override;
  [[nodiscard]] Result<void> prepare_file(Mode mode);
  [[nodiscard]] Result<void> execute(const char* sql) const;
  [[nodiscard]] Result<void> make_log_durable() const;
  [[nodiscard]] Result<void> set_durability(Durability durability);
  [[nodiscard]] Error failure(const char* what) const;
  /// Null if it cannot be prepared; the failure is remembered.
  [[nodiscard]] Statement take(Table table, Query query) const;
  void give_back(Table table, Query query, Statement statement) const;
  void remember_failure(const char* what) const;
  /// The code of SQLite.
  [[nodiscard]] int run(Control control) const;

  boost::filesystem::path file_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;  ///< goes after its statements, which stand below
  /// Prepared statements at rest. One that runs is taken out, so that a scan may read the same table.
  mutable std::array<std::array<Statement, query_count>, table_count> statements_;
  mutable std::array<Statement, control_count> controls_;
  mutable Statement data_version_;
  mutable std::optional<Error> failed_;
  Durability durability_ = Durability::full;  ///< the level that the connection is set to
  bool open_ = false;
  mutable bool reads_ = false;     ///< in a transaction that only reads
  mutable unsigned readings_ = 0;  ///< that live, one within another
};

}  // namespace bookchain::ledger
