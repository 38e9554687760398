#include "ledger/store/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace bookchain::ledger {

namespace fs = boost::filesystem;

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.number_;
    other.number_ = -1;
  }
  return *this;
}

Error system_error(const std::string& what, const fs::path& path) {
  const int number = errno;
  auto token = Token::io;
  if (number == ENOSPC || number == EDQUOT) token = Token::disk_full;
  if (number == EACCES || number == EPERM || number == EROFS) token = Token::permission;
  if (number == ENOENT || number == ENOTDIR) token = Token::no_such_file;
  return Error{token, what + " (" + std::strerror(number) + ")", path.string(), {}};
}

Error link_in_the_way(const fs::path& path) {
  return Error{Token::bad_file, "a link stands where a file should be, and is not followed", path.string(), {}};
}

Result<Descriptor> open_file(const fs::path& path, int flags, unsigned mode) {
  for (;;) {
    const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (number >= 0) return Descriptor(number);
    if (errno == ELOOP && (flags & O_NOFOLLOW) != 0) return link_in_the_way(path);
    if (errno != EINTR) return system_error("cannot open a file", path);
  }
}

Result<void> write_all(int descriptor, ByteView bytes, const fs::path& name) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write", name);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return success();
}

Result<std::size_t> read_up_to(int descriptor, std::span<std::uint8_t> bytes, const fs::path& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot read", name);
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> write_at(int descriptor, ByteView bytes, std::uint64_t place, const fs::path& name) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write", name);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    place += static_cast<std::uint64_t>(written);
  }
  return success();
}

Result<std::size_t> read_at(int descriptor, std::span<std::uint8_t> bytes, std::uint64_t place, const fs::path& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(place + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot read", name);
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

namespace {

/// The system gives a read lease only on a file that nobody has open for writing. Whoever opens it in the moment that
/// the lease is held makes the system send SIGIO, which would end the process.
bool is_open_to_write(int descriptor) {
  sigset_t of_lease;
  sigset_t before;
  sigemptyset(&of_lease);
  sigaddset(&of_lease, SIGIO);
  if (::pthread_sigmask(SIG_BLOCK, &of_lease, &before) != 0) return true;
  const bool leased = ::fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0;
  if (leased) ::fcntl(descriptor, F_SETLEASE, F_UNLCK);
  const timespec at_once{0, 0};
  if (leased) ::sigtimedwait(&of_lease, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return !leased;
}

}  // namespace

bool is_ours_alone(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 || info.st_nlink != 1) return false;
  return !is_open_to_write(descriptor);
}

int error_of_sync(int descriptor) noexcept {
  while (::fsync(descriptor) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

Result<void> sync_result(int error, const fs::path& name) {
  if (error == 0) return success();
  errno = error;
  return system_error("cannot sync", name);
}

Result<void> sync_file(int descriptor, const fs::path& name) { return sync_result(error_of_sync(descriptor), name); }

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

Result<void> sync_directory(const fs::path& directory) {
  BOOKCHAIN_TRY(const auto descriptor, open_file(directory, O_RDONLY | O_DIRECTORY));
  return sync_file(descriptor.get(), directory);
}

namespace {

enum class Made : std::uint8_t { now, before, parent_missing };

/// One directory, in a directory that is there; durable when it returns.
Result<Made> make_one_directory(fs::path directory, unsigned mode) {
  // As at the end of "folder/".
  while (directory.filename_is_dot() && directory.has_parent_path()) directory = directory.parent_path();
  const auto parent = directory.has_parent_path() ? directory.parent_path() : fs::path(".");
  const auto name = directory.filename().string();
  const Descriptor above(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (above && ::mkdirat(above.get(), name.c_str(), mode) == 0) {
    // What the umask took from the mode is given back: the modes are part of the contract. Not by the path: where
    // others may write, the name can be a link of theirs by now.
    const Descriptor made(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made || ::fchmod(made.get(), mode) != 0) return system_error("cannot set the mode of a directory", directory);
    auto synced = sync_directory(parent);
    // Who may make something in a directory need not be allowed to read it.
    if (!synced && synced.error().token != Token::permission) return std::move(synced).as_failure();
    return Made::now;
  }
  if (errno == ENOENT) return Made::parent_missing;
  if (errno == EEXIST) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return Made::before;
    errno = ENOTDIR;
  }
  if (errno == ENOTDIR) {
    return Error{Token::io, "a file stands where a directory should be", directory.string(), {}};
  }
  return system_error("cannot make a directory", directory);
}

}  // namespace

Result<void> make_directory(const fs::path& directory, unsigned mode) {
  BOOKCHAIN_TRY(auto made, make_one_directory(directory, mode));
  if (made != Made::parent_missing) return success();
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    BOOKCHAIN_CHECK(make_directory(directory.parent_path(), mode));
    BOOKCHAIN_TRY(made, make_one_directory(directory, mode));
    if (made != Made::parent_missing) return success();
  }
  // The directory above is there, and still nothing can be made in it: it was removed, or is not a real one.
  return Error{Token::io, "no directory can be made here", directory.string(), {}};
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename into place", to);
  return sync_directory(to.parent_path());
}

Result<void> write_file_durably(const fs::path& path, ByteView bytes, unsigned mode) {
  auto temporary = path;
  temporary += ".new";
  {
    // What a killed process left is removed. Where others may write, it could be anything of theirs, and is not used.
    struct stat left {};
    if (::lstat(temporary.c_str(), &left) == 0) (void)::unlink(temporary.c_str());
    auto opened = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (!opened && ::lstat(temporary.c_str(), &left) == 0) {
      opened.error().hint =
          "it is in the way, and belongs to somebody else: choose another directory, or have it removed";
    }
    BOOKCHAIN_TRY(const auto file, std::move(opened));
    // What is for others is for them whatever the umask is.
    if ((mode & 0077U) != 0 && ::fchmod(file.get(), mode) != 0) {
      return system_error("cannot set the mode of a file", temporary);
    }
    BOOKCHAIN_CHECK(write_all(file.get(), bytes, temporary));
    BOOKCHAIN_CHECK(sync_file(file.get(), temporary));
  }
  return rename_durably(temporary, path);
}

Result<Bytes> read_small_file(const fs::path& path, std::size_t most) {
  BOOKCHAIN_TRY(const auto file, open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("cannot look at a file", path);
  if (!S_ISREG(info.st_mode)) return Error{Token::bad_file, "not a regular file", path.string(), {}};
  if (static_cast<std::uint64_t>(info.st_size) > most) {
    return Error{Token::bad_file, "the file is larger than it can be", path.string(), {}};
  }
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  BOOKCHAIN_TRY(const auto size, read_up_to(file.get(), bytes, path));
  bytes.resize(size);
  return bytes;
}

Result<void> remove_tree(const fs::path& path) {
  boost::system::error_code error;
  fs::remove_all(path, error);
  if (!error || error.value() == ENOENT) return success();
  errno = error.value();
  return system_error("cannot remove", path);
}

}  // namespace bookchain::ledger
