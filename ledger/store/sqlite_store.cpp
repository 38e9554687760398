#include "ledger/store/sqlite_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cassert>
#include <cerrno>

#include "ledger/store/files.hpp"
#include "ledger/store/sqlite_log.hpp"

namespace bookchain::ledger {

namespace {

constexpr int application_id = 0x626b6368;  // "bkch"
constexpr int schema_version = 18;
constexpr int busy_timeout_ms = 10'000;
/// A record of an exchange takes about a KiB; pages of half the size would hold only parts of most rows
/// (docs/performance.md).
constexpr int page_bytes = 8192;
/// Of pages that are kept in memory.
constexpr int cache_kib = 16384;
/// The log is copied into the file when it holds so many pages, of which most are then older versions of others.
constexpr int pages_a_checkpoint = 1000;
/// Of the log, before all pages and before each (sqlite.org/fileformat2.html).
constexpr int log_header_bytes = 32;
constexpr int frame_bytes = 24;

/// Whether the rows of a table lie in a tree of their own, in the order in which they first came, beside one of their
/// keys. Where they may be larger than a quarter of a page, since a tree of such rows holds most of each elsewhere, and
/// reads all of it to compare its key.
bool lies_beside_its_keys(Table table) {
  switch (table) {
    case Table::blocks:
    case Table::candidates:
    case Table::outbox:
    case Table::trace:
    case Table::evidence:
    case Table::exchanges:
    case Table::journal:
    case Table::late: return true;
    default: return false;
  }
}

/// To be used again and again; null if it cannot be prepared.
sqlite3_stmt* prepare(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  (void)sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared,
                           nullptr);
  return prepared;
}

Bytes column(sqlite3_stmt* statement, int index) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
  return Bytes(data, data + sqlite3_column_bytes(statement, index));
}

ByteView column_view(sqlite3_stmt* statement, int index) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
  return ByteView(data, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
}

/// Not called bind: with a vector as argument std::bind would be the better match, and do nothing.
void bind_blob(sqlite3_stmt* statement, int index, ByteView bytes) {
  // An empty view may have no address, and a null address would bind NULL.
  static constexpr std::uint8_t nothing = 0;
  const auto* data = bytes.empty() ? &nothing : bytes.data();
  sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_STATIC);
}

}  // namespace

void SqliteStore::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void SqliteStore::FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqliteStore::~SqliteStore() { rollback(); }

namespace {

/// Whether nothing more can be made beside that file: no block or no inode is left for this user.
bool is_full_at(const boost::filesystem::path& file) {
  struct statvfs facts {};
  if (::statvfs(folder_of(file).c_str(), &facts) != 0) return false;
  return facts.f_bavail == 0 || (facts.f_files > 0 && facts.f_favail == 0);
}

/// SQLite would open whatever stands there, and wait for ever at a pipe.
Result<void> check_files(const boost::filesystem::path& file) {
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) {
    const auto each = file.string() + suffix;
    struct stat facts {};
    if (::stat(each.c_str(), &facts) != 0 || S_ISREG(facts.st_mode)) continue;
    return Error{Token::bad_file, "no regular file stands where the state of this peer should be", each,
                 "remove it; a state that is missing comes back from a backup"};
  }
  return success();
}

bool may_write(const boost::filesystem::path& file) {
  return ::access(file.c_str(), W_OK) == 0 && ::access(folder_of(file).c_str(), W_OK | X_OK) == 0;
}

}  // namespace

