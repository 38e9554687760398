#include "tests/cli/thief.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace bookchain::tests {

namespace fs = boost::filesystem;

namespace {

/// One thing that is tried; true if the system let it happen.
struct Verb {
  const char* name;
  bool (*try_on)(const std::string& target, const std::string& den);
};

bool opens(const std::string& target, int flags) {
  const int number = ::open(target.c_str(), flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (number >= 0) ::close(number);
  return number >= 0;
}

/// A folder that is only kept because something is in it could have been removed by whoever may empty it.
bool is_only_full() { return errno == ENOTEMPTY || errno == EEXIST; }

bool reads(const std::string& target, const std::string& /*den*/) { return opens(target, O_RDONLY); }
bool writes(const std::string& target, const std::string& /*den*/) { return opens(target, O_WRONLY | O_APPEND); }
bool cuts(const std::string& target, const std::string& /*den*/) { return ::truncate(target.c_str(), 0) == 0; }
bool removes(const std::string& target, const std::string& /*den*/) { return ::unlink(target.c_str()) == 0; }
bool removes_folder(const std::string& target, const std::string& /*den*/) {
  return ::rmdir(target.c_str()) == 0 || is_only_full();
}
bool moves_away(const std::string& target, const std::string& den) {
  return ::rename(target.c_str(), (den + "/stolen").c_str()) == 0;
}
bool renames(const std::string& target, const std::string& /*den*/) {
  return ::rename(target.c_str(), (target + ".away").c_str()) == 0;
}
bool replaces(const std::string& target, const std::string& den) {
  const auto forged = den + "/forged";
  const int number = ::open(forged.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (number >= 0) ::close(number);
  return ::rename(forged.c_str(), target.c_str()) == 0;
}
bool replaces_folder(const std::string& target, const std::string& den) {
  const auto forged = den + "/forged.folder";
  ::mkdir(forged.c_str(), 0777);
  return ::rename(forged.c_str(), target.c_str()) == 0 || is_only_full();
}
/// Where the system lets anybody make another name for what he cannot open, that is no way to open it.
bool links(const std::string& target, const std::string& den) {
  const auto name = den + "/linked";
  const bool made = ::link(target.c_str(), name.c_str()) == 0;
  const bool of_use = made && (opens(name, O_RDONLY) || opens(name, O_WRONLY));
  ::unlink(name.c_str());
  return of_use;
}
bool changes_mode(const std::string& target, const std::string& /*den*/) { return ::chmod(target.c_str(), 0777) == 0; }
bool takes_over(const std::string& target, const std::string& /*den*/) {
  return ::lchown(target.c_str(), ::geteuid(), ::getegid()) == 0;
}
bool touches(const std::string& target, const std::string& /*den*/) {
  return ::utimensat(AT_FDCWD, target.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}
bool watches(const std::string& target, const std::string& /*den*/) {
  const int queue = ::inotify_init1(IN_CLOEXEC);
  const bool watched = ::inotify_add_watch(queue, target.c_str(), IN_ALL_EVENTS) >= 0;
  ::close(queue);
  return watched;
}
bool makes_file_in(const std::string& target, const std::string& /*den*/) {
  const auto name = target + "/forged";
  const int number = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (number < 0) return false;
  ::close(number);
  ::unlink(name.c_str());
  return true;
}
bool makes_folder_in(const std::string& target, const std::string& /*den*/) {
  const auto name = target + "/forged.folder";
  return ::mkdir(name.c_str(), 0777) == 0 && (::rmdir(name.c_str()) == 0 || true);
}
bool connects(const std::string& target, const std::string& /*den*/) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, target.c_str(), target.size());
  const int number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(number);
  return connected;
}

/// Those that break what they are let do come last.
constexpr Verb verbs[] = {{"read", reads},
                          {"watch", watches},
                          {"connect", connects},
                          {"link", links},
                          {"write", writes},
                          {"make-file-in", makes_file_in},
                          {"make-folder-in", makes_folder_in},
                          {"touch", touches},
                          {"cut", cuts},
                          {"change-mode", changes_mode},
                          {"take-over", takes_over},
                          {"rename", renames},
                          {"move-away", moves_away},
                          {"replace", replaces},
                          {"replace-folder", replaces_folder},
                          {"remove", removes},
                          {"remove-folder", removes_folder}};

[[noreturn]] void steal(uid_t user, const std::vector<path>& targets, const path& den, const std::string& only,
                        int out) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) {
    ::_exit(1);
  }
  std::string found;
  for (const auto& target : targets) {
    for (const auto& verb : verbs) {
      if (!only.empty() && only != verb.name) continue;
      if (verb.try_on(target.string(), den.string())) found += std::string(verb.name) + " " + target.string() + "\n";
    }
  }
  for (std::size_t done = 0; done < found.size();) {
    const auto wrote = ::write(out, found.data() + done, found.size() - done);
    if (wrote <= 0) ::_exit(1);
    done += static_cast<std::size_t>(wrote);
  }
  ::_exit(0);
}

}  // namespace

std::vector<std::string> thief_verbs() {
  std::vector<std::string> names;
  for (const auto& verb : verbs) names.emplace_back(verb.name);
  return names;
}

std::vector<Opening> try_all_verbs(uid_t user, const std::vector<path>& targets, const path& den,
                                   const std::string& only) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t pid = ::fork();
  BOOST_REQUIRE(pid >= 0);
  if (pid == 0) steal(user, targets, den, only, ends[1]);
  ::close(ends[1]);
  std::string told;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;) {
    told.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  BOOST_REQUIRE_MESSAGE(status == 0, "the thief could not become user " << user);
  std::vector<Opening> openings;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    openings.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return openings;
}

std::vector<path> everything_in(const path& folder) {
  std::vector<path> found{folder};
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry) found.push_back(entry->path());
  return found;
}

}  // namespace bookchain::tests
