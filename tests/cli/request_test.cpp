// The request: the file of the original system as it stands, every kind of bad one, and the selectors of
// a book. A refused request leaves nothing behind.
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// All that a request could leave: what the program shows at each peer, and every file it may have put
/// somewhere. Left out: the database (shown above) and files that only hold locks and counters.
std::map<std::string, std::string> all_traces(const Network& network) {
  auto found = snapshot(network.folder());
  std::erase_if(found, [](const auto& entry) {
    const auto name = path(entry.first).filename().string();
    return name.starts_with("state.sqlite") || name.starts_with("lock") || name == "draws";
  });
  for (const int port : network.ports()) {
    for (const auto& words : {Words{"list-exchanges"}, Words{"inbox"}, Words{"outbox"}, Words{"list-books", "--all"},
                              Words{"list-books"}, Words{"show-chain"}, Words{"status"}}) {
      found[std::to_string(port) + " " + words.front() + std::to_string(words.size())] = network.at(port, words).out;
    }
  }
  return found;
}

std::string file_of(const std::string& sender, const std::string& receiver, const std::string& value) {
  return R"({"sender_port": )" + sender + R"(, "receiver_port": )" + receiver + R"(, "book_value": )" + value + "}";
}

Ended request_from(const Network& network, const std::string& content, const Words& before = {}) {
  const auto file = network.scratch("request.json");
  write_file(file, content);
  Words words{"-n", network.folder().string(), "-o", "json"};
  words.insert(words.end(), before.begin(), before.end());
  words.insert(words.end(), {"request", "--file", file.string()});
  return run(words);
}

/// One network for all that is refused: it must stay as it was made.
const Network& untouched() {
  static const Network network;
  static const auto before = all_traces(network);
  BOOST_TEST((all_traces(network) == before), "an earlier case has left something");
  return network;
}

/// A value that nobody has.
constexpr const char* nobodys = "77";

struct Bad {
  std::string content;
  int exit_code;
  std::string token;
};

void check_all_refused(const std::vector<Bad>& table) {
  const auto& network = untouched();
  const auto before = all_traces(network);
  for (const auto& [content, exit_code, token] : table) {
    const auto ended = request_from(network, content);
    BOOST_TEST_CONTEXT(content.substr(0, 100) << ": " << ended.err) {
      BOOST_TEST(ended.exit_code == exit_code);
      BOOST_TEST(ended.token() == token);
      BOOST_TEST(ended.out.empty());
    }
  }
  BOOST_TEST((all_traces(network) == before));
}

const std::string good = R"({"sender_port": "5000", "receiver_port": "5001", "book_value": "77"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(request_file)

BOOST_AUTO_TEST_CASE(the_file_of_the_original_system_works_as_it_stands) {
  // Ten values a peer: every value is there, so that the file need not be changed for this network.
  const Network network({"--auto-books", "10"});
  const auto ended = request_from(network, R"({"sender_port": "5000", "receiver_port": "5001", "book_value": "1"})");
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  const auto made = ended.json();
  BOOST_TEST(made["sender_port"] == 5000);
  BOOST_TEST(made["receiver_port"] == 5001);
  BOOST_TEST(made["state"] == "requested");
  network.settle();
  for (const int port : network.ports()) BOOST_TEST(network.state(port, made["exchange"]) == "committed");
  const auto chain = network.ok({"show-chain"});
  BOOST_TEST(chain["blocks"][0]["transactions"][0]["title"] == "1");
  BOOST_TEST(network.equal_chains() == 1);
}

BOOST_AUTO_TEST_CASE(whole_numbers_stdin_and_the_same_peer_named_twice_are_as_good) {
  const Network network({"--auto-books", "10"});
  BOOST_TEST(request_from(network, file_of("5000", "5001", "1")).exit_code == 0);
  BOOST_TEST(request_from(network, file_of("5000", "\"5001\"", "2")).exit_code == 0);
  BOOST_TEST(request_from(network, file_of("5002", "5001", "\"0\""), {"-p", "5002"}).exit_code == 0);
  RunOptions options;
  options.input = "\n " + file_of("\"5003\"", "5001", "3") + "\r\n\t";
  BOOST_TEST(run({"-n", network.folder().string(), "request", "--file", "-"}, options).exit_code == 0);
  network.settle_all_exchanges();
  network.equal_chains();
  for (const auto& [port, books] : {std::pair{5000, 12}, {5001, 6}, {5002, 11}, {5003, 11}}) {
    BOOST_TEST(network.ok(port, {"list-books"})["books"].size() == static_cast<std::size_t>(books));
  }
}

