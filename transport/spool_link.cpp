#include "transport/spool_link.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "ledger/codec.hpp"
#include "transport/package_file.hpp"

namespace bookchain::transport {

namespace fs = boost::filesystem;
using namespace ledger;

namespace {

/// What one call of receive() reads at most, unless its first file alone is more: what a turn holds of it is several
/// times that.
constexpr std::uint64_t max_bytes_read_a_turn = std::uint64_t{16} << 20U;
constexpr std::size_t max_messages_read_a_turn = max_mail_messages;
constexpr std::size_t max_removed_a_turn = 20'000;
/// Each of which takes as long as what is in it.
constexpr std::size_t max_trees_a_turn = 8;
constexpr std::size_t max_open_inboxes = 8;

}  // namespace

// ---- receiving ----

SpoolLink::SpoolLink(Settings settings, Environment& environment)
    : settings_(std::move(settings)), environment_(environment), sync_(settings_.syncs_at_once) {
  if (!settings_.senders.empty()) return;
  for (const auto& [port, spool] : settings_.spools) settings_.senders.push_back(port);
}

Result<std::unique_ptr<SpoolLink>> SpoolLink::open(Settings settings, Environment& environment) {
  BOOKCHAIN_CHECK(make_directory(settings.own_spool));
  BOOKCHAIN_TRY(const auto spool, SpoolFolder::open(settings.own_spool));
  BOOKCHAIN_CHECK(spool.check_safe());
  BOOKCHAIN_TRY(const auto facts, spool.facts());
  // Of root's it is a share; any other owner could take its place for one of his own, or what lies in it.
  if (!facts.is_own() && facts.owner != 0) {
    return Error{Token::permission, "the spool belongs to another user (#" + std::to_string(facts.owner) + ")",
                 spool.shown.string(), "name one of this user's own: `spool` in config.yaml"};
  }
  std::unique_ptr<SpoolLink> link(new SpoolLink(std::move(settings), environment));
  link->drop_box_ = facts.is_drop_box();
  // A spool on a share that this peer may only read from has the default.
  (void)publish_quota(spool, link->settings_.quota);
  for (const auto port : link->settings_.senders) {
    auto made = link->drop_box_ ? Result<void>(success()) : make_folders(spool, port);
    if (!made && !is_of_sender(spool, port, made.error())) return std::move(made).as_failure();
    BOOKCHAIN_CHECK(link->look_at(port));
  }
  return link;
}

/// Whether something else stands where the folder of a sender should be, or it has closed or removed its own: look_at
/// tells that. Anything else is this machine's.
bool SpoolLink::is_of_sender(const SpoolFolder& spool, PeerPort from, const Error& error) {
  const auto facts = spool.facts_of(std::to_string(from.value));
  const bool is_closed = error.token == Token::permission && facts && !facts->is_own();
  return is_closed || error.token == Token::bad_file || error.token == Token::no_such_file;
}

/// Each relative to one that is held open: by their paths they would be made where a link leads that stands for one.
Result<void> SpoolLink::make_folders(const SpoolFolder& spool, PeerPort from) {
  const auto make = [](const SpoolFolder& in, const std::string& name) {
    return in.facts_of(name) ? Result<void>(success()) : in.make(name, false);
  };
  const auto name = std::to_string(from.value);
  BOOKCHAIN_CHECK(make(spool, name));
  BOOKCHAIN_TRY(const auto folder, spool.inside(name));
  for (const auto part : parts_of_folder) BOOKCHAIN_CHECK(make(folder, std::string(part)));
  return success();
}

/// A folder that is none, or is closed by the user it belongs to, is the fault of one sender: it is told once, and
/// the others are heard.
Result<void> SpoolLink::look_at(PeerPort from) {
  BOOKCHAIN_TRY(const auto spool, SpoolFolder::open(settings_.own_spool));
  move_stranger_away(spool, from);
  auto checked = check_folders(from);
  if (checked) return success();
  // Nothing has been delivered yet.
  if (drop_box_ && checked.error().token == Token::no_such_file) return success();
  const auto facts = spool.facts_of(std::to_string(from.value));
  const bool of_sender = facts && !facts->is_own();
  if (checked.error().token == Token::permission && !of_sender) return checked;
  no_folder_.insert(from);
  tell(from, checked.error().what, checked.error().subject);
  return success();
}

/// What is there where a folder that a sender delivers into cannot be opened; nothing if nothing is.
std::optional<FolderFacts> SpoolLink::instead_of_folder(PeerPort from) const {
  if (const auto whole = from_folder(from, {})) return whole.value().facts_of("new");
  const auto spool = SpoolFolder::open(settings_.own_spool);
  return spool ? spool.value().facts_of(std::to_string(from.value)) : std::nullopt;
}

/// What took the place of a folder after look_at, while this process goes on. Anything else that keeps it from being
/// opened is this machine's.
void SpoolLink::tell_no_folder(PeerPort from, const Error& error) {
  if (const auto spool = SpoolFolder::open(settings_.own_spool)) move_stranger_away(spool.value(), from);
  const auto there = instead_of_folder(from);
  const bool is_closed = there && error.token == Token::permission && !there->is_own();
  const bool is_none = error.token == Token::bad_file;
  if ((is_none || is_closed) && no_folder_.insert(from).second) tell(from, error.what, error.subject);
}

Result<void> SpoolLink::check_folders(PeerPort from) const {
  BOOKCHAIN_TRY(const auto folder, from_folder(from, {}));
  BOOKCHAIN_CHECK(folder.check_safe());
  if (!drop_box_) BOOKCHAIN_CHECK(from_folder(from, "bad"));
  BOOKCHAIN_TRY(const auto waiting, from_folder(from, "new"));
  return waiting.check_safe();
}

bool SpoolLink::is_of_stranger(const SpoolFolder& spool, PeerPort from) const {
  const auto user = settings_.users.find(from);
  if (user == settings_.users.end()) return false;
  const auto facts = spool.facts_of(std::to_string(from.value));
  // Root may have made it for that sender, on a share.
  return facts && facts->owner != user->second && !facts->is_own() && facts->owner != 0;
}

/// Who is first could take the name of another sender's folder; the owner of the spool can move it away.
void SpoolLink::move_stranger_away(const SpoolFolder& spool, PeerPort from) {
  if (!is_of_stranger(spool, from)) return;
  const auto name = std::to_string(from.value);
  if (!spool.move_out_of_the_way(name)) return;
  faults_.push_back(Parcel{
      from, {}, {}, Error{Token::bad_file, "another user had taken the folder of this sender: moved away", name, {}}});
}

Result<SpoolFolder> SpoolLink::from_folder(PeerPort from, const std::string& part) const {
  BOOKCHAIN_TRY(const auto spool, SpoolFolder::open(settings_.own_spool));
  if (is_of_stranger(spool, from)) {
    return Error{Token::no_such_file, "nothing was delivered yet", (spool / std::to_string(from.value)).string(), {}};
  }
  BOOKCHAIN_TRY(auto folder, spool.inside(std::to_string(from.value)));
  if (part.empty()) return folder;
  return folder.inside(part);
}

Result<const SpoolFolder*> SpoolLink::inbox(PeerPort from) {
  auto known = inboxes_.find(from);
  if (known == inboxes_.end()) {
    if (inboxes_.size() >= max_open_inboxes) inboxes_.clear();
    BOOKCHAIN_TRY(auto folder, from_folder(from, "new"));
    known = inboxes_.emplace(from, std::move(folder)).first;
  }
  return &known->second;
}

SpoolLink::Waiting SpoolLink::waiting_from(const SpoolFolder& folder, PeerPort from) const {
  // Of what cannot be removed one process takes no more than a sender may have waiting.
  const auto stuck = std::ranges::count_if(stuck_, [&](const auto& each) { return each.first == from; });
  if (static_cast<std::uint64_t>(stuck) >= settings_.quota.files) return {};
  Waiting found;
  std::size_t hidden = 0;
  for (auto& name : folder.names()) {
    if (name.starts_with('.') && ++hidden <= max_hidden_files) continue;
    if (stuck_.contains({from, name})) continue;
    auto& kind = exchange_in_name(name) ? found.packages : found.mail;
    kind.push_back(std::move(name));
  }
  return found;
}

void SpoolLink::tell(PeerPort from, std::string what, const fs::path& where) {
  faults_.push_back(Parcel{from, {}, {}, Error{Token::bad_file, std::move(what), where.string(), {}}});
}

/// More than its quota no honest sender has waiting: it holds the excess back. What somebody put there all the same is
/// removed unread, the latest first; an honest message among it comes again. What cannot be removed is passed over.
void SpoolLink::drop_excess(const SpoolFolder& folder, PeerPort from, Waiting& found) {
  const bool has_turn = removals_left_ > 0;
  std::size_t dropped = 0;
  std::size_t kept = 0;
  const auto drop_beyond = [&](std::vector<std::string>& names, std::uint64_t most) {
    for (; names.size() > most && removals_left_ > 0; names.pop_back(), --removals_left_) {
      ++(::unlinkat(folder.get(), names.back().c_str(), 0) == 0 ? dropped : kept);
    }
  };
  const auto most = settings_.quota.files;
  drop_beyond(found.mail, most);
  drop_beyond(found.packages, most - std::min<std::uint64_t>(most, found.mail.size()));
  if (dropped > 0) tell(from, std::to_string(dropped) + " files above the quota were removed", folder.shown);
  if (kept > 0 || found.mail.size() > most) unlisted_.insert(from);
  if (found.mail.size() <= most) return;
  // The next call goes on with it. Where nothing could be removed, what comes first is looked at.
  found.mail.resize(has_turn && dropped == 0 ? most : 0);
}

/// Where a call ends early: what it has put aside is told by the next one.
void SpoolLink::keep_faults(std::vector<Parcel>& parcels) {
  for (auto& parcel : parcels) {
    if (parcel.fault) faults_.push_back(std::move(parcel));
  }
}

Result<std::vector<Parcel>> SpoolLink::receive_beside(const ParcelNames& held, std::size_t most) {
  auto parcels = take_in(held, most);
  inboxes_.clear();
  return parcels;
}

Result<std::vector<Parcel>> SpoolLink::take_in(const ParcelNames& held, std::size_t most) {
  std::uint64_t bytes_read = 0;
  std::size_t messages_read = 0;
  std::set<PeerPort> moved_aside;
  std::size_t trees = 0;
  ++first_;
  removals_left_ = max_removed_a_turn;
  shed_what_nobody_takes();
  const auto names = next_names(held, most);
  auto parcels = std::exchange(faults_, {});
  for (const auto& [from, name] : names) {
    if (messages_read >= max_messages_read_a_turn) break;
    const auto opened = inbox(from);
    if (!opened) {
      if (opened.error().token == Token::io) {
        keep_faults(parcels);
        return Error(opened.error());
      }
      // Its sender took it away since it was listed: of what stays listed something would wait for ever.
      tell_no_folder(from, opened.error());
      listed_[from].clear();
      continue;
    }
    const auto& folder = *opened.value();
    const auto most_bytes = max_mail_bytes(settings_.max_envelope_bytes);
    const auto facts = folder.facts_of(name);
    if (facts && S_ISDIR(facts->mode) && ++trees > max_trees_a_turn) continue;  // it stays listed
    // What is larger than it can be is not read at all.
    const auto length = facts && facts->length <= most_bytes ? facts->length : 0;
    if (bytes_read > 0 && bytes_read + length > max_bytes_read_a_turn) break;
    Parcel parcel{from, name, {}, std::nullopt};
    auto bytes = read_foreign(folder.get(), name, folder / name, most_bytes);
    if (!bytes) {
      if (bytes.error().token == Token::no_such_file) {  // taken by another process of this peer
        cross_off(from, name);
        continue;
      }
      if (bytes.error().token == Token::io) {
        keep_faults(parcels);
        return std::move(bytes).as_failure();
      }
      parcel.fault = Error{Token::bad_file, bytes.error().what, name, {}};
    } else {
      bytes_read += bytes.value().size();
      auto envelopes = parse_mail(bytes.value(), settings_.max_envelope_bytes);
      if (envelopes) {
        parcel.envelopes = std::move(envelopes).value();
        messages_read += parcel.envelopes.size();
      } else {
        parcel.fault = Error{Token::bad_file, envelopes.error().what, name, {}};
      }
    }
    if (parcel.fault && move_or_keep(parcel, *parcel.fault)) moved_aside.insert(from);
    parcels.push_back(std::move(parcel));
  }
  for (const auto from : moved_aside) {
    if (const auto bad = from_folder(from, "bad")) prune(bad.value());
  }
  std::ranges::move(std::exchange(faults_, {}), std::back_inserter(parcels));
  return parcels;
}

namespace {

/// What is not permitted in a folder that belongs to its sender is that sender's doing.
void lay_to_sender(const Result<SpoolFolder>& folder, Error& error) {
  const auto facts = folder ? folder.value().facts() : Result<FolderFacts>(folder.error());
  if (error.token == Token::permission && facts && !facts.value().is_own()) error.token = Token::bad_file;
}

}  // namespace

/// What was listed is taken from the front.
void SpoolLink::cross_off(PeerPort from, const std::string& name) {
  auto& names = listed_[from];
  if (const auto place = std::ranges::find(names, name); place != names.end()) names.erase(place);
}

Result<void> SpoolLink::acknowledge(const Parcel& parcel) {
  cross_off(parcel.from, parcel.name);
  return remove_delivery(parcel.from, parcel.name);
}

/// What cannot be removed because of how its sender made it, or made the folder around it, is moved away in one piece;
/// if that cannot be done either, it is the fault of that sender and not of this machine.
Result<void> SpoolLink::remove_delivery(PeerPort from, const std::string& name) {
  const auto folder = from_folder(from, "new");
  if (!folder && folder.error().token == Token::no_such_file) return Error(folder.error());
  auto removed = folder ? folder.value().remove(name) : Result<void>(folder.error());
  if (removed) return removed;
  if (removed.error().token == Token::bad_file && put_aside({from, name, {}, {}}, removed.error())) return success();
  stuck_.insert({from, name});
  lay_to_sender(folder, removed.error());
  return removed;
}

Result<void> SpoolLink::put_aside(const Parcel& parcel, const Error& reason) {
  auto moved = move_or_keep(parcel, reason);
  if (const auto bad = from_folder(parcel.from, "bad")) prune(bad.value());
  return moved;
}

/// What cannot be moved aside either stays where it is, and is not looked at again.
Result<void> SpoolLink::move_or_keep(const Parcel& parcel, const Error& reason) {
  cross_off(parcel.from, parcel.name);
  auto moved = move_aside(parcel.from, parcel.name, reason);
  if (moved) return moved;
  stuck_.insert({parcel.from, parcel.name});
  lay_to_sender(from_folder(parcel.from, "new"), moved.error());
  return moved;
}

Result<std::unique_ptr<PackageSource>> SpoolLink::open_package(PeerPort from, const ExchangeId& exchange) {
  const auto name = package_name(exchange);
  BOOKCHAIN_TRY(auto folder, from_folder(from, "new"));
  if (stuck_.contains({from, name})) {
    return Error{Token::no_such_file, "a package cannot be read or removed", (folder / name).string(), {}};
  }
  BOOKCHAIN_TRY(auto file, open_foreign(folder.get(), name, folder / name));
  return std::unique_ptr<PackageSource>(
      std::make_unique<OpenPackageFile>(std::move(file), std::move(folder.descriptor), name));
}

Result<void> SpoolLink::drop_package(PeerPort from, const ExchangeId& exchange) {
  return remove_delivery(from, package_name(exchange));
}

std::vector<std::pair<PeerPort, ExchangeId>> SpoolLink::packages() const {
  std::vector<std::pair<PeerPort, ExchangeId>> found;
  for (const auto port : settings_.senders) {
    const auto folder = from_folder(port, "new");
    if (!folder || !folder.value().lets_remove()) continue;
    const auto names = waiting_from(folder.value(), port).packages;
    const auto count = std::min<std::uint64_t>(names.size(), settings_.quota.files);
    std::size_t trees = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto facts = folder.value().facts_of(names[i]);
      if (facts && S_ISDIR(facts->mode) && ++trees > max_trees_a_turn) continue;
      found.emplace_back(port, *exchange_in_name(names[i]));
    }
  }
  return found;
}

}  // namespace bookchain::transport
