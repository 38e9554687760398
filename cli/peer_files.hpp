// The files of a peer's home that never change while it works: config.yaml, keys.yaml and the network
// file they point to. Reading them is strict; keys that others could read are refused.
//
//   config.yaml   port, network file, what else differs from the usual: see HomeConfig
//   card.yaml     after `keygen`: the public card; `join` adds network.yaml, a copy of the network file
//   keys.yaml     mode 0600: the two secret keys, and on a test network the seed of its randomness
//   lock          held by whoever changes the home; lock.turn by who is next to take it
//   state.sqlite  all that the peer remembers
//   contacts      when each of the others was heard last, for `status` alone: see Contacts; contacts.new while it is
//                 written
//   draws         on a test network: how often its randomness was drawn from
//   spool/        what others deliver: SENDER/{tmp,new,cur,bad}
//   socket, serving.lock  where others connect while this peer serves; the lock is held by who serves
//   incoming/     packages of large books that come over sockets
//   books/, exchanges/, work/   the shelf
#pragma once

#include <map>
#include <memory>
#include <set>

#include "cli/files.hpp"
#include "cli/host_access.hpp"
#include "ledger/genesis.hpp"
#include "ledger/node.hpp"
#include "transport/spool_quota.hpp"

namespace bookchain::cli {

/// The secret keys of a peer, with the seed of its randomness on a test network.
struct PeerKeys {
  ledger::Identity identity;
  std::optional<ledger::Hash> seed;
};

/// What a new home's config.yaml says. Paths that are not absolute are relative to the home.
struct HomeConfig {
  ledger::PeerPort port;
  std::string network;                     ///< the network file
  std::optional<std::string> relative_to;  ///< what addresses of spools are relative to; else the network file's folder
  std::optional<std::string> spool;        ///< where this peer's own spool lies; else `spool` in the home
  std::optional<Access> access;            ///< what `join` opened; nothing: a home of `init`, for one user
};

struct PeerFiles {
  path home;
  path network_file;
  path spool;         ///< where this peer takes from
  path address_base;  ///< addresses of spools are relative to it
  ledger::Genesis genesis;
  ledger::Identity identity;
  std::optional<ledger::Hash> seed;                   ///< of a test network
  std::map<ledger::PeerPort, std::string> addresses;  ///< of peers, where they differ from the network file's
  unsigned socket_mode = 0600;                        ///< of the socket this peer listens on
  std::map<ledger::PeerPort, std::uint32_t> users;    ///< who delivers as which user of this host, where that is said
  transport::Quota quota;                             ///< what each of them may have waiting in this peer's spool
  std::optional<Access> access;                       ///< who may come to the spool, where that is said
  std::set<std::string> stated;                       ///< which of the values above config.yaml gives: "quota.bytes"

  [[nodiscard]] ledger::PeerPort port() const { return identity.port; }
  [[nodiscard]] path state_file() const { return home / "state.sqlite"; }
  [[nodiscard]] path lock_file() const { return home / "lock"; }
  [[nodiscard]] path incoming() const { return home / "incoming"; }
};

/// Bounds of the quota of config.yaml.
inline constexpr transport::Quota least_quota{std::uint64_t{1} << 20U, 16};
inline constexpr transport::Quota most_quota{std::uint64_t{1} << 50U, 1'000'000};

inline constexpr std::string_view config_file_name = "config.yaml";
inline constexpr std::string_view keys_file_name = "keys.yaml";
inline constexpr std::string_view state_file_name = "state.sqlite";

/// Text of a new home's config.yaml and keys.yaml.
[[nodiscard]] std::string write_config(const HomeConfig& config);
[[nodiscard]] std::string write_keys(const PeerKeys& keys);

/// The keys of a home, which need not have joined a network. Tokens: `no-such-file`, `permission` (others can
/// reach them), and those of strict reading.
[[nodiscard]] Result<PeerKeys> load_keys(const path& home);

/// Of config.yaml, keys.yaml and state.sqlite. What only cannot be looked at, in the home of another user, is there.
struct HomeParts {
  bool any = false;             ///< false: the folder is the home of nobody
  std::optional<path> missing;  ///< the first of them that is not there
};
[[nodiscard]] HomeParts parts_of_home(const path& home);

/// Tokens: `home-missing`, `permission`, `bad-config` (the keys are not those of the network file), and
/// those of strict reading.
[[nodiscard]] Result<std::unique_ptr<PeerFiles>> load_peer_files(const path& home);

}  // namespace bookchain::cli
