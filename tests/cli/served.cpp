#include "tests/cli/served.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <thread>

namespace bookchain::tests {

using Clock = std::chrono::steady_clock;

bool becomes_true(int seconds, const std::function<bool()>& condition) {
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return condition();
}

Words command_at(const Network& network, int port, const Words& words) {
  Words all{"-n", network.folder().string(), "-p", std::to_string(port), "-o", "json"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Served::Served(const Network& network, const std::vector<int>& ports, const Words& options)
    : network_(network), ports_(ports), options_(options) {
  for (const int port : ports_) processes_.push_back(start(port));
}

std::unique_ptr<Background> Served::start(int port) const {
  Words words{"serve"};
  words.insert(words.end(), options_.begin(), options_.end());
  return std::make_unique<Background>(command_at(network_, port, words));
}

std::unique_ptr<Background> Served::request(int requester, int owner, const std::string& book) const {
  return std::make_unique<Background>(
      command_at(network_, requester, {"request", "--from", std::to_string(owner), "--book", book, "--wait=200"}));
}

bool Served::all_reach(std::uint64_t height, int seconds) const {
  return becomes_true(seconds, [&] {
    return std::ranges::all_of(network_.ports(),
                               [&](int port) { return network_.ok(port, {"status"})["height"] == height; });
  });
}

void Served::stop() {
  for (const auto& process : processes_) process->signal(SIGTERM);
  for (const auto& process : processes_) {
    const auto ended = process->wait();
    BOOST_TEST(ended.exit_code == 0, ended.err);
    BOOST_TEST(ended.err.empty(), ended.err);
  }
  processes_.clear();
}

void Served::kill_and_restart(std::size_t place) {
  processes_[place]->signal(SIGKILL);
  BOOST_TEST(processes_[place]->wait().exit_code == 128 + SIGKILL);
  processes_[place] = start(ports_[place]);
}

std::string content_of(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 7 + i / 65'537) & 0xffU);
  return bytes;
}

void check_nothing_is_open(const Network& network) {
  for (const int port : network.ports()) {
    const auto open = network.ok(port, {"list-exchanges", "--open"})["exchanges"];
    BOOST_TEST(open.empty(), port << ": " << open.dump());
  }
}

}  // namespace bookchain::tests
