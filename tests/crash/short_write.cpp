// Preloaded into the program by tests/crash: one write of the process, the Nth of more than one byte to a
// file, writes only the first half of what it was given, as a write may at any time. The other calls pass.
//
//   CRASH_SHORT_WRITE=N       which one; 0: none, only count
//   CRASH_SHORT_WRITE_LOG=F   F gets a line for each such write: its number, call, size, and a mark if shortened
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

long seen = 0;

bool is_file(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// Past the functions that this library stands in front of.
void note(const char* call, std::size_t size, bool shortened) {
  const char* name = std::getenv("CRASH_SHORT_WRITE_LOG");
  if (name == nullptr) return;
  const long file = ::syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[96];
  const int length =
      std::snprintf(line, sizeof line, "%ld %s %zu%s\n", seen, call, size, shortened ? " SHORTENED" : "");
  (void)::syscall(SYS_write, file, line, static_cast<std::size_t>(length));
  (void)::syscall(SYS_close, file);
}

/// How many of the bytes are to be written.
std::size_t allowed(const char* call, int descriptor, std::size_t size) {
  if (size < 2 || !is_file(descriptor)) return size;
  ++seen;
  const char* wanted = std::getenv("CRASH_SHORT_WRITE");
  const bool shorten = wanted != nullptr && std::atol(wanted) == seen;
  note(call, size, shorten);
  return shorten ? size / 2 : size;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(descriptor, bytes, allowed("write", descriptor, size));
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
