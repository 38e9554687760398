// hostile_clients SOCKET...
//
// Disturbs the peers that listen there until its standard input ends: at each 16 connections with half a frame, 16 that
// announce a frame of 4 GiB, and two over which a byte comes a second; and some 4,000 connections a second, at all of
// them together, that are opened and closed. What a peer closes, to have places for others, is opened again each
// second. At the end it writes how many connections it opened and closed. A program of its own, and a small one, so
// that what it takes from those it disturbs is what its calls cost.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t held_at_each = 16;
constexpr std::size_t slow_at_each = 2;
constexpr int opened_at_once = 4;
constexpr auto pause_between = std::chrono::microseconds(800);

class Socket {
 public:
  explicit Socket(int number = -1) : number_(number) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }

  /// None where the peer takes none just now.
  static Socket connect(const std::string& path) {
    Socket made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (!made || ::connect(made.number_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return Socket();
    }
    return made;
  }
  /// False once the peer has had enough of it.
  [[nodiscard]] bool send(std::span<const std::uint8_t> bytes) const {
    return ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  [[nodiscard]] bool is_closed_by_peer() const {
    std::uint8_t byte{};
    return ::recv(number_, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

 private:
  int number_;
};

/// A length of four bytes and the beginning of what it announces.
constexpr std::array<std::uint8_t, 8> half_a_frame{0, 0, 3, 232, 'h', 'a', 'l', 'f'};
constexpr std::array<std::uint8_t, 8> huge_frame{255, 255, 255, 255, 'h', 'a', 'l', 'f'};
constexpr std::array<std::uint8_t, 1> one_byte{'x'};

class Attack {
 public:
  explicit Attack(std::string path) : path_(std::move(path)) {}

  /// Once a second.
  void tend() {
    std::erase_if(slow_, [](const Socket& client) { return !client.send(one_byte); });
    for (auto* held : {&half_, &huge_})
      std::erase_if(*held, [](const Socket& each) { return each.is_closed_by_peer(); });
    fill(slow_, slow_at_each, one_byte);
    fill(half_, held_at_each, half_a_frame);
    fill(huge_, held_at_each, huge_frame);
  }
  /// False where the peer takes none just now.
  [[nodiscard]] bool open_and_close() const { return static_cast<bool>(Socket::connect(path_)); }

 private:
  void fill(std::vector<Socket>& clients, std::size_t count, std::span<const std::uint8_t> first) const {
    for (auto missing = count - clients.size(); missing > 0; --missing) {
      auto client = Socket::connect(path_);
      if (client && client.send(first)) clients.push_back(std::move(client));
    }
  }

  std::string path_;
  std::vector<Socket> slow_;
  std::vector<Socket> half_;
  std::vector<Socket> huge_;
};

bool is_over() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const timespec pause{0, std::chrono::nanoseconds(pause_between).count()};
  return ::ppoll(&input, 1, &pause, nullptr) != 0;
}

}  // namespace

int main(int count, char** words) {
  std::vector<Attack> attacks;
  for (const std::string path : std::span(words, static_cast<std::size_t>(count)).subspan(1)) {
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      std::fprintf(stderr, "hostile_clients: too long for the name of a socket: %s\n", path.c_str());
      return 2;
    }
    attacks.emplace_back(path);
  }
  if (attacks.empty()) {
    std::fprintf(stderr, "usage: hostile_clients SOCKET...\n");
    return 2;
  }
  std::uint64_t opened = 0;
  std::size_t turn = 0;
  auto tended = Clock::time_point::min();
  do {
    if (Clock::now() - std::chrono::seconds(1) >= tended) {
      tended = Clock::now();
      for (auto& attack : attacks) attack.tend();
      std::puts("at work");
      std::fflush(stdout);
    }
    for (int i = 0; i < opened_at_once; ++i) {
      if (attacks[turn++ % attacks.size()].open_and_close()) ++opened;
    }
  } while (!is_over());
  std::printf("%llu\n", static_cast<unsigned long long>(opened));
  return 0;
}
