// The sending side of a SpoolLink. The folders written into are another peer's, who may put anything in
// their place: a file is only ever made, renamed or removed relative to a folder that was opened as one.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cstdio>
#include <iterator>

#include "ledger/codec.hpp"
#include "transport/spool_link.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

/// Deliveries that hold so many open together are brought before the next is written, which may hold 18 itself.
constexpr std::size_t max_descriptors_together = 32;

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

}  // namespace

/// Begins with the time, so that names in order are deliveries roughly in order.
std::string SpoolLink::fresh_name() {
  struct RandomName {};
  const auto random = environment_.draw<FixedBytes<RandomName, 16>>();
  char time[24];
  std::snprintf(time, sizeof time, "%016llx", static_cast<unsigned long long>(environment_.now().value));
  return std::string(time) + "-" + to_hex(random);
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

Result<SpoolTarget> SpoolLink::target(PeerPort to) const {
  const auto found = settings_.spools.find(to);
  const auto path = found == settings_.spools.end() ? fs::path() : found->second;
  const auto folders = [&]() -> Result<SpoolTarget> {
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
    return SpoolTarget{std::move(unfinished), std::move(waiting), !facts.is_own(), quota_of(spool)};
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
Result<void> SpoolLink::check_quota(PeerPort to, const SpoolTarget& folders, const std::vector<Bytes>& envelopes,
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

Result<SpoolDelivery> SpoolLink::write(PeerPort to, const std::vector<Bytes>& envelopes,
                                       const std::vector<PackageFile>& packages) {
  BOOKCHAIN_TRY(auto folders, target(to));
  for (const auto* folder : {&folders.unfinished, &folders.waiting}) BOOKCHAIN_CHECK(folder->check_safe());
  BOOKCHAIN_CHECK(check_quota(to, folders, envelopes, packages));
  if (swept_.insert(to).second) {
    // Only this peer writes there, and the lock of its home is held: what it left is a killed process's.
    for (const auto& name : folders.unfinished.names()) {
      if (is_own_name(name)) ::unlinkat(folders.unfinished.get(), name.c_str(), 0);
    }
  }
  SpoolDelivery delivery(std::move(folders));
  for (const auto& package : packages) delivery.add_package(package);
  Bytes file(mail_magic.begin(), mail_magic.end());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    const auto size = encode(static_cast<std::uint32_t>(envelopes[i].size()));
    file.insert(file.end(), size.begin(), size.end());
    file.insert(file.end(), envelopes[i].begin(), envelopes[i].end());
    bytes += envelopes[i].size() + mail_frame_bytes;
    if (i + 1 < envelopes.size() && bytes + envelopes[i + 1].size() <= preferred_mail_bytes) continue;
    delivery.add_mail(fresh_name(), file);
    file.resize(mail_magic.size());
    bytes = 0;
  }
  return delivery;
}

void SpoolLink::bring(std::vector<Result<SpoolDelivery>>& written, std::vector<Result<void>>& sent) {
  auto brought = SpoolDelivery::bring(
      written, [this](const auto& items) { return sync_.sync(items); }, [this] { return fresh_name(); });
  std::ranges::move(brought, std::back_inserter(sent));
  written.clear();
}

Result<void> SpoolLink::send(PeerPort to, const std::vector<Bytes>& envelopes,
                             const std::vector<PackageFile>& packages) {
  std::vector<Result<SpoolDelivery>> written;
  std::vector<Result<void>> sent;
  written.push_back(write(to, envelopes, packages));
  bring(written, sent);
  return std::move(sent.front());
}

std::vector<Result<void>> SpoolLink::send_all(const Deliveries& deliveries) {
  std::vector<Result<SpoolDelivery>> written;
  std::vector<Result<void>> sent;
  std::size_t descriptors = 0;
  for (const Delivery& each : deliveries) {
    written.push_back(write(each.to, each.envelopes, each.packages));
    if (written.back()) descriptors += written.back().value().count_descriptors();
    if (descriptors < max_descriptors_together) continue;
    bring(written, sent);
    descriptors = 0;
  }
  bring(written, sent);
  return sent;
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
