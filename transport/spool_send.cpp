// The sending side of a SpoolLink. The folders written into are another peer's, who may put anything in
// their place: a file is only ever made, renamed or removed relative to a folder that was opened as one.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <cstdio>

#include "ledger/codec.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

/// Whether nothing lies there but what a spool has, so that it can be the copy of one. Else it is no spool, and an
/// address leads to the wrong place.
bool is_all_of_a_spool(const SpoolFolder& folder) {
  return std::ranges::all_of(folder.names(), [](const auto& name) {
    const bool is_port = name.size() <= 5 && name.find_first_not_of("0123456789") == std::string::npos;
    return is_port || name == "quota" || name.starts_with('.');
  });
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

/// Whether this program gives such names to what it writes into tmp/.
bool is_own_name(std::string_view name) {
  if (exchange_in_name(name)) return true;
  return name.size() == 49 && name[16] == '-' && is_hex(name.substr(0, 16)) && is_hex(name.substr(17));
}

Result<void> write_durably(const SpoolFolder& folder, const std::string& name, ByteView bytes, bool shared) {
  BOOKCHAIN_TRY(const auto file, folder.create(name, shared));
  BOOKCHAIN_CHECK(write_all(file.get(), bytes, folder / name));
  return sync_file(file.get(), folder / name);
}

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

/// Whether a package of the right size waits there already: one exchange has one package. To copy a book again for
/// each message that asks for it would cost its owner more than the asking.
bool lies_there_whole(const SpoolFolder& folder, const std::string& name, const PackageFile& package) {
  struct stat there {};
  if (::fstatat(folder.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(there.st_mode)) return false;
  const auto size = static_cast<std::uint64_t>(there.st_size);
  if (package.bytes) return size == package.bytes->size();
  boost::system::error_code error;
  return fs::file_size(package.path, error) == size && !error;
}

void remove_from(const SpoolFolder& folder, const std::string& name) { ::unlinkat(folder.get(), name.c_str(), 0); }

}  // namespace

/// Begins with the time, so that names in order are deliveries roughly in order.
std::string SpoolLink::fresh_name() {
  struct RandomName {};
  const auto random = environment_.draw<FixedBytes<RandomName, 16>>();
  char time[24];
  std::snprintf(time, sizeof time, "%016llx", static_cast<unsigned long long>(environment_.now().value));
  return std::string(time) + "-" + to_hex(random);
}

Result<void> SpoolLink::write_mail(const Target& to, const std::vector<Bytes>& envelopes, std::size_t first,
                                   std::size_t last) {
  Bytes bytes(mail_magic.begin(), mail_magic.end());
  for (std::size_t i = first; i < last; ++i) {
    const auto size = encode(static_cast<std::uint32_t>(envelopes[i].size()));
    bytes.insert(bytes.end(), size.begin(), size.end());
    bytes.insert(bytes.end(), envelopes[i].begin(), envelopes[i].end());
  }
  for (;;) {
    const auto name = fresh_name();
    if (auto written = write_durably(to.unfinished, name, bytes, to.shared); !written) {
      remove_from(to.unfinished, name);
      return written;
    }
    auto renamed = rename_to_new(to.unfinished, to.waiting, name);
    if (renamed && renamed.value()) return success();
    remove_from(to.unfinished, name);
    if (!renamed) return std::move(renamed).as_failure();
  }
}

Result<void> SpoolLink::place_package(const Target& to, const PackageFile& package) {
  const auto name = package_name(package.exchange);
  if (lies_there_whole(to.waiting, name, package)) return success();
  if (!package.bytes && package.may_move && !to.shared &&
      ::renameat(AT_FDCWD, package.path.c_str(), to.waiting.get(), name.c_str()) == 0) {
    return success();
  }
  remove_from(to.unfinished, name);
  if (package.bytes) {
    if (auto written = write_durably(to.unfinished, name, *package.bytes, to.shared); !written) {
      remove_from(to.unfinished, name);
      return written;
    }
    // A link has the modes of this peer's own file, which another user cannot read.
  } else if (to.shared || ::linkat(AT_FDCWD, package.path.c_str(), to.unfinished.get(), name.c_str(), 0) != 0) {
    // Or another file system, or links to it are forbidden.
    if (auto copied = copy_package(package.path, to.unfinished, name, to.shared); !copied) {
      remove_from(to.unfinished, name);
      return copied;
    }
  }
  if (::renameat(to.unfinished.get(), name.c_str(), to.waiting.get(), name.c_str()) != 0) {
    const auto error = system_error("cannot deliver a package", to.waiting / name);
    remove_from(to.unfinished, name);
    return error;
  }
  // Two names of one file: renaming one to the other does nothing and leaves both.
  remove_from(to.unfinished, name);
  return success();
}

/// In a drop box the folder is made by whoever delivers: then it is its user's own, and its group that of the
/// receiver, so that no third user can read, add, change or remove anything in there. In a copy of this user's own,
/// which a program carries to the receiver, it is made as well.
Result<SpoolFolder> SpoolLink::own_folder_in(const SpoolFolder& spool, const FolderFacts& facts) const {
  const auto name = std::to_string(settings_.self.value);
  const bool shared = facts.is_drop_box();
  if (!shared) {
    auto there = spool.inside(name);
    const bool is_whole = there && there.value().facts_of("tmp") && there.value().facts_of("new");
    if (is_whole || !facts.is_own() || !is_all_of_a_spool(spool)) return there;
  }
  BOOKCHAIN_CHECK(spool.make(name, shared));
  const auto made = spool.facts_of(name);
  if (!made || !made->is_own()) {
    return Error{Token::permission, "another user has taken this peer's folder in a spool", (spool / name).string(),
                 "whose spool it is can remove that folder, or join again if it is a copy of its own"};
  }
  BOOKCHAIN_TRY(auto own, spool.inside(name));
  for (const auto* part : {"tmp", "new", "cur"}) BOOKCHAIN_CHECK(own.make(part, shared));
  return own;
}

Result<SpoolLink::Target> SpoolLink::target(PeerPort to) const {
  const auto found = settings_.spools.find(to);
  const auto path = found == settings_.spools.end() ? fs::path() : found->second;
  const auto folders = [&]() -> Result<Target> {
    auto reached = SpoolFolder::open(path);
    if (!reached && reached.error().token == Token::permission) {
      return Error{Token::permission, "this user cannot enter the spool of peer " + std::to_string(to.value),
                   path.string(),
                   "its owner has not joined yet, or lets only others in (`access` in the config.yaml there)"};
    }
    BOOKCHAIN_TRY(const auto spool, std::move(reached));
    BOOKCHAIN_TRY(const auto facts, spool.facts());
    BOOKCHAIN_TRY(const auto own, own_folder_in(spool, facts));
    BOOKCHAIN_TRY(auto unfinished, own.inside("tmp"));
    BOOKCHAIN_TRY(auto waiting, own.inside("new"));
    return Target{std::move(unfinished), std::move(waiting), !facts.is_own(), quota_of(spool)};
  };
  auto opened = folders();
  if (!opened && opened.error().token == Token::no_such_file) {
    return Error{Token::io, "the spool of peer " + std::to_string(to.value) + " is not there", path.string(),
                 "the messages stay in the outbox until it is"};
  }
  // The fault of whoever receives there: to its sender it is a delivery that failed.
  if (!opened && opened.error().token == Token::bad_file) {
    return Error{Token::io, opened.error().what, opened.error().subject, opened.error().hint};
  }
  return opened;
}

/// Where nothing waits, the largest message does not count, as the largest package never does: else what is more than
/// the quota by itself would never leave.
Result<void> SpoolLink::check_quota(PeerPort to, const Target& folders, const std::vector<Bytes>& envelopes,
                                    const std::vector<PackageFile>& packages) {
  auto load = load_of(folders.waiting);
  std::uint64_t bytes = 0;
  std::uint64_t largest = 0;
  for (const auto& envelope : envelopes) {
    bytes += envelope.size() + mail_frame_bytes;
    largest = std::max<std::uint64_t>(largest, envelope.size() + mail_frame_bytes);
  }
  if (load.files == 0) bytes -= largest;
  // Messages share files up to a size; at least one file is needed.
  load.files += bytes / preferred_mail_bytes;
  load.add(bytes, false);
  for (const auto& package : packages) {
    boost::system::error_code ignored;
    const auto size = package.bytes ? package.bytes->size() : fs::file_size(package.path, ignored);
    if (!ignored && !folders.waiting.facts_of(package_name(package.exchange))) load.add(size, true);
  }
  if (load.fits(folders.quota)) return success();
  return Error{Token::over_quota,
               "the spool of peer " + std::to_string(to.value) + " has as much of this peer's as it takes",
               folders.waiting.shown.string(), "it is sent when the other has taken in what waits there"};
}

Result<void> SpoolLink::send(PeerPort to, const std::vector<Bytes>& envelopes,
                             const std::vector<PackageFile>& packages) {
  BOOKCHAIN_TRY(const auto folders, target(to));
  for (const auto* folder : {&folders.unfinished, &folders.waiting}) BOOKCHAIN_CHECK(folder->check_safe());
  BOOKCHAIN_CHECK(check_quota(to, folders, envelopes, packages));
  if (swept_.insert(to).second) {
    // Only this peer writes there, and the lock of its home is held: what it left is a killed process's.
    for (const auto& name : folders.unfinished.names()) {
      if (is_own_name(name)) remove_from(folders.unfinished, name);
    }
  }
  for (const auto& package : packages) BOOKCHAIN_CHECK(place_package(folders, package));
  for (std::size_t first = 0; first < envelopes.size();) {
    auto last = first;
    std::size_t bytes = 0;
    while (last < envelopes.size() && (last == first || bytes + envelopes[last].size() <= preferred_mail_bytes)) {
      bytes += envelopes[last++].size() + mail_frame_bytes;
    }
    BOOKCHAIN_CHECK(write_mail(folders, envelopes, first, last));
    first = last;
  }
  return sync_file(folders.waiting.get(), folders.waiting.shown);
}

bool SpoolLink::package_waits_at(PeerPort to, const ExchangeId& exchange) const {
  const auto folders = target(to);
  return folders &&
         ::faccessat(folders.value().waiting.get(), package_name(exchange).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool SpoolLink::still_waiting_at(PeerPort to) const {
  const auto folders = target(to);
  return folders && std::ranges::any_of(folders.value().waiting.names(), [](const auto& name) {
           return !name.starts_with('.') && !exchange_in_name(name);
         });
}

}  // namespace bookchain::transport
