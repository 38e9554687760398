// Whom `serve --grant FILE` gives books to: rules by peer, book and number, in strict YAML.
//
//   bookchain: 1
//   grants:                 a request is granted if one of these fits it
//     - peer: 5000          asked by this peer; without it, by any
//       book: "6e395e57a5"  for the book whose id begins so; without it, for any
//       count: 2            as long as fewer than that were given that fit the same rule
//   otherwise: refuse       or `wait`, the default: it stays for a person to grant or refuse
//   reason: "on loan"       what a refused requester is told
#pragma once

#include <set>

#include "cli/files.hpp"
#include "ledger/genesis.hpp"
#include "ledger/records.hpp"
#include "transport/courier.hpp"

namespace bookchain::cli {

struct GrantRule {
  std::optional<ledger::PeerPort> peer;
  std::optional<std::string> book;  ///< first digits of an id
  std::optional<std::uint64_t> count;

  [[nodiscard]] bool fits(ledger::PeerPort requester, const ledger::BookId& wanted) const;
};

struct GrantRules {
  std::vector<GrantRule> rules;
  bool refuses_others = false;
  std::string reason;
};

/// The rules at one moment: what was given by then is counted once. A turn counts once, whatever was granted in it, and
/// not any more when it ended without a transfer: who asks and does not take uses up nothing.
class GrantJudge {
 public:
  /// `rules` outlives it.
  GrantJudge(const GrantRules& rules, ledger::PeerPort owner, const ledger::State& state);

  /// A request that it lets be granted counts for those after it.
  [[nodiscard]] transport::GrantVerdict judge(const ledger::ExchangeRecord& record);

 private:
  struct Used {
    std::uint64_t grants = 0;
    std::uint64_t may_end = 0;  ///< of them: their turn ends without a transfer, unless somebody completes one yet
  };
  void count(ledger::PeerPort requester, const ledger::BookId& book, bool may_end);

  const GrantRules& rules_;
  std::vector<Used> used_;                                         ///< by rule
  std::set<std::pair<ledger::PeerPort, ledger::BookId>> in_turn_;  ///< counted, and not given yet
};

/// Whether each peer that a rule names is one of the network: the rule of another would never be used, unseen. Token
/// `unknown-peer`.
[[nodiscard]] Result<void> check_peers(const GrantRules& rules, const std::string& file,
                                       const ledger::Genesis& genesis);

/// `file` is named in errors. Tokens: those of strict reading.
[[nodiscard]] Result<GrantRules> read_grant_rules(const std::string& file, const std::string& text);
[[nodiscard]] Result<GrantRules> load_grant_rules(const path& file);

}  // namespace bookchain::cli
