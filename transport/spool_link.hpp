// SpoolLink: a Link over folders, after the manner of Maildir. What SENDER delivers to a peer lies in that
// peer's spool/SENDER: written in tmp/, synced, renamed into new/. Everything in there is somebody else's
// until it is checked: opened without following links, looked at before it is read, read once, within a
// bound. What cannot be a delivery goes to bad/ with the reason beside it and never stops the queue.
// Folder layout and file format: docs/formats.md.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>

#include "transport/channel.hpp"
#include "transport/environment.hpp"
#include "transport/link.hpp"
#include "transport/mail_file.hpp"
#include "transport/spool_delivery.hpp"
#include "transport/spool_folder.hpp"
#include "transport/spool_quota.hpp"

namespace bookchain::transport {

/// Files kept in one bad/, which together take no more than the quota; the oldest go first.
inline constexpr std::size_t max_bad_files = 100;
/// Beside each of them stands a file of its name and this, with the reason.
inline constexpr std::string_view reason_suffix = ".reason";
/// What the folder of a sender has in it.
inline constexpr std::array<std::string_view, 4> parts_of_folder{"tmp", "new", "cur", "bad"};

class SpoolLink final : public Link {
 public:
  struct Settings {
    PeerPort self;
    boost::filesystem::path own_spool;
    std::map<PeerPort, boost::filesystem::path> spools;  ///< of the other peers
    std::size_t max_envelope_bytes{};
    std::vector<PeerPort> senders = {};  ///< who may deliver here; empty: those whose spools are given
    /// Which user each sender is, where that is known: folders of others in its place are moved away.
    std::map<PeerPort, std::uint32_t> users = {};
    Quota quota = {};  ///< of each sender in the own spool
    std::uint64_t max_package_bytes = std::uint64_t{1} << 36U;
    std::size_t syncs_at_once = 1;  ///< of deliveries to several peers: more than one takes threads
  };
  /// Makes the folders for every sender below the own spool (mode 0700) if missing; in a drop box
  /// (FolderFacts) each sender makes its own. Tokens: `io`, `permission` (the spool belongs to another user, or can
  /// be written by everybody and lacks the sticky bit), `disk-full`.
  [[nodiscard]] static Result<std::unique_ptr<SpoolLink>> open(Settings settings, Environment& environment);

  [[nodiscard]] Result<std::vector<Parcel>> receive_beside(const ParcelNames& held, std::size_t most) override;
  [[nodiscard]] std::map<PeerPort, std::size_t> waiting() const override;
  [[nodiscard]] std::map<PeerPort, std::size_t> seen_waiting() const override;
  [[nodiscard]] Result<void> acknowledge(const Parcel& parcel) override;
  [[nodiscard]] Result<void> put_aside(const Parcel& parcel, const Error& reason) override;
  [[nodiscard]] Result<std::unique_ptr<ledger::PackageSource>> open_package(PeerPort from,
                                                                            const ExchangeId& exchange) override;
  [[nodiscard]] Result<void> drop_package(PeerPort from, const ExchangeId& exchange) override;
  [[nodiscard]] std::vector<std::pair<PeerPort, ExchangeId>> packages() const override;
  [[nodiscard]] Result<void> send(PeerPort to, const std::vector<Bytes>& envelopes,
                                  const std::vector<PackageFile>& packages) override;
  [[nodiscard]] std::vector<Result<void>> send_all(const Deliveries& deliveries) override;
  [[nodiscard]] bool package_waits_at(PeerPort to, const ExchangeId& exchange) const override;
  [[nodiscard]] bool still_waiting_at(PeerPort to) const override;

