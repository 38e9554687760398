// Runs the real program as a process over temporary directories: what users and scripts see is what is
// tested. The program is the one that BOOKCHAIN_PROGRAM names.
#pragma once

#include <sys/types.h>

#include <boost/filesystem/path.hpp>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bookchain::tests {

using boost::filesystem::path;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// Of thousands of like cases, one in so many is tried: the sanitizers, which take several times as long,
/// see some of every kind.
#ifdef __SANITIZE_ADDRESS__
inline constexpr int one_in = 10;
#else
inline constexpr int one_in = 1;
#endif

/// A directory that is removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const path& get() const { return folder_; }
  [[nodiscard]] path operator/(const std::string& name) const { return folder_ / name; }

 private:
  path folder_;
};

struct Ended {
  int exit_code = -1;  ///< 128 + N if signal N ended it
  std::string out;
  std::string err;
  long peak_kib = 0;  ///< most memory that the process held at once
  /// stdout as one JSON object; fails the test if it is none.
  [[nodiscard]] Json json() const;
  /// The token in the last line of stderr, "[token]" or the JSON error; empty if there is none.
  [[nodiscard]] std::string token() const;
  /// The JSON error that stderr ends with, and its hint; fail the test if there is none.
  [[nodiscard]] Json error() const;
  [[nodiscard]] std::string hint() const;
};

/// The exit code of a process that SIGKILL ended.
inline constexpr int killed = 137;

struct RunOptions {
  std::map<std::string, std::string> environment;  ///< set beside a clean environment
  std::string input;
  std::optional<path> folder;  ///< working directory
  std::string program;         ///< another program; empty: the one under test
  std::optional<uid_t> user;   ///< run as this user, with the group of the same number; only root can
};

/// The one that BOOKCHAIN_PROGRAM names.
[[nodiscard]] std::string program_under_test();

/// Runs the program to its end.
[[nodiscard]] Ended run(const Words& words, const RunOptions& options = {});

/// A process that runs beside the test; killed with it.
class Background {
 public:
  explicit Background(const Words& words, const RunOptions& options = {});
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  void signal(int number) const;
  /// Waits for its end.
  [[nodiscard]] Ended wait();
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// What it has printed so far on stdout.
  [[nodiscard]] std::string out_so_far() const;

 private:
  TemporaryDirectory folder_;
  pid_t pid_ = -1;
};

/// Text file helpers.
[[nodiscard]] std::string read_file(const path& file);
void write_file(const path& file, const std::string& content);
[[nodiscard]] bool mentions(const std::string& text, const std::string& part);
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);
/// Fails the test where `part` is not in `text`.
[[nodiscard]] std::string replaced(std::string text, const std::string& part, const std::string& by);
[[nodiscard]] std::string with_one_bit_changed(std::string bytes, std::size_t place);
/// The permissions of what lies there, which may be a link.
[[nodiscard]] unsigned mode_of(const path& file);
/// Every file below `folder` with its content, by path; "folder", "link" and the like for what is no file.
[[nodiscard]] std::map<std::string, std::string> snapshot(const path& folder);
/// A copy of a whole folder; `to` must not exist.
void copy_folder(const path& from, const path& to);

/// A step after the request, who takes it, and the state it leads to.
struct StepOfExchange {
  const char* name;
  bool by_owner;
  const char* state;
};
[[nodiscard]] const std::vector<StepOfExchange>& steps_after_request();

/// A network of peers in a temporary directory.
class Network {
 public:
  explicit Network(Words init_options = {}, std::vector<int> ports = {5000, 5001, 5002, 5003});
  [[nodiscard]] path folder() const { return directory_ / "net"; }
  [[nodiscard]] path scratch(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] path home(int port) const { return folder() / std::to_string(port); }
  [[nodiscard]] const std::vector<int>& ports() const { return ports_; }

  /// The program at one peer, with JSON output.
  [[nodiscard]] Ended at(int port, Words words, const RunOptions& options = {}) const;
  /// With text output.
  [[nodiscard]] Ended text_at(int port, Words words) const;
  /// The line that a user types at one peer.
  [[nodiscard]] std::string here(int port, const std::string& words) const;
  /// As at(); fails the test unless it exits 0, and gives its result.
  Json ok(int port, const Words& words) const;
  /// The same without a peer.
  Json ok(const Words& words) const;
  /// Fails the test unless it ends with this exit code and token.
  void refused(int port, const Words& words, int exit_code, const std::string& token) const;

  /// Lines of a shell that stops at the first failure, with the program under test as `bookchain`.
  [[nodiscard]] Ended shell(const std::string& lines) const;

  /// All peers receive once, in port order.
  void receive_all() const;
  /// All peers take steps until nothing moves any more.
  void settle(int rounds = 40) const;
  /// The same, with pauses, until no exchange is open: requesters that contend back off for a while.
  void settle_all_exchanges() const;
  /// All peers receive until nothing comes any more.
  void receive_until_quiet(int rounds = 30) const;
  /// The id of a book that `owner` has on its shelf, by place.
  [[nodiscard]] std::string book_of(int owner, std::size_t place = 0) const;
  /// Whether the plaintext of the book is on the shelf of that peer.
  [[nodiscard]] bool on_shelf(int port, const std::string& book) const;
  /// A value that `owner` has on its shelf, by place.
  [[nodiscard]] std::string value_of(int owner, std::size_t place = 0) const;
  /// Step 1; gives the id of the exchange.
  std::string request(int requester, int owner, const std::string& book) const;
  /// Steps 1 to `last` of the exchange of `book`, each by hand; gives its id.
  std::string exchange(int requester, int owner, const std::string& book, int last = 8) const;
  /// After mine: rounds of receive until all peers hold the block.
  void vote(int proposer) const;

  [[nodiscard]] Json show(int port, const std::string& exchange) const;
  [[nodiscard]] std::string state(int port, const std::string& exchange) const;
  /// Fails the test unless the chains of all peers are equal byte for byte and valid; gives the height.
  int equal_chains() const;

 private:
  TemporaryDirectory directory_;
  std::vector<int> ports_;
};

}  // namespace bookchain::tests