Error SqliteStore::failure(const char* what) const {
  const int code = sqlite3_extended_errcode(database_.get());
  auto token = Token::io;
  if ((code & 0xff) == SQLITE_FULL) token = Token::disk_full;
  // For its own index of the log SQLite says no more than that there was an error.
  const bool of_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (of_system && sqlite3_system_errno(database_.get()) == ENOSPC) token = Token::disk_full;
  // Where it cannot make a file, it tries to open one to read, and tells the error of that.
  if ((code & 0xff) == SQLITE_CANTOPEN && is_full_at(file_)) token = Token::disk_full;
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) token = Token::locked;
  if ((code & 0xff) == SQLITE_PERM || (code & 0xff) == SQLITE_READONLY || (code & 0xff) == SQLITE_AUTH) {
    token = Token::permission;
  }
  // A log that it could not open to write, for whatever reason, it opens to read, and tells no more than that.
  if ((code & 0xff) == SQLITE_READONLY && may_write(file_)) token = is_full_at(file_) ? Token::disk_full : Token::io;
  if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT) token = Token::bad_file;
  const char* hint =
      token == Token::permission ? "its folder must be writable; or copy the home, and use the copy" : "";
  return Error{token, std::string(what) + " (" + sqlite3_errmsg(database_.get()) + ")", file_.string(), hint};
}

void SqliteStore::remember_failure(const char* what) const {
  if (!failed_) failed_ = failure(what);
}

/// What a process had written to the log and not synced when it was killed, or when that sync failed, is found by the
/// next one, and counts: as if it were durable, for no commit that changes nothing syncs it. Messages would be sent
/// that a loss of power then takes back. It is written anew, into the state itself, since of bytes whose sync failed a
/// system may say the next time that all is well (fsync(2)); what a reader keeps from going there is synced.
Result<void> SqliteStore::make_log_durable() const {
  if (!has_log(file_)) return success();
  BOOKCHAIN_CHECK(execute("PRAGMA wal_checkpoint(PASSIVE)"));
  return sync_log(file_);
}

