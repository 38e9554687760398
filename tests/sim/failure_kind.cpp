#include "tests/sim/failure_kind.hpp"

#include <string_view>

namespace bookchain::sim {

std::string rule_in(const std::string& detail) {
  static constexpr std::string_view fork = "two blocks of height";
  static constexpr std::string_view rule = "breaks rule ";
  if (detail.find(fork) != std::string::npos) return std::string(fork);
  const auto begin = detail.find(rule);
  if (begin == std::string::npos) return {};
  const auto end = detail.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", begin + rule.size());
  return detail.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace bookchain::sim
