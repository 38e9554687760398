// What other users of this host can do with a home, and what none of them may: the modes that make peers of
// different users deliver to each other and reach nothing else. The reasons are in docs/deploy.md.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/files.hpp"

namespace bookchain::cli {

/// Refuses a home that belongs to another user, or that others can write into, or in which others can write, or read
/// what is secret. Token `permission`. A home or file that is not there is no matter of this.
[[nodiscard]] Result<void> check_home_is_own(const path& home);

/// Who of the other users of this host may come to a spool.
struct Access {
  enum class To : std::uint8_t { nobody, group, all };
  To to = To::all;
  gid_t group{};  ///< with To::group
  friend bool operator==(const Access&, const Access&) = default;
};
/// As config.yaml has it: "all", "private" or "group:G", with the name or number of a group of this host.
[[nodiscard]] std::string write_access(const Access& access);
/// Token `bad-value`.
[[nodiscard]] Result<Access> read_access(const std::string& text);

/// The home itself can be passed through, to the spool in it, by the users of a group or by all; not listed.
/// Tokens: `permission` (the user is not of that group), `io`.
[[nodiscard]] Result<void> let_others_pass(const path& home, std::optional<gid_t> group);

/// The users of this host, but for this one, that are in the group, as far as the host tells; by name.
[[nodiscard]] std::vector<std::string> others_in_group(gid_t group);

/// The name, or # and the number where this host knows none.
[[nodiscard]] std::string user_name(uid_t user);
/// The name, or the number where this host knows none.
[[nodiscard]] std::string group_name(gid_t group);
/// A user or group by name or number; nothing if this host knows none of that name.
[[nodiscard]] std::optional<uid_t> find_user(const std::string& name);
[[nodiscard]] std::optional<gid_t> find_group(const std::string& name);

}  // namespace bookchain::cli
