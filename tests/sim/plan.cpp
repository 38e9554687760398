#include "tests/sim/plan.hpp"

#include <algorithm>

namespace bookchain::sim {

namespace {

std::string joined(const std::string& list, std::string_view item) {
  return list.empty() ? std::string(item) : list + "," + std::string(item);
}

}  // namespace

std::string Plan::options() const {
  std::string fault_names;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (faults.test(i)) fault_names = joined(fault_names, name(static_cast<Fault>(i)));
  }
  std::string attack_names;
  for (std::size_t i = 0; i < attack_count; ++i) {
    if (attacks.test(i)) attack_names = joined(attack_names, name(static_cast<Attack>(i)));
  }
  auto text = "--seed " + std::to_string(seed) + " --peers " + std::to_string(peers) + " --villains " +
              std::to_string(villains) + " --exchanges " + std::to_string(exchanges) + " --books " +
              std::to_string(books) + " --steps " + std::to_string(steps) + " --harshness " +
              std::to_string(harshness) + " --faults " + (fault_names.empty() ? "none" : fault_names) + " --attacks " +
              (attack_names.empty() ? "none" : attack_names);
  if (bug) text += " --bug " + std::string(name(*bug));
  return text;
}

Plan plan_of(std::uint64_t seed) {
  Random chance(seed, "plan");
  Plan plan;
  plan.seed = seed;
  // Small networks are the tight ones, and the cheap ones: most seeds are of them.
  static constexpr std::array<std::size_t, 16> sizes{4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 7, 8, 9};
  plan.peers = sizes[chance.below(sizes.size())];
  plan.exchanges = chance.between(8, 15);  // so that users make over ten requests a seed, on the average
  plan.books = chance.between(1, 3);
  plan.steps = (250 + plan.exchanges * 48) * (plan.peers + 4) / 8;
  // Where much is lost little is agreed on: some seeds get far, others are hit hard.
  static constexpr std::array<std::size_t, 4> harshness{10, 25, 50, 100};
  plan.harshness = harshness[chance.below(harshness.size())];
  // A quarter of the seeds is calm, a quarter has everything, the others have some of it.
  const auto mix = chance.below(4);
  const auto draw = [&](Random& from, std::size_t fault) {
    plan.faults.set(fault, mix == 0 ? from.chance(100) : mix == 1 || from.chance(450));
  };
  static constexpr auto link_error = static_cast<std::size_t>(Fault::link_error);
  for (std::size_t i = 0; i < link_error; ++i) draw(chance, i);
  if (chance.chance(600)) plan.villains = chance.between(1, plan.faults_borne());
  if (plan.may_restore() && plan.villains == plan.faults_borne()) {
    if (chance.chance(500)) {
      --plan.villains;
    } else {
      plan.forbid_restores();
    }
  }
  std::uint64_t dense = 0;
  const auto draw_attacks = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i) plan.attacks.set(i, chance.chance(dense == 0 ? 60 : dense * 250));
  };
  // What was added later is drawn last: the plans that seeds had before stay what they were.
  static constexpr auto first_added = static_cast<std::size_t>(Attack::ignored_lock);
  if (plan.villains > 0) {
    dense = chance.below(3);
    draw_attacks(0, first_added);
  }
  draw(chance, link_error);
  if (plan.villains > 0) draw_attacks(first_added, attack_count);
  Random later(seed, "faults that came later");
  for (auto i = link_error + 1; i < fault_count; ++i) draw(later, i);
  // Some seeds go on for long, so that chains grow and books move on again while things still go wrong.
  if (Random(seed, "long").below(16) == 0) {
    plan.steps *= 4;
    plan.exchanges *= 2;
  }
  // In some nothing goes wrong at all: what nobody disturbs must be recorded there.
  if (Random(seed, "calm").below(32) == 0) plan.make_calm();
  return plan;
}

Plan plan_of(std::uint64_t seed, Attack attack, bool alone) {
  auto plan = plan_of(seed);
  if (plan.villains == 0) {
    plan.villains = 1;
    plan.attacks.reset();
    if (plan.faults_borne() == 1) plan.forbid_restores();
  }
  if (alone) plan.attacks.reset();
  plan.attacks.set(static_cast<std::size_t>(attack));
  if (attack == Attack::hidden_votes) {
    // Somebody must be restored, beside the liar.
    plan.peers = std::max<std::size_t>(plan.peers, 7);
    plan.villains = 1;
    plan.faults.set(static_cast<std::size_t>(seed % 2 == 0 ? Fault::restore : Fault::undeclared_restore));
  }
  return plan;
}

Plan plan_of_liars(std::uint64_t seed, Attack attack, std::size_t peers, std::size_t liars) {
  auto plan = plan_of(seed);
  plan.peers = peers;
  plan.villains = liars;
  plan.attacks.reset();
  plan.attacks.set(static_cast<std::size_t>(attack));
  plan.forbid_restores();
  return plan;
}

}  // namespace bookchain::sim
