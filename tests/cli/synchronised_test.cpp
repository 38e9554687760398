// Two hosts, played by two trees, of which each has a copy of the spools on the other; a program that synchronises
// copies files between them late, twice, in pieces and in any order. Nothing else is shared.
#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

#include "tests/cli/process.hpp"

namespace {

using namespace bookchain::tests;  // NOLINT(google-build-using-namespace)
namespace fs = boost::filesystem;

/// One folder with deliveries, as its sender and as its receiver sees it: new files travel to the receiver,
/// removed ones disappear at the sender, both some rounds later.
class Carried {
 public:
  Carried(path at_sender, path at_receiver) : at_sender_(std::move(at_sender)), at_receiver_(std::move(at_receiver)) {
    fs::create_directories(at_sender_ / "tmp");
    fs::create_directories(at_sender_ / "new");
  }

  [[nodiscard]] std::string left() const {
    std::string names;
    for (const auto& entry : fs::directory_iterator(at_receiver_ / "new")) {
      const auto name = name_of(entry);
      if (name.find('.') != std::string::npos) names += name + "\n";
    }
    return names;
  }
  void round(std::mt19937& random, std::map<std::string, int>& faults) {
    for (const auto& entry : fs::directory_iterator(at_sender_ / "new")) files_.try_emplace(name_of(entry), File{});
    for (auto& [name, file] : files_) {
      if (file.wait == 0) file.wait = 1 + static_cast<int>(random() % 3);
      if (--file.wait == 0) move(name, file, random, faults);
    }
    std::erase_if(files_, [](const auto& each) { return each.second.stage == Stage::gone; });
  }

 private:
  enum class Stage : std::uint8_t { fresh, half, carried, returned, gone };
  struct File {
    Stage stage = Stage::fresh;
    int wait = 0;
    std::string content;
  };

  static std::string name_of(const fs::directory_entry& entry) { return entry.path().filename().string(); }
  /// The mark stands before the last part of the name, if there is one.
  static std::string conflict_name(const std::string& name) {
    const auto point = std::min(name.rfind('.'), name.size());
    return name.substr(0, point) + ".sync-conflict-20260131-120000-ABCDEFG" + name.substr(point);
  }
  void put(const std::string& name, const std::string& content) const {
    write_file(at_receiver_ / "new" / name, content);
  }

  void move(const std::string& name, File& file, std::mt19937& random, std::map<std::string, int>& faults) {
    const auto source = at_sender_ / "new" / name;
    const auto target = at_receiver_ / "new" / name;
    const auto luck = random() % 10;
    switch (file.stage) {
      case Stage::fresh:
        if (!fs::exists(source)) {
          file.stage = Stage::gone;
          return;
        }
        file.content = read_file(source);
        if (luck < 2) {
          ++faults[file.content.starts_with("bookchain/1 mail\n") ? "partial" : "partial package"];
          put(name, file.content.substr(0, file.content.size() / 2));
          file.stage = Stage::half;
          return;
        }
        if (luck == 2) {
          ++faults[name.ends_with(".package") ? "conflict of a package" : "conflict"];
          put(conflict_name(name), file.content);
        }
        put(name, file.content);
        file.stage = Stage::carried;
        return;
      case Stage::half:
        put(name, file.content);
        file.stage = Stage::carried;
        return;
      case Stage::carried:
        if (fs::exists(target)) return;
        if (luck < 3) {
          ++faults["returned"];
          put(name, file.content);
          file.stage = Stage::returned;
          return;
        }
        fs::remove(source);
        file.stage = Stage::gone;
        return;
      case Stage::returned:
        if (fs::exists(target)) return;
        fs::remove(source);
        file.stage = Stage::gone;
        return;
      case Stage::gone: return;
    }
  }

  path at_sender_;
  path at_receiver_;
  std::map<std::string, File> files_;
};

/// Peers 5000 and 5002 on one host, 5001 and 5003 on the other.
class TwoHosts {
 public:
  TwoHosts() {
    const auto made =
        run({"init", (scratch_ / "made").string(), "--seed", "hosts", "--auto-books", "10", "--work-bits", "2"});
    BOOST_REQUIRE(made.exit_code == 0);
    for (const int port : {5000, 5001, 5002, 5003}) {
      fs::create_directories(host(port));
      fs::copy_file(scratch_ / "made" / "network.yaml", host(port) / "network.yaml",
                    fs::copy_option::overwrite_if_exists);
      fs::rename(scratch_ / "made" / std::to_string(port), host(port) / std::to_string(port));
      std::string addresses = "addresses:\n";
      for (const int other : {5000, 5001, 5002, 5003}) {
        if (other % 2 != port % 2)
          addresses += "  " + std::to_string(other) + ": \"spool:" + copy_of(port, other).string() + "\"\n";
      }
      const auto config = host(port) / std::to_string(port) / "config.yaml";
      write_file(config, read_file(config) + addresses);
    }
    for (const int from : {5000, 5001, 5002, 5003}) {
      for (const int to : {5000, 5001, 5002, 5003}) {
        if (from % 2 == to % 2) continue;
        const auto sender = std::to_string(from);
        carried_.emplace_back(copy_of(from, to) / sender, host(to) / std::to_string(to) / "spool" / sender);
      }
    }
  }

