#include "transport/spool_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
/// A tree that is removed, each level of which takes a descriptor. No delivery has one level.
constexpr std::size_t max_removed_levels = 16;
constexpr std::size_t max_removed_entries = 10'000;
/// Names of each level of such a tree that are held at a time.
constexpr std::size_t names_at_a_time = 256;

Result<Descriptor> open_at(int folder, const std::string& name, int flags, unsigned mode, const fs::path& shown) {
  for (;;) {
    const int number = ::openat(folder, name.c_str(), flags | O_CLOEXEC, mode);
    if (number >= 0) return Descriptor(number);
    if (errno == ELOOP) return link_in_the_way(shown);
    if (errno != EINTR) return system_error("cannot open a file", shown);
  }
}

Error no_delivery(std::string what, const fs::path& file) {
  return Error{Token::bad_file, std::move(what), file.string(), {}};
}

/// What failed with errno at somebody else's file: nearly always the fault of that file alone.
Error foreign_error(const fs::path& shown) {
  const int number = errno;
  if (number == ELOOP) return link_in_the_way(shown);
  const bool of_this_process = number == EMFILE || number == ENFILE || number == ENOMEM;
  auto error = system_error("a delivery cannot be read", shown);
  if (error.token == Token::io && !of_this_process) error.token = Token::bad_file;
  return error;
}

struct CloseList {
  void operator()(DIR* list) const { ::closedir(list); }
};

FolderFacts facts_in(const struct stat& found) {
  constexpr std::uint64_t bytes_of_a_block = 512;
  const auto on_disk = static_cast<std::uint64_t>(found.st_blocks) * bytes_of_a_block;
  return FolderFacts{found.st_uid, found.st_mode, std::min(static_cast<std::uint64_t>(found.st_size), on_disk),
                     std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec,
                     static_cast<std::uint64_t>(found.st_size)};
}

}  // namespace

std::string package_name(const ExchangeId& exchange) { return to_hex(exchange) + std::string(package_suffix); }

