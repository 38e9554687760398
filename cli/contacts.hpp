// When this peer last heard of each other one, and whether somebody speaks in its name for another network: what
// `status` shows and no rule reads. So it is no part of the state: a file beside it, which a reader finds whole and a
// loss of power may take away, for it is not synced. It may be lost or stale at any time.
#pragma once

#include <map>
#include <set>

#include "cli/files.hpp"
#include "ledger/types.hpp"

namespace bookchain::cli {

struct Contact {
  std::optional<ledger::Time> heard;               ///< by this peer's clock, to the second
  std::optional<ledger::NetworkId> other_network;  ///< only claimed: such words prove nothing

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& visitor) {
    visitor("heard", self.heard);
    visitor("other_network", self.other_network);
  }
};

class Contacts {
 public:
  /// The file `contacts` of a home.
  explicit Contacts(const path& home);

  /// Of all peers that there is something to say about; none of them where the file is not there or makes no sense.
  [[nodiscard]] std::map<ledger::PeerPort, Contact> load() const;

  /// Precondition: the lock of the home is held. Of each peer one thing a second is written at most, of those heard and
  /// of other networks, and what cannot be written is left out.
  void note(const std::set<ledger::PeerPort>& heard,
            const std::map<ledger::PeerPort, ledger::NetworkId>& other_networks, ledger::Time now);

 private:
  [[nodiscard]] std::map<ledger::PeerPort, ledger::NetworkId> due_to_be_noted(
      const std::map<ledger::PeerPort, ledger::NetworkId>& other_networks, ledger::Time now);
  void save(const std::map<ledger::PeerPort, Contact>& contacts) const;

  path file_;
  path unfinished_;
  std::map<ledger::PeerPort, Contact> noted_;                ///< by this process
  std::map<ledger::PeerPort, ledger::Time> other_noted_at_;  ///< when another network of it was, by this process
};

}  // namespace bookchain::cli
