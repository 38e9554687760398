#include "tests/cli/formats.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace bookchain::tests {

namespace {

/// YAML keeps no types that differ from JSON's here: numbers and truth values are plain, text is quoted.
void check_same(const Json& json, const YAML::Node& yaml, const std::string& where) {
  BOOST_TEST_CONTEXT(where) {
    if (json.is_object()) {
      BOOST_REQUIRE(yaml.IsMap());
      BOOST_TEST(yaml.size() == json.size());
      for (const auto& [key, value] : json.items()) check_same(value, yaml[key], where + "." + key);
    } else if (json.is_array()) {
      BOOST_REQUIRE(yaml.IsSequence());
      BOOST_REQUIRE(yaml.size() == json.size());
      for (std::size_t i = 0; i < json.size(); ++i) check_same(json[i], yaml[i], where + "[" + std::to_string(i) + "]");
    } else if (json.is_null()) {
      BOOST_TEST(yaml.IsNull());
    } else {
      BOOST_REQUIRE(yaml.IsScalar());
      BOOST_TEST(yaml.Scalar() == (json.is_string() ? json.get<std::string>() : json.dump()));
    }
  }
}

Words words_for(const Network& network, std::optional<int> port, const std::string& format, const Words& words) {
  Words all{"-n", network.folder().string(), "-o", format};
  if (port) all.insert(all.end(), {"-p", std::to_string(*port)});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

}  // namespace

Ended in_text(const Network& network, std::optional<int> port, const Words& words) {
  return run(words_for(network, port, "text", words));
}

Shown in_all_formats(const Network& network, std::optional<int> port, const Words& words, int exit_code) {
  const auto json = run(words_for(network, port, "json", words));
  const auto yaml = run(words_for(network, port, "yaml", words));
  const auto text = in_text(network, port, words);
  BOOST_TEST_CONTEXT(words.front() << ": " << json.err) {
    BOOST_TEST(json.exit_code == exit_code);
    BOOST_TEST(yaml.exit_code == exit_code);
    BOOST_TEST(text.exit_code == exit_code);
    BOOST_TEST(std::ranges::count(json.out, '\n') == 1);
    BOOST_TEST(!text.out.empty());
    BOOST_TEST(std::ranges::none_of(text.out, [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 32; }));
  }
  Shown shown{json.json(), text.out};
  BOOST_TEST(shown.json["schema"] == 1);
  check_same(shown.json, YAML::Load(yaml.out), words.front());
  return shown;
}

}  // namespace bookchain::tests