std::optional<ExchangeId> exchange_in_name(std::string_view name) {
  if (!name.ends_with(package_suffix)) return std::nullopt;
  name.remove_suffix(package_suffix.size());
  if (name.size() != 2 * ExchangeId::size || name.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  return fixed_from_hex<ExchangeId>(name);
}

Result<SpoolFolder> SpoolFolder::open(const fs::path& path) {
  BOOKCHAIN_TRY(auto descriptor, open_file(path, folder_flags));
  return SpoolFolder{path, std::move(descriptor)};
}

Result<SpoolFolder> SpoolFolder::inside(const std::string& name) const {
  const auto path = shown / name;
  const int number = ::openat(get(), name.c_str(), folder_flags | O_NOFOLLOW);
  if (number >= 0) return SpoolFolder{path, Descriptor(number)};
  if (errno == ENOTDIR || errno == ELOOP) {
    return Error{Token::bad_file, "a part of a spool is no folder", path.string(), {}};
  }
  return system_error("cannot open a folder of a spool", path);
}

bool FolderFacts::is_own() const { return owner == ::geteuid(); }

bool FolderFacts::is_drop_box() const {
  constexpr unsigned marks = S_ISVTX | S_ISGID;
  return (mode & marks) == marks && (mode & S_IWOTH) != 0;
}

Result<FolderFacts> SpoolFolder::facts() const {
  struct stat facts {};
  if (::fstat(get(), &facts) != 0) return system_error("cannot look at a spool", shown);
  return facts_in(facts);
}

std::optional<FolderFacts> SpoolFolder::facts_of(const std::string& name) const {
  struct stat facts {};
  if (::fstatat(get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return facts_in(facts);
}

Result<void> SpoolFolder::make(const std::string& name, bool shared) const {
  // By the umask and not by chmod: that would take the set-group-id bit, which is inherited, from a folder whose
  // group is another user's.
  const auto mask = ::umask(shared ? 0007 : 0077);
  const int made = ::mkdirat(get(), name.c_str(), 0770);
  ::umask(mask);
  if (made == 0) return sync_file(get(), shown);
  if (errno == EEXIST) return success();
  return system_error("cannot make a folder in a spool", shown / name);
}

Result<void> SpoolFolder::check_safe() const {
  BOOKCHAIN_TRY(const auto found, facts());
  if ((found.mode & S_IWOTH) == 0 || (found.mode & S_ISVTX) != 0) return success();
  return Error{Token::permission, "a spool can be written by everybody", shown.string(),
               "take the right away: chmod o-w " + shown.string()};
}

bool SpoolFolder::lets_remove() const { return ::faccessat(get(), ".", W_OK | X_OK, AT_EACCESS) == 0; }

std::vector<std::string> SpoolFolder::names(std::size_t most) const {
  std::vector<std::string> names;
  const int number = ::openat(get(), ".", folder_flags);
  if (number < 0) return names;
  const std::unique_ptr<DIR, CloseList> list(::fdopendir(number));
  if (!list) {
    ::close(number);
    return names;
  }
  while (names.size() < most) {
    const auto* entry = ::readdir(list.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

namespace {

enum class Unlinked : std::uint8_t { gone, is_folder, failed };

Unlinked unlink_in(const SpoolFolder& folder, const std::string& name) {
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0 || errno == ENOENT) return Unlinked::gone;
  return errno == EISDIR || errno == EPERM ? Unlinked::is_folder : Unlinked::failed;
}

bool remove_empty(const SpoolFolder& folder, const std::string& name) {
  return ::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
}

/// A folder on the way down, and what of it was listed and not looked at yet.
struct Level {
  SpoolFolder folder;
  std::string name;
  std::vector<std::string> left;
  bool is_listed = true;  ///< to its end
};

enum class Removed : std::uint8_t { yes, too_much, failed };

/// Walks down and up again without recursion: how deep a tree is, its maker decides.
Removed remove_folder(const SpoolFolder& in, const std::string& name) {
  std::vector<Level> way;
  const auto enter = [&way](const SpoolFolder& parent, const std::string& next) {
    auto folder = parent.inside(next);
    // What cannot be looked into can still be removed if nothing is in it.
    if (!folder) return remove_empty(parent, next);
    way.push_back(Level{std::move(folder).value(), next, {}, false});
    return true;
  };
  if (!enter(in, name)) return Removed::failed;
  std::size_t entries = 0;
  while (!way.empty()) {
    auto& level = way.back();
    if (level.left.empty() && !level.is_listed) {
      level.left = level.folder.names(names_at_a_time);
      level.is_listed = level.left.size() < names_at_a_time;
    }
    if (level.left.empty()) {
      const auto done = std::move(level.name);
      way.pop_back();
      if (!remove_empty(way.empty() ? in : way.back().folder, done)) return Removed::failed;
      continue;
    }
    const auto each = std::move(level.left.back());
    level.left.pop_back();
    if (++entries > max_removed_entries) return Removed::too_much;
    const auto unlinked = unlink_in(level.folder, each);
    if (unlinked == Unlinked::gone) continue;
    if (unlinked == Unlinked::failed) return Removed::failed;
    if (way.size() >= max_removed_levels) return Removed::too_much;
    if (!enter(level.folder, each)) return Removed::failed;
  }
  return Removed::yes;
}

}  // namespace

SpoolFolder::Weight SpoolFolder::weight_of(const std::string& name, std::uint64_t most_entries) const {
  Weight weight;
  weight.entries = 1;
  std::vector<Level> way;
  // False: it is too much, or hidden from this process.
  const auto add = [&](const SpoolFolder& parent, const std::string& each) {
    const auto facts = parent.facts_of(each);
    if (!facts) return true;  // taken away meanwhile
    weight.bytes += facts->bytes;
    if (!S_ISDIR(facts->mode)) return true;
    if (way.size() >= max_removed_levels) return false;
    auto folder = parent.inside(each);
    if (!folder || ::faccessat(folder.value().get(), ".", R_OK | X_OK, AT_EACCESS) != 0) return false;
    // One more than may be weighed shows that it is too much.
    auto names = folder.value().names(most_entries - weight.entries + 1);
    weight.entries += names.size();
    if (weight.entries > most_entries) return false;
    way.push_back(Level{std::move(folder).value(), each, std::move(names)});
    return true;
  };
  weight.is_whole = weight.entries <= most_entries && add(*this, name);
  while (weight.is_whole && !way.empty()) {
    auto& level = way.back();
    if (level.left.empty()) {
      way.pop_back();
      continue;
    }
    const auto each = std::move(level.left.back());
    level.left.pop_back();
    const auto place = way.size() - 1;
    weight.is_whole = add(way[place].folder, each);
  }
  return weight;
}

Result<void> SpoolFolder::remove(const std::string& name) const {
  const auto unlinked = unlink_in(*this, name);
  if (unlinked == Unlinked::gone) return success();
  const auto removed = unlinked == Unlinked::is_folder ? remove_folder(*this, name) : Removed::failed;
  switch (removed) {
    case Removed::yes: return success();
    case Removed::too_much: return no_delivery("a folder is too deep or too full to be removed", shown / name);
    case Removed::failed: break;
  }
  return system_error("cannot remove", shown / name);
}

Result<void> SpoolFolder::move_out_of_the_way(const std::string& name) const {
  constexpr std::size_t kept_at_most = 10;
  for (int tries = 0; tries < 3; ++tries) {
    timespec now{};
    std::uint64_t random = 0;
    if (::clock_gettime(CLOCK_REALTIME, &now) != 0 || ::getrandom(&random, sizeof random, 0) != sizeof random) break;
    char fresh[64];
    // Begins with the time, so that the first names are of what was moved first.
    std::snprintf(fresh, sizeof fresh, "%016llx-%016llx-", static_cast<unsigned long long>(now.tv_sec),
                  static_cast<unsigned long long>(random));
    const auto aside = std::string(moved_away_mark) + fresh + name.substr(0, 64);
    if (::renameat2(get(), name.c_str(), get(), aside.c_str(), RENAME_NOREPLACE) == 0) {
      auto moved = names();
      std::erase_if(moved, [&](const auto& each) { return !each.starts_with(moved_away_mark); });
      for (std::size_t i = 0; i + kept_at_most < moved.size(); ++i) (void)remove(moved[i]);
      return success();
    }
    if (errno != EEXIST) break;
  }
  return system_error("something of another user cannot be moved away", shown / name);
}

Result<Descriptor> SpoolFolder::create(const std::string& name, bool shared) const {
  const unsigned mode = shared ? 0640 : 0600;
  BOOKCHAIN_TRY(auto file, open_at(get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, shown / name));
  if (!shared || ::fchmod(file.get(), mode) == 0) return file;
  auto error = system_error("cannot set the mode of a file", shown / name);
  ::unlinkat(get(), name.c_str(), 0);
  return error;
}

Result<Descriptor> open_foreign(int folder, const std::string& name, const fs::path& shown) {
  const int number = ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (number < 0) return foreign_error(shown);
  Descriptor file(number);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return foreign_error(shown);
  if (!S_ISREG(facts.st_mode)) return no_delivery("a delivery is no regular file", shown);
  return file;
}

Result<Bytes> read_foreign(int folder, const std::string& name, const fs::path& shown, std::size_t most) {
  BOOKCHAIN_TRY(const auto file, open_foreign(folder, name, shown));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return foreign_error(shown);
  if (static_cast<std::uint64_t>(facts.st_size) > most) {
    return no_delivery("a delivery is larger than it can be", shown);
  }
  // Room for one byte more shows a file that grows while it is read.
  Bytes bytes(static_cast<std::size_t>(facts.st_size) + 1);
  auto size = read_up_to(file.get(), bytes, shown);
  if (!size) return no_delivery(size.error().what, shown);
  if (size.value() >= bytes.size()) return no_delivery("a delivery grows while it is read", shown);
  bytes.resize(size.value());
  return bytes;
}

Result<bool> rename_to_new(const SpoolFolder& from, const std::string& old_name, const SpoolFolder& to,
                           const std::string& name) {
  if (::renameat2(from.get(), old_name.c_str(), to.get(), name.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno == EINVAL || errno == ENOSYS) {
    // Not every file system knows the flag. A link fails as well if the name is taken.
    if (::linkat(from.get(), old_name.c_str(), to.get(), name.c_str(), 0) != 0) {
      if (errno == EEXIST) return false;
      return system_error("cannot deliver", to / name);
    }
    ::unlinkat(from.get(), old_name.c_str(), 0);
    return true;
  }
  return system_error("cannot deliver", to / name);
}

}  // namespace bookchain::transport
