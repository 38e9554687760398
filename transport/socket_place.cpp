#include "transport/socket_place.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

constexpr int socket_folder_flags = O_PATH | O_DIRECTORY;
/// Connections that wait to be accepted.
constexpr int backlog = 128;

/// An address of any length: what does not fit is named through its open folder.
Result<sockaddr_un> address_in(const Descriptor& folder, const std::string& name, const fs::path& shown) {
  const auto text = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (text.size() >= sizeof address.sun_path) {
    return Error{Token::io, "the name of a socket is too long", shown.string(), "give the socket a shorter name"};
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

const sockaddr* as_address(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

Result<Descriptor> new_socket(const fs::path& shown) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return system_error("cannot make a socket", shown);
  return made;
}

/// What a killed process left is removed; what is no socket is somebody's.
Result<void> clear_place(const Descriptor& folder, const std::string& name, const fs::path& shown) {
  struct stat facts {};
  if (::fstatat(folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return success();
    return system_error("cannot look at a socket", shown);
  }
  if (!S_ISSOCK(facts.st_mode)) {
    return Error{Token::io, "something that is no socket is in the way", shown.string(), "move it away"};
  }
  // The lock of this home says nothing of another home that has the same address.
  const auto connected = connect_to(shown);
  if (connected || connected.error().token != Token::no_such_file) {
    return Error{Token::io, "somebody else listens at this peer's address", shown.string(),
                 "give each peer an address of its own"};
  }
  if (::unlinkat(folder.get(), name.c_str(), 0) != 0) return system_error("cannot remove an old socket", shown);
  return success();
}

Result<void> check_folder(const Descriptor& folder, const fs::path& shown) {
  struct stat facts {};
  if (::fstat(folder.get(), &facts) != 0) return system_error("cannot look at the folder of a socket", shown);
  if ((facts.st_mode & S_IWOTH) == 0 || (facts.st_mode & S_ISVTX) != 0) return success();
  return Error{Token::permission, "the folder of a socket can be written by everybody", shown.string(),
               "take the right away: chmod o-w " + shown.string()};
}

}  // namespace

Result<std::optional<ServingLock>> ServingLock::take(const fs::path& file) {
  BOOKCHAIN_CHECK(make_directory(file.parent_path()));
  BOOKCHAIN_TRY(auto opened, open_file(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  while (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<ServingLock>{};
    if (errno != EINTR) return system_error("cannot lock", file);
  }
  return std::optional(ServingLock(std::move(opened)));
}

Result<ListeningPlace> ListeningPlace::open(const fs::path& path, unsigned mode) {
  const auto parent = path.parent_path();
  const auto name = path.filename().string();
  BOOKCHAIN_CHECK(make_directory(parent));
  BOOKCHAIN_TRY(auto folder, open_file(parent, socket_folder_flags));
  BOOKCHAIN_CHECK(check_folder(folder, parent));
  BOOKCHAIN_CHECK(clear_place(folder, name, path));
  BOOKCHAIN_TRY(auto socket, new_socket(path));
  BOOKCHAIN_TRY(const auto address, address_in(folder, name, path));
  // On Linux the file gets the mode of the descriptor: nobody can connect before it is set.
  if (::fchmod(socket.get(), mode) != 0) return system_error("cannot set the mode of a socket", path);
  if (::bind(socket.get(), as_address(address), sizeof address) != 0) return system_error("cannot listen", path);
  if (::fchmodat(folder.get(), name.c_str(), mode, 0) != 0) {
    return system_error("cannot set the mode of a socket", path);
  }
  if (::listen(socket.get(), backlog) != 0) return system_error("cannot listen", path);
  return ListeningPlace(std::move(folder), name, std::move(socket));
}

ListeningPlace::~ListeningPlace() {
  if (folder_) ::unlinkat(folder_.get(), name_.c_str(), 0);
}

int ListeningPlace::give_descriptor() { return ::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0); }

Result<Descriptor> connect_to(const fs::path& path) {
  BOOKCHAIN_TRY(const auto folder, open_file(path.parent_path(), socket_folder_flags));
  BOOKCHAIN_TRY(auto socket, new_socket(path));
  BOOKCHAIN_TRY(const auto address, address_in(folder, path.filename().string(), path));
  while (::connect(socket.get(), as_address(address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    const bool nobody_listens = errno == ECONNREFUSED;
    auto error = system_error("cannot connect", path);
    if (nobody_listens) error.token = Token::no_such_file;
    return error;
  }
  return socket;
}

}  // namespace bookchain::transport
