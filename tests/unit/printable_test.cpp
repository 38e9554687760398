// What comes from others and goes to a terminal, a JSON reader or a YAML reader: nothing in it may act
// (docs/protocol.md, section 7: "a title that is a path or holds escapes of a terminal").
#include "cli/printable.hpp"

#include <nlohmann/json.hpp>

#include "cli/report.hpp"
#include "cli/strict_yaml.hpp"
#include "cli/suggestion.hpp"
#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

struct Printed {
  std::string_view foreign;
  std::string_view shown;
};

using namespace std::literals;

constexpr std::array printed{
    Printed{"", ""},
    Printed{"A plain title, 7 → é 書 😀", "A plain title, 7 → é 書 😀"},
    Printed{"../../etc/passwd", "../../etc/passwd"},
    Printed{"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
    Printed{"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
    Printed{"one\ntwo\rthree\tfour", "one\\x0atwo\\x0dthree\\x09four"},
    Printed{"a\0b"sv, "a\\x00b"},
    Printed{"\x7f", "\\x7f"},
    Printed{"\xc2\x9b"
            "31m",
            "\\x9b31m"},           // CSI as one C1 control
    Printed{"\xc2\x85", "\\x85"},  // next line
    Printed{"gpj.\xe2\x80\xae"
            "exe",
            "gpj.\\u{202e}exe"},  // right-to-left override
    Printed{"\xe2\x81\xa6isolate\xe2\x81\xa9", "\\u{2066}isolate\\u{2069}"},
    Printed{"zero\xe2\x80\x8bwidth\xef\xbb\xbf", "zero\\u{200b}width\\u{feff}"},
    Printed{"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},  // line and paragraph separators
    Printed{"\xf3\xa0\x81\x81", "\\u{e0041}"},                  // a tag letter
    Printed{"\xef\xbf\xbe\xef\xbf\xbf", "\\u{fffe}\\u{ffff}"},  // noncharacters
    Printed{"\xc0\xaf", "\\xc0\\xaf"},                          // overlong
    Printed{"\xed\xa0\x80", "\\xed\\xa0\\x80"},                 // a surrogate
    Printed{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},        // above U+10FFFF
    Printed{"\xe2\x82", "\\xe2\\x82"},                          // cut short
    Printed{"\xff\x1b", "\\xff\\x1b"},
    Printed{"\x80"
            "a",
            "\\x80a"},
};

bool holds_no_control(const std::string& text) {
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20U || byte == 0x7fU) return false;
  }
  return is_utf8(text);
}

/// Every code point of one to three bytes and some beyond, as a JSON or YAML writer may meet it.
std::string every_character() {
  std::string text;
  for (std::uint32_t point = 0; point < 0x3000U; ++point) {
    if (point < 0x80U) {
      text.push_back(static_cast<char>(point));
    } else if (point < 0x800U) {
      text.push_back(static_cast<char>(0xc0U | (point >> 6U)));
      text.push_back(static_cast<char>(0x80U | (point & 0x3fU)));
    } else {
      text.push_back(static_cast<char>(0xe0U | (point >> 12U)));
      text.push_back(static_cast<char>(0x80U | ((point >> 6U) & 0x3fU)));
      text.push_back(static_cast<char>(0x80U | (point & 0x3fU)));
    }
  }
  return text + "\xef\xbb\xbf\xf0\x9f\x98\x80";
}

bool is_ascii_line(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter >= 0x20 && letter < 0x7f; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(printable_text)

BOOST_AUTO_TEST_CASE(what_could_act_on_a_terminal_is_written_out) {
  for (const auto& [foreign, shown] : printed) BOOST_TEST(printable(foreign) == shown);
}

BOOST_AUTO_TEST_CASE(whatever_bytes_come_the_result_is_text_without_controls) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto foreign = text_of(scrambled(64, seed));
    const auto shown = printable(foreign);
    BOOST_TEST(holds_no_control(shown));
    BOOST_TEST(printable(shown) == shown);
  }
}

BOOST_AUTO_TEST_CASE(a_shortened_text_has_at_most_its_columns_and_cuts_no_character) {
  BOOST_TEST(printable("abcdef", 6) == "abcdef");
  BOOST_TEST(printable("abcdef", 5) == "abcd…");
  BOOST_TEST(printable("ééé", 2) == "é…");
  BOOST_TEST(printable("ab\x1bz", 6) == "ab…");
  for (std::size_t columns = 1; columns < 70; ++columns) {
    for (const auto& [foreign, shown] : printed) {
      const auto cut = printable(foreign, columns);
      BOOST_TEST(width(cut) <= columns);
      BOOST_TEST(is_utf8(cut));
      if (width(shown) <= columns) BOOST_TEST(cut == shown);
    }
  }
}

BOOST_AUTO_TEST_CASE(columns_are_those_of_a_terminal) {
  BOOST_TEST(width("\u4e16\u754c") == 4U);  // Chinese
  BOOST_TEST(width("\uac00\u3042\uff21") == 6U);
  BOOST_TEST(width("e\u0301\u00e9") == 2U);  // an accent of its own, and one in its letter
  BOOST_TEST(width("\U0001f4d6") == 2U);     // a book
  BOOST_TEST(printable("\u4e16\u754c\u4e16", 5) == "\u4e16\u754c…");
  BOOST_TEST(printable("\u4e16\u754c\u4e16", 4) == "\u4e16…");
}

