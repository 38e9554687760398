#include "cli/suggestion.hpp"

#include <algorithm>

namespace bookchain::cli {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Three rows of the table of optimal string alignment suffice; row i holds distances of i letters.
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

std::optional<std::string> nearest(std::string_view word_typed, const std::vector<std::string>& known) {
  std::string typed(word_typed);
  std::ranges::transform(typed, typed.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const auto& word : known) {
    // Cut short, or with a word too many: "grant-all".
    const bool begins_with = typed.size() >= 2 && (word.starts_with(typed) || typed.starts_with(word + "-"));
    const auto distance = begins_with ? 1 : edit_distance(typed, word);
    if (distance > std::max<std::size_t>(1, word.size() / 3)) continue;
    if (best && distance >= best_distance) continue;
    best = word;
    best_distance = distance;
  }
  return best;
}

}  // namespace bookchain::cli
