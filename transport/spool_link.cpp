#include "transport/spool_link.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <cstdio>

#include "ledger/codec.hpp"
#include "ledger/store/files.hpp"
#include "ledger/store/shelf.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

/// What one call of receive() reads at most, beyond the first file.
constexpr std::size_t max_bytes_read_a_turn = std::size_t{32} << 20U;
/// Entries of one folder that are looked at: what lies beyond waits until these are gone.
constexpr std::size_t max_entries = 100'000;
constexpr std::size_t frame_bytes = 4;

std::size_t max_mail_bytes(std::size_t max_envelope_bytes) {
  return mail_magic.size() + preferred_mail_bytes + frame_bytes + max_envelope_bytes;
}

Error no_mail(std::string what, const fs::path& file) {
  return Error{Token::bad_file, std::move(what), file.string(), {}};
}

/// Opens what somebody else put there: no link is followed, no pipe waited for, nothing but a regular
/// file of at most `most` bytes is read.
Result<Bytes> read_foreign(const fs::path& file, std::size_t most) {
  BOOKCHAIN_TRY(const auto descriptor, open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat facts {};
  if (::fstat(descriptor.get(), &facts) != 0) return system_error("cannot look at a delivery", file);
  if (!S_ISREG(facts.st_mode)) return no_mail("a delivery is no regular file", file);
  if (static_cast<std::uint64_t>(facts.st_size) > most) return no_mail("a delivery is larger than it can be", file);
  // Room for one byte more shows a file that grows while it is read.
  Bytes bytes(static_cast<std::size_t>(facts.st_size) + 1);
  BOOKCHAIN_TRY(const auto size, read_up_to(descriptor.get(), bytes, file));
  if (size >= bytes.size()) return no_mail("a delivery grows while it is read", file);
  bytes.resize(size);
  return bytes;
}

/// True if opening failed because of what the thing is, not because of this machine: a link (ELOOP),
/// a socket (ENXIO), or a file that nobody let this peer read.
bool is_fault_of_file(const Error& error) {
  return error.token == Token::bad_file || error.token == Token::permission || errno == ELOOP || errno == ENXIO;
}

/// Renames without replacing; false if the name is taken.
Result<bool> rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno == EINVAL || errno == ENOSYS) {
    // Not every file system knows the flag. A link fails as well if the name is taken.
    if (::link(from.c_str(), to.c_str()) != 0) {
      if (errno == EEXIST) return false;
      return system_error("cannot deliver", to);
    }
    ::unlink(from.c_str());
    return true;
  }
  return system_error("cannot deliver", to);
}

Result<void> copy_package(const fs::path& from, const fs::path& to) {
  BOOKCHAIN_TRY(const auto source, open_file(from, O_RDONLY | O_NOFOLLOW));
  BOOKCHAIN_TRY(const auto target, open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  Bytes buffer(std::size_t{1} << 20U);
  for (;;) {
    BOOKCHAIN_TRY(const auto got, read_up_to(source.get(), buffer, from));
    if (got == 0) break;
    BOOKCHAIN_CHECK(write_all(target.get(), ByteView(buffer).first(got), to));
  }
  return sync_file(target.get(), to);
}

void remove_file(const fs::path& file) { ::unlink(file.c_str()); }

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  boost::system::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
    if (names.size() >= max_entries) break;
  }
  std::ranges::sort(names);
  return names;
}

Result<void> check_safe(const fs::path& folder) {
  struct stat facts {};
  if (::lstat(folder.c_str(), &facts) != 0) return system_error("cannot look at a spool", folder);
  const bool open_to_all = (facts.st_mode & S_IWOTH) != 0 && (facts.st_mode & S_ISVTX) == 0;
  if (S_ISDIR(facts.st_mode) && !open_to_all) return success();
  return Error{Token::permission, "a spool can be written by everybody", folder.string(),
               "take the right away: chmod o-w " + folder.string()};
}

std::string package_name(const ExchangeId& exchange) { return to_hex(exchange) + std::string(package_suffix); }

}  // namespace

// ---- the file ----

Result<std::vector<Bytes>> parse_mail(ByteView file, std::size_t max_envelope_bytes) {
  const auto fault = [](std::string what) { return Error{Token::bad_file, std::move(what), {}, {}}; };
  if (file.size() < mail_magic.size() || !std::equal(mail_magic.begin(), mail_magic.end(), file.begin())) {
    return fault("a delivery does not begin as one");
  }
  auto left = file.subspan(mail_magic.size());
  std::vector<Bytes> envelopes;
  while (!left.empty()) {
    if (left.size() < frame_bytes) return fault("a delivery is cut short");
    std::size_t size = 0;
    for (const auto byte : left.first(frame_bytes)) size = (size << 8U) | byte;
    left = left.subspan(frame_bytes);
    if (size > max_envelope_bytes) return fault("a message in a delivery is larger than this network allows");
    if (size > left.size()) return fault("a delivery is cut short");
    envelopes.emplace_back(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(size));
    left = left.subspan(size);
  }
  if (envelopes.empty()) return fault("a delivery is empty");
  return envelopes;
}

