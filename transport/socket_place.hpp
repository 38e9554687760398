// The place of a Unix socket in the file system: who may listen there, and how to reach it. A lock file
// in the home says whether a process of it still serves: a live socket is never taken over, one that a
// killed process left is. Paths longer than a socket address holds are reached through the open folder.
#pragma once

#include "ledger/store/files.hpp"

namespace bookchain::transport {

/// Held by the one process that serves a home, for as long as it runs.
class ServingLock {
 public:
  /// Nothing if another process holds it. Tokens: `io`, `permission`.
  [[nodiscard]] static ledger::Result<std::optional<ServingLock>> take(const boost::filesystem::path& file);

 private:
  explicit ServingLock(ledger::Descriptor file) : file_(std::move(file)) {}
  ledger::Descriptor file_;
};

/// A socket that listens at a path, and removes it when it is closed.
class ListeningPlace {
 public:
  /// Precondition: the caller holds the ServingLock that belongs to `path`. Makes the folder (mode 0700) if it
  /// is missing. Tokens: `io` (something that is no socket lies there, or one on which somebody listens; the path is
  /// too long), `permission` (everybody can write in the folder and the sticky bit is missing), `disk-full`.
  [[nodiscard]] static ledger::Result<ListeningPlace> open(const boost::filesystem::path& path, unsigned mode);
  ~ListeningPlace();
  ListeningPlace(ListeningPlace&&) noexcept = default;
  ListeningPlace& operator=(ListeningPlace&&) = delete;
  ListeningPlace(const ListeningPlace&) = delete;
  ListeningPlace& operator=(const ListeningPlace&) = delete;

  /// Gives the listening descriptor away; the path is still removed in the end.
  [[nodiscard]] int give_descriptor();

 private:
  ListeningPlace(ledger::Descriptor folder, std::string name, ledger::Descriptor socket)
      : folder_(std::move(folder)), name_(std::move(name)), socket_(std::move(socket)) {}
  ledger::Descriptor folder_;
  std::string name_;
  ledger::Descriptor socket_;
};

/// A connection to whoever listens at `path`, not blocking. Never waits. Tokens: `no-such-file` (nobody listens),
/// `permission`, `io`.
[[nodiscard]] ledger::Result<ledger::Descriptor> connect_to(const boost::filesystem::path& path);

}  // namespace bookchain::transport
