// The request as the original system wrote it, read strictly: each thing that a JSON library lets through has
// its token (docs: `bookchain help request`).
#include "cli/request_file.hpp"

#include "tests/unit/support.hpp"

namespace {

using namespace bookchain::cli;   // NOLINT(google-build-using-namespace)
using namespace bookchain::unit;  // NOLINT(google-build-using-namespace)

constexpr std::string_view good = R"({"sender_port": "5000", "receiver_port": "5001", "book_value": "1"})";

/// A request in which the value of `book_value` is written as given.
std::string with_value(std::string_view value) {
  return R"({"sender_port": "5000", "receiver_port": "5001", "book_value": )" + std::string(value) + "}";
}
std::string with_sender(std::string_view port) {
  return R"({"book_value": 1, "receiver_port": 5001, "sender_port": )" + std::string(port) + "}";
}

std::string fault_of(std::string_view text) {
  const auto request = read_request_file("r.json", std::string(text));
  return request ? "" : token_of(request) + " at " + request.error().subject;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request_file)

BOOST_AUTO_TEST_CASE(a_request_of_the_original_system_is_read) {
  const auto request = value_of(read_request_file("r.json", std::string(good)));
  BOOST_TEST(request.sender_port.value == 5000);
  BOOST_TEST(request.receiver_port.value == 5001);
  BOOST_TEST(request.book_value == "1");
}

BOOST_AUTO_TEST_CASE(text_and_number_mean_the_same_in_any_order_of_the_keys) {
  const auto request = value_of(read_request_file(
      "r.json", "\n{ \"book_value\" : 18446744073709551615,\"sender_port\":1, \"receiver_port\":\"65535\" }\n"));
  BOOST_TEST(request.sender_port.value == 1);
  BOOST_TEST(request.receiver_port.value == 65535);
  BOOST_TEST(request.book_value == "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(what_is_no_canonical_whole_number_is_of_the_wrong_type) {
  for (const auto* value : {"1.0",       "1e0",    "-1",     "-0",      "-18446744073709551616",
                            "1e30",      "\"01\"", "\"00\"", "\"-1\"",  "\"+1\"",
                            "\"1.0\"",   "\" 1\"", "\"\"",   "\"one\"", "\"\\u0661\"",
                            "true",      "null",   "[1]",    "[]",      "{}",
                            "{\"a\": 1}"}) {
    BOOST_TEST(fault_of(with_value(value)) == "bad-type at r.json: book_value", value);
    BOOST_TEST(fault_of(with_sender(value)) == "bad-type at r.json: sender_port", value);
  }
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_bad_values) {
  for (const auto* value : {"\"18446744073709551616\"", "18446744073709551616", "100000000000000000000000000"}) {
    BOOST_TEST(fault_of(with_value(value)) == "bad-value at r.json: book_value", value);
  }
  for (const auto* port : {"0", "\"0\"", "65536", "\"65536\"", "18446744073709551615", "\"100000\""}) {
    BOOST_TEST(fault_of(with_sender(port)) == "bad-value at r.json: sender_port", port);
  }
}

BOOST_AUTO_TEST_CASE(exactly_the_three_keys_are_wanted_each_once) {
  BOOST_TEST(fault_of("{}") == "missing-key at r.json: sender_port");
  BOOST_TEST(fault_of(R"({"sender_port": 1, "receiver_port": 2})") == "missing-key at r.json: book_value");
  BOOST_TEST(fault_of(R"({"sender_port": 1, "book_value": 2})") == "missing-key at r.json: receiver_port");
  BOOST_TEST(fault_of(R"({"sender_port": 1, "sender_port": 1, "receiver_port": 2, "book_value": 2})") ==
             "repeated-key at r.json: sender_port");
  BOOST_TEST(fault_of(R"({"sender_port": 1, "receiver_port": 2, "book_value": 2, "book": 3})") ==
             "unknown-key at r.json: book");
  BOOST_TEST(fault_of(R"({"Sender_port": 1})") == "unknown-key at r.json: Sender_port");
  BOOST_TEST(fault_of(R"({"": 1})") == "unknown-key at r.json: ");
  // Escapes spell the same key.
  BOOST_TEST(fault_of(R"({"sender_port": 1, "sender\u005fport": 1, "receiver_port": 2, "book_value": 2})") ==
             "repeated-key at r.json: sender_port");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_json_is_refused) {
  for (const auto text : {"", "   ", "{", "}", "sender_port: 5000", "{'sender_port': 1}", "{\"sender_port\": 01}",
                          "{\"sender_port\": 1,}", "{\"sender_port\" 1}", "{} x", "// c\n{}", "{\"sender_port\": NaN}",
                          "{\"sender_port\": 0x1}", "{\"sender_port\": \"\n\"}"}) {
    BOOST_TEST(fault_of(text).starts_with("bad-json at r.json"), text);
  }
  BOOST_TEST(fault_of("{\"sender_port\": \"\xff\"}") == "bad-json at r.json: not UTF-8");
  BOOST_TEST(fault_of(std::string(good) + std::string(good)).starts_with("bad-json"));
  BOOST_TEST(fault_of(std::string(good) + "\n") == "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    BOOST_TEST(fault_of(good.substr(0, size)).starts_with("bad-json"), "cut after " << size);
  }
}

BOOST_AUTO_TEST_CASE(json_that_is_no_object_is_refused) {
  for (const auto* text : {"1", "\"5000\"", "null", "true", "[]", "1.5", "-1"}) {
    BOOST_TEST(fault_of(text) == "bad-type at r.json: the whole file", text);
  }
}

BOOST_AUTO_TEST_CASE(depth_costs_nothing) {
  BOOST_TEST(fault_of(std::string(200'000, '[')) == "bad-type at r.json: the whole file");
  BOOST_TEST(fault_of(with_value(std::string(200'000, '['))) == "bad-type at r.json: book_value");
  std::string nested;
  for (int i = 0; i < 50'000; ++i) nested += R"({"sender_port":)";
  BOOST_TEST(fault_of(nested) == "bad-type at r.json: sender_port");
}

BOOST_AUTO_TEST_SUITE_END()
