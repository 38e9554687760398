// What holds for every command: global options before and after it, exit codes and tokens, one JSON
// object on stdout and one error line on stderr, help, colour, the environment.
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <regex>
#include <sstream>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

/// Looked at, never changed: one network for the whole file.
const Network& network() {
  static const Network made;
  return made;
}

std::string dir() { return network().folder().string(); }

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

bool has_escape(const std::string& text) { return mentions(text, "\x1b"); }

/// Runs the program with a terminal as stdout and stderr; gives what it wrote there.
std::string on_terminal(const Words& words, const std::map<std::string, std::string>& variables) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  BOOST_REQUIRE(master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0);
  const std::string slave_name = ::ptsname(master);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int slave = ::open(slave_name.c_str(), O_RDWR | O_NOCTTY);
    ::dup2(slave, 1);
    ::dup2(slave, 2);
    ::close(master);
    ::clearenv();
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    auto texts = words;
    const std::string program = variables.at("PROGRAM");
    texts.insert(texts.begin(), program);
    std::vector<char*> arguments;
    for (auto& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  std::string text;
  for (char buffer[4096];;) {
    const auto got = ::read(master, buffer, sizeof buffer);
    if (got <= 0) break;  // EIO: the last writer has closed its side
    text.append(buffer, static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(master);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(contract_options)

BOOST_AUTO_TEST_CASE(global_options_hold_before_and_after_the_command) {
  const auto expected = network().at(5000, {"list-books"}).out;
  BOOST_TEST(!expected.empty());
  for (const auto& words : {Words{"list-books", "-n", dir(), "-p", "5000", "-o", "json"},
                            Words{"-n", dir(), "list-books", "-p", "5000", "-ojson"},
                            Words{"--network", dir(), "--port=5000", "list-books", "--output", "json"},
                            Words{"--network=" + dir(), "list-books", "--output=json", "--port", "5000"},
                            Words{"-n" + dir(), "-p5000", "list-books", "-o", "json"},
                            Words{"-qn", dir(), "-vp", "5000", "list-books", "-o", "json"},
                            Words{"--home", network().home(5000).string(), "list-books", "-o", "json"},
                            Words{"list-books", "--home=" + network().home(5000).string(), "-o", "json"},
                            Words{"--home", network().home(5000).string(), "-p", "5000", "list-books", "-o", "json"}}) {
    const auto ended = run(words);
    BOOST_TEST(ended.exit_code == 0, ended.err);
    BOOST_TEST(ended.out == expected);
  }
}

BOOST_AUTO_TEST_CASE(the_environment_and_the_current_directory_stand_in_for_options) {
  const auto expected = network().at(5001, {"list-books"}).out;
  const auto list = [&](const std::map<std::string, std::string>& environment, const Words& more = {},
                        const std::optional<path>& folder = {}) {
    RunOptions options;
    options.environment = environment;
    options.folder = folder;
    return run(with({"-o", "json", "list-books"}, more), options);
  };
  const auto home = network().home(5001).string();
  BOOST_TEST(list({{"BOOKCHAIN_NETWORK", dir()}, {"BOOKCHAIN_PORT", "5001"}}).out == expected);
  BOOST_TEST(list({{"BOOKCHAIN_HOME", home}}).out == expected);
  BOOST_TEST(list({{"BOOKCHAIN_PORT", "5001"}}, {}, network().folder()).out == expected);
  BOOST_TEST(list({}, {"-p", "5001"}, network().folder()).out == expected);
  // What stands on the command line is nearer.
  BOOST_TEST(list({{"BOOKCHAIN_NETWORK", "/nowhere"}, {"BOOKCHAIN_PORT", "5002"}}, {"-n", dir(), "-p", "5001"}).out ==
             expected);
  BOOST_TEST(list({{"BOOKCHAIN_HOME", network().home(5003).string()}}, {"-n", dir(), "-p", "5001"}).out == expected);
  BOOST_TEST(list({{"BOOKCHAIN_HOME", network().home(5003).string()}}, {"--home", home}).out == expected);
  BOOST_TEST(list({{"BOOKCHAIN_HOME", network().home(5003).string()}}, {"-n", dir()}).exit_code == 2);
  BOOST_TEST(list({{"BOOKCHAIN_HOME", network().home(5003).string()}, {"BOOKCHAIN_PORT", "5001"}}, {"-n", dir()}).out ==
             expected);
  BOOST_TEST(list({{"BOOKCHAIN_PORT", "many"}}, {"-n", dir()}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(abbreviated_options_are_refused_and_the_whole_one_is_named) {
  for (const auto& [typed, meant] : {std::pair{"--hom", "--home"},
                                     {"--net", "--network"},
                                     {"--out", "--output"},
                                     {"--prot", "--port"},
                                     {"--qiet", "--quiet"}}) {
    for (const auto& words : {Words{typed, "x", "list-books"}, Words{"list-books", typed, "x"}}) {
      const auto ended = run(words);
      BOOST_TEST(ended.exit_code == 2);
      BOOST_TEST(ended.token() == "usage");
      BOOST_TEST(mentions(ended.err, std::string("did you mean ") + meant), ended.err);
    }
  }
  const auto own = run({"-n", dir(), "-p", "5000", "step", "--dry"});
  BOOST_TEST(own.exit_code == 2);
  BOOST_TEST(mentions(own.err, "did you mean --dry-run"));
  BOOST_TEST(run({"list-books", "--bookchain-arguments", "x"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(a_mistyped_command_gets_a_suggestion) {
  for (const auto& [typed, meant] : {std::pair{"reqest", "request"},
                                     {"lst-books", "list-books"},
                                     {"chek-id", "check-id"},
                                     {"recieve", "receive"},
                                     {"stats", "status"}}) {
    const auto ended = run({"-n", dir(), typed});
    BOOST_TEST(ended.exit_code == 2);
    BOOST_TEST(mentions(ended.err, std::string("did you mean ") + meant), ended.err);
  }
  const auto far = run({"xylophone"});
  BOOST_TEST(far.exit_code == 2);
  BOOST_TEST(!mentions(far.err, "did you mean"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_a_usage_error) {
  for (const auto& words : {Words{},
                            Words{"-n"},
                            Words{"-n", ""},
                            Words{"--port", "0", "status"},
                            Words{"--port", "65536", "status"},
                            Words{"-p", "5000x", "status"},
                            Words{"-p", "-5000", "status"},
                            Words{"-p", "", "status"},
                            Words{"-o", "xml", "status"},
                            Words{"--color", "sometimes", "status"},
                            Words{"-p", "05000", "status"},
                            Words{"init"},
                            Words{"init", "a", "b"},
                            Words{"get-book"},
                            Words{"refuse"},
                            Words{"grant", "aaaaaa", "bbbbbb"},
                            Words{"status", "extra"},
                            Words{"--quiet=yes", "status"},
                            Words{"receive", "--limit", "0"},
                            Words{"receive", "--limit", "-1"},
                            Words{"receive", "--limit", "1e3"},
                            Words{"serve", "--until-idle=x"},
                            Words{"serve", "--grant", "some"},
                            Words{"help", "nonsense"},
                            Words{"add-book"},
                            Words{"get-book", "aaaaaa"},
                            Words{"add-book", "x", "--value", "1"},
                            Words{"-"},
                            Words{"--"}}) {
    // What is wrong with a global option must not be hidden by a good one.
    const bool global = !words.empty() && words.front().starts_with("-");
    const auto ended = run(global || words.empty() ? words : with({"-n", dir(), "-p", "5000"}, words));
    std::string line;
    for (const auto& word : words) line += word + " ";
    BOOST_TEST(ended.exit_code == 2, line << ended.err);
    BOOST_TEST(ended.token() == "usage", line << ended.err);
    BOOST_TEST(ended.out.empty(), line);
  }
  const auto two = run({"--home", network().home(5000).string(), "-p", "5001", "status"});
  BOOST_TEST(two.exit_code == 2);
}

BOOST_AUTO_TEST_CASE(a_command_without_a_peer_names_the_ports) {
  for (const auto* command : {"receive", "step", "serve", "grant", "mine", "list-books", "status", "inbox"}) {
    const auto ended = run({"-n", dir(), command});
    BOOST_TEST(ended.exit_code == 2);
    BOOST_TEST(mentions(ended.err, "5000, 5001, 5002, 5003"), ended.err);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_found) {
  const auto check = [](const Words& words, const std::string& token) {
    const auto ended = run(words);
    BOOST_TEST(ended.exit_code == 4, ended.err);
    BOOST_TEST(ended.token() == token, ended.err);
  };
  check({"-n", dir(), "-p", "5999", "status"}, "unknown-peer");
  check({"-n", "/nowhere/at/all", "-p", "5000", "status"}, "home-missing");
  check({"--home", "/nowhere/at/all", "status"}, "home-missing");
  check({"--home", dir(), "status"}, "home-missing");
  check({"-n", dir(), "-p", "5000", "add-book", "/nowhere/book"}, "no-such-file");
  check({"-n", dir(), "-p", "5000", "get-book", "abcdef", "--to", "x"}, "unknown-book");
  check({"-n", dir(), "-p", "5000", "grant", "abcdef"}, "unknown-exchange");
  check({"-n", dir(), "-p", "5000", "show-exchange"}, "unknown-exchange");
  check({"-n", dir(), "-p", "5000", "show-message", "abcdef"}, "unknown-message");
  check({"-n", dir(), "-p", "5000", "request", "--from", "5009", "--book", "1"}, "unknown-peer");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_the_beginning_of_an_id_is_no_name) {
  for (const auto& words : {Words{"grant", "abc"}, Words{"show-exchange", "nonsense"}, Words{"trace", "ABCDEF"},
                            Words{"evidence", "export", "abc"}}) {
    Words all{"-n", dir(), "-p", "5000"};
    all.insert(all.end(), words.begin(), words.end());
    const auto ended = run(all);
    BOOST_TEST(ended.exit_code == 6, words.front() << ended.err);
    BOOST_TEST(ended.token() == "bad-value", words.front() << ended.err);
  }
}

BOOST_AUTO_TEST_CASE(a_step_that_may_mean_two_exchanges_lists_them) {
  const Network own;
  std::vector<std::string> ids;
  for (const std::size_t place : {0U, 1U}) {
    ids.push_back(own.request(5000, 5001, own.book_of(5001, place)));
  }
  own.receive_all();
  const auto ended = own.at(5001, {"grant"});
  BOOST_TEST(ended.exit_code == 6);
  BOOST_TEST(ended.token() == "ambiguous");
  for (const auto& id : ids) BOOST_TEST(mentions(ended.err, id.substr(0, 12)));
  own.ok(5001, {"grant", ids[0].substr(0, 6)});
  BOOST_TEST(own.ok(5001, {"grant"})["exchange"] == ids[1]);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contract_output)

BOOST_AUTO_TEST_CASE(json_is_exactly_one_object_with_its_schema) {
  const Network own;
  const std::string id = own.request(5000, 5001, own.book_of(5001));
  const auto chain = own.scratch("chain").string();
  const std::vector<std::pair<int, Words>> commands{
      {5001, {"receive"}},
      {5001, {"grant"}},
      {5002, {"step"}},
      {5002, {"step", "--dry-run"}},
      {5000, {"status"}},
      {5000, {"list-books"}},
      {5000, {"list-books", "--all"}},
      {5000, {"list-exchanges"}},
      {5000, {"show-exchange", id}},
      {5000, {"inbox"}},
      {5000, {"outbox"}},
      {5000, {"show-chain"}},
      {5000, {"export-chain", chain}},
      {5000, {"verify-chain"}},
      {5000, {"verify-chain", chain}},
      {5000, {"trace", id}},
      {5000, {"help"}},
      {5000, {"help", "errors"}},
      {5000, {"help", "mine"}},
      {5003, {"add-book", "--value", "5"}},
      {5000, {"abort", id}},
      {5000, {"history", own.book_of(5002)}},
      {5003, {"get-book", own.book_of(5003), "--to", own.scratch("got").string()}},
  };
  for (const auto& [port, words] : commands) {
    const auto ended = own.at(port, words);
    BOOST_TEST_CONTEXT(words.front() << ": " << ended.out << ended.err) {
      BOOST_TEST(ended.exit_code == 0);
      BOOST_TEST(lines_of(ended.out).size() == 1);
      BOOST_TEST(ended.json()["schema"] == 1);
      BOOST_TEST(ended.err.empty());
      BOOST_TEST(std::ranges::all_of(ended.out, [](char c) { return c == '\n' || (c >= 32 && c < 127); }));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_error_is_one_line_and_its_hint_another) {
  const std::regex error(R"(bookchain: error: [^\n]+ \[[a-z-]+\])");
  for (const auto& words : {Words{"-n", dir(), "-p", "5999", "status"}, Words{"-n", dir(), "statu"},
                            Words{"-n", dir(), "-p", "5000", "mine", "abcdef"}}) {
    const auto text = run(words);
    const auto lines = lines_of(text.err);
    BOOST_TEST(text.out.empty());
    BOOST_REQUIRE(lines.size() == 2);
    BOOST_TEST(std::regex_match(lines[0], error), lines[0]);
    BOOST_TEST(lines[1].starts_with("bookchain: hint: "), lines[1]);
    for (const auto& format : {Words{"-o", "json"}, Words{"-ojson"}, Words{"--output=json"}}) {
      const auto json = run(with(words, format));
      BOOST_TEST(json.exit_code == text.exit_code);
      BOOST_TEST(json.out.empty());
      const auto value = Json::parse(lines_of(json.err).back(), nullptr, false);
      BOOST_REQUIRE(value.is_object());
      BOOST_TEST(value["schema"] == 1);
      BOOST_TEST(value["error"]["token"] == text.token());
      BOOST_TEST(mentions(lines[0], value["error"]["message"]));
      BOOST_TEST(lines[1] == "bookchain: hint: " + value["error"]["hint"].get<std::string>());
    }
  }
  const auto yaml = run({"-n", dir(), "-p", "5999", "status", "-o", "yaml"});
  BOOST_TEST(yaml.token() == "unknown-peer");
  BOOST_TEST(yaml.out.empty());
}

BOOST_AUTO_TEST_CASE(a_result_that_cannot_be_written_is_a_failure) {
  const auto full = network().shell("bookchain -n " + dir() + " -p 5000 list-books >/dev/full");
  BOOST_TEST(full.exit_code == 1);
  BOOST_TEST(full.token() == "disk-full");
  // No file of the home takes the place of a stream that is closed.
  const Network own;
  const auto closed = own.shell("bookchain -n " + own.folder().string() + " -p 5000 add-book --value 5 >&- 2>" +
                                own.scratch("told").string());
  BOOST_TEST(closed.exit_code == 1);
  BOOST_TEST(mentions(read_file(own.scratch("told")), "[io]"));
  BOOST_TEST(own.ok(5000, {"list-books"})["books"].size() == 4U);
  const auto silent = own.shell("bookchain -n " + own.folder().string() + " -p 5000 nonsense <&- >&- 2>&-");
  BOOST_TEST(silent.exit_code == 2);
  const auto gone = network().shell("(sleep 0.3; bookchain -n " + dir() + " -p 5000 list-books || echo $? >" +
                                    network().scratch("code").string() + ") | true; sleep 1");
  BOOST_TEST(gone.exit_code == 0);
  BOOST_TEST(read_file(network().scratch("code")) == "1\n");
}

BOOST_AUTO_TEST_CASE(quiet_says_less_and_keeps_the_result) {
  const Network own;
  const Words wish{"-n", own.folder().string(), "-p", "5000", "request", "--from", "5001", "--wait=0", "--book"};
  const auto loud = run(with(wish, {own.book_of(5001, 0)}));
  const auto quiet = run(with(wish, {own.book_of(5001, 1), "-q"}));
  BOOST_TEST(mentions(loud.err, "waiting for the exchange"));
  BOOST_TEST(!mentions(quiet.err, "waiting for the exchange"));
  BOOST_TEST(quiet.token() == "timeout");
  BOOST_TEST(mentions(loud.out, "state  requested"));
  BOOST_TEST(quiet.out.size() == 65U, "the id and no more: " << quiet.out);
  BOOST_TEST(run({"-n", dir(), "-p", "5000", "list-books", "-q"}).out ==
             run({"-n", dir(), "-p", "5000", "list-books"}).out);
}

BOOST_AUTO_TEST_CASE(colour_is_for_terminals_and_for_those_who_ask) {
  const Words list{"-n", dir(), "-p", "5000", "list-books"};
  BOOST_TEST(!has_escape(run(list).out));
  BOOST_TEST(has_escape(run(with(list, {"--color", "always"})).out));
  BOOST_TEST(!has_escape(run(with(list, {"--color=always", "-o", "json"})).out));
  const auto program = program_under_test();
  std::map<std::string, std::string> terminal{{"TERM", "xterm"}, {"PROGRAM", program}};
  BOOST_TEST(has_escape(on_terminal(list, terminal)));
  BOOST_TEST(!has_escape(on_terminal(with(list, {"--color", "never"}), terminal)));
  terminal["NO_COLOR"] = "1";
  BOOST_TEST(!has_escape(on_terminal(list, terminal)));
  terminal.erase("NO_COLOR");
  terminal["TERM"] = "dumb";
  BOOST_TEST(!has_escape(on_terminal(list, terminal)));
}

BOOST_AUTO_TEST_SUITE_END()