BOOST_AUTO_TEST_CASE(keys_that_are_missing_repeated_or_unknown_are_refused) {
  check_all_refused({
      {R"({})", 6, "missing-key"},
      {R"({"receiver_port": "5001", "book_value": "77"})", 6, "missing-key"},
      {R"({"sender_port": "5000", "book_value": "77"})", 6, "missing-key"},
      {R"({"sender_port": "5000", "receiver_port": "5001"})", 6, "missing-key"},
      {replaced(good, "}", R"(, "sender_port": "5000"})"), 6, "repeated-key"},
      {replaced(good, "}", R"(, "book_value": "77"})"), 6, "repeated-key"},
      {replaced(good, "}", R"(, "book\u005fvalue": "77"})"), 6, "repeated-key"},
      {replaced(good, "}", R"(, "note": "77"})"), 6, "unknown-key"},
      {replaced(good, "book_value", "Book_value"), 6, "unknown-key"},
      {replaced(good, "book_value", "book_value\\u0000"), 6, "unknown-key"},
      {replaced(good, "book_value", "\\u001b[31m"), 6, "unknown-key"},
  });
}

// The contract: `1` is `"1"`; `1.0`, `"01"`, `-1` are bad-type.
BOOST_AUTO_TEST_CASE(values_that_are_no_canonical_whole_numbers_are_refused) {
  std::vector<Bad> table;
  for (const auto* value :
       {"1.0",    "\"01\"",  "-1",      "\"-1\"", "1e0",     "1E1",         "true",
        "null",   "[]",      "[1]",     "{}",     "\"\"",    "\" 1\"",      "\"1 \"",
        "\"+1\"", "\"0x1\"", "\"1.0\"", "-0",     "\"one\"", "\"\\uff11\"", "{\"sender_port\": 5000}"}) {
    table.push_back({file_of("\"5000\"", "\"5001\"", value), 6, "bad-type"});
    table.push_back({file_of(value, "\"5001\"", "\"77\""), 6, "bad-type"});
    table.push_back({file_of("\"5000\"", value, "\"77\""), 6, "bad-type"});
  }
  check_all_refused(table);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused) {
  check_all_refused({
      {file_of("0", "5001", "77"), 6, "bad-value"},
      {file_of("5000", "0", "77"), 6, "bad-value"},
      {file_of("65536", "5001", "77"), 6, "bad-value"},
      {file_of("5000", "\"18446744073709551615\"", "77"), 6, "bad-value"},
      {file_of("5000", "5001", "\"18446744073709551616\""), 6, "bad-value"},
      {file_of("5000", "5001", "\"" + std::string(10'000, '9') + "\""), 6, "bad-value"},
  });
}

BOOST_AUTO_TEST_CASE(text_that_is_no_json_is_refused) {
  check_all_refused({
      {"", 6, "bad-json"},
      {"request", 6, "bad-json"},
      {"\xEF\xBB\xBF\xEF\xBB\xBF" + good, 6, "bad-json"},
      {good + good, 6, "bad-json"},
      {good + "]", 6, "bad-json"},
      {good.substr(0, good.size() - 1), 6, "bad-json"},
      {replaced(good, "}", ",}"), 6, "bad-json"},
      {replaced(good, "\"77\"", "'77'"), 6, "bad-json"},
      {replaced(good, "\"77\"", "077"), 6, "bad-json"},
      {replaced(good, "77", "\xC0\xB7"), 6, "bad-json"},
      {replaced(good, "{", "{ // a comment\n"), 6, "bad-json"},
      {std::string("\0", 1) + good, 6, "bad-json"},
      {"[" + good + "]", 6, "bad-type"},
      {"\"5000\"", 6, "bad-type"},
      {"5000", 6, "bad-type"},
      {std::string(50'000, '['), 6, "bad-type"},
      {file_of("5000", "5001", std::string(50'000, '[')), 6, "bad-type"},
  });
}

BOOST_AUTO_TEST_CASE(peers_and_books_that_do_not_fit_are_refused) {
  const auto& network = untouched();
  const auto elsewhere = network.value_of(5002);
  check_all_refused({
      {file_of("5000", "5009", nobodys), 4, "unknown-peer"},
      {file_of("5009", "5001", nobodys), 4, "unknown-peer"},
      {file_of("5000", "5000", nobodys), 3, "self-exchange"},
      {file_of("5001", "5001", network.value_of(5001)), 3, "self-exchange"},
      {file_of("5000", "5001", nobodys), 4, "unknown-book"},
  });
  const auto before = all_traces(network);
  BOOST_TEST(request_from(network, good, {"-p", "5002"}).token() == "wrong-sender");
  BOOST_TEST(request_from(network, good, {"-p", "5002"}).exit_code == 3);
  BOOST_TEST(request_from(network, good, {"--home", network.home(5003).string()}).token() == "wrong-sender");
  for (const auto& [missing, token, exit_code] :
       {std::tuple{network.scratch("none.json"), "no-such-file", 4}, {network.folder(), "bad-file", 6}}) {
    network.refused(5000, {"request", "--file", missing.string()}, exit_code, token);
  }
  const auto huge = network.scratch("huge.json");
  write_file(huge, good + std::string(std::size_t{4} << 20U, ' '));
  network.refused(5000, {"request", "--file", huge.string()}, 6, "bad-file");
  BOOST_TEST((all_traces(network) == before));
}

BOOST_AUTO_TEST_CASE(options_that_do_not_go_together_are_a_usage_error) {
  const auto& network = untouched();
  const auto before = all_traces(network);
  const auto file = network.scratch("good.json").string();
  write_file(file, good);
  for (const auto& words :
       {Words{"request"}, Words{"request", "--from", "5001"}, Words{"request", "--book", "1"},
        Words{"request", "--file", file, "--from", "5001"}, Words{"request", "--file", file, "--book", "1"},
        Words{"request", "--from", "x", "--book", "1"}, Words{"request", "--from", "05001x", "--book", "1"},
        Words{"request", "--from", "70000", "--book", "1"}, Words{"request", "--file", file, "--wait=-1"},
        Words{"request", "--file", file, "--wait=soon"}, Words{"request", "--file", file, "--wait=nan"}}) {
    network.refused(5000, words, 2, "usage");
  }
  BOOST_TEST((all_traces(network) == before));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(request_selectors)

BOOST_AUTO_TEST_CASE(a_book_is_named_by_value_title_or_the_beginning_of_its_id) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("moby.txt");
  write_file(file, "Call me Ishmael.");
  const std::string moby = network.ok(5001, {"add-book", file.string(), "--title", "Moby Dick"})["book"];
  const std::string value = network.ok(5001, {"add-book", "--value", "123456"})["book"];
  network.receive_until_quiet();
  const auto requested = [&](int port, const std::string& selector) {
    return network.ok(port, {"request", "--from", "5001", "--book", selector})["book"].get<std::string>();
  };
  BOOST_TEST(requested(5000, "Moby Dick") == moby);
  BOOST_TEST(requested(5000, moby) == moby);
  BOOST_TEST(requested(5002, moby.substr(0, 6)) == moby);
  BOOST_TEST(requested(5002, "123456") == value);
  network.refused(5000, {"request", "--from", "5001", "--book", moby.substr(0, 5)}, 4, "unknown-book");
  network.refused(5000, {"request", "--from", "5001", "--book", "moby dick"}, 4, "unknown-book");
  network.refused(5000, {"request", "--from", "5001", "--book", ""}, 2, "usage");
  network.refused(5000, {"request", "--from", "5003", "--book", moby}, 3, "not-owner");
  network.refused(5000, {"request", "--from", "5003", "--book", "Moby Dick"}, 3, "not-owner");
  network.refused(5000, {"request", "--from", "5003", "--book", "123456"}, 3, "not-owner");
}

BOOST_AUTO_TEST_CASE(of_equal_values_the_oldest_that_is_not_busy_is_meant) {
  const Network network({"--auto-books", "0"});
  std::vector<std::string> books;
  for (int copy = 0; copy < 3; ++copy) books.push_back(network.ok(5001, {"add-book", "--value", "7"})["book"]);
  network.receive_until_quiet();
  for (const auto& expected : books) {
    const auto made = network.ok(5000, {"request", "--from", "5001", "--book", "7"});
    BOOST_TEST(made["book"] == expected);
  }
  // What was handed over is not the owner's any more.
  network.settle_all_exchanges();
  network.refused(5002, {"request", "--from", "5001", "--book", "7"}, 3, "not-owner");
  BOOST_TEST(network.ok(5002, {"request", "--from", "5000", "--book", "7"})["book"] == books.front());
}

BOOST_AUTO_TEST_CASE(of_equal_titles_none_is_guessed) {
  const Network network({"--auto-books", "0"});
  const auto file = network.scratch("twin.txt");
  write_file(file, "words");
  std::vector<std::string> books;
  for (int copy = 0; copy < 2; ++copy) books.push_back(network.ok(5001, {"add-book", file.string()})["book"]);
  network.receive_until_quiet();
  const auto ended = network.at(5000, {"request", "--from", "5001", "--book", "twin.txt"});
  BOOST_TEST(ended.exit_code == 6);
  BOOST_TEST(ended.token() == "ambiguous");
  for (const auto& book : books) BOOST_TEST(mentions(ended.err, book.substr(0, 12)));
  BOOST_TEST(network.ok(5000, {"list-exchanges"})["exchanges"].empty());
  BOOST_TEST(network.ok(5000, {"request", "--from", "5001", "--book", books[1]})["book"] == books[1]);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(request_waiting)

BOOST_AUTO_TEST_CASE(a_wait_that_times_out_leaves_the_exchange_as_it_stands) {
  const Network network;
  const auto ended = network.at(5000, {"request", "--from", "5001", "--book", network.value_of(5001), "--wait=0.3"});
  BOOST_TEST(ended.exit_code == 5);
  BOOST_TEST(ended.token() == "timeout");
  const auto made = ended.json();
  BOOST_TEST(made["state"] == "requested");
  const std::string id = made["exchange"];
  BOOST_TEST(network.state(5000, id) == "requested");
  network.settle();
  for (const int port : network.ports()) BOOST_TEST(network.state(port, id) == "committed");
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_the_exchange_does) {
  const Network network;
  const auto book = network.book_of(5001);
  Background waiting({"-n", network.folder().string(), "-p", "5000", "-o", "json", "request", "--from", "5001",
                      "--book", book, "--wait=60"});
  std::vector<std::unique_ptr<Background>> others;
  for (const int port : {5001, 5002, 5003}) {
    others.push_back(std::make_unique<Background>(
        Words{"-n", network.folder().string(), "-p", std::to_string(port), "serve", "--until-idle=5"}));
  }
  const auto ended = waiting.wait();
  BOOST_TEST(ended.exit_code == 0, ended.err);
  BOOST_TEST(ended.json()["state"] == "committed");
  BOOST_TEST(network.on_shelf(5000, book));
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_request_that_is_refused_fails_with_the_reason) {
  const Network network;
  Background waiting({"-n", network.folder().string(), "-p", "5000", "-o", "json", "request", "--from", "5001",
                      "--book", network.value_of(5001), "--wait=60"});
  std::string id;
  for (int tries = 0; tries < 600 && id.empty(); ++tries) {
    network.ok(5001, {"receive"});
    const auto exchanges = network.ok(5001, {"list-exchanges"})["exchanges"];
    if (!exchanges.empty()) id = exchanges[0]["exchange"];
  }
  BOOST_REQUIRE(!id.empty());
  network.ok(5001, {"refuse", id, "--reason", "kept for a friend"});
  const auto ended = waiting.wait();
  BOOST_TEST(ended.exit_code == 3);
  BOOST_TEST(ended.token() == "exchange-over");
  BOOST_TEST(mentions(ended.err, "kept for a friend"));
  BOOST_TEST(ended.json()["state"] == "refused");
}

BOOST_AUTO_TEST_SUITE_END()
