// What other users of this host can do with a home, and what none of them may: the modes that make peers of
// different users deliver to each other and reach nothing else. The reasons are in docs/deploy.md.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/files.hpp"

namespace bookchain::cli {

/// Refuses a home that belongs to another user, or that others can write into. Token `permission`. A home that
/// is not there is no matter of this.
[[nodiscard]] Result<void> check_home_is_own(const path& home);

/// The home itself can be passed through, to the spool in it, by the users of a group or by all; not listed.
/// Tokens: `permission` (the user is not of that group), `io`.
[[nodiscard]] Result<void> let_others_pass(const path& home, std::optional<gid_t> group);

/// Makes the folder, if it is not there, into one in which other users deliver, each in a folder of its own that
/// no third user can enter (transport::FolderFacts). A folder of this user's that has something in it and was none
/// before keeps its mode, and a link in its place is not followed. Tokens: `permission`, `io`, `disk-full`.
[[nodiscard]] Result<void> make_drop_box(const path& folder);

/// The users of this host, but for this one, that are in the group, as far as the host tells; by name.
[[nodiscard]] std::vector<std::string> others_in_group(gid_t group);

/// A user or group by name or number; nothing if this host knows none of that name.
[[nodiscard]] std::optional<uid_t> find_user(const std::string& name);
[[nodiscard]] std::optional<gid_t> find_group(const std::string& name);

}  // namespace bookchain::cli
