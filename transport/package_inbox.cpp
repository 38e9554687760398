#include "transport/package_inbox.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>

#include "transport/package_file.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

constexpr const char* boot_id_file = "/proc/sys/kernel/random/boot_id";
constexpr std::string_view part_suffix = ".part";
constexpr std::size_t max_boot_id_bytes = 64;

}  // namespace

fs::path PackageInbox::place(PeerPort from) const { return folder_ / std::to_string(from.value); }
fs::path PackageInbox::part(PeerPort from, const ExchangeId& exchange) const {
  return place(from) / (to_hex(exchange) + std::string(part_suffix));
}
fs::path PackageInbox::whole(PeerPort from, const ExchangeId& exchange) const {
  return place(from) / package_name(exchange);
}

Result<PackageInbox> PackageInbox::open(fs::path folder) {
  BOOKCHAIN_CHECK(make_directory(folder));
  PackageInbox inbox(std::move(folder));
  BOOKCHAIN_CHECK(inbox.forget_other_boots());
  for (const auto& file : inbox.files()) inbox.on_disk_.insert(file);
  return inbox;
}

/// After a loss of power a file may have its length and not its bytes; going on from there would spoil it.
Result<void> PackageInbox::forget_other_boots() {
  Bytes now(max_boot_id_bytes);
  std::size_t size = 0;
  if (const auto file = open_file(boot_id_file, O_RDONLY)) {
    BOOKCHAIN_TRY(size, read_up_to(file.value().get(), now, boot_id_file));
  }
  now.resize(size);
  const auto mark = folder_ / "boot";
  const auto then = read_small_file(mark, max_boot_id_bytes);
  // Where the system does not say, every start is another one.
  if (then && !now.empty() && then.value() == now) return success();
  boost::system::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    if (port_in(entry->path().filename().string())) BOOKCHAIN_CHECK(remove_tree(entry->path()));
  }
  return write_file_durably(mark, now, 0600);
}

Result<std::optional<std::uint64_t>> PackageInbox::begin(PeerPort from, const ExchangeId& exchange,
                                                         std::uint64_t size) {
  if (is_coming(from, exchange) || coming_from(from) >= max_packages_at_once) return std::optional<std::uint64_t>{};
  BOOKCHAIN_CHECK(make_directory(place(from)));
  const auto path = part(from, exchange);
  BOOKCHAIN_TRY(auto file, open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::optional<std::uint64_t>{};
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return system_error("cannot look at a package", path);
  auto there = static_cast<std::uint64_t>(facts.st_size);
  if (there >= size) {
    // Of another package, or all but named whole: it is so rare that it comes again.
    if (::ftruncate(file.get(), 0) != 0) return system_error("cannot write", path);
    there = 0;
  }
  if (::lseek(file.get(), static_cast<off_t>(there), SEEK_SET) < 0) return system_error("cannot write", path);
  on_disk_.insert({from, exchange});
  coming_[{from, exchange}] = Coming{std::move(file), size, there};
  return std::optional(there);
}

Result<PackageInbox::Added> PackageInbox::add(PeerPort from, const PackagePart& next) {
  const auto& [exchange, offset, bytes] = next;
  const auto found = coming_.find({from, exchange});
  if (found == coming_.end()) return Added::unexpected;
  auto& coming = found->second;
  if (offset != coming.there || bytes.size() > coming.size - coming.there) return Added::unexpected;
  const auto path = part(from, exchange);
  if (auto written = write_all(coming.file.get(), bytes, path); !written) {
    // A short write may have left some of it: what is there counts, not what was meant.
    coming_.erase(found);
    return std::move(written).as_failure();
  }
  coming.there += bytes.size();
  if (coming.there < coming.size) return Added::more_to_come;
  if (::rename(path.c_str(), whole(from, exchange).c_str()) != 0) {
    auto failed = system_error("cannot name a package", path);
    coming_.erase(found);  // or nobody would ask for it again
    return failed;
  }
  coming_.erase(found);
  return Added::complete;
}

bool PackageInbox::has_whole(PeerPort from, const ExchangeId& exchange, std::uint64_t size) const {
  boost::system::error_code none;
  return on_disk_.contains({from, exchange}) && fs::file_size(whole(from, exchange), none) == size && !none;
}

bool PackageInbox::is_coming(PeerPort from, const ExchangeId& exchange) const {
  return coming_.contains({from, exchange});
}

std::size_t PackageInbox::coming_from(PeerPort from) const {
  return static_cast<std::size_t>(
      std::count_if(coming_.begin(), coming_.end(), [&](const auto& each) { return each.first.first == from; }));
}

Result<std::unique_ptr<PackageSource>> PackageInbox::open_package(PeerPort from, const ExchangeId& exchange) const {
  const auto path = whole(from, exchange);
  if (!on_disk_.contains({from, exchange})) {
    return Error{Token::no_such_file, "there is no package", path.string(), {}};
  }
  BOOKCHAIN_TRY(auto file, open_foreign(AT_FDCWD, path.string(), path));
  return std::unique_ptr<PackageSource>(
      std::make_unique<OpenPackageFile>(std::move(file), Descriptor(), path.string()));
}

Result<void> PackageInbox::drop(PeerPort from, const ExchangeId& exchange) {
  coming_.erase({from, exchange});
  // Small packages never came as files: nothing is looked for on the disk.
  if (on_disk_.erase({from, exchange}) == 0) return success();
  BOOKCHAIN_CHECK(remove_tree(part(from, exchange)));
  return remove_tree(whole(from, exchange));
}

std::vector<PackageInbox::Key> PackageInbox::files() const {
  std::vector<Key> found;
  boost::system::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const auto from = port_in(entry->path().filename().string());
    if (!from) continue;
    boost::system::error_code inner;
    for (fs::directory_iterator file(entry->path(), inner), last; !inner && file != last; file.increment(inner)) {
      auto name = file->path().filename().string();
      if (name.ends_with(part_suffix)) {
        name.replace(name.size() - part_suffix.size(), part_suffix.size(), package_suffix);
      }
      if (const auto exchange = exchange_in_name(name)) found.emplace_back(*from, *exchange);
    }
  }
  return found;
}

}  // namespace bookchain::transport
