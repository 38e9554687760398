#include "cli/host_access.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

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

constexpr mode_t drop_box_mode = 03777;

bool is_drop_box(const struct stat& facts) { return (facts.st_mode & 07777) == drop_box_mode; }

struct CloseList {
  void operator()(DIR* list) const { ::closedir(list); }
};

/// Whether nothing lies in the folder; false where that cannot be seen.
bool is_empty(int folder) {
  const int number = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return false;
  const std::unique_ptr<DIR, CloseList> list(::fdopendir(number));
  if (!list) {
    ::close(number);
    return false;
  }
  errno = 0;
  while (const auto* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  return errno == 0;
}

Error not_made_a_drop_box(std::string what, const path& folder) {
  return Error{Token::permission, std::move(what), folder.string(),
               "empty that place, or choose another for the spool: join --spool DIR"};
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
  // Whoever can write beside it could put a link to any folder of this user's in its place: none is followed, and all
  // that is changed is changed at the folder that was looked at.
  if (::mkdir(folder.c_str(), 0700) == 0) {
    auto synced = ledger::sync_directory(folder.has_parent_path() ? folder.parent_path() : path("."));
    // Who may make something in a directory need not be allowed to read it.
    if (!synced && synced.error().token != Token::permission) return synced;
  } else if (errno != EEXIST) {
    return ledger::system_error("cannot make the spool", folder);
  }
  const ledger::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened && (errno == ELOOP || errno == ENOTDIR)) {
    return not_made_a_drop_box("a link or a file stands where the spool should be", folder);
  }
  struct stat facts {};
  if (!opened || ::fstat(opened.get(), &facts) != 0) return ledger::system_error("cannot look at the spool", folder);
  // A folder of somebody else, on a share or of an administrator, stays as it is: whoever made it knows why.
  if (facts.st_uid != ::geteuid()) return success();
  if (!is_drop_box(facts) && !is_empty(opened.get())) {
    return not_made_a_drop_box("the spool would open a folder to all users that has something in it", folder);
  }
  // What is made in it gets its group: not one that others are in as well.
  if (facts.st_gid != ::getegid() && ::fchown(opened.get(), static_cast<uid_t>(-1), ::getegid()) != 0) {
    return ledger::system_error("cannot set the group of the spool", folder);
  }
  if (::fchmod(opened.get(), drop_box_mode) != 0)
    return ledger::system_error("cannot set the mode of the spool", folder);
  return ledger::sync_file(opened.get(), folder);
}

std::vector<std::string> others_in_group(gid_t group) {
  std::vector<std::string> names;
  const auto own = name_of(::geteuid());
  const auto add = [&](const char* name) {
    if (name != own && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  };
  std::array<char, 16384> buffer{};
  struct group entry {};
  struct group* found = nullptr;
  if (::getgrgid_r(group, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    for (char** member = entry.gr_mem; *member != nullptr; ++member) add(*member);
  }
  // Whose first group it is does not stand in the list of its members.
  ::setpwent();
  while (const auto* user = ::getpwent()) {
    if (user->pw_gid == group && user->pw_uid != ::geteuid()) add(user->pw_name);
  }
  ::endpwent();
  std::ranges::sort(names);
  return names;
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
