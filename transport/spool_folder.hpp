// Folders of a spool, held open while something is done in them. Another peer may replace any name in there
// at any time, so nothing is reached by its path: each folder is opened without following a link, and files
// are named relative to it. `shown` is the path that errors name.
#pragma once

#include "ledger/store/files.hpp"

namespace bookchain::transport {

inline constexpr std::string_view package_suffix = ".package";
/// X in hex with that suffix.
[[nodiscard]] std::string package_name(const ledger::ExchangeId& exchange);
/// The exchange in such a name; nothing if it is another name.
[[nodiscard]] std::optional<ledger::ExchangeId> exchange_in_name(std::string_view name);

/// A folder with the path that errors name.
struct SpoolFolder {
  boost::filesystem::path shown;
  ledger::Descriptor descriptor;

  [[nodiscard]] int get() const { return descriptor.get(); }
  [[nodiscard]] boost::filesystem::path operator/(const std::string& name) const { return shown / name; }

  /// A folder that the network file names: links on the way to it are the user's own.
  [[nodiscard]] static ledger::Result<SpoolFolder> open(const boost::filesystem::path& path);
  /// A folder in this one. Tokens: `no-such-file`, `permission`, `io` (a link or no folder, too).
  [[nodiscard]] ledger::Result<SpoolFolder> inside(const std::string& name) const;
  /// Token `permission` if everybody can write there and the sticky bit is missing.
  [[nodiscard]] ledger::Result<void> check_safe() const;
  /// In order; beyond a fixed number what was not listed waits until the rest is gone.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Removes a file or a whole tree, following no link. No failure if it is not there.
  [[nodiscard]] ledger::Result<void> remove(const std::string& name) const;
  [[nodiscard]] ledger::Result<ledger::Descriptor> create(const std::string& name) const;
};

/// Opens a regular file that somebody else put there: no link is followed, no pipe waited for. Tokens:
/// `no-such-file`, `permission`, `bad-file` (whatever else is wrong with this thing), `io` (this process or
/// machine can open nothing now).
[[nodiscard]] ledger::Result<ledger::Descriptor> open_foreign(int folder, const std::string& name,
                                                              const boost::filesystem::path& shown);
/// Reads such a file; `bad-file` also above `most` bytes.
[[nodiscard]] ledger::Result<ledger::Bytes> read_foreign(int folder, const std::string& name,
                                                         const boost::filesystem::path& shown, std::size_t most);

/// Renames from one folder into another without replacing; false if the name is taken.
[[nodiscard]] ledger::Result<bool> rename_to_new(const SpoolFolder& from, const SpoolFolder& to,
                                                 const std::string& name);

}  // namespace bookchain::transport
