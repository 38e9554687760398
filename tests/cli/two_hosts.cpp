#include "tests/cli/two_hosts.hpp"

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>

namespace bookchain::tests {

namespace fs = boost::filesystem;

namespace {

constexpr std::array<int, 4> all_ports{5000, 5001, 5002, 5003};
constexpr const char* package_suffix = ".package";

std::string name_of(const fs::directory_entry& entry) { return entry.path().filename().string(); }

/// The mark stands before the last part of the name, if there is one.
std::string conflict_name(const std::string& name) {
  const auto point = std::min(name.rfind('.'), name.size());
  return name.substr(0, point) + ".sync-conflict-20260131-120000-ABCDEFG" + name.substr(point);
}

std::string hidden_name(const std::string& name) { return ".syncing." + name + ".tmp"; }

std::string suffix_of(const std::string& name) { return name.ends_with(package_suffix) ? package_suffix : ""; }

}  // namespace

// ---- one folder ----

Carried::Carried(path at_sender, path at_receiver, const CopyingFaults& faults)
    : at_sender_(std::move(at_sender)), at_receiver_(std::move(at_receiver)), faults_(faults) {
  // The copy of a spool; the folder in it, and what belongs into that, its sender makes.
  fs::create_directories(at_sender_.parent_path());
}

std::string Carried::left() const {
  std::string names;
  for (const auto& entry : fs::directory_iterator(at_receiver_ / "new")) {
    const auto name = name_of(entry);
    if (name.find('.') != std::string::npos) names += name + "\n";
  }
  return names;
}

void Carried::round(std::mt19937& random, std::map<std::string, int>& done) {
  if (fs::exists(at_sender_ / "new")) {
    for (const auto& entry : fs::directory_iterator(at_sender_ / "new")) files_.try_emplace(name_of(entry), File{});
  }
  for (auto& [name, file] : files_) {
    if (file.wait == 0) file.wait = 1 + static_cast<int>(random() % 3);
    if (--file.wait == 0) move(name, file, random, done);
  }
  std::erase_if(files_, [](const auto& each) { return each.second.stage == Stage::gone; });
}

bool Carried::bring_back(const std::string& suffix) {
  for (const auto& [name, content] : carried_before_) {
    if (suffix_of(name) != suffix) continue;
    put(name, content);
    return true;
  }
  return false;
}

void Carried::put(const std::string& name, const std::string& content) const {
  write_file(at_receiver_ / "new" / name, content);
}

void Carried::move(const std::string& name, File& file, std::mt19937& random, std::map<std::string, int>& done) {
  const auto source = at_sender_ / "new" / name;
  const auto target = at_receiver_ / "new" / name;
  switch (file.stage) {
    case Stage::fresh:
      if (!fs::exists(source)) {
        file.stage = Stage::gone;
        return;
      }
      file.content = read_file(source);
      std::erase_if(carried_before_, [&](const auto& each) { return suffix_of(each.first) == suffix_of(name); });
      carried_before_.emplace(name, file.content);
      bring(name, file, random, done);
      return;
    case Stage::half:
      put(name, file.content);
      file.stage = Stage::carried;
      return;
    case Stage::hidden:
      fs::rename(at_receiver_ / "new" / hidden_name(name), target);
      file.stage = Stage::carried;
      return;
    case Stage::carried:
      if (fs::exists(target)) return;
      if (random() % 100 < faults_.returns) {
        ++done["returned"];
        put(name, file.content);
        file.stage = Stage::returned;
        return;
      }
      break;
    case Stage::returned:
      if (fs::exists(target)) return;
      break;
    case Stage::gone: return;
  }
  fs::remove(source);
  file.stage = Stage::gone;
}

/// The first sight of a file: some come in two pieces, some with a copy beside them.
void Carried::bring(const std::string& name, File& file, std::mt19937& random, std::map<std::string, int>& done) const {
  const auto luck = random() % 100;
  const auto& content = file.content;
  if (luck < faults_.halves) {
    ++done[content.starts_with("bookchain/1 mail\n") ? "partial" : "partial package"];
    put(name, content.substr(0, content.size() / 2));
    file.stage = Stage::half;
    return;
  }
  if (luck < faults_.halves + faults_.hidden) {
    ++done["hidden"];
    put(hidden_name(name), content);
    file.stage = Stage::hidden;
    return;
  }
  if (luck < faults_.halves + faults_.hidden + faults_.conflicts) {
    ++done[name.ends_with(package_suffix) ? "conflict of a package" : "conflict"];
    put(conflict_name(name), content);
  }
  put(name, content);
  file.stage = Stage::carried;
}

// ---- the hosts ----

TwoHosts::TwoHosts(const CopyingFaults& copying) {
  const auto made =
      run({"init", (scratch_ / "made").string(), "--seed", "hosts", "--auto-books", "10", "--work-bits", "2"});
  BOOST_REQUIRE(made.exit_code == 0);
  for (const int port : all_ports) {
    fs::create_directories(host(port));
    fs::copy_file(scratch_ / "made" / "network.yaml", host(port) / "network.yaml",
                  fs::copy_option::overwrite_if_exists);
    fs::rename(scratch_ / "made" / std::to_string(port), host(port) / std::to_string(port));
    std::string addresses = "addresses:\n";
    for (const int other : all_ports) {
      if (other % 2 != port % 2)
        addresses += "  " + std::to_string(other) + ": \"spool:" + copy_of(port, other).string() + "\"\n";
    }
    const auto config = host(port) / std::to_string(port) / "config.yaml";
    write_file(config, read_file(config) + addresses);
  }
  for (const int from : all_ports) {
    for (const int to : all_ports) {
      if (from % 2 == to % 2) continue;
      const auto sender = std::to_string(from);
      carried_.emplace_back(copy_of(from, to) / sender, host(to) / std::to_string(to) / "spool" / sender, copying);
    }
  }
}

Words TwoHosts::words_of(int port, const Words& words) const {
  Words all{"--home", (host(port) / std::to_string(port)).string(), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

/// Rounds put the clocks forward; `serve` lets them run from where it began, and what is typed beside it goes with it.
RunOptions TwoHosts::options_of(int port) const {
  const auto served = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_);
  const auto passed = servers_.empty() ? 0 : served.count();
  RunOptions options;
  options.environment["BOOKCHAIN_CLOCK"] =
      std::to_string(1'770'000'000 + 2 * rounds_ + passed + (port % 2 == 0 ? 0 : 86'400));
  return options;
}

Ended TwoHosts::at(int port, const Words& words) const { return run(words_of(port, words), options_of(port)); }

Json TwoHosts::ok(int port, const Words& words) const {
  const auto ended = at(port, words);
  BOOST_REQUIRE_MESSAGE(ended.exit_code == 0, words.front() << " at " << port << ": " << ended.err);
  return ended.json();
}

void TwoHosts::round() {
  ++rounds_;
  for (const int port : all_ports) {
    const auto ended = at(port, {"step"});
    BOOST_TEST((ended.exit_code == 0 || ended.exit_code == 5), ended.err);
  }
  carry();
}

void TwoHosts::carry() {
  std::ranges::shuffle(carried_, random_);
  for (auto& each : carried_) each.round(random_, faults);
}

void TwoHosts::serve() {
  began_ = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Background>> servers;
  for (const int port : all_ports) {
    servers.push_back(std::make_unique<Background>(words_of(port, {"serve"}), options_of(port)));
  }
  servers_ = std::move(servers);
}

void TwoHosts::stop_serving() {
  for (const auto& each : servers_) each->signal(SIGTERM);
  for (const auto& each : servers_) {
    const auto ended = each->wait();
    BOOST_TEST(ended.exit_code == 0, ended.err);
  }
  // What comes later has later clocks.
  const auto served = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_);
  rounds_ += static_cast<int>(served.count() / 2) + 1;
  servers_.clear();
}

std::string TwoHosts::waiting() const {
  std::string names;
  for (const auto& each : carried_) names += each.left();
  return names;
}

}  // namespace bookchain::tests
