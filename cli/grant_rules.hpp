// Whom `serve --grant FILE` gives books to: rules by peer, book and number, in strict YAML.
//
//   bookchain: 1
//   grants:                 a request is granted if one of these fits it
//     - peer: 5000          asked by this peer; without it, by any
//       book: "6e395e57a5"  for the book whose id begins so; without it, for any
//       count: 2            as long as fewer than that were granted that fit the same rule
//   otherwise: refuse       or `wait`, the default: it stays for a person to grant or refuse
//   reason: "on loan"       what a refused requester is told
#pragma once

#include "cli/files.hpp"
#include "ledger/genesis.hpp"
#include "ledger/records.hpp"
#include "transport/courier.hpp"

namespace bookchain::cli {

struct GrantRule {
  std::optional<ledger::PeerPort> peer;
  std::optional<std::string> book;  ///< first digits of an id
  std::optional<std::uint64_t> count;

  [[nodiscard]] bool fits(const ledger::ExchangeRecord& record) const;
};

struct GrantRules {
  std::vector<GrantRule> rules;
  bool refuses_others = false;
  std::string reason;

  /// `state` is what the peer remembers, with all that it has granted before.
  [[nodiscard]] transport::GrantVerdict judge(const ledger::State& state, const ledger::ExchangeRecord& record) const;
};

/// Whether each peer that a rule names is one of the network: the rule of another would never be used, unseen. Token
/// `unknown-peer`.
[[nodiscard]] Result<void> check_peers(const GrantRules& rules, const std::string& file,
                                       const ledger::Genesis& genesis);

/// `file` is named in errors. Tokens: those of strict reading.
[[nodiscard]] Result<GrantRules> read_grant_rules(const std::string& file, const std::string& text);
[[nodiscard]] Result<GrantRules> load_grant_rules(const path& file);

}  // namespace bookchain::cli
