// Two hosts, played by two trees, of which each has a copy of the spools on the other; a program that synchronises
// copies files between them late, twice, in pieces and in any order. Nothing else is shared.
#pragma once

#include <memory>
#include <random>

#include "tests/cli/process.hpp"

namespace bookchain::tests {

/// How often, in percent, the program that copies does to a file what such programs do.
struct CopyingFaults {
  unsigned halves = 20;  ///< brings one half of it first
  unsigned conflicts = 10;
  unsigned hidden = 10;  ///< brings it under a name with a dot, and renames it
  unsigned returns = 30;
};

/// One folder with deliveries, as its sender and as its receiver sees it: new files travel to the receiver,
/// removed ones disappear at the sender, both some rounds later.
class Carried {
 public:
  Carried(path at_sender, path at_receiver, const CopyingFaults& faults);
  /// What lies at the receiver but sealed messages, which may be under way.
  [[nodiscard]] std::string left() const;
  /// Looks at both sides once. `done` counts the faults.
  void round(std::mt19937& random, std::map<std::string, int>& done);
  /// Puts a file back that was carried before, long after it was taken; false if there was none of that kind.
  [[nodiscard]] bool bring_back(const std::string& suffix);

 private:
  enum class Stage : std::uint8_t { fresh, half, hidden, carried, returned, gone };
  struct File {
    Stage stage = Stage::fresh;
    int wait = 0;
    std::string content;
  };

  void put(const std::string& name, const std::string& content) const;
  void move(const std::string& name, File& file, std::mt19937& random, std::map<std::string, int>& done);
  void bring(const std::string& name, File& file, std::mt19937& random, std::map<std::string, int>& done) const;

  path at_sender_;
  path at_receiver_;
  CopyingFaults faults_;
  std::map<std::string, File> files_;
  std::map<std::string, std::string> carried_before_;  ///< the last of each kind of name, and its content
};

/// Peers 5000 and 5002 on one host, 5001 and 5003 on the other. The clocks of the two are a day apart.
class TwoHosts {
 public:
  explicit TwoHosts(const CopyingFaults& copying = {});

  [[nodiscard]] Ended at(int port, const Words& words) const;
  /// The same; fails the test unless it exits 0, and gives its result.
  Json ok(int port, const Words& words) const;
  /// All peers take one step, then the copying program looks at every folder.
  void round();
  /// The copying program alone.
  void carry();
  /// `serve` at all peers, until stop_serving(), which fails the test unless each ends well.
  void serve();
  void stop_serving();
  [[nodiscard]] int rounds() const { return rounds_; }
  /// What lies in the spools now but sealed messages, which may be under way.
  [[nodiscard]] std::string waiting() const;
  /// Each folder of deliveries, for what a test does by itself.
  [[nodiscard]] std::vector<Carried>& carried() { return carried_; }

  std::map<std::string, int> faults;

 private:
  [[nodiscard]] path host(int port) const { return scratch_ / (port % 2 == 0 ? "host-a" : "host-b"); }
  /// The folder on the host of `port` in which those there deliver to a peer of the other host.
  [[nodiscard]] path copy_of(int port, int other) const { return host(port) / "copies" / std::to_string(other); }
  [[nodiscard]] Words words_of(int port, const Words& words) const;
  [[nodiscard]] RunOptions options_of(int port) const;

  TemporaryDirectory scratch_;
  std::vector<Carried> carried_;
  std::mt19937 random_{20260131};
  int rounds_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Background>> servers_;
};

}  // namespace bookchain::tests
