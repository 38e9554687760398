// Preloaded into the program by tests/crash: one write of the process, the Nth of more than one byte to a
// file, writes only the first half of what it was given, as a write may at any time. The other calls pass.
//
//   CRASH_SHORT_WRITE=N       which one; 0: none, only count
//   CRASH_SHORT_SOCKET=N      beside that, no transfer over a socket moves more than N bytes
//   CRASH_SHORT_WRITE_LOG=F   F gets a line for each such write: its number, call, size, file, a mark if shortened
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::atomic<long> seen = 0;

bool is_file(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// Past the functions that this library stands in front of.
void note(long number, const char* call, int descriptor, std::size_t size, bool shortened) {
  const char* name = std::getenv("CRASH_SHORT_WRITE_LOG");
  if (name == nullptr) return;
  char link[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  char path[1024] = {};
  (void)!::readlink(link, path, sizeof path - 1);
  const long file = ::syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[1200];
  const int length =
      std::snprintf(line, sizeof line, "%ld %s %zu %s%s\n", number, call, size, path, shortened ? " SHORTENED" : "");
  (void)::syscall(SYS_write, file, line, static_cast<std::size_t>(length));
  (void)::syscall(SYS_close, file);
}

/// How many of the bytes are to be written.
std::size_t allowed(const char* call, int descriptor, std::size_t size) {
  if (size < 2 || !is_file(descriptor)) return size;
  const long number = ++seen;
  const char* wanted = std::getenv("CRASH_SHORT_WRITE");
  const bool shorten = wanted != nullptr && std::atol(wanted) == number;
  note(number, call, descriptor, size, shorten);
  return shorten ? size / 2 : size;
}

/// How many bytes go over a socket at once; noted where that is less than was asked for.
std::size_t transferred(const char* call, int descriptor, std::size_t size) {
  const char* most = std::getenv("CRASH_SHORT_SOCKET");
  if (most == nullptr || size <= static_cast<std::size_t>(std::atol(most))) return size;
  static std::atomic<bool> noted = false;
  if (!noted.exchange(true)) note(0, call, descriptor, size, true);
  return static_cast<std::size_t>(std::atol(most));
}

/// The parts that hold the first bytes of all, as many as are to be written.
std::vector<iovec> allowed_parts(const char* call, int descriptor, const iovec* parts, int count) {
  std::size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  auto left = allowed(call, descriptor, size);
  std::vector<iovec> kept;
  for (int i = 0; i < count && left > 0; ++i) {
    kept.push_back({parts[i].iov_base, std::min(parts[i].iov_len, left)});
    left -= kept.back().iov_len;
  }
  return kept;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(descriptor, bytes, allowed("write", descriptor, size));
}

ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  return real(descriptor, bytes, transferred("send", descriptor, size), flags);
}

ssize_t recv(int descriptor, void* bytes, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, int)>("recv");
  return real(descriptor, bytes, transferred("recv", descriptor, size), flags);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  const auto kept = allowed_parts("writev", descriptor, parts, count);
  return real(descriptor, kept.data(), static_cast<int>(kept.size()));
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t at) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  const auto kept = allowed_parts("pwritev", descriptor, parts, count);
  return real(descriptor, kept.data(), static_cast<int>(kept.size()), at);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return real(descriptor, bytes, allowed("pwrite", descriptor, size), at);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(descriptor, bytes, allowed("pwrite64", descriptor, size), at);
}
}
