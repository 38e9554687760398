#include "transport/spool_quota.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <tuple>
#include <utility>

namespace bookchain::transport {

using namespace ledger;

namespace {

constexpr const char* quota_name = "quota";
constexpr const char* unfinished_name = "quota.new";
constexpr std::size_t largest_quota_file = 256;
constexpr std::uint64_t max_entries_weighed = 10'000;
constexpr std::size_t max_trees_removed_at_once = 8;
/// Those that cannot be removed do not keep the others from it.
constexpr std::size_t max_trees_in_vain = 64;
constexpr std::string_view head = "bookchain/1 quota\nbytes ";
constexpr std::string_view middle = "\nfiles ";

/// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [stopped, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
  return number;
}

/// In a drop box others may have put anything there: what cannot be removed is moved out of the way.
Result<void> clear_name(const SpoolFolder& spool, const std::string& name) {
  if (spool.remove(name)) return success();
  return spool.move_out_of_the_way(name);
}

std::optional<Quota> published(const SpoolFolder& spool) {
  const auto bytes = read_foreign(spool.get(), quota_name, spool / quota_name, largest_quota_file);
  if (!bytes) return std::nullopt;
  return read_quota({reinterpret_cast<const char*>(bytes.value().data()), bytes.value().size()});
}

}  // namespace

std::string write_quota(const Quota& quota) {
  return std::string(head) + std::to_string(quota.bytes) + std::string(middle) + std::to_string(quota.files) + "\n";
}

std::optional<Quota> read_quota(std::string_view text) {
  const auto whole = text;
  if (!text.starts_with(head)) return std::nullopt;
  text.remove_prefix(head.size());
  const auto bytes = take_number(text);
  if (!bytes || !text.starts_with(middle)) return std::nullopt;
  text.remove_prefix(middle.size());
  const auto files = take_number(text);
  if (!files) return std::nullopt;
  const Quota quota{*bytes, *files};
  if (write_quota(quota) != whole) return std::nullopt;
  return quota;
}

Result<void> publish_quota(const SpoolFolder& spool, const Quota& quota) {
  // As the others read it; where it never stood, the default need not.
  if (quota_of(spool) == quota) return success();
  BOOKCHAIN_CHECK(clear_name(spool, unfinished_name));
  const auto text = write_quota(quota);
  {
    BOOKCHAIN_TRY(const auto file, spool.create(unfinished_name));
    const ByteView bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    BOOKCHAIN_CHECK(write_all(file.get(), bytes, spool / unfinished_name));
    if (::fchmod(file.get(), 0644) != 0) return system_error("cannot set the mode of a file", spool / unfinished_name);
    BOOKCHAIN_CHECK(sync_file(file.get(), spool / unfinished_name));
  }
  struct stat facts {};
  if (::fstatat(spool.get(), quota_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode)) {
    BOOKCHAIN_CHECK(clear_name(spool, quota_name));
  }
  if (::renameat(spool.get(), unfinished_name, spool.get(), quota_name) != 0) {
    return system_error("cannot publish the quota of a spool", spool / quota_name);
  }
  return sync_file(spool.get(), spool.shown);
}

Quota quota_of(const SpoolFolder& spool) {
  // In a drop box anybody can make a file of that name: what counts is the word of the owner.
  const auto owner = spool.facts();
  const auto file = spool.facts_of(quota_name);
  if (!owner || !file || file->owner != owner.value().owner) return Quota{};
  return published(spool).value_or(Quota{});
}

void Load::add(std::uint64_t size, bool is_package) {
  ++files;
  bytes += size;
  if (is_package) largest_package = std::max(largest_package, size);
}

Load load_of(const SpoolFolder& waiting) {
  Load load;
  std::size_t hidden = 0;
  for (const auto& name : waiting.names()) {
    if (name.starts_with('.') && ++hidden <= max_hidden_files) continue;
    const auto facts = waiting.facts_of(name);
    if (facts) load.add(facts->bytes, exchange_in_name(name).has_value());
  }
  return load;
}

std::size_t shed_leftovers(const SpoolFolder& folder, const Quota& quota, std::uint64_t spared_bytes,
                           const std::function<bool(const std::string& name)>& is_leftover) {
  std::vector<std::pair<std::string, FolderFacts>> found;
  for (const auto& name : folder.names()) {
    if (!is_leftover(name)) continue;
    if (const auto facts = folder.facts_of(name)) found.emplace_back(name, *facts);
  }
  std::ranges::sort(found, [](const auto& left, const auto& right) {
    return std::tie(right.second.changed_ns, right.first) < std::tie(left.second.changed_ns, left.first);
  });
  Load load;
  // For all trees together: what a look costs is bounded, however many there are.
  std::uint64_t entries_left = max_entries_weighed;
  std::size_t trees_removed = 0;
  std::size_t trees_in_vain = 0;
  std::size_t all_removed = 0;
  for (const auto& [name, facts] : found) {
    const bool is_tree = S_ISDIR(facts.mode);
    const bool may_be_package = !is_tree && facts.bytes <= spared_bytes;
    auto with = load;
    bool is_weighed = !is_tree;
    if (!is_tree) {
      with.add(facts.bytes, may_be_package);
    } else if (entries_left > 0) {
      const auto files_left = quota.files - std::min(quota.files, load.files);
      const auto weight = folder.weight_of(name, std::min<std::uint64_t>(files_left, entries_left));
      entries_left -= std::min(entries_left, weight.entries);
      is_weighed = weight.is_whole;
      with.add(weight.bytes, false);
      with.files += weight.entries - std::min<std::uint64_t>(weight.entries, 1);
    }
    if (is_weighed && with.fits(quota)) {
      load = with;
      continue;
    }
    if (is_tree && ::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0) {  // an empty one costs nothing
      ++all_removed;
      continue;
    }
    if (is_tree && (trees_removed >= max_trees_removed_at_once || trees_in_vain >= max_trees_in_vain)) continue;
    // What cannot be removed is in a folder that its sender has closed, or in one too deep.
    const bool removed = folder.remove(name).has_value();
    if (is_tree) ++(removed ? trees_removed : trees_in_vain);
    all_removed += removed ? 1U : 0U;
  }
  return all_removed;
}

}  // namespace bookchain::transport