Result<std::vector<Bytes>> read_mail(const fs::path& file, std::size_t max_envelope_bytes) {
  BOOKCHAIN_TRY(const auto bytes, read_foreign(file, max_mail_bytes(max_envelope_bytes)));
  auto envelopes = parse_mail(bytes, max_envelope_bytes);
  if (!envelopes) return no_mail(envelopes.error().what, file);
  return envelopes;
}

// ---- receiving ----

Result<std::unique_ptr<SpoolLink>> SpoolLink::open(Settings settings, Environment& environment) {
  BOOKCHAIN_CHECK(make_directory(settings.own_spool));
  BOOKCHAIN_CHECK(check_safe(settings.own_spool));
  std::unique_ptr<SpoolLink> link(new SpoolLink(std::move(settings), environment));
  for (const auto& [port, spool] : link->settings_.spools) {
    const auto folder = link->from_folder(port);
    for (const auto* part : {"tmp", "new", "cur", "bad"}) {
      boost::system::error_code ignored;
      if (!fs::is_directory(folder / part, ignored)) BOOKCHAIN_CHECK(make_directory(folder / part));
    }
    BOOKCHAIN_CHECK(check_safe(folder));
    BOOKCHAIN_CHECK(check_safe(folder / "new"));
  }
  return link;
}

fs::path SpoolLink::from_folder(PeerPort from) const { return settings_.own_spool / std::to_string(from.value); }

fs::path SpoolLink::to_folder(PeerPort to) const {
  const auto found = settings_.spools.find(to);
  return (found == settings_.spools.end() ? fs::path() : found->second) / std::to_string(settings_.self.value);
}

/// Takes from each sender in turn, so that one who floods does not starve the others.
std::vector<std::pair<PeerPort, std::string>> SpoolLink::waiting(std::size_t most) const {
  std::map<PeerPort, std::vector<std::string>> by_sender;
  for (const auto& [port, spool] : settings_.spools) {
    auto names = names_in(from_folder(port) / "new");
    std::erase_if(names, [](const auto& name) { return name.ends_with(package_suffix); });
    if (!names.empty()) by_sender[port] = std::move(names);
  }
  std::vector<std::pair<PeerPort, std::string>> taken;
  for (std::size_t place = 0; taken.size() < most; ++place) {
    bool any = false;
    for (const auto& [port, names] : by_sender) {
      if (place >= names.size() || taken.size() >= most) continue;
      taken.emplace_back(port, names[place]);
      any = true;
    }
    if (!any) break;
  }
  return taken;
}

Result<std::vector<Parcel>> SpoolLink::receive(std::size_t most) {
  std::vector<Parcel> parcels;
  std::size_t bytes_read = 0;
  for (const auto& [from, name] : waiting(most)) {
    if (bytes_read > max_bytes_read_a_turn) break;
    const auto file = from_folder(from) / "new" / name;
    Parcel parcel{from, name, {}, std::nullopt};
    errno = 0;
    auto bytes = read_foreign(file, max_mail_bytes(settings_.max_envelope_bytes));
    if (!bytes) {
      if (bytes.error().token == Token::no_such_file) continue;  // taken by another process of this peer
      if (!is_fault_of_file(bytes.error())) return std::move(bytes).as_failure();
      parcel.fault = Error{Token::bad_file, bytes.error().what, name, {}};
    } else {
      bytes_read += bytes.value().size();
      auto envelopes = parse_mail(bytes.value(), settings_.max_envelope_bytes);
      if (envelopes) {
        parcel.envelopes = std::move(envelopes).value();
      } else {
        parcel.fault = Error{Token::bad_file, envelopes.error().what, name, {}};
      }
    }
    if (parcel.fault) BOOKCHAIN_CHECK(move_aside(from, name, *parcel.fault));
    parcels.push_back(std::move(parcel));
  }
  return parcels;
}

Result<void> SpoolLink::acknowledge(const Parcel& parcel) {
  const auto file = from_folder(parcel.from) / "new" / parcel.name;
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove a delivery", file);
  return success();
}

Result<void> SpoolLink::put_aside(const Parcel& parcel, const Error& reason) {
  return move_aside(parcel.from, parcel.name, reason);
}

Result<void> SpoolLink::move_aside(PeerPort from, const std::string& name, const Error& reason) {
  const auto folder = from_folder(from) / "bad";
  const auto file = from_folder(from) / "new" / name;
  if (::rename(file.c_str(), (folder / name).c_str()) != 0 && errno != ENOENT) {
    // A thing of that name lies there already, or it cannot be moved: it is only in the way.
    BOOKCHAIN_CHECK(remove_tree(file));
  }
  const auto line = std::string(ledger::name(reason.token)) + ": " + reason.what + "\n";
  const auto note = folder / (name + ".reason");
  if (auto out = open_file(note, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600)) {
    (void)write_all(out.value().get(), ByteView(reinterpret_cast<const std::uint8_t*>(line.data()), line.size()), note);
  }
  auto kept = names_in(folder);
  std::erase_if(kept, [](const auto& each) { return each.ends_with(".reason"); });
  for (std::size_t i = 0; i + max_bad_files < kept.size(); ++i) {
    (void)remove_tree(folder / kept[i]);
    remove_file(folder / (kept[i] + ".reason"));
  }
  return success();
}

