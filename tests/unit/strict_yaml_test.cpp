// YAML taken at its word: whatever a lenient reader would let through is refused with file, line and key.
#include "cli/strict_yaml.hpp"

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

const std::string file = "f.yaml";

/// "token at subject" of what is wrong with a text, "" if nothing is.
std::string fault_of_yaml(const std::string& text) {
  const auto tree = parse_strict_yaml(file, text);
  if (tree) return "";
  return token_of(tree) + " at " + tree.error().subject;
}

struct Refused {
  std::string_view text;
  std::string_view fault;
};

constexpr std::array refused{
    Refused{"", "bad-config at f.yaml"},
    Refused{"# a comment\n", "bad-config at f.yaml"},
    Refused{"a: &x 1\n", "bad-config at f.yaml:1"},
    Refused{"a: 1\nb: &x [1]\n", "bad-config at f.yaml:2"},
    Refused{"a: *x\n", "bad-config at f.yaml:1"},
    Refused{"a: &x [*x]\n", "bad-config at f.yaml:1"},
    Refused{"<<: {a: 1}\na: &y 1\n", "bad-config at f.yaml:2"},
    Refused{"a: !!str 1\n", "bad-config at f.yaml:1"},
    Refused{"a: !own 1\n", "bad-config at f.yaml:1"},
    Refused{"!!map {a: 1}\n", "bad-config at f.yaml:1"},
    Refused{"a: 1\nb: 2\na: 3\n", "repeated-key at f.yaml:3: a"},
    Refused{"a: 1\n\"a\": 3\n", "repeated-key at f.yaml:2: a"},
    Refused{"a: {b: 1, b: 2}\n", "repeated-key at f.yaml:1: b"},
    Refused{"a: 1\n---\nb: 2\n", "bad-config at f.yaml:2"},
    Refused{"? [a]\n: 1\n", "bad-config at f.yaml:1"},
    Refused{"a: [1\n", "bad-config at f.yaml:2"},
    Refused{"a: 1\n\tb: 2\n", "bad-config at f.yaml:2"},
    Refused{"a: \"\xff\"\n", "bad-config at f.yaml"},
};

