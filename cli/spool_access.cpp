#include "cli/spool_access.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <memory>

#include "cli/home.hpp"
#include "cli/printable.hpp"
#include "transport/spool_folder.hpp"

namespace bookchain::cli {

using namespace ledger;
namespace fs = boost::filesystem;

namespace {

constexpr mode_t drop_box_mode = 03777;

bool is_drop_box(const struct stat& facts) { return (facts.st_mode & 07777) == drop_box_mode; }

struct CloseList {
  void operator()(DIR* list) const { ::closedir(list); }
};

/// Whether the name is one that a spool has: the port of a sender, the quota, what was moved out of the way.
bool is_of_a_spool(std::string_view name) {
  const bool port = !name.empty() && name.size() <= 5 && name.find_first_not_of("0123456789") == std::string_view::npos;
  return port || name == "quota" || name == "quota.new" || name.starts_with(transport::moved_away_mark);
}

/// Whether nothing lies in the folder, or nothing but what a spool has; false where that cannot be seen.
bool has_nothing_else(int folder, bool is_spool) {
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
    if (name != "." && name != ".." && !(is_spool && is_of_a_spool(name))) return false;
  }
  return errno == 0;
}

Error not_made_a_drop_box(std::string what, const path& folder) {
  return Error{Token::permission, std::move(what), folder.string(),
               "empty that place, or choose another for the spool: join --spool DIR"};
}

path canonical_path(const path& place) {
  boost::system::error_code failed;
  auto found = fs::weakly_canonical(fs::absolute(place), failed);
  return failed ? fs::absolute(place).lexically_normal() : found;
}

bool lies_in(const path& place, const path& folder) {
  const auto [rest, unused] = std::mismatch(folder.begin(), folder.end(), place.begin(), place.end());
  return rest == folder.end();
}

/// The spool itself is open to all: only what stands above it can keep out who is not of the group.
Result<void> check_group_guards(const path& home, const path& spool, gid_t group) {
  const auto above = canonical_path(spool).parent_path();
  if (lies_in(above, canonical_path(home))) return success();
  struct stat facts {};
  const bool guarded = ::stat(above.c_str(), &facts) == 0 && facts.st_gid == group && (facts.st_mode & S_IXOTH) == 0 &&
                       (facts.st_uid == ::geteuid() || facts.st_uid == 0);
  if (guarded) return success();
  const auto name = shell_word(above.string());
  return Error{Token::permission, "the spool lies outside the home, where others than the group reach it",
               spool.string(),
               "let only the group pass there: chgrp " + group_name(group) + " " + name + " && chmod 710 " + name};
}

Result<void> close_spool(const path& home, const path& spool) {
  if (::chmod(home.c_str(), 0700) != 0) return system_error("cannot set the mode of a directory", home);
  const Descriptor opened(::open(spool.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts {};
  if (!opened || ::fstat(opened.get(), &facts) != 0 || facts.st_uid != ::geteuid()) return success();
  if (::fchmod(opened.get(), 0700) != 0) return system_error("cannot set the mode of the spool", spool);
  return success();
}

/// Which user of this host a peer is: as config.yaml says, else whose the spool or socket of that peer is.
std::optional<uid_t> user_of(const PeerFiles& files, const Addresses& addresses, PeerPort peer) {
  if (const auto said = files.users.find(peer); said != files.users.end()) return said->second;
  struct stat facts {};
  const auto is_seen = [&](const auto& places) {
    const auto place = places.find(peer);
    return place != places.end() && ::stat(place->second.c_str(), &facts) == 0;
  };
  // What belongs to root may be a share, on which anybody works.
  if ((!is_seen(addresses.spools) && !is_seen(addresses.sockets)) || (facts.st_uid == 0 && ::geteuid() != 0)) {
    return std::nullopt;
  }
  return facts.st_uid;
}

Result<void> give_folders_back(const PeerFiles& files, bool all_not_seen) {
  BOOKCHAIN_TRY(const auto spool, transport::SpoolFolder::open(files.spool));
  BOOKCHAIN_TRY(const auto facts, spool.facts());
  if (!facts.is_drop_box() || !facts.is_own()) return success();
  const auto addresses = addresses_of(files);
  for (const auto& peer : files.genesis.peers()) {
    const auto name = std::to_string(peer.port.value);
    const auto folder = spool.facts_of(name);
    if (peer.port == files.port() || !folder || !folder->is_own()) continue;
    const auto user = user_of(files, addresses, peer.port);
    if (user ? *user != ::geteuid() : all_not_seen) {
      BOOKCHAIN_CHECK(spool.move_out_of_the_way(name));
    }
  }
  return success();
}

/// Whether a spool stays as it is: root made it, or it has this group already.
bool is_settled(const path& spool) {
  struct stat facts {};
  return ::lstat(spool.c_str(), &facts) == 0 &&
         (facts.st_uid == 0 || (is_drop_box(facts) && facts.st_gid == ::getegid()));
}

/// A spool that others deliver into has the group of its user, who reads and removes as a member of it what they put
/// there; so could everybody else in that group.
Result<void> check_own_group(const path& spool) {
  const auto others = ::geteuid() == 0 ? std::vector<std::string>{} : others_in_group(::getegid());
  if (others.empty()) return success();
  std::string names;
  for (const auto& name : others) names += (names.empty() ? "" : ", ") + name;
  return Error{Token::permission, "others in the group of this user could read and remove what is delivered: " + names,
               spool.string(),
               "act as a user with a group of its own, join --private, or accept it: join --trust-group"};
}

}  // namespace

Result<void> make_drop_box(const path& folder, bool is_spool, bool trust_group) {
  if (!trust_group && !is_settled(folder)) BOOKCHAIN_CHECK(check_own_group(folder));
  if (folder.has_parent_path()) BOOKCHAIN_CHECK(make_directory(folder.parent_path(), 0755));
  // Whoever can write beside it could put a link to any folder of this user's in its place: none is followed, and all
  // that is changed is changed at the folder that was looked at.
  if (::mkdir(folder.c_str(), 0700) == 0) {
    auto synced = sync_directory(folder.has_parent_path() ? folder.parent_path() : path("."));
    // Who may make something in a directory need not be allowed to read it.
    if (!synced && synced.error().token != Token::permission) return synced;
  } else if (errno != EEXIST) {
    return system_error("cannot make the spool", folder);
  }
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened && (errno == ELOOP || errno == ENOTDIR)) {
    return not_made_a_drop_box("a link or a file stands where the spool should be", folder);
  }
  struct stat facts {};
  if (!opened || ::fstat(opened.get(), &facts) != 0) return system_error("cannot look at the spool", folder);
  if (facts.st_uid != ::geteuid()) {
    // On a share, an administrator made it and knows why. Any other could read and remove all that is delivered.
    if (facts.st_uid == 0) return success();
    return not_made_a_drop_box("the spool belongs to another user (" + user_name(facts.st_uid) + ")", folder);
  }
  if (!is_drop_box(facts) && !has_nothing_else(opened.get(), is_spool)) {
    return not_made_a_drop_box("the spool would open a folder to all users that has something in it", folder);
  }
  // What is made in it gets its group: not one that others are in as well.
  if (facts.st_gid != ::getegid() && ::fchown(opened.get(), static_cast<uid_t>(-1), ::getegid()) != 0) {
    return system_error("cannot set the group of the spool", folder);
  }
  if (::fchmod(opened.get(), drop_box_mode) != 0) return system_error("cannot set the mode of the spool", folder);
  return sync_file(opened.get(), folder);
}

Result<void> open_spool(const path& home, const path& spool, const Access& access, bool is_spool, bool trust_group) {
  switch (access.to) {
    case Access::To::nobody: return close_spool(home, spool);
    case Access::To::group:
      BOOKCHAIN_CHECK(check_group_guards(home, spool, access.group));
      BOOKCHAIN_CHECK(let_others_pass(home, access.group));
      break;
    case Access::To::all: BOOKCHAIN_CHECK(let_others_pass(home, std::nullopt)); break;
  }
  return make_drop_box(spool, is_spool, trust_group);
}

Result<void> keep_spool_open(const PeerFiles& files) {
  if (!files.access || files.access->to == Access::To::nobody) return success();
  struct stat facts {};
  if (::lstat(files.spool.c_str(), &facts) != 0) {
    if (errno == ENOENT) BOOKCHAIN_CHECK(make_drop_box(files.spool, true, false));
  } else if (S_ISDIR(facts.st_mode) && (facts.st_mode & S_IWOTH) != 0 && (facts.st_mode & S_ISVTX) == 0) {
    return Error{Token::permission, "a spool can be written by everybody, who can remove what is another's there",
                 files.spool.string(), "give it its mode again: chmod 3777 " + shell_word(files.spool.string())};
  }
  return give_folders_back(files, false);
}

Result<void> reopen_spool(const PeerFiles& files, bool trust_group) {
  if (!files.access) return success();
  BOOKCHAIN_CHECK(open_spool(files.home, files.spool, *files.access, true, trust_group));
  if (files.access->to == Access::To::nobody) return success();
  return give_folders_back(files, true);
}

}  // namespace bookchain::cli