namespace {

/// A package with the descriptor it is read from.
class OpenPackage final : public PackageSource {
 public:
  explicit OpenPackage(Descriptor file) : file_(std::move(file)), source_(file_.get()) {}
  [[nodiscard]] Result<std::optional<std::uint64_t>> size() override { return source_.size(); }
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> bytes) override { return source_.read(bytes); }

 private:
  Descriptor file_;
  PackageFileSource source_;
};

}  // namespace

Result<std::unique_ptr<PackageSource>> SpoolLink::open_package(PeerPort from, const ExchangeId& exchange) {
  BOOKCHAIN_TRY(auto file, open_file(from_folder(from) / "new" / package_name(exchange),
                                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  return std::unique_ptr<PackageSource>(std::make_unique<OpenPackage>(std::move(file)));
}

Result<void> SpoolLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  return remove_tree(from_folder(from) / "new" / package_name(exchange));
}

// ---- sending ----

/// Begins with the time, so that names in order are deliveries roughly in order.
std::string SpoolLink::fresh_name() {
  struct RandomName {};
  const auto random = environment_.draw<FixedBytes<RandomName, 16>>();
  char time[24];
  std::snprintf(time, sizeof time, "%016llx", static_cast<unsigned long long>(environment_.now().value));
  return std::string(time) + "-" + to_hex(random);
}

Result<void> SpoolLink::write_mail(const fs::path& folder, const std::vector<Bytes>& envelopes, std::size_t first,
                                   std::size_t last) {
  Bytes bytes(mail_magic.begin(), mail_magic.end());
  for (std::size_t i = first; i < last; ++i) {
    const auto size = encode(static_cast<std::uint32_t>(envelopes[i].size()));
    bytes.insert(bytes.end(), size.begin(), size.end());
    bytes.insert(bytes.end(), envelopes[i].begin(), envelopes[i].end());
  }
  for (;;) {
    const auto name = fresh_name();
    const auto temporary = folder / "tmp" / name;
    {
      BOOKCHAIN_TRY(const auto file, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
      auto written = write_all(file.get(), bytes, temporary);
      if (written) written = sync_file(file.get(), temporary);
      if (!written) {
        remove_file(temporary);
        return written;
      }
    }
    auto renamed = rename_to_new(temporary, folder / "new" / name);
    if (renamed && renamed.value()) return success();
    remove_file(temporary);
    if (!renamed) return std::move(renamed).as_failure();
  }
}

Result<void> SpoolLink::place_package(const fs::path& folder, const PackageFile& package) {
  const auto target = folder / "new" / package_name(package.exchange);
  const auto temporary = folder / "tmp" / package_name(package.exchange);
  remove_file(temporary);
  if (::link(package.path.c_str(), temporary.c_str()) != 0) {
    // Another file system, or links to it are forbidden.
    if (auto copied = copy_package(package.path, temporary); !copied) {
      remove_file(temporary);
      return copied;
    }
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    const auto error = system_error("cannot deliver a package", target);
    remove_file(temporary);
    return error;
  }
  // Two names of one file: renaming one to the other does nothing and leaves both.
  remove_file(temporary);
  return success();
}

Result<void> SpoolLink::send(PeerPort to, const std::vector<Bytes>& envelopes,
                             const std::vector<PackageFile>& packages) {
  const auto folder = to_folder(to);
  boost::system::error_code ignored;
  if (!fs::is_directory(folder / "new", ignored) || !fs::is_directory(folder / "tmp", ignored)) {
    return Error{Token::io, "the spool of peer " + std::to_string(to.value) + " is not there", folder.string(),
                 "the messages stay in the outbox until it is"};
  }
  BOOKCHAIN_CHECK(check_safe(folder / "new"));
  if (!swept_[to]) {
    // Only this peer writes there, and the lock of its home is held: what lies there is a killed process's.
    for (const auto& name : names_in(folder / "tmp")) remove_file(folder / "tmp" / name);
    swept_[to] = true;
  }
  for (const auto& package : packages) BOOKCHAIN_CHECK(place_package(folder, package));
  for (std::size_t first = 0; first < envelopes.size();) {
    auto last = first;
    std::size_t bytes = 0;
    while (last < envelopes.size() && (last == first || bytes + envelopes[last].size() <= preferred_mail_bytes)) {
      bytes += envelopes[last++].size() + frame_bytes;
    }
    BOOKCHAIN_CHECK(write_mail(folder, envelopes, first, last));
    first = last;
  }
  return sync_directory(folder / "new");
}

bool SpoolLink::still_waiting_at(PeerPort to) const {
  return std::ranges::any_of(names_in(to_folder(to) / "new"),
                             [](const auto& name) { return !name.ends_with(package_suffix); });
}

}  // namespace bookchain::transport
