// Folders of a spool, held open while something is done in them. Another peer may replace any name in there
// at any time, so nothing is reached by its path: each folder is opened without following a link, and files
// are named relative to it. `shown` is the path that errors name.
#pragma once

#include "ledger/store/files.hpp"

namespace bookchain::transport {

inline constexpr std::string_view package_suffix = ".package";
/// Begins the names that things get which were moved out of the way.
inline constexpr std::string_view moved_away_mark = ".not-";
/// X in hex with that suffix.
[[nodiscard]] std::string package_name(const ledger::ExchangeId& exchange);
/// The exchange in such a name; nothing if it is another name.
[[nodiscard]] std::optional<ledger::ExchangeId> exchange_in_name(std::string_view name);

/// Whose a folder is, and who may do what in it; the same of a file.
struct FolderFacts {
  std::uint32_t owner{};
  std::uint32_t mode{};
  std::uint64_t bytes{};      ///< what it takes of the disk: a file that is all hole fills nothing
  std::int64_t changed_ns{};  ///< when its content was changed, since 1970
  std::uint64_t length{};     ///< of a file, holes and all

  /// Whether this process's user owns it.
  [[nodiscard]] bool is_own() const;
  /// Whether other users deliver into it by making a folder of their own there, as in /tmp: with the sticky bit
  /// nobody else removes that, and with the set-group-id bit it has the group of this folder, so that the owner of
  /// this one gets at what lies in there and no third user does.
  [[nodiscard]] bool is_drop_box() const;
};

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
  [[nodiscard]] ledger::Result<FolderFacts> facts() const;
  /// The same of a thing in this folder; nothing if it is not there.
  [[nodiscard]] std::optional<FolderFacts> facts_of(const std::string& name) const;
  /// What a thing in this folder takes of the disk, a tree with all that is in it.
  struct Weight {
    std::uint64_t bytes{};
    std::uint64_t entries{};  ///< 1 for a file; all that were listed
    bool is_whole = true;     ///< false: of what was looked at, before it was given up
  };
  /// A tree of more entries than that, or that is deeper than remove() goes or cannot be looked into, is given up.
  [[nodiscard]] Weight weight_of(const std::string& name, std::uint64_t most_entries) const;
  /// Makes a folder in this one, for its user and group (`shared`) or its user alone. No failure if it is there.
  [[nodiscard]] ledger::Result<void> make(const std::string& name, bool shared) const;
  /// Token `permission` if everybody can write there and the sticky bit is missing.
  [[nodiscard]] ledger::Result<void> check_safe() const;
  /// Entries of one folder that are listed: what lies beyond waits until these are gone.
  static constexpr std::size_t max_names = 100'000;
  /// Whether this process may remove things from it, as far as its modes say.
  [[nodiscard]] bool lets_remove() const;
  /// In order; of a folder with more than `most` entries any so many.
  [[nodiscard]] std::vector<std::string> names(std::size_t most = max_names) const;
  /// Removes a file or a tree, following no link. No failure if it is not there. Token `bad-file` for a tree that is
  /// too deep or too full, of which a part may be gone then.
  [[nodiscard]] ledger::Result<void> remove(const std::string& name) const;
  /// Gives it a name that nobody uses, with a point in front. The latest of those that were moved so are kept, as far
  /// as this process may remove the others.
  [[nodiscard]] ledger::Result<void> move_out_of_the_way(const std::string& name) const;
  /// A new file, for its user alone or to be read by the group of the folder as well.
  [[nodiscard]] ledger::Result<ledger::Descriptor> create(const std::string& name, bool shared = false) const;
};

/// Opens a regular file that somebody else put there: no link is followed, no pipe waited for. Tokens:
/// `no-such-file`, `permission`, `bad-file` (whatever else is wrong with this thing), `io` (this process or
/// machine can open nothing now).
[[nodiscard]] ledger::Result<ledger::Descriptor> open_foreign(int folder, const std::string& name,
                                                              const boost::filesystem::path& shown);
/// Reads such a file; `bad-file` also above `most` bytes.
[[nodiscard]] ledger::Result<ledger::Bytes> read_foreign(int folder, const std::string& name,
                                                         const boost::filesystem::path& shown, std::size_t most);

/// Renames a file of one folder into another without replacing; false if the name is taken.
[[nodiscard]] ledger::Result<bool> rename_to_new(const SpoolFolder& from, const std::string& old_name,
                                                 const SpoolFolder& to, const std::string& name);

}  // namespace bookchain::transport
