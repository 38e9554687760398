// How owners who do not trust each other make a network together: each makes its own keys and hands out a card,
// somebody assembles the network file from the cards, and each joins with it. No secret leaves its home.
#pragma once

#include "cli/peer_files.hpp"
#include "ledger/card.hpp"

namespace bookchain::cli {

struct KeyPlan {
  path home;
  ledger::PeerPort port;
  std::optional<std::string> address;  ///< where others deliver to; by default the spool of the home
  std::optional<std::string> seed;     ///< of a test network
};

struct MadeKeys {
  path card_file;
  ledger::Signed<ledger::Card> card;
  bool made = false;      ///< false: the keys were there already
  bool new_card = false;  ///< another card was there, with another address
};

/// Makes keys.yaml and card.yaml. Again with the same plan, it gives the card that is there; until the home has
/// joined a network, another address makes another card. Tokens: `home-exists` (the keys of another port or
/// seed are there, or the home has joined with another address), `bad-value`, `io`, `permission`, `disk-full`.
[[nodiscard]] Result<MadeKeys> make_keys(const KeyPlan& plan);

struct AssembledNetwork {
  path file;
  ledger::Genesis genesis;
  bool made = false;  ///< false: the same file was there already
};

/// Writes the network file of these cards into `folder`. Tokens: those of reading cards and of
/// network_of_cards, `home-exists` (another network is there).
[[nodiscard]] Result<AssembledNetwork> assemble_network(const path& folder, const std::vector<path>& cards,
                                                        std::uint8_t work_bits);

struct JoinPlan {
  path home;
  path network_file;
  std::optional<path> spool;             ///< where this peer sees its own spool, if not where its card says
  std::optional<Access> access;          ///< which other users of this host deliver; by default all can
  std::optional<ledger::PeerPort> port;  ///< the home must be of this peer
  bool trust_group = false;              ///< others in the group of the spool may reach what is delivered
};

struct Joined {
  ledger::Genesis genesis;
  ledger::PeerPort port;
  path spool;
  bool made = false;  ///< false: it had joined this network before
};

/// Checks that the network has the card of this home, as it was given, and makes the rest of the home; in one that has
/// joined, sets the modes again that its config.yaml says. Tokens: `home-missing` (no keys), `usage` (keys of another
/// port), `unknown-peer`, `wrong-network` (other keys or another address stand there), `home-exists` (the home has
/// joined another network, or with another spool or access), `permission` (others are in the group that the new spool
/// would have, and that is not allowed), those of open_spool and those of reading.
[[nodiscard]] Result<Joined> join_network(const JoinPlan& plan);

}  // namespace bookchain::cli
