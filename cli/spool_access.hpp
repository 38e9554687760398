// Who reaches the spool of a peer: the modes that `join` sets, and puts back where a copy or another host lost them.
#pragma once

#include "cli/peer_files.hpp"

namespace bookchain::cli {

/// Sets the modes of a home and its spool, and makes the spool where it is missing. A folder of this user's that has
/// something in it becomes no drop box, unless `is_spool` says that it was one and nothing but deliveries is in it.
/// Tokens: `permission` (also: the user is not of that group; the spool is another user's; nothing keeps others than
/// the group from it; others are in the group that the spool gets, and `trust_group` does not accept that), `io`,
/// `disk-full`.
[[nodiscard]] Result<void> open_spool(const path& home, const path& spool, const Access& access, bool is_spool,
                                      bool trust_group);

/// Makes the folder, if it is not there, into one in which other users deliver, each in a folder of its own that
/// no third user can enter (transport::FolderFacts). A link in its place is not followed.
[[nodiscard]] Result<void> make_drop_box(const path& folder, bool is_spool, bool trust_group);

/// What every process that works on a home sees to: a spool that others deliver into is there, and no sender is kept
/// out because its folder is a copy, which belongs to whoever copied it. What lies in such a folder is moved away with
/// it and sent again. The home must be locked.
[[nodiscard]] Result<void> keep_spool_open(const PeerFiles& files);

/// The same after a copy was put back or moved, as the user says: also sets the modes again, and takes the folders of
/// those for copies of whom it cannot be seen here which user they are.
[[nodiscard]] Result<void> reopen_spool(const PeerFiles& files, bool trust_group);

}  // namespace bookchain::cli
