// One run of the program: which network and which peer the command line and the environment name, and
// where it prints. Finds and reads files of homes; opens no store.
#pragma once

#include <map>
#include <memory>

#include "cli/peer_files.hpp"
#include "cli/report.hpp"

namespace bookchain::cli {

/// What says which home is acted on.
enum class NamedBy : std::uint8_t { home_option, port_option, home_variable, port_variable, nothing };

class Session {
 public:
  explicit Session(GlobalOptions global) : global_(std::move(global)), report_(global_) {}

  [[nodiscard]] const GlobalOptions& global() const { return global_; }
  [[nodiscard]] const Report& report() const { return report_; }

  /// The peer named by --home, -p, or the environment. Tokens: `usage` if none is named, `home-missing`,
  /// `unknown-peer`, and those of reading its files.
  [[nodiscard]] Result<std::unique_ptr<PeerFiles>> peer() const;
  /// The same, but where none is named, this one.
  [[nodiscard]] Result<std::unique_ptr<PeerFiles>> peer_or(ledger::PeerPort port) const;
  /// The named peer, or the one of the lowest port whose home can be read.
  [[nodiscard]] Result<std::unique_ptr<PeerFiles>> any_peer() const;
  /// All homes of the network that this user can read, in port order; the home named by --home alone if
  /// it lies elsewhere.
  [[nodiscard]] Result<std::vector<std::unique_ptr<PeerFiles>>> readable_peers() const;

  /// The home that is named, whether it is there or not: --home, or DIR/N. Token `usage` if none is.
  [[nodiscard]] Result<path> place_of_home() const;
  /// The same for a home whose keys are to be made: there -p says who it is to be, and does not by itself name another
  /// home than the environment does.
  [[nodiscard]] Result<path> place_of_new_home() const;
  /// The port named by -p or the environment, if any. Token `usage`.
  [[nodiscard]] Result<std::optional<ledger::PeerPort>> named_port() const;

  /// What names the home, the nearest of them: where a home is named, a port is not looked at.
  [[nodiscard]] NamedBy home_named_by() const;
  /// Whether a peer was named at all.
  [[nodiscard]] bool names_a_peer() const;

  /// A command line that goes on at `port`, as it must be typed where this one was typed; nothing where it is not
  /// known from here which home is that peer's.
  [[nodiscard]] std::optional<std::string> command_line_at(ledger::PeerPort port, const std::string& words) const;
  /// The same for people: where the home is not known, the command and at whom it is to be typed.
  [[nodiscard]] std::string command_at(ledger::PeerPort port, const std::string& words) const;
  /// The same at the peer that is named, if one is.
  [[nodiscard]] std::string command_here(const std::string& words) const;

 private:
  [[nodiscard]] std::optional<path> named_home() const;
  [[nodiscard]] path network_folder() const;
  [[nodiscard]] std::optional<std::string> options_for(ledger::PeerPort port) const;
  [[nodiscard]] std::optional<std::string> find_options_for(ledger::PeerPort port) const;

  GlobalOptions global_;
  Report report_;
  mutable std::map<ledger::PeerPort, std::optional<std::string>> options_;  ///< that name a peer, once looked for
};

}  // namespace bookchain::cli
