// What makes two failures the same one.
#pragma once

#include <string>

namespace bookchain::sim {

/// The part of a detail that says what was broken where one invariant stands for many rules: "breaks rule Q2", or
/// "two blocks of height". Empty where the invariant says it all.
[[nodiscard]] std::string rule_in(const std::string& detail);

}  // namespace bookchain::sim
