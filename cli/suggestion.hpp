// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bookchain::cli {

/// Number of letters to insert, delete, replace or swap with their neighbour to get from one to the other.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The nearest of `known`, or nothing if none is near: at most a third of its letters may differ.
[[nodiscard]] std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace bookchain::cli
