#include "transport/spool_delivery.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <utility>

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

/// Of one delivery, lest it take all descriptors: what comes after is synced as it is written.
constexpr std::size_t max_unsynced_files = 16;

void remove_from(const SpoolFolder& folder, const std::string& name) { ::unlinkat(folder.get(), name.c_str(), 0); }

/// Copies a package where a link to it cannot be made.
Result<void> copy_package(const fs::path& from, const SpoolFolder& folder, const std::string& name, bool shared) {
  BOOKCHAIN_TRY(const auto source, open_file(from, O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(const auto target, folder.create(name, shared));
  Bytes buffer(std::size_t{1} << 20U);
  for (;;) {
    BOOKCHAIN_TRY(const auto got, read_up_to(source.get(), buffer, from));
    if (got == 0) break;
    BOOKCHAIN_CHECK(write_all(target.get(), ByteView(buffer).first(got), folder / name));
  }
  return sync_file(target.get(), folder / name);
}

Result<void> rename_package(const SpoolTarget& to, const std::string& name) {
  if (::renameat(to.unfinished.get(), name.c_str(), to.waiting.get(), name.c_str()) == 0) return success();
  return system_error("cannot deliver a package", to.waiting / name);
}

/// Whether a package of the right size waits there already: one exchange has one package. To copy a book again for
/// each message that asks for it would cost its owner more than the asking. Fails if a folder has its name, before
/// anything is copied.
Result<bool> lies_there_whole(const SpoolFolder& folder, const std::string& name, const PackageFile& package) {
  struct stat there {};
  if (::fstatat(folder.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (S_ISDIR(there.st_mode)) {
    errno = EISDIR;
    return system_error("cannot deliver a package", folder / name);
  }
  if (!S_ISREG(there.st_mode)) return false;
  const auto size = static_cast<std::uint64_t>(there.st_size);
  if (package.bytes) return size == package.bytes->size();
  boost::system::error_code error;
  return fs::file_size(package.path, error) == size && !error;
}

}  // namespace

SpoolDelivery::~SpoolDelivery() {
  for (const auto& file : files_) remove_from(to_.unfinished, file.name);
}

std::size_t SpoolDelivery::count_descriptors() const {
  return 2 + static_cast<std::size_t>(std::ranges::count_if(files_, [](const auto& file) { return !!file.unsynced; }));
}

/// The first failure counts; files from that place on do not appear.
void SpoolDelivery::fail(std::size_t first, Error why) {
  if (outcome_) outcome_ = std::move(why);
  while (files_.size() > first) {
    remove_from(to_.unfinished, files_.back().name);
    files_.pop_back();
  }
}

// ---- writing ----

Result<void> SpoolDelivery::write(File& file, ByteView bytes) const {
  BOOKCHAIN_TRY(auto made, to_.unfinished.create(file.name, to_.shared));
  BOOKCHAIN_CHECK(write_all(made.get(), bytes, to_.unfinished / file.name));
  if (files_.size() > max_unsynced_files) return sync_file(made.get(), to_.unfinished / file.name);
  file.unsynced.emplace(std::move(made));
  return success();
}

void SpoolDelivery::add_file(std::string name, bool is_package, ByteView bytes) {
  auto& file = files_.emplace_back(File{std::move(name), is_package});
  if (auto written = write(file, bytes); !written) fail(files_.size() - 1, std::move(written).error());
}

void SpoolDelivery::add_mail(std::string name, ByteView bytes) {
  if (outcome_) add_file(std::move(name), false, bytes);
}

void SpoolDelivery::add_package(const PackageFile& package) {
  if (!outcome_) return;
  auto name = package_name(package.exchange);
  if (std::ranges::find(files_, name, &File::name) != files_.end()) return;
  const auto is_there = lies_there_whole(to_.waiting, name, package);
  if (!is_there) return fail(files_.size(), is_there.error());
  if (is_there.value()) return;
  if (package.bytes) {
    remove_from(to_.unfinished, name);
    return add_file(std::move(name), true, *package.bytes);
  }
  if (auto done = hand_over(package, name); !done) fail(files_.size(), std::move(done).error());
}

Result<void> SpoolDelivery::hand_over(const PackageFile& package, const std::string& name) const {
  const bool moved = package.may_move && !to_.shared &&
                     ::renameat(AT_FDCWD, package.path.c_str(), to_.waiting.get(), name.c_str()) == 0;
  if (moved) return success();
  remove_from(to_.unfinished, name);
  // A link has the modes of this peer's own file, which another user cannot read. And to another file system there is
  // none, or links to it are forbidden.
  const bool linked =
      !to_.shared && ::linkat(AT_FDCWD, package.path.c_str(), to_.unfinished.get(), name.c_str(), 0) == 0;
  auto done = linked ? success() : copy_package(package.path, to_.unfinished, name, to_.shared);
  if (done) done = rename_package(to_, name);
  // Also where these were two names of one file: renaming one to the other does nothing and leaves both.
  remove_from(to_.unfinished, name);
  return done;
}

// ---- bringing ----

Result<void> SpoolDelivery::appear(const File& file, const FreshName& fresh_name) const {
  if (file.is_package) return rename_package(to_, file.name);
  for (auto name = file.name;; name = fresh_name()) {
    BOOKCHAIN_TRY(const bool has_name, rename_to_new(to_.unfinished, file.name, to_.waiting, name));
    if (has_name) return success();
  }
}

void SpoolDelivery::appear_all(const FreshName& fresh_name) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (auto done = appear(files_[i], fresh_name); !done) fail(i, std::move(done).error());
  }
  files_.clear();
}

std::vector<Result<void>> SpoolDelivery::bring(std::vector<Result<SpoolDelivery>>& deliveries, const Sync& sync,
                                               const FreshName& fresh_name) {
  std::vector<SpoolDelivery*> written;
  for (auto& each : deliveries) {
    if (each) written.push_back(&each.value());
  }
  struct Place {
    SpoolDelivery* delivery;
    std::size_t file;  ///< of those that did not appear yet
  };
  std::vector<Place> places;
  std::vector<JointSync::Item> items;
  const auto sync_all = [&] {
    auto results = sync(items);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) places[i].delivery->fail(places[i].file, std::move(results[i]).error());
    }
    places.clear();
    items.clear();
  };

  for (auto* each : written) {
    for (std::size_t i = 0; i < each->files_.size(); ++i) {
      const auto& file = each->files_[i];
      if (!file.unsynced) continue;
      places.push_back({each, i});
      items.push_back({file.unsynced->get(), each->to_.unfinished / file.name});
    }
  }
  sync_all();
  for (auto* each : written) {
    each->appear_all(fresh_name);
    places.push_back({each, 0});
    items.push_back({each->to_.waiting.get(), each->to_.waiting.shown});
  }
  sync_all();

  std::vector<Result<void>> outcomes;
  outcomes.reserve(deliveries.size());
  for (const auto& each : deliveries) outcomes.push_back(each ? each.value().outcome_ : Result<void>(each.error()));
  return outcomes;
}

}  // namespace bookchain::transport