/// Reads key `a` of a text.
template <class Read>
std::string reading(const std::string& text, const Read& read) {
  const auto tree = value_of(parse_strict_yaml(file, text));
  const YamlView view(file, tree, {});
  const auto node = view.at("a");
  if (!node) return token_of(node) + " at " + node.error().subject;
  const auto value = read(node.value());
  return value ? "" : token_of(value) + " at " + value.error().subject;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(strict_yaml)

BOOST_AUTO_TEST_CASE(whatever_could_hide_something_is_refused_with_its_place) {
  for (const auto& [text, fault] : refused) BOOST_TEST(fault_of_yaml(std::string(text)) == fault, text);
}

BOOST_AUTO_TEST_CASE(depth_is_bounded_however_deep_the_text_is) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  BOOST_TEST(fault_of_yaml("a: " + nested(15)) == "");
  BOOST_TEST(fault_of_yaml("a: " + nested(16)) == "bad-config at f.yaml:1");
  BOOST_TEST(fault_of_yaml(std::string(200'000, '[')).starts_with("bad-config at f.yaml"));
  BOOST_TEST(fault_of_yaml(std::string(200'000, '{')).starts_with("bad-config at f.yaml"));
}

// yaml-cpp guesses UTF-16 and UTF-32 from zero bytes: the text that was checked would not be the text read.
BOOST_AUTO_TEST_CASE(a_text_in_another_encoding_is_refused) {
  using namespace std::literals;
  for (const auto& text : {"\0a\0:\0 \0"s + "1"s, "a\0:\0 \0"s + "1\0"s, "a: b\0c\n"s, "a: 1\n\0"s}) {
    BOOST_TEST(fault_of_yaml(text) == "bad-config at f.yaml");
  }
}

BOOST_AUTO_TEST_CASE(a_plain_tree_is_read_with_the_lines_of_its_nodes) {
  const auto tree = value_of(parse_strict_yaml(file, "a: 1\nb:\n  - x\n  - \"y\"\nc: {d: ''}\n"));
  BOOST_REQUIRE(tree.fields.size() == 3U);
  BOOST_TEST(tree.fields[0].value.line == 1);
  BOOST_TEST(!tree.fields[0].value.quoted);
  BOOST_TEST(tree.fields[1].value.items[1].line == 4);
  BOOST_TEST(tree.fields[1].value.items[1].quoted);
  BOOST_TEST(tree.fields[2].value.fields[0].value.quoted);
}

BOOST_AUTO_TEST_CASE(a_number_is_a_plain_canonical_decimal_in_its_range) {
  const auto number = [](const std::string& text) {
    return reading("a: " + text + "\n", [](const YamlView& view) { return view.number(1, 100); });
  };
  for (const auto* good : {"1", "8", "100"}) BOOST_TEST(number(good) == "", good);
  for (const auto* bad :
       {"010", "01", "0x10", "1.0", "1e1", "+1", "-1", "1_0", "\"1\"", "'1'", "~", "", "[1]", "{b: 1}", "one", "0o7"}) {
    BOOST_TEST(number(bad) == "bad-type at f.yaml:1: a", bad);
  }
  for (const auto* bad : {"0", "101", "18446744073709551615", "18446744073709551616", "99999999999999999999999"}) {
    BOOST_TEST(number(bad) == "bad-value at f.yaml:1: a", bad);
  }
}

// A value left out was once told to stand on the line of what comes next.
BOOST_AUTO_TEST_CASE(a_value_left_out_is_placed_at_its_key) {
  const auto number = [](const YamlView& view) { return view.number(1, 100); };
  BOOST_TEST(reading("b: 1\na:\n\n\nc: 2\n", number) == "bad-type at f.yaml:2: a");
  BOOST_TEST(reading("b: 1\na: # none\n", number) == "bad-type at f.yaml:2: a");
}

BOOST_AUTO_TEST_CASE(a_truth_value_is_true_or_false_and_nothing_else) {
  const auto truth = [](const std::string& text) {
    return reading("a: " + text + "\n", [](const YamlView& view) { return view.truth(); });
  };
  for (const auto* good : {"true", "false"}) BOOST_TEST(truth(good) == "", good);
  for (const auto* bad : {"yes", "no", "on", "True", "TRUE", "1", "\"true\"", "~", "[true]"}) {
    BOOST_TEST(truth(bad) == "bad-type at f.yaml:1: a", bad);
  }
}

BOOST_AUTO_TEST_CASE(text_is_no_word_that_yaml_takes_for_something_else) {
  const auto text = [](const std::string& value) {
    return reading("a: " + value + "\n", [](const YamlView& view) { return view.text(); });
  };
  for (const auto* good : {"word", "\"true\"", "''", "\"~\"", "spool:5000"}) BOOST_TEST(text(good) == "", good);
  for (const auto* bad : {"true", "false", "null", "~", "", "[x]"}) {
    BOOST_TEST(text(bad) == "bad-type at f.yaml:1: a", bad);
  }
  BOOST_TEST(text("\"a\\0b\"") == "bad-value at f.yaml:1: a");
}

BOOST_AUTO_TEST_CASE(hex_is_exactly_as_long_as_what_it_names) {
  const auto salt = [](const std::string& value) {
    return reading("a: \"" + value + "\"\n", [](const YamlView& view) { return view.hex<Salt>(); });
  };
  BOOST_TEST(salt("000102030405060708090a0b0c0d0e0f") == "");
  for (const auto* bad : {"", "00", "000102030405060708090A0B0C0D0E0F", "000102030405060708090a0b0c0d0e0f00"}) {
    BOOST_TEST(salt(bad) == "bad-value at f.yaml:1: a", bad);
  }
}

BOOST_AUTO_TEST_CASE(keys_that_are_missing_or_unknown_are_named_with_their_path) {
  const auto tree = value_of(parse_strict_yaml(file, "a: 1\nb:\n  c: 2\nd:\n  - {e: 3}\n"));
  const YamlView view(file, tree, {});
  require_success(view.check_keys({"a", "b", "d"}));
  const auto unknown = view.check_keys({"a", "d"});
  BOOST_TEST(token_of(unknown) == "unknown-key");
  BOOST_TEST(unknown.error().subject == "f.yaml:3: b");
  BOOST_TEST(!view.has("x"));
  const auto missing = value_of(view.at("b")).at("x");
  BOOST_TEST(token_of(missing) == "missing-key");
  BOOST_TEST(missing.error().subject == "f.yaml:3: b.x");
  const auto of_list = value_of(value_of(view.at("d")).list())[0].at("f");
  BOOST_TEST(of_list.error().subject == "f.yaml:5: d[0].f");
  BOOST_TEST(token_of(value_of(view.at("a")).at("x")) == "bad-type");
  BOOST_TEST(token_of(value_of(view.at("a")).check_keys({})) == "bad-type");
  BOOST_TEST(token_of(value_of(view.at("a")).list()) == "bad-type");
  BOOST_TEST(token_of(value_of(view.at("a")).map()) == "bad-type");
}

BOOST_AUTO_TEST_SUITE_END()
