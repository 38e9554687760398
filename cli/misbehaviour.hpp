// Misbehaviour: what a single peer can do against the rules, for lessons and tests, on test networks only. The rules
// themselves stay as they are: a liar changes what they decided to send, or makes them forget. What each kind does is
// in lies_of_exchanges and lies_of_the_chain.
#pragma once

#include "cli/home.hpp"

namespace bookchain::cli {

struct MisbehaviourKind {
  std::string_view name;
  std::string_view summary;  ///< "the owner releases a key that does not fit"
};
/// All kinds, in the order in which help lists them.
[[nodiscard]] std::vector<MisbehaviourKind> misbehaviour_kinds();

class Misbehaviour final : public transport::Tamper {
 public:
  /// Tokens: `not-a-test-network`; `usage` if there is no such kind.
  [[nodiscard]] static Result<std::unique_ptr<Misbehaviour>> make(Home& home, const std::string& kind);

  void tamper(const ledger::State& state, std::vector<ledger::Outgoing>& leaving) override;

  /// Whether it grants by itself, in its own way, so that `serve` must not.
  [[nodiscard]] bool grants_by_itself() const;
  /// What it does beside messages, after each turn: false grants, a memory that forgets.
  [[nodiscard]] Result<void> after_turn();

  struct Act;

 private:
  Misbehaviour(Home& home, const Act& act) : home_(home), act_(act) {}

  Home& home_;
  const Act& act_;
};

}  // namespace bookchain::cli
