// What a SpoolLink does with what is no delivery: puts it aside with the reason, keeps that within bounds, and removes
// what no sender has to leave behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "transport/spool_link.hpp"

namespace bookchain::transport {

using namespace ledger;

namespace {

/// How often it is looked after what no sender has to leave behind: each look reads the folders of all.
constexpr std::uint64_t shed_every_us = 10'000'000;
/// Of a file in bad/, which has a reason beside it.
constexpr std::size_t longest_kept_name = 200;
constexpr std::size_t max_trees_pruned_at_once = 8;

}  // namespace

Result<void> SpoolLink::move_aside(PeerPort from, const std::string& name, const Error& reason) {
  BOOKCHAIN_TRY(const auto folder, from_folder(from, "new"));
  if (drop_box_) {
    BOOKCHAIN_TRY(const auto of_sender, from_folder(from, {}));
    (void)of_sender.make("bad", false);
  }
  const auto opened = from_folder(from, "bad");
  if (!opened) {
    // Its sender closed it, or made something else of that name. Any other failure is this machine's.
    struct stat there {};
    const bool is_none = ::fstatat(folder.get(), "../bad", &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode);
    const bool is_closed = opened.error().token == Token::permission;
    return is_none || is_closed ? folder.remove(name) : Result<void>(Error(opened.error()));
  }
  const auto& bad = opened.value();
  // Its own name would make it the reason of another, or is too long to have one.
  auto kept_as = name.ends_with(reason_suffix) ? name + ".delivery" : name;
  if (kept_as.size() > longest_kept_name) kept_as = fresh_name();
  // Nobody knows what a tree holds, so that none is kept but one that cannot be removed at once.
  const auto facts = folder.facts_of(name);
  bool moved = facts && S_ISDIR(facts->mode) && folder.remove(name);
  if (!moved) moved = ::renameat(folder.get(), name.c_str(), bad.get(), kept_as.c_str()) == 0;
  // A folder that is not empty lies there under that name.
  if (!moved) moved = ::renameat(folder.get(), name.c_str(), bad.get(), (kept_as = fresh_name()).c_str()) == 0;
  // If it cannot be moved, it is only in the way.
  if (!moved) BOOKCHAIN_CHECK(folder.remove(name));
  const auto line = std::string(ledger::name(reason.token)) + ": " + reason.what + "\n";
  const auto note = kept_as + std::string(reason_suffix);
  (void)bad.remove(note);
  if (auto out = bad.create(note)) {
    (void)write_all(out.value().get(), ByteView(reinterpret_cast<const std::uint8_t*>(line.data()), line.size()),
                    bad / note);
  }
  return success();
}

/// Keeps the latest files, each with its reason, and of those that are too much beside newer ones the reason alone.
void SpoolLink::prune(const SpoolFolder& bad) const {
  std::set<std::string> kept;
  for (const auto& name : bad.names()) {
    const bool is_reason = name.ends_with(reason_suffix);
    kept.insert(is_reason ? name.substr(0, name.size() - reason_suffix.size()) : name);
  }
  std::size_t trees = 0;
  const auto drop = [&](const std::string& name) {
    if (::unlinkat(bad.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
    // Trees can be such that they cannot be removed: not all of them are tried each time.
    if (trees++ < max_trees_pruned_at_once) (void)bad.remove(name);
  };
  while (kept.size() > max_bad_files) {
    drop(*kept.begin());
    (void)bad.remove(*kept.begin() + std::string(reason_suffix));
    kept.erase(kept.begin());
  }
  std::uint64_t bytes = 0;
  for (auto name = kept.rbegin(); name != kept.rend(); ++name) {
    const auto facts = bad.facts_of(*name);
    if (!facts) continue;
    // What a tree holds, only a walk through it could say.
    if (S_ISDIR(facts->mode) || facts->bytes > settings_.quota.bytes - bytes) {
      drop(*name);
    } else {
      bytes += facts->bytes;
    }
  }
}

/// An honest sender writes one file at a time, and clears what a killed process left. Where it does not, or where a
/// program that carries files stopped in the middle, the disk is this peer's.
void SpoolLink::shed_what_nobody_takes() {
  const auto now = environment_.now();
  if (shed_at_ && !has_passed(*shed_at_, now, shed_every_us)) return;
  shed_at_ = now;
  if (const auto spool = SpoolFolder::open(settings_.own_spool)) {
    for (const auto port : settings_.senders) move_stranger_away(spool.value(), port);
  }
  for (const auto port : settings_.senders) shed_from(port);
  if (drop_box_) shed_beside_senders();
}

void SpoolLink::shed_from(PeerPort from) {
  std::size_t removed = 0;
  const auto shed = [&](const std::string& part, std::uint64_t spared, const auto& is_leftover) {
    if (const auto folder = from_folder(from, part)) {
      removed += shed_leftovers(folder.value(), settings_.quota, spared, is_leftover);
    }
  };
  const auto any = [](const std::string&) { return true; };
  shed("tmp", settings_.max_package_bytes, any);
  shed("cur", 0, any);
  shed("new", settings_.max_package_bytes, [](const std::string& name) { return name.starts_with('.'); });
  if (const auto bad = from_folder(from, "bad")) prune(bad.value());
  shed({}, 0,
       [](const std::string& name) { return std::ranges::find(parts_of_folder, name) == parts_of_folder.end(); });
  tell_shed(from, removed, settings_.own_spool / std::to_string(from.value));
}

void SpoolLink::tell_shed(PeerPort from, std::size_t removed, const boost::filesystem::path& where) {
  if (removed > 0) tell(from, std::to_string(removed) + " things that nobody takes were removed", where);
}

/// Any user of the host may leave something in a drop box.
void SpoolLink::shed_beside_senders() {
  const auto spool = SpoolFolder::open(settings_.own_spool);
  if (!spool) return;
  // In a folder of somebody else, such as a share that root made, there may be what was never meant for this peer.
  const auto facts = spool.value().facts();
  if (!facts || !facts.value().is_own()) return;
  std::set<std::string> kept{"quota"};
  for (const auto port : settings_.senders) kept.insert(std::to_string(port.value));
  // Who delivers over a socket now may have left something here before.
  for (const auto& [port, unused] : settings_.spools) kept.insert(std::to_string(port.value));
  for (const auto& [port, unused] : settings_.users) kept.insert(std::to_string(port.value));
  const auto removed =
      shed_leftovers(spool.value(), settings_.quota, 0, [&](const std::string& name) { return !kept.contains(name); });
  tell_shed(settings_.self, removed, spool.value().shown);
}

}  // namespace bookchain::transport
