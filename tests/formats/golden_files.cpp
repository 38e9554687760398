#include "tests/formats/golden_files.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace bookchain::golden {

namespace {

std::string golden_path(const std::string& name) {
  const char* source = std::getenv("BOOKCHAIN_SOURCE");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "BOOKCHAIN_SOURCE names the source tree");
  return std::string(source) + "/tests/vectors/formats/" + name;
}

bool regenerating() {
  const char* wish = std::getenv("BOOKCHAIN_REGENERATE");
  return wish != nullptr && std::string_view(wish) == "1";
}

/// Number of the first line that differs, from 1.
std::size_t first_difference(const std::string& left, const std::string& right) {
  std::istringstream lefts(left);
  std::istringstream rights(right);
  std::string left_line;
  std::string right_line;
  for (std::size_t line = 1;; ++line) {
    const bool left_ended = !std::getline(lefts, left_line);
    const bool right_ended = !std::getline(rights, right_line);
    if (left_ended || right_ended || left_line != right_line) return line;
  }
}

}  // namespace

std::string read_golden(const std::string& name) {
  std::ifstream file(golden_path(name), std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file.good(), "cannot read the golden file " << golden_path(name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void check_golden(const std::string& name, const std::string& text) {
  if (regenerating()) {
    std::ofstream file(golden_path(name), std::ios::binary);
    file << text;
    file.close();
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot write the golden file " << golden_path(name));
    return;
  }
  const auto golden = read_golden(name);
  BOOST_CHECK_MESSAGE(golden == text, name << " differs from line " << first_difference(golden, text) << " on");
}

void check_golden(const std::string& name, const nlohmann::ordered_json& json) {
  check_golden(name, json.dump(1) + "\n");
}

}  // namespace bookchain::golden