Result<void> SqliteStore::execute(const char* sql) const {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure("the state of the peer cannot be used");
  }
  return success();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const boost::filesystem::path& file, Mode mode) {
  if (mode == Mode::create) {
    BOOKCHAIN_TRY(const auto made, open_file(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    BOOKCHAIN_CHECK(sync_directory(folder_of(file)));
  }
  boost::system::error_code ignored;
  if (!boost::filesystem::exists(file, ignored)) {
    return Error{Token::home_missing, "the state of this peer is gone", file.string(),
                 "put the file back from a backup; without it the peer does not know what it has signed"};
  }
  BOOKCHAIN_CHECK(check_files(file));
  std::unique_ptr<SqliteStore> store(new SqliteStore(file));
  sqlite3* opened = nullptr;
  const int flags = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  store->database_.reset(opened);
  if (code != SQLITE_OK) return store->failure("cannot open the state of the peer");
  BOOKCHAIN_CHECK(store->prepare_file(mode));
  return store;
}

Result<void> SqliteStore::prepare_file(Mode mode) {
  sqlite3_busy_timeout(database_.get(), busy_timeout_ms);
  int version = 0;
  int application = 0;
  const auto read_number = [](void* target, int, char** values, char**) {
    *static_cast<int*>(target) = std::atoi(values[0]);
    return 0;
  };
  if (sqlite3_exec(database_.get(), "PRAGMA user_version", read_number, &version, nullptr) != SQLITE_OK ||
      sqlite3_exec(database_.get(), "PRAGMA application_id", read_number, &application, nullptr) != SQLITE_OK) {
    return failure("cannot read the state of the peer");
  }
  const bool fresh = version == 0 && application == 0 && mode == Mode::create;
  if (!fresh && (version != schema_version || application != application_id)) {
    return Error{Token::bad_file, "the file is not a state of this version of the program", file_.string(), {}};
  }
  if (mode == Mode::read_only) {
    // One snapshot for the life of a reader, so that what it reports is of one moment.
    BOOKCHAIN_CHECK(execute("BEGIN"));
    open_ = true;
    return success();
  }
  // Of a new file alone: it must be said before anything is written.
  if (fresh) BOOKCHAIN_CHECK(execute(("PRAGMA page_size = " + std::to_string(page_bytes)).c_str()));
  BOOKCHAIN_CHECK(execute("PRAGMA journal_mode = WAL"));
  // The log is made by the first to open the state and removed by the last to close it. SQLite syncs the folder when
  // the log is first written, says nothing where that fails, and does not try again. Without that sync a loss of power
  // brings back the log of before, whose removal was not durable, and its old pages go over the newer ones; or it takes
  // the new log away with all that was told from it. So the folder is synced here, before anything is written.
  BOOKCHAIN_CHECK(sync_directory(folder_of(file_)));
  BOOKCHAIN_CHECK(execute(("PRAGMA wal_autocheckpoint = " + std::to_string(pages_a_checkpoint)).c_str()));
  BOOKCHAIN_CHECK(execute(("PRAGMA cache_size = -" + std::to_string(cache_kib)).c_str()));
  BOOKCHAIN_CHECK(execute("PRAGMA synchronous = FULL"));
  // A log that could be opened to read alone stays so: whoever serves would never write again.
  if (!fresh) {
    BOOKCHAIN_CHECK(execute("BEGIN IMMEDIATE; ROLLBACK"));
    return make_log_durable();
  }
  std::string schema = "BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(application_id) +
                       "; PRAGMA user_version = " + std::to_string(schema_version) + ";";
  for (std::size_t i = 0; i < table_count; ++i) {
    const auto table = static_cast<Table>(i);
    schema += "CREATE TABLE " + std::string(name(table)) + " (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)" +
              (lies_beside_its_keys(table) ? ";" : " WITHOUT ROWID;");
  }
  schema += "COMMIT;";
  return execute(schema.c_str());
}

void SqliteStore::lengthen_log() {
  assert(!open_ && readings_ == 0);
  if (!execute("BEGIN IMMEDIATE")) return;
  ledger::lengthen_log(database_.get(), file_, log_header_bytes + pages_a_checkpoint * (page_bytes + frame_bytes));
  (void)execute("ROLLBACK");
}

void SqliteStore::write_nothing_more() {
  (void)sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

SqliteStore::Statement SqliteStore::take(Table table, Query query) const {
  auto& resting = statements_[static_cast<std::size_t>(table)][static_cast<std::size_t>(query)];
  if (resting) return std::move(resting);
  const std::string rows(name(table));
  std::string sql;
  switch (query) {
    case Query::get: sql = "SELECT value FROM " + rows + " WHERE key = ?1"; break;
    case Query::put:
      sql = "INSERT INTO " + rows + " (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
      break;
    case Query::erase: sql = "DELETE FROM " + rows + " WHERE key = ?1"; break;
    case Query::scan: sql = "SELECT key, value FROM " + rows + " WHERE key >= ?1 AND key < ?2 ORDER BY key"; break;
    case Query::scan_all: sql = "SELECT key, value FROM " + rows + " WHERE key >= ?1 ORDER BY key"; break;
    case Query::last:
      sql = "SELECT key, value FROM " + rows + " WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT 1";
      break;
    case Query::last_of_all:
      sql = "SELECT key, value FROM " + rows + " WHERE key >= ?1 ORDER BY key DESC LIMIT 1";
      break;
  }
  Statement statement(prepare(database_.get(), sql));
  if (!statement) remember_failure("cannot read the state of the peer");
  return statement;
}

void SqliteStore::give_back(Table table, Query query, Statement statement) const {
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  statements_[static_cast<std::size_t>(table)][static_cast<std::size_t>(query)] = std::move(statement);
}

bool SqliteStore::look_up(Table table, ByteView key, const Look& look) const {
  auto statement = take(table, Query::get);
  if (!statement) return false;
  bind_blob(statement.get(), 1, key);
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) look(column_view(statement.get(), 0));
  if (code != SQLITE_ROW && code != SQLITE_DONE) remember_failure("cannot read the state of the peer");
  give_back(table, Query::get, std::move(statement));
  return code == SQLITE_ROW;
}

void SqliteStore::scan(Table table, ByteView prefix, ByteView from, const Visit& visit) const {
  const auto end = key_after(prefix);
  const auto query = end ? Query::scan : Query::scan_all;
  auto statement = take(table, query);
  if (!statement) return;
  const auto start = std::max(Bytes(prefix.begin(), prefix.end()), Bytes(from.begin(), from.end()));
  bind_blob(statement.get(), 1, start);
  if (end) bind_blob(statement.get(), 2, *end);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    if (!visit(column_view(statement.get(), 0), column_view(statement.get(), 1))) break;
  }
  if (code != SQLITE_ROW && code != SQLITE_DONE) remember_failure("cannot read the state of the peer");
  give_back(table, query, std::move(statement));
}

std::optional<std::pair<Bytes, Bytes>> SqliteStore::last(Table table, ByteView prefix) const {
  const auto end = key_after(prefix);
  const auto query = end ? Query::last : Query::last_of_all;
  auto statement = take(table, query);
  if (!statement) return std::nullopt;
  bind_blob(statement.get(), 1, prefix);
  if (end) bind_blob(statement.get(), 2, *end);
  std::optional<std::pair<Bytes, Bytes>> row;
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) row = std::make_pair(column(statement.get(), 0), column(statement.get(), 1));
  if (code != SQLITE_ROW && code != SQLITE_DONE) remember_failure("cannot read the state of the peer");
  give_back(table, query, std::move(statement));
  return row;
}

