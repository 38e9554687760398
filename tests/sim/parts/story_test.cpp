// What is told of a failure: the last things that happened, retries folded, and all about the exchange that is named.
#include "tests/sim/story.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

namespace {

using bookchain::ledger::ExchangeId;
using bookchain::ledger::PeerPort;
using bookchain::ledger::to_hex;
using bookchain::sim::Story;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

constexpr PeerPort one{5000};
constexpr PeerPort two{5001};
const ExchangeId wanted{{0xab, 0xcd, 0xef, 0x01, 0x23}};
const ExchangeId other{{0xab, 0xcd, 0xef, 0x02, 0x23}};

BOOST_AUTO_TEST_SUITE(story_of_a_failure)

BOOST_AUTO_TEST_CASE(each_thing_that_happens_is_a_line_with_its_step) {
  Story story;
  story.set_step(3);
  story.message(one, two, "REQUEST");
  story.set_step(4);
  story.note(two, "crashes");
  BOOST_TEST(story.mermaid() == "sequenceDiagram\n  5000->>5001: 3 REQUEST\n  Note over 5001: 4 crashes\n");
}

BOOST_AUTO_TEST_CASE(what_is_sent_again_while_nothing_new_is_becomes_one_line) {
  Story story;
  story.message(one, two, "PREVOTE", {{}, 7});
  for (std::uint64_t step = 1; step <= 500; ++step) {
    story.set_step(step);
    story.message(one, two, "GRANT", {{}, 8});
    story.message(two, one, "REQUEST", {{}, 9});
  }
  const auto lines = lines_of(story.mermaid());
  BOOST_TEST_REQUIRE(lines.size() == 5U);
  BOOST_TEST(lines[1] == "  5000->>5001: 0 PREVOTE");
  BOOST_TEST(lines[2] == "  5000->>5001: 1 GRANT");
  BOOST_TEST(lines[3] == "  5001->>5000: 1 REQUEST (500 times until 500)");
  BOOST_TEST(lines[4] == "  5000->>5001: 2 GRANT (499 times until 500)");
}

BOOST_AUTO_TEST_CASE(other_bytes_other_peers_and_what_comes_after_something_new_are_lines_of_their_own) {
  Story story;
  story.message(one, two, "PREVOTE", {{}, 1});
  story.message(one, two, "PREVOTE", {{}, 2});
  story.message(two, one, "PREVOTE", {{}, 2});
  story.message(one, two, "PREVOTE", {{}, 1});
  story.note(one, "crashes");
  story.message(one, two, "PREVOTE", {{}, 1});
  story.note(one, "crashes");
  BOOST_TEST(lines_of(story.mermaid()).size() == 8U);
  BOOST_TEST(story.mermaid().find("times") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_last_eighty_lines_are_told) {
  Story story;
  for (std::uint64_t step = 0; step < 5000; ++step) {
    story.set_step(step);
    story.message(one, two, "PREVOTE", {{}, step});
  }
  const auto lines = lines_of(story.mermaid());
  BOOST_TEST_REQUIRE(lines.size() == 81U);
  BOOST_TEST(lines[1] == "  5000->>5001: 4920 PREVOTE");
}

BOOST_AUTO_TEST_CASE(the_exchange_that_is_named_is_told_from_its_beginning_each_message_once) {
  Story story;
  story.set_step(1);
  story.message(two, one, "REQUEST", {wanted, 1});
  story.message(two, one, "REQUEST", {other, 2});
  for (std::uint64_t step = 2; step < 5000; ++step) {
    story.set_step(step);
    story.message(one, two, "PREVOTE", {{}, step});
    story.message(one, two, "GRANT", {wanted, 3});
  }
  const std::string right =
      "sequenceDiagram\n  5001->>5000: 1 REQUEST\n  5000->>5001: 2 GRANT (4998 times until 4999)\n";
  BOOST_TEST(story.mermaid_of_exchange("exchange abcdef01 of 5001 and 5000 is granted") == right);
  BOOST_TEST(story.mermaid_of_exchange(to_hex(wanted)) == right);
  BOOST_TEST(story.mermaid_of_exchange("5000 sends number 12345678 to 5001").empty());
  BOOST_TEST(story.mermaid_of_exchange("").empty());
}

BOOST_AUTO_TEST_CASE(the_story_of_an_exchange_has_a_bound) {
  Story story;
  for (std::uint64_t bytes = 0; bytes < 5000; ++bytes) story.message(one, two, "noise", {wanted, bytes});
  const auto lines = lines_of(story.mermaid_of_exchange("abcdef01"));
  BOOST_TEST_REQUIRE(lines.size() == 122U);
  BOOST_TEST(lines.back() == "  %% 4880 more messages");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
