// Four owners who make a network of their cards, each in a folder of its own.
#pragma once

#include <array>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

inline constexpr std::array owner_names{"ann", "ben", "cleo", "dora"};

/// Four people in folders of their own.
struct Owners {
  TemporaryDirectory scratch;

  [[nodiscard]] path home(std::size_t i) const { return scratch / owner_names[i]; }
  [[nodiscard]] path network_file() const { return scratch / "common" / "network.yaml"; }

  static Ended json(Words words) {
    words.insert(words.begin(), {"-o", "json"});
    return run(words);
  }
  [[nodiscard]] Ended keygen(std::size_t i, const Words& more = {}) const {
    Words words{"keygen", "--home", home(i).string(), "--port", std::to_string(5000 + i)};
    words.insert(words.end(), more.begin(), more.end());
    return json(words);
  }
  [[nodiscard]] Ended assemble(const Words& more = {}) const {
    Words words{"init", (scratch / "common").string(), "--cards"};
    for (std::size_t i = 0; i < 4; ++i) words.push_back((home(i) / "card.yaml").string());
    words.insert(words.end(), more.begin(), more.end());
    return json(words);
  }
  [[nodiscard]] Ended join(std::size_t i) const {
    return json({"--home", home(i).string(), "join", network_file().string()});
  }
  [[nodiscard]] Ended at(std::size_t i, Words words) const {
    words.insert(words.begin(), {"--home", home(i).string()});
    return json(words);
  }
  void all_keys() const {
    for (std::size_t i = 0; i < 4; ++i) BOOST_REQUIRE(keygen(i).exit_code == 0);
  }
  void all_joined() const {
    all_keys();
    BOOST_REQUIRE(assemble().exit_code == 0);
    for (std::size_t i = 0; i < 4; ++i) BOOST_REQUIRE(join(i).exit_code == 0);
  }
};

}  // namespace bookchain::tests
