// The log of a state in SQLite's WAL mode, a file beside it: what SQLite itself does not do for it. Internal to the
// store.
#pragma once

#include <boost/filesystem/path.hpp>
#include <cstdint>

#include "ledger/error.hpp"

struct sqlite3;

namespace bookchain::ledger {

/// Whether the state has a log that is not empty.
[[nodiscard]] bool has_log(const boost::filesystem::path& state);
/// Makes what the log holds durable. Tokens: `io`, `bad-file`, `permission`.
[[nodiscard]] Result<void> sync_log(const boost::filesystem::path& state);

/// Writes zeros behind what the log holds until it has `bytes`: each sync of a file that grows writes its length as
/// well. SQLite ends reading a log where a frame has no right checksum. The log stays as it was where not all of it can
/// be written, or the disk is nearly full: it is only slower then. Syncs nothing, since what a sync says of a failure
/// it says once, and whoever commits next has to hear it.
/// Precondition: this connection, and so nobody else, may write now.
void lengthen_log(sqlite3* database, const boost::filesystem::path& state, std::int64_t bytes);

}  // namespace bookchain::ledger
