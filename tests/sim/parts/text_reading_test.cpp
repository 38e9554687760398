// Rule C3 of docs/formats.md as the second reader has it, against what RFC 3629 says and the reader of the rules.
#include "tests/sim/text_reading.hpp"

#include <boost/test/unit_test.hpp>

#include "ledger/codec.hpp"

namespace {

bool is_text(std::string_view text) {
  return bookchain::sim::reading::is_text({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

BOOST_AUTO_TEST_SUITE(text_of_the_second_reader)

BOOST_AUTO_TEST_CASE(characters_at_the_edges_are_text) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "a"sv, "\x00"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
                          "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv,
                          "\xf4\x8f\xbf\xbf"sv, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\x96z"sv})
    BOOST_TEST(is_text(text), text);
}

BOOST_AUTO_TEST_CASE(what_is_overlong_a_surrogate_too_high_cut_or_out_of_place_is_not) {
  for (const std::string_view text : {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "\xc2",
                                      "\xe2\x82",
                                      "\xf0\x9f\x93",
                                      "\xc2\x61",
                                      "\xe2\x82\x61",
                                      "a\xc2",
                                      "\xc2\x80\x80"})
    BOOST_TEST(!is_text(text), text);
}

BOOST_AUTO_TEST_CASE(both_readers_agree_about_every_two_bytes_and_what_follows_them) {
  std::string text(2, '\0');
  for (const std::string_view end : {"", "\x80", "\x80\x80", "\xbf\xbf", "z"}) {
    for (unsigned pair = 0; pair <= 0xffff; ++pair) {
      text = {static_cast<char>(pair >> 8U), static_cast<char>(pair & 0xffU)};
      text += end;
      if (is_text(text) != bookchain::ledger::is_utf8(text)) BOOST_FAIL("they differ about " << pair << " " << end);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
