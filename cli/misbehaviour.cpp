#include "cli/misbehaviour.hpp"

#include <algorithm>

#include "cli/lies.hpp"
#include "cli/options.hpp"
#include "cli/suggestion.hpp"

namespace bookchain::cli {

using namespace ledger;

Result<void> change_memory(Home& home, const std::function<void(Draft&)>& change) {
  Draft draft(home.store());
  change(draft);
  const auto writes = draft.take_effects().writes;
  if (writes.empty()) return success();
  BOOKCHAIN_CHECK(home.store().begin());
  home.store().apply(writes);
  return home.store().commit();
}

void tell_the_truth(const Liar& /*liar*/, Outgoing one, Leaving& leaving) { leave(leaving, std::move(one)); }

Result<void> do_nothing_more(Home& /*home*/) { return success(); }

namespace {

const std::vector<Misbehaviour::Act>& acts() {
  static const auto table = [] {
    auto all = lies_of_exchanges();
    std::ranges::move(lies_of_the_chain(), std::back_inserter(all));
    return all;
  }();
  return table;
}

}  // namespace

std::vector<MisbehaviourKind> misbehaviour_kinds() {
  std::vector<MisbehaviourKind> kinds;
  for (const auto& act : acts()) kinds.push_back(act.kind);
  return kinds;
}

Result<std::unique_ptr<Misbehaviour>> Misbehaviour::make(Home& home, const std::string& kind) {
  const auto found = std::ranges::find(acts(), kind, [](const Act& act) { return act.kind.name; });
  if (found == acts().end()) {
    std::vector<std::string> names;
    for (const auto& act : acts()) names.emplace_back(act.kind.name);
    const auto meant = nearest(kind, names);
    return usage_error("there is no such misbehaviour", kind,
                       meant ? "did you mean " + *meant + "?" : "bookchain help serve lists them");
  }
  if (!home.genesis().fields().test_network) {
    return Error{Token::not_a_test_network, "peers misbehave on test networks only", kind,
                 "bookchain init DIR --seed S makes a test network"};
  }
  return std::unique_ptr<Misbehaviour>(new Misbehaviour(home, *found));
}

void Misbehaviour::tamper(const State& state, std::vector<Outgoing>& leaving) {
  const Liar liar{home_.genesis(), home_.node().identity(), state};
  Leaving changed;
  for (auto& one : leaving) act_.tamper(liar, std::move(one), changed);
  leaving = std::move(changed);
}

bool Misbehaviour::grants_by_itself() const { return act_.grants_by_itself; }

Result<void> Misbehaviour::after_turn() { return act_.after_turn(home_); }

}  // namespace bookchain::cli