BOOST_AUTO_TEST_CASE(quotes_in_a_subject_end_no_quotation) {
  BOOST_TEST(sentence({Token::bad_file, "what failed", "a\" [io]", {}}) == "what failed: \"a\\\" [io]\"");
  BOOST_TEST(without_quotes("it is \"so\"") == "it is 'so'");
}

BOOST_AUTO_TEST_CASE(an_error_is_one_line_whatever_stands_in_it) {
  const Error error{Token::bad_file, "what\nfailed", "\x1b[2Jfile", {}};
  BOOST_TEST(sentence(error) == "what\\x0afailed: \"\\x1b[2Jfile\"");
  BOOST_TEST(sentence({Token::bad_file, "what failed", {}, {}}) == "what failed");
}

BOOST_AUTO_TEST_CASE(json_is_one_line_of_ascii_that_reads_as_what_was_written) {
  const auto text = every_character();
  const Json value{{"title", text}, {"size", 7}, {"none", nullptr}};
  const auto line = to_json_line(value);
  BOOST_TEST(is_ascii_line(line));
  BOOST_TEST((nlohmann::ordered_json::parse(line) == value));
  BOOST_TEST(to_json_line(Json{{"b", 1}, {"a", 2}}) == R"({"b":1,"a":2})");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_become_replacement_characters_in_json_and_yaml) {
  const Json value{{"title", "a\xff\xc0z"}};
  BOOST_TEST(to_json_line(value) == R"({"title":"a\ufffd\ufffdz"})");
  const auto yaml = to_yaml(value);
  BOOST_TEST(is_utf8(yaml));
  BOOST_TEST(yaml.starts_with("title: \"a"));
}

BOOST_AUTO_TEST_CASE(yaml_is_ascii_that_a_strict_reader_reads_as_what_was_written) {
  const auto text = every_character();
  const auto yaml = to_yaml(Json{{"title", text}, {"true", "yes"}, {"empty", Json::array()}});
  for (const char letter : yaml) BOOST_REQUIRE((letter == '\n' || (letter >= 0x20 && letter < 0x7f)));
  const std::string file = "result.yaml";
  const auto tree = value_of(parse_strict_yaml(file, yaml));
  BOOST_REQUIRE(tree.fields.size() == 3U);
  BOOST_TEST((tree.fields[0].value.text == text));
  BOOST_TEST(tree.fields[0].value.quoted);
  BOOST_TEST(tree.fields[2].value.items.empty());
}

BOOST_AUTO_TEST_CASE(yaml_keeps_the_types_of_json) {
  BOOST_TEST(to_yaml(Json{{"number", 5000}, {"truth", true}, {"none", nullptr}, {"text", "5000"}}) ==
             "number: 5000\ntruth: true\nnone: ~\ntext: \"5000\"\n");
}

BOOST_AUTO_TEST_CASE(sizes_are_written_in_the_unit_that_fits) {
  struct Size {
    std::uint64_t bytes;
    std::string_view text;
  };
  constexpr std::uint64_t kibi = 1024;
  const std::array written{Size{0, "0 B"},
                           Size{1, "1 B"},
                           Size{1023, "1023 B"},
                           Size{kibi, "1.0 KiB"},
                           Size{1536, "1.5 KiB"},
                           Size{10 * kibi - 1, "10 KiB"},
                           Size{10 * kibi, "10 KiB"},
                           Size{1023 * kibi, "1023 KiB"},
                           Size{kibi * kibi - 1, "1.0 MiB"},
                           Size{kibi * kibi, "1.0 MiB"},
                           Size{kibi * kibi * kibi, "1.0 GiB"},
                           Size{kibi * kibi * kibi * kibi, "1.0 TiB"},
                           Size{kibi * kibi * kibi * kibi * 2048, "2048 TiB"}};
  for (const auto& size : written) BOOST_TEST(write_size(size.bytes) == size.text);
}

BOOST_AUTO_TEST_CASE(a_table_is_aligned_by_characters_not_by_bytes) {
  GlobalOptions plain;
  plain.color = Color::never;
  const Report report(plain);
  TextTable table({"title", "size"});
  table.align_right(1);
  table.add({"é", "7"});
  table.add({"a long one", "1000"});
  BOOST_TEST(table.draw(report) == "title       size\né              7\na long one  1000\n");
}

BOOST_AUTO_TEST_CASE(the_distance_of_two_words_is_in_letters_put_in_left_out_changed_or_swapped) {
  BOOST_TEST(edit_distance("", "") == 0U);
  BOOST_TEST(edit_distance("", "abc") == 3U);
  BOOST_TEST(edit_distance("request", "request") == 0U);
  BOOST_TEST(edit_distance("reqest", "request") == 1U);
  BOOST_TEST(edit_distance("requuest", "request") == 1U);
  BOOST_TEST(edit_distance("requast", "request") == 1U);
  BOOST_TEST(edit_distance("reqeust", "request") == 1U);
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
}

BOOST_AUTO_TEST_CASE(a_near_word_is_suggested_and_a_far_one_is_not) {
  const std::vector<std::string> words{"init", "request", "grant", "consent", "release", "refuse", "list-books"};
  BOOST_TEST(nearest("reqeust", words).value_or("") == "request");
  BOOST_TEST(nearest("relase", words).value_or("") == "release");
  BOOST_TEST(nearest("list", words).value_or("") == "list-books");
  BOOST_TEST(nearest("Init", words).value_or("") == "init");
  BOOST_TEST(!nearest("publish", words));
  BOOST_TEST(!nearest("x", words));
  BOOST_TEST(!nearest("", words));
}

BOOST_AUTO_TEST_SUITE_END()
