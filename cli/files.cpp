#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/printable.hpp"

namespace bookchain::cli {

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

/// Opens a regular file. O_NONBLOCK: a named pipe must not hang the program before it is seen to be one.
Result<ledger::Descriptor> open_regular(const path& file, int flags, struct stat& facts) {
  BOOKCHAIN_TRY(auto descriptor, ledger::open_file(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (::fstat(descriptor.get(), &facts) != 0) return ledger::system_error("a file cannot be read", file);
  if (!S_ISREG(facts.st_mode)) return Error{Token::bad_file, "this is no regular file", file.string(), {}};
  return descriptor;
}

}  // namespace

Result<std::string> read_text_file(const path& file, std::size_t most, bool dash_is_stdin) {
  if (dash_is_stdin && file == "-") return read_all(STDIN_FILENO, "standard input", most);
  struct stat facts {};
  BOOKCHAIN_TRY(const auto descriptor, open_regular(file, 0, facts));
  return read_all(descriptor.get(), file, most);
}

Result<std::string> read_secret_file(const path& file, std::size_t most) {
  struct stat facts {};
  BOOKCHAIN_TRY(const auto descriptor, open_regular(file, O_NOFOLLOW, facts));
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Token::permission, "others than its owner can reach a file of secrets", file.string(),
                 "make it private: chmod 600 " + shell_word(file.string())};
  }
  return read_all(descriptor.get(), file, most);
}

Result<void> write_text_file(const path& file, std::string_view text, unsigned mode) {
  const ledger::ByteView bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return ledger::write_file_durably(file, bytes, mode);
}

Result<void> replace_file(const path& target, const std::function<Result<void>(int descriptor)>& write) {
  struct stat facts {};
  if (::stat(target.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
    return Error{Token::bad_file, "the target is no regular file", target.string(), {}};
  }
  const auto folder = target.has_parent_path() ? target.parent_path() : path(".");
  auto temporary = (folder / ".bookchain-XXXXXX").string();
  const ledger::Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return ledger::system_error("a file cannot be written", target);
  const auto masked = ::umask(0);
  ::umask(masked);
  ::fchmod(file.get(), 0666 & ~masked);
  auto written = write(file.get());
  if (written) written = ledger::sync_file(file.get(), target);
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) {
    written = ledger::system_error("a file cannot be written", target);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return ledger::sync_directory(folder);
}

}  // namespace bookchain::cli
