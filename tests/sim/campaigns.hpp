// Runs with one aim: an attack, a planted bug, one liar more than a network bears.
#pragma once

#include <string>

#include "tests/sim/runs.hpp"

namespace bookchain::sim {

/// "two-grants:4,bad-deal:1", or "none".
[[nodiscard]] std::string evidence_by_kind(const Counts& counts);
/// Every attack, `runs` seeds each, alone and among others; one line a kind. Gives the status of the program.
[[nodiscard]] int run_each_attack(std::uint64_t runs, unsigned jobs, const std::string& program);
/// Every planted bug, or one, until it is found by what it breaks, or through `most` seeds.
[[nodiscard]] int run_each_bug(std::uint64_t most, std::optional<Bug> only, const std::string& program);
/// The same with the plans that seeds have anyway, made for no bug: how many it takes until one shows it. Within `most`
/// seeds only a few bugs may be missed.
[[nodiscard]] int run_each_bug_in_ordinary_plans(std::uint64_t most, std::optional<Bug> only, unsigned jobs);
/// More liars than are borne: nobody honest may be blamed, and within `most` seeds what is promised must break; with as
/// many as are borne, in as many seeds as that took and some more, nothing does.
[[nodiscard]] int run_beyond(std::uint64_t most, std::optional<Bug> bug, const std::string& program);

}  // namespace bookchain::sim