 private:
  SpoolLink(Settings settings, Environment& environment);
  [[nodiscard]] Result<SpoolTarget> target(PeerPort to) const;
  [[nodiscard]] Result<SpoolFolder> own_folder_in(const SpoolFolder& spool, const FolderFacts& facts) const;
  /// The folder that `from` delivers into, or a part of it.
  [[nodiscard]] Result<SpoolFolder> from_folder(PeerPort from, const std::string& part) const;
  /// Where the mail of `from` lies: opened once in a call of receive(). Good until the next is asked for.
  [[nodiscard]] Result<const SpoolFolder*> inbox(PeerPort from);
  [[nodiscard]] Result<std::vector<Parcel>> take_in(const ParcelNames& held, std::size_t most);
  [[nodiscard]] static Result<void> check_quota(PeerPort to, const SpoolTarget& folders,
                                                const std::vector<Bytes>& envelopes,
                                                const std::vector<PackageFile>& packages);
  [[nodiscard]] static Result<void> make_folders(const SpoolFolder& spool, PeerPort from);
  [[nodiscard]] static bool is_of_sender(const SpoolFolder& spool, PeerPort from, const Error& error);
  [[nodiscard]] Result<void> look_at(PeerPort from);
  [[nodiscard]] std::optional<FolderFacts> instead_of_folder(PeerPort from) const;
  void tell_no_folder(PeerPort from, const Error& error);
  void keep_faults(std::vector<Parcel>& parcels);
  [[nodiscard]] Result<void> check_folders(PeerPort from) const;
  /// Whether the folder of a sender belongs to a user who is not that sender.
  [[nodiscard]] bool is_of_stranger(const SpoolFolder& spool, PeerPort from) const;
  void move_stranger_away(const SpoolFolder& spool, PeerPort from);
  /// What waits in the folder of one sender, in the order of its names.
  struct Waiting {
    std::vector<std::string> mail;
    std::vector<std::string> packages;
  };
  [[nodiscard]] Waiting waiting_from(const SpoolFolder& folder, PeerPort from) const;
  void cross_off(PeerPort from, const std::string& name);
  void list_anew(PeerPort from, std::deque<std::string>& names);
  void drop_excess(const SpoolFolder& folder, PeerPort from, Waiting& found);
  void tell(PeerPort from, std::string what, const boost::filesystem::path& where);
  [[nodiscard]] std::vector<std::pair<PeerPort, std::string>> next_names(const ParcelNames& held, std::size_t most);
  [[nodiscard]] Result<void> remove_delivery(PeerPort from, const std::string& name);
  [[nodiscard]] Result<void> move_or_keep(const Parcel& parcel, const Error& reason);
  [[nodiscard]] Result<void> move_aside(PeerPort from, const std::string& name, const Error& reason);
  void prune(const SpoolFolder& bad) const;
  void shed_what_nobody_takes();
  void shed_from(PeerPort from);
  void tell_shed(PeerPort from, std::size_t removed, const boost::filesystem::path& where);
  void shed_beside_senders();
  [[nodiscard]] Result<SpoolDelivery> write(PeerPort to, const std::vector<Bytes>& envelopes,
                                            const std::vector<PackageFile>& packages);
  void bring(std::vector<Result<SpoolDelivery>>& written, std::vector<Result<void>>& sent);
  [[nodiscard]] std::string fresh_name();

  Settings settings_;
  Environment& environment_;
  JointSync sync_;
  std::size_t first_ = 0;  ///< whose deliveries are taken first: each sender in turn
  /// What was found in the folder of a sender and is not done with yet.
  std::map<PeerPort, std::deque<std::string>> listed_;
  std::set<PeerPort> unlisted_;              ///< senders of whom there is more, which waits for the next call
  std::map<PeerPort, SpoolFolder> inboxes_;  ///< those opened in this call of receive(), the last few
  bool drop_box_ = false;                    ///< each sender makes its own folder in the own spool
  std::set<PeerPort> swept_;                 ///< spools whose tmp/ this process has cleared of its own leftovers
  std::optional<ledger::Time> shed_at_;
  std::vector<Parcel> faults_;     ///< what is wrong with a folder as a whole, to be told once
  std::set<PeerPort> no_folder_;   ///< those in the place of whose folder stands something else, which is told
  std::set<PeerPort> closed_;      ///< those in whose folders nothing can be removed, which is told
  std::size_t removals_left_ = 0;  ///< of files above the quota, in this call of receive()
  /// What could neither be taken nor removed: told once by this process, and passed over.
  std::set<std::pair<PeerPort, std::string>> stuck_;
};

}  // namespace bookchain::transport
