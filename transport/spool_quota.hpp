// How much one sender may have waiting in a spool. The receiver says it in a file beside the folders of the senders;
// an honest sender holds back what would be more, so that it lies in its own outbox and not on another's disk.
#pragma once

#include <functional>

#include "transport/link.hpp"
#include "transport/spool_folder.hpp"

namespace bookchain::transport {

struct Quota {
  std::uint64_t bytes = std::uint64_t{256} << 20U;
  std::uint64_t files = 10'000;
  friend bool operator==(const Quota&, const Quota&) = default;
};

/// "bookchain/1 quota", then a line with the bytes and one with the files.
[[nodiscard]] std::string write_quota(const Quota& quota);
/// Nothing if the text is not exactly of that form.
[[nodiscard]] std::optional<Quota> read_quota(std::string_view text);

/// Puts the quota into the own spool, if it does not stand there.
[[nodiscard]] ledger::Result<void> publish_quota(const SpoolFolder& spool, const Quota& quota);
/// What the owner of a spool says; the default where it says nothing that can be understood.
[[nodiscard]] Quota quota_of(const SpoolFolder& spool);

/// What waits in one folder.
struct Load {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  std::uint64_t largest_package = 0;  ///< contained in `bytes`

  void add(std::uint64_t size, bool is_package);
  /// One book may be under way whatever its size: the largest package does not count.
  [[nodiscard]] bool fits(const Quota& quota) const {
    return files <= quota.files && bytes - largest_package <= quota.bytes;
  }
};
/// Programs that carry files between hosts begin the names of what is not whole yet with a dot. A sender may have so
/// many of them, which are nobody's delivery; more are put aside like all that is none.
inline constexpr std::size_t max_hidden_files = 1'000;
/// Without the hidden files that a sender may have.
[[nodiscard]] Load load_of(const SpoolFolder& waiting);

/// The receiver's side: removes from a folder what nobody will take, the oldest first, down to the quota, trees with
/// all that is in them. The largest file of up to `spared_bytes` does not count: it may be a package on its way.
/// `is_leftover` says by the name what nobody takes. Gives how many were removed, a tree being one.
std::size_t shed_leftovers(const SpoolFolder& folder, const Quota& quota, std::uint64_t spared_bytes,
                           const std::function<bool(const std::string& name)>& is_leftover);

}  // namespace bookchain::transport
