// The files of a peer's home that never change while it works: config.yaml, keys.yaml and the network
// file they point to. Reading them is strict; keys that others could read are refused.
//
//   config.yaml   port, network file, addresses that differ from the network file's
//   keys.yaml     mode 0600: the two secret keys, and on a test network the seed of its randomness
//   lock          held by whoever changes the home
//   state.sqlite  all that the peer remembers
//   spool/        what others deliver: SENDER/{tmp,new,cur,bad}
//   socket, socket.lock   where others connect while this peer serves; the lock is held by who serves
//   incoming/     packages of large books that come over sockets
//   books/, exchanges/, work/   the shelf
#pragma once

#include <map>
#include <memory>

#include "cli/files.hpp"
#include "ledger/genesis.hpp"
#include "ledger/node.hpp"

namespace bookchain::cli {

struct PeerFiles {
  path home;
  path network_file;
  ledger::Genesis genesis;
  ledger::Identity identity;
  std::optional<ledger::Hash> seed;                   ///< of a test network
  std::map<ledger::PeerPort, std::string> addresses;  ///< of peers, relative to the network file
  unsigned socket_mode = 0600;                        ///< of the socket this peer listens on

  [[nodiscard]] ledger::PeerPort port() const { return identity.port; }
  [[nodiscard]] path state_file() const { return home / "state.sqlite"; }
  [[nodiscard]] path spool() const { return home / "spool"; }
  [[nodiscard]] path lock_file() const { return home / "lock"; }
  [[nodiscard]] path incoming() const { return home / "incoming"; }
};

/// Text of a new home's config.yaml and keys.yaml.
[[nodiscard]] std::string write_config(ledger::PeerPort port, const std::string& network_file);
[[nodiscard]] std::string write_keys(const ledger::Identity& identity, const std::optional<ledger::Hash>& seed);

/// Tokens: `home-missing`, `permission`, `bad-config` (the keys are not those of the network file), and
/// those of strict reading.
[[nodiscard]] Result<std::unique_ptr<PeerFiles>> load_peer_files(const path& home);

}  // namespace bookchain::cli
