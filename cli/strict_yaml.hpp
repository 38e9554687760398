// YAML taken at its word: a tree of maps, lists and scalars with the line of each, in which nothing
// can hide. Aliases, anchors, tags, repeated keys and more than one document are refused, a number is
// a plain decimal (010 is no 8), and every reader says which keys it knows. Errors name file, line, key.
#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/error.hpp"
#include "ledger/types.hpp"

namespace bookchain::cli {

struct YamlField;

struct YamlNode {
  enum class Kind : std::uint8_t { scalar, list, map };
  Kind kind{};
  int line{};                     ///< from 1
  bool quoted{};                  ///< of a scalar
  std::string text;               ///< of a scalar
  std::vector<YamlNode> items;    ///< of a list
  std::vector<YamlField> fields;  ///< of a map, in the order of the file
};

/// Not a std::pair: that cannot be named before the node is complete.
struct YamlField {
  std::string name;
  YamlNode value;
};

/// Tokens: `bad-config` (no YAML, or a feature that is refused here), `repeated-key`.
[[nodiscard]] ledger::Result<YamlNode> parse_strict_yaml(const std::string& file, const std::string& text);

/// Text as a scalar in double quotes, with everything escaped that YAML would take for syntax: line ends, too,
/// which it would read as spaces. `text` is UTF-8.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A node with its place, for reading it with the types that are wanted.
class YamlView {
 public:
  YamlView(const std::string& file, const YamlNode& node, std::string key)
      : file_(&file), node_(&node), key_(std::move(key)) {}

  /// Token `bad-type` if this is no map, `unknown-key` if it has a key that is not in `known`.
  [[nodiscard]] ledger::Result<void> check_keys(std::initializer_list<std::string_view> known) const;
  [[nodiscard]] bool has(std::string_view key) const;
  /// Token `missing-key`.
  [[nodiscard]] ledger::Result<YamlView> at(std::string_view key) const;

  /// Tokens of all that follow: `bad-type`, `bad-value`.
  [[nodiscard]] ledger::Result<std::vector<YamlView>> list() const;
  [[nodiscard]] ledger::Result<std::vector<std::pair<std::string, YamlView>>> map() const;
  [[nodiscard]] ledger::Result<std::uint64_t> number(std::uint64_t least, std::uint64_t most) const;
  [[nodiscard]] ledger::Result<bool> truth() const;
  [[nodiscard]] ledger::Result<std::string> text() const;
  template <class Fixed>
  [[nodiscard]] ledger::Result<Fixed> hex() const {
    BOOKCHAIN_TRY(const auto digits, text());
    const auto value = ledger::fixed_from_hex<Fixed>(digits);
    if (!value) {
      return fault(ledger::Token::bad_value,
                   "a value is not " + std::to_string(2 * Fixed::size) + " lower-case hex digits");
    }
    return *value;
  }

  /// An error at this place: "FILE:LINE: KEY".
  [[nodiscard]] ledger::Error fault(ledger::Token token, std::string what) const;

 private:
  const std::string* file_;
  const YamlNode* node_;
  std::string key_;
};

}  // namespace bookchain::cli