  [[nodiscard]] Ended at(int port, const Words& words) const {
    Words all{"--home", (host(port) / std::to_string(port)).string(), "-o", "json"};
    all.insert(all.end(), words.begin(), words.end());
    RunOptions options;
    // The clocks of the two are a day apart.
    options.environment["BOOKCHAIN_CLOCK"] = std::to_string(1'770'000'000 + 2 * rounds_ + (port % 2 == 0 ? 0 : 86'400));
    return run(all, options);
  }
  void round() {
    ++rounds_;
    for (const int port : {5000, 5001, 5002, 5003}) {
      const auto ended = at(port, {"step"});
      BOOST_TEST((ended.exit_code == 0 || ended.exit_code == 5), ended.err);
    }
    std::ranges::shuffle(carried_, random_);
    for (auto& each : carried_) each.round(random_, faults);
  }
  [[nodiscard]] int rounds() const { return rounds_; }
  /// What lies in the spools now but sealed messages, which may be under way.
  [[nodiscard]] std::string waiting() const {
    std::string names;
    for (const auto& each : carried_) names += each.left();
    return names;
  }

  std::map<std::string, int> faults;

 private:
  [[nodiscard]] path host(int port) const { return scratch_ / (port % 2 == 0 ? "host-a" : "host-b"); }
  /// The folder on the host of `port` in which those there deliver to a peer of the other host.
  [[nodiscard]] path copy_of(int port, int other) const { return host(port) / "copies" / std::to_string(other); }

  TemporaryDirectory scratch_;
  std::vector<Carried> carried_;
  std::mt19937 random_{20260131};
  int rounds_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(synchronised)

BOOST_AUTO_TEST_CASE(exchanges_are_committed_although_every_file_comes_late_twice_or_in_any_order) {
  TwoHosts hosts;
  std::vector<std::string> open;
  // Books whose packages are of several chunks, beside the value books.
  const TemporaryDirectory files;
  std::map<std::string, std::string> texts;
  for (int i = 0; i < 6; ++i) {
    const auto file = files / ("page-" + std::to_string(i));
    const auto text = std::string(300'000 + static_cast<std::size_t>(i), static_cast<char>('a' + i));
    write_file(file, text);
    const auto made = hosts.at(5001, {"add-book", file.string()});
    BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
    texts[made.json()["book"]] = text;
  }
  while (hosts.rounds() < 100 && hosts.at(5000, {"list-books", "--all"}).json()["books"].size() < 46) hosts.round();
  for (const int owner : {5001, 5003}) {
    const auto books = hosts.at(owner, {"list-books"}).json()["books"];
    for (const auto& book : books) {
      const auto made = hosts.at(5000, {"request", "--from", std::to_string(owner), "--book", book["book"]});
      BOOST_REQUIRE_MESSAGE(made.exit_code == 0, made.err);
      open.push_back(made.json()["exchange"]);
    }
  }
  BOOST_TEST(open.size() == 26);
  const auto is_open = [&](const std::string& id) {
    return hosts.at(5000, {"show-exchange", id}).json()["state"] != "committed";
  };
  while (hosts.rounds() < 600 && !open.empty()) {
    for (int i = 0; i < 5; ++i) hosts.round();
    std::erase_if(open, [&](const auto& id) { return !is_open(id); });
  }
  BOOST_TEST(open.empty(), open.size() << " are not committed after " << hosts.rounds() << " rounds");
  for (const auto* fault : {"partial", "conflict", "returned"}) BOOST_TEST(hosts.faults[fault] > 10, fault);
  for (const auto* fault : {"partial package", "conflict of a package"}) BOOST_TEST(hosts.faults[fault] > 0, fault);
  for (const auto& [book, text] : texts) {
    const auto got = files / ("got-" + book.substr(0, 8));
    BOOST_TEST(hosts.at(5000, {"get-book", book, "--to", got.string()}).exit_code == 0);
    BOOST_TEST((read_file(got) == text));
  }
  // The last blocks are still on their way to some.
  std::set<std::string> heads;
  for (int more = 0; more < 20 && heads.size() != 1; ++more) {
    for (int i = 0; i < 5; ++i) hosts.round();
    heads.clear();
    for (const int port : {5000, 5001, 5002, 5003}) heads.insert(hosts.at(port, {"status"}).json()["head"]);
  }
  BOOST_TEST(heads.size() == 1);
  // Copies and what came back are not left lying.
  BOOST_TEST(hosts.waiting().empty(), hosts.waiting());
  BOOST_TEST_MESSAGE("26 exchanges took " << hosts.rounds() << " rounds");
}

BOOST_AUTO_TEST_SUITE_END()