/// In WAL mode NORMAL leaves out the sync of the log; its frames stay in order, so a later full commit
/// makes the earlier ones durable too.
Result<void> SqliteStore::set_durability(Durability durability) {
  if (durability == durability_) return success();
  BOOKCHAIN_CHECK(
      execute(durability == Durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  durability_ = durability;
  return success();
}

int SqliteStore::run(Control control) const {
  static constexpr std::array<std::string_view, control_count> sql{"BEGIN IMMEDIATE", "BEGIN", "COMMIT", "ROLLBACK"};
  auto& statement = controls_[static_cast<std::size_t>(control)];
  if (!statement) statement.reset(prepare(database_.get(), sql[static_cast<std::size_t>(control)]));
  if (!statement) return sqlite3_errcode(database_.get());
  const int code = sqlite3_step(statement.get());
  sqlite3_reset(statement.get());
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

Result<void> SqliteStore::begin(Durability durability) {
  assert(!open_ && !reads_);
  failed_.reset();
  BOOKCHAIN_CHECK(set_durability(durability));
  if (run(Control::begin) != SQLITE_OK) return failure("the state of the peer cannot be used");
  open_ = true;
  return success();
}

void SqliteStore::apply(const std::vector<Write>& writes) {
  assert(open_);
  for (const auto& write : writes) {
    const auto query = write.value ? Query::put : Query::erase;
    auto statement = take(write.table, query);
    if (!statement) return;
    bind_blob(statement.get(), 1, write.key);
    if (write.value) bind_blob(statement.get(), 2, *write.value);
    if (sqlite3_step(statement.get()) != SQLITE_DONE) remember_failure("cannot write the state of the peer");
    give_back(write.table, query, std::move(statement));
  }
}

Result<void> SqliteStore::commit() {
  assert(open_);
  if (failed_) {
    auto error = *failed_;
    rollback();
    return error;
  }
  if (run(Control::commit) != SQLITE_OK) {
    auto error = failure("cannot write the state of the peer");
    rollback();
    return error;
  }
  open_ = false;
  return success();
}

void SqliteStore::rollback() noexcept {
  if (!open_) return;
  open_ = false;
  (void)run(Control::rollback);
}

/// Each statement by itself would take and leave the lock of the log, four calls of the system.
void SqliteStore::begin_reading() const {
  if (readings_++ > 0 || open_) return;
  reads_ = run(Control::begin_reading) == SQLITE_OK;
}

void SqliteStore::end_reading() const {
  if (--readings_ > 0) return;
  if (std::exchange(reads_, false)) (void)run(Control::commit);
}

std::uint64_t SqliteStore::foreign_commits() const {
  if (!data_version_) data_version_.reset(prepare(database_.get(), "PRAGMA data_version"));
  std::uint64_t number = 0;
  if (data_version_ && sqlite3_step(data_version_.get()) == SQLITE_ROW) {
    number = static_cast<std::uint64_t>(sqlite3_column_int64(data_version_.get(), 0));
  } else {
    remember_failure("cannot read the state of the peer");
  }
  sqlite3_reset(data_version_.get());
  return number;
}

Result<void> SqliteStore::status() const {
  if (failed_) return *failed_;
  return success();
}

}  // namespace bookchain::ledger
