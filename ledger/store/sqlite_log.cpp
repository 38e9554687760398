#include "ledger/store/sqlite_log.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "ledger/store/files.hpp"

namespace bookchain::ledger {

namespace {

boost::filesystem::path log_of(const boost::filesystem::path& state) { return state.string() + "-wal"; }

/// Whether others have room for much more than `bytes` after they were taken.
bool has_room(const boost::filesystem::path& folder, std::int64_t bytes) {
  constexpr std::uint64_t times = 16;
  struct statvfs facts {};
  if (::statvfs(folder.c_str(), &facts) != 0) return false;
  return facts.f_bavail * facts.f_frsize / times >= static_cast<std::uint64_t>(bytes);
}

}  // namespace

bool has_log(const boost::filesystem::path& state) {
  struct stat facts {};
  return ::stat(log_of(state).c_str(), &facts) == 0 && facts.st_size > 0;
}

/// No lock of SQLite lies on this file, so that closing it releases none.
Result<void> sync_log(const boost::filesystem::path& state) {
  const auto log = log_of(state);
  BOOKCHAIN_TRY(const auto opened, open_file(log, O_RDONLY | O_NOFOLLOW));
  return sync_file(opened.get(), log);
}

void lengthen_log(sqlite3* database, const boost::filesystem::path& state, std::int64_t bytes) {
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK) return;
  sqlite3_int64 length = 0;
  const bool is_open = log != nullptr && log->pMethods != nullptr;
  if (!is_open || log->pMethods->xFileSize(log, &length) != SQLITE_OK || length >= bytes) return;
  if (!has_room(folder_of(state), bytes - length)) return;
  const Bytes zeros(std::size_t{1} << 16U);
  for (auto end = length; end < bytes;) {
    const auto some = std::min<std::int64_t>(bytes - end, static_cast<std::int64_t>(zeros.size()));
    if (log->pMethods->xWrite(log, zeros.data(), static_cast<int>(some), end) != SQLITE_OK) {
      (void)log->pMethods->xTruncate(log, length);
      return;
    }
    end += some;
  }
}

}  // namespace bookchain::ledger
