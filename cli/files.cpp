#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <cstdlib>

#include "cli/printable.hpp"

namespace bookchain::cli {

bool is_there(const path& file) {
  struct stat facts {};
  return ::lstat(file.c_str(), &facts) == 0;
}

namespace {

Result<std::string> read_all(int descriptor, const path& file, std::size_t most) {
  std::string text;
  std::string buffer(std::size_t{64} * 1024, '\0');
  for (;;) {
    const auto got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ledger::system_error("a file cannot be read", file);
    if (got == 0) return text;
    text.append(buffer, 0, static_cast<std::size_t>(got));
    if (text.size() > most)
      return Error{Token::bad_file, "the file is too large for what it should be", file.string(), {}};
  }
}

/// Opens a regular file. O_NONBLOCK: a named pipe must not hang the program before it is seen to be one; where a pipe
/// will do, it is then waited for.
Result<ledger::Descriptor> open_regular(const path& file, int flags, struct stat& facts, bool or_pipe = false) {
  BOOKCHAIN_TRY(auto descriptor, ledger::open_file(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (::fstat(descriptor.get(), &facts) != 0) return ledger::system_error("a file cannot be read", file);
  if (or_pipe && S_ISFIFO(facts.st_mode)) return ledger::open_file(file, O_RDONLY | O_CLOEXEC | flags);
  if (!S_ISREG(facts.st_mode)) return Error{Token::bad_file, "this is no regular file", file.string(), {}};
  return descriptor;
}

/// Once more where a signal came.
template <class Open>
ledger::Descriptor opened(Open open) {
  int number = open();
  while (number < 0 && errno == EINTR) number = open();
  return ledger::Descriptor(number);
}

/// A new file, and the name that the pattern became.
ledger::Descriptor make_hidden(const std::string& pattern, std::string& name) {
  return opened([&] {
    name = pattern;
    return ::mkostemp(name.data(), O_CLOEXEC);
  });
}

/// A file that gets its name when it is complete. Until then it has none, where the file system can do that
/// (O_TMPFILE), so that a killed process leaves nothing; elsewhere a hidden one.
class UnfinishedFile {
 public:
  static Result<UnfinishedFile> create(const path& folder) {
    UnfinishedFile made;
    made.pattern_ = (folder / ".bookchain-XXXXXX").string();
    made.file_ = opened([&] { return ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666); });
    if (made.file_) return made;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
      return ledger::system_error("a file cannot be written", folder);
    }
    made.file_ = make_hidden(made.pattern_, made.name_);
    if (!made.file_) {
      made.name_.clear();
      return ledger::system_error("a file cannot be written", folder);
    }
    const auto masked = ::umask(0);
    ::umask(masked);
    ::fchmod(made.file_.get(), 0666 & ~masked);
    return made;
  }
  UnfinishedFile(UnfinishedFile&&) noexcept = default;
  UnfinishedFile& operator=(UnfinishedFile&&) = delete;
  ~UnfinishedFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  [[nodiscard]] int descriptor() const { return file_.get(); }

  /// A file that replaces another is open to the same users.
  void take_mode(mode_t mode) const { (void)::fchmod(file_.get(), mode & 0777U); }

  /// Replaces what is there.
  Result<void> become(const path& target) {
    if (name_.empty()) {
      if (link_to(target.string())) return ledger::success();
      if (errno != EEXIST) return ledger::system_error("a file cannot be written", target);
      // Nothing but a rename replaces a file at once, and a rename needs a name.
      std::string name;
      const auto reserved = make_hidden(pattern_, name);
      if (!reserved) return ledger::system_error("a file cannot be written", target);
      ::unlink(name.c_str());
      if (!link_to(name)) return ledger::system_error("a file cannot be written", target);
      name_ = name;
    }
    if (::rename(name_.c_str(), target.c_str()) != 0) return ledger::system_error("a file cannot be written", target);
    name_.clear();
    return ledger::success();
  }

 private:
  UnfinishedFile() = default;
  [[nodiscard]] bool link_to(const std::string& name) const {
    const auto itself = "/proc/self/fd/" + std::to_string(file_.get());
    return ::linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  ledger::Descriptor file_;
  std::string pattern_;
  std::string name_;
};

constexpr int most_links_followed = 40;

/// Where the file lies that `target` names: a link is followed, for it is not the link that is to be replaced. A link
/// of /proc stands for something that is open, such as standard output, and that no rename may replace.
Result<path> behind_links(path target) {
  const auto named = target.string();
  for (int followed = 0; followed < most_links_followed; ++followed) {
    struct stat facts {};
    if (::lstat(target.c_str(), &facts) != 0 || !S_ISLNK(facts.st_mode)) return target;
    // The system follows no link that another user has put into a folder of all.
    if (::stat(target.c_str(), &facts) != 0 && errno != ENOENT) {
      return ledger::system_error("a file cannot be written", named);
    }
    boost::system::error_code failed;
    const auto folder =
        boost::filesystem::canonical(target.has_parent_path() ? target.parent_path() : path("."), failed);
    const auto next = boost::filesystem::read_symlink(target, failed);
    if (failed) return ledger::system_error("a file cannot be written", named);
    if ((folder / "").string().starts_with("/proc/")) {
      return Error{Token::bad_file, "the target is no regular file", named, "- is standard output"};
    }
    target = next.is_absolute() ? next : folder / next;
  }
  return Error{Token::bad_file, "the target is a link that leads nowhere", named, {}};
}

}  // namespace

Result<std::string> read_text_file(const path& file, std::size_t most, bool dash_is_stdin) {
  if (dash_is_stdin && file == "-") return read_all(STDIN_FILENO, "standard input", most);
  struct stat facts {};
  BOOKCHAIN_TRY(const auto descriptor, open_regular(file, 0, facts, dash_is_stdin));
  return read_all(descriptor.get(), file, most);
}

Result<std::string> read_secret_file(const path& file, std::size_t most) {
  struct stat facts {};
  BOOKCHAIN_TRY(const auto descriptor, open_regular(file, O_NOFOLLOW, facts));
  if (facts.st_uid != ::geteuid()) {
    return Error{Token::permission, "a file of secrets belongs to another user", file.string(),
                 "act as its owner, or make it your own: chown"};
  }
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Token::permission, "others than its owner can reach a file of secrets", file.string(),
                 "make it private: chmod 600 " + shell_word(file.string())};
  }
  return read_all(descriptor.get(), file, most);
}

Result<void> write_text_file(const path& file, std::string_view text, unsigned mode) {
  const auto bytes = ledger::view_of(text);
  return ledger::write_file_durably(file, bytes, mode);
}

Result<void> replace_file(const path& target, const std::function<Result<void>(int descriptor)>& write) {
  BOOKCHAIN_TRY(const auto place, behind_links(target));
  struct stat facts {};
  const bool is_there = ::stat(place.c_str(), &facts) == 0;
  if (is_there && !S_ISREG(facts.st_mode)) {
    return Error{Token::bad_file, "the target is no regular file", target.string(),
                 S_ISDIR(facts.st_mode) ? "" : "- is standard output"};
  }
  const auto folder = place.has_parent_path() ? place.parent_path() : path(".");
  auto file = UnfinishedFile::create(folder);
  if (!file) return ledger::Error{file.error().token, file.error().what, target.string(), {}};
  if (is_there) file.value().take_mode(facts.st_mode);
  BOOKCHAIN_CHECK(write(file.value().descriptor()));
  BOOKCHAIN_CHECK(ledger::sync_file(file.value().descriptor(), place));
  BOOKCHAIN_CHECK(file.value().become(place));
  return ledger::sync_directory(folder);
}

}  // namespace bookchain::cli
