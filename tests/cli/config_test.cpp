// `config`: each value of a home, its default and bounds, and where it comes from, whatever that is.
#include <grp.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)

using Variables = std::map<std::string, std::string>;

/// A value as `config` shows it.
Json row(const std::string& name, Json value, const std::string& origin, Json fallback = nullptr, Json least = nullptr,
         Json most = nullptr, Json choices = nullptr) {
  return {{"name", name},
          {"value", std::move(value)},
          {"origin", origin},
          {"default", std::move(fallback)},
          {"least", std::move(least)},
          {"most", std::move(most)},
          {"choices", std::move(choices)}};
}

/// A network whose peer 5000 is asked.
struct Asked {
  Network network{{"--seed", "config"}};
  path file = network.home(5000) / "config.yaml";
  std::string fresh = read_file(file);

  [[nodiscard]] Ended config(Words words, const Variables& variables = {}) const {
    RunOptions options;
    options.environment = variables;
    options.folder = network.folder();
    words.emplace_back("config");
    return run(words, options);
  }
  /// What is shown of one value, from a command line with JSON output.
  [[nodiscard]] Json shown(const std::string& name, Words words, const Variables& variables = {}) const {
    words.insert(words.begin(), {"-o", "json"});
    const auto ended = config(std::move(words), variables);
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
    const auto values = ended.json()["values"];
    for (const auto& each : values) {
      if (each["name"] == name) return each;
    }
    BOOST_FAIL("config does not show " << name);
    return nullptr;
  }
  void check(const std::string& name, const Json& value, const std::string& origin, const Words& words = {"-p", "5000"},
             const Variables& variables = {}) const {
    const auto found = shown(name, words, variables);
    BOOST_TEST(found["value"] == value, name << ": " << found.dump());
    BOOST_TEST(found["origin"] == origin, name << ": " << found.dump());
  }
  /// With these lines at the end of config.yaml.
  void check_file(const std::string& lines, const std::string& name, const Json& value) const {
    write_file(file, fresh + lines);
    check(name, value, "file");
  }
  void check_refused(const std::string& lines, const std::string& token) const {
    write_file(file, fresh + lines);
    const auto ended = config({"-p", "5000"});
    BOOST_TEST(ended.exit_code == 6, lines);
    BOOST_TEST(ended.token() == token, ended.err);
    BOOST_TEST(mentions(ended.err, "config.yaml:"), ended.err);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_FIXTURE_TEST_CASE(a_fresh_home_shows_every_value_with_its_default_and_bounds, Asked) {
  const auto home = network.home(5000);
  Json expected = Json::array();
  expected.push_back(row("home", home.string(), "flag"));
  expected.push_back(row("port", 5000, "flag", nullptr, 1, 65535));
  expected.push_back(row("output", "json", "flag", "text", nullptr, nullptr, {"text", "json", "yaml"}));
  expected.push_back(row("color", "auto", "default", "auto", nullptr, nullptr, {"auto", "always", "never"}));
  expected.push_back(row("quiet", false, "default", false));
  expected.push_back(row("verbose", false, "default", false));
  expected.push_back(row("clock", "system", "default", "system"));
  expected.push_back(row("network", (network.folder() / "network.yaml").string(), "file"));
  expected.push_back(row("relative_to", network.folder().string(), "default", network.folder().string()));
  expected.push_back(row("spool", (home / "spool").string(), "default", (home / "spool").string()));
  expected.push_back(row("access", nullptr, "default", nullptr, nullptr, nullptr, {"all", "private", "group:G"}));
  expected.push_back(row("socket_mode", "0600", "default", "0600", nullptr, nullptr, {"0600", "0660", "0666"}));
  expected.push_back(row("quota.bytes", 268435456, "default", 268435456, 1048576, 1125899906842624));
  expected.push_back(row("quota.files", 10000, "default", 10000, 16, 1000000));
  expected.push_back(row("network.book_bytes", 68719476736, "network", 68719476736, 1, 1099511627776));
  expected.push_back(row("network.message_bytes", 16777216, "network", 16777216, 1048576, 67108864));
  expected.push_back(row("network.block_bytes", 4194304, "network", 4194304, 262144, 8388608));
  expected.push_back(row("network.chunk_size", 65536, "network", 65536, 1024, 1048576));
  expected.push_back(row("network.work_bits", 4, "network", 8, 0, 24));
  for (const auto* port : {"5001", "5002", "5003"}) {
    const auto address = "spool:" + std::string(port) + "/spool";
    expected.push_back(row("addresses." + std::string(port), address, "network", address));
    expected.push_back(row("users." + std::string(port), nullptr, "default"));
  }
  const auto values = network.ok(5000, {"config"})["values"];
  for (std::size_t i = 0; i < std::max(values.size(), expected.size()); ++i) {
    BOOST_TEST((i < values.size() && i < expected.size() && values[i] == expected[i]),
               (i < values.size() ? values[i].dump() : "nothing")
                   << " instead of " << (i < expected.size() ? expected[i].dump() : "nothing"));
  }
}

BOOST_FIXTURE_TEST_CASE(what_the_command_line_gives_is_from_a_flag_also_where_it_is_the_default, Asked) {
  check("port", 5000, "flag");
  check("home", network.home(5000).string(), "flag", {"-n", network.folder().string(), "-p", "5000"});
  check("home", network.home(5000).string(), "flag", {"--home", network.home(5000).string()});
  check("port", 5000, "file", {"--home", network.home(5000).string()});
  for (const auto* color : {"auto", "always", "never"}) {
    check("color", color, "flag", {"-p", "5000", "--color", color});
  }
  check("quiet", true, "flag", {"-q", "-p", "5000"});
  check("verbose", true, "flag", {"-v", "-p", "5000"});
  // As a person reads it.
  const auto line_of = [&](const Words& words) {
    const auto text = config(words).out;
    const auto place = text.find("\noutput ");
    BOOST_REQUIRE_MESSAGE(place != std::string::npos, text);
    return text.substr(place + 1, text.find('\n', place + 1) - place - 1);
  };
  BOOST_TEST(mentions(line_of({"-p", "5000"}), " default "));
  for (const Words& words : {Words{"-p", "5000", "-o", "text"}, Words{"-p", "5000", "--output=text"}}) {
    BOOST_TEST(mentions(line_of(words), " flag "));
    BOOST_TEST(!mentions(line_of(words), " default "));
  }
  BOOST_TEST(mentions(config({"-p", "5000", "-o", "yaml"}).out, "value: \"yaml\""));
}

BOOST_FIXTURE_TEST_CASE(what_the_environment_gives_is_from_there, Asked) {
  const auto folder = network.folder().string();
  const auto home = network.home(5000).string();
  check("port", 5000, "environment", {}, {{"BOOKCHAIN_PORT", "5000"}});
  check("home", "./5000", "default", {}, {{"BOOKCHAIN_PORT", "5000"}});
  check("home", home, "environment", {}, {{"BOOKCHAIN_PORT", "5000"}, {"BOOKCHAIN_NETWORK", folder}});
  check("home", home, "environment", {"-p", "5000"}, {{"BOOKCHAIN_NETWORK", folder}});
  check("home", home, "environment", {}, {{"BOOKCHAIN_HOME", home}});
  // With a home the port is that of its file, whatever the environment says.
  check("port", 5000, "file", {}, {{"BOOKCHAIN_HOME", home}, {"BOOKCHAIN_PORT", "5001"}});
  check("color", "never", "environment", {"-p", "5000"}, {{"NO_COLOR", "1"}});
  check("color", "always", "flag", {"-p", "5000", "--color", "always"}, {{"NO_COLOR", "1"}});
  check("color", "auto", "default", {"-p", "5000"}, {{"NO_COLOR", ""}});
  check("clock", "fixed", "environment", {"-p", "5000"}, {{"BOOKCHAIN_CLOCK", "2026-01-31T12:00:00Z"}});
  const Network real;
  RunOptions clock;
  clock.environment["BOOKCHAIN_CLOCK"] = "2026-01-31T12:00:00Z";
  const auto values = real.at(5000, {"config"}, clock).json()["values"];
  for (const auto& each : values) {
    if (each["name"] == "clock") BOOST_TEST(each["origin"] == "default");
  }
}

BOOST_FIXTURE_TEST_CASE(what_the_file_gives_is_from_there_also_where_it_is_the_default, Asked) {
  for (const auto bytes : {268435456, 1048576}) {
    check_file("quota:\n  bytes: " + std::to_string(bytes) + "\n", "quota.bytes", bytes);
    check("quota.files", 10000, "default");
  }
  for (const auto files : {10000, 17}) {
    check_file("quota:\n  files: " + std::to_string(files) + "\n", "quota.files", files);
    check("quota.bytes", 268435456, "default");
  }
  for (const auto* mode : {"0600", "0660", "0666"}) {
    check_file("socket_mode: \"" + std::string(mode) + "\"\n", "socket_mode", mode);
  }
  for (const auto* access : {"all", "private"}) check_file("access: " + std::string(access) + "\n", "access", access);
  // A group by its number is shown by its name, where it has one.
  const auto* group = ::getgrgid(::getegid());
  const auto number = std::to_string(::getegid());
  check_file("access: \"group:" + number + "\"\n", "access", "group:" + (group ? std::string(group->gr_name) : number));
  check_file("relative_to: ..\n", "relative_to", network.folder().string());
  check_file("relative_to: elsewhere\n", "relative_to", (network.home(5000) / "elsewhere").string());
  check_file("spool: spool\n", "spool", (network.home(5000) / "spool").string());
  check_file("spool: ../aside\n", "spool", (network.folder() / "aside").string());
  BOOST_TEST(shown("spool", {"-p", "5000"})["default"] == "./5000/spool");
  check_file("addresses:\n  5001: \"spool:5001/spool\"\n", "addresses.5001", "spool:5001/spool");
  check_file("addresses:\n  5001: \"socket:away\"\n", "addresses.5001", "socket:away");
  BOOST_TEST(shown("addresses.5001", {"-p", "5000"})["default"] == "spool:5001/spool");
  check("addresses.5002", "spool:5002/spool", "network");
  check_file("users:\n  5002: \"7\"\n", "users.5002", 7);
  check("users.5001", nullptr, "default");
}

BOOST_FIXTURE_TEST_CASE(the_bounds_that_are_shown_are_those_that_are_kept, Asked) {
  for (const auto* name : {"bytes", "files"}) {
    const auto bounds = shown("quota." + std::string(name), {"-p", "5000"});
    const auto key = "quota:\n  " + std::string(name) + ": ";
    for (const auto* bound : {"least", "most"}) {
      const std::uint64_t value = bounds[bound];
      check_file(key + std::to_string(value) + "\n", "quota." + std::string(name), value);
    }
    check_refused(key + std::to_string(bounds["least"].get<std::uint64_t>() - 1) + "\n", "bad-value");
    check_refused(key + std::to_string(bounds["most"].get<std::uint64_t>() + 1) + "\n", "bad-value");
    check_refused(key + "many\n", "bad-type");
    write_file(file, fresh);
  }
  for (const auto* lines : {"socket_mode: \"0777\"\n", "socket_mode: \"600\"\n", "access: everybody\n", "spool: \"\"\n",
                            "users:\n  5001: no-such-user\n"}) {
    check_refused(lines, "bad-value");
  }
  write_file(file, fresh + "users:\n  6000: \"7\"\n");
  BOOST_TEST(config({"-p", "5000"}).token() == "unknown-peer");
  check_refused("quota: 5\n", "bad-type");
  check_refused("quota:\n  size: 5\n", "unknown-key");
  write_file(file, fresh);
  for (const Words& words : {Words{"-p", "0"}, Words{"-p", "65536"}, Words{"-p", "5000", "-o", "xml"},
                             Words{"-p", "5000", "--color", "sometimes"}}) {
    BOOST_TEST(config(words).exit_code == 2, words.back());
  }
  for (const auto* port : {"1", "65535"}) BOOST_TEST(config({"-p", port}).token() == "unknown-peer");
}

BOOST_FIXTURE_TEST_CASE(nothing_secret_is_shown, Asked) {
  const auto keys = read_file(network.home(5000) / "keys.yaml");
  const auto shown_text = config({"-p", "5000"}).out + config({"-p", "5000", "-o", "json"}).out;
  for (const auto* name : {"signing_key: \"", "agreement_key: \"", "seed: \""}) {
    const auto place = keys.find(name);
    BOOST_REQUIRE(place != std::string::npos);
    BOOST_TEST(!mentions(shown_text, keys.substr(place + std::string(name).size(), 64)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
