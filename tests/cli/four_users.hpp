// Four peers as four users of one host, each with a home of its own: what the tests about users work with. Needs root,
// which alone can act as other users.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <iostream>
#include <memory>
#include <set>

#include "tests/cli/process.hpp"
#include "tests/cli/public_program.hpp"

namespace bookchain::tests {

inline constexpr uid_t first_user = 61001;

/// What all four have beside their own user.
struct Shared {
  std::string group;  ///< they are members; empty: of no group but their own
  std::string umask;  ///< empty: that of the test
  path spools = {};   ///< the folder with the spools; empty: each is in its home
  bool join = true;
  std::set<std::size_t> by_socket = {};  ///< who listens on the socket in its home
};

/// Peers 5000 to 5003 of users 61001 to 61004, each with a folder of its own.
class FourUsers {
 public:
  explicit FourUsers(const Words& join_options = {}, Shared shared = {}) : shared_(std::move(shared)) {
    ::chmod(scratch_.get().c_str(), 0755);
    for (std::size_t i = 0; i < 4; ++i) {
      boost::filesystem::create_directory(home(i).parent_path());
      BOOST_REQUIRE(::chown(home(i).parent_path().c_str(), user(i), user(i)) == 0);
      const auto port = std::to_string(5000 + i);
      Words keygen{"keygen", "--port", port, "--seed", "users"};
      if (!shared_.spools.empty()) {
        keygen.emplace_back("--address");
        keygen.push_back("spool:" + (shared_.spools / port).string());
      }
      if (shared_.by_socket.contains(i)) {
        keygen.emplace_back("--address");
        keygen.push_back("socket:" + (home(i) / "socket").string());
      }
      ok(i, keygen);
    }
    Words init{"-o", "json", "init", (scratch_ / "common").string(), "--cards"};
    for (std::size_t i = 0; i < 4; ++i) init.push_back((home(i) / "card.yaml").string());
    BOOST_REQUIRE(run(init).exit_code == 0);
    for (std::size_t i = 0; i < 4 && shared_.join; ++i) {
      Words join{"join", (scratch_ / "common" / "network.yaml").string()};
      join.insert(join.end(), join_options.begin(), join_options.end());
      ok(i, join);
    }
  }

  [[nodiscard]] static uid_t user(std::size_t i) { return first_user + static_cast<uid_t>(i); }
  [[nodiscard]] path home(std::size_t i) const { return scratch_ / ("user" + std::to_string(i)) / "home"; }
  [[nodiscard]] path scratch(const std::string& name) const { return scratch_ / name; }
  /// Where `from` delivers to `to`.
  [[nodiscard]] path spool(std::size_t to, std::size_t from) const {
    return home(to) / "spool" / std::to_string(5000 + from);
  }

  [[nodiscard]] RunOptions as(std::size_t i, const std::string& clock = {}) const {
    RunOptions options;
    options.program = shares() ? "/usr/bin/setpriv" : program_.file.string();
    if (!shares()) options.user = user(i);
    if (!clock.empty()) options.environment["BOOKCHAIN_CLOCK"] = clock;
    return options;
  }
  [[nodiscard]] Words words_of(std::size_t i, const Words& words) const {
    Words all;
    if (shares()) {
      const auto id = std::to_string(user(i));
      const auto mask = shared_.umask.empty() ? "022" : shared_.umask;
      const auto groups = shared_.group.empty() ? "--clear-groups" : "--groups=" + shared_.group;
      all = {"--reuid=" + id,       "--regid=" + id, groups, "/bin/sh", "-c", "umask " + mask + "; exec \"$@\"", "sh",
             program_.file.string()};
    }
    for (const auto& word : {std::string("-o"), std::string("json"), std::string("--home"), home(i).string()}) {
      all.push_back(word);
    }
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  [[nodiscard]] Ended at(std::size_t i, const Words& words, const std::string& clock = {}) const {
    return run(words_of(i, words), as(i, clock));
  }
  Json ok(std::size_t i, const Words& words, const std::string& clock = {}) const {
    const auto ended = at(i, words, clock);
    BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, words.front() << " of user " << i << ": " << ended.err);
    return ended.json();
  }
  /// Lines of a shell as that user.
  [[nodiscard]] Ended shell(std::size_t i, const std::string& lines) const {
    RunOptions options;
    options.user = user(i);
    options.program = "/bin/sh";
    return run({"-c", lines}, options);
  }
  void check_denied(std::size_t i, const std::string& lines) const {
    const auto ended = shell(i, lines);
    BOOST_TEST(ended.exit_code != 0, "user " << i << " could: " << lines << "\n" << ended.out);
  }
  void check_allowed(std::size_t i, const std::string& lines) const {
    const auto ended = shell(i, lines);
    BOOST_TEST(ended.exit_code == 0, "user " << i << " could not: " << lines << "\n" << ended.err);
  }
  [[nodiscard]] std::string add_file(std::size_t i, std::size_t size) const {
    const auto file = scratch("book-of-" + std::to_string(i));
    write_file(file, std::string(size, 'b'));
    return ok(i, {"add-book", file.string()})["book"];
  }

 private:
  [[nodiscard]] bool shares() const { return !shared_.group.empty() || !shared_.umask.empty(); }

  TemporaryDirectory scratch_;
  PublicProgram program_;
  Shared shared_;
};

/// Says so if it is true.
inline bool skipped() {
  if (::geteuid() == 0) return false;
  std::cerr << "SKIPPED: only root can act as four users\n";
  return true;
}

/// The other three at work.
inline std::vector<std::unique_ptr<Background>> serve_others(const FourUsers& users, std::size_t but) {
  std::vector<std::unique_ptr<Background>> servers;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != but) servers.push_back(std::make_unique<Background>(users.words_of(i, {"serve"}), users.as(i)));
  }
  return servers;
}

/// 5000 gets a file of 5001, while all others serve.
inline void exchange_a_file(const FourUsers& users, std::size_t size = 300'000) {
  const auto book = users.add_file(1, size);
  users.ok(0, {"receive"});
  const auto servers = serve_others(users, 0);
  const auto ended = users.at(0, {"request", "--from", "5001", "--book", book, "--wait=60"});
  BOOST_TEST(ended.json()["state"] == "committed", ended.err);
  const auto got = users.home(0).parent_path() / ("got-" + std::to_string(size));
  users.ok(0, {"get-book", book, "--to", got.string()});
  BOOST_TEST((read_file(got) == read_file(users.scratch("book-of-1"))));
}

}  // namespace bookchain::tests
