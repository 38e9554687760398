#include "cli/host_access.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

constexpr std::string_view group_prefix = "group:";

Result<void> set_mode(const path& file, mode_t mode) {
  if (::chmod(file.c_str(), mode) == 0) return success();
  return ledger::system_error("cannot set the mode of a directory", file);
}

/// What a peer goes by, and what nobody else may read: the state has the key of every book that is granted.
struct Kept {
  const char* name;
  bool secret;
};
constexpr std::array<Kept, 11> kept_files{{{"config.yaml", false},
                                           {"network.yaml", false},
                                           {"contacts", false},
                                           {"state.sqlite", true},
                                           {"state.sqlite-wal", true},
                                           {"state.sqlite-shm", true},
                                           {"lock", true},
                                           {"lock.turn", true},
                                           {"books", true},
                                           {"exchanges", true},
                                           {"work", true}}};

Result<void> check_kept_file(const path& file, bool secret) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return success();
  const mode_t too_much = secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
  if ((facts.st_mode & too_much) == 0) return success();
  return Error{Token::permission,
               secret ? "others than its owner can read or write a file of the home"
                      : "others than its owner can write a file of the home",
               file.string(), "take the right away: chmod go-rwx " + shell_word(file.string())};
}

}  // namespace

Result<void> check_home_is_own(const path& home) {
  struct stat facts {};
  if (::stat(home.c_str(), &facts) != 0) return success();
  if (facts.st_uid != ::geteuid()) {
    return Error{Token::permission, "the home belongs to another user (" + user_name(facts.st_uid) + ")", home.string(),
                 "act as that user; each peer is worked on by its own user only"};
  }
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Token::permission, "others than its owner can write into the home", home.string(),
                 "take the right away: chmod go-w " + shell_word(home.string())};
  }
  if ((facts.st_mode & (S_IXGRP | S_IXOTH)) == 0) return success();  // nobody else gets at what lies in it
  for (const auto& kept : kept_files) BOOKCHAIN_CHECK(check_kept_file(home / kept.name, kept.secret));
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

std::string write_access(const Access& access) {
  switch (access.to) {
    case Access::To::nobody: return "private";
    case Access::To::group: return std::string(group_prefix) + group_name(access.group);
    case Access::To::all: return "all";
  }
  return {};
}

Result<Access> read_access(const std::string& text) {
  for (const auto to : {Access::To::nobody, Access::To::all}) {
    const Access access{to, {}};
    if (text == write_access(access)) return access;
  }
  if (!text.starts_with(group_prefix)) {
    return Error{Token::bad_value, "who comes to the spool is \"all\", \"private\" or \"group:G\"", text, {}};
  }
  const auto name = text.substr(group_prefix.size());
  const auto group = find_group(name);
  if (!group) return Error{Token::bad_value, "this host has no such group", name, {}};
  return Access{Access::To::group, *group};
}

std::vector<std::string> others_in_group(gid_t group) {
  std::vector<std::string> names;
  const auto own = user_name(::geteuid());
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

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool known = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? std::string(entry.pw_name) : "#" + std::to_string(user);
}

std::string group_name(gid_t group) {
  std::array<char, 16384> buffer{};
  struct group entry {};
  struct group* found = nullptr;
  const bool known = ::getgrgid_r(group, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? std::string(entry.gr_name) : std::to_string(group);
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
