// SpoolDelivery: what this peer puts into its folder of another's spool in one piece. Written in tmp/, synced, renamed
// into new/, and that synced. The folders are another peer's, who may put anything in their place: a file is only ever
// made, renamed or removed relative to a folder that was opened as one.
#pragma once

#include <functional>

#include "transport/joint_sync.hpp"
#include "transport/link.hpp"
#include "transport/spool_folder.hpp"
#include "transport/spool_quota.hpp"

namespace bookchain::transport {

/// Where this peer delivers to another.
struct SpoolTarget {
  SpoolFolder unfinished;  ///< tmp/
  SpoolFolder waiting;     ///< new/
  bool shared = false;     ///< with another user, who reads as the group of the folder
  Quota quota;             ///< of this peer there
};

class SpoolDelivery {
 public:
  using Sync = std::function<std::vector<Result<void>>(const std::vector<JointSync::Item>&)>;
  using FreshName = std::function<std::string()>;

  explicit SpoolDelivery(SpoolTarget to) : to_(std::move(to)) {}
  SpoolDelivery(SpoolDelivery&&) = default;
  SpoolDelivery& operator=(SpoolDelivery&&) = delete;
  /// Removes from tmp/ what did not appear.
  ~SpoolDelivery();

  // Once something has failed, nothing more is written, and only what was written before is brought.

  /// Writes a file of that name, which nobody uses.
  void add_mail(std::string name, ledger::ByteView bytes);
  /// Where none of its size waits there already. A package in a file, which may take long to copy, appears at once.
  void add_package(const PackageFile& package);
  [[nodiscard]] std::size_t count_descriptors() const;

  /// Brings them to their receivers: all files that are not durable yet are synced, then they appear, then the folders
  /// are synced. Gives for each whether all of it is there, and durable. `fresh_name` gives another where the name of
  /// a file is taken. Tokens: `io`, `disk-full`, `permission`.
  [[nodiscard]] static std::vector<Result<void>> bring(std::vector<Result<SpoolDelivery>>& deliveries, const Sync& sync,
                                                       const FreshName& fresh_name);

 private:
  struct File {
    std::string name;
    bool is_package = false;
    std::optional<ledger::Descriptor> unsynced = std::nullopt;  ///< where it is not durable yet
  };
  [[nodiscard]] Result<void> write(File& file, ledger::ByteView bytes) const;
  void add_file(std::string name, bool is_package, ledger::ByteView bytes);
  [[nodiscard]] Result<void> hand_over(const PackageFile& package, const std::string& name) const;
  [[nodiscard]] Result<void> appear(const File& file, const FreshName& fresh_name) const;
  void appear_all(const FreshName& fresh_name);
  void fail(std::size_t first, Error why);

  SpoolTarget to_;
  std::vector<File> files_;  ///< in tmp/, in the order in which they are to appear
  Result<void> outcome_ = ledger::success();
};

}  // namespace bookchain::transport
