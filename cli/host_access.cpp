#include "cli/host_access.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "cli/printable.hpp"

namespace bookchain::cli {

namespace {

std::optional<std::uint32_t> number_in(const std::string& text) {
  std::uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stopped != end || number == static_cast<std::uint32_t>(-1)) return std::nullopt;
  return number;
}

std::string name_of(uid_t user) {
  std::array<char, 4096> buffer{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool known = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? std::string(entry.pw_name) : "#" + std::to_string(user);
}

Result<void> set_mode(const path& file, mode_t mode) {
  if (::chmod(file.c_str(), mode) == 0) return success();
  return ledger::system_error("cannot set the mode of a directory", file);
}

}  // namespace

Result<void> check_home_is_own(const path& home) {
  struct stat facts {};
  if (::stat(home.c_str(), &facts) != 0) return success();
  if (facts.st_uid != ::geteuid()) {
    return Error{Token::permission, "the home belongs to another user (" + name_of(facts.st_uid) + ")", home.string(),
                 "act as that user; each peer is worked on by its own user only"};
  }
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Token::permission, "others than its owner can write into the home", home.string(),
                 "take the right away: chmod go-w " + shell_word(home.string())};
  }
  return success();
}

Result<void> let_others_pass(const path& home, std::optional<gid_t> group) {
  if (!group) return set_mode(home, 0711);
  if (::chown(home.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    auto error = ledger::system_error("the home cannot be given to a group", home);
    error.hint = "whoever joins must be a member of the group";
    return error;
  }
  return set_mode(home, 0710);
}

Result<void> make_drop_box(const path& folder) {
  if (folder.has_parent_path()) BOOKCHAIN_CHECK(ledger::make_directory(folder.parent_path(), 0755));
  BOOKCHAIN_CHECK(ledger::make_directory(folder));
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) != 0) return ledger::system_error("cannot look at the spool", folder);
  // A folder of somebody else, on a share or of an administrator, stays as it is: whoever made it knows why.
  if (facts.st_uid != ::geteuid()) return success();
  // What is made in it gets its group: not one that others are in as well.
  if (facts.st_gid != ::getegid() && ::chown(folder.c_str(), static_cast<uid_t>(-1), ::getegid()) != 0) {
    return ledger::system_error("cannot set the group of the spool", folder);
  }
  return set_mode(folder, 03777);
}

std::optional<uid_t> find_user(const std::string& name) {
  if (const auto number = number_in(name)) return number;
  std::array<char, 4096> buffer{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return entry.pw_uid;
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const auto number = number_in(name)) return number;
  std::array<char, 16384> buffer{};
  struct group entry {};
  struct group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return entry.gr_gid;
}

}  // namespace bookchain::cli
